/* row.c — one reading as the difference to the one before.
 *
 * A row: varint (group, status, flags) · layout and sizes when the group is new · zigzag seconds since the row before ·
 * if flagged, which shapes change and to what · which cells change, and for each the zigzag difference or the new text.
 * Differences wrap around, so that any two integers have one.
 * Knows: tables, varints. Does not know: where rows are kept, when they are sealed.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/row.h"

#include <stdlib.h>

#include "core/base/mem.h"
#include "core/base/rd.h"
#include "core/base/str.h"

enum { ROW_NEW_GROUP = 1, ROW_HAS_SHAPES = 2, ROW_STATUS_SHIFT = 2, ROW_STATUS_MASK = 7, ROW_GROUP_SHIFT = 5 };
enum { VARINT_MAX = 10 };

void rows_init(struct rows *r)
{
    *r = (struct rows){ 0 };
}

void rows_fini(struct rows *r)
{
    for (size_t i = 0; i < r->n_groups; i++) {
        free(r->groups[i].last);
        free(r->groups[i].shapes);
    }
    free(r->groups);
    free(r->bytes);
    rows_init(r);
}

void rows_clear(struct rows *r)
{
    rows_fini(r);
}

static size_t rows_find_group(const struct rows *r, uint32_t layout)
{
    size_t i = 0;
    while (i < r->n_groups && r->groups[i].like.layout != layout)
        i++;
    return i;
}

bool rows_fit(const struct rows *r, const struct group *like)
{
    size_t i = rows_find_group(r, like->layout);
    if (i == r->n_groups)
        return i < GROUPS_MAX;
    const struct group *g = &r->groups[i].like;
    return g->n_heads == like->n_heads && g->n_values == like->n_values;
}

/* --- writing --- */

size_t row_size_max(const struct row *row)
{
    size_t columns = group_columns(&row->like), values = row->like.n_values;
    size_t n = 5 * VARINT_MAX + (columns + values) / 8 + 2 + (columns + values) * VARINT_MAX;
    for (size_t v = 0; row->shapes && v < values; v++)
        n += shape_is_text(row->shapes[v]) ? row->values[v].len : 0U;
    return n;
}

static void bit_set(uint8_t *bits, size_t i)
{
    bits[i / 8] |= (uint8_t)(1 << i % 8);
}
static bool bit_get(const uint8_t *bits, size_t i)
{
    return bits[i / 8] >> i % 8 & 1;
}

static uint8_t *take_bits(struct wr *w, size_t n)
{
    uint8_t *bits = wr_take(w, (n + 7) / 8);
    if (bits)
        bytes_fill(bits, 0, (n + 7) / 8);
    return bits;
}

static int64_t shape_at(const int64_t *shapes, size_t value)
{
    return shapes ? shapes[value] : SHAPE_USUAL;
}

static bool shapes_differ(const int64_t *a, const int64_t *b, size_t n)
{
    for (size_t v = 0; (a || b) && v < n; v++)
        if (shape_at(a, v) != shape_at(b, v))
            return true;
    return false;
}

static void write_shapes(struct wr *w, const struct row *row, const int64_t *last)
{
    uint8_t *bits = take_bits(w, row->like.n_values);
    for (size_t v = 0; bits && v < row->like.n_values; v++) {
        int64_t shape = shape_at(row->shapes, v);
        if (shape == shape_at(last, v))
            continue;
        bit_set(bits, v);
        wr_varint(w, (uint64_t)shape);
    }
}

static bool text_is_same(const struct rows *to, const struct row_group *g, const struct row *row, size_t v,
                         int64_t last)
{
    const uint8_t *bytes;
    size_t len;
    return g && shape_is_text(shape_at(g->shapes, v)) && text_at(to->bytes, to->len, last, &bytes, &len) == ERR_OK &&
           bytes_equal(bytes, len, row->values[v].bytes, row->values[v].len);
}

static bool shape_has_no_number(int64_t shape)
{
    return shape >= SHAPE_FIRST_OTHER && ((shape - SHAPE_FIRST_OTHER) & 0xFF) == VALUE_NONE;
}

