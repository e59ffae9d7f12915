/* access_try.c — is this password right, and how often may one guess?
 *
 * Knows: tags of passwords that were right, factory passwords, wrong guesses of the last minute.
 * Does not know: how a password is hashed; HTTP.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "core/access_priv.h"
#include "core/base/addr.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/base/wr.h"
#include "core/crypto.h"
#include "core/password.h"

enum { GUESSES_MAX = 10, WINDOW_MS = 60 * 1000, KEYS_MAX = 1024 };

static const char factory_password[] = "admin";

struct guesses {
    char key[ACCESS_PEER_MAX + 8]; /* "user:NAME" or "from:ADDRESS" */
    int64_t since_ms;
    unsigned n;
    UT_hash_handle hh; /* in the order of since_ms */
};

void access_free_guesses(struct access *a)
{
    struct guesses *g, *next;
    HASH_ITER (hh, a->guesses, g, next) {
        HASH_DEL(a->guesses, g);
        free(g);
    }
}

static void user_key(char out[static ACCESS_PEER_MAX + 8], const char *user)
{
    str_fmt(out, ACCESS_PEER_MAX + 8, "user:%.*s", ACCESS_NAME_MAX, user);
}

/* Of an IPv6 address its network counts: whoever has one address there has them all. */
static void peer_key(char out[static ACCESS_PEER_MAX + 8], const char *peer)
{
    char network[ADDR_TEXT_MAX];
    addr_network(network, peer);
    str_fmt(out, ACCESS_PEER_MAX + 8, "from:%s", network);
}

static void drop(struct access *a, struct guesses *g)
{
    HASH_DEL(a->guesses, g);
    free(g);
}

/* Forgets what is over a minute old, and the oldest when there are too many. */
static void sweep(struct access *a, int64_t now_ms)
{
    while (a->guesses && (now_ms - a->guesses->since_ms >= WINDOW_MS || HASH_COUNT(a->guesses) >= KEYS_MAX))
        drop(a, a->guesses);
}

static int64_t wait_s(struct access *a, const char *key, int64_t now_ms)
{
    struct guesses *g;
    HASH_FIND_STR(a->guesses, key, g);
    if (!g || g->n <= GUESSES_MAX || now_ms - g->since_ms >= WINDOW_MS)
        return 0;
    return (WINDOW_MS - (now_ms - g->since_ms) + 999) / 1000;
}

int64_t access_throttled_s(struct access *a, const char *user, const char *peer)
{
    char key[ACCESS_PEER_MAX + 8];
    int64_t now_ms = clock_mono_ms(a->clock);
    user_key(key, user);
    int64_t by_user = wait_s(a, key, now_ms);
    peer_key(key, peer);
    int64_t by_peer = wait_s(a, key, now_ms);
    return by_user > by_peer ? by_user : by_peer;
}

static void count_guess(struct access *a, const char *key, int64_t now_ms)
{
    struct guesses *g;
    HASH_FIND_STR(a->guesses, key, g);
    if (!g) {
        g = xcalloc(1, sizeof *g);
        str_copy(g->key, sizeof g->key, key);
        g->since_ms = now_ms;
        HASH_ADD_STR(a->guesses, key, g);
    }
    g->n++;
}

static enum access_verdict wrong(struct access *a, struct access_try *t)
{
    char key[ACCESS_PEER_MAX + 8];
    int64_t now_ms = clock_mono_ms(a->clock);
    sweep(a, now_ms);
    user_key(key, t->user);
    count_guess(a, key, now_ms);
    peer_key(key, t->peer);
    count_guess(a, key, now_ms);
    t->retry_after_s = access_throttled_s(a, t->user, t->peer);
    return t->retry_after_s ? ACCESS_THROTTLED : ACCESS_NO;
}

static enum access_verdict right(struct access_try *t, const struct account *u)
{
    t->who = (struct access_who){ .role = u->user.role, .must_change_password = u->user.has_factory_password };
    str_copy(t->who.name, sizeof t->who.name, u->user.name);
    return ACCESS_YES;
}

/* Stands for name and password; of no use to another process. */
static void make_tag(const struct access *a, struct access_try *t, const char *password)
{
    uint8_t bytes[ACCESS_NAME_MAX + 1 + PASSWORD_MAX];
    struct wr w = wr_init(bytes, sizeof bytes);
    wr_bytes(&w, t->user, sizeof t->user); /* zeroes behind the name: no other pair gives these bytes */
    wr_str(&w, password);
    crypto_hmac_sha256(t->tag, a->key, sizeof a->key, bytes, wr_len(&w));
    bytes_wipe(bytes, sizeof bytes);
}

/* Unknown names have a salt, too, and always the same, as if they were known. */
static struct access_kdf kdf_of_nobody(const struct access *a, const char *user)
{
    struct access_kdf kdf = { .log2_n = 14, .r = 8, .p = 1 };
    uint8_t mac[32];
    crypto_hmac_sha256(mac, a->key, sizeof a->key, user, strlen(user));
    bytes_copy(kdf.salt, sizeof kdf.salt, mac, sizeof kdf.salt);
    return kdf;
}

enum access_verdict access_begin(struct access *a, const char *user, const char *password, const char *peer,
                                 struct access_try *t)
{
    *t = (struct access_try){ 0 };
    bool is_whole = str_copy(t->user, sizeof t->user, user);
    str_copy(t->peer, sizeof t->peer, peer);
    t->retry_after_s = access_throttled_s(a, t->user, t->peer);
    if (t->retry_after_s)
        return ACCESS_THROTTLED;
    if (!is_whole || strlen(password) > PASSWORD_MAX)
        return wrong(a, t);
    struct account *u = access_account(a, t->user);
    make_tag(a, t, password);
    if (!u) {
        t->kdf = kdf_of_nobody(a, t->user);
        return ACCESS_HASH;
    }
    if (u->user.has_factory_password)
        return str_eq(password, factory_password) ? right(t, u) : wrong(a, t);
    if (u->has_tag && bytes_equal_secret(u->tag, t->tag, sizeof t->tag))
        return right(t, u);
    t->kdf = u->kdf;
    return ACCESS_HASH;
}

enum access_verdict access_finish(struct access *a, struct access_try *t, const uint8_t hash[ACCESS_HASH_BYTES])
{
    struct account *u = access_account(a, t->user);
    t->retry_after_s = access_throttled_s(a, t->user, t->peer);
    if (t->retry_after_s)
        return ACCESS_THROTTLED;
    /* Meanwhile the user may have gone or have another password: the salt tells. */
    if (!u || u->user.has_factory_password ||
        !bytes_equal(u->kdf.salt, sizeof u->kdf.salt, t->kdf.salt, sizeof t->kdf.salt) ||
        !bytes_equal_secret(u->hash, hash, ACCESS_HASH_BYTES))
        return wrong(a, t);
    u->has_tag = true;
    bytes_copy(u->tag, sizeof u->tag, t->tag, sizeof t->tag);
    return right(t, u);
}
