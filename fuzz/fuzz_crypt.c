/* fuzz_crypt.c — ciphers and CRC on any length; the counter mode undoes itself, bytes and their CRC leave one remainder.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stddef.h>
#include <stdint.h>

#include "core/base/bug.h"
#include "core/base/rd.h"
#include "core/base/str.h"
#include "core/base/wr.h"
#include "protocols/codec/mbus/crypt.h"

enum { TEXT_MAX = 512 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rd r = rd_init(data, size);
    const uint8_t *key = rd_bytes(&r, MBUS_KEY_LEN);
    struct telegram_head who = { .ident = rd_u32le(&r), .maker = rd_u16le(&r), .access_no = rd_u8(&r) };
    size_t len = rd_left(&r);
    if (!rd_ok(&r) || len > TEXT_MAX)
        return 0;

    uint8_t there[TEXT_MAX], back[TEXT_MAX], mac[16];
    crypt_ell_ctr(key, &who, who.access_no, who.ident, r.p, len, there);
    crypt_ell_ctr(key, &who, who.access_no, who.ident, there, len, back);
    BUG_IF(!bytes_equal(back, len, r.p, len));

    size_t blocks = len / 16 * 16;
    crypt_mode5(key, &who, r.p, blocks, there);
    crypt_mode7(key, r.p, blocks, back);
    crypt_cmac(key, r.p, len, mac);
    crypt_kdf(key, who.access_no, who.ident, who.ident, mac);

    static const uint8_t crc_of_nothing[] = { 0xFF, 0xFF };
    uint8_t sent[TEXT_MAX + 2];
    struct wr w = wr_init(sent, sizeof sent);
    wr_bytes(&w, r.p, len);
    wr_be(&w, mbus_crc(r.p, len), 2);
    BUG_IF(mbus_crc(sent, wr_len(&w)) != mbus_crc(crc_of_nothing, sizeof crc_of_nothing));
    return 0;
}
