/* store_retain.c — what is too old or too much goes: whole sealed blocks, the oldest first, a few with each commit.
 *
 * By age: a pass over the meters once an hour, some meters at a time. By size: when more than nine tenths of the quota
 * are in use, the oldest blocks of all. A full disk without a quota drops nothing: what is stored stays.
 * Does not know: the journals' own bounds (store_log.c).
 * SPDX-License-Identifier: Apache-2.0
 */
#include <errno.h>

#include "core/base/rd.h"
#include "store/store_int.h"

enum { PASS_MS = 3600 * 1000, METERS_A_TURN = 32, BLOCKS_A_TURN = 16 };

static int drop_old(struct store *s, MDB_txn *txn, MDB_cursor *c, MDB_val *key, MDB_val *val, int64_t before)
{
    struct block b;
    (void)key;
    bool is_old = block_open(&b, val->mv_data, val->mv_size) == ERR_OK && b.last_utc < before;
    return is_old ? block_drop(s, txn, c) : MDB_NOTFOUND;
}

/* Ages some meters from age_meter on; sets it to 0 when the pass is through. */
static int age_some(struct store *s, MDB_txn *txn, MDB_cursor *c)
{
    int64_t before = clock_utc(s->cfg.clock) - (int64_t)s->cfg.max_age_days * 86400;
    size_t dropped = 0;
    for (size_t i = 0; i < METERS_A_TURN; i++) {
        struct key k;
        MDB_val key = *key_u32(&k, s->age_meter), val;
        int rc = mdb_cursor_get(c, &key, &val, MDB_SET_RANGE);
        if (rc == MDB_NOTFOUND) {
            s->age_meter = 0;
            return 0;
        }
        uint32_t meter = rc ? 0 : key_get_u32(&key, 0);
        rc = rc ? rc : drop_old(s, txn, c, &key, &val, before);
        if (rc && rc != MDB_NOTFOUND)
            return rc;
        if (rc == 0 && ++dropped == BLOCKS_A_TURN)
            return 0;
        s->age_meter = rc == 0 ? meter : meter + 1;
    }
    return 0;
}

/* The meter whose first block ends first. */
static int find_oldest(MDB_cursor *c, uint32_t *meter)
{
    MDB_val key, val;
    struct block b;
    int64_t oldest = INT64_MAX;
    *meter = 0;
    int rc = mdb_cursor_get(c, &key, &val, MDB_FIRST);
    while (!rc) {
        uint32_t at = key_get_u32(&key, 0);
        if (block_open(&b, val.mv_data, val.mv_size) == ERR_OK && b.last_utc < oldest) {
            oldest = b.last_utc;
            *meter = at;
        }
        if (at == UINT32_MAX)
            break;
        struct key k;
        key = *key_u32(&k, at + 1);
        rc = mdb_cursor_get(c, &key, &val, MDB_SET_RANGE);
    }
    return rc && rc != MDB_NOTFOUND ? rc : *meter ? 0 : MDB_NOTFOUND;
}

static int drop_oldest(struct store *s, MDB_txn *txn, MDB_cursor *c, size_t *size)
{
    uint32_t meter;
    struct key k;
    MDB_val key, val;
    int rc = find_oldest(c, &meter);
    if (rc)
        return rc;
    key = *key_u32(&k, meter);
    rc = mdb_cursor_get(c, &key, &val, MDB_SET_RANGE);
    *size = rc ? 0 : val.mv_size;
    return rc ? rc : block_drop(s, txn, c);
}

/* Free pages as of the last commit: LMDB shows its list of them to readers only. Each value begins with how many. */
static int free_pages(struct store *s, uint64_t *n)
{
    enum { FREE_LIST = 0 };
    MDB_txn *txn;
    MDB_cursor *c;
    MDB_val key, val;
    if (env_read(s, &txn))
        return EIO;
    int rc = mdb_cursor_open(txn, FREE_LIST, &c);
    if (!rc) {
        for (rc = mdb_cursor_get(c, &key, &val, MDB_FIRST); !rc; rc = mdb_cursor_get(c, &key, &val, MDB_NEXT)) {
            struct rd r = rd_init(val.mv_data, val.mv_size);
            *n += rd_le(&r, sizeof(size_t));
        }
        mdb_cursor_close(c);
    }
    env_read_end(s);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

/* Pages that were given back stay in the file and are used again: they do not count. */
static int used_bytes(struct store *s, MDB_txn *txn, uint64_t *out)
{
    MDB_stat st;
    uint64_t n = 0, all = env_used_bytes(s);
    int rc = mdb_stat(txn, s->dbi[DB_BLOCK], &st);
    rc = rc ? rc : free_pages(s, &n);
    if (!rc)
        *out = all > n * st.ms_psize ? all - n * st.ms_psize : 0;
    return rc;
}

static uint64_t quota_mark(const struct store *s)
{
    return s->cfg.max_bytes - s->cfg.max_bytes / 10;
}
static bool may_be_over(const struct store *s)
{
    return s->cfg.max_bytes && env_used_bytes(s) > quota_mark(s);
}

static int shrink(struct store *s, MDB_txn *txn, MDB_cursor *c)
{
    uint64_t used;
    int rc = used_bytes(s, txn, &used);
    for (size_t i = 0; i < BLOCKS_A_TURN && !rc && used > quota_mark(s); i++) {
        size_t size = 0;
        rc = drop_oldest(s, txn, c, &size);
        used -= size < used ? size : used;
    }
    return rc == MDB_NOTFOUND ? 0 : rc;
}

int64_t retain_next_ms(const struct store *s)
{
    if (s->age_meter)
        return 0;
    return s->cfg.max_age_days ? s->age_next_ms : INT64_MAX;
}

static int retain(struct store *s, MDB_txn *txn, MDB_cursor *c)
{
    uint64_t before = s->counters.readings;
    int64_t now_ms = clock_mono_ms(s->cfg.clock);
    if (s->cfg.max_age_days && (s->age_meter || now_ms >= s->age_next_ms)) {
        int rc = age_some(s, txn, c);
        if (rc)
            return rc;
        s->age_next_ms = s->age_meter ? now_ms : now_ms + PASS_MS;
    }
    int rc = may_be_over(s) ? shrink(s, txn, c) : 0;
    if (rc)
        return rc;
    return s->counters.readings == before ? 0 : block_oldest(s, txn, &s->oldest_utc);
}

int retain_write(struct store *s, MDB_txn *txn)
{
    MDB_cursor *c;
    if (!s->cfg.max_age_days && !may_be_over(s))
        return 0;
    int rc = mdb_cursor_open(txn, s->dbi[DB_BLOCK], &c);
    if (rc)
        return rc;
    rc = retain(s, txn, c);
    mdb_cursor_close(c);
    return rc;
}

int retain_squeeze(struct store *s, MDB_txn *txn)
{
    MDB_cursor *c;
    size_t size;
    int rc = mdb_cursor_open(txn, s->dbi[DB_BLOCK], &c);
    if (rc)
        return rc;
    for (size_t i = 0; i < BLOCKS_A_TURN && !rc; i++)
        rc = drop_oldest(s, txn, c, &size);
    mdb_cursor_close(c);
    return rc && rc != MDB_NOTFOUND ? rc : block_oldest(s, txn, &s->oldest_utc);
}
