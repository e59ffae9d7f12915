/* store_value.c — readings and values out: open rows and sealed blocks as one sequence.
 *
 * Knows: which rows and blocks hold a time, how cells become values again.
 * Does not know: how rows and blocks are coded, how readings get there (store_put.c).
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "store/store_int.h"

/* --- the one sequence --- */

typedef bool span_fn(void *ctx, const struct table *t, size_t from, size_t to); /* rows from…to-1; false stops */

static bool span_of(const struct table *t, int64_t from, int64_t to, size_t *first, size_t *end)
{
    *first = table_find(t, from);
    *end = table_find(t, to);
    return *first < *end;
}

struct pick { /* which series is wanted, or 0 for all */
    struct meter_rows *m;
    uint32_t series;
};

static enum err layout_place(struct store *s, const struct pick *p, uint32_t layout, uint16_t *place)
{
    struct layout *l;
    *place = BLOCK_PICK_NONE;
    enum err e = layout ? layout_get(s, p->m, layout, &l) : ERR_OK;
    if (e || !layout)
        return e;
    for (size_t i = 0; i < l->n; i++)
        if (l->values[i].series == p->series)
            *place = (uint16_t)i;
    return ERR_OK;
}

static enum err block_table(struct store *s, const MDB_val *val, const struct pick *p, struct table *t)
{
    struct block b;
    uint16_t place[GROUPS_MAX];
    enum err e = block_open(&b, val->mv_data, val->mv_size);
    if (e || !p->series)
        return e ? e : block_read(&b, s->packer, t);
    for (size_t i = 0; i < b.n_groups && !e; i++)
        e = layout_place(s, p, b.groups[i].layout, &place[i]);
    return e ? e : block_read_one(&b, s->packer, place, t);
}

static bool open_rows_in(const struct meter_rows *m, int64_t from, int64_t to)
{
    return m->open.n && m->open.last_utc >= from && m->open.first_utc < to;
}

/* Blocks from the one that holds `from` on. *go is false when fn stopped. */
static enum err blocks_up(struct store *s, MDB_cursor *c, const struct pick *p, const int64_t span[2], span_fn *fn,
                          void *ctx, bool *go)
{
    MDB_val key, val;
    enum err e = ERR_OK;
    int rc = block_seek(s, c, p->m->meter, span[0], &key, &val);
    while (!rc && !e && *go && key_get_u32(&key, 0) == p->m->meter && key_get_utc(&key, 4) < span[1]) {
        struct table t;
        size_t first, end;
        table_init(&t);
        e = block_table(s, &val, p, &t);
        if (!e && span_of(&t, span[0], span[1], &first, &end))
            *go = fn(ctx, &t, first, end);
        table_fini(&t);
        rc = mdb_cursor_get(c, &key, &val, MDB_NEXT);
    }
    return e ? e : rc == MDB_NOTFOUND ? ERR_OK : env_err(s, rc);
}

static enum err open_span(const struct meter_rows *m, const int64_t span[2], span_fn *fn, void *ctx, bool *go)
{
    struct table t;
    size_t first, end;
    table_init(&t);
    enum err e = rows_to_table(&m->open, &t);
    if (!e && span_of(&t, span[0], span[1], &first, &end))
        *go = fn(ctx, &t, first, end);
    table_fini(&t);
    return e;
}

static enum err spans_up_of(struct store *s, const struct pick *p, const int64_t span[2], span_fn *fn, void *ctx)
{
    MDB_txn *txn;
    MDB_cursor *c;
    bool go = true;
    enum err e = env_read(s, &txn);
    if (e)
        return e;
    e = env_err(s, mdb_cursor_open(txn, s->dbi[DB_BLOCK], &c));
    if (!e) {
        e = blocks_up(s, c, p, span, fn, ctx, &go);
        mdb_cursor_close(c);
    }
    if (!e && go && open_rows_in(p->m, span[0], span[1]))
        e = open_span(p->m, span, fn, ctx, &go);
    env_read_end(s);
    return e;
}

static enum err spans_up(struct store *s, struct meter_rows *m, int64_t from, int64_t to, span_fn *fn, void *ctx)
{
    return spans_up_of(s, &(struct pick){ m, 0 }, (const int64_t[2]){ from, to }, fn, ctx);
}

static enum err blocks_down(struct store *s, MDB_cursor *c, const struct pick *p, const int64_t span[2], span_fn *fn,
                            void *ctx, bool *go)
{
    MDB_val key, val;
    enum err e = ERR_OK;
    int rc = block_last_seek(c, p->m->meter, span[1], &key, &val);
    while (!rc && !e && *go && key_get_u32(&key, 0) == p->m->meter) {
        struct table t;
        size_t first, end;
        table_init(&t);
        e = block_table(s, &val, p, &t);
        bool is_last = !e && t.utc[0] <= span[0];
        bool is_before = !e && t.utc[t.n - 1] < span[0];
        if (!e && span_of(&t, span[0], span[1], &first, &end))
            *go = fn(ctx, &t, first, end);
        table_fini(&t);
        if (is_last || is_before)
            break;
        rc = mdb_cursor_get(c, &key, &val, MDB_PREV);
    }
    return e ? e : rc == MDB_NOTFOUND ? ERR_OK : env_err(s, rc);
}

