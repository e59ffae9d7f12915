/* tpl_115.c — template 115: the extended value report with position and primary address, all meters in one post.
 *
 * One line per telegram of a readout. Its heading line stands before the first line of a meter, and again before a line
 * whose records differ from those of the line above (another telegram of a chain, a reprogrammed meter).
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>

#include "core/base/wr.h"
#include "core/quantity.h"
#include "reports/template.h"

enum { HEADING_MAX = 1024, PRIMARY_OF_SELECTED = 253 };

/* "heat/cooling load": the words of EN 13757-3, in lower case. */
static void put_device_type(struct sheet *c, uint8_t medium)
{
    static const char *const loads[] = { [0x0A] = "cooling load outlet",
                                         [0x0B] = "cooling load inlet",
                                         [0x0C] = "heat inlet",
                                         [0x0D] = "heat/cooling load" };
    if (medium < sizeof loads / sizeof loads[0] && loads[medium]) {
        sheet_word(c, loads[medium]);
        return;
    }
    char text[40];
    str_copy(text, sizeof text, medium_name(medium));
    for (char *p = strchr(text, '-'); p; p = strchr(p, '-'))
        *p = ' ';
    sheet_word(c, text);
}

/* --- headings: <description>,<unit>,<function>,<tariff>,<sub-unit>,<storage-number> --- */

static bool is_maker(const struct value *v, unsigned i)
{
    return v->modifiers[i] >= MODIFIER_MAKER;
}

/* "energy", "energy no-error", "energy manufacturer-specific-02", "manufacturer-specific-ff-07" (VIF FFh and its codes). */
static void put_description(struct wr *w, const struct value *v)
{
    wr_str(w, quantity_report_word(v->quantity));
    unsigned i = 0;
    if (v->quantity == Q_MANUFACTURER_SPECIFIC && v->n_modifiers > 0 && is_maker(v, 0)) {
        wr_str(w, "-ff");
        for (; i < v->n_modifiers && is_maker(v, i); i++)
            wr_fmt(w, "-%02x", (unsigned)v->modifiers[i] - MODIFIER_MAKER);
    }
    for (; i < v->n_modifiers; i++) {
        char buf[MODIFIER_TEXT_MAX];
        wr_fmt(w, " %s", modifier_name(v->modifiers[i], buf));
    }
}

/* What the number of a value is: with some VIFEs something else than its VIF says. */
static const struct value *meaning_of(const struct value *v, struct value *room)
{
    return value_means(v, room) ? room : v;
}

static void put_unit(struct wr *w, const struct value *value)
{
    struct value means;
    const struct value *v = meaning_of(value, &means);
    const char *unit = v->unit == UNIT_TEXT && v->unit_text ? v->unit_text : unit_report_word(v->unit);
    for (; *unit; unit++)
        wr_u8(w, *unit == ',' ? ' ' : (uint8_t)*unit); /* commas part the heading */
}

static void put_heading(struct sheet *c, const struct value *v)
{
    static const char *const functions[] = { "inst-value", "max-value", "min-value", "err-value" };
    char text[HEADING_MAX];
    struct wr w = wr_init(text, sizeof text);
    put_description(&w, v);
    wr_u8(&w, ',');
    put_unit(&w, v);
    wr_fmt(&w, ",%s,%u,%u,%llu", functions[v->function & 3], (unsigned)v->tariff, (unsigned)v->subunit,
           (unsigned long long)v->storage);
    sheet_foreign(c, text, wr_len(&w));
}

static void put_headings(struct sheet *c, const struct value *values, size_t n)
{
    static const char *const fixed[] = { "#serial-number",        "device-position", "primary-address",
                                         "device-identification", "created",         "value-data-count",
                                         "manufacturer",          "version",         "device-type",
                                         "access-number",         "status",          "signature" };
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
        sheet_word(c, fixed[i]);
    for (size_t i = 0; i < n; i++)
        put_heading(c, &values[i]);
    sheet_end_row(c);
}

