/* store_block.c — sealed blocks in the database: put, found, merged into larger ones, and late readings put among them.
 *
 * The blocks of one meter do not overlap. Sealing makes blocks of the first size class, which are not compressed. When
 * enough readings of one class stand side by side they are merged into one of the next class; the newest blocks stay
 * as they are, since reports read them again and again. A class is eight times the one below, and bounded by cells
 * rather than readings, so that a meter with many values takes no more memory or time.
 * Knows: blocks and the keys they stand under. Does not know: open rows, layouts.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <errno.h>
#include <stdlib.h>

#include "core/base/bug.h"
#include "core/base/mem.h"
#include "store/store_int.h"

enum {
    BLOCK_CELLS = 4096 * 20, /* of the largest class */
    BLOCK_ROWS = 4096,
    ROWS_LEAST = 32,
    CLASS_FACTOR = 8,
    N_CLASSES = 3,
    KEEP_ROWS = 128, /* of the newest blocks: more than a day of quarter hours with the open rows */
    RUN_MAX = 16,    /* blocks merged at once */
    LOOK_BACK = 64,
};

/* Rows of the largest block for readings like these. */
static size_t rows_of_width(size_t n_values)
{
    size_t n = n_values ? BLOCK_CELLS / n_values : BLOCK_ROWS;
    return n > BLOCK_ROWS ? BLOCK_ROWS : n < ROWS_LEAST ? ROWS_LEAST : n;
}

static size_t widest(const struct group *g, size_t n)
{
    size_t most = 0;
    for (size_t i = 0; i < n; i++)
        most = g[i].n_values > most ? g[i].n_values : most;
    return most;
}

size_t block_rows_max(const struct table *t)
{
    return rows_of_width(widest(t->groups, t->n_groups));
}

/* 0 for a fresh one … N_CLASSES - 1 for one that stays as it is. */
static unsigned class_of(const struct block *b)
{
    size_t most = rows_of_width(widest(b->groups, b->n_groups)) * 3 / 4;
    unsigned class = N_CLASSES - 1;
    for (; class > 0 && b->n < most; most /= CLASS_FACTOR)
        class --;
    return class;
}

uint64_t block_values(const struct block *b)
{
    uint64_t n = 0;
    for (size_t i = 0; i < b->n_groups; i++)
        n += (uint64_t)b->groups[i].n * b->groups[i].n_values;
    return n;
}

static int open_val(const MDB_val *val, struct block *b)
{
    return block_open(b, val->mv_data, val->mv_size) ? MDB_CORRUPTED : 0;
}

int block_put(struct store *s, MDB_txn *txn, uint32_t meter, const struct table *t)
{
    struct key k;
    size_t size = block_size_max(t);
    uint8_t *bytes = xmalloc(size);
    struct wr w = wr_init(bytes, size);
    block_write(&w, s->packer, t);
    BUG_IF(!wr_ok(&w));
    MDB_val val = { wr_len(&w), bytes };
    int rc = mdb_put(txn, s->dbi[DB_BLOCK], key_u32_utc(&k, meter, t->utc[0]), &val, 0);
    free(bytes);
    return rc;
}

int block_drop(struct store *s, MDB_txn *txn, MDB_cursor *c)
{
    MDB_val key, val;
    struct block b;
    (void)txn;
    int rc = mdb_cursor_get(c, &key, &val, MDB_GET_CURRENT);
    rc = rc ? rc : open_val(&val, &b);
    if (!rc) {
        uint64_t values = block_values(&b);
        s->counters.values -= values < s->counters.values ? values : s->counters.values;
        s->counters.readings -= b.n < s->counters.readings ? b.n : s->counters.readings;
    }
    return rc && rc != MDB_CORRUPTED ? rc : mdb_cursor_del(c, 0);
}

/* --- finding --- */

