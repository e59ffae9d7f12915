/* address.c — secondary addresses: wildcards, selection telegrams, records that set an address.
 *
 * Knows: EN 13757-3 (addresses, selection, fabrication number) and EN 13757-7 (setting addresses).
 * Does not know: who is selected now (slave), how to search (search).
 * SPDX-License-Identifier: Apache-2.0
 */
#include "protocols/codec/mbus/address.h"

#include "core/base/str.h"

enum { CI_DATA_SEND = 0x51, CI_SELECT = 0x52, CI_SELECT_MSB = 0x56 };
enum {
    DIF_8_BIT = 0x01,
    DIF_64_BIT = 0x07,
    DIF_BCD_8 = 0x0C,
    VIF_FABRICATION = 0x78,
    VIF_IDENT = 0x79,
    VIF_PRIMARY = 0x7A
};

const struct address address_any = { 0xFFFFFFFF, ADDRESS_ANY_MAKER, ADDRESS_ANY_BYTE, ADDRESS_ANY_BYTE };

struct address address_of_head(const struct telegram_head *head)
{
    return (struct address){ head->ident, head->maker, head->version, head->medium };
}

bool address_ident_matches(uint32_t mask, uint32_t ident)
{
    for (unsigned shift = 0; shift < 32; shift += 4) {
        uint32_t digit = mask >> shift & 0xF;
        if (digit != 0xF && digit != (ident >> shift & 0xF))
            return false;
    }
    return true;
}

bool address_matches(const struct address *mask, const struct address *meter)
{
    return address_ident_matches(mask->ident, meter->ident) &&
           (mask->maker == ADDRESS_ANY_MAKER || mask->maker == meter->maker) &&
           (mask->version == ADDRESS_ANY_BYTE || mask->version == meter->version) &&
           (mask->medium == ADDRESS_ANY_BYTE || mask->medium == meter->medium);
}

bool address_has_wildcard(const struct address *a)
{
    for (unsigned shift = 0; shift < 32; shift += 4)
        if ((a->ident >> shift & 0xF) == 0xF)
            return true;
    return a->maker == ADDRESS_ANY_MAKER || a->version == ADDRESS_ANY_BYTE || a->medium == ADDRESS_ANY_BYTE;
}

void address_ident_text(char out[static ADDRESS_TEXT_MAX], uint32_t ident)
{
    for (int i = 0; i < 8; i++)
        out[i] = "0123456789ABCDEF"[ident >> (28 - 4 * i) & 0xF];
    out[8] = '\0';
}

bool address_ident_parse(const char *text, uint32_t *out)
{
    uint32_t ident = 0;
    int n = 0;
    for (; n <= 8 && text[n]; n++) {
        char c = text[n];
        uint32_t digit = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
                         : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A' + 10)
                         : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10)
                                                : 16;
        if (digit > 15)
            return false;
        ident = ident << 4 | digit;
    }
    if (n != 8)
        return false;
    *out = ident;
    return true;
}

static uint64_t read_uint(struct rd *r, bool is_msb_first, size_t n)
{
    return is_msb_first ? rd_be(r, n) : rd_le(r, n);
}

static void put_uint(struct wr *w, bool is_msb_first, uint64_t v, size_t n)
{
    if (is_msb_first)
        wr_be(w, v, n);
    else
        wr_le(w, v, n);
}

void address_read(struct rd *r, bool is_msb_first, struct address *out)
{
    out->ident = (uint32_t)read_uint(r, is_msb_first, 4);
    out->maker = (uint16_t)read_uint(r, is_msb_first, 2);
    out->version = rd_u8(r);
    out->medium = rd_u8(r);
}

void address_put(struct wr *w, bool is_msb_first, const struct address *a)
{
    put_uint(w, is_msb_first, a->ident, 4);
    put_uint(w, is_msb_first, a->maker, 2);
    wr_u8(w, a->version);
    wr_u8(w, a->medium);
}

void selection_put(struct wr *w, uint8_t c, const struct selection *s)
{
    uint8_t data[ADDRESS_LEN + 6];
    struct wr d = wr_init(data, sizeof data);
    address_put(&d, s->is_msb_first, &s->mask);
    if (s->has_fabrication) {
        wr_u8(&d, DIF_BCD_8);
        wr_u8(&d, VIF_FABRICATION);
        put_uint(&d, s->is_msb_first, s->fabrication, 4);
    }
    frame_put_long(w, c, FRAME_A_SELECTED, s->is_msb_first ? CI_SELECT_MSB : CI_SELECT, data, wr_len(&d));
}

bool selection_read(const struct frame *f, struct selection *out)
{
    if (f->kind != FRAME_LONG || (f->ci != CI_SELECT && f->ci != CI_SELECT_MSB))
        return false;
    struct selection s = { .is_msb_first = f->ci == CI_SELECT_MSB };
    struct rd r = rd_init(f->data, f->data_len);
    address_read(&r, s.is_msb_first, &s.mask);
    if (!rd_ok(&r))
        return false;
    if (rd_left(&r) >= 6 && r.p[0] == DIF_BCD_8 && r.p[1] == VIF_FABRICATION) {
        rd_skip(&r, 2);
        s.has_fabrication = true;
        s.fabrication = (uint32_t)read_uint(&r, s.is_msb_first, 4);
    }
    s.has_other = rd_left(&r) > 0;
    *out = s;
    return true;
}

bool selection_matches(const struct selection *s, const struct address *meter, bool has_fabrication,
                       uint32_t fabrication)
{
    if (s->has_other || !address_matches(&s->mask, meter))
        return false;
    return !s->has_fabrication || (has_fabrication && address_ident_matches(s->fabrication, fabrication));
}

static void put_record(struct wr *w, uint8_t c, uint8_t a, const struct wr *record)
{
    frame_put_long(w, c, a, CI_DATA_SEND, record->start, wr_len(record));
}

void address_put_set_primary(struct wr *w, uint8_t c, uint8_t a, uint8_t primary)
{
    uint8_t record[3];
    struct wr d = wr_init(record, sizeof record);
    wr_u8(&d, DIF_8_BIT);
    wr_u8(&d, VIF_PRIMARY);
    wr_u8(&d, primary);
    put_record(w, c, a, &d);
}

void address_put_set_ident(struct wr *w, uint8_t c, uint8_t a, uint32_t ident)
{
    uint8_t record[6];
    struct wr d = wr_init(record, sizeof record);
    wr_u8(&d, DIF_BCD_8);
    wr_u8(&d, VIF_IDENT);
    wr_u32le(&d, ident);
    put_record(w, c, a, &d);
}

void address_put_set_secondary(struct wr *w, uint8_t c, uint8_t a, const struct address *to)
{
    uint8_t record[2 + ADDRESS_LEN];
    struct wr d = wr_init(record, sizeof record);
    wr_u8(&d, DIF_64_BIT);
    wr_u8(&d, VIF_IDENT);
    address_put(&d, false, to);
    put_record(w, c, a, &d);
}
