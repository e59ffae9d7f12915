/* table.c — readings of one meter side by side, in columns that grow.
 *
 * Knows: shapes of values, groups of one layout, texts by place.
 * Does not know: how rows and blocks are written, what series and layouts mean.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/table.h"

#include <stdlib.h>

#include "core/base/bug.h"
#include "core/base/mem.h"
#include "core/base/rd.h"
#include "core/base/str.h"
#include "core/base/wr.h"

bool shape_kind_is_text(uint8_t kind)
{
    return kind == VALUE_TEXT || kind == VALUE_BYTES || kind == VALUE_MAKER_BLOCK || kind == VALUE_MORE_FOLLOWS;
}

int64_t shape_of(const struct value *v)
{
    return SHAPE_FIRST_OTHER + (v->kind | v->note << 8 | (uint8_t)v->exp10 << 16);
}

bool shape_is_text(int64_t shape)
{
    return shape == SHAPE_USUAL_TEXT ||
           (shape >= SHAPE_FIRST_OTHER && shape_kind_is_text((uint8_t)(shape - SHAPE_FIRST_OTHER)));
}

bool shape_is_valid(int64_t shape)
{
    if (shape == SHAPE_USUAL || shape == SHAPE_USUAL_TEXT)
        return true;
    int64_t packed = shape - SHAPE_FIRST_OTHER;
    return packed >= 0 && packed < 1 << 24 && (packed & 0xFF) <= VALUE_MORE_FOLLOWS && (packed >> 8 & 0xFF) < NOTE_N;
}

void shape_apply(int64_t shape, struct value *v)
{
    if (shape < SHAPE_FIRST_OTHER)
        return;
    int64_t packed = shape - SHAPE_FIRST_OTHER;
    v->kind = (uint8_t)packed;
    v->note = (uint8_t)(packed >> 8);
    v->exp10 = (int8_t)(packed >> 16);
}

void table_init(struct table *t)
{
    *t = (struct table){ 0 };
}

void table_fini(struct table *t)
{
    for (size_t i = 0; i < t->n_groups; i++) {
        free(t->groups[i].cells);
        free(t->groups[i].shapes);
    }
    free(t->utc);
    free(t->status);
    free(t->group);
    free(t->nth);
    free(t->texts);
    table_init(t);
}

/* Columns move apart when the room for readings grows. */
static int64_t *columns_grow(int64_t *cells, size_t n_columns, const struct group *g, size_t cap)
{
    int64_t *grown = xmalloc(n_columns * cap * sizeof *grown + 1);
    for (size_t c = 0; c < n_columns && g->n; c++)
        bytes_copy(grown + c * cap, cap * sizeof *grown, cells + c * g->cap, g->n * sizeof *grown);
    free(cells);
    return grown;
}

void group_reserve(struct group *g, size_t rows)
{
    if (g->cells && g->cap - g->n >= rows)
        return;
    size_t cap = g->n ? g->n + (rows > g->n ? rows : g->n) : rows;
    g->cells = columns_grow(g->cells, group_columns(g), g, cap);
    if (g->shapes) {
        int64_t *shapes = columns_grow(g->shapes, g->n_values, g, cap);
        for (size_t v = 0; v < g->n_values; v++)
            bytes_fill(shapes + v * cap + g->n, SHAPE_USUAL, (cap - g->n) * sizeof *shapes);
        g->shapes = shapes;
    }
    g->cap = cap;
}

int64_t *group_make_shapes(struct group *g)
{
    if (!g->shapes)
        g->shapes = xcalloc(g->n_values * g->cap + 1, sizeof *g->shapes);
    return g->shapes;
}

void table_reserve(struct table *t, size_t rows)
{
    if (t->cap - t->n >= rows)
        return;
    size_t cap = t->n + (rows > t->n ? rows : t->n);
    t->utc = xrealloc(t->utc, cap, sizeof *t->utc);
    t->status = xrealloc(t->status, cap, sizeof *t->status);
    t->group = xrealloc(t->group, cap, sizeof *t->group);
    t->nth = xrealloc(t->nth, cap, sizeof *t->nth);
    t->cap = cap;
}

enum err table_group(struct table *t, const struct group *like, size_t *out)
{
    for (size_t i = 0; i < t->n_groups; i++) {
        const struct group *g = &t->groups[i];
        if (g->layout != like->layout)
            continue;
        if (g->n_heads != like->n_heads || g->n_values != like->n_values)
            return ERR_CORRUPT;
        *out = i;
        return ERR_OK;
    }
    if (t->n_groups == GROUPS_MAX)
        return ERR_TOO_MANY;
    if (like->n_heads > CHAIN_MAX || like->n_values > GROUP_VALUES_MAX)
        return ERR_CORRUPT;
    t->groups[t->n_groups] =
        (struct group){ .layout = like->layout, .n_heads = like->n_heads, .n_values = like->n_values };
    *out = t->n_groups++;
    return ERR_OK;
}

