/* store_mark.c — what each report has delivered of each meter: one UTC time, newest wins by being put last.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>

#include "core/base/mem.h"
#include "store/store_int.h"

int64_t store_mark(struct store *s, unsigned report, uint32_t meter)
{
    uint64_t id = (uint64_t)meter << 32 | report;
    struct pending_mark *p;
    HASH_FIND(hh, s->marks, &id, sizeof id, p);
    if (p)
        return p->utc;
    MDB_txn *txn;
    struct key k;
    MDB_val val;
    int64_t utc = 0;
    if (env_read(s, &txn))
        return 0;
    if (mdb_get(txn, s->dbi[DB_MARK], key_u32_u32(&k, meter, report), &val) == 0)
        utc = key_get_utc(&val, 0);
    env_read_end(s);
    return utc;
}

enum err store_mark_put(struct store *s, unsigned report, uint32_t meter, int64_t utc)
{
    uint64_t id = (uint64_t)meter << 32 | report;
    struct pending_mark *p;
    enum err e = store_admit(s);
    if (e)
        return e;
    HASH_FIND(hh, s->marks, &id, sizeof id, p);
    if (!p) {
        p = xcalloc(1, sizeof *p);
        p->key = id;
        HASH_ADD(hh, s->marks, key, sizeof p->key, p);
    }
    p->utc = utc;
    store_touch(s);
    return ERR_OK;
}

int marks_write(struct store *s, MDB_txn *txn)
{
    int rc = 0;
    for (const struct pending_mark *p = s->marks; p && !rc; p = p->hh.next) {
        struct key k, v;
        rc = mdb_put(txn, s->dbi[DB_MARK], key_u32_u32(&k, (uint32_t)(p->key >> 32), (uint32_t)p->key),
                     key_utc(&v, p->utc), 0);
    }
    return rc;
}

void marks_written(struct store *s)
{
    struct pending_mark *p, *next;
    HASH_ITER (hh, s->marks, p, next) {
        HASH_DEL(s->marks, p);
        free(p);
    }
}
