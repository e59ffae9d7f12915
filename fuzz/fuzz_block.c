/* fuzz_block.c — any bytes as a sealed block or as open rows: what can be read is written and read again the same.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>

#include "core/base/bug.h"
#include "core/base/mem.h"
#include "core/base/rd.h"
#include "core/base/str.h"
#include "store/block.h"
#include "store/row.h"

static void assert_same(const struct table *a, const struct table *b)
{
    BUG_IF(a->n != b->n || a->n_groups != b->n_groups);
    for (size_t i = 0; i < a->n; i++) {
        BUG_IF(a->utc[i] != b->utc[i] || a->status[i] != b->status[i]);
        BUG_IF(a->group[i] != b->group[i] || a->nth[i] != b->nth[i]);
    }
    for (size_t i = 0; i < a->n_groups; i++) {
        const struct group *g = &a->groups[i], *h = &b->groups[i];
        BUG_IF(g->n != h->n || group_columns(g) != group_columns(h));
        for (size_t c = 0; g->n && c < group_columns(g); c++)
            BUG_IF(
                !bytes_equal(group_column(g, c), g->n * sizeof(int64_t), group_column(h, c), h->n * sizeof(int64_t)));
        for (size_t v = 0; v < g->n_values; v++)
            for (size_t row = 0; row < g->n; row++)
                BUG_IF(group_shape(g, v, row) != group_shape(h, v, row));
    }
    BUG_IF(!bytes_equal(a->texts, a->texts_len, b->texts, b->texts_len));
}

static void write_and_read(struct packer *p, const struct table *t)
{
    struct block b;
    struct table again;
    size_t size = block_size_max(t);
    uint8_t *bytes = xmalloc(size);
    struct wr w = wr_init(bytes, size);
    block_write(&w, p, t);
    BUG_IF(!wr_ok(&w));
    table_init(&again);
    BUG_IF(block_open(&b, bytes, wr_len(&w)) != ERR_OK || block_read(&b, p, &again) != ERR_OK);
    assert_same(t, &again);
    table_fini(&again);
    free(bytes);
}

/* One value of each group gives the same numbers as all of them. */
static void read_one(struct packer *p, const struct block *b, const struct table *all, uint16_t value)
{
    uint16_t pick[GROUPS_MAX];
    struct table one;
    for (size_t i = 0; i < GROUPS_MAX; i++)
        pick[i] = value;
    table_init(&one);
    BUG_IF(block_read_one(b, p, pick, &one) != ERR_OK);
    for (size_t i = 0; i < b->n_groups; i++) {
        const struct group *g = &one.groups[i], *h = &all->groups[i];
        BUG_IF(g->n != h->n);
        if (value < h->n_values && g->n)
            BUG_IF(!bytes_equal(group_numbers(g, 0), g->n * sizeof(int64_t), group_numbers(h, value),
                                h->n * sizeof(int64_t)));
    }
    table_fini(&one);
}

static void try_block(struct packer *p, const uint8_t *data, size_t size)
{
    struct block b;
    struct table t;
    if (block_open(&b, data, size) != ERR_OK)
        return;
    table_init(&t);
    if (block_read(&b, p, &t) == ERR_OK) {
        write_and_read(p, &t);
        read_one(p, &b, &t, 0);
        read_one(p, &b, &t, 3);
    }
    table_fini(&t);
}

/* Rows, each behind its length. */
static void try_rows(struct packer *p, struct rd r)
{
    struct rows rows;
    struct table t;
    rows_init(&rows);
    while (rd_left(&r) && rows.n < 200) {
        size_t len = rd_u8(&r);
        const uint8_t *bytes = rd_bytes(&r, len);
        if (!bytes || rows_append(&rows, bytes, len) != ERR_OK) {
            rows_fini(&rows);
            return;
        }
    }
    table_init(&t);
    BUG_IF(rows_to_table(&rows, &t) != ERR_OK);
    BUG_IF(t.n != rows.n);
    if (t.n)
        write_and_read(p, &t);
    table_fini(&t);
    rows_fini(&rows);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rd r = rd_init(data, size);
    uint8_t what = rd_u8(&r);
    struct packer *p = packer_create();
    if (what & 1)
        try_rows(p, r);
    else
        try_block(p, r.p, rd_left(&r));
    packer_free(p);
    return 0;
}
