/* store_series.c — series (one per meter and kind of value) and layouts (which series stands where in a reading).
 *
 * A meter sends the same records again and again, so a reading is matched with the layout it had last; only when that
 * fails its values are looked up one by one. A few layouts per meter stay in memory.
 * Knows: what makes two values the same series. Does not know: readings as they are kept.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <utlist.h>

#include "core/base/bug.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "store/pack.h"
#include "store/store_int.h"

enum { LAYOUTS_KEPT = 4, LAYOUTS_SEARCHED = 32, SERIES_PER_METER_MAX = 1 << 16 };

static void layout_free(struct layout *l)
{
    for (size_t i = 0; i < l->n; i++)
        free((void *)(uintptr_t)l->values[i].unit_text);
    free(l->values);
    free(l);
}

void layouts_free(struct store *s, struct meter_rows *m)
{
    struct layout *l, *next;
    DL_FOREACH_SAFE (m->layouts, l, next) {
        DL_DELETE(m->layouts, l);
        s->n_layouts_pending -= !l->is_stored;
        layout_free(l);
    }
}

/* The oldest beyond the few that are kept, unless they wait for the commit or a read may hold them. */
static void layouts_shrink(struct store *s, struct meter_rows *m)
{
    size_t n = 0;
    struct layout *l, *next;
    DL_FOREACH_SAFE (m->layouts, l, next) {
        if (++n <= LAYOUTS_KEPT || !l->is_stored || s->n_readers)
            continue;
        DL_DELETE(m->layouts, l);
        layout_free(l);
    }
}

static void layout_to_front(struct meter_rows *m, struct layout *l)
{
    if (m->layouts == l)
        return;
    DL_DELETE(m->layouts, l);
    DL_PREPEND(m->layouts, l);
}

static void layout_add(struct store *s, struct meter_rows *m, struct layout *l)
{
    for (size_t i = 0; i < l->n; i++)
        l->has_texts = l->has_texts || shape_kind_is_text(l->values[i].kind);
    DL_PREPEND(m->layouts, l);
    layouts_shrink(s, m);
}

/* What is kept of a value: all but what was measured. */
static struct value kind_of(const struct value *v)
{
    struct value k = *v;
    k.mantissa = 0;
    k.bytes = NULL;
    k.len = 0;
    k.dib_vib = NULL;
    k.dib_vib_len = 0;
    k.unit_text = v->unit_text ? xstrdup(v->unit_text) : NULL;
    return k;
}

static bool layout_matches(const struct layout *l, const struct reading *r)
{
    if (l->n != r->n_values || l->n_heads != r->n_telegrams)
        return false;
    for (size_t i = 0; i < l->n; i++) {
        const struct value *a = &l->values[i], *b = &r->values[i];
        if (a->telegram != b->telegram || a->index != b->index || !value_same_series(a, b))
            return false;
    }
    return true;
}

/* --- series --- */

static unsigned nth_of(const struct value *values, size_t i)
{
    unsigned n = 0;
    for (size_t k = 0; k < i; k++)
        n += value_same_series(&values[k], &values[i]);
    return n;
}

static int series_read(const MDB_val *key, const MDB_val *val, struct series_record *out)
{
    if (key->mv_size != 8 || !unpack_series(val->mv_data, val->mv_size, out))
        return MDB_CORRUPTED;
    out->kind.series = key_get_u32(key, 4);
    return 0;
}

