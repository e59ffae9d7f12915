/* blank.c — a telegram without its values.
 *
 * Knows: where headers end, how records are walked, which data field says "no data".
 * Does not know: why the values must not be told.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "protocols/codec/mbus/blank.h"

#include "core/base/rd.h"
#include "protocols/codec/mbus/apdu.h"
#include "protocols/codec/mbus/dif.h"
#include "protocols/codec/mbus/record.h"

enum { CI_AT = 6, END_LEN = 2, SECURITY_LEN = 2, TEXT_MAX = 1024, SECURITY_MODE = 0x1F };

/* A record that cannot be read ends the walk: what is behind it is unknown, too. */
static void put_records(struct wr *w, struct record_reader *x)
{
    struct value v;
    while (record_is_next(x) && record_read(x, &v, NULL) == ERR_OK) {
        if (v.kind == VALUE_MORE_FOLLOWS)
            wr_u8(w, DIF_MAKER_MORE);
        if (v.kind == VALUE_MORE_FOLLOWS || v.kind == VALUE_MAKER_BLOCK || v.dib_vib_len == 0)
            continue;
        wr_u8(w, (uint8_t)(v.dib_vib[0] & ~DIF_FIELD));
        wr_bytes(w, v.dib_vib + 1, v.dib_vib_len - 1u);
    }
}

/* The configuration word stands at the end of the header; its high byte has the mode. */
static bool is_encrypted(const struct apdu *apdu)
{
    return (apdu->header == APDU_HEADER_LONG || apdu->header == APDU_HEADER_SHORT) &&
           (apdu->head.signature >> 8 & SECURITY_MODE) != 0;
}

bool blank_put(struct wr *w, const struct frame *f)
{
    struct apdu apdu;
    uint8_t data[FRAME_DATA_MAX], text[TEXT_MAX];
    if (f->kind != FRAME_LONG)
        return false;
    struct rd r = rd_init(f->raw, f->raw_len - END_LEN);
    rd_skip(&r, CI_AT);
    if (apdu_read(&r, false, &apdu) != ERR_OK || apdu.content != APDU_RECORDS)
        return false;
    struct wr d = wr_init(data, sizeof data);
    size_t header_len = (size_t)(r.p - f->data);
    if (is_encrypted(&apdu)) {
        wr_bytes(&d, f->data, header_len - SECURITY_LEN);
        wr_le(&d, 0, SECURITY_LEN);
    } else {
        struct record_reader x = { r, wr_init(text, sizeof text), f->raw, apdu.is_msb_first };
        wr_bytes(&d, f->data, header_len);
        put_records(&d, &x);
    }
    frame_put_long(w, f->c, f->a, f->ci, data, wr_len(&d));
    return wr_ok(w);
}
