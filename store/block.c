/* block.c — a table of readings as one sealed block, and back.
 *
 * A block: format · rows · first utc · last utc - first · groups (layout, heads, values, rows, has shapes) · length of the
 * texts · columns: times, statuses, groups, then of each group heads, numbers, shapes · texts.
 * Knows: tables, columns. Does not know: where blocks are kept, when they are merged.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/block.h"

#include <stdlib.h>

#include "core/base/bug.h"
#include "core/base/mem.h"
#include "core/base/str.h"

enum { BLOCK_FORMAT = 1, HEADER_MAX = 64, GROUP_HEADER_MAX = 40, TEXTS_MAX = 1 << 20 };

size_t block_size_max(const struct table *t)
{
    size_t n = HEADER_MAX + 3 * (9 * t->n + COLUMN_SPARE) + t->texts_len + COLUMN_SPARE;
    for (size_t i = 0; i < t->n_groups; i++) {
        const struct group *g = &t->groups[i];
        n += GROUP_HEADER_MAX + (group_columns(g) + (g->shapes ? g->n_values : 0)) * (9 * g->n + COLUMN_SPARE);
    }
    return n;
}

/* --- writing --- */

static void write_header(struct wr *w, const struct table *t)
{
    wr_u8(w, BLOCK_FORMAT);
    wr_varint(w, t->n);
    wr_zigzag(w, t->utc[0]);
    wr_varint(w, (uint64_t)(t->utc[t->n - 1] - t->utc[0]));
    wr_varint(w, t->n_groups);
    for (size_t i = 0; i < t->n_groups; i++) {
        const struct group *g = &t->groups[i];
        wr_varint(w, g->layout);
        wr_varint(w, g->n_heads);
        wr_varint(w, g->n_values);
        wr_varint(w, (uint64_t)g->n << 1 | (g->shapes ? 1U : 0U));
    }
    wr_varint(w, t->texts_len);
}

/* A column of the small numbers that a table keeps in bytes. */
static void write_small(struct wr *w, struct packer *p, const uint8_t *v, size_t n, bool is_small)
{
    int64_t *wide = xmalloc(n * sizeof *wide + 1);
    for (size_t i = 0; i < n; i++)
        wide[i] = v[i];
    column_write(w, p, wide, n, is_small);
    free(wide);
}

void block_write(struct wr *w, struct packer *p, const struct table *t)
{
    BUG_IF(t->n == 0);
    bool is_small = t->n < BLOCK_SMALL_ROWS;
    write_header(w, t);
    column_write(w, p, t->utc, t->n, is_small);
    write_small(w, p, t->status, t->n, is_small);
    write_small(w, p, t->group, t->n, is_small);
    for (size_t i = 0; i < t->n_groups; i++) {
        const struct group *g = &t->groups[i];
        for (size_t c = 0; c < group_columns(g); c++)
            column_write(w, p, group_column(g, c), g->n, is_small);
        for (size_t v = 0; g->shapes && v < g->n_values; v++)
            column_write(w, p, g->shapes + v * g->cap, g->n, is_small);
    }
    bytes_write(w, p, t->texts, t->texts_len);
}

/* --- reading --- */

static enum err open_group(struct block *b, struct rd *r, size_t i)
{
    uint64_t layout = rd_varint(r), heads = rd_varint(r), values = rd_varint(r), rows = rd_varint(r);
    if (layout > UINT32_MAX || heads > CHAIN_MAX || values > GROUP_VALUES_MAX || rows >> 1 > b->n)
        return ERR_CORRUPT;
    b->groups[i] = (struct group){
        .layout = (uint32_t)layout, .n_heads = (uint32_t)heads, .n_values = (uint32_t)values, .n = (size_t)(rows >> 1)
    };
    b->has_shapes[i] = rows & 1;
    for (size_t k = 0; k < i; k++)
        if (b->groups[k].layout == layout)
            return ERR_CORRUPT;
    return ERR_OK;
}

enum err block_open(struct block *b, const uint8_t *bytes, size_t len)
{
    struct rd r = rd_init(bytes, len);
    uint8_t format = rd_u8(&r);
    uint64_t n = rd_varint(&r);
    int64_t first = rd_zigzag(&r);
    uint64_t span = rd_varint(&r), n_groups = rd_varint(&r);
    if (!rd_ok(&r) || format != BLOCK_FORMAT || n == 0 || n > TABLE_ROWS_MAX || span > INT64_MAX ||
        n_groups > GROUPS_MAX)
        return ERR_CORRUPT;
    b->n = (size_t)n;
    b->n_groups = (size_t)n_groups;
    b->first_utc = first;
    if (!num_add(first, (int64_t)span, &b->last_utc))
        return ERR_CORRUPT;
    uint64_t rows = 0;
    for (size_t i = 0; i < b->n_groups; i++) {
        enum err e = open_group(b, &r, i);
        if (e)
            return e;
        rows += b->groups[i].n;
    }
    uint64_t texts = rd_varint(&r);
    if (!rd_ok(&r) || rows != n || texts > TEXTS_MAX)
        return ERR_CORRUPT;
    b->texts_len = (size_t)texts;
    b->columns = r;
    return ERR_OK;
}