/* Same series, same headings: a series is one kind of value of one meter. */
static bool has_headings(const struct render *r, const struct meter *m, const struct value *values, size_t n)
{
    if (r->head.meter != m->id || r->head.n_series != n)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (values[i].series == 0 || values[i].series != r->head.series[i])
            return false;
    }
    return true;
}

/* The heading line, unless the one above says the same already. */
static void need_headings(struct render *r, const struct meter *m, const struct value *values, size_t n)
{
    if (has_headings(r, m, values, n))
        return;
    put_headings(r->sheet, values, n);
    r->head.meter = n <= RENDER_SERIES_MAX ? m->id : 0;
    r->head.n_series = n;
    for (size_t i = 0; i < n && i < RENDER_SERIES_MAX; i++)
        r->head.series[i] = values[i].series;
}

/* --- cells --- */

static void put_value(struct sheet *c, const struct value *value)
{
    struct value means;
    const struct value *v = meaning_of(value, &means);
    bool is_sound = v->note == NOTE_NONE; /* the meter itself marks the others as unsafe */
    switch ((enum value_kind)v->kind) {
    case VALUE_NUMBER:
        if (is_sound)
            sheet_number(c, (struct dec){ v->mantissa, v->exp10 });
        else
            sheet_empty(c);
        return;
    case VALUE_DATE:
    case VALUE_MINUTE:
    case VALUE_SECOND:
        if (is_sound)
            sheet_local_time(c, v->mantissa); /* the meter's own clock: no zone applies */
        else
            sheet_empty(c);
        return;
    case VALUE_TEXT:
        sheet_foreign(c, (const char *)v->bytes, v->len);
        return;
    case VALUE_BYTES:
    case VALUE_MAKER_BLOCK:
    case VALUE_MORE_FOLLOWS:
        sheet_hex(c, v->bytes, v->len);
        return;
    case VALUE_NONE:
        sheet_empty(c);
        return;
    }
}

/* Who sent the telegram: its header, or where it had none what the meter list knows. */
static struct telegram_head sender_of(const struct meter *m, const struct telegram_head *h)
{
    struct telegram_head who = *h;
    if (h->ident == 0 && h->maker == 0) {
        who.ident = m->ident;
        who.maker = m->maker;
        who.version = m->version;
        who.medium = m->medium;
    }
    return who;
}

static void put_fixed_cells(struct render *r, const struct meter *m, const struct store_reading *reading,
                            size_t telegram)
{
    const struct telegram_head h = sender_of(m, &reading->heads[telegram]);
    struct sheet *c = r->sheet;
    char ident[9] = "", maker[4] = "";
    if (h.ident != METER_NO_IDENT)
        str_fmt(ident, sizeof ident, "%08X", (unsigned)h.ident);
    if (h.maker != 0)
        maker_text(h.maker, maker);
    sheet_word(c, r->serial);
    sheet_foreign(c, m->position, strlen(m->position));
    sheet_words(c, "%d", m->primary >= 0 ? m->primary : PRIMARY_OF_SELECTED);
    sheet_word(c, ident);
    sheet_local_time(c, zone_local(r->zone, reading->utc));
    sheet_words(c, "%02u", (unsigned)telegram);
    sheet_foreign(c, maker, strlen(maker)); /* its letters may be any character */
    sheet_words(c, "%u", (unsigned)h.version);
    put_device_type(c, h.medium);
    sheet_words(c, "%u", (unsigned)h.access_no);
    sheet_words(c, "%u", (unsigned)h.status);
    sheet_words(c, "%u", (unsigned)h.signature);
}

void tpl_115_add_reading(struct render *r, const struct meter *m, const struct store_reading *reading)
{
    const struct value *v = reading->values, *end = v + reading->n_values;
    for (size_t telegram = 0; telegram < reading->n_telegrams; telegram++) {
        const struct value *first = v;
        while (v < end && v->telegram == telegram)
            v++;
        need_headings(r, m, first, (size_t)(v - first));
        put_fixed_cells(r, m, reading, telegram);
        for (const struct value *one = first; one < v; one++)
            put_value(r->sheet, one);
        sheet_end_row(r->sheet);
    }
}
