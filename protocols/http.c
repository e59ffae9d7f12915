/* http.c — the web service: settings, listener, and the way of a request from its head to its handler.
 *
 * Knows: which checks come in which order. Does not know: HTTP's bytes (io/http_*), the calls themselves (rest_*).
 * SPDX-License-Identifier: Apache-2.0
 */
#include "protocols/http_call.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/bug.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/crypto.h"
#include "core/password.h"
#include "protocols/http.h"
#include "store/store.h"

enum { JSON_BODY_MAX = 256 * 1024, CSV_BODY_MAX = 4 * 1024 * 1024 };

static const struct setting web_rows[] = {
    S_HOST(struct web_cfg, bind, "127.0.0.1", S_ADMIN,
           "Numeric address that the web server listens on; 0.0.0.0 or :: for all interfaces"),
    S_UINT(struct web_cfg, port, "8080", 1, 65535, S_ADMIN, "", "TCP port of the web server"),
    S_SIZE(struct web_cfg, max_body, "64M", 64 * 1024, INT64_C(1) << 30, S_ADMIN | S_EXPERT,
           "Largest body of a request; most calls take less"),
    S_UINT(struct web_cfg, max_clients, "128", 8, 800, S_ADMIN | S_EXPERT, "",
           "Connections at one time; one address gets three quarters of them at most"),
    S_UINT(struct web_cfg, request_timeout_s, "10", 1, 300, S_ADMIN | S_EXPERT, "s",
           "How long the head of a request may take to arrive, and a pause within its body may last"),
};
static const struct setting_table web_table = {
    .group = "web", .rows = web_rows, .n_rows = COUNT_OF(web_rows), .cfg_size = sizeof(struct web_cfg)
};
static const struct setting_table *const tables[] = { &web_table, NULL };

/* --- the way of a request --- */

