/* telegram_text.c — a decoded telegram as a table for people.
 *
 * Knows: columns and their widths.
 * Does not know: terminals, colours; control characters of meters never reach one.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "protocols/codec/mbus/telegram_text.h"

#include "core/base/rd.h"
#include "core/base/str.h"
#include "protocols/codec/mbus/address.h"
#include "protocols/codec/mbus/apdu.h"

enum { CELL_MAX = 640, HEX_BYTES_MAX = 24 };

/* Meters' text without control characters, C1 ones (C2 80 … C2 9F) included. */
static void put_printable(struct wr *w, const uint8_t *text, size_t len)
{
    struct rd r = rd_init(text, len);
    while (rd_left(&r) > 0) {
        uint8_t c = rd_u8(&r);
        bool is_c1 = c == 0xC2 && rd_peek(&r) >= 0x80 && rd_peek(&r) < 0xA0;
        if (is_c1)
            rd_skip(&r, 1);
        wr_u8(w, is_c1 || c < 0x20 || c == 0x7F ? '.' : c);
    }
}

static void put_hex(struct wr *w, const uint8_t *bytes, size_t len)
{
    wr_hex(w, bytes, len < HEX_BYTES_MAX ? len : HEX_BYTES_MAX);
    if (len > HEX_BYTES_MAX)
        wr_fmt(w, "... (%zu bytes)", len);
}

static void put_value(struct wr *w, const struct value *v)
{
    char text[DEC_TEXT_MAX];
    struct dec number;
    switch ((enum value_kind)v->kind) {
    case VALUE_NONE:
        wr_str(w, "-");
        return;
    case VALUE_NUMBER:
        if (value_canonical(v, &number))
            dec_text(text, number);
        else
            str_copy(text, sizeof text, "-");
        wr_str(w, text);
        return;
    case VALUE_TEXT:
        put_printable(w, v->bytes, v->len);
        return;
    case VALUE_DATE:
    case VALUE_MINUTE:
    case VALUE_SECOND:
        value_time_text(text, v);
        wr_str(w, text);
        return;
    case VALUE_BYTES:
    case VALUE_MAKER_BLOCK:
    case VALUE_MORE_FOLLOWS:
        put_hex(w, v->bytes, v->len);
        return;
    }
}

static void put_remarks(struct wr *w, const struct value *v)
{
    char buf[MODIFIER_TEXT_MAX];
    if (v->kind == VALUE_MORE_FOLLOWS)
        wr_str(w, "  another telegram follows");
    for (unsigned i = 0; i < v->n_modifiers; i++)
        wr_fmt(w, "  %s", modifier_name(v->modifiers[i], buf));
    struct value means;
    if (value_means(v, &means) && means.kind != VALUE_NONE) {
        wr_str(w, " = ");
        put_value(w, &means);
        wr_fmt(w, "%s%s", means.unit == UNIT_NONE ? "" : " ", value_unit_name(&means));
    }
    if (v->note)
        wr_fmt(w, "  (%s)", value_note_name(v->note));
}

/* Pads what was written since `start` to `width` characters; UTF-8 continuation bytes take no place. */
static void pad(struct wr *w, size_t start, size_t width)
{
    size_t n = 0;
    for (size_t i = start; i < wr_len(w); i++)
        n += (w->start[i] & 0xC0) != 0x80;
    for (; n < width; n++)
        wr_u8(w, ' ');
}

static void put_row(struct wr *w, const struct value *v)
{
    uint8_t cell[CELL_MAX];
    struct wr value = wr_init(cell, sizeof cell);
    put_value(&value, v);
    char place[48];
    str_fmt(place, sizeof place, "%llu/%lu/%u", (unsigned long long)v->storage, (unsigned long)v->tariff, v->subunit);
    wr_fmt(w, "%4u  %-24s %-6s %-8s ", v->index, quantity_name((enum quantity)v->quantity),
           function_name((enum function)v->function), place);
    if (v->kind == VALUE_NUMBER) /* numbers stand flush right */
        for (size_t n = wr_len(&value); n < 20; n++)
            wr_u8(w, ' ');
    size_t start = wr_len(w);
    wr_bytes(w, cell, wr_len(&value));
    pad(w, start, v->kind == VALUE_NUMBER ? 0 : 20);
    start = wr_len(w);
    wr_u8(w, ' ');
    const char *unit = value_unit_name(v);
    size_t unit_len = 0;
    while (unit[unit_len])
        unit_len++;
    put_printable(w, (const uint8_t *)unit, unit_len);
    pad(w, start, 8);
    put_remarks(w, v);
    while (wr_len(w) > 0 && w->p[-1] == ' ')
        w->p--;
    wr_u8(w, '\n');
}

static void put_head(struct wr *w, const struct telegram *t)
{
    static const char *const links[] = { "no telegram", "wired", "wireless", "records" };
    char ident[ADDRESS_TEXT_MAX], maker[4];
    wr_fmt(w, "%s", links[t->link]);
    if (t->has_head) {
        address_ident_text(ident, t->head.ident);
        maker_text(t->head.maker, maker);
        wr_fmt(w, "  %s %s", t->is_fixed ? "---" : maker, ident);
        if (!t->is_fixed)
            wr_fmt(w, "  version %u", t->head.version);
        wr_fmt(w, "  %s (%02X)", medium_name(t->head.medium), t->head.medium);
    }
    if (t->link == LINK_WIRED)
        wr_fmt(w, "  primary %u", t->a);
    if (t->has_access)
        wr_fmt(w, "  access %u", t->head.access_no);
    if (t->has_status)
        wr_fmt(w, "  status %02X", t->head.status);
    if (t->ci)
        wr_fmt(w, "  CI %02X", t->ci);
    if (t->security == SECURITY_CLOSED)
        wr_str(w, "  encrypted");
    wr_u8(w, '\n');
}

void telegram_text(struct wr *w, const struct telegram *t, enum err err, const struct err_at *at)
{
    put_head(w, t);
    if (t->has_app_error)
        wr_fmt(w, "      application error %u: %s\n", t->app_error, apdu_error_text(t->app_error));
    if (t->has_alarm)
        wr_fmt(w, "      alarm %02X\n", t->alarm);
    if (t->n_values > 0)
        wr_fmt(w, "%4s  %-24s %-6s %-8s %20s %s\n", "no", "quantity", "kind", "st/ta/su", "value", "unit");
    for (size_t i = 0; i < t->n_values; i++)
        put_row(w, &t->values[i]);
    if (err == ERR_OK)
        return;
    const char *what = at->text[0] ? at->text : err_text(err);
    if (at->has_offset)
        wr_fmt(w, "refused at byte %zu: %s\n", at->offset, what);
    else
        wr_fmt(w, "refused: %s\n", what);
}
