/* sim_seal.c — telegrams with a key: opened when a file holds them encrypted, sealed anew for every answer (mode 5).
 *
 * Knows: security mode 5 of EN 13757-3 (AES-128-CBC, two check bytes 2Fh), both ways.
 * Does not know: the gateway's own decryption, on purpose: the two are held against each other in tests.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/sim/sim_seal.h"

#include <openssl/evp.h>

#include "core/base/bug.h"
#include "core/base/str.h"

enum { CI_LONG_HEADER = 0x72, HEADER_LEN = 12, BLOCK = 16, BLOCKS_MAX = 15, FILL = 0x2F, CHECK_LEN = 2, MODE_5 = 5 };
enum { AT_ADDRESS = 0, AT_ID_END = 4, AT_ACCESS_NO = 8, AT_CONFIG = 10 };

/* Maker, id, version and medium as on the wire, then the access number eight times. */
static void make_iv(const uint8_t *header, uint8_t iv[static BLOCK])
{
    struct wr w = wr_init(iv, BLOCK);
    wr_bytes(&w, header + AT_ID_END, 2);
    wr_bytes(&w, header + AT_ADDRESS, 4);
    wr_bytes(&w, header + AT_ID_END + 2, 2);
    while (wr_room(&w) > 0)
        wr_u8(&w, header[AT_ACCESS_NO]);
}

static void run_cipher(bool encrypt, const uint8_t key[static SIM_KEY_LEN], const uint8_t *header, uint8_t *bytes,
                       size_t len)
{
    uint8_t iv[BLOCK];
    make_iv(header, iv);
    int n = 0;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    BUG_IF(!ctx || EVP_CipherInit_ex(ctx, EVP_aes_128_cbc(), NULL, key, iv, encrypt) != 1);
    EVP_CIPHER_CTX_set_padding(ctx, 0);
    BUG_IF(EVP_CipherUpdate(ctx, bytes, &n, bytes, (int)len) != 1 || (size_t)n != len);
    EVP_CIPHER_CTX_free(ctx);
}

static void put_frame(struct wr *w, const struct frame *f, unsigned config, const uint8_t *payload, size_t len)
{
    uint8_t data[FRAME_DATA_MAX];
    struct wr d = wr_init(data, sizeof data);
    wr_bytes(&d, f->data, AT_CONFIG);
    wr_u16le(&d, (uint16_t)config);
    wr_bytes(&d, payload, len);
    if (wr_ok(&d))
        frame_put_long(w, f->c, f->a, f->ci, data, wr_len(&d));
    else
        w->full = true;
}

static bool has_check_bytes(const uint8_t *payload)
{
    return payload[0] == FILL && payload[1] == FILL;
}

enum err sim_open(struct wr *w, const struct frame *f, const uint8_t key[static SIM_KEY_LEN], struct err_at *at)
{
    if (f->ci != CI_LONG_HEADER || f->data_len < HEADER_LEN)
        return err_say(at, ERR_UNSUPPORTED, "a key is of use with a long header (CI 72) only, this is CI %02X", f->ci);
    unsigned mode = f->data[AT_CONFIG + 1] & 0x1F;
    size_t sealed = (size_t)(f->data[AT_CONFIG] >> 4) * BLOCK, len = f->data_len - HEADER_LEN;
    if (mode != 0 && mode != MODE_5)
        return err_say(at, ERR_UNSUPPORTED, "security mode %u cannot be simulated with a key, mode 5 can", mode);
    uint8_t payload[FRAME_DATA_MAX];
    bytes_copy(payload, sizeof payload, f->data + HEADER_LEN, len);
    if (mode == 0) {
        put_frame(w, f, 0, payload, len);
        return ERR_OK;
    }
    if (sealed == 0 || sealed > len)
        return err_say(at, ERR_SHORT, "%zu encrypted bytes announced, %zu are there", sealed, len);
    if (!has_check_bytes(payload)) /* some files hold the payload decrypted, under the old header */
        run_cipher(false, key, f->data, payload, sealed);
    if (!has_check_bytes(payload))
        return err_say(at, ERR_NO_KEY, "the key does not open this telegram");
    put_frame(w, f, 0, payload + CHECK_LEN, len - CHECK_LEN);
    return ERR_OK;
}

enum err sim_seal(struct wr *w, const struct frame *f, const uint8_t key[static SIM_KEY_LEN], struct err_at *at)
{
    if (f->ci != CI_LONG_HEADER || f->data_len < HEADER_LEN)
        return err_say(at, ERR_UNSUPPORTED, "only a telegram with a long header (CI 72) can be encrypted");
    uint8_t payload[BLOCKS_MAX * BLOCK];
    struct wr p = wr_init(payload, sizeof payload);
    wr_u8(&p, FILL);
    wr_u8(&p, FILL);
    wr_bytes(&p, f->data + HEADER_LEN, f->data_len - HEADER_LEN);
    while (wr_ok(&p) && wr_len(&p) % BLOCK != 0)
        wr_u8(&p, FILL);
    if (!wr_ok(&p))
        return err_say(at, ERR_TOO_BIG, "the telegram is too long to be encrypted: at most 238 bytes of records");
    run_cipher(true, key, f->data, payload, wr_len(&p));
    put_frame(w, f, (unsigned)MODE_5 << 8 | (unsigned)(wr_len(&p) / BLOCK) << 4, payload, wr_len(&p));
    return ERR_OK;
}