size_t table_add(struct table *t, int64_t utc, uint8_t status, size_t group)
{
    BUG_IF(group >= t->n_groups);
    struct group *g = &t->groups[group];
    table_reserve(t, 1);
    group_reserve(g, 1);
    t->utc[t->n] = utc;
    t->status[t->n] = status;
    t->group[t->n] = (uint8_t)group;
    t->nth[t->n] = (uint32_t)g->n;
    t->n++;
    return g->n++;
}

/* The text as one of the table's own: the one at `before`, when that says the same (-1: there is none). */
static enum err own_text(struct table *t, const uint8_t *texts, size_t texts_len, int64_t before, int64_t *place)
{
    const uint8_t *bytes, *same;
    size_t len, same_len;
    enum err e = text_at(texts, texts_len, *place, &bytes, &len);
    if (e)
        return e;
    bool is_same = before >= 0 && text_at(t->texts, t->texts_len, before, &same, &same_len) == ERR_OK &&
                   bytes_equal(same, same_len, bytes, len);
    *place = is_same ? before : (int64_t)table_add_text(t, bytes, len);
    return ERR_OK;
}

static enum err take_texts_of(struct table *t, struct group *g, size_t value, const uint8_t *texts, size_t len)
{
    int64_t *numbers = group_numbers(g, value), was = -1, own = -1;
    for (size_t row = 0; row < g->n; row++) {
        if (!shape_is_text(group_shape(g, value, row)))
            continue;
        if (numbers[row] == was) {
            numbers[row] = own;
            continue;
        }
        was = numbers[row];
        enum err e = own_text(t, texts, len, own, &numbers[row]);
        if (e)
            return e;
        own = numbers[row];
    }
    return ERR_OK;
}

enum err table_take_texts(struct table *t, const uint8_t *texts, size_t len)
{
    enum err e = ERR_OK;
    for (size_t i = 0; i < t->n_groups; i++)
        for (size_t v = 0; t->groups[i].shapes && v < t->groups[i].n_values && !e; v++)
            e = take_texts_of(t, &t->groups[i], v, texts, len);
    return e;
}

static enum err copy_texts(struct table *t, struct group *to, size_t row, const struct table *src)
{
    for (size_t v = 0; v < to->n_values; v++) {
        if (!shape_is_text(group_shape(to, v, row)))
            continue;
        int64_t *place = &group_numbers(to, v)[row];
        int64_t before = row && shape_is_text(group_shape(to, v, row - 1)) ? place[-1] : -1;
        enum err e = own_text(t, src->texts, src->texts_len, before, place);
        if (e)
            return e;
    }
    return ERR_OK;
}

enum err table_copy(struct table *t, const struct table *src, size_t from, size_t to)
{
    table_reserve(t, to - from);
    for (size_t i = from; i < to; i++) {
        const struct group *g = &src->groups[src->group[i]];
        size_t group;
        enum err e = table_group(t, g, &group);
        if (e)
            return e;
        size_t row = table_add(t, src->utc[i], src->status[i], group);
        struct group *mine = &t->groups[group];
        for (size_t c = 0; c < group_columns(g); c++)
            group_column(mine, c)[row] = group_column(g, c)[src->nth[i]];
        if (g->shapes) {
            int64_t *shapes = group_make_shapes(mine);
            for (size_t v = 0; v < g->n_values; v++)
                shapes[v * mine->cap + row] = group_shape(g, v, src->nth[i]);
            e = copy_texts(t, mine, row, src);
        }
        if (e)
            return e;
    }
    return ERR_OK;
}

size_t table_add_text(struct table *t, const uint8_t *bytes, size_t len)
{
    enum { LENGTH_MAX = 10 };
    if (t->texts_cap - t->texts_len < len + LENGTH_MAX) {
        t->texts_cap = t->texts_cap * 2 + len + LENGTH_MAX + 64;
        t->texts = xrealloc(t->texts, t->texts_cap, 1);
    }
    struct wr w = wr_init(t->texts + t->texts_len, t->texts_cap - t->texts_len);
    wr_varint(&w, len);
    wr_bytes(&w, bytes, len);
    BUG_IF(!wr_ok(&w));
    size_t place = t->texts_len;
    t->texts_len += wr_len(&w);
    return place;
}

enum err text_at(const uint8_t *texts, size_t texts_len, int64_t place, const uint8_t **bytes, size_t *len)
{
    if (place < 0 || (uint64_t)place >= texts_len)
        return ERR_CORRUPT;
    struct rd r = rd_init(texts + place, texts_len - (size_t)place);
    uint64_t n = rd_varint(&r);
    if (n > UINT16_MAX)
        return ERR_CORRUPT;
    const uint8_t *at = rd_bytes(&r, n);
    if (!rd_ok(&r))
        return ERR_CORRUPT;
    *bytes = at;
    *len = n;
    return ERR_OK;
}

size_t table_find(const struct table *t, int64_t utc)
{
    size_t low = 0, high = t->n;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (t->utc[mid] < utc)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}