/* The meter's last block before the key the cursor is asked for. */
static int seek_before(MDB_cursor *c, uint32_t meter, MDB_val *key, MDB_val *val)
{
    int rc = mdb_cursor_get(c, key, val, MDB_SET_RANGE);
    rc = mdb_cursor_get(c, key, val, rc == MDB_NOTFOUND ? MDB_LAST : MDB_PREV);
    return rc || key_get_u32(key, 0) == meter ? rc : MDB_NOTFOUND;
}

int block_last_seek(MDB_cursor *c, uint32_t meter, int64_t before, MDB_val *key, MDB_val *val)
{
    struct key k;
    *key = *key_u32_utc(&k, meter, before);
    return seek_before(c, meter, key, val);
}

int block_last(struct store *s, MDB_txn *txn, uint32_t meter, int64_t *last_utc)
{
    MDB_cursor *c;
    MDB_val key, val;
    struct block b;
    int rc = mdb_cursor_open(txn, s->dbi[DB_BLOCK], &c);
    if (rc)
        return rc;
    rc = block_last_seek(c, meter, INT64_MAX, &key, &val);
    rc = rc ? rc : open_val(&val, &b);
    mdb_cursor_close(c);
    if (!rc)
        *last_utc = b.last_utc;
    return rc;
}

int block_seek(const struct store *s, MDB_cursor *c, uint32_t meter, int64_t utc, MDB_val *key, MDB_val *val)
{
    (void)s;
    int rc = utc == INT64_MAX ? MDB_NOTFOUND : block_last_seek(c, meter, utc + 1, key, val);
    if (rc != MDB_NOTFOUND)
        return rc;
    struct key k;
    *key = *key_u32_utc(&k, meter, utc);
    rc = mdb_cursor_get(c, key, val, MDB_SET_RANGE);
    return rc || key_get_u32(key, 0) == meter ? rc : MDB_NOTFOUND;
}

int block_oldest(struct store *s, MDB_txn *txn, int64_t *utc)
{
    MDB_cursor *c;
    MDB_val key, val;
    int64_t oldest = 0;
    int rc = mdb_cursor_open(txn, s->dbi[DB_BLOCK], &c);
    if (rc)
        return rc;
    rc = mdb_cursor_get(c, &key, &val, MDB_FIRST);
    while (!rc) {
        struct key next;
        uint32_t meter = key_get_u32(&key, 0);
        int64_t first = key_get_utc(&key, 4);
        oldest = !oldest || first < oldest ? first : oldest;
        if (meter == UINT32_MAX)
            break;
        key = *key_u32(&next, meter + 1);
        rc = mdb_cursor_get(c, &key, &val, MDB_SET_RANGE);
    }
    mdb_cursor_close(c);
    for (const struct meter_rows *m = s->meters; m; m = m->hh.next)
        if (m->open.n && (!oldest || m->open.first_utc < oldest))
            oldest = m->open.first_utc;
    *utc = oldest;
    return rc == MDB_NOTFOUND ? 0 : rc;
}

/* --- merging --- */

/* The blocks' texts, each once while it stays the same. */
static enum err join_texts(struct table *t)
{
    uint8_t *texts = t->texts;
    size_t len = t->texts_len;
    t->texts = NULL;
    t->texts_len = t->texts_cap = 0;
    enum err e = table_take_texts(t, texts, len);
    free(texts);
    return e;
}

struct run {                /* blocks side by side that are to become one */
    int64_t first[RUN_MAX]; /* their keys, oldest first */
    size_t n, rows;
};

static bool groups_fit(const struct block *a, struct group *groups, size_t *n)
{
    for (size_t i = 0; i < a->n_groups; i++) {
        size_t k = 0;
        while (k < *n && groups[k].layout != a->groups[i].layout)
            k++;
        if (k < *n)
            continue;
        if (*n == GROUPS_MAX)
            return false;
        groups[(*n)++] = a->groups[i];
    }
    return true;
}

struct look {             /* what a walk from the newest block back has seen of the present class */
    struct block *blocks; /* newest first */
    int64_t *keys;
    size_t n;
};