/* What it costs in memory is bounded before anything is taken. */
static bool is_too_large(const struct block *b)
{
    enum { CELLS_MAX = 4 << 20 };
    uint64_t cells = b->n;
    for (size_t i = 0; i < b->n_groups; i++)
        cells +=
            (uint64_t)b->groups[i].n * (group_columns(&b->groups[i]) + (b->has_shapes[i] ? b->groups[i].n_values : 0));
    return cells > CELLS_MAX;
}

/* A column of numbers below a limit of at most 256; nearly always of one number alone. */
static enum err read_small(struct rd *r, struct packer *p, uint8_t *out, size_t n, int64_t limit)
{
    int64_t same;
    if (column_read_constant(r, &same)) {
        bytes_fill(out, (uint8_t)same, n);
        return same >= 0 && same < limit ? ERR_OK : ERR_CORRUPT;
    }
    int64_t *wide = xmalloc(n * sizeof *wide + 1);
    enum err e = column_read(r, p, wide, n);
    for (size_t i = 0; !e && i < n; i++) {
        if (wide[i] < 0 || wide[i] >= limit)
            e = ERR_CORRUPT;
        out[i] = (uint8_t)wide[i];
    }
    free(wide);
    return e;
}

/* From the groups of the block to those of the table, and which of its group each row is. */
static enum err place_rows(const struct block *b, struct table *t, const size_t *in_table)
{
    uint32_t next[GROUPS_MAX];
    uint8_t *group = t->group + t->n;
    uint32_t *nth = t->nth + t->n;
    for (size_t i = 0; i < b->n_groups; i++)
        next[i] = (uint32_t)t->groups[in_table[i]].n;
    if (b->n_groups == 1) {
        bytes_fill(group, (uint8_t)in_table[0], b->n);
        for (size_t i = 0; i < b->n; i++)
            nth[i] = next[0] + (uint32_t)i;
        return ERR_OK;
    }
    for (size_t i = 0; i < b->n; i++) {
        uint8_t g = group[i];
        group[i] = (uint8_t)in_table[g];
        nth[i] = next[g]++;
    }
    for (size_t i = 0; i < b->n_groups; i++)
        if (next[i] - t->groups[in_table[i]].n != b->groups[i].n)
            return ERR_CORRUPT;
    return ERR_OK;
}

/* Times, statuses and groups; in_table tells where the block's groups are in the table. */
static enum err read_rows(const struct block *b, struct packer *p, struct rd *r, struct table *t,
                          const size_t *in_table)
{
    table_reserve(t, b->n);
    int64_t *utc = t->utc + t->n;
    enum err e = column_read(r, p, utc, b->n);
    e = e ? e : read_small(r, p, t->status + t->n, b->n, READOUT_N_STATUS);
    e = e ? e : read_small(r, p, t->group + t->n, b->n, (int64_t)b->n_groups);
    if (e)
        return e;
    bool ascends = utc[0] == b->first_utc && utc[b->n - 1] == b->last_utc && (t->n == 0 || utc[-1] < utc[0]);
    for (size_t i = 1; i < b->n; i++)
        ascends &= utc[i - 1] < utc[i];
    return ascends ? place_rows(b, t, in_table) : ERR_CORRUPT;
}

/* Numbers of texts are places in the block's texts: check them, and move them to where those stand in the table. */
static enum err place_texts(struct group *g, size_t from, size_t n, size_t block_texts, size_t base)
{
    for (size_t v = 0; v < g->n_values; v++) {
        int64_t *shapes = g->shapes + v * g->cap + from, *numbers = group_numbers(g, v) + from;
        for (size_t i = 0; i < n; i++) {
            if (!shape_is_valid(shapes[i]))
                return ERR_CORRUPT;
            if (!shape_is_text(shapes[i]))
                continue;
            if (numbers[i] < 0 || (uint64_t)numbers[i] >= block_texts)
                return ERR_CORRUPT;
            numbers[i] += (int64_t)base;
        }
    }
    return ERR_OK;
}

