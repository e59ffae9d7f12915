/* store_key.c — keys as big-endian bytes, so that the order of the database is that of numbers and of time.
 *
 * Knows: numbers and UTC seconds in keys. Does not know: databases.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/base/rd.h"
#include "core/base/wr.h"
#include "store/store_int.h"

/* Times before 1970 stand before the others. */
static uint64_t utc_ordered(int64_t utc)
{
    return (uint64_t)utc ^ (uint64_t)1 << 63;
}

static MDB_val *key_done(struct key *k, const struct wr *w)
{
    k->val = (MDB_val){ wr_len(w), k->bytes };
    return &k->val;
}

MDB_val *key_u32(struct key *k, uint32_t a)
{
    struct wr w = wr_init(k->bytes, sizeof k->bytes);
    wr_be(&w, a, 4);
    return key_done(k, &w);
}

MDB_val *key_u64(struct key *k, uint64_t a)
{
    struct wr w = wr_init(k->bytes, sizeof k->bytes);
    wr_be(&w, a, 8);
    return key_done(k, &w);
}

MDB_val *key_u32_u32(struct key *k, uint32_t a, uint32_t b)
{
    struct wr w = wr_init(k->bytes, sizeof k->bytes);
    wr_be(&w, a, 4);
    wr_be(&w, b, 4);
    return key_done(k, &w);
}

MDB_val *key_u32_utc(struct key *k, uint32_t a, int64_t utc)
{
    struct wr w = wr_init(k->bytes, sizeof k->bytes);
    wr_be(&w, a, 4);
    wr_be(&w, utc_ordered(utc), 8);
    return key_done(k, &w);
}

MDB_val *key_utc(struct key *k, int64_t utc)
{
    return key_u64(k, utc_ordered(utc));
}

static uint64_t get_be(const MDB_val *key, size_t at, size_t n)
{
    struct rd r = rd_init(key->mv_data, key->mv_size);
    rd_skip(&r, at);
    return rd_be(&r, n);
}

uint32_t key_get_u32(const MDB_val *key, size_t at)
{
    return (uint32_t)get_be(key, at, 4);
}
uint64_t key_get_u64(const MDB_val *key, size_t at)
{
    return get_be(key, at, 8);
}
int64_t key_get_utc(const MDB_val *key, size_t at)
{
    return (int64_t)utc_ordered((int64_t)get_be(key, at, 8));
}
