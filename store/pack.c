/* pack.c — small records as bytes: a format number, then the fields one after the other as varints and counted bytes.
 *
 * Knows: meters, series, layouts, chains, journal entries. Does not know: databases and keys.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/pack.h"

#include <stdlib.h>

#include "core/base/mem.h"
#include "core/base/rd.h"
#include "core/base/str.h"
#include "store/table.h"

enum { FORMAT = 1, VARINT_MAX = 10 };

static bool begin(struct rd *r, const void *bytes, size_t len)
{
    *r = rd_init(bytes, len);
    return rd_u8(r) == FORMAT;
}

static uint64_t bounded(struct rd *r, uint64_t max)
{
    uint64_t v = rd_varint(r);
    r->bad = r->bad || v > max;
    return r->bad ? 0 : v;
}

static void write_counted(struct wr *w, const void *bytes, size_t len)
{
    wr_varint(w, len);
    wr_bytes(w, bytes, len);
}

static size_t text_len(const char *text)
{
    size_t n = 0;
    while (text && text[n])
        n++;
    return n;
}

/* A text with its NUL, so that it can be lent in place. */
static void write_text(struct wr *w, const char *text)
{
    write_counted(w, text, text_len(text));
    wr_u8(w, 0);
}

static const char *read_text(struct rd *r, size_t max)
{
    size_t len = (size_t)bounded(r, max);
    const uint8_t *text = rd_bytes(r, len + 1);
    if (text && text[len] != 0)
        r->bad = true;
    return r->bad ? "" : (const char *)text;
}

/* --- series --- */

void pack_series(struct wr *w, unsigned nth, const struct value *k)
{
    wr_u8(w, FORMAT);
    wr_varint(w, nth);
    wr_varint(w, k->kind);
    wr_varint(w, k->function);
    wr_varint(w, k->unit);
    wr_varint(w, k->quantity);
    wr_zigzag(w, k->exp10);
    wr_varint(w, k->subunit);
    wr_varint(w, k->tariff);
    wr_varint(w, k->storage);
    wr_varint(w, k->n_modifiers);
    for (size_t i = 0; i < k->n_modifiers; i++)
        wr_varint(w, k->modifiers[i]);
    wr_u8(w, k->unit_text ? 1 : 0);
    if (k->unit_text)
        write_text(w, k->unit_text);
}

bool unpack_series(const void *bytes, size_t len, struct series_record *out)
{
    struct rd r;
    if (!begin(&r, bytes, len))
        return false;
    *out = (struct series_record){ .nth = (unsigned)bounded(&r, UINT16_MAX) };
    struct value *k = &out->kind;
    k->kind = (uint8_t)bounded(&r, VALUE_MORE_FOLLOWS);
    k->function = (uint8_t)bounded(&r, FUNCTION_ERROR);
    k->unit = (uint8_t)bounded(&r, UNIT_N - 1);
    k->quantity = (uint16_t)bounded(&r, Q_N - 1);
    k->exp10 = (int8_t)rd_zigzag(&r);
    k->subunit = (uint16_t)bounded(&r, UINT16_MAX);
    k->tariff = (uint32_t)bounded(&r, UINT32_MAX);
    k->storage = rd_varint(&r);
    k->n_modifiers = (uint8_t)bounded(&r, VALUE_MODIFIERS_MAX);
    for (size_t i = 0; i < k->n_modifiers; i++)
        k->modifiers[i] = (uint16_t)bounded(&r, UINT16_MAX);
    if (rd_u8(&r)) {
        str_copy(out->unit_text, sizeof out->unit_text, read_text(&r, UNIT_TEXT_MAX));
        k->unit_text = out->unit_text;
    }
    return rd_ok(&r);
}

/* --- layouts --- */

size_t layout_record_max(size_t n_values)
{
    return 1 + 2 * VARINT_MAX + n_values * 10;
}

