/* access.c — users and tokens, and how they are kept.
 *
 * Knows: accounts, roles, the last administrator, the JSON text of each record.
 * Does not know: who is asking (access_try.c, access_session.c); where records are stored; HTTP.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/access.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "core/access_priv.h"
#include "core/base/bug.h"
#include "core/base/civil.h"
#include "core/base/json_out.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/crypto.h"

enum { RECORD_MAX = 1024 };

static const char *const role_names[] = { "viewer", "operator", "admin" };

const char *access_role_name(enum access_role r)
{
    BUG_IF((size_t)r >= COUNT_OF(role_names));
    return role_names[r];
}

bool access_role_parse(const char *text, enum access_role *out)
{
    for (size_t i = 0; i < COUNT_OF(role_names); i++) {
        if (str_eq(text, role_names[i])) {
            *out = (enum access_role)i;
            return true;
        }
    }
    return false;
}

struct access *access_create(const struct clock *clock)
{
    struct access *a = xcalloc(1, sizeof *a);
    a->clock = clock;
    crypto_random(a->key, sizeof a->key);
    return a;
}

static void wipe_free(void *p, size_t size)
{
    bytes_wipe(p, size);
    free(p);
}

void access_free(struct access *a)
{
    if (!a)
        return;
    access_free_sessions(a);
    access_free_guesses(a);
    for (size_t i = 0; i < a->n_users; i++)
        wipe_free(a->users[i], sizeof *a->users[i]);
    for (size_t i = 0; i < a->n_tokens; i++)
        wipe_free(a->tokens[i], sizeof *a->tokens[i]);
    wipe_free(a, sizeof *a);
}

bool access_name_is_valid(const char *name)
{
    size_t len = strlen(name);
    return len >= 1 && len <= ACCESS_NAME_MAX &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-@") == len;
}

void access_new_secret(char text[static ACCESS_SECRET_TEXT], uint8_t hash[static 32])
{
    uint8_t bytes[(ACCESS_SECRET_TEXT - 1) / 2];
    crypto_random(bytes, sizeof bytes);
    str_to_hex(text, bytes, sizeof bytes);
    bytes_wipe(bytes, sizeof bytes);
    crypto_sha256(hash, text, ACCESS_SECRET_TEXT - 1);
}

bool access_secret_hash(const char *text, uint8_t hash[static 32])
{
    if (!text || strnlen(text, ACCESS_SECRET_TEXT) != ACCESS_SECRET_TEXT - 1)
        return false;
    crypto_sha256(hash, text, ACCESS_SECRET_TEXT - 1);
    return true;
}

/* --- records --- */

void access_set_save(struct access *a, access_save_fn *fn, void *ctx)
{
    a->save = fn;
    a->save_ctx = ctx;
}

static enum err keep(struct access *a, const char *kind, const char *name, const char *data, size_t len)
{
    return a->save ? a->save(a->save_ctx, kind, name, data, len) : ERR_OK;
}

static void key_hex(struct json_out *j, const char *key, const uint8_t *bytes, size_t len)
{
    json_key(j, key);
    json_hex(j, bytes, len);
}

static enum err keep_user(struct access *a, const struct account *u)
{
    char text[RECORD_MAX];
    struct json_out j;
    json_init(&j, text, sizeof text, NULL, NULL);
    json_object(&j);
    json_key_str(&j, "role", access_role_name(u->user.role));
    json_key_int(&j, "created", u->user.created_utc);
    json_key_int(&j, "password_set", u->user.password_utc);
    json_key_bool(&j, "factory", u->user.has_factory_password);
    json_key_int(&j, "log2_n", u->kdf.log2_n);
    json_key_int(&j, "r", u->kdf.r);
    json_key_int(&j, "p", u->kdf.p);
    key_hex(&j, "salt", u->kdf.salt, sizeof u->kdf.salt);
    key_hex(&j, "hash", u->hash, sizeof u->hash);
    json_object_end(&j);
    BUG_IF(j.full);
    enum err e = keep(a, "user", u->user.name, text, json_len(&j));
    bytes_wipe(text, sizeof text);
    return e;
}

static void token_name(char out[static 16], uint32_t id)
{
    str_fmt(out, 16, "%u", id);
}

