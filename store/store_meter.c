/* store_meter.c — the meter list and the raw chain of each meter's last readout.
 *
 * The list is written through at once, all of a call or nothing. Chains wait in memory for the next commit.
 * Does not know: what a meter's fields mean, what is in a telegram.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>

#include "core/base/bug.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "store/pack.h"
#include "store/store_int.h"

/* --- the list --- */

enum err store_meters_load(struct store *s, store_meter_fn *fn, void *ctx, uint32_t *next_id)
{
    MDB_txn *txn;
    MDB_cursor *c;
    MDB_val key, val;
    enum err e = env_read(s, &txn);
    if (e)
        return e;
    int rc = mdb_cursor_open(txn, s->dbi[DB_METER], &c);
    if (!rc) {
        for (rc = mdb_cursor_get(c, &key, &val, MDB_FIRST); !rc; rc = mdb_cursor_get(c, &key, &val, MDB_NEXT)) {
            struct meter m;
            if (!unpack_meter(val.mv_data, val.mv_size, &m)) {
                rc = MDB_CORRUPTED;
                break;
            }
            fn(ctx, &m);
        }
        mdb_cursor_close(c);
    }
    env_read_end(s);
    e = rc == MDB_NOTFOUND ? ERR_OK : env_err(s, rc);
    if (!e)
        *next_id = s->counters.next_meter;
    return e;
}

struct meters_job {
    const struct meter *ms;
    size_t n;
    uint32_t next_id;
};

static int meters_write(struct store *s, MDB_txn *txn, void *ctx)
{
    const struct meters_job *job = ctx;
    int rc = 0;
    for (size_t i = 0; i < job->n && !rc; i++) {
        struct key k;
        uint8_t bytes[METER_RECORD_MAX];
        struct wr w = wr_init(bytes, sizeof bytes);
        pack_meter(&w, &job->ms[i]);
        BUG_IF(!wr_ok(&w));
        MDB_val val = { wr_len(&w), bytes };
        rc = mdb_put(txn, s->dbi[DB_METER], key_u32(&k, job->ms[i].id), &val, 0);
    }
    s->counters.next_meter = job->next_id;
    return rc;
}

enum err store_meters_put(struct store *s, const struct meter *ms, size_t n, uint32_t next_id)
{
    struct meters_job job = { ms, n, next_id };
    return store_commit(s, meters_write, &job);
}

/* --- removing --- */

/* All keys of a database that begin with the meter. */
static int clear_range(struct store *s, MDB_txn *txn, enum db db, uint32_t meter)
{
    MDB_cursor *c;
    MDB_val key, val;
    struct key k;
    int rc = mdb_cursor_open(txn, s->dbi[db], &c);
    if (rc)
        return rc;
    for (;;) {
        key = *key_u32(&k, meter);
        rc = mdb_cursor_get(c, &key, &val, MDB_SET_RANGE);
        if (rc || key_get_u32(&key, 0) != meter)
            break;
        struct key owner;
        MDB_val owned = *key_u32(&owner, key_get_u32(&key, 4));
        rc = db == DB_BLOCK ? block_drop(s, txn, c) : mdb_cursor_del(c, 0);
        if (!rc && db == DB_SERIES)
            rc = mdb_del(txn, s->dbi[DB_OWNER], &owned, NULL);
        if (rc && rc != MDB_NOTFOUND)
            break;
    }
    mdb_cursor_close(c);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

struct removal {
    uint32_t meter;
    bool with_history;
};

static int remove_write(struct store *s, MDB_txn *txn, void *ctx)
{
    const struct removal *job = ctx;
    static const enum db of_meter[] = { DB_BLOCK, DB_SERIES, DB_LAYOUT, DB_CHAIN, DB_MARK };
    struct key k;
    int rc = mdb_del(txn, s->dbi[DB_METER], key_u32(&k, job->meter), NULL);
    for (size_t i = 0; i < COUNT_OF(of_meter) && (!rc || rc == MDB_NOTFOUND) && job->with_history; i++)
        rc = clear_range(s, txn, of_meter[i], job->meter);
    return rc && rc != MDB_NOTFOUND ? rc : block_oldest(s, txn, &s->oldest_utc);
}

enum err store_meter_remove(struct store *s, uint32_t id, bool with_history)
{
    struct removal job = { id, with_history };
    struct meter_rows *m;
    enum err e = meter_rows_get(s, id, &m);
    if (e)
        return e;
    BUG_IF(s->n_readers);
    m->wants_seal = with_history || m->wants_seal; /* open rows become a block first, and go with the others */
    e = store_commit(s, remove_write, &job);
    if (!e && with_history)
        meter_rows_free(s, m);
    return e;
}

/* --- chains --- */

void chain_keep(struct meter_rows *m, const struct reading *r)
{
    size_t size = chain_record_max(r->telegrams, r->n_telegrams);
    free(m->chain);
    m->chain = xmalloc(size);
    struct wr w = wr_init(m->chain, size);
    pack_chain(&w, r);
    BUG_IF(!wr_ok(&w));
    m->chain_len = wr_len(&w);
}

int chains_write(struct store *s, MDB_txn *txn)
{
    int rc = 0;
    for (const struct meter_rows *m = s->meters; m && !rc; m = m->hh.next) {
        struct key k;
        MDB_val val = { m->chain_len, m->chain };
        if (m->chain)
            rc = mdb_put(txn, s->dbi[DB_CHAIN], key_u32(&k, m->meter), &val, 0);
    }
    return rc;
}

void chains_written(struct store *s)
{
    for (struct meter_rows *m = s->meters; m; m = m->hh.next) {
        free(m->chain);
        m->chain = NULL;
    }
}

enum err store_chain(struct store *s, uint32_t meter, int64_t *utc, enum reading_source *source,
                     struct telegram_raw *out, size_t max, size_t *n)
{
    struct meter_rows *m;
    struct reading head;
    struct key k;
    MDB_txn *txn;
    enum err e = meter_rows_get(s, meter, &m);
    e = e ? e : env_read(s, &txn);
    if (e)
        return e;
    MDB_val val = { m->chain_len, m->chain };
    if (!m->chain)
        e = env_err(s, mdb_get(txn, s->dbi[DB_CHAIN], key_u32(&k, meter), &val));
    const void *copy = e ? NULL : store_scratch(s, val.mv_data, val.mv_size);
    env_read_end(s);
    if (!e && !unpack_chain(copy, val.mv_size, &head, out, max, n))
        e = ERR_CORRUPT;
    if (e)
        return e;
    *utc = head.utc;
    *source = head.source;
    return ERR_OK;
}
