/* record.h — one data record: DIF, VIF and data to a struct value (EN 13757-3, 6).
 *
 *     while (record_is_next(&x)) {
 *         e = record_read(&x, &values[n], at);   … n++ when ERR_OK
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PROTOCOLS_CODEC_MBUS_RECORD_H
#define PROTOCOLS_CODEC_MBUS_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/base/rd.h"
#include "core/base/wr.h"
#include "core/reading.h"

struct record_reader {
    struct rd r;           /* values borrow from these bytes … */
    struct wr text;        /* … and from this arena: UTF-8 texts, binary turned high byte first */
    const uint8_t *origin; /* byte 0 of the offsets in error messages */
    bool is_msb_first;     /* mode 2 */
};

/* Passes over idle fillers (2Fh); true when another record begins. */
bool record_is_next(struct record_reader *x);

/* Reads the record that begins here and sets every field of *v but index and telegram (0). A maker's block (0Fh, 1Fh)
 * is a record that takes all the rest. On failure *v is undefined and *at names offset and rule. */
MUST_USE enum err record_read(struct record_reader *x, struct value *v, struct err_at *at);

#endif
