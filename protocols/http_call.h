/* http_call.h — one REST call, as its handler sees it; the routing table; what http.c and rest_*.c share.
 *
 * A handler runs when the caller is known and allowed to call, and the body is here. It ends, now or later, in one of the
 * senders; after that, and once call_on_gone has been told, the call must not be touched.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PROTOCOLS_HTTP_CALL_H
#define PROTOCOLS_HTTP_CALL_H

#include <jansson.h>

#include "core/access.h"
#include "core/service.h"
#include "io/http_server.h"
#include "protocols/codec/http_query.h"

struct web_cfg {
    char bind[64];
    uint32_t port;
    uint64_t max_body;
    uint32_t max_clients;
    uint32_t request_timeout_s;
};

struct http { /* the service */
    struct app *app;
    const struct web_cfg *cfg;
    struct http_server *server;
    struct access *access;
    struct hash_queue *hashes;
    struct http_events *events;
};

enum { CALL_ARGS_MAX = 2 };

struct http_call {
    struct http_request *rq;
    struct http *http;
    struct app *app;
    const struct http_route *route; /* NULL: a file of the web application */
    struct access_who who;          /* name is empty when the route is open */
    const char *arg[CALL_ARGS_MAX]; /* of the path's {parts} */
    struct http_query query;
    json_t *body;                 /* of routes that take JSON; an object */
    char *path_text, *query_text; /* what arg and query borrow from */
    struct hash_job *hashing;     /* a password that is being looked at */
    void (*gone)(void *ctx);      /* the handler's, for an answer that comes later: its client left */
    void *gone_ctx;
};

/* --- the routing table (http_routes.c) --- */

enum http_access {
    OPEN_TO_ALL,
    FOR_ANY_USER, /* also while the factory password must still be changed */
    FOR_VIEWER,
    FOR_OPERATOR,
    FOR_ADMIN,
};
enum http_body { BODY_NONE, BODY_JSON, BODY_CSV };

struct http_route {
    enum http_method method;
    const char *path; /* "/api/v1/meters/{id}" */
    enum http_access access;
    enum http_body body;
    void (*fn)(struct http_call *c);
    const char *summary; /* for people who read the API document */
    const char *params;  /* names of query parameters, with blanks between */
    const char *takes;   /* schema of the body, or media type, or both with a blank between; or NULL */
    int status;          /* of a good answer */
    const char *gives;   /* its schema, or a media type, or NULL for no content */
};
extern const struct http_route http_routes[];
extern const size_t http_n_routes;

/* The route of a request, its path parts in arg (texts go to *texts, the caller frees). NULL: there is none for this
 * method; *allow has a bit for each method that the path takes. */
const struct http_route *http_route_find(enum http_method m, const char *path, const char *arg[CALL_ARGS_MAX],
                                         char **texts, unsigned *allow);

/* --- answers (http_call.c) --- */
struct json_out *call_json(struct http_call *c);                                /* opens the object of the answer */
void call_send_json(struct http_call *c, int status);                           /* closes it and sends */
void call_send_empty(struct http_call *c);                                      /* 204 */
void call_send_job(struct http_call *c, uint64_t job, const struct err_at *at); /* 202 {job}, or why there is none */
void call_fail(struct http_call *c, enum err e, const struct err_at *at);       /* at may be NULL */
void call_fail_all(struct http_call *c, enum err e, const char *message, const struct err_at *details, size_t n);
void call_throttled(struct http_call *c, enum err e, int64_t retry_after_s); /* 429, or 503 for ERR_BUSY */
/* A refusal about one member of the body or parameter of the query. */
void call_fail_field(struct http_call *c, enum err e, const char *field, const char *fmt, ...) PRINTF_LIKE(4, 5);
/* 404 with what was asked for by the path's first argument: "There is no meter 999." */
void call_no_such(struct http_call *c, const char *what);
int call_status_of(enum err e);

/* --- what was sent --- */
struct page {
    size_t limit;
    int64_t from_utc, to_utc; /* from <= t < to */
    int64_t cursor;           /* 0: from the start */
    bool has_limit;
};
/* limit, from, to and cursor of the query. False: refused already. */
bool call_page(struct http_call *c, struct page *out);
bool call_number(struct http_call *c, const char *text, uint64_t max, uint64_t *out); /* false: 404 was sent */
const char *call_text(struct http_call *c, const char *member); /* of the body; NULL when missing or no text */
/* A text that must be there. NULL: refused already. */
const char *call_need_text(struct http_call *c, const char *member);
bool call_has_csv(const struct http_call *c); /* the answer is wanted as CSV */
/* Refuses members that nobody reads. False: refused already. */
bool call_only(struct http_call *c, const char *const *members);

/* A body's object; an empty body is an empty one, so that a plain POST works. NULL: *at says why not. */
json_t *http_read_json(const void *bytes, size_t len, struct err_at *at);

void call_audit(struct http_call *c, const char *fmt, ...) PRINTF_LIKE(2, 3);
void http_audit(struct http *h, const char *who, const char *peer, const char *fmt, ...) PRINTF_LIKE(4, 5);

/* CSV as a spreadsheet may open it: cells in quotes where needed, a formula made a text by an apostrophe. */
void csv_cell(struct http_request *rq, const char *text, char after);

uint32_t http_meter_limit(const struct app *app); /* how many meters may be active */

/* --- who asks (http_auth.c) --- */
void http_authenticate(struct http_call *c); /* ends in http_admit() or in a refusal, now or later */
void http_admit(struct http_call *c);        /* http.c: the caller is known */

/* --- files of the web application (http_static.c) --- */
void http_send_file(struct http_request *rq);

/* --- passwords off the loop (http_hash.c) --- */
struct loop;
struct hash_queue *hash_queue_create(struct loop *l, struct access *a);
void hash_queue_free(struct hash_queue *q);                                  /* what waits ends without a callback */
typedef void hash_try_fn(void *ctx, enum err e, const struct access_try *t); /* OK, AUTH, THROTTLED, BUSY */
/* ERR_BUSY: it is being looked at, *job until fn is called; anything else is the result, and fn is not called. */
MUST_USE enum err hash_try(struct hash_queue *q, const char *user, const char *password, const char *peer,
                           struct access_try *t, hash_try_fn *fn, void *ctx, struct hash_job **job);
typedef void hash_new_fn(void *ctx, enum err e, const struct access_kdf *kdf, const uint8_t hash[ACCESS_HASH_BYTES]);
/* The hash of a new password; NULL when the queue is full. */
struct hash_job *hash_new(struct hash_queue *q, const char *password, hash_new_fn *fn, void *ctx);
void hash_forget(struct hash_job *job); /* nobody waits for it any more; a running try still counts */

/* --- live events (http_events.c) --- */
struct http_events *http_events_create(struct http *h);
void http_events_free(struct http_events *e);
void http_events_drain(struct http_events *e);

#endif