/* Answers are about this caller and this moment; pages and files say for themselves how long they keep. */
static void add_api_fields(struct http_request *rq)
{
    http_field(rq, "Cache-Control", "no-store");
    http_field(rq, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
}

static void refuse_path(struct http_request *rq, unsigned allow)
{
    add_api_fields(rq);
    if (!allow) {
        http_send_error(rq, 404, "not_found", "There is no such call.", NULL, 0);
        return;
    }
    char methods[80] = "OPTIONS";
    for (unsigned m = 0; m < HTTP_N_METHODS; m++) {
        if (!(allow & 1u << m))
            continue;
        size_t len = strlen(methods);
        str_fmt(methods + len, sizeof methods - len, ", %s%s", http_method_name((enum http_method)m),
                m == HTTP_GET ? ", HEAD" : "");
    }
    http_field(rq, "Allow", methods);
    if (rq->head.method == HTTP_OPTIONS)
        http_send(rq, 204, NULL);
    else
        http_send_error(rq, 405, "method_not_allowed", "This call does not take this method.", NULL, 0);
}

static size_t body_max(const struct http_call *c)
{
    size_t max = 0;
    switch (c->route ? c->route->body : BODY_NONE) {
    case BODY_NONE:
        max = 1024; /* clients may send an empty object where nothing is asked for */
        break;
    case BODY_JSON:
        max = JSON_BODY_MAX;
        break;
    case BODY_CSV:
        max = CSV_BODY_MAX;
        break;
    }
    return max < c->http->cfg->max_body ? max : (size_t)c->http->cfg->max_body;
}

static bool is_under_api(const char *path)
{
    return str_starts(path, "/api/") || str_eq(path, "/api");
}

static void on_head(void *ctx, struct http_request *rq)
{
    struct http *h = ctx;
    struct http_call *c = xcalloc(1, sizeof *c);
    *c = (struct http_call){ .rq = rq, .http = h, .app = h->app };
    rq->user = c;
    enum http_method m = rq->head.method == HTTP_HEAD ? HTTP_GET : rq->head.method;
    unsigned allow;
    c->route = http_route_find(m, rq->head.path, c->arg, &c->path_text, &allow);
    if (!c->route && (allow || m != HTTP_GET || is_under_api(rq->head.path))) {
        refuse_path(rq, allow);
        return;
    }
    if (c->route)
        add_api_fields(rq);
    if (!c->route || c->route->access == OPEN_TO_ALL)
        http_take_body(rq, body_max(c));
    else
        http_authenticate(c);
}

static enum access_role role_for(enum http_access a)
{
    switch (a) {
    case FOR_ADMIN:
        return ROLE_ADMIN;
    case FOR_OPERATOR:
        return ROLE_OPERATOR;
    case OPEN_TO_ALL:
    case FOR_ANY_USER:
    case FOR_VIEWER:
        break;
    }
    return ROLE_VIEWER;
}

/* The caller is known: may he? */
void http_admit(struct http_call *c)
{
    if (c->who.must_change_password && c->route->access != FOR_ANY_USER)
        call_fail(c, ERR_PASSWORD_CHANGE, NULL);
    else if (!access_may(&c->who, role_for(c->route->access)))
        call_fail(c, ERR_DENIED, NULL);
    else
        http_take_body(c->rq, body_max(c));
}

/* False: refused. */
static bool read_json(struct http_call *c)
{
    struct err_at at = { 0 };
    c->body = http_read_json(c->rq->body, c->rq->body_len, &at);
    if (!c->body)
        call_fail(c, ERR_SYNTAX, &at);
    return c->body != NULL;
}

static bool read_query(struct http_call *c)
{
    struct err_at at = { 0 };
    size_t size = 2 * strlen(c->rq->head.query) + 2;
    c->query_text = xmalloc(size);
    if (http_query_parse(c->rq->head.query, c->query_text, size, &c->query, &at) == ERR_OK)
        return true;
    call_fail(c, ERR_SYNTAX, &at);
    return false;
}

static void on_request(void *ctx, struct http_request *rq)
{
    (void)ctx;
    struct http_call *c = rq->user;
    if (!c->route) {
        http_send_file(rq);
        return;
    }
    if (!read_query(c) || (c->route->body == BODY_JSON && !read_json(c)))
        return;
    c->route->fn(c);
}

static void on_end(void *ctx, struct http_request *rq)
{
    (void)ctx;
    struct http_call *c = rq->user;
    hash_forget(c->hashing);
    if (c->gone)
        c->gone(c->gone_ctx);
    json_decref(c->body);
    free(c->path_text);
    free(c->query_text);
    free(c);
    rq->user = NULL;
}

/* --- users and tokens in the store --- */

static enum err save_access(void *ctx, const char *kind, const char *name, const char *data, size_t len)
{
    struct store *s = ctx;
    if (!data)
        return store_record_remove(s, kind, name);
    return store_record_put(s, kind, name, data, len, true);
}

struct restoring {
    struct access *access;
    const char *kind;
    enum err err;
};

static bool restore_one(void *ctx, const char *name, const void *data, size_t len)
{
    struct restoring *r = ctx;
    r->err = access_restore(r->access, r->kind, name, data, len);
    if (r->err != ERR_OK)
        log_error("web", "the stored %s %s cannot be read", r->kind, name);
    return true;
}

/* An unreadable user stops the start: the factory password must not open the door then. `is_mending` leaves it out, so that
 * --passwd can write it anew. */
static struct access *load_access(struct store *s, const struct clock *clock, bool is_mending, enum err *err,
                                  struct err_at *at)
{
    struct access *a = access_create(clock);
    static const char *const kinds[] = { "user", "token" };
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        struct restoring r = { a, kinds[i], ERR_OK };
        enum err e = store_record_each(s, kinds[i], restore_one, &r);
        if (e != ERR_OK || (r.err != ERR_OK && i == 0 && !is_mending)) {
            *err =
                err_say(at, e != ERR_OK ? e : r.err, "the stored users cannot be read; set a password with --passwd");
            access_free(a);
            return NULL;
        }
    }
    access_set_save(a, save_access, s);
    *err = access_ensure_admin(a);
    if (*err == ERR_OK)
        return a;
    access_free(a);
    return NULL;
}