static enum err keep_token(struct access *a, const struct ticket *t)
{
    char text[RECORD_MAX], name[16];
    struct json_out j;
    json_init(&j, text, sizeof text, NULL, NULL);
    json_object(&j);
    json_key_str(&j, "name", t->token.name);
    json_key_str(&j, "by", t->token.by);
    json_key_str(&j, "role", access_role_name(t->token.role));
    json_key_int(&j, "created", t->token.created_utc);
    json_key_int(&j, "expires", t->token.expires_utc);
    key_hex(&j, "hash", t->hash, sizeof t->hash);
    json_object_end(&j);
    BUG_IF(j.full);
    token_name(name, t->token.id);
    return keep(a, "token", name, text, json_len(&j));
}

static bool take_hex(const json_t *o, const char *key, uint8_t *out, size_t size)
{
    const char *text = json_string_value(json_object_get(o, key));
    size_t len;
    return text && str_from_hex(text, strlen(text), out, size, &len) == ERR_OK && len == size;
}

static bool take_int(const json_t *o, const char *key, int64_t min, int64_t max, int64_t *out)
{
    const json_t *v = json_object_get(o, key);
    *out = json_integer_value(v);
    return json_is_integer(v) && *out >= min && *out <= max;
}

static bool take_role(const json_t *o, enum access_role *out)
{
    const char *text = json_string_value(json_object_get(o, "role"));
    return text && access_role_parse(text, out);
}

static bool take_text(const json_t *o, const char *key, char *out, size_t size)
{
    const char *text = json_string_value(json_object_get(o, key));
    return text && str_copy(out, size, text);
}

/* --- users --- */

size_t access_users(const struct access *a)
{
    return a->n_users;
}

const struct access_user *access_user_at(const struct access *a, size_t i)
{
    BUG_IF(i >= a->n_users);
    return &a->users[i]->user;
}

struct account *access_account(const struct access *a, const char *name)
{
    for (size_t i = 0; i < a->n_users; i++) {
        if (str_eq(a->users[i]->user.name, name))
            return a->users[i];
    }
    return NULL;
}

const struct access_user *access_user_find(const struct access *a, const char *name)
{
    const struct account *u = access_account(a, name);
    return u ? &u->user : NULL;
}

static void insert_user(struct access *a, const struct account *u)
{
    size_t at = a->n_users++;
    for (; at > 0 && strcmp(a->users[at - 1]->user.name, u->user.name) > 0; at--)
        a->users[at] = a->users[at - 1];
    a->users[at] = xmemdup(u, sizeof *u);
}

struct access_kdf access_new_kdf(void)
{
    struct access_kdf kdf = { .log2_n = 14, .r = 8, .p = 1 };
    crypto_random(kdf.salt, sizeof kdf.salt);
    return kdf;
}

enum err access_user_add(struct access *a, const char *name, enum access_role role, const struct access_kdf *kdf,
                         const uint8_t hash[ACCESS_HASH_BYTES], struct err_at *at)
{
    int64_t now_utc = clock_utc(a->clock);
    struct account u = { .user = { .role = role, .created_utc = now_utc, .password_utc = now_utc }, .kdf = *kdf };
    if (!access_name_is_valid(name))
        return err_say(at, ERR_INVALID, "A name has 1 to %d letters, digits, dots, hyphens, underscores or @.",
                       ACCESS_NAME_MAX);
    if (access_account(a, name))
        return err_say(at, ERR_EXISTS, "There is a user %s already.", name);
    if (a->n_users == ACCESS_USERS_MAX)
        return err_say(at, ERR_TOO_MANY, "There can be at most %d users.", ACCESS_USERS_MAX);
    str_copy(u.user.name, sizeof u.user.name, name);
    bytes_copy(u.hash, sizeof u.hash, hash, ACCESS_HASH_BYTES);
    enum err e = keep_user(a, &u);
    if (e == ERR_OK)
        insert_user(a, &u);
    bytes_wipe(&u, sizeof u);
    return e == ERR_OK ? e : err_say(at, e, "The user could not be stored: %s.", err_text(e));
}

enum err access_ensure_admin(struct access *a)
{
    struct account u = { .user = { .name = "admin", .role = ROLE_ADMIN, .has_factory_password = true } };
    if (a->n_users > 0)
        return ERR_OK;
    u.user.created_utc = clock_utc(a->clock);
    enum err e = keep_user(a, &u);
    if (e == ERR_OK)
        insert_user(a, &u);
    return e;
}

static bool is_last_admin(const struct access *a, const struct account *u)
{
    size_t n = 0;
    for (size_t i = 0; i < a->n_users; i++)
        n += a->users[i]->user.role == ROLE_ADMIN;
    return u->user.role == ROLE_ADMIN && n == 1;
}

