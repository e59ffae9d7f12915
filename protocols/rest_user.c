/* rest_user.c — accounts and tokens, for administrators.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "protocols/http_call.h"

#include <string.h>

#include "core/base/bug.h"
#include "core/base/civil.h"
#include "core/base/str.h"
#include "core/password.h"
#include "protocols/rest_calls.h"

static void json_user(struct json_out *j, const struct access_user *u)
{
    json_object(j);
    json_key_str(j, "name", u->name);
    json_key_str(j, "role", access_role_name(u->role));
    json_key_bool(j, "password_change_required", u->has_factory_password);
    json_key_utc(j, "created", u->created_utc);
    json_key_utc(j, "password_changed", u->password_utc);
    json_object_end(j);
}

void rest_users_get(struct http_call *c)
{
    const struct access *a = c->http->access;
    struct json_out *j = call_json(c);
    json_key(j, "users");
    json_array(j);
    for (size_t i = 0; i < access_users(a); i++)
        json_user(j, access_user_at(a, i));
    json_array_end(j);
    call_send_json(c, 200);
}

static void send_user(struct http_call *c, const char *name, int status)
{
    json_user(http_json(c->rq), access_user_find(c->http->access, name));
    http_send(c->rq, status, NULL);
}

/* False: refused. */
static bool need_role(struct http_call *c, enum access_role *out)
{
    const char *text = call_need_text(c, "role");
    if (!text)
        return false;
    if (access_role_parse(text, out))
        return true;
    call_fail_field(c, ERR_INVALID, "role", "role is one of viewer, operator, admin");
    return false;
}

/* A password of the body that is good enough for this user; NULL: refused. */
static const char *need_password(struct http_call *c, const char *user)
{
    const char *password = call_need_text(c, "password");
    struct err_at at = { .field = "password" };
    if (!password)
        return NULL;
    enum err e = password_check(user, password, &at);
    if (e == ERR_OK)
        return password;
    call_fail(c, e, &at);
    return NULL;
}

static void hash_password(struct http_call *c, const char *password, hash_new_fn *fn)
{
    c->hashing = hash_new(c->http->hashes, password, fn, c);
    if (!c->hashing)
        call_throttled(c, ERR_BUSY, 1);
}

static void on_added(void *ctx, enum err e, const struct access_kdf *kdf, const uint8_t hash[ACCESS_HASH_BYTES])
{
    struct http_call *c = ctx;
    const char *name = call_text(c, "name");
    enum access_role role = ROLE_VIEWER;
    struct err_at at = { 0 };
    c->hashing = NULL;
    BUG_IF(!access_role_parse(call_text(c, "role"), &role)); /* it was checked before the hash */
    if (e == ERR_OK)
        e = access_user_add(c->http->access, name, role, kdf, hash, &at);
    if (e != ERR_OK) {
        call_fail(c, e, &at);
        return;
    }
    call_audit(c, "made the account %s (%s)", name, access_role_name(role));
    send_user(c, name, 201);
}

void rest_users_post(struct http_call *c)
{
    static const char *const members[] = { "name", "role", "password", NULL };
    enum access_role role;
    const char *name, *password;
    if (!call_only(c, members) || !(name = call_need_text(c, "name")) || !need_role(c, &role) ||
        !(password = need_password(c, name)))
        return;
    if (access_user_find(c->http->access, name)) {
        call_fail_field(c, ERR_EXISTS, "name", "there is an account of this name already");
        return;
    }
    hash_password(c, password, on_added);
}

/* --- changes --- */

static enum err set_role(struct http_call *c, struct err_at *at)
{
    enum access_role role = ROLE_VIEWER;
    if (!call_text(c, "role") || !access_role_parse(call_text(c, "role"), &role))
        return ERR_OK;
    enum err e = access_user_set_role(c->http->access, c->arg[0], role, at);
    if (e == ERR_OK)
        call_audit(c, "made %s %s", c->arg[0], access_role_name(role));
    return e;
}

