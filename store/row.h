/* row.h — the open readings of one meter: rows of differences, each to the one before, until they are sealed.
 *
 * The same bytes go into the journal of open rows, so that replaying it gives the same rows again. Pure.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef STORE_ROW_H
#define STORE_ROW_H

#include "core/base/wr.h"
#include "store/table.h"

struct row_group {     /* what the next row of this layout is a difference to */
    struct group like; /* layout and sizes; no columns */
    int64_t *last;     /* heads and numbers */
    int64_t *shapes;   /* NULL: all usual */
};

struct rows {
    size_t n;
    int64_t first_utc, last_utc;
    uint8_t *bytes; /* row after row; texts stand in here, at the place that their numbers say */
    size_t len, cap;
    struct row_group *groups;
    size_t n_groups;
};

struct row {
    int64_t utc; /* after the last one */
    uint8_t status;
    struct group like;
    const int64_t *cells;       /* heads and numbers; those of texts are not looked at */
    const int64_t *shapes;      /* NULL: all usual */
    const struct value *values; /* the bytes of texts */
};

void rows_init(struct rows *r);
void rows_fini(struct rows *r);
void rows_clear(struct rows *r);                               /* none left, memory given back */
bool rows_fit(const struct rows *r, const struct group *like); /* false: too many layouts, seal first */

size_t row_size_max(const struct row *row);
/* Writes one row as the difference to the last of `to`, which does not change. */
void row_write(struct wr *w, const struct rows *to, const struct row *row);
/* Begins this row the open rows, or does it need the ones before? */
bool row_is_first(const uint8_t *bytes, size_t len);
/* Appends a written row. ERR_CORRUPT when it does not follow: then the rows are of no use any more. */
MUST_USE enum err rows_append(struct rows *r, const uint8_t *bytes, size_t len);
/* All rows into an empty table. */
MUST_USE enum err rows_to_table(const struct rows *r, struct table *t);

#endif
