/* record.c — one data record: the data behind a DIF and VIF.
 *
 * Knows: integers, BCD, reals, LVAR texts and numbers; which of them are no value; makers' blocks.
 * Does not know: telegrams, headers, what a value is used for.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "protocols/codec/mbus/record.h"

#include "core/base/num.h"
#include "core/base/str.h"
#include "core/when.h"
#include "protocols/codec/mbus/dif.h"
#include "protocols/codec/mbus/vif.h"

bool record_is_next(struct record_reader *x)
{
    while (rd_peek(&x->r) == DIF_FILLER)
        rd_skip(&x->r, 1);
    return rd_left(&x->r) > 0;
}

static void set_none(struct value *v, enum value_note note)
{
    v->kind = VALUE_NONE;
    v->note = (uint8_t)note;
}

static void set_number(struct value *v, int64_t mantissa)
{
    v->kind = VALUE_NUMBER;
    v->mantissa = mantissa;
}

/* --- integers: types B, C, D, and times in their place --- */

static void set_time(struct value *v, uint64_t bits, size_t n)
{
    enum value_kind kind;
    if (!when_read(bits, n, &kind, &v->mantissa))
        set_none(v, NOTE_INVALID_TIME);
    else
        v->kind = (uint8_t)kind;
}

static void set_unsigned(struct value *v, uint64_t bits)
{
    if (bits > INT64_MAX)
        set_none(v, NOTE_OVERFLOW);
    else
        set_number(v, (int64_t)bits);
}

/* n = 1…8 */
static void set_signed(struct value *v, uint64_t bits, size_t n)
{
    unsigned unused = 64 - 8 * (unsigned)n;
    set_number(v, (int64_t)(bits << unused) >> unused);
    /* Type B: the most negative number means "not valid"; not all makers agree. */
    if (bits == (uint64_t)1 << (8 * n - 1))
        v->note = NOTE_INVALID_NUMBER;
}

static void set_int(struct value *v, uint64_t bits, size_t n, const struct vif_info *info)
{
    switch ((enum vif_type)info->type) {
    case VIF_NUMBER:
        set_signed(v, bits, n);
        return;
    case VIF_UNSIGNED:
    case VIF_OPAQUE:
        set_unsigned(v, bits);
        return;
    case VIF_TIME:
        set_time(v, bits, n);
        return;
    }
}

static inline uint64_t read_uint(struct record_reader *x, size_t n)
{
    return x->is_msb_first ? rd_be(&x->r, n) : rd_le(&x->r, n);
}

/* --- BCD: type A --- */

/* Up to 16 digits at once: neighbours are joined to numbers of 2, 4, 8, 16 digits. */
static uint64_t bcd_to_uint(uint64_t bcd)
{
    bcd = (bcd & 0x0F0F0F0F0F0F0F0F) + 10 * (bcd >> 4 & 0x0F0F0F0F0F0F0F0F);
    bcd = (bcd & 0x00FF00FF00FF00FF) + 100 * (bcd >> 8 & 0x00FF00FF00FF00FF);
    bcd = (bcd & 0x0000FFFF0000FFFF) + 10000 * (bcd >> 16 & 0x0000FFFF0000FFFF);
    return (bcd & 0xFFFFFFFF) + 100000000 * (bcd >> 32);
}

static bool bcd_is_valid(uint64_t bcd)
{
    /* A digit is above 9 when its bit 3 stands together with bit 2 or 1. */
    return (bcd & (bcd << 1 | bcd << 2) & 0x8888888888888888) == 0;
}

/* n = 1…8. A top digit F is the minus sign of the others; any other hex digit makes it no number. */
static void set_bcd(struct value *v, uint64_t bcd, size_t n, const struct vif_info *info)
{
    uint64_t sign = (uint64_t)0xF << (8 * n - 4);
    bool is_negative = (bcd & sign) == sign;
    if (is_negative)
        bcd &= ~sign;
    if (info->type == VIF_TIME)
        set_none(v, NOTE_INVALID_TIME);
    else if (!bcd_is_valid(bcd))
        set_none(v, NOTE_INVALID_DIGITS);
    else
        set_number(v, is_negative ? -(int64_t)bcd_to_uint(bcd) : (int64_t)bcd_to_uint(bcd));
}

/* --- reals: type H --- */

