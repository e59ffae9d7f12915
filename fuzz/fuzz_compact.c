/* fuzz_compact.c — a learnt format and the data of a compact frame, both from outside; what is woven keeps every byte.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stddef.h>
#include <stdint.h>

#include "core/base/bug.h"
#include "core/base/rd.h"
#include "protocols/codec/mbus/compact.h"

enum { ROOM = 400 };

/* Input: length of the headers, the data CRC low byte first, headers, data. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rd r = rd_init(data, size);
    size_t headers_len = rd_u8(&r);
    uint16_t crc = rd_u16le(&r);
    const uint8_t *headers = rd_bytes(&r, headers_len);
    if (!headers)
        return 0;

    struct formats *f = formats_create();
    formats_learn(f, headers, headers_len);
    formats_free(f);

    uint8_t out[ROOM];
    size_t len = 0, data_len = rd_left(&r);
    struct err_at at = { 0 };
    enum err e = compact_expand(headers, headers_len, r.p, data_len, crc, out, sizeof out, &len, &at);
    BUG_IF(e == ERR_OK && len != headers_len + data_len);
    BUG_IF(e != ERR_OK && (!at.has_offset || at.offset > data_len));
    return 0;
}
