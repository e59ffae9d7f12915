/* table.h — readings of one meter side by side: what open rows and blocks are decoded into, and made from.
 *
 * A reading belongs to a group: all readings of one layout (which series, in which telegram, at which place). A group is
 * columns of integers: four for the head of each telegram, then the number of each value, then, if any value is of
 * another shape than its layout says, the shape of each value. A text's number is its place in the table's texts.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef STORE_TABLE_H
#define STORE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/reading.h"

enum {
    GROUPS_MAX = 16, /* layouts that meet in one table */
    TABLE_ROWS_MAX = 1 << 16,
    GROUP_VALUES_MAX = 1 << 14, /* CHAIN_MAX telegrams full of records stay below */
};

enum head_column { HEAD_IDENTITY, HEAD_ACCESS, HEAD_STATUS, HEAD_SIGNATURE, HEAD_COLUMNS };

/* The shape of a value is its kind, note and exponent in one number; most are as the layout says. */
enum { SHAPE_USUAL = 0, SHAPE_USUAL_TEXT = 1, SHAPE_FIRST_OTHER = 2 };
int64_t shape_of(const struct value *v);
bool shape_kind_is_text(uint8_t kind); /* the number of such a value is a place among the texts */
bool shape_is_text(int64_t shape);
bool shape_is_valid(int64_t shape);
void shape_apply(int64_t shape, struct value *v); /* sets kind, note and exp10; nothing for the usual shapes */

struct group {
    uint32_t layout; /* 0: readings without telegrams */
    uint32_t n_heads, n_values;
    size_t n, cap;   /* readings */
    int64_t *cells;  /* column after column, cap apart: heads, then numbers */
    int64_t *shapes; /* likewise; NULL: all usual */
};

struct table {
    size_t n, cap;
    int64_t *utc;    /* strictly ascending */
    uint8_t *status; /* enum readout_status */
    uint8_t *group;  /* of each reading */
    uint32_t *nth;   /* which of its group it is */
    struct group groups[GROUPS_MAX];
    size_t n_groups;
    uint8_t *texts; /* each a varint length and its bytes */
    size_t texts_len, texts_cap;
};

void table_init(struct table *t);
void table_fini(struct table *t);

static inline size_t group_columns(const struct group *g)
{
    return (size_t)g->n_heads * HEAD_COLUMNS + g->n_values;
}
static inline int64_t *group_column(const struct group *g, size_t column)
{
    return g->cells + column * g->cap;
}
static inline int64_t *group_numbers(const struct group *g, size_t value)
{
    return group_column(g, (size_t)g->n_heads * HEAD_COLUMNS + value);
}
static inline int64_t group_shape(const struct group *g, size_t value, size_t row)
{
    return g->shapes ? g->shapes[value * g->cap + row] : SHAPE_USUAL;
}
int64_t *group_make_shapes(struct group *g); /* makes the columns of shapes, all usual, if need be */

void table_reserve(struct table *t, size_t rows); /* room for rows more */
void group_reserve(struct group *g, size_t rows);
/* The place of the layout's group, made when missing. ERR_TOO_MANY; ERR_CORRUPT when known with another size. */
MUST_USE enum err table_group(struct table *t, const struct group *like, size_t *out);
/* One more reading, later than all; its cells in the group are the caller's to fill, at the row returned. */
size_t table_add(struct table *t, int64_t utc, uint8_t status, size_t group);
/* Copies rows from…to-1 of src behind those of t. */
MUST_USE enum err table_copy(struct table *t, const struct table *src, size_t from, size_t to);

/* Texts whose numbers are places in these bytes become the table's own, each once while it stays the same. */
MUST_USE enum err table_take_texts(struct table *t, const uint8_t *texts, size_t len);
size_t table_add_text(struct table *t, const uint8_t *bytes, size_t len); /* returns its place */
/* ERR_CORRUPT when no text can stand there. */
MUST_USE enum err text_at(const uint8_t *texts, size_t texts_len, int64_t place, const uint8_t **bytes, size_t *len);
size_t table_find(const struct table *t, int64_t utc); /* the first row at or after utc */

#endif