static void on_changed(void *ctx, enum err e, const struct access_kdf *kdf, const uint8_t hash[ACCESS_HASH_BYTES])
{
    struct http_call *c = ctx;
    struct err_at at = { 0 };
    c->hashing = NULL;
    if (e == ERR_OK)
        e = set_role(c, &at);
    if (e == ERR_OK)
        e = access_user_set_password(c->http->access, c->arg[0], kdf, hash, c->who.session, &at);
    if (e != ERR_OK) {
        call_fail(c, e, &at);
        return;
    }
    call_audit(c, "changed the password of %s", c->arg[0]);
    send_user(c, c->arg[0], 200);
}

void rest_user_patch(struct http_call *c)
{
    static const char *const members[] = { "role", "password", NULL };
    enum access_role role;
    struct err_at at = { 0 };
    const char *password;
    if (!access_user_find(c->http->access, c->arg[0])) {
        call_no_such(c, "user");
        return;
    }
    if (!call_only(c, members) || (json_object_get(c->body, "role") && !need_role(c, &role)))
        return;
    if (json_object_get(c->body, "password")) {
        if ((password = need_password(c, c->arg[0])))
            hash_password(c, password, on_changed);
        return;
    }
    enum err e = set_role(c, &at);
    e == ERR_OK ? send_user(c, c->arg[0], 200) : call_fail(c, e, &at);
}

void rest_user_delete(struct http_call *c)
{
    struct err_at at = { 0 };
    enum err e = access_user_remove(c->http->access, c->arg[0], &at);
    if (e != ERR_OK) {
        call_fail(c, e, &at);
        return;
    }
    call_audit(c, "removed the account %s", c->arg[0]);
    call_send_empty(c);
}

/* --- tokens --- */

static void json_token(struct json_out *j, const struct access_token *t)
{
    json_object(j);
    json_key_int(j, "id", t->id);
    json_key_str(j, "name", t->name);
    json_key_str(j, "role", access_role_name(t->role));
    json_key_str(j, "by", t->by);
    json_key_utc(j, "created", t->created_utc);
    json_key_utc(j, "expires", t->expires_utc);
    json_key_utc(j, "used", t->used_utc);
    json_object_end(j);
}

void rest_tokens_get(struct http_call *c)
{
    const struct access *a = c->http->access;
    struct json_out *j = call_json(c);
    json_key(j, "tokens");
    json_array(j);
    for (size_t i = 0; i < access_tokens(a); i++)
        json_token(j, access_token_at(a, i));
    json_array_end(j);
    call_send_json(c, 200);
}

/* Missing or null: never. False: refused. */
static bool read_expiry(struct http_call *c, int64_t *out)
{
    const json_t *v = json_object_get(c->body, "expires");
    *out = 0;
    if (!v || json_is_null(v))
        return true;
    if (json_is_string(v) && civil_parse_utc(json_string_value(v), out) == ERR_OK)
        return true;
    call_fail_field(c, ERR_INVALID, "expires", "expires is not a time such as 2026-10-01T20:00:00Z");
    return false;
}

void rest_tokens_post(struct http_call *c)
{
    static const char *const members[] = { "name", "role", "expires", NULL };
    enum access_role role;
    int64_t expires_utc;
    const char *name;
    char text[ACCESS_SECRET_TEXT];
    uint32_t id;
    struct err_at at = { 0 };
    if (!call_only(c, members) || !(name = call_need_text(c, "name")) || !need_role(c, &role) ||
        !read_expiry(c, &expires_utc))
        return;
    enum err e = access_token_add(c->http->access, name, role, expires_utc, c->who.name, text, &id, &at);
    if (e != ERR_OK) {
        call_fail(c, e, &at);
        return;
    }
    call_audit(c, "made the token %s (%s)", name, access_role_name(role));
    struct json_out *j = call_json(c);
    json_key_int(j, "id", id);
    json_key_str(j, "token", text);
    call_send_json(c, 201);
    bytes_wipe(text, sizeof text);
}

void rest_token_delete(struct http_call *c)
{
    uint64_t id;
    if (!call_number(c, c->arg[0], UINT32_MAX, &id))
        return;
    enum err e = access_token_remove(c->http->access, (uint32_t)id);
    if (e != ERR_OK) {
        call_fail(c, e, NULL);
        return;
    }
    call_audit(c, "took token %u back", (unsigned)id);
    call_send_empty(c);
}
