/* store_log.c — the journals: log and audit, by time, bounded by age and size.
 *
 * Entries wait in memory for the next commit; reading joins them with the stored ones. While nothing can be written
 * the newest are kept, so that the log can say why.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <errno.h>
#include <stdlib.h>

#include "core/base/bug.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "store/pack.h"
#include "store/store_int.h"

enum { PENDING_MAX = 1000, LOOK_MAX = 2000, TRIM_MAX = 200 };

static MDB_dbi db_of(const struct store *s, enum store_journal j)
{
    return s->dbi[j == JOURNAL_LOG ? DB_LOG : DB_AUDIT];
}

/* --- putting --- */

static int newest_stored(struct store *s, enum store_journal j, int64_t *utc_us)
{
    MDB_txn *txn;
    MDB_cursor *c;
    MDB_val key, val;
    if (env_read(s, &txn))
        return EIO;
    int rc = mdb_cursor_open(txn, db_of(s, j), &c);
    if (!rc) {
        rc = mdb_cursor_get(c, &key, &val, MDB_LAST);
        if (!rc)
            *utc_us = key_get_utc(&key, 0);
        mdb_cursor_close(c);
    }
    env_read_end(s);
    return rc;
}

/* Where in the pending ones; times that run backwards are rare. */
static size_t place_of(const struct journal *journal, int64_t utc_us)
{
    size_t at = journal->n;
    while (at > 0 && journal->pending[at - 1].utc_us >= utc_us)
        at--;
    return at;
}

static bool is_stored(struct store *s, enum store_journal j, int64_t utc_us)
{
    MDB_txn *txn;
    MDB_val val;
    struct key k;
    if (env_read(s, &txn))
        return false;
    bool found = mdb_get(txn, db_of(s, j), key_utc(&k, utc_us), &val) == 0;
    env_read_end(s);
    return found;
}

/* The first free microsecond from utc_us on. */
static int64_t free_time(struct store *s, enum store_journal j, int64_t utc_us)
{
    struct journal *journal = &s->journals[j];
    if (journal->last_us == INT64_MIN && newest_stored(s, j, &journal->last_us))
        journal->last_us = INT64_MIN + 1;
    if (utc_us > journal->last_us)
        return utc_us;
    for (;; utc_us++) {
        size_t at = place_of(journal, utc_us);
        bool is_pending = at < journal->n && journal->pending[at].utc_us == utc_us;
        if (!is_pending && !is_stored(s, j, utc_us))
            return utc_us;
    }
}

static void pending_insert(struct journal *journal, struct pending_entry entry)
{
    if (journal->n == PENDING_MAX) { /* nothing can be written: the oldest goes */
        free(journal->pending[0].data);
        journal->n--;
        bytes_copy(journal->pending, journal->n * sizeof entry, journal->pending + 1, journal->n * sizeof entry);
    }
    if (journal->n == journal->cap) {
        journal->cap = journal->cap ? journal->cap * 2 : 16;
        journal->pending = xrealloc(journal->pending, journal->cap, sizeof entry);
    }
    size_t at = place_of(journal, entry.utc_us), behind = (journal->n - at) * sizeof entry;
    bytes_copy(journal->pending + at + 1, behind, journal->pending + at, behind);
    journal->pending[at] = entry;
    journal->n++;
}

enum err store_journal_put(struct store *s, enum store_journal j, const struct store_entry *e)
{
    size_t size = entry_record_max(e);
    struct pending_entry entry = { .utc_us = free_time(s, j, e->utc_us), .data = xmalloc(size) };
    struct wr w = wr_init(entry.data, size);
    pack_entry(&w, e);
    BUG_IF(!wr_ok(&w));
    entry.len = wr_len(&w);
    pending_insert(&s->journals[j], entry);
    if (entry.utc_us > s->journals[j].last_us)
        s->journals[j].last_us = entry.utc_us;
    store_touch(s);
    return ERR_OK;
}

/* --- reading --- */

struct back { /* both sequences, from the newest back */
    MDB_cursor *c;
    int64_t stored_us;
    MDB_val val;
    bool has_stored;
    const struct journal *journal;
    size_t n; /* pending ones left */
};

static void back_step(struct back *b, MDB_cursor_op op)
{
    MDB_val key;
    b->has_stored = mdb_cursor_get(b->c, &key, &b->val, op) == 0;
    if (b->has_stored)
        b->stored_us = key_get_utc(&key, 0);
}