static enum err spans_down(struct store *s, struct meter_rows *m, const int64_t span[2], span_fn *fn, void *ctx)
{
    MDB_txn *txn;
    MDB_cursor *c;
    bool go = true;
    enum err e = env_read(s, &txn);
    if (e)
        return e;
    if (open_rows_in(m, span[0], span[1]))
        e = open_span(m, span, fn, ctx, &go);
    if (!e && go)
        e = env_err(s, mdb_cursor_open(txn, s->dbi[DB_BLOCK], &c));
    if (!e && go) {
        e = blocks_down(s, c, &(struct pick){ m, 0 }, span, fn, ctx, &go);
        mdb_cursor_close(c);
    }
    env_read_end(s);
    return e;
}

static bool see_time(void *ctx, const struct table *t, size_t from, size_t to)
{
    (void)t, (void)from, (void)to;
    *(bool *)ctx = true;
    return false;
}

enum err reading_is_at(struct store *s, struct meter_rows *m, int64_t utc, bool *found)
{
    *found = false;
    return spans_up(s, m, utc, utc + 1, see_time, found);
}

/* --- readings out --- */

struct reader {
    struct store *s;
    struct meter_rows *m;
    store_reading_fn *fn;
    void *ctx;
    size_t left;  /* of the limit */
    int64_t next; /* where to go on; 0: at the end */
    enum err err;
    struct value *values; /* of the layout below, as the last reading had them */
    size_t n_values;
    uint32_t layout;
    bool are_usual; /* kind, note and exp10 are the layout's */
    struct telegram_head heads[CHAIN_MAX];
};

static struct telegram_head head_of(const struct group *g, size_t telegram, size_t row)
{
    size_t c = telegram * HEAD_COLUMNS;
    uint64_t identity = (uint64_t)group_column(g, c + HEAD_IDENTITY)[row];
    return (struct telegram_head){
        .ident = (uint32_t)(identity >> 32),
        .maker = (uint16_t)(identity >> 16),
        .version = (uint8_t)(identity >> 8),
        .medium = (uint8_t)identity,
        .access_no = (uint8_t)group_column(g, c + HEAD_ACCESS)[row],
        .status = (uint8_t)group_column(g, c + HEAD_STATUS)[row],
        .signature = (uint16_t)group_column(g, c + HEAD_SIGNATURE)[row],
    };
}

static enum err reader_take_layout(struct reader *rd, const struct group *g)
{
    struct layout *l;
    if (rd->values && rd->layout == g->layout && rd->are_usual)
        return ERR_OK;
    enum err e = layout_get(rd->s, rd->m, g->layout, &l);
    if (e)
        return e;
    if (l->n != g->n_values || l->n_heads != g->n_heads)
        return ERR_CORRUPT;
    rd->values = xrealloc(rd->values, l->n + 1, sizeof *rd->values);
    bytes_copy(rd->values, (l->n + 1) * sizeof *rd->values, l->values, l->n * sizeof *rd->values);
    rd->n_values = l->n;
    rd->layout = g->layout;
    rd->are_usual = true;
    return ERR_OK;
}

static enum err value_set(struct value *v, const struct table *t, int64_t shape, int64_t number)
{
    shape_apply(shape, v);
    v->bytes = NULL;
    v->len = 0;
    v->mantissa = v->kind == VALUE_NONE ? 0 : number;
    if (!shape_kind_is_text(v->kind))
        return ERR_OK;
    size_t len;
    v->mantissa = 0;
    enum err e = text_at(t->texts, t->texts_len, number, &v->bytes, &len);
    v->len = e ? 0 : (uint16_t)len;
    return e;
}

static enum err reader_fill(struct reader *rd, const struct table *t, const struct group *g, size_t row)
{
    enum err e = g->layout ? reader_take_layout(rd, g) : ERR_OK;
    for (size_t i = 0; i < g->n_heads; i++)
        rd->heads[i] = head_of(g, i, row);
    const int64_t *numbers = g->cells + (size_t)g->n_heads * HEAD_COLUMNS * g->cap + row;
    if (!g->shapes) {
        for (size_t i = 0; !e && i < g->n_values; i++)
            rd->values[i].mantissa = numbers[i * g->cap];
        return e;
    }
    for (size_t i = 0; !e && i < g->n_values; i++)
        e = value_set(&rd->values[i], t, g->shapes[i * g->cap + row], numbers[i * g->cap]);
    rd->are_usual = false;
    return e;
}