static void set_real(struct value *v, uint32_t bits, const struct vif_info *info)
{
    enum { EXP10_MAX = 30 }; /* of struct dec */
    struct dec d;
    float f;
    bytes_copy(&f, sizeof f, &bits, sizeof bits);
    if (info->type == VIF_TIME || !dec_from_float(f, &d)) {
        set_none(v, info->type == VIF_TIME ? NOTE_INVALID_TIME : NOTE_INVALID_NUMBER);
        return;
    }
    int exp10 = d.mantissa == 0 ? v->exp10 : d.exp10 + v->exp10;
    if (exp10 > EXP10_MAX) {
        set_none(v, NOTE_OVERFLOW);
        return;
    }
    for (; exp10 < -EXP10_MAX; exp10++)
        d.mantissa /= 10; /* below anything a meter measures */
    set_number(v, d.mantissa);
    v->exp10 = (int8_t)exp10;
}

/* --- LVAR: text, long BCD, long binary --- */

enum {
    LVAR_TEXT_LAST = 0xBF,
    LVAR_BCD = 0xC0,
    LVAR_BCD_NEGATIVE = 0xD0,
    LVAR_BINARY = 0xE0,
    LVAR_BINARY_LONG = 0xF0, /* 16, 20, 24, 28, 32 bytes */
    LVAR_BINARY_48 = 0xF5,
    LVAR_BINARY_64 = 0xF6,
};

static enum err set_text(struct record_reader *x, struct value *v, const uint8_t *chars, size_t len)
{
    const uint8_t *start = x->text.p;
    if (!vif_put_latin1(&x->text, chars, len, !x->is_msb_first))
        return ERR_TOO_BIG;
    v->kind = VALUE_TEXT;
    v->bytes = start;
    v->len = (uint16_t)(x->text.p - start);
    return ERR_OK;
}

static enum err set_bytes(struct record_reader *x, struct value *v, const uint8_t *bytes, size_t len)
{
    uint8_t *out = wr_take(&x->text, len);
    if (!out)
        return ERR_TOO_BIG;
    for (size_t i = 0; i < len; i++)
        out[i] = bytes[x->is_msb_first ? i : len - 1 - i];
    v->kind = VALUE_BYTES;
    v->bytes = out;
    v->len = (uint16_t)len;
    return ERR_OK;
}

static enum err set_long_bcd(struct record_reader *x, struct value *v, const uint8_t *bytes, size_t len, int sign)
{
    int64_t sum = 0;
    if (len == 0) {
        set_none(v, NOTE_NO_DATA);
        return ERR_OK;
    }
    for (size_t i = 0; i < len; i++) {
        uint8_t pair = bytes[x->is_msb_first ? i : len - 1 - i];
        if (!bcd_is_valid(pair)) {
            set_none(v, NOTE_INVALID_DIGITS);
            return ERR_OK;
        }
        if (!num_mul(sum, 100, &sum) || !num_add(sum, (pair >> 4) * 10 + (pair & 0x0F), &sum)) {
            set_none(v, NOTE_OVERFLOW);
            return ERR_OK;
        }
    }
    set_number(v, sign * sum);
    return ERR_OK;
}

/* Up to eight bytes are a number where the VIF is one; all else keeps its bytes. */
static enum err set_binary(struct record_reader *x, struct value *v, const uint8_t *bytes, size_t len,
                           const struct vif_info *info)
{
    bool is_number = info->type == VIF_NUMBER || info->type == VIF_UNSIGNED;
    if (len == 0) {
        set_none(v, NOTE_NO_DATA);
        return ERR_OK;
    }
    if (len > 8 || !is_number)
        return set_bytes(x, v, bytes, len);
    struct rd r = rd_init(bytes, len);
    set_int(v, x->is_msb_first ? rd_be(&r, len) : rd_le(&r, len), len, info);
    return ERR_OK;
}

/* Bytes behind an LVAR, or -1 where it is reserved. */
static int lvar_len(uint8_t lvar)
{
    if (lvar <= LVAR_TEXT_LAST)
        return lvar;
    if (lvar < LVAR_BINARY_LONG)
        return lvar & 0x0F;
    if (lvar < LVAR_BINARY_48)
        return 4 * (lvar - 0xEC);
    return lvar == LVAR_BINARY_48 ? 48 : lvar == LVAR_BINARY_64 ? 64 : -1;
}

