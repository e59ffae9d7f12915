/* store_record.c — small records by kind and name: users, tokens, jobs, keys. Does not look into them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/base/wr.h"
#include "store/store_int.h"

enum { NAME_KEY_MAX = 500, RECORD_MAX = 4 << 20 }; /* LMDB takes keys up to 511 bytes */

static size_t length(const char *text)
{
    size_t n = 0;
    while (text[n])
        n++;
    return n;
}

/* kind NUL name; ERR_TOO_BIG when it is too long for a key. */
static enum err name_key(uint8_t key[static NAME_KEY_MAX], const char *kind, const char *name, size_t *len)
{
    struct wr w = wr_init(key, NAME_KEY_MAX);
    wr_str(&w, kind);
    wr_u8(&w, 0);
    wr_str(&w, name);
    *len = wr_len(&w);
    return wr_ok(&w) ? ERR_OK : ERR_TOO_BIG;
}

static struct pending_record *pending_find(struct store *s, const uint8_t *key, size_t len)
{
    struct pending_record *p;
    HASH_FIND(hh, s->records, key, len, p);
    return p;
}

static void pending_free(struct store *s, struct pending_record *p)
{
    HASH_DEL(s->records, p);
    free(p->data);
    free(p);
}

static struct pending_record *pending_add(struct store *s, const uint8_t *key, size_t key_len)
{
    struct pending_record *p = xcalloc(1, sizeof *p + key_len);
    p->key_len = key_len;
    bytes_copy(p->key, key_len, key, key_len);
    HASH_ADD_KEYPTR(hh, s->records, p->key, key_len, p);
    return p;
}

struct staged { /* a change that is pending, and what was pending before */
    struct pending_record *p;
    uint8_t *was;
    size_t was_len;
    bool was_pending;
};

/* Replaces what is pending under the key. */
static struct staged stage(struct store *s, const uint8_t *key, size_t key_len, const void *data, size_t len)
{
    struct staged st = { .p = pending_find(s, key, key_len) };
    st.was_pending = st.p != NULL;
    if (!st.p)
        st.p = pending_add(s, key, key_len);
    st.was = st.p->data;
    st.was_len = st.p->len;
    st.p->data = data ? xmemdup(data, len) : NULL;
    st.p->len = len;
    store_touch(s);
    return st;
}

static void unstage(struct store *s, const struct staged *st)
{
    free(st->p->data);
    st->p->data = st->was;
    st->p->len = st->was_len;
    if (!st->was_pending)
        pending_free(s, st->p);
}

/* A synced change that cannot be written is undone. */
static enum err change(struct store *s, const uint8_t *key, size_t key_len, const void *data, size_t len, bool sync)
{
    struct staged st = stage(s, key, key_len, data, len);
    enum err e = sync ? store_commit(s, NULL, NULL) : ERR_OK;
    if (e)
        unstage(s, &st);
    else
        free(st.was); /* a synced record itself is gone with the commit */
    return e;
}

enum err store_records_change(struct store *s, const struct store_change *list, size_t n)
{
    struct staged *all = xcalloc(n + 1, sizeof *all);
    size_t n_staged = 0;
    enum err e = ERR_OK;
    for (; n_staged < n && !e; n_staged += !e) {
        const struct store_change *c = &list[n_staged];
        uint8_t key[NAME_KEY_MAX];
        size_t key_len;
        e = c->len > RECORD_MAX ? ERR_TOO_BIG : name_key(key, c->kind, c->name, &key_len);
        if (!e)
            all[n_staged] = stage(s, key, key_len, c->data, c->len);
    }
    e = e ? e : store_commit(s, NULL, NULL);
    for (size_t i = n_staged; i-- > 0;)
        e ? unstage(s, &all[i]) : free(all[i].was);
    free(all);
    return e;
}