static void write_cells(struct wr *w, const struct rows *to, const struct row_group *g, const struct row *row)
{
    size_t n = group_columns(&row->like), first_value = n - row->like.n_values;
    uint8_t *bits = take_bits(w, n);
    for (size_t c = 0; bits && c < n; c++) {
        int64_t last = g ? g->last[c] : 0;
        int64_t shape = c < first_value ? SHAPE_USUAL : shape_at(row->shapes, c - first_value);
        if (shape_is_text(shape)) {
            const struct value *v = &row->values[c - first_value];
            if (text_is_same(to, g, row, c - first_value, last))
                continue;
            wr_varint(w, v->len);
            wr_bytes(w, v->bytes, v->len);
        } else if (row->cells[c] != last && !shape_has_no_number(shape)) {
            wr_zigzag(w, (int64_t)((uint64_t)row->cells[c] - (uint64_t)last));
        } else {
            continue;
        }
        bit_set(bits, c);
    }
}

void row_write(struct wr *w, const struct rows *to, const struct row *row)
{
    size_t i = rows_find_group(to, row->like.layout);
    const struct row_group *g = i < to->n_groups ? &to->groups[i] : NULL;
    const int64_t *last_shapes = g ? g->shapes : NULL;
    bool has_shapes = shapes_differ(row->shapes, last_shapes, row->like.n_values);
    wr_varint(w, (uint64_t)i << ROW_GROUP_SHIFT | (uint64_t)row->status << ROW_STATUS_SHIFT |
                     (has_shapes ? ROW_HAS_SHAPES : 0U) | (g ? 0U : ROW_NEW_GROUP));
    if (!g) {
        wr_varint(w, row->like.layout);
        wr_varint(w, row->like.n_heads);
        wr_varint(w, row->like.n_values);
    }
    wr_zigzag(w, row->utc - (to->n ? to->last_utc : 0));
    if (has_shapes)
        write_shapes(w, row, last_shapes);
    write_cells(w, to, g, row);
}

/* --- reading --- */

struct row_head {
    int64_t utc;
    uint8_t status;
    bool is_new, has_shapes;
    size_t group;
    struct group like; /* when is_new */
};

static enum err read_head(struct rd *r, int64_t last_utc, struct row_head *h)
{
    uint64_t word = rd_varint(r);
    *h = (struct row_head){ .status = word >> ROW_STATUS_SHIFT & ROW_STATUS_MASK,
                            .is_new = word & ROW_NEW_GROUP,
                            .has_shapes = word & ROW_HAS_SHAPES,
                            .group = word >> ROW_GROUP_SHIFT };
    if (h->is_new) {
        uint64_t layout = rd_varint(r), heads = rd_varint(r), values = rd_varint(r);
        if (layout > UINT32_MAX || heads > CHAIN_MAX || values > GROUP_VALUES_MAX)
            return ERR_CORRUPT;
        h->like =
            (struct group){ .layout = (uint32_t)layout, .n_heads = (uint32_t)heads, .n_values = (uint32_t)values };
    }
    if (!num_add(last_utc, rd_zigzag(r), &h->utc))
        return ERR_CORRUPT;
    return rd_ok(r) && h->status < READOUT_N_STATUS ? ERR_OK : ERR_CORRUPT;
}

bool row_is_first(const uint8_t *bytes, size_t len)
{
    struct rd r = rd_init(bytes, len);
    uint64_t word = rd_varint(&r);
    return word >> ROW_GROUP_SHIFT == 0 && word & ROW_NEW_GROUP;
}

/* Where a row's cells go: columns a stride apart, holding the row before already. */
struct cells {
    size_t n_columns, n_values, stride;
    int64_t *numbers;
    int64_t *shapes; /* NULL: all usual */
};

static enum err read_shapes(struct rd *r, struct cells *c)
{
    const uint8_t *bits = rd_bytes(r, (c->n_values + 7) / 8);
    for (size_t v = 0; bits && c->shapes && v < c->n_values; v++) {
        if (!bit_get(bits, v))
            continue;
        int64_t shape = (int64_t)rd_varint(r);
        if (!shape_is_valid(shape))
            return ERR_CORRUPT;
        c->shapes[v * c->stride] = shape;
    }
    return rd_ok(r) ? ERR_OK : ERR_CORRUPT;
}

static enum err read_text(struct rd *r, const uint8_t *base, int64_t *cell)
{
    *cell = (int64_t)(r->p - base);
    uint64_t len = rd_varint(r);
    return len <= UINT16_MAX && rd_skip(r, (size_t)len) ? ERR_OK : ERR_CORRUPT;
}