/* From the oldest of n blocks (they are newest first) on: as many as make one of the next class. */
static bool run_take(const struct look *l, size_t from, size_t to, struct run *run)
{
    struct group groups[GROUPS_MAX];
    size_t n_groups = 0, most = rows_of_width(widest(l->blocks[to - 1].groups, l->blocks[to - 1].n_groups));
    unsigned class = class_of(&l->blocks[to - 1]);
    for (unsigned c = class + 1; c < N_CLASSES - 1; c++)
        most /= CLASS_FACTOR;
    run->n = run->rows = 0;
    for (size_t i = to; i-- > from && run->n < RUN_MAX;) {
        if (run->rows + l->blocks[i].n > most + most / CLASS_FACTOR || !groups_fit(&l->blocks[i], groups, &n_groups))
            break;
        run->rows += l->blocks[i].n;
        run->first[run->n++] = l->keys[i];
        if (run->rows >= most)
            break;
    }
    return run->n > 1 && (run->rows >= most * 7 / 8 || run->n == RUN_MAX);
}

static int look_back(struct store *s, MDB_txn *txn, uint32_t meter, struct look *l)
{
    MDB_cursor *c;
    MDB_val key, val;
    size_t kept = 0;
    int rc = mdb_cursor_open(txn, s->dbi[DB_BLOCK], &c);
    if (rc)
        return rc;
    l->n = 0;
    rc = block_last_seek(c, meter, INT64_MAX, &key, &val);
    while (!rc && l->n < LOOK_BACK && key_get_u32(&key, 0) == meter) {
        struct block *b = &l->blocks[l->n];
        if ((rc = open_val(&val, b)))
            break;
        l->keys[l->n] = b->first_utc;
        if (kept >= KEEP_ROWS)
            l->n++;
        else
            kept += b->n;
        rc = mdb_cursor_get(c, &key, &val, MDB_PREV);
    }
    mdb_cursor_close(c);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

/* The oldest blocks first, so that the classes stay in order: large ones before small ones. */
static bool run_find(const struct look *l, struct run *run)
{
    for (size_t to = l->n; to > 0;) {
        size_t from = to - 1;
        unsigned class = class_of(&l->blocks[from]);
        while (from > 0 && class_of(&l->blocks[from - 1]) <= class && class < N_CLASSES - 1 &&
               class_of(&l->blocks[from - 1]) == class)
            from--;
        if (class < N_CLASSES - 1 && run_take(l, from, to, run))
            return true;
        to = from;
    }
    return false;
}

static int run_merge(struct store *s, MDB_txn *txn, uint32_t meter, const struct run *run)
{
    struct table t;
    struct key k;
    int rc = 0;
    table_init(&t);
    table_reserve(&t, run->rows);
    for (size_t i = 0; i < run->n && !rc; i++) {
        MDB_val val;
        struct block b;
        rc = mdb_get(txn, s->dbi[DB_BLOCK], key_u32_utc(&k, meter, run->first[i]), &val);
        rc = rc ? rc : open_val(&val, &b);
        if (!rc && block_read(&b, s->packer, &t))
            rc = MDB_CORRUPTED;
    }
    rc = rc ? rc : join_texts(&t) ? MDB_CORRUPTED : 0;
    for (size_t i = 0; i < run->n && !rc; i++)
        rc = mdb_del(txn, s->dbi[DB_BLOCK], key_u32_utc(&k, meter, run->first[i]), NULL);
    rc = rc ? rc : block_put(s, txn, meter, &t);
    table_fini(&t);
    return rc;
}

static int merge_one(struct store *s, MDB_txn *txn, struct meter_rows *m, bool *merged)
{
    struct look l = { xmalloc(LOOK_BACK * sizeof *l.blocks), xmalloc(LOOK_BACK * sizeof *l.keys), 0 };
    struct run run;
    *merged = false;
    int rc = look_back(s, txn, m->meter, &l);
    if (!rc && run_find(&l, &run)) {
        rc = run_merge(s, txn, m->meter, &run);
        *merged = rc == 0;
    }
    free(l.blocks);
    free(l.keys);
    return rc;
}

int block_merge_some(struct store *s, MDB_txn *txn, int64_t until_us)
{
    int rc = 0;
    for (struct meter_rows *m = s->meters; m && !rc; m = m->hh.next) {
        bool merged = m->wants_merge;
        while (merged && !rc) {
            if (s->cfg.clock->mono_us(s->cfg.clock) >= until_us)
                return 0;
            rc = merge_one(s, txn, m, &merged);
        }
        if (rc == MDB_CORRUPTED) /* a damaged block stays as it is; reading it says so */
            rc = 0;
        m->wants_merge = false;
    }
    return rc;
}

/* --- late readings --- */

static int put_part(struct store *s, MDB_txn *txn, uint32_t meter, const struct table *t, const size_t rows[2])
{
    struct table part;
    table_init(&part);
    int rc = table_copy(&part, t, rows[0], rows[1]) ? MDB_CORRUPTED : block_put(s, txn, meter, &part);
    table_fini(&part);
    return rc;
}

static int put_split(struct store *s, MDB_txn *txn, uint32_t meter, const struct table *t)
{
    if (t->n <= block_rows_max(t))
        return block_put(s, txn, meter, t);
    int rc = put_part(s, txn, meter, t, (const size_t[2]){ 0, t->n / 2 });
    return rc ? rc : put_part(s, txn, meter, t, (const size_t[2]){ t->n / 2, t->n });
}

/* The block's rows with one more among them. */
static int join(const struct table *t, const struct table *one, struct table *out)
{
    size_t at = table_find(t, one->utc[0]);
    enum err e = table_copy(out, t, 0, at);
    e = e ? e : table_copy(out, one, 0, 1);
    e = e ? e : table_copy(out, t, at, t->n);
    return e == ERR_TOO_MANY ? E2BIG : e ? MDB_CORRUPTED : 0;
}

/* Its layout is one too many for the block: three blocks, before it, itself, and after it. */
static int put_between(struct store *s, MDB_txn *txn, uint32_t meter, const struct table *t, const struct table *one)
{
    size_t at = table_find(t, one->utc[0]);
    int rc = put_part(s, txn, meter, t, (const size_t[2]){ 0, at });
    rc = rc ? rc : block_put(s, txn, meter, one);
    return rc ? rc : put_part(s, txn, meter, t, (const size_t[2]){ at, t->n });
}

static int insert_into(struct store *s, MDB_txn *txn, uint32_t meter, const struct block *b, const struct table *one)
{
    struct table old, joined;
    struct key k;
    table_init(&old);
    table_init(&joined);
    int rc = block_read(b, s->packer, &old) ? MDB_CORRUPTED : 0;
    int joining = rc ? rc : join(&old, one, &joined);
    if (joining != MDB_CORRUPTED)
        rc = mdb_del(txn, s->dbi[DB_BLOCK], key_u32_utc(&k, meter, b->first_utc), NULL);
    if (!rc && joining == E2BIG)
        rc = put_between(s, txn, meter, &old, one);
    else if (!rc)
        rc = joining ? joining : put_split(s, txn, meter, &joined);
    table_fini(&old);
    table_fini(&joined);
    return rc;
}

/* Into the block whose times it falls between, or as a block of its own. */
int block_insert(struct store *s, MDB_txn *txn, uint32_t meter, const struct table *one)
{
    MDB_cursor *c;
    MDB_val key, val;
    struct block b = { 0 };
    int rc = mdb_cursor_open(txn, s->dbi[DB_BLOCK], &c);
    if (rc)
        return rc;
    rc = block_last_seek(c, meter, one->utc[0], &key, &val);
    rc = rc ? rc : open_val(&val, &b);
    mdb_cursor_close(c);
    if (rc && rc != MDB_NOTFOUND)
        return rc;
    bool is_inside = !rc && one->utc[0] < b.last_utc;
    return is_inside ? insert_into(s, txn, meter, &b, one) : block_put(s, txn, meter, one);
}