void pack_layout(struct wr *w, uint32_t n_heads, const struct value *values, size_t n)
{
    wr_u8(w, FORMAT);
    wr_varint(w, n_heads);
    wr_varint(w, n);
    for (size_t i = 0; i < n; i++) {
        wr_varint(w, values[i].series);
        wr_u8(w, values[i].telegram);
        wr_u8(w, values[i].index);
        wr_u8(w, values[i].kind);
        wr_u8(w, values[i].note);
        wr_u8(w, (uint8_t)values[i].exp10);
    }
}

bool unpack_layout(const void *bytes, size_t len, uint32_t *n_heads, struct value **values, size_t *n)
{
    struct rd r;
    if (!begin(&r, bytes, len))
        return false;
    uint32_t heads = (uint32_t)bounded(&r, CHAIN_MAX);
    size_t count = (size_t)bounded(&r, GROUP_VALUES_MAX);
    if (!rd_ok(&r) || count > rd_left(&r))
        return false;
    struct value *out = xcalloc(count + 1, sizeof *out);
    for (size_t i = 0; i < count; i++) {
        out[i].series = (uint32_t)bounded(&r, UINT32_MAX);
        out[i].telegram = rd_u8(&r);
        out[i].index = rd_u8(&r);
        out[i].kind = rd_u8(&r);
        out[i].note = rd_u8(&r);
        out[i].exp10 = (int8_t)rd_u8(&r);
        r.bad = r.bad || out[i].kind > VALUE_MORE_FOLLOWS || out[i].note >= NOTE_N;
    }
    if (!rd_ok(&r)) {
        free(out);
        return false;
    }
    *n_heads = heads;
    *values = out;
    *n = count;
    return true;
}

/* --- meters --- */

enum { METER_KNOWN = 1, METER_ENHANCED = 2, METER_PASSIVE_BIT = 4, METER_MULTI = 8 };

void pack_meter(struct wr *w, const struct meter *m)
{
    wr_u8(w, FORMAT);
    wr_varint(w, m->id);
    write_text(w, m->position);
    wr_varint(w, m->ident);
    wr_varint(w, m->maker);
    wr_u8(w, m->version);
    wr_u8(w, m->medium);
    wr_u8(w, (uint8_t)((m->is_known ? METER_KNOWN : 0) | (m->has_enhanced ? METER_ENHANCED : 0) |
                       (m->state == METER_PASSIVE ? METER_PASSIVE_BIT : 0) | (m->multi_telegram ? METER_MULTI : 0)));
    wr_u8(w, (uint8_t)m->addressing);
    wr_zigzag(w, m->primary);
    wr_varint(w, m->enhanced);
    wr_varint(w, m->baud);
    wr_u8(w, m->bus);
    wr_u8(w, m->multi_telegram_limit);
    wr_zigzag(w, m->installed_utc);
    wr_zigzag(w, m->last_utc);
    wr_u8(w, (uint8_t)m->last_status);
}

bool unpack_meter(const void *bytes, size_t len, struct meter *out)
{
    struct rd r;
    if (!begin(&r, bytes, len))
        return false;
    struct meter m = { .id = (uint32_t)bounded(&r, UINT32_MAX) };
    str_copy(m.position, sizeof m.position, read_text(&r, POSITION_MAX));
    m.ident = (uint32_t)bounded(&r, UINT32_MAX);
    m.maker = (uint16_t)bounded(&r, UINT16_MAX);
    m.version = rd_u8(&r);
    m.medium = rd_u8(&r);
    uint8_t flags = rd_u8(&r), addressing = rd_u8(&r);
    m.is_known = flags & METER_KNOWN;
    m.has_enhanced = flags & METER_ENHANCED;
    m.state = flags & METER_PASSIVE_BIT ? METER_PASSIVE : METER_ACTIVE;
    m.multi_telegram = flags & METER_MULTI;
    m.addressing = (enum addressing)addressing;
    int64_t primary = rd_zigzag(&r);
    m.primary = (int16_t)primary;
    m.enhanced = (uint32_t)bounded(&r, UINT32_MAX);
    m.baud = (uint32_t)bounded(&r, UINT32_MAX);
    m.bus = rd_u8(&r);
    m.multi_telegram_limit = rd_u8(&r);
    m.installed_utc = rd_zigzag(&r);
    m.last_utc = rd_zigzag(&r);
    uint8_t status = rd_u8(&r);
    m.last_status = (enum readout_status)status;
    if (!rd_ok(&r) || addressing > ADDRESSING_ESECONDARY || status >= READOUT_N_STATUS || primary < -1 ||
        primary > UINT8_MAX)
        return false;
    *out = m;
    return true;
}

