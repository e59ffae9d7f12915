/* store_retain.c — what is too old or too much goes: whole sealed blocks, the oldest first, a few with each commit.
 *
 * By age: a pass over the meters once an hour, some meters at a time. By size: as long as the file is over nine
 * tenths of the quota, or the disk is full, the oldest block of all.
 * Does not know: the journals' own bounds (store_log.c).
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/base/log.h"
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

static int drop_oldest(struct store *s, MDB_txn *txn, MDB_cursor *c)
{
    uint32_t meter;
    struct key k;
    MDB_val key, val;
    int rc = find_oldest(c, &meter);
    if (rc)
        return rc;
    key = *key_u32(&k, meter);
    rc = mdb_cursor_get(c, &key, &val, MDB_SET_RANGE);
    return rc ? rc : block_drop(s, txn, c);
}

static bool is_over_quota(const struct store *s)
{
    uint64_t quota = s->cfg.max_bytes;
    return quota && env_used_bytes(s) > quota - quota / 10;
}

int64_t retain_next_ms(const struct store *s)
{
    if (s->age_meter)
        return 0;
    return s->cfg.max_age_days ? s->age_next_ms : INT64_MAX;
}

static int retain(struct store *s, MDB_txn *txn, MDB_cursor *c)
{
    int64_t now_ms = clock_mono_ms(s->cfg.clock);
    if (s->cfg.max_age_days && (s->age_meter || now_ms >= s->age_next_ms)) {
        int rc = age_some(s, txn, c);
        if (rc)
            return rc;
        s->age_next_ms = s->age_meter ? now_ms : now_ms + PASS_MS;
    }
    int rc = 0;
    for (size_t i = 0; i < BLOCKS_A_TURN && !rc && (is_over_quota(s) || s->is_full); i++)
        rc = drop_oldest(s, txn, c);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

int retain_write(struct store *s, MDB_txn *txn)
{
    MDB_cursor *c;
    if (!s->cfg.max_age_days && !is_over_quota(s) && !s->is_full)
        return 0;
    int rc = mdb_cursor_open(txn, s->dbi[DB_BLOCK], &c);
    if (rc)
        return rc;
    rc = retain(s, txn, c);
    mdb_cursor_close(c);
    return rc;
}
