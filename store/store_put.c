/* store_put.c — readings in: as a row behind the open ones, or, when they are late, among the sealed blocks.
 *
 * Knows: how a reading becomes the cells of a row, which second it gets.
 * Does not know: how rows and blocks are coded or when they are sealed; how they are read (store_value.c).
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>

#include "core/base/bug.h"
#include "core/base/mem.h"
#include "store/store_int.h"

/* --- a reading as a row --- */

static uint64_t identity_of(const struct telegram_head *h)
{
    return (uint64_t)h->ident << 32 | (uint64_t)h->maker << 16 | (uint64_t)h->version << 8 | h->medium;
}

static void cells_of_heads(const struct reading *r, int64_t *cells)
{
    for (size_t i = 0; i < r->n_telegrams; i++, cells += HEAD_COLUMNS) {
        const struct telegram_head *h = &r->telegrams[i].head;
        cells[HEAD_IDENTITY] = (int64_t)identity_of(h);
        cells[HEAD_ACCESS] = h->access_no;
        cells[HEAD_STATUS] = h->status;
        cells[HEAD_SIGNATURE] = h->signature;
    }
}

/* True when some value is of another shape than the layout says, or a text. */
static bool shapes_of(const struct layout *l, const struct reading *r, int64_t *shapes)
{
    bool any = false;
    for (size_t i = 0; i < l->n; i++) {
        const struct value *v = &r->values[i], *usual = &l->values[i];
        bool is_usual = v->kind == usual->kind && v->note == usual->note && v->exp10 == usual->exp10;
        shapes[i] = !is_usual ? shape_of(v) : shape_kind_is_text(v->kind) ? SHAPE_USUAL_TEXT : SHAPE_USUAL;
        any = any || shapes[i] != SHAPE_USUAL;
    }
    return any;
}

/* One row's cells; the memory is the caller's to free through cells. */
static struct row row_of(const struct layout *l, const struct reading *r, int64_t utc)
{
    struct row row = { .utc = utc, .status = (uint8_t)r->status, .values = r->values };
    if (!l)
        return row;
    row.like = (struct group){ .layout = l->no, .n_heads = l->n_heads, .n_values = (uint32_t)l->n };
    size_t n = group_columns(&row.like);
    int64_t *cells = xmalloc((n + l->n + 1) * sizeof *cells);
    cells_of_heads(r, cells);
    for (size_t i = 0; i < l->n; i++)
        cells[n - l->n + i] = r->values[i].kind == VALUE_NONE ? 0 : r->values[i].mantissa;
    row.cells = cells;
    if (shapes_of(l, r, cells + n))
        row.shapes = cells + n;
    return row;
}

/* --- late readings --- */

struct late {
    uint32_t meter;
    struct table one;
};

static int late_write(struct store *s, MDB_txn *txn, void *ctx)
{
    struct late *late = ctx;
    return block_insert(s, txn, late->meter, &late->one);
}

/* The first second from utc on in which the meter has no reading. */
static enum err free_second(struct store *s, struct meter_rows *m, int64_t *utc)
{
    for (int64_t at = *utc;; at++) {
        bool is_taken;
        enum err e = reading_is_at(s, m, at, &is_taken);
        if (e)
            return e;
        if (!is_taken) {
            *utc = at;
            return ERR_OK;
        }
    }
}

/* A reading from before the newest one: the open rows are sealed, then it is put among the blocks; all in one commit. */
static enum err put_late(struct store *s, struct meter_rows *m, struct row *row)
{
    enum err e = free_second(s, m, &row->utc);
    if (e)
        return e;
    if (row->utc > m->last_utc) {
        open_put(s, m, row);
        return ERR_OK;
    }
    struct rows rows;
    size_t size = row_size_max(row);
    uint8_t *bytes = xmalloc(size);
    struct wr w = wr_init(bytes, size);
    rows_init(&rows);
    row_write(&w, &rows, row);
    BUG_IF(!wr_ok(&w) || rows_append(&rows, bytes, wr_len(&w)) != ERR_OK);
    struct late late = { .meter = m->meter };
    table_init(&late.one);
    BUG_IF(rows_to_table(&rows, &late.one) != ERR_OK);
    m->wants_seal = true;
    e = store_commit(s, late_write, &late);
    m->wants_merge = true;
    m->has_blocks = m->has_blocks || !e;
    table_fini(&late.one);
    rows_fini(&rows);
    free(bytes);
    return e;
}

/* --- putting --- */

static enum err put_row(struct store *s, struct meter_rows *m, struct row *row)
{
    if (!rows_fit(&m->open, &row->like)) {
        m->wants_seal = true;
        enum err e = store_commit(s, NULL, NULL);
        if (e)
            return e;
    }
    if (m->last_utc != INT64_MIN && row->utc <= m->last_utc)
        return put_late(s, m, row);
    open_put(s, m, row);
    return ERR_OK;
}

static enum err check_reading(const struct reading *r)
{
    size_t telegrams = r->n_telegrams, values = r->n_values;
    if (r->meter == 0 || telegrams > CHAIN_MAX || values > GROUP_VALUES_MAX || (unsigned)r->status >= READOUT_N_STATUS)
        return ERR_RANGE;
    return r->utc > INT64_MAX / 4 || r->utc < INT64_MIN / 4 ? ERR_RANGE : ERR_OK;
}

enum err store_put_reading(struct store *s, const struct reading *r)
{
    struct meter_rows *m;
    struct layout *layout = NULL;
    enum err e = check_reading(r);
    e = e ? e : store_admit(s);
    e = e ? e : meter_rows_get(s, r->meter, &m);
    if (!e && (r->n_values || r->n_telegrams))
        e = layout_of_reading(s, m, r, &layout);
    if (e)
        return e;
    struct counters before = s->counters;
    s->counters.readings++;
    s->counters.values += r->n_values;
    struct row row = row_of(layout, r, r->utc);
    e = put_row(s, m, &row);
    free((void *)(uintptr_t)row.cells);
    if (e) {
        s->counters.readings = before.readings;
        s->counters.values = before.values;
        return e;
    }
    if (r->n_telegrams && (r->status == READOUT_OK || r->status == READOUT_NO_KEY))
        chain_keep(m, r);
    if (!s->oldest_utc || row.utc < s->oldest_utc)
        s->oldest_utc = row.utc;
    if (s->batch_rows >= COMMIT_ROWS) {
        e = store_commit(s, NULL, NULL);
        (void)e; /* it is kept in memory, and tried again */
    }
    return ERR_OK;
}