static enum err read_lvar(struct record_reader *x, struct value *v, const struct vif_info *info)
{
    uint8_t lvar = rd_u8(&x->r);
    int len = lvar_len(lvar);
    if (len < 0)
        return ERR_UNSUPPORTED;
    const uint8_t *bytes = rd_bytes(&x->r, (size_t)len);
    if (!bytes)
        return ERR_SHORT;
    if (lvar <= LVAR_TEXT_LAST)
        return set_text(x, v, bytes, (size_t)len);
    if (lvar < LVAR_BCD_NEGATIVE)
        return set_long_bcd(x, v, bytes, (size_t)len, 1);
    if (lvar < LVAR_BINARY)
        return set_long_bcd(x, v, bytes, (size_t)len, -1);
    return set_binary(x, v, bytes, (size_t)len, info);
}

/* --- any data field --- */

static enum err read_data(struct record_reader *x, unsigned field, struct value *v, const struct vif_info *info)
{
    switch ((enum dif_field)field) {
    case DIF_NO_DATA:
    case DIF_SELECTION:
        set_none(v, NOTE_NO_DATA);
        break;
    case DIF_INT8:
        set_int(v, read_uint(x, 1), 1, info);
        break;
    case DIF_INT16:
        set_int(v, read_uint(x, 2), 2, info);
        break;
    case DIF_INT24:
        set_int(v, read_uint(x, 3), 3, info);
        break;
    case DIF_INT32:
        set_int(v, read_uint(x, 4), 4, info);
        break;
    case DIF_REAL32:
        set_real(v, (uint32_t)read_uint(x, 4), info);
        break;
    case DIF_INT48:
        set_int(v, read_uint(x, 6), 6, info);
        break;
    case DIF_INT64:
        set_int(v, read_uint(x, 8), 8, info);
        break;
    case DIF_BCD2:
        set_bcd(v, read_uint(x, 1), 1, info);
        break;
    case DIF_BCD4:
        set_bcd(v, read_uint(x, 2), 2, info);
        break;
    case DIF_BCD6:
        set_bcd(v, read_uint(x, 3), 3, info);
        break;
    case DIF_BCD8:
        set_bcd(v, read_uint(x, 4), 4, info);
        break;
    case DIF_BCD12:
        set_bcd(v, read_uint(x, 6), 6, info);
        break;
    case DIF_LVAR:
        return read_lvar(x, v, info);
    case DIF_SPECIAL:
        return ERR_UNSUPPORTED;
    }
    return rd_ok(&x->r) ? ERR_OK : ERR_SHORT;
}

/* The additive correction of VIFE 78h…7Bh: number × 10^exp10 + 10^offset_exp10, exactly. */
static void add_offset(struct value *v, const struct vif_info *info)
{
    if (v->kind != VALUE_NUMBER)
        return;
    int64_t offset = 1, number = v->mantissa;
    int offset_exp10 = info->offset_exp10, exp10 = v->exp10;
    bool fits = true;
    for (; fits && offset_exp10 > exp10; offset_exp10--)
        fits = num_mul(offset, 10, &offset);
    for (; fits && exp10 > offset_exp10; exp10--)
        fits = num_mul(number, 10, &number);
    if (!fits || !num_add(number, offset, &number)) {
        set_none(v, NOTE_OVERFLOW);
        return;
    }
    v->mantissa = number;
    v->exp10 = (int8_t)exp10;
}

/* What the integer of a data field can be by its length, where a VIFE makes it a time. */
static enum value_kind time_kind(unsigned field)
{
    return field == DIF_INT16   ? VALUE_DATE
           : field == DIF_INT32 ? VALUE_MINUTE
           : field == DIF_INT48 ? VALUE_SECOND
                                : VALUE_NONE;
}

/* A number that cannot be what its VIFE makes of it is kept with a note, so that value_means() needs no data field: it is
 * no time, or a real, whose mantissa is not the number sent. */
static void check_meaning(struct value *v, unsigned field)
{
    enum { VIF_DIF_MISMATCH = 0x0E };
    struct value means;
    if (v->kind != VALUE_NUMBER || !value_means(v, &means))
        return;
    bool is_time = means.quantity == Q_DATE || means.quantity == Q_DATE_TIME;
    if (is_time && (means.kind == VALUE_NONE || means.kind != time_kind(field)))
        v->note = NOTE_INVALID_TIME;
    if (!is_time && field == DIF_REAL32)
        v->note = NOTE_RECORD_ERROR + VIF_DIF_MISMATCH;
}

/* With "data error" makers send a value that is unsafe; with all other codes the data is a dummy. */
static void mark_error(struct value *v, uint8_t code)
{
    enum { DATA_ERROR = 0x18 };
    v->note = (uint8_t)(NOTE_RECORD_ERROR + code);
    if (code != DATA_ERROR)
        v->kind = VALUE_NONE;
}

