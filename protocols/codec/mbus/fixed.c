/* fixed.c — the fixed data structure: a small header and two counters (EN 13757-3, 5.11).
 *
 * Knows: its units, media and byte order.
 * Does not know: data records; newer meters send those instead.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/base/num.h"
#include "protocols/codec/mbus/apdu.h"

enum { UNIT_CODES = 64, CODE_TIME = 0x00, CODE_DATE = 0x01, CODE_SAME = 0x3E, CODE_NONE = 0x3F };
enum { STATUS_BINARY = 0x01, STATUS_FIXED_DATE = 0x02 };

struct counter_row {
    uint8_t quantity, unit;
    int8_t exp10;
};

#define R3(code, quantity, unit, exp10)                                                                                \
    [code] = { quantity, unit, exp10 }, [(code) + 1] = { quantity, unit, (exp10) + 1 },                                \
    [(code) + 2] = { quantity, unit, (exp10) + 2 }

/* The codes that are missing are reserved. The structure counts small volumes in litres, and so we leave it. */
static const struct counter_row counters[UNIT_CODES] = {
    R3(0x02, Q_ENERGY, UNIT_WH, 0),
    R3(0x05, Q_ENERGY, UNIT_WH, 3),
    R3(0x08, Q_ENERGY, UNIT_WH, 6),
    R3(0x0B, Q_ENERGY, UNIT_J, 3),
    R3(0x0E, Q_ENERGY, UNIT_J, 6),
    R3(0x11, Q_ENERGY, UNIT_J, 9),
    R3(0x14, Q_POWER, UNIT_W, 0),
    R3(0x17, Q_POWER, UNIT_W, 3),
    R3(0x1A, Q_POWER, UNIT_W, 6),
    R3(0x1D, Q_POWER, UNIT_J_PER_H, 3),
    R3(0x20, Q_POWER, UNIT_J_PER_H, 6),
    R3(0x23, Q_POWER, UNIT_J_PER_H, 9),
    R3(0x26, Q_VOLUME, UNIT_L, -3),
    R3(0x29, Q_VOLUME, UNIT_L, 0),
    R3(0x2C, Q_VOLUME, UNIT_M3, 0),
    R3(0x2F, Q_VOLUME_FLOW, UNIT_L_PER_H, -3),
    R3(0x32, Q_VOLUME_FLOW, UNIT_L_PER_H, 0),
    R3(0x35, Q_VOLUME_FLOW, UNIT_M3_PER_H, 0),
    [0x38] = { Q_EXTERNAL_TEMPERATURE, UNIT_C, -3 },
    [0x39] = { Q_HCA, UNIT_HCA, 0 },
    [CODE_NONE] = { Q_DIMENSIONLESS, UNIT_NONE, 0 },
};

/* Media Ah…Eh are 3, 4, 6, 7, 8 with the counters high byte first. */
static uint8_t medium_of(unsigned code, bool *is_msb_first)
{
    static const uint8_t msb_first_media[] = { 0x03, 0x04, 0x06, 0x07, 0x08 };
    if (code < 0x0A || code > 0x0E)
        return (uint8_t)code;
    *is_msb_first = true;
    return msb_first_media[code - 0x0A];
}

static bool bcd_read(uint32_t bcd, int64_t *out)
{
    int64_t sum = 0;
    for (int shift = 28; shift >= 0; shift -= 4) {
        uint32_t digit = bcd >> shift & 0xF;
        if (digit > 9)
            return false;
        sum = 10 * sum + digit;
    }
    *out = sum;
    return true;
}

static void set_counter(struct value *v, uint32_t data, bool is_binary, unsigned code)
{
    const struct counter_row *row = &counters[code];
    *v = (struct value){ .kind = VALUE_NUMBER, .quantity = row->quantity, .unit = row->unit, .exp10 = row->exp10 };
    if (row->quantity == Q_NONE)
        v->quantity = Q_RESERVED;
    v->mantissa = data;
    if (!is_binary && !bcd_read(data, &v->mantissa)) {
        v->kind = VALUE_NONE;
        v->note = NOTE_INVALID_DIGITS;
    }
    if (code == CODE_TIME || code == CODE_DATE) { /* hours, minutes, seconds; day, month, year: no number */
        v->quantity = code == CODE_DATE ? Q_DATE : Q_OPERATING_TIME;
        v->kind = VALUE_NONE;
        v->note = NOTE_INVALID_TIME;
    }
}

enum err apdu_read_fixed(struct rd *r, bool is_msb_first, struct telegram_head *head, struct value values[2])
{
    struct telegram_head h = { .ident = is_msb_first ? rd_u32be(r) : rd_u32le(r) };
    h.access_no = rd_u8(r);
    h.status = rd_u8(r);
    uint8_t units[2] = { rd_u8(r), rd_u8(r) };
    h.medium = medium_of((units[1] >> 6 & 0x03u) << 2 | (units[0] >> 6 & 0x03u), &is_msb_first);
    uint32_t data[2];
    for (int i = 0; i < 2; i++)
        data[i] = is_msb_first ? rd_u32be(r) : rd_u32le(r);
    if (!rd_ok(r))
        return ERR_SHORT;
    *head = h;
    for (int i = 0; i < 2; i++) {
        unsigned code = units[i] & 0x3F;
        bool is_same = code == CODE_SAME; /* the other counter's unit, its value at a fixed date */
        set_counter(&values[i], data[i], h.status & STATUS_BINARY, is_same ? units[1 - i] & 0x3Fu : code);
        values[i].index = (uint8_t)i;
        values[i].storage = is_same || (h.status & STATUS_FIXED_DATE);
    }
    return ERR_OK;
}