static enum err read_group(const struct block *b, size_t i, struct packer *p, struct rd *r, struct table *t, size_t at)
{
    struct group *g = &t->groups[at];
    size_t n = b->groups[i].n, from = g->n;
    enum err e = ERR_OK;
    group_reserve(g, g->n ? n : n * (t->cap / b->n)); /* the table was made for so many blocks like this */
    for (size_t c = 0; !e && c < group_columns(g); c++)
        e = column_read(r, p, group_column(g, c) + from, n);
    if (!e && b->has_shapes[i]) {
        group_make_shapes(g);
        for (size_t v = 0; !e && v < g->n_values; v++)
            e = column_read(r, p, g->shapes + v * g->cap + from, n);
        e = e ? e : place_texts(g, from, n, b->texts_len, t->texts_len);
    }
    return e;
}

static enum err read_texts(const struct block *b, struct packer *p, struct rd *r, struct table *t)
{
    if (t->texts_cap - t->texts_len < b->texts_len) {
        t->texts_cap = t->texts_len + b->texts_len;
        t->texts = xrealloc(t->texts, t->texts_cap, 1);
    }
    enum err e = bytes_read(r, p, t->texts + t->texts_len, b->texts_len);
    t->texts_len += e ? 0 : b->texts_len;
    return e;
}

enum err block_read(const struct block *b, struct packer *p, struct table *t)
{
    struct rd r = b->columns;
    size_t in_table[GROUPS_MAX];
    enum err e = is_too_large(b) || t->n + b->n > TABLE_ROWS_MAX ? ERR_CORRUPT : ERR_OK;
    for (size_t i = 0; !e && i < b->n_groups; i++)
        e = table_group(t, &b->groups[i], &in_table[i]);
    e = e ? e : read_rows(b, p, &r, t, in_table);
    for (size_t i = 0; !e && i < b->n_groups; i++)
        e = read_group(b, i, p, &r, t, in_table[i]);
    e = e ? e : read_texts(b, p, &r, t);
    if (e)
        return e;
    for (size_t i = 0; i < b->n_groups; i++)
        t->groups[in_table[i]].n += b->groups[i].n;
    t->n += b->n;
    return ERR_OK;
}

static enum err skip_columns(struct rd *r, size_t n)
{
    enum err e = ERR_OK;
    for (size_t i = 0; !e && i < n; i++)
        e = column_skip(r);
    return e;
}

/* The number and shape of one value; the columns around it are passed over. */
static enum err read_value(const struct block *b, size_t i, struct packer *p, struct rd *r, struct table *t,
                           uint16_t pick)
{
    const struct group *whole = &b->groups[i];
    struct group *g = &t->groups[i];
    size_t before = (size_t)whole->n_heads * HEAD_COLUMNS + pick;
    if (pick >= whole->n_values)
        return skip_columns(r, group_columns(whole) + (b->has_shapes[i] ? whole->n_values : 0));
    group_reserve(g, whole->n);
    enum err e = skip_columns(r, before);
    e = e ? e : column_read(r, p, group_numbers(g, 0), whole->n);
    e = e ? e : skip_columns(r, group_columns(whole) - before - 1);
    if (e || !b->has_shapes[i])
        return e;
    e = skip_columns(r, pick);
    e = e ? e : column_read(r, p, group_make_shapes(g), whole->n);
    e = e ? e : skip_columns(r, whole->n_values - pick - 1U);
    return e ? e : place_texts(g, 0, whole->n, b->texts_len, 0);
}

enum err block_read_one(const struct block *b, struct packer *p, const uint16_t *pick, struct table *t)
{
    struct rd r = b->columns;
    size_t in_table[GROUPS_MAX] = { 0 };
    enum err e = is_too_large(b) ? ERR_CORRUPT : ERR_OK;
    for (size_t i = 0; !e && i < b->n_groups; i++) {
        struct group one = { .layout = b->groups[i].layout, .n_values = pick[i] < b->groups[i].n_values ? 1 : 0 };
        e = table_group(t, &one, &in_table[i]);
        if (!e && in_table[i] != i)
            e = ERR_CORRUPT;
    }
    e = e ? e : read_rows(b, p, &r, t, in_table);
    for (size_t i = 0; !e && i < b->n_groups; i++)
        e = read_value(b, i, p, &r, t, pick[i]);
    e = e ? e : read_texts(b, p, &r, t);
    if (e)
        return e;
    for (size_t i = 0; i < b->n_groups; i++)
        t->groups[i].n = b->groups[i].n;
    t->n = b->n;
    return ERR_OK;
}