/* Stores what the account is to be, then makes it so. */
static enum err replace_user(struct access *a, struct account *u, const struct account *next, struct err_at *at)
{
    enum err e = keep_user(a, next);
    if (e != ERR_OK)
        return err_say(at, e, "The user could not be stored: %s.", err_text(e));
    *u = *next;
    return ERR_OK;
}

static enum err no_user(const char *name, struct err_at *at)
{
    return err_say(at, ERR_NOT_FOUND, "There is no user %.*s.", ACCESS_NAME_MAX, name);
}

enum err access_user_set_role(struct access *a, const char *name, enum access_role role, struct err_at *at)
{
    struct account *u = access_account(a, name);
    if (!u)
        return no_user(name, at);
    if (role != ROLE_ADMIN && is_last_admin(a, u))
        return err_say(at, ERR_CONFLICT, "%s is the last administrator and has to stay one.", name);
    struct account next = *u;
    next.user.role = role;
    return replace_user(a, u, &next, at);
}

enum err access_user_set_password(struct access *a, const char *name, const struct access_kdf *kdf,
                                  const uint8_t hash[ACCESS_HASH_BYTES], uint64_t keep_session, struct err_at *at)
{
    struct account *u = access_account(a, name);
    if (!u)
        return no_user(name, at);
    struct account next = *u;
    next.user.has_factory_password = false;
    next.user.password_utc = clock_utc(a->clock);
    next.kdf = *kdf;
    next.has_tag = false;
    bytes_copy(next.hash, sizeof next.hash, hash, ACCESS_HASH_BYTES);
    enum err e = replace_user(a, u, &next, at);
    bytes_wipe(&next, sizeof next);
    if (e == ERR_OK)
        access_end_sessions(a, name, keep_session);
    return e;
}

enum err access_user_remove(struct access *a, const char *name, struct err_at *at)
{
    struct account *u = access_account(a, name);
    if (!u)
        return no_user(name, at);
    if (is_last_admin(a, u))
        return err_say(at, ERR_CONFLICT, "%s is the last administrator and cannot be removed.", name);
    enum err e = keep(a, "user", u->user.name, NULL, 0);
    if (e != ERR_OK)
        return err_say(at, e, "The user could not be removed: %s.", err_text(e));
    access_end_sessions(a, u->user.name, 0);
    size_t i = 0;
    while (a->users[i] != u)
        i++;
    for (a->n_users--; i < a->n_users; i++)
        a->users[i] = a->users[i + 1];
    wipe_free(u, sizeof *u);
    return ERR_OK;
}

static enum err restore_user(struct access *a, const char *name, const json_t *o)
{
    struct account u = { 0 };
    int64_t n, r, p;
    if (!access_name_is_valid(name) || access_account(a, name) || a->n_users == ACCESS_USERS_MAX ||
        !take_role(o, &u.user.role) || !take_int(o, "created", 0, INT64_MAX, &u.user.created_utc) ||
        !take_int(o, "password_set", 0, INT64_MAX, &u.user.password_utc) || !take_int(o, "log2_n", 0, 20, &n) ||
        !take_int(o, "r", 0, 32, &r) || !take_int(o, "p", 0, 16, &p) ||
        !take_hex(o, "salt", u.kdf.salt, sizeof u.kdf.salt) || !take_hex(o, "hash", u.hash, sizeof u.hash) ||
        !json_is_boolean(json_object_get(o, "factory")))
        return ERR_CORRUPT;
    str_copy(u.user.name, sizeof u.user.name, name);
    u.user.has_factory_password = json_is_true(json_object_get(o, "factory"));
    u.kdf.log2_n = (uint8_t)n;
    u.kdf.r = (uint8_t)r;
    u.kdf.p = (uint8_t)p;
    insert_user(a, &u);
    return ERR_OK;
}

/* --- tokens --- */

size_t access_tokens(const struct access *a)
{
    return a->n_tokens;
}

const struct access_token *access_token_at(const struct access *a, size_t i)
{
    BUG_IF(i >= a->n_tokens);
    return &a->tokens[i]->token;
}

/* Where the token with this id stands, or would stand. */
static size_t token_place(const struct access *a, uint32_t id)
{
    size_t i = 0;
    while (i < a->n_tokens && a->tokens[i]->token.id < id)
        i++;
    return i;
}

static bool has_token(const struct access *a, uint32_t id)
{
    size_t i = token_place(a, id);
    return i < a->n_tokens && a->tokens[i]->token.id == id;
}

static void insert_token(struct access *a, const struct ticket *t)
{
    size_t place = token_place(a, t->token.id);
    for (size_t i = a->n_tokens++; i > place; i--)
        a->tokens[i] = a->tokens[i - 1];
    a->tokens[place] = xmemdup(t, sizeof *t);
}

