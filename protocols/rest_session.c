/* rest_session.c — one's own password and sessions: log in, log out, who am I.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "protocols/http_call.h"

#include <string.h>

#include "core/base/log.h"
#include "core/base/str.h"
#include "core/event.h"
#include "core/password.h"
#include "protocols/rest_calls.h"

static void publish_login(struct http_call *c, const char *user, bool ok)
{
    const struct event ev = { .type = EV_LOGIN, .u.login = { user, c->rq->peer, ok } };
    events_publish(c->app->events, &ev);
}

/* --- sessions --- */

static const struct access_session *find_session(struct access *a, uint64_t id)
{
    for (size_t i = 0; i < access_sessions(a); i++)
        if (access_session_at(a, i)->id == id)
            return access_session_at(a, i);
    return NULL;
}

static void send_who(struct http_call *c, const struct access_who *who)
{
    const struct access_session *s = find_session(c->http->access, who->session);
    struct json_out *j = call_json(c);
    json_key_str(j, "user", who->name);
    json_key_str(j, "role", access_role_name(who->role));
    json_key_str(j, "csrf", s ? s->csrf : NULL);
    json_key_bool(j, "password_change_required", who->must_change_password);
    call_send_json(c, 200);
}

static void set_cookie(struct http_call *c, const char *secret, bool is_over)
{
    char text[200];
    str_fmt(text, sizeof text, "metergate=%s; Path=/; HttpOnly; SameSite=Strict%s%s", secret,
            c->rq->is_tls ? "; Secure" : "", is_over ? "; Max-Age=0" : "");
    http_field(c->rq, "Set-Cookie", text);
}

static void on_login(void *ctx, enum err e, const struct access_try *t)
{
    struct http_call *c = ctx;
    c->hashing = NULL;
    if (e != ERR_THROTTLED && e != ERR_BUSY)
        publish_login(c, t->user, e == ERR_OK);
    if (e != ERR_OK) {
        if (e == ERR_AUTH)
            log_warn("web", "wrong name or password from %s", c->rq->peer);
        e == ERR_THROTTLED || e == ERR_BUSY ? call_throttled(c, e, t->retry_after_s) : call_fail(c, e, NULL);
        return;
    }
    char cookie[ACCESS_SECRET_TEXT];
    const struct access_session *s = access_session_open(c->http->access, t, cookie);
    struct access_who who = t->who;
    who.session = s->id;
    set_cookie(c, cookie, false);
    http_audit(c->http, who.name, c->rq->peer, "logged in");
    send_who(c, &who);
}

void rest_session_post(struct http_call *c)
{
    static const char *const members[] = { "user", "password", NULL };
    const char *user, *password;
    struct access_try t;
    if (!call_only(c, members) || !(user = call_need_text(c, "user")) || !(password = call_need_text(c, "password")))
        return;
    enum err e = hash_try(c->http->hashes, user, password, c->rq->peer, &t, on_login, c, &c->hashing);
    if (e != ERR_BUSY)
        on_login(c, e, &t);
}

void rest_session_get(struct http_call *c)
{
    send_who(c, &c->who);
}

void rest_session_delete(struct http_call *c)
{
    if (!c->who.session) {
        call_fail_all(c, ERR_CONFLICT, "this call came without a session", NULL, 0);
        return;
    }
    enum err e = access_session_close(c->http->access, c->who.session);
    if (e != ERR_OK) {
        call_fail(c, e, NULL);
        return;
    }
    set_cookie(c, "", true);
    call_audit(c, "logged out");
    call_send_empty(c);
}

static bool may_see(const struct http_call *c, const struct access_session *s)
{
    return c->who.role == ROLE_ADMIN || str_eq(c->who.name, s->user);
}

void rest_sessions_get(struct http_call *c)
{
    struct access *a = c->http->access;
    struct json_out *j = call_json(c);
    json_key(j, "sessions");
    json_array(j);
    for (size_t i = 0; i < access_sessions(a); i++) {
        const struct access_session *s = access_session_at(a, i);
        if (!may_see(c, s))
            continue;
        json_object(j);
        json_key_int(j, "id", (int64_t)s->id);
        json_key_str(j, "user", s->user);
        json_key_str(j, "from", s->peer);
        json_key_utc(j, "created", s->created_utc);
        json_key_utc(j, "seen", s->seen_utc);
        json_key_bool(j, "current", s->id == c->who.session);
        json_object_end(j);
    }
    json_array_end(j);
    call_send_json(c, 200);
}

void rest_sessions_delete(struct http_call *c)
{
    uint64_t id;
    if (!call_number(c, c->arg[0], UINT64_MAX, &id))
        return;
    const struct access_session *s = find_session(c->http->access, id);
    if (!s || !may_see(c, s)) {
        call_no_such(c, "session");
        return;
    }
    call_audit(c, "ended a session of %s", s->user);
    enum err e = access_session_close(c->http->access, id);
    e == ERR_OK ? call_send_empty(c) : call_fail(c, e, NULL);
}

/* --- one's own password: the old one is looked at, then the new one is hashed --- */

static void on_new_hash(void *ctx, enum err e, const struct access_kdf *kdf, const uint8_t hash[ACCESS_HASH_BYTES])
{
    struct http_call *c = ctx;
    struct err_at at = { 0 };
    c->hashing = NULL;
    if (e == ERR_OK)
        e = access_user_set_password(c->http->access, c->who.name, kdf, hash, c->who.session, &at);
    if (e != ERR_OK) {
        call_fail(c, e, &at);
        return;
    }
    call_audit(c, "changed the own password");
    call_send_empty(c);
}

static void on_old_tried(void *ctx, enum err e, const struct access_try *t)
{
    struct http_call *c = ctx;
    c->hashing = NULL;
    if (e == ERR_THROTTLED || e == ERR_BUSY) {
        call_throttled(c, e, t->retry_after_s);
    } else if (e == ERR_AUTH) {
        http_send_error(c->rq, 403, "wrong_password", "The old password is wrong.", NULL, 0);
    } else if (e != ERR_OK) {
        call_fail(c, e, NULL);
    } else {
        c->hashing = hash_new(c->http->hashes, call_text(c, "new"), on_new_hash, c);
        if (!c->hashing)
            call_throttled(c, ERR_BUSY, 1);
    }
}

void rest_password_post(struct http_call *c)
{
    static const char *const members[] = { "old", "new", NULL };
    const char *old, *fresh;
    struct err_at at = { .field = "new" };
    struct access_try t;
    if (c->who.token) {
        call_fail_all(c, ERR_DENIED, "a token has no password", NULL, 0);
        return;
    }
    if (!call_only(c, members) || !(old = call_need_text(c, "old")) || !(fresh = call_need_text(c, "new")))
        return;
    enum err e = password_check(c->who.name, fresh, &at);
    if (e != ERR_OK) {
        call_fail(c, e, &at);
        return;
    }
    e = hash_try(c->http->hashes, c->who.name, old, c->rq->peer, &t, on_old_tried, c, &c->hashing);
    if (e != ERR_BUSY)
        on_old_tried(c, e, &t);
}
