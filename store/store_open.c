/* store_open.c — open readings: rows in memory and, batch by batch, in the journal of open rows until they are sealed.
 *
 * A batch is what one commit adds: entries of varint (meter << 1 | is a row), and for a row its length and bytes. An
 * entry that is no row says that the meter's rows before it are gone: sealed, or removed with the meter. So
 * replaying the journal gives the very rows that were in memory. Batches whose rows are all gone are deleted.
 * Meters seal at different times: the first block of each is cut short at another length.
 * Knows: rows, the journal. Does not know: what is in blocks.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>

#include "core/base/bug.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/rd.h"
#include "core/base/str.h"
#include "store/store_int.h"

enum {
    SEAL_ROWS = 64,
    SEAL_BYTES = 8 << 10, /* of open rows in memory */
    ENTRY_HEAD_MAX = 20,
    TRIM_EVERY = 16,
    TRIM_MAX = 64, /* batches */
    JOURNAL_BYTES = 512 << 10,
    JOURNAL_METER_BYTES = 12 << 10,
};

/* --- meters --- */

static enum err rows_last(struct store *s, struct meter_rows *m)
{
    MDB_txn *txn;
    enum err e = env_read(s, &txn);
    if (e)
        return e;
    int rc = block_last(s, txn, m->meter, &m->last_utc);
    m->has_blocks = rc == 0;
    env_read_end(s);
    return rc == MDB_NOTFOUND ? ERR_OK : env_err(s, rc);
}

enum err meter_rows_get(struct store *s, uint32_t meter, struct meter_rows **out)
{
    struct meter_rows *m;
    HASH_FIND(hh, s->meters, &meter, sizeof meter, m);
    if (!m) {
        m = xcalloc(1, sizeof *m);
        m->meter = meter;
        m->last_utc = INT64_MIN;
        enum err e = rows_last(s, m);
        if (e) {
            free(m);
            return e;
        }
        HASH_ADD(hh, s->meters, meter, sizeof m->meter, m);
    }
    *out = m;
    return ERR_OK;
}

void meter_rows_free(struct store *s, struct meter_rows *m)
{
    HASH_DEL(s->meters, m);
    layouts_free(s, m);
    rows_fini(&m->open);
    free(m->chain);
    free(m);
}

void meter_rows_free_all(struct store *s)
{
    struct meter_rows *m, *next;
    HASH_ITER (hh, s->meters, m, next)
        meter_rows_free(s, m);
}

/* --- appending --- */

static struct wr batch_room(struct store *s, size_t len)
{
    if (s->batch_cap - s->batch_len < len) {
        s->batch_cap = (s->batch_len + len) * 2;
        s->batch = xrealloc(s->batch, s->batch_cap, 1);
    }
    return wr_init(s->batch + s->batch_len, s->batch_cap - s->batch_len);
}

static bool is_full_block(const struct meter_rows *m)
{
    enum { SPREAD = 40503 }; /* odd, so that neighbours differ */
    size_t first = 1 + (size_t)m->meter * SPREAD % SEAL_ROWS;
    return m->open.n >= (m->has_blocks ? SEAL_ROWS : first) || m->open.len >= SEAL_BYTES;
}

void open_put(struct store *s, struct meter_rows *m, const struct row *row)
{
    size_t size = row_size_max(row);
    struct wr w = batch_room(s, ENTRY_HEAD_MAX + size);
    struct wr body = wr_init(w.p, size);
    row_write(&body, &m->open, row);
    BUG_IF(!wr_ok(&body));
    if (m->open.n == 0)
        m->first_batch = s->counters.next_batch;
    size_t len = wr_len(&body);
    BUG_IF(rows_append(&m->open, body.start, len) != ERR_OK);
    wr_varint(&w, (uint64_t)m->meter << 1 | 1);
    wr_varint(&w, len);
    wr_bytes(&w, m->open.bytes + m->open.len - len, len); /* in its place in the batch, behind its head */
    s->batch_len += wr_len(&w);
    s->batch_rows++;
    m->last_utc = row->utc;
    m->wants_seal = m->wants_seal || is_full_block(m);
    store_touch(s);
}

/* --- sealing and the journal --- */

static int seal(struct store *s, MDB_txn *txn, struct meter_rows *m)
{
    struct table t;
    table_init(&t);
    enum err e = rows_to_table(&m->open, &t);
    BUG_IF(e != ERR_OK);
    int rc = block_put(s, txn, m->meter, &t);
    table_fini(&t);
    return rc;
}

static size_t count_seals(const struct store *s)
{
    size_t n = 0;
    for (const struct meter_rows *m = s->meters; m; m = m->hh.next)
        n += m->wants_seal && m->open.n;
    return n;
}

static int batch_write(struct store *s, MDB_txn *txn, size_t n_seals)
{
    struct key k;
    MDB_val val = { s->batch_len + n_seals * ENTRY_HEAD_MAX, NULL };
    uint8_t *whole = xmalloc(val.mv_size + 1);
    struct wr w = wr_init(whole, val.mv_size);
    wr_bytes(&w, s->batch, s->batch_len);
    for (const struct meter_rows *m = s->meters; n_seals && m; m = m->hh.next)
        if (m->wants_seal && m->open.n)
            wr_varint(&w, (uint64_t)m->meter << 1);
    val = (MDB_val){ wr_len(&w), whole };
    int rc = mdb_put(txn, s->dbi[DB_OPEN], key_u64(&k, s->counters.next_batch), &val, MDB_APPEND);
    free(whole);
    s->counters.next_batch++;
    return rc;
}