static size_t offset_of(const struct record_reader *x, const uint8_t *p)
{
    return (size_t)(p - x->origin);
}

/* A maker's block takes all the rest of the telegram. */
static void read_maker_block(struct record_reader *x, uint8_t dif, struct value *v)
{
    v->kind = dif == DIF_MAKER_MORE ? VALUE_MORE_FOLLOWS : VALUE_MAKER_BLOCK;
    v->function = FUNCTION_INST; /* bit 4 is not a function here */
    v->storage = 0;
    v->quantity = Q_MANUFACTURER_SPECIFIC;
    v->unit = UNIT_NONE;
    v->exp10 = 0;
    v->n_modifiers = 0;
    v->unit_text = NULL;
    v->len = (uint16_t)rd_left(&x->r);
    v->bytes = rd_bytes(&x->r, v->len);
}

static enum err say_vif(struct record_reader *x, enum err e, struct err_at *at)
{
    size_t offset = offset_of(x, x->r.p);
    if (e == ERR_TOO_MANY)
        return err_say_offset(at, ERR_MALFORMED, offset, "more than %d VIFE", VIFE_MAX);
    if (e == ERR_TOO_BIG)
        return err_say_offset(at, e, offset, "no room for the text of the unit");
    return err_say_offset(at, e, offset, "the record ends in its VIF, unit text or VIFE");
}

static enum err say_data(struct record_reader *x, enum err e, const uint8_t *data, struct err_at *at)
{
    if (e == ERR_UNSUPPORTED)
        return err_say_offset(at, ERR_MALFORMED, offset_of(x, data), "reserved LVAR %02X", data[0]);
    if (e == ERR_TOO_BIG)
        return err_say_offset(at, e, offset_of(x, data), "no room for the text");
    return err_say_offset(at, e, offset_of(x, x->r.end), "the telegram ends in the data that begins at byte %zu",
                          offset_of(x, data));
}

/* DIF and DIFEs. *is_block: the record is a maker's block and complete. */
static enum err read_dif(struct record_reader *x, struct value *v, uint8_t *field, struct err_at *at)
{
    uint8_t dif = rd_u8(&x->r);
    *field = dif & DIF_FIELD;
    v->note = NOTE_NONE;
    v->function = dif >> 4 & 0x03;
    v->storage = dif >> 6 & 0x01;
    v->tariff = 0;
    v->subunit = 0;
    if (*field == DIF_SPECIAL) {
        if (dif != DIF_MAKER && dif != DIF_MAKER_MORE)
            return err_say_offset(at, ERR_MALFORMED, offset_of(x, x->r.p) - 1, "reserved DIF %02X", dif);
        read_maker_block(x, dif, v);
        return ERR_OK;
    }
    if (dif & DIF_EXTENDED) {
        if (!dif_read_extensions(&x->r, v))
            return err_say_offset(at, ERR_MALFORMED, offset_of(x, x->r.p), "more than %d DIFE", DIFE_MAX);
        if (!rd_ok(&x->r))
            return err_say_offset(at, ERR_SHORT, offset_of(x, x->r.p), "the record ends in its DIFE");
    }
    return ERR_OK;
}

enum err record_read(struct record_reader *x, struct value *v, struct err_at *at)
{
    const uint8_t *start = x->r.p;
    uint8_t field;
    v->series = 0;
    v->telegram = 0;
    v->bytes = NULL;
    v->len = 0;
    v->dib_vib = start;
    v->dib_vib_len = 1;
    enum err e = read_dif(x, v, &field, at);
    if (e != ERR_OK || field == DIF_SPECIAL)
        return e;
    struct vif_info info;
    e = vif_read(&x->r, &x->text, x->is_msb_first, v, &info);
    if (e != ERR_OK)
        return say_vif(x, e, at);
    const uint8_t *data = x->r.p;
    size_t header_len = (size_t)(data - start);
    v->dib_vib_len = header_len <= UINT8_MAX ? (uint8_t)header_len : 0;
    e = read_data(x, field, v, &info);
    if (e != ERR_OK)
        return say_data(x, e, data, at);
    if (info.has_meaning)
        check_meaning(v, field);
    if (info.has_offset)
        add_offset(v, &info);
    if (info.error)
        mark_error(v, info.error);
    return ERR_OK;
}
