/* sealed.c — records of the store that only this device can read.
 *
 * Knows: the device key's file, how a sealed record is laid out: version, nonce, tag, hidden bytes.
 * Does not know: what is hidden.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/sealed.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/rd.h"
#include "core/base/str.h"
#include "core/base/wr.h"
#include "core/crypto.h"
#include "store/store_conf.h"

enum { FORMAT = 1, ABOUT_MAX = 512, OVERHEAD = 1 + CRYPTO_GCM_NONCE + CRYPTO_GCM_TAG };

struct sealed {
    struct store *store;
    uint8_t key[CRYPTO_GCM_KEY];
};

/* --- the device key --- */

static enum err make_key(const char *path, uint8_t key[static CRYPTO_GCM_KEY], struct err_at *at)
{
    crypto_random(key, CRYPTO_GCM_KEY);
    return conf_replace(path, (const char *)key, CRYPTO_GCM_KEY, at);
}

static enum err read_key(const char *path, uint8_t key[static CRYPTO_GCM_KEY], struct err_at *at)
{
    char *bytes = NULL;
    size_t len = 0;
    enum err e = conf_read(path, &bytes, &len, at);
    if (e != ERR_OK)
        return e;
    if (len == CRYPTO_GCM_KEY)
        bytes_copy(key, CRYPTO_GCM_KEY, bytes, len);
    else
        e = err_say(at, ERR_CORRUPT, "%s holds %zu bytes instead of %d", path, len, CRYPTO_GCM_KEY);
    bytes_wipe(bytes, len);
    free(bytes);
    return e;
}

enum err sealed_create(struct store *s, const char *dir, struct sealed **out, struct err_at *at)
{
    char path[PATH_MAX];
    struct sealed *se = xcalloc(1, sizeof *se);
    se->store = s;
    enum err e = ERR_OK;
    if (!str_fmt(path, sizeof path, "%s/device.key", dir))
        e = err_say(at, ERR_INVALID, "the data folder's name is too long");
    if (e == ERR_OK)
        e = read_key(path, se->key, at);
    if (e == ERR_NOT_FOUND)
        e = make_key(path, se->key, at);
    if (e == ERR_OK)
        *out = se;
    else
        sealed_free(se);
    return e;
}

void sealed_free(struct sealed *se)
{
    if (!se)
        return;
    bytes_wipe(se, sizeof *se);
    free(se);
}

/* --- records --- */

/* What a record is called is proven with it, so that none can be moved to another name. */
static bool put_about(struct wr *w, const char *kind, const char *name)
{
    wr_str(w, kind);
    wr_u8(w, 0);
    wr_str(w, name);
    return wr_ok(w);
}

/* The whole record; the caller frees. NULL: the name is too long. */
static uint8_t *seal(const struct sealed *se, const struct store_change *c, size_t *len)
{
    uint8_t about[ABOUT_MAX];
    struct wr w = wr_init(about, sizeof about);
    if (!put_about(&w, c->kind, c->name))
        return NULL;
    *len = OVERHEAD + c->len;
    uint8_t *record = xmalloc(*len), *nonce = record + 1, *tag = nonce + CRYPTO_GCM_NONCE;
    record[0] = FORMAT;
    crypto_random(nonce, CRYPTO_GCM_NONCE);
    const struct crypto_gcm g = { se->key, nonce, about, wr_len(&w) };
    crypto_gcm_seal(&g, c->data, c->len, record + OVERHEAD, tag);
    return record;
}

enum err sealed_change(struct sealed *se, const struct store_change *list, size_t n)
{
    struct store_change *closed = xcalloc(n + 1, sizeof *closed);
    enum err e = ERR_OK;
    for (size_t i = 0; i < n && e == ERR_OK; i++) {
        closed[i] = (struct store_change){ .kind = list[i].kind, .name = list[i].name };
        if (list[i].data && !(closed[i].data = seal(se, &list[i], &closed[i].len)))
            e = ERR_TOO_BIG;
    }
    if (e == ERR_OK)
        e = store_records_change(se->store, closed, n);
    for (size_t i = 0; i < n; i++)
        free((void *)(uintptr_t)closed[i].data);
    free(closed);
    return e;
}

struct unsealing {
    const struct sealed *se;
    const char *kind;
    store_record_fn *fn;
    void *ctx;
};

/* Into clear, which has room for all of the record. */
static bool unseal(const struct unsealing *u, const char *name, struct rd record, uint8_t *clear)
{
    uint8_t about[ABOUT_MAX];
    struct wr w = wr_init(about, sizeof about);
    uint8_t format = rd_u8(&record);
    struct rd nonce = rd_sub(&record, CRYPTO_GCM_NONCE), tag = rd_sub(&record, CRYPTO_GCM_TAG);
    if (!rd_ok(&record) || format != FORMAT || !put_about(&w, u->kind, name))
        return false;
    const struct crypto_gcm g = { u->se->key, nonce.p, about, wr_len(&w) };
    return crypto_gcm_open(&g, record.p, rd_left(&record), clear, tag.p) == ERR_OK;
}

static bool on_record(void *ctx, const char *name, const void *data, size_t len)
{
    const struct unsealing *u = ctx;
    uint8_t *clear = xmalloc(len + 1);
    bool is_open = unseal(u, name, rd_init(data, len), clear);
    bool goes_on = u->fn(u->ctx, name, is_open ? clear : NULL, is_open ? len - OVERHEAD : 0);
    bytes_wipe(clear, len + 1);
    free(clear);
    return goes_on;
}

enum err sealed_each(struct sealed *se, const char *kind, store_record_fn *fn, void *ctx)
{
    struct unsealing u = { .se = se, .kind = kind, .fn = fn, .ctx = ctx };
    return store_record_each(se->store, kind, on_record, &u);
}