static bool reader_row(struct reader *rd, const struct table *t, size_t i)
{
    const struct group *g = &t->groups[t->group[i]];
    if (rd->left == 0) {
        rd->next = t->utc[i];
        return false;
    }
    rd->err = reader_fill(rd, t, g, t->nth[i]);
    if (rd->err)
        return false;
    struct store_reading out = { t->utc[i],  (enum readout_status)t->status[i], g->n_heads, rd->heads, rd->values,
                                 g->n_values };
    rd->left--;
    if (rd->fn(rd->ctx, &out))
        return true;
    rd->next = t->utc[i] + 1;
    return false;
}

static bool read_up(void *ctx, const struct table *t, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        if (!reader_row(ctx, t, i))
            return false;
    return true;
}

static bool read_down(void *ctx, const struct table *t, size_t from, size_t to)
{
    for (size_t i = to; i-- > from;)
        if (!reader_row(ctx, t, i))
            return false;
    return true;
}

enum err store_readings(struct store *s, uint32_t meter, int64_t from, int64_t to, size_t limit, store_reading_fn *fn,
                        void *ctx, int64_t *next)
{
    struct reader rd = { .s = s, .fn = fn, .ctx = ctx, .left = limit };
    enum err e = meter_rows_get(s, meter, &rd.m);
    e = e ? e : spans_up(s, rd.m, from, to, read_up, &rd);
    free(rd.values);
    e = e ? e : rd.err;
    if (!e)
        *next = rd.next;
    return e;
}

enum err store_readings_newest(struct store *s, uint32_t meter, int64_t from, int64_t to, size_t limit,
                               store_reading_fn *fn, void *ctx)
{
    struct reader rd = { .s = s, .fn = fn, .ctx = ctx, .left = limit };
    enum err e = meter_rows_get(s, meter, &rd.m);
    e = e ? e : spans_down(s, rd.m, (const int64_t[2]){ from, to }, read_down, &rd);
    free(rd.values);
    return e ? e : rd.err;
}

/* --- values of one series --- */

struct series_reader {
    struct store *s;
    struct pick pick;
    store_value_fn *fn;
    void *ctx;
    size_t left;
    int64_t next;
    enum err err;
    struct value value; /* of the layout and place below */
    uint32_t layout;
    uint16_t place;
    bool is_usual;
};

static enum err series_layout(struct series_reader *rd, const struct group *g)
{
    struct layout *l;
    if (rd->layout == g->layout && rd->is_usual)
        return ERR_OK;
    enum err e = layout_place(rd->s, &rd->pick, g->layout, &rd->place);
    e = e || rd->place == BLOCK_PICK_NONE ? e : layout_get(rd->s, rd->pick.m, g->layout, &l);
    if (e)
        return e;
    if (rd->place != BLOCK_PICK_NONE)
        rd->value = l->values[rd->place];
    rd->layout = g->layout;
    rd->is_usual = true;
    return ERR_OK;
}

/* False when it has no number or time to show. */
static bool series_value(struct series_reader *rd, const struct table *t, const struct group *g, size_t row)
{
    rd->err = series_layout(rd, g);
    if (rd->err || rd->place == BLOCK_PICK_NONE || g->n_values == 0)
        return false;
    size_t at = g->n_values == 1 ? 0 : rd->place; /* blocks give the one value alone, open rows all */
    int64_t number = group_numbers(g, at)[row];
    if (!g->shapes) {
        rd->value.mantissa = number;
    } else {
        rd->err = value_set(&rd->value, t, group_shape(g, at, row), number);
        rd->is_usual = false;
    }
    return !rd->err && (rd->value.kind == VALUE_NUMBER || rd->value.kind == VALUE_DATE ||
                        rd->value.kind == VALUE_MINUTE || rd->value.kind == VALUE_SECOND);
}

static bool read_series(void *ctx, const struct table *t, size_t from, size_t to)
{
    struct series_reader *rd = ctx;
    for (size_t i = from; i < to; i++) {
        const struct group *g = &t->groups[t->group[i]];
        if (g->layout == 0)
            continue;
        bool is_shown = series_value(rd, t, g, t->nth[i]);
        if (rd->err)
            return false;
        if (!is_shown)
            continue;
        if (rd->left == 0) {
            rd->next = t->utc[i];
            return false;
        }
        rd->left--;
        if (!rd->fn(rd->ctx, t->utc[i], &rd->value)) {
            rd->next = t->utc[i] + 1;
            return false;
        }
    }
    return true;
}

enum err store_values(struct store *s, uint32_t series, int64_t from, int64_t to, size_t limit, store_value_fn *fn,
                      void *ctx, int64_t *next)
{
    uint32_t meter;
    struct series_reader rd = { .s = s, .pick.series = series, .fn = fn, .ctx = ctx, .left = limit };
    enum err e = series_owner(s, series, &meter);
    e = e ? e : meter_rows_get(s, meter, &rd.pick.m);
    e = e ? e : spans_up_of(s, &rd.pick, (const int64_t[2]){ from, to }, read_series, &rd);
    e = e ? e : rd.err;
    if (!e)
        *next = rd.next;
    return e;
}