static void back_start(struct back *b, int64_t before_us)
{
    struct key k;
    MDB_val key = *key_utc(&k, before_us);
    int rc = mdb_cursor_get(b->c, &key, &b->val, MDB_SET_RANGE);
    back_step(b, rc == MDB_NOTFOUND ? MDB_LAST : MDB_PREV);
    b->n = place_of(b->journal, before_us);
}

/* The next older entry; false at the end. */
static bool back_next(struct back *b, int64_t *utc_us, MDB_val *val)
{
    bool from_pending = b->n && (!b->has_stored || b->journal->pending[b->n - 1].utc_us > b->stored_us);
    if (from_pending) {
        const struct pending_entry *p = &b->journal->pending[--b->n];
        *utc_us = p->utc_us;
        *val = (MDB_val){ p->len, p->data };
        return true;
    }
    if (!b->has_stored)
        return false;
    *utc_us = b->stored_us;
    *val = b->val;
    back_step(b, MDB_PREV);
    return true;
}

enum err store_journal_read(struct store *s, enum store_journal j, int64_t before_us, int64_t from_us,
                            store_entry_fn *fn, void *ctx, int64_t *next_us)
{
    MDB_txn *txn;
    struct back b = { .journal = &s->journals[j] };
    enum err e = env_read(s, &txn);
    if (e)
        return e;
    e = env_err(s, mdb_cursor_open(txn, db_of(s, j), &b.c));
    if (e) {
        env_read_end(s);
        return e;
    }
    int64_t next = 0;
    back_start(&b, before_us);
    struct store_entry entry;
    MDB_val val;
    size_t n = 0;
    while (back_next(&b, &entry.utc_us, &val) && entry.utc_us >= from_us) {
        if (n++ == LOOK_MAX) {
            next = entry.utc_us + 1;
            break;
        }
        if (unpack_entry(val.mv_data, val.mv_size, &entry) && !fn(ctx, &entry)) {
            next = entry.utc_us;
            break;
        }
    }
    mdb_cursor_close(b.c);
    env_read_end(s);
    *next_us = next;
    return ERR_OK;
}

/* --- the commit --- */

static int journal_write(struct store *s, MDB_txn *txn, enum store_journal j)
{
    const struct journal *journal = &s->journals[j];
    int rc = 0;
    for (size_t i = 0; i < journal->n && !rc; i++) {
        struct key k;
        MDB_val val = { journal->pending[i].len, journal->pending[i].data };
        rc = mdb_put(txn, db_of(s, j), key_utc(&k, journal->pending[i].utc_us), &val, 0);
    }
    return rc;
}

/* A few of the oldest go with every commit, as long as they are too old or too many. */
static int journal_shorten(struct store *s, MDB_txn *txn, enum store_journal j)
{
    MDB_cursor *c;
    MDB_val key, val;
    MDB_stat st;
    int rc = mdb_stat(txn, db_of(s, j), &st);
    rc = rc ? rc : mdb_cursor_open(txn, db_of(s, j), &c);
    if (rc)
        return rc;
    const int64_t day_us = (int64_t)86400 * 1000000;
    int64_t oldest = clock_utc_us(s->cfg.clock) - (int64_t)s->cfg.log_max_days * day_us;
    uint64_t size = (uint64_t)(st.ms_leaf_pages + st.ms_branch_pages + st.ms_overflow_pages) * st.ms_psize;
    bool is_over = s->cfg.log_max_bytes && size > s->cfg.log_max_bytes;
    for (size_t i = 0; i < TRIM_MAX && !rc; i++) {
        rc = mdb_cursor_get(c, &key, &val, MDB_FIRST);
        if (rc || (!is_over && (!s->cfg.log_max_days || key_get_utc(&key, 0) >= oldest)))
            break;
        rc = mdb_cursor_del(c, 0);
    }
    mdb_cursor_close(c);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

int journals_write(struct store *s, MDB_txn *txn)
{
    int rc = 0;
    for (size_t j = 0; j < COUNT_OF(s->journals) && !rc; j++) {
        rc = journal_write(s, txn, (enum store_journal)j);
        rc = rc ? rc : journal_shorten(s, txn, (enum store_journal)j);
    }
    return rc;
}

void journals_written(struct store *s)
{
    for (size_t j = 0; j < COUNT_OF(s->journals); j++) {
        struct journal *journal = &s->journals[j];
        for (size_t i = 0; i < journal->n; i++)
            free(journal->pending[i].data);
        journal->n = 0;
    }
}

void journals_free(struct store *s)
{
    journals_written(s);
    for (size_t j = 0; j < COUNT_OF(s->journals); j++) {
        free(s->journals[j].pending);
        s->journals[j].pending = NULL;
    }
}
