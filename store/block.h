/* block.h — many readings of one meter sealed into bytes: shared times, then column after column, so that one series
 * is read without unpacking the others. Pure but for the packer's working memory.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef STORE_BLOCK_H
#define STORE_BLOCK_H

#include "store/column.h"
#include "store/table.h"

struct block { /* an opened block; borrows the bytes */
    size_t n;
    int64_t first_utc, last_utc;
    struct group groups[GROUPS_MAX]; /* layout, sizes and n; no columns */
    bool has_shapes[GROUPS_MAX];
    size_t n_groups;
    size_t texts_len;
    struct rd columns; /* from the times on */
};

enum { BLOCK_SMALL_ROWS = 128 }; /* blocks of so few rows are not compressed: they are read often and merged soon */

size_t block_size_max(const struct table *t);
/* All readings of a table that is not empty. */
void block_write(struct wr *w, struct packer *p, const struct table *t);

MUST_USE enum err block_open(struct block *b, const uint8_t *bytes, size_t len);
/* Appends all readings to a table; they must be later than what it holds. ERR_TOO_MANY when the layouts are. */
MUST_USE enum err block_read(const struct block *b, struct packer *p, struct table *t);
/* Into an empty table, of each group g only the value at pick[g], or none for BLOCK_PICK_NONE: its groups have one value
 * or none, and no heads. */
enum { BLOCK_PICK_NONE = UINT16_MAX };
MUST_USE enum err block_read_one(const struct block *b, struct packer *p, const uint16_t *pick, struct table *t);

#endif
