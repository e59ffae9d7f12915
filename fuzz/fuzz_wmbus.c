/* fuzz_wmbus.c — any bytes through block CRC removal and the link, ELL and AFL parsers.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stddef.h>
#include <stdint.h>

#include "core/base/bug.h"
#include "protocols/codec/mbus/wmbus.h"

enum { INPUT_MAX = 512 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t stripped[INPUT_MAX];
    if (size > sizeof stripped)
        return 0;
    size_t len = wmbus_strip(data, size, stripped);
    BUG_IF(len > size);

    struct wmbus w;
    struct err_at at = { 0 };
    enum err e = wmbus_parse(stripped, len, &w, &at);
    BUG_IF(e == ERR_OK && w.payload >= len && !w.has_ell_crc);
    BUG_IF(e != ERR_OK && (!at.has_offset || at.offset > len));
    BUG_IF(w.payload > len);
    if (e == ERR_OK && wmbus_parse_afl(stripped, len, w.payload, &w, &at) == ERR_OK)
        BUG_IF(w.payload >= len || w.afl_mac_len > sizeof w.afl_mac);
    return 0;
}
