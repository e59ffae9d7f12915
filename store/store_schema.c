/* store_schema.c — the version of what is stored, one function per step up; and the counters that every commit keeps.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/base/mem.h"
#include "core/base/rd.h"
#include "core/base/str.h"
#include "core/base/wr.h"
#include "store/store_int.h"

/* From nothing to version 1: the first batch, series and meter have number 1. */
static int to_version_1(struct store *s, MDB_txn *txn)
{
    s->counters = (struct counters){ .next_batch = 1, .next_series = 1, .next_meter = 1 };
    return counters_write(s, txn);
}

/* steps[n] leads from version n to n + 1. */
static int (*const steps[])(struct store *s, MDB_txn *txn) = { to_version_1 };

static MDB_val text_val(const char *text)
{
    MDB_val v = { 0, NULL };
    while (text[v.mv_size])
        v.mv_size++;
    v.mv_data = (void *)(uintptr_t)text;
    return v;
}

/* *newer is the version found when it is beyond what this program knows, else 0. */
int schema_up(struct store *s, MDB_txn *txn, uint32_t *newer)
{
    MDB_val key = text_val("schema"), val;
    int rc = mdb_get(txn, s->dbi[DB_META], &key, &val);
    if (rc && rc != MDB_NOTFOUND)
        return rc;
    uint32_t version = rc ? 0 : key_get_u32(&val, 0);
    *newer = version > COUNT_OF(steps) ? version : 0;
    if (version >= COUNT_OF(steps))
        return 0;
    for (; version < COUNT_OF(steps); version++)
        if ((rc = steps[version](s, txn)))
            return rc;
    struct key k;
    return mdb_put(txn, s->dbi[DB_META], &key, key_u32(&k, version), 0);
}

int counters_write(struct store *s, MDB_txn *txn)
{
    uint8_t bytes[40];
    struct wr w = wr_init(bytes, sizeof bytes);
    wr_le(&w, s->counters.values, 8);
    wr_le(&w, s->counters.readings, 8);
    wr_le(&w, s->counters.next_batch, 8);
    wr_le(&w, s->counters.next_series, 4);
    wr_le(&w, s->counters.next_meter, 4);
    MDB_val key = text_val("counters"), val = { wr_len(&w), bytes };
    return mdb_put(txn, s->dbi[DB_META], &key, &val, 0);
}

int counters_read(struct store *s, MDB_txn *txn)
{
    MDB_val key = text_val("counters"), val;
    int rc = mdb_get(txn, s->dbi[DB_META], &key, &val);
    if (rc)
        return rc == MDB_NOTFOUND ? MDB_CORRUPTED : rc;
    struct rd r = rd_init(val.mv_data, val.mv_size);
    struct counters c = { .values = rd_le(&r, 8), .readings = rd_le(&r, 8), .next_batch = rd_le(&r, 8) };
    c.next_series = rd_u32le(&r);
    c.next_meter = rd_u32le(&r);
    if (!rd_ok(&r))
        return MDB_CORRUPTED;
    s->counters = c;
    return 0;
}
