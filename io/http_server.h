/* http_server.h — HTTP/1.1 for the services: whole, checked requests in, answers out. libevhtp stays behind this header.
 *
 * The gate (http_gate.h) lets only complete, canonical requests pass, one at a time per connection, and answers what it
 * refuses. A request comes in two steps: on_head, before any byte of its body is taken, where the owner decides who may go
 * on and how large the body may be; and on_request, with the body complete. Between the steps, and before the answer, any
 * time may pass: a request object lives until its answer is sent or its client is gone, and tells which by its gone hook.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef IO_HTTP_SERVER_H
#define IO_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/base/json_out.h"
#include "protocols/codec/http_head.h"

struct loop;
struct http_server;

enum { HTTP_PEER_MAX = 46 };

struct http_request {
    struct http_head head; /* borrowed texts live as long as the request */
    const uint8_t *body;   /* whole from on_request on; NUL follows its last byte */
    size_t body_len;
    char peer[HTTP_PEER_MAX]; /* numeric address of the client */
    bool is_tls;
    void *user; /* the owner's */
};

struct http_limits {
    uint32_t max_clients;
    uint32_t request_timeout_s; /* for a head to arrive, and between two pieces of a body */
};

struct http_server_ops {
    /* Ends, now or later, in http_take_body() or in an answer. */
    void (*on_head)(void *ctx, struct http_request *rq);
    /* Ends, now or later, in an answer. */
    void (*on_request)(void *ctx, struct http_request *rq);
    /* Exactly once for every request that on_head was given: answered or gone, it must not be touched any more. */
    void (*on_end)(void *ctx, struct http_request *rq);
};

struct http_server *http_server_create(struct loop *l, const struct http_server_ops *ops, void *ctx);
void http_server_free(struct http_server *s); /* ends all connections */
void http_server_set_limits(struct http_server *s, const struct http_limits *limits);
/* Opens the listener; a listener that was open before is closed after the new one stands, its connections live on. */
MUST_USE enum err http_server_listen(struct http_server *s, const char *address, uint16_t port, struct err_at *at);
void http_server_drain(struct http_server *s);         /* no new clients; idle connections and streams end */
bool http_server_is_idle(const struct http_server *s); /* no request is under way */
size_t http_server_n_clients(const struct http_server *s);

/* --- what on_head decides --- */
/* Takes the body, up to max bytes (413 beyond), and then calls on_request; may call it at once. */
void http_take_body(struct http_request *rq, size_t max);

/* --- answers: fields first, then one of the senders, after which the request is not touched any more --- */
void http_field(struct http_request *rq, const char *name, const char *value); /* CR, LF in value: BUG */
void http_write(struct http_request *rq, const void *bytes, size_t len);       /* adds to the body */
struct json_out *http_json(struct http_request *rq); /* a writer into the body; do not mix with http_write() */
void http_send(struct http_request *rq, int status, const char *type); /* type NULL: application/json, or no body */
/* A body that is never freed (the web application). */
void http_send_static(struct http_request *rq, int status, const char *type, const void *bytes, size_t len);
/* {"error", "message", "details"}; details may be empty. */
void http_send_error(struct http_request *rq, int status, const char *code, const char *message,
                     const struct err_at *details, size_t n_details);

/* Long answers, in pieces of a few milliseconds each: step() adds to the body; false when that was the last piece. It is
 * called again when the client has taken what is there. What one piece holds goes out with a length, longer ones chunked. */
typedef bool http_step_fn(void *ctx, struct http_request *rq);
struct http_produce {
    http_step_fn *step;
    void (*free)(void *ctx); /* exactly once, also when the client goes; NULL: nothing to free */
    void *ctx;
};
void http_send_pieces(struct http_request *rq, int status, const char *type, const struct http_produce *p);

/* An endless answer (events): each http_stream_write() goes out at once. False: the client does not keep up or is gone, and
 * the connection has been given up. Ends with the client (on_end) or http_stream_end(). */
void http_stream_start(struct http_request *rq, const char *type);
MUST_USE bool http_stream_write(struct http_request *rq, const void *bytes, size_t len);
void http_stream_end(struct http_request *rq);

#endif
