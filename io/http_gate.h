/* http_gate.h — the gate in front of libevhtp: one per connection; private to io/http_*.c.
 *
 * libevhtp 1.2.18 reads past its input when a request comes in pieces, stalls on pipelined ones, and takes framing that
 * others read differently. So it never sees a client's bytes: the gate takes them off the bufferevent, checks them, keeps
 * head and body itself, and gives libevhtp one canned request line per accepted request. What is left to it is accepting,
 * TLS, and writing answers.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef IO_HTTP_GATE_H
#define IO_HTTP_GATE_H

#include <evhtp.h>

#include "io/http_server.h"
#include "io/loop.h"

enum gate_state {
    GATE_HEAD,   /* waiting for a head; rq is NULL here only, in LAST and in LINGER */
    GATE_HELD,   /* the owner has the head and has not decided about the body */
    GATE_BODY,   /* the body is coming */
    GATE_ANSWER, /* the request is complete, or its answer has been sent: waiting for libevhtp to be done with it */
    GATE_LAST,   /* the last answer is being written */
    GATE_LINGER, /* our side is shut; what still comes is thrown away, so that the answer is not lost in a reset */
};

struct http_gate {
    struct http_server *server;
    evhtp_connection_t *conn; /* NULL once libevhtp has freed it; the gate follows a turn of the loop later */
    evhtp_t *listener;        /* it came by; may be retired, then lives until its last connection is gone */
    bufferevent_data_cb evhtp_read, evhtp_write;
    struct evbuffer *held; /* what came and was not taken yet */
    enum gate_state state;
    struct http_scan scan;
    struct http_chunks chunks;
    size_t body_max;
    struct timer deadline;
    struct http_rq *rq;
    bool is_pumping;
    bool at_eof; /* the client sends nothing any more; it may still read */
    bool had_request;
    bool must_close; /* after the present answer */
    char peer[HTTP_PEER_MAX];
    struct http_gate *prev, *next; /* of the server's list; those that wait longest for a head come first */
};

/* One request and its answer: what callers see, and the rest. Freed a turn of the loop after libevhtp let go of it. */
struct http_rq {
    struct http_request pub; /* first */
    struct http_gate *gate;
    evhtp_request_t *req; /* NULL once answered and written, or gone */
    char *text;           /* of the head */
    struct evbuffer *body;
    bool is_bound;   /* libevhtp has it: on_head was or is being called */
    bool is_sent;    /* an answer was begun */
    bool is_chunked; /* … in pieces */
    bool is_stream;
    int status; /* of an answer in pieces */
    const char *type;
    struct http_produce produce; /* step is NULL when there is nothing more to produce */
    struct timer next_step;
    struct json_out json;
    bool has_json;
    char json_buffer[4096];
};

/* http_gate.c */
struct http_gate *http_gate_create(struct http_server *s, evhtp_t *listener, evhtp_connection_t *conn);
void http_gate_start(struct http_gate *g); /* or http_gate_refuse(); not before it is in the server's list */
void http_gate_close(struct http_gate *g); /* now; not below a callback of its bufferevent's owner */
void http_gate_refuse(struct http_gate *g, int status, const char *code, const char *message); /* without a request */
void http_gate_close_soon(struct http_gate *g); /* from a later turn of the loop */
void http_gate_take_body(struct http_gate *g, size_t max);
bool http_gate_answering(struct http_gate *g);              /* an answer begins; true: the connection ends with it */
void http_gate_request_done(struct http_gate *g);           /* libevhtp is through with the present request */
void http_gate_on_request(evhtp_request_t *req, void *ctx); /* libevhtp's callback for every request */

/* http_reply.c */
struct http_rq *http_rq_create(struct http_gate *g, char *text, const struct http_head *head);
void http_rq_bind(struct http_rq *rq, evhtp_request_t *req);
void http_rq_drop(struct http_rq *rq);    /* one that never reached its owner */
void http_rq_written(struct http_rq *rq); /* the output is empty: the next piece may be made */
size_t http_error_json(char *out, size_t size, const char *code, const char *message);
struct http_fixed_field {
    const char *name, *value;
};
extern const struct http_fixed_field http_fixed_fields[]; /* on every answer; ends with a NULL name */
const char *http_status_text(int status);

/* http_server.c */
struct http_server_private {
    struct loop *loop;
    const struct http_server_ops *ops;
    void *ctx;
    struct http_limits limits;
};
const struct http_server_private *http_server_private(const struct http_server *s);
void http_server_gate_gone(struct http_server *s, struct http_gate *g); /* unlinks it */
void http_server_gate_moved(struct http_server *s,
                            struct http_gate *g); /* it begins to wait for a head: last in the row */

#endif