static uint32_t new_token_id(const struct access *a)
{
    uint32_t id;
    do {
        crypto_random(&id, sizeof id);
        id &= 0x7FFFFFFF;
    } while (id == 0 || has_token(a, id));
    return id;
}

enum err access_token_add(struct access *a, const char *name, enum access_role role, int64_t expires_utc,
                          const char *by, char text[static ACCESS_SECRET_TEXT], uint32_t *id, struct err_at *at)
{
    char secret[ACCESS_SECRET_TEXT];
    struct ticket t = { .token = { .role = role, .created_utc = clock_utc(a->clock), .expires_utc = expires_utc } };
    if (!access_name_is_valid(name))
        return err_say(at, ERR_INVALID, "A name has 1 to %d letters, digits, dots, hyphens, underscores or @.",
                       ACCESS_NAME_MAX);
    if (expires_utc != 0 && expires_utc <= t.token.created_utc)
        return err_say(at, ERR_INVALID, "The token would have expired already.");
    if (a->n_tokens == ACCESS_TOKENS_MAX)
        return err_say(at, ERR_TOO_MANY, "There can be at most %d tokens.", ACCESS_TOKENS_MAX);
    t.token.id = new_token_id(a);
    str_copy(t.token.name, sizeof t.token.name, name);
    str_copy(t.token.by, sizeof t.token.by, by);
    access_new_secret(secret, t.hash);
    enum err e = keep_token(a, &t);
    if (e == ERR_OK) {
        insert_token(a, &t);
        str_copy(text, ACCESS_SECRET_TEXT, secret);
        *id = t.token.id;
    }
    bytes_wipe(secret, sizeof secret);
    return e == ERR_OK ? e : err_say(at, e, "The token could not be stored: %s.", err_text(e));
}

enum err access_token_remove(struct access *a, uint32_t id)
{
    char name[16];
    if (!has_token(a, id))
        return ERR_NOT_FOUND;
    token_name(name, id);
    enum err e = keep(a, "token", name, NULL, 0);
    if (e != ERR_OK)
        return e;
    size_t i = token_place(a, id);
    wipe_free(a->tokens[i], sizeof *a->tokens[i]);
    for (a->n_tokens--; i < a->n_tokens; i++)
        a->tokens[i] = a->tokens[i + 1];
    return ERR_OK;
}

enum err access_token_check(struct access *a, const char *text, struct access_who *who)
{
    uint8_t hash[32];
    int64_t now_utc = clock_utc(a->clock);
    if (!access_secret_hash(text, hash))
        return ERR_AUTH;
    for (size_t i = 0; i < a->n_tokens; i++) {
        struct ticket *t = a->tokens[i];
        if (!bytes_equal_secret(t->hash, hash, sizeof hash))
            continue;
        if (t->token.expires_utc != 0 && t->token.expires_utc <= now_utc)
            return ERR_AUTH;
        t->token.used_utc = now_utc;
        *who = (struct access_who){ .role = t->token.role, .token = t->token.id };
        str_fmt(who->name, sizeof who->name, "token:%s", t->token.name);
        return ERR_OK;
    }
    return ERR_AUTH;
}

static enum err restore_token(struct access *a, const char *name, const json_t *o)
{
    struct ticket t = { 0 };
    int64_t id;
    if (str_to_i64(name, 1, INT32_MAX, &id) != ERR_OK || has_token(a, (uint32_t)id) ||
        a->n_tokens == ACCESS_TOKENS_MAX || !take_role(o, &t.token.role) ||
        !take_int(o, "created", 0, INT64_MAX, &t.token.created_utc) ||
        !take_int(o, "expires", 0, INT64_MAX, &t.token.expires_utc) || !take_hex(o, "hash", t.hash, sizeof t.hash) ||
        !take_text(o, "name", t.token.name, sizeof t.token.name) || !take_text(o, "by", t.token.by, sizeof t.token.by))
        return ERR_CORRUPT;
    t.token.id = (uint32_t)id;
    insert_token(a, &t);
    return ERR_OK;
}

enum err access_restore(struct access *a, const char *kind, const char *name, const char *data, size_t len)
{
    json_t *o = json_loadb(data, len, JSON_REJECT_DUPLICATES, NULL);
    enum err e = ERR_CORRUPT;
    if (json_is_object(o) && str_eq(kind, "user"))
        e = restore_user(a, name, o);
    else if (json_is_object(o) && str_eq(kind, "token"))
        e = restore_token(a, name, o);
    json_decref(o);
    return e;
}