/* --- raw chains --- */

size_t chain_record_max(const struct telegram_raw *telegrams, size_t n)
{
    size_t size = 1 + 3 * VARINT_MAX;
    for (size_t i = 0; i < n; i++)
        size += 4 * VARINT_MAX + 4 + telegrams[i].len;
    return size;
}

void pack_chain(struct wr *w, const struct reading *r)
{
    wr_u8(w, FORMAT);
    wr_zigzag(w, r->utc);
    wr_u8(w, (uint8_t)r->source);
    wr_varint(w, r->n_telegrams);
    for (size_t i = 0; i < r->n_telegrams; i++) {
        const struct telegram_raw *t = &r->telegrams[i];
        wr_varint(w, t->head.ident);
        wr_varint(w, t->head.maker);
        wr_u8(w, t->head.version);
        wr_u8(w, t->head.medium);
        wr_u8(w, t->head.access_no);
        wr_u8(w, t->head.status);
        wr_varint(w, t->head.signature);
        write_counted(w, t->bytes, t->len);
    }
}

static struct telegram_raw read_telegram(struct rd *r)
{
    struct telegram_raw t = { 0 };
    t.head.ident = (uint32_t)bounded(r, UINT32_MAX);
    t.head.maker = (uint16_t)bounded(r, UINT16_MAX);
    t.head.version = rd_u8(r);
    t.head.medium = rd_u8(r);
    t.head.access_no = rd_u8(r);
    t.head.status = rd_u8(r);
    t.head.signature = (uint16_t)bounded(r, UINT16_MAX);
    t.len = (uint16_t)bounded(r, UINT16_MAX);
    t.bytes = rd_bytes(r, t.len);
    return t;
}

bool unpack_chain(const void *bytes, size_t len, struct reading *head, struct telegram_raw *out, size_t max, size_t *n)
{
    struct rd r;
    if (!begin(&r, bytes, len))
        return false;
    int64_t utc = rd_zigzag(&r);
    uint8_t source = rd_u8(&r);
    size_t count = (size_t)bounded(&r, CHAIN_MAX), given = 0;
    for (size_t i = 0; i < count; i++) {
        struct telegram_raw t = read_telegram(&r);
        if (given < max)
            out[given++] = t;
    }
    if (!rd_ok(&r) || source > SOURCE_PUSH)
        return false;
    head->utc = utc;
    head->source = (enum reading_source)source;
    *n = given;
    return true;
}

/* --- journal entries --- */

size_t entry_record_max(const struct store_entry *e)
{
    return 1 + 3 * VARINT_MAX + 2 + text_len(e->origin) + text_len(e->text);
}

void pack_entry(struct wr *w, const struct store_entry *e)
{
    wr_u8(w, FORMAT);
    wr_zigzag(w, e->level);
    write_text(w, e->origin);
    write_text(w, e->text);
}

bool unpack_entry(const void *bytes, size_t len, struct store_entry *out)
{
    struct rd r;
    if (!begin(&r, bytes, len))
        return false;
    int64_t level = rd_zigzag(&r);
    const char *origin = read_text(&r, len), *text = read_text(&r, len);
    if (!rd_ok(&r) || level < INT8_MIN || level > INT8_MAX)
        return false;
    out->level = (int)level;
    out->origin = origin;
    out->text = text;
    return true;
}