/* The oldest batch that still holds an open row. */
static uint64_t first_needed(const struct store *s, struct meter_rows **owner)
{
    uint64_t first = s->counters.next_batch;
    *owner = NULL;
    for (struct meter_rows *m = s->meters; m; m = m->hh.next)
        if (m->open.n && !m->wants_seal && m->first_batch < first) {
            first = m->first_batch;
            *owner = m;
        }
    return first;
}

static int journal_trim(struct store *s, MDB_txn *txn)
{
    struct meter_rows *owner;
    MDB_stat st;
    MDB_cursor *c;
    MDB_val key, val;
    uint64_t keep = first_needed(s, &owner);
    int rc = mdb_stat(txn, s->dbi[DB_OPEN], &st);
    rc = rc ? rc : mdb_cursor_open(txn, s->dbi[DB_OPEN], &c);
    if (rc)
        return rc;
    /* One that is seldom read must not keep everybody's batches: it seals early. */
    if (owner && (st.ms_leaf_pages + st.ms_overflow_pages) * st.ms_psize >
                     JOURNAL_BYTES + (size_t)JOURNAL_METER_BYTES * HASH_COUNT(s->meters))
        owner->wants_seal = true;
    rc = mdb_cursor_get(c, &key, &val, MDB_FIRST);
    for (size_t i = 0; !rc && i < TRIM_MAX && key_get_u64(&key, 0) < keep; i++) {
        rc = mdb_cursor_del(c, 0);
        rc = rc ? rc : mdb_cursor_get(c, &key, &val, MDB_FIRST);
    }
    mdb_cursor_close(c);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

int open_write(struct store *s, MDB_txn *txn)
{
    int rc = 0;
    if (s->counters.next_batch % TRIM_EVERY == 0)
        rc = journal_trim(s, txn);
    size_t n_seals = count_seals(s); /* after trimming, which may ask for one more */
    if (!rc && (s->batch_len || n_seals))
        rc = batch_write(s, txn, n_seals);
    for (struct meter_rows *m = s->meters; n_seals && !rc && m; m = m->hh.next)
        if (m->wants_seal && m->open.n)
            rc = seal(s, txn, m);
    return rc;
}

void open_written(struct store *s)
{
    s->batch_len = s->batch_rows = 0;
    for (struct meter_rows *m = s->meters; m; m = m->hh.next) {
        bool is_sealed = m->wants_seal && m->open.n;
        m->wants_seal = false;
        if (!is_sealed)
            continue;
        m->wants_merge = m->has_blocks = true;
        rows_clear(&m->open);
    }
}

int open_drop(struct store *s, MDB_txn *txn, uint32_t meter)
{
    uint8_t entry[ENTRY_HEAD_MAX];
    struct wr w = wr_init(entry, sizeof entry);
    wr_varint(&w, (uint64_t)meter << 1);
    struct key k;
    MDB_val val = { wr_len(&w), entry };
    int rc = mdb_put(txn, s->dbi[DB_OPEN], key_u64(&k, s->counters.next_batch), &val, MDB_APPEND);
    s->counters.next_batch++;
    return rc;
}

/* --- at the start --- */

static enum err replay_entry(struct store *s, struct rd *r, uint64_t batch)
{
    uint64_t word = rd_varint(r);
    struct meter_rows *m;
    if (!rd_ok(r) || word >> 1 > UINT32_MAX)
        return ERR_CORRUPT;
    enum err e = meter_rows_get(s, (uint32_t)(word >> 1), &m);
    if (e)
        return e;
    if (!(word & 1)) {
        rows_clear(&m->open);
        return ERR_OK;
    }
    uint64_t len = rd_varint(r);
    const uint8_t *bytes = len <= rd_left(r) ? rd_bytes(r, (size_t)len) : NULL;
    if (!bytes)
        return ERR_CORRUPT;
    if (m->open.n == 0 && !row_is_first(bytes, (size_t)len))
        return ERR_OK; /* those before went with their batches: it is sealed further on */
    if (m->open.n == 0)
        m->first_batch = batch;
    if (rows_append(&m->open, bytes, (size_t)len) != ERR_OK)
        return ERR_CORRUPT;
    if (m->open.last_utc > m->last_utc)
        m->last_utc = m->open.last_utc;
    return ERR_OK;
}

enum err open_load(struct store *s, MDB_txn *txn)
{
    MDB_cursor *c;
    MDB_val key, val;
    int rc = mdb_cursor_open(txn, s->dbi[DB_OPEN], &c);
    if (rc)
        return env_err(s, rc);
    enum err e = ERR_OK;
    for (rc = mdb_cursor_get(c, &key, &val, MDB_FIRST); !rc && !e; rc = mdb_cursor_get(c, &key, &val, MDB_NEXT)) {
        struct rd r = rd_init(val.mv_data, val.mv_size);
        while (!e && rd_left(&r))
            e = replay_entry(s, &r, key_get_u64(&key, 0));
    }
    mdb_cursor_close(c);
    for (struct meter_rows *m = s->meters; m && !e; m = m->hh.next)
        m->wants_merge = true;
    return e ? e : rc == MDB_NOTFOUND ? ERR_OK : env_err(s, rc);
}