/* Calls fn with each stored series of the meter until it says stop. */
typedef bool series_fn(void *ctx, const struct series_record *r);
static int series_each(struct store *s, MDB_txn *txn, uint32_t meter, series_fn *fn, void *ctx)
{
    MDB_cursor *c;
    MDB_val key, val;
    struct key k;
    struct series_record r;
    int rc = mdb_cursor_open(txn, s->dbi[DB_SERIES], &c);
    if (rc)
        return rc;
    key = *key_u32(&k, meter);
    rc = mdb_cursor_get(c, &key, &val, MDB_SET_RANGE);
    while (!rc && key_get_u32(&key, 0) == meter) {
        rc = series_read(&key, &val, &r);
        if (rc || !fn(ctx, &r))
            break;
        rc = mdb_cursor_get(c, &key, &val, MDB_NEXT);
    }
    mdb_cursor_close(c);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

struct wanted {
    const struct value *kind;
    unsigned nth;
    uint32_t series;
};

static bool series_matches(void *ctx, const struct series_record *r)
{
    struct wanted *w = ctx;
    if (r->nth != w->nth || !value_same_series(&r->kind, w->kind))
        return true;
    w->series = r->kind.series;
    return false;
}

/* The number of the values' i-th series: of a layout in memory, else stored, else a new one. */
static int series_number(struct store *s, MDB_txn *txn, struct meter_rows *m, const struct value *values, size_t i,
                         uint32_t *out)
{
    struct wanted w = { &values[i], nth_of(values, i), 0 };
    const struct layout *l;
    DL_FOREACH (m->layouts, l) {
        for (size_t k = 0; k < l->n; k++) {
            if (value_same_series(&l->values[k], w.kind) && nth_of(l->values, k) == w.nth) {
                *out = l->values[k].series;
                return 0;
            }
        }
    }
    int rc = series_each(s, txn, m->meter, series_matches, &w);
    if (!rc)
        *out = w.series ? w.series : s->counters.next_series++;
    return rc;
}

/* --- layouts --- */

static int layout_load(struct store *s, MDB_txn *txn, uint32_t meter, uint32_t no, struct layout **out)
{
    struct key k;
    MDB_val val;
    int rc = mdb_get(txn, s->dbi[DB_LAYOUT], key_u32_u32(&k, meter, no), &val);
    if (rc)
        return rc;
    struct layout *l = xcalloc(1, sizeof *l);
    l->no = no;
    l->is_stored = true;
    if (!unpack_layout(val.mv_data, val.mv_size, &l->n_heads, &l->values, &l->n)) {
        free(l);
        return MDB_CORRUPTED;
    }
    for (size_t i = 0; i < l->n && !rc; i++) {
        struct series_record r;
        struct value *v = &l->values[i], place = *v;
        rc = mdb_get(txn, s->dbi[DB_SERIES], key_u32_u32(&k, meter, place.series), &val);
        rc = rc ? rc : unpack_series(val.mv_data, val.mv_size, &r) ? 0 : MDB_CORRUPTED;
        if (rc)
            break;
        *v = kind_of(&r.kind);
        v->series = place.series;
        v->telegram = place.telegram;
        v->index = place.index;
        v->kind = place.kind;
        v->note = place.note;
        v->exp10 = place.exp10;
    }
    if (rc)
        layout_free(l);
    else
        *out = l;
    return rc == MDB_NOTFOUND ? MDB_CORRUPTED : rc;
}

enum err layout_get(struct store *s, struct meter_rows *m, uint32_t no, struct layout **out)
{
    struct layout *l;
    DL_FOREACH (m->layouts, l) {
        if (l->no == no) {
            *out = l;
            return ERR_OK;
        }
    }
    MDB_txn *txn;
    enum err e = env_read(s, &txn);
    if (e)
        return e;
    e = env_err(s, layout_load(s, txn, m->meter, no, &l));
    if (!e)
        layout_add(s, m, l);
    env_read_end(s);
    if (!e)
        *out = l;
    return e;
}

static uint32_t layout_next(struct store *s, MDB_txn *txn, const struct meter_rows *m)
{
    MDB_cursor *c;
    MDB_val key, val;
    struct key k;
    uint32_t last = 0;
    if (mdb_cursor_open(txn, s->dbi[DB_LAYOUT], &c))
        return 1;
    key = *key_u32_u32(&k, m->meter, UINT32_MAX);
    int rc = mdb_cursor_get(c, &key, &val, MDB_SET_RANGE);
    rc = mdb_cursor_get(c, &key, &val, rc == MDB_NOTFOUND ? MDB_LAST : MDB_PREV);
    if (!rc && key_get_u32(&key, 0) == m->meter)
        last = key_get_u32(&key, 4);
    mdb_cursor_close(c);
    return last + 1;
}

static int layout_search(struct store *s, MDB_txn *txn, struct meter_rows *m, const struct reading *r,
                         struct layout **out)
{
    uint32_t lowest = m->next_layout > LAYOUTS_SEARCHED ? m->next_layout - LAYOUTS_SEARCHED : 1;
    *out = NULL;
    for (uint32_t no = m->next_layout; no-- > lowest;) {
        struct layout *l;
        int rc = layout_load(s, txn, m->meter, no, &l);
        if (rc == MDB_NOTFOUND || rc == MDB_CORRUPTED)
            continue; /* not stored yet, or gone: in memory it was looked for already */
        if (rc)
            return rc;
        if (layout_matches(l, r)) {
            *out = l;
            return 0;
        }
        layout_free(l);
    }
    return 0;
}

static int layout_make(struct store *s, MDB_txn *txn, struct meter_rows *m, const struct reading *r,
                       struct layout **out)
{
    struct layout *l = xcalloc(1, sizeof *l);
    l->no = m->next_layout;
    l->n_heads = (uint32_t)r->n_telegrams;
    l->values = xcalloc(r->n_values + 1, sizeof *l->values);
    int rc = 0;
    for (size_t i = 0; i < r->n_values && !rc; i++) {
        l->values[i] = kind_of(&r->values[i]);
        l->n = i + 1;
        rc = series_number(s, txn, m, l->values, i, &l->values[i].series);
    }
    if (rc) {
        layout_free(l);
        return rc;
    }
    m->next_layout++;
    s->n_layouts_pending++;
    *out = l;
    return 0;
}

enum err layout_of_reading(struct store *s, struct meter_rows *m, const struct reading *r, struct layout **out)
{
    struct layout *l;
    DL_FOREACH (m->layouts, l) {
        if (layout_matches(l, r)) {
            layout_to_front(m, l);
            *out = l;
            return ERR_OK;
        }
    }
    MDB_txn *txn;
    enum err e = env_read(s, &txn);
    if (e)
        return e;
    if (!m->next_layout)
        m->next_layout = layout_next(s, txn, m);
    int rc = layout_search(s, txn, m, r, &l);
    if (!rc && !l)
        rc = layout_make(s, txn, m, r, &l);
    env_read_end(s);
    if (rc)
        return env_err(s, rc);
    layout_add(s, m, l);
    *out = l;
    return ERR_OK;
}

/* --- the commit --- */

static int layout_write(struct store *s, MDB_txn *txn, uint32_t meter, const struct layout *l)
{
    int rc = 0;
    for (size_t i = 0; i < l->n && !rc; i++) {
        struct key k, owner;
        uint8_t bytes[SERIES_RECORD_MAX];
        struct wr w = wr_init(bytes, sizeof bytes);
        pack_series(&w, nth_of(l->values, i), &l->values[i]);
        BUG_IF(!wr_ok(&w));
        MDB_val val = { wr_len(&w), bytes }, meter_val = *key_u32(&owner, meter);
        uint32_t series = l->values[i].series;
        rc = mdb_put(txn, s->dbi[DB_SERIES], key_u32_u32(&k, meter, series), &val, MDB_NOOVERWRITE);
        if (!rc)
            rc = mdb_put(txn, s->dbi[DB_OWNER], key_u32(&k, series), &meter_val, 0);
        else if (rc == MDB_KEYEXIST)
            rc = 0;
    }
    size_t size = layout_record_max(l->n);
    uint8_t *bytes = xmalloc(size);
    struct wr w = wr_init(bytes, size);
    pack_layout(&w, l->n_heads, l->values, l->n);
    BUG_IF(!wr_ok(&w));
    MDB_val val = { wr_len(&w), bytes };
    struct key k;
    rc = rc ? rc : mdb_put(txn, s->dbi[DB_LAYOUT], key_u32_u32(&k, meter, l->no), &val, 0);
    free(bytes);
    return rc;
}

int layouts_write(struct store *s, MDB_txn *txn)
{
    int rc = 0;
    for (struct meter_rows *m = s->meters; s->n_layouts_pending && m && !rc; m = m->hh.next) {
        const struct layout *l;
        DL_FOREACH (m->layouts, l) {
            if (!l->is_stored && !rc)
                rc = layout_write(s, txn, m->meter, l);
        }
    }
    return rc;
}

void layouts_written(struct store *s)
{
    for (struct meter_rows *m = s->meters; s->n_layouts_pending && m; m = m->hh.next) {
        struct layout *l;
        DL_FOREACH (m->layouts, l)
            l->is_stored = true;
    }
    s->n_layouts_pending = 0;
}

/* --- what the others ask --- */

enum err series_owner(struct store *s, uint32_t series, uint32_t *meter)
{
    MDB_txn *txn;
    struct key k;
    MDB_val val;
    enum err e = s->n_layouts_pending ? store_flush(s) : ERR_OK;
    e = e ? e : env_read(s, &txn);
    if (e)
        return e;
    e = env_err(s, mdb_get(txn, s->dbi[DB_OWNER], key_u32(&k, series), &val));
    if (!e)
        *meter = key_get_u32(&val, 0);
    env_read_end(s);
    return e;
}

static bool layout_has(struct store *s, struct meter_rows *m, uint32_t no, uint32_t series)
{
    struct layout *l;
    if (!no || layout_get(s, m, no, &l))
        return false;
    for (size_t i = 0; i < l->n; i++)
        if (l->values[i].series == series)
            return true;
    return false;
}

/* Counts from what the blocks say about themselves; nothing is unpacked. */
int series_count(struct store *s, MDB_txn *txn, uint32_t meter, uint32_t series, uint64_t *out)
{
    struct meter_rows *m;
    MDB_cursor *c;
    MDB_val key, val;
    struct block b;
    uint64_t n = 0;
    uint32_t known = 0; /* the layout that was asked about last */
    bool has = false;
    int rc = meter_rows_get(s, meter, &m) ? MDB_CORRUPTED : mdb_cursor_open(txn, s->dbi[DB_BLOCK], &c);
    if (rc)
        return rc;
    rc = block_seek(s, c, meter, INT64_MIN, &key, &val);
    while (!rc && key_get_u32(&key, 0) == meter) {
        size_t n_groups = block_open(&b, val.mv_data, val.mv_size) ? 0 : b.n_groups;
        for (size_t i = 0; i < n_groups; i++) {
            has = b.groups[i].layout == known ? has : layout_has(s, m, b.groups[i].layout, series);
            known = b.groups[i].layout;
            n += has ? b.groups[i].n : 0;
        }
        rc = mdb_cursor_get(c, &key, &val, MDB_NEXT);
    }
    mdb_cursor_close(c);
    if (m->layouts && layout_has(s, m, m->layouts->no, series))
        n += m->open.n;
    *out = n;
    return rc == MDB_NOTFOUND ? 0 : rc;
}

struct listing {
    store_series_fn *fn;
    void *ctx;
    uint32_t meter;
    struct store *s;
    MDB_txn *txn;
};

static bool list_series(void *ctx, const struct series_record *r)
{
    struct listing *l = ctx;
    struct store_series out = { r->kind.series, l->meter, r->kind, 0 };
    if (series_count(l->s, l->txn, l->meter, out.id, &out.n_values))
        out.n_values = 0;
    return l->fn(l->ctx, &out);
}

enum err store_series_of(struct store *s, uint32_t meter, store_series_fn *fn, void *ctx)
{
    MDB_txn *txn;
    enum err e = s->n_layouts_pending ? store_flush(s) : ERR_OK;
    e = e ? e : env_read(s, &txn);
    if (e)
        return e;
    struct listing l = { fn, ctx, meter, s, txn };
    e = env_err(s, series_each(s, txn, meter, list_series, &l));
    env_read_end(s);
    return e;
}

static int series_find(struct store *s, MDB_txn *txn, uint32_t id, struct store_series *out)
{
    struct key k;
    MDB_val val, key;
    int rc = mdb_get(txn, s->dbi[DB_OWNER], key_u32(&k, id), &val);
    if (rc)
        return rc;
    struct series_record r;
    uint32_t meter = key_get_u32(&val, 0);
    key = *key_u32_u32(&k, meter, id);
    rc = mdb_get(txn, s->dbi[DB_SERIES], &key, &val);
    rc = rc ? rc : series_read(&key, &val, &r);
    if (rc)
        return rc;
    *out = (struct store_series){ id, meter, r.kind, 0 };
    if (r.kind.unit_text) /* lent until the next store call */
        out->kind.unit_text = store_scratch(s, r.unit_text, sizeof r.unit_text);
    return series_count(s, txn, meter, id, &out->n_values);
}

enum err store_series_find(struct store *s, uint32_t id, struct store_series *out)
{
    MDB_txn *txn;
    enum err e = s->n_layouts_pending ? store_flush(s) : ERR_OK;
    e = e ? e : env_read(s, &txn);
    if (e)
        return e;
    e = env_err(s, series_find(s, txn, id, out));
    env_read_end(s);
    return e;
}