static enum err read_cells(struct rd *r, const uint8_t *base, struct cells *c)
{
    size_t n_bytes = (c->n_columns + 7) / 8, first_value = c->n_columns - c->n_values;
    const uint8_t *changed = rd_bytes(r, n_bytes);
    for (size_t k = 0; changed && k < n_bytes; k++) {
        for (unsigned bits = changed[k]; bits; bits &= bits - 1) {
            size_t i = k * 8 + (unsigned)__builtin_ctz(bits);
            if (i >= c->n_columns)
                return ERR_CORRUPT;
            int64_t *cell = &c->numbers[i * c->stride];
            bool is_text = c->shapes && i >= first_value && shape_is_text(c->shapes[(i - first_value) * c->stride]);
            if (is_text && read_text(r, base, cell) != ERR_OK)
                return ERR_CORRUPT;
            if (!is_text)
                *cell = (int64_t)((uint64_t)*cell + (uint64_t)rd_zigzag(r));
        }
    }
    return rd_ok(r) ? ERR_OK : ERR_CORRUPT;
}

static struct row_group *rows_add_group(struct rows *r, const struct group *like)
{
    r->groups = xrealloc(r->groups, r->n_groups + 1, sizeof *r->groups);
    struct row_group *g = &r->groups[r->n_groups++];
    *g = (struct row_group){ .like = *like, .last = xcalloc(group_columns(like) + 1, sizeof *g->last) };
    return g;
}

static enum err rows_follow(struct rows *r, struct rd *in)
{
    struct row_head h;
    enum err e = read_head(in, r->n ? r->last_utc : 0, &h);
    if (e)
        return e;
    if (r->n && h.utc <= r->last_utc)
        return ERR_CORRUPT;
    if (h.is_new ? h.group != r->n_groups || !rows_fit(r, &h.like) : h.group >= r->n_groups)
        return ERR_CORRUPT;
    struct row_group *g = h.is_new ? rows_add_group(r, &h.like) : &r->groups[h.group];
    if (h.has_shapes && !g->shapes)
        g->shapes = xcalloc(g->like.n_values + 1, sizeof *g->shapes);
    struct cells c = { group_columns(&g->like), g->like.n_values, 1, g->last, g->shapes };
    if (h.has_shapes && (e = read_shapes(in, &c)))
        return e;
    e = read_cells(in, r->bytes, &c);
    if (e || rd_left(in))
        return ERR_CORRUPT;
    r->first_utc = r->n ? r->first_utc : h.utc;
    r->last_utc = h.utc;
    r->n++;
    return ERR_OK;
}

enum err rows_append(struct rows *r, const uint8_t *bytes, size_t len)
{
    if (r->cap - r->len < len) {
        r->cap = (r->len + len) * 3 / 2 + 64;
        r->bytes = xrealloc(r->bytes, r->cap, 1);
    }
    bytes_copy(r->bytes + r->len, r->cap - r->len, bytes, len);
    struct rd in = rd_init(r->bytes + r->len, len);
    r->len += len;
    return rows_follow(r, &in);
}

static enum err table_take_row(struct table *t, struct rd *in, const uint8_t *base)
{
    struct row_head h;
    enum err e = read_head(in, t->n ? t->utc[t->n - 1] : 0, &h);
    if (e)
        return e;
    if (t->n && h.utc <= t->utc[t->n - 1])
        return ERR_CORRUPT;
    size_t group = h.group;
    if (h.is_new && (table_group(t, &h.like, &group) || group != h.group))
        return ERR_CORRUPT;
    if (group >= t->n_groups)
        return ERR_CORRUPT;
    if (h.is_new)
        group_reserve(&t->groups[group], t->cap - t->n);
    size_t row = table_add(t, h.utc, h.status, group);
    struct group *g = &t->groups[group];
    size_t columns = group_columns(g);
    for (size_t i = 0; i < columns; i++)
        g->cells[i * g->cap + row] = row ? g->cells[i * g->cap + row - 1] : 0;
    if (h.has_shapes)
        group_make_shapes(g);
    for (size_t v = 0; g->shapes && row && v < g->n_values; v++)
        g->shapes[v * g->cap + row] = g->shapes[v * g->cap + row - 1];
    struct cells c = { columns, g->n_values, g->cap, g->cells + row, g->shapes ? g->shapes + row : NULL };
    if (h.has_shapes && (e = read_shapes(in, &c)))
        return e;
    return read_cells(in, base, &c);
}

enum err rows_to_table(const struct rows *r, struct table *t)
{
    struct rd in = rd_init(r->bytes, r->len);
    table_reserve(t, r->n + 1);
    for (size_t i = 0; i < r->n; i++) {
        enum err e = table_take_row(t, &in, r->bytes);
        if (e)
            return e;
    }
    return table_take_texts(t, r->bytes, r->len);
}