enum err store_record_put(struct store *s, const char *kind, const char *name, const void *data, size_t len, bool sync)
{
    uint8_t key[NAME_KEY_MAX];
    size_t key_len;
    enum err e = len > RECORD_MAX ? ERR_TOO_BIG : name_key(key, kind, name, &key_len);
    e = e || sync ? e : store_admit(s);
    return e ? e : change(s, key, key_len, data ? data : "", len, sync);
}

static enum err record_get(struct store *s, const uint8_t *key, size_t key_len, MDB_val *val)
{
    const struct pending_record *p = pending_find(s, key, key_len);
    MDB_txn *txn;
    if (p) {
        *val = (MDB_val){ p->len, p->data };
        return p->data ? ERR_OK : ERR_NOT_FOUND;
    }
    enum err e = env_read(s, &txn);
    if (e)
        return e;
    MDB_val k = { key_len, (void *)(uintptr_t)key };
    e = env_err(s, mdb_get(txn, s->dbi[DB_RECORD], &k, val));
    if (!e)
        val->mv_data = store_scratch(s, val->mv_data, val->mv_size);
    env_read_end(s);
    return e;
}

enum err store_record_get(struct store *s, const char *kind, const char *name, const void **data, size_t *len)
{
    uint8_t key[NAME_KEY_MAX];
    size_t key_len;
    MDB_val val;
    enum err e = name_key(key, kind, name, &key_len);
    e = e ? e : record_get(s, key, key_len, &val);
    if (e)
        return e;
    *data = val.mv_data;
    *len = val.mv_size;
    return ERR_OK;
}

enum err store_record_remove(struct store *s, const char *kind, const char *name)
{
    uint8_t key[NAME_KEY_MAX];
    size_t key_len;
    MDB_val val;
    enum err e = name_key(key, kind, name, &key_len);
    e = e ? e : record_get(s, key, key_len, &val);
    return e ? e : change(s, key, key_len, NULL, 0, true);
}

/* Names are read with their NUL out of a copy of the key. */
static bool give(store_record_fn *fn, void *ctx, const MDB_val *key, size_t kind_len, const MDB_val *val)
{
    char name[NAME_KEY_MAX + 1];
    str_copy_n(name, sizeof name, (const char *)key->mv_data + kind_len + 1, key->mv_size - kind_len - 1);
    return fn(ctx, name, val->mv_data, val->mv_size);
}

enum err store_record_each(struct store *s, const char *kind, store_record_fn *fn, void *ctx)
{
    uint8_t from[NAME_KEY_MAX];
    size_t from_len, kind_len = length(kind);
    MDB_txn *txn;
    MDB_cursor *c;
    enum err e = name_key(from, kind, "", &from_len);
    e = e || !s->records ? e : store_flush(s);
    e = e ? e : env_read(s, &txn);
    if (e)
        return e;
    MDB_val key = { from_len, from }, val;
    int rc = mdb_cursor_open(txn, s->dbi[DB_RECORD], &c);
    if (!rc) {
        rc = mdb_cursor_get(c, &key, &val, MDB_SET_RANGE);
        while (!rc && key.mv_size >= from_len && bytes_equal(key.mv_data, from_len, from, from_len) &&
               give(fn, ctx, &key, kind_len, &val))
            rc = mdb_cursor_get(c, &key, &val, MDB_NEXT);
        mdb_cursor_close(c);
    }
    env_read_end(s);
    return rc == MDB_NOTFOUND ? ERR_OK : env_err(s, rc);
}

int records_write(struct store *s, MDB_txn *txn)
{
    int rc = 0;
    for (struct pending_record *p = s->records; p && !rc; p = p->hh.next) {
        MDB_val key = { p->key_len, p->key }, val = { p->len, p->data };
        if (p->data)
            rc = mdb_put(txn, s->dbi[DB_RECORD], &key, &val, 0);
        else if ((rc = mdb_del(txn, s->dbi[DB_RECORD], &key, NULL)) == MDB_NOTFOUND)
            rc = 0;
    }
    return rc;
}

void records_written(struct store *s)
{
    struct pending_record *p, *next;
    HASH_ITER (hh, s->records, p, next)
        pending_free(s, p);
}