enum err http_set_password(struct store *s, const char *user, const char *password, struct err_at *at)
{
    enum err e = password_check(user, password, at);
    if (e != ERR_OK)
        return e;
    struct access *a = load_access(s, clock_system(), true, &e, at);
    if (!a)
        return e;
    struct access_kdf kdf = access_new_kdf();
    uint8_t hash[ACCESS_HASH_BYTES];
    e = crypto_scrypt(password, kdf.salt, sizeof kdf.salt, kdf.log2_n, kdf.r, kdf.p, hash, sizeof hash);
    if (e == ERR_OK)
        e = access_user_set_password(a, user, &kdf, hash, 0, at);
    if (e == ERR_NOT_FOUND)
        err_say(at, e, "there is no user %s", user);
    access_free(a);
    return e;
}

/* --- the service --- */

static void apply_limits(struct http *h)
{
    const struct http_limits limits = { h->cfg->max_clients, h->cfg->request_timeout_s };
    http_server_set_limits(h->server, &limits);
}

static void on_changed(void *ctx, unsigned instance, const void *was, const void *now)
{
    (void)instance;
    struct http *h = ctx;
    const struct web_cfg *old = was, *fresh = now;
    apply_limits(h);
    if (old->port == fresh->port && str_eq(old->bind, fresh->bind))
        return;
    struct err_at at = { 0 };
    if (http_server_listen(h->server, fresh->bind, (uint16_t)fresh->port, &at) != ERR_OK)
        log_error("web", "%s; still listening as before", at.text);
    else
        log_info("web", "listening on %s port %u", fresh->bind, fresh->port);
}

static void http_stop(void *self)
{
    struct http *h = self;
    if (!h)
        return;
    http_server_free(h->server); /* tells the others that the clients are gone */
    http_events_free(h->events);
    hash_queue_free(h->hashes);
    access_free(h->access);
    free(h);
}

static enum err http_start(struct app *app, void **self, struct err_at *at)
{
    static const struct http_server_ops ops = { on_head, on_request, on_end };
    struct http *h = xcalloc(1, sizeof *h);
    *h = (struct http){ .app = app, .cfg = settings_cfg(app->settings, "web", 0) };
    enum err e = ERR_OK;
    h->access = load_access(app->store, app->clock, false, &e, at);
    if (e == ERR_OK) {
        h->hashes = hash_queue_create(app->loop, h->access);
        h->server = http_server_create(app->loop, &ops, h);
        h->events = http_events_create(h);
        apply_limits(h);
        e = http_server_listen(h->server, h->cfg->bind, (uint16_t)h->cfg->port, at);
    }
    if (e != ERR_OK) {
        http_stop(h);
        return e;
    }
    settings_on_change(app->settings, "web", on_changed, h);
    log_info("web", "listening on %s port %u", h->cfg->bind, h->cfg->port);
    *self = h;
    return ERR_OK;
}

static void http_drain(void *self)
{
    struct http *h = self;
    http_events_drain(h->events);
    http_server_drain(h->server);
}

static bool http_is_idle(void *self)
{
    const struct http *h = self;
    return http_server_is_idle(h->server);
}

static void http_status(void *self, struct json_out *j)
{
    const struct http *h = self;
    json_key_int(j, "clients", (int64_t)http_server_n_clients(h->server));
    json_key_int(j, "sessions", (int64_t)access_sessions(h->access));
}

const struct service_ops http_service = {
    .name = "web",
    .title = "Web server",
    .tables = tables,
    .start = http_start,
    .drain = http_drain,
    .is_idle = http_is_idle,
    .stop = http_stop,
    .status = http_status,
};
