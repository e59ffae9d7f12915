/* http_gate.c — the gate in front of libevhtp: takes a connection's bytes, lets checked requests through one at a time.
 *
 * Knows: where a request begins and ends, how long it may take to come, how a connection ends without losing its answer.
 * Does not know: what requests mean, who may send them, how answers are made.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "io/http_gate.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "core/base/bug.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"

enum {
    KEEP_ALIVE_MS = 60 * 1000, /* between two requests */
    LAST_MS = 5 * 1000,        /* to take a last answer */
    LINGER_MS = 1000,
    HELD_MAX = 64 * 1024, /* what may wait behind the present request; then we stop reading */
};

static void pump(struct http_gate *g);

static int64_t timeout_ms(const struct http_gate *g)
{
    return (int64_t)http_server_private(g->server)->limits.request_timeout_s * 1000;
}

/* The only place that changes the state, and with it the deadline. */
static void gate_to(struct http_gate *g, enum gate_state next)
{
    g->state = next;
    switch (next) {
    case GATE_HEAD:
        g->scan = (struct http_scan){ 0 };
        timer_start_ms(&g->deadline,
                       g->had_request && evbuffer_get_length(g->held) == 0 ? KEEP_ALIVE_MS : timeout_ms(g));
        http_server_gate_moved(g->server, g);
        break;
    case GATE_HELD:
    case GATE_ANSWER:
        timer_stop(&g->deadline);
        break;
    case GATE_BODY:
        timer_start_ms(&g->deadline, timeout_ms(g));
        break;
    case GATE_LAST:
        timer_start_ms(&g->deadline, LAST_MS);
        break;
    case GATE_LINGER:
        timer_start_ms(&g->deadline, LINGER_MS);
        break;
    }
}

/* --- the end of a connection --- */

static void gate_free(void *ctx)
{
    struct http_gate *g = ctx;
    timer_fini(&g->deadline);
    evbuffer_free(g->held);
    free(g);
}

/* libevhtp frees the connection, whoever asked for it. Its request, if any, is told after this. */
static evhtp_res on_connection_fini(evhtp_connection_t *conn, void *ctx)
{
    (void)conn;
    struct http_gate *g = ctx;
    g->conn = NULL;
    timer_stop(&g->deadline);
    http_server_gate_gone(g->server, g);
    loop_defer(http_server_private(g->server)->loop, gate_free, g);
    return EVHTP_RES_OK;
}

void http_gate_close(struct http_gate *g)
{
    if (g->conn)
        evhtp_connection_free(g->conn);
}

void http_gate_close_soon(struct http_gate *g)
{
    if (!g->conn)
        return;
    gate_to(g, GATE_LINGER);
    timer_start_ms(&g->deadline, 0);
}

/* The last answer is with the kernel. A close with unread input would reset the connection and may take the answer with it;
 * so our side is shut and the rest is read for a moment. */
static void gate_linger(struct http_gate *g)
{
    if (g->at_eof || g->conn->ssl) {
        http_gate_close(g);
        return;
    }
    shutdown(bufferevent_getfd(g->conn->bev), SHUT_WR);
    evbuffer_drain(g->held, evbuffer_get_length(g->held));
    gate_to(g, GATE_LINGER);
    bufferevent_enable(g->conn->bev, EV_READ);
}

/* An answer of our own, without libevhtp: what was sent is no request. */
void http_gate_refuse(struct http_gate *g, int status, const char *code, const char *message)
{
    char body[512];
    size_t len = http_error_json(body, sizeof body, code, message);
    struct evbuffer *out = bufferevent_get_output(g->conn->bev);
    evbuffer_add_printf(out, "HTTP/1.1 %d %s\r\n", status, http_status_text(status));
    for (const struct http_fixed_field *f = http_fixed_fields; f->name; f++)
        evbuffer_add_printf(out, "%s: %s\r\n", f->name, f->value);
    evbuffer_add_printf(out, "Content-Type: application/json\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n", len);
    evbuffer_add(out, body, len);
    gate_to(g, GATE_LAST);
    bufferevent_enable(g->conn->bev, EV_WRITE);
}

static void refuse_head(struct http_gate *g, int status, const struct err_at *at)
{
    const char *why = at && at->text[0] ? at->text : "This is not a request that HTTP/1.1 allows.";
    log_debug("web", "%s: refused with %d: %s", g->peer, status, why);
    http_gate_refuse(g, status, status >= 500 ? "unsupported" : status == 400 ? "bad_request" : "too_big", why);
}

/* --- heads --- */

/* One request line of ours for libevhtp. Only the method is the client's: with HEAD it knows to send no body. */
static void feed_evhtp(struct http_gate *g, enum http_method method)
{
    struct evbuffer *in = bufferevent_get_input(g->conn->bev);
    BUG_IF(evbuffer_get_length(in) > 0);
    evbuffer_unfreeze(in, 0); /* bufferevents freeze the end where they read; it must not be frozen again (TLS) */
    evbuffer_add_printf(in, "%s / HTTP/1.1\r\nHost: gateway\r\n\r\n", http_method_name(method));
    g->evhtp_read(g->conn->bev, g->conn);
}

void http_gate_on_request(evhtp_request_t *req, void *ctx)
{
    (void)ctx;
    struct http_gate *g = evhtp_connection_get_hooks(req->conn)->on_connection_fini_arg;
    http_rq_bind(g->rq, req);
    const struct http_server_private *s = http_server_private(g->server);
    s->ops->on_head(s->ctx, &g->rq->pub);
}

static void take_head(struct http_gate *g)
{
    size_t len = g->scan.len;
    char *text = xmalloc(len + 1);
    struct http_head head;
    struct err_at at = { 0 };
    int status = http_head_parse(rd_init(evbuffer_pullup(g->held, (ev_ssize_t)len), len), text, len + 1, &head, &at);
    if (status) {
        free(text);
        refuse_head(g, status, &at);
        return;
    }
    evbuffer_drain(g->held, len);
    g->had_request = true;
    g->must_close = !head.keep_alive;
    g->chunks = (struct http_chunks){ 0 };
    g->rq = http_rq_create(g, text, &head);
    gate_to(g, GATE_HELD);
    struct http_rq *rq = g->rq;
    feed_evhtp(g, head.method);
    if (!rq->is_bound) {
        log_warn("web", "%s: a checked request was not understood", g->peer);
        g->rq = NULL;
        http_rq_drop(rq);
        http_gate_close(g);
    }
}

/* Looks at the bytes that have come since the last time. True when the state has changed. */
static bool scan_head(struct http_gate *g)
{
    struct evbuffer_iovec piece;
    struct evbuffer_ptr at;
    while (evbuffer_ptr_set(g->held, &at, g->scan.len, EVBUFFER_PTR_SET) == 0 &&
           evbuffer_peek(g->held, -1, &at, &piece, 1) > 0 && piece.iov_len > 0) {
        if (g->scan.len == 0)
            timer_start_ms(&g->deadline, timeout_ms(g)); /* a head has begun: from here it counts */
        struct rd in = rd_init(piece.iov_base, piece.iov_len);
        int status = 0;
        switch (http_scan_push(&g->scan, &in, &status)) {
        case HTTP_SCAN_MORE:
            break;
        case HTTP_SCAN_DONE:
            take_head(g);
            return true;
        case HTTP_SCAN_BAD:
            refuse_head(g, status, NULL);
            return true;
        }
    }
    return false;
}

/* --- bodies --- */

static void body_refused(struct http_gate *g, int status, const char *code, const char *message)
{
    g->must_close = true;
    http_send_error(&g->rq->pub, status, code, message, NULL, 0);
}

static void body_complete(struct http_gate *g)
{
    struct http_rq *rq = g->rq;
    rq->pub.body_len = evbuffer_get_length(rq->body);
    evbuffer_add(rq->body, "", 1);
    rq->pub.body = evbuffer_pullup(rq->body, -1);
    gate_to(g, GATE_ANSWER);
    const struct http_server_private *s = http_server_private(g->server);
    s->ops->on_request(s->ctx, &rq->pub);
}

static void take_counted(struct http_gate *g)
{
    struct http_rq *rq = g->rq;
    size_t left = (size_t)rq->pub.head.content_length - evbuffer_get_length(rq->body);
    if (left > 0 && evbuffer_remove_buffer(g->held, rq->body, left) > 0)
        timer_start_ms(&g->deadline, timeout_ms(g));
    if (evbuffer_get_length(rq->body) == rq->pub.head.content_length)
        body_complete(g);
}

/* True: look again, there may be more. */
static bool take_chunk(struct http_gate *g)
{
    struct evbuffer_iovec piece;
    if (evbuffer_peek(g->held, -1, NULL, &piece, 1) < 1 || piece.iov_len == 0)
        return false;
    struct rd in = rd_init(piece.iov_base, piece.iov_len), data = { 0 };
    enum http_chunk_result r = http_chunks_next(&g->chunks, &in, &data);
    size_t n = rd_left(&data);
    evbuffer_drain(g->held, piece.iov_len - rd_left(&in) - n);
    timer_start_ms(&g->deadline, timeout_ms(g));
    switch (r) {
    case HTTP_CHUNKS_MORE:
        return true;
    case HTTP_CHUNKS_END:
        body_complete(g);
        return false;
    case HTTP_CHUNKS_BAD:
        body_refused(g, 400, "bad_request", "The chunked coding of the body is broken.");
        return false;
    case HTTP_CHUNKS_DATA:
        break;
    }
    if (evbuffer_get_length(g->rq->body) + n > g->body_max) {
        body_refused(g, 413, "too_big", "The body is larger than this call takes.");
        return false;
    }
    evbuffer_remove_buffer(g->held, g->rq->body, n);
    return true;
}

static void take_body(struct http_gate *g)
{
    if (!g->rq->pub.head.is_chunked) {
        take_counted(g);
        return;
    }
    while (g->conn && g->state == GATE_BODY && take_chunk(g)) {
    }
}

void http_gate_take_body(struct http_gate *g, size_t max)
{
    const struct http_head *h = &g->rq->pub.head;
    BUG_IF(g->state != GATE_HELD);
    g->body_max = max;
    if (h->content_length > max) {
        body_refused(g, 413, "too_big", "The body is larger than this call takes.");
        return;
    }
    bool has_body = h->is_chunked || h->content_length > 0;
    if (has_body && h->expects_continue && evbuffer_get_length(g->held) == 0)
        bufferevent_write(g->conn->bev, "HTTP/1.1 100 Continue\r\n\r\n", 25);
    gate_to(g, GATE_BODY);
    bufferevent_enable(g->conn->bev, EV_READ);
    pump(g);
}

/* Before its body was whole: a body that is here already is passed over, what is still to come cannot be. */
bool http_gate_answering(struct http_gate *g)
{
    if (g->state == GATE_HELD || g->state == GATE_BODY) {
        const struct http_head *h = &g->rq->pub.head;
        size_t left = (size_t)h->content_length - evbuffer_get_length(g->rq->body);
        if (h->is_chunked || evbuffer_get_length(g->held) < left)
            g->must_close = true;
        else
            evbuffer_drain(g->held, left);
        gate_to(g, GATE_ANSWER);
    }
    return g->must_close;
}

/* --- between requests --- */

void http_gate_request_done(struct http_gate *g)
{
    g->rq = NULL;
    if (g->conn) /* the write callback that we are in goes on from here */
        gate_to(g, g->must_close ? GATE_LAST : GATE_HEAD);
}

/* Moves on as far as the bytes allow. Entered again below itself, it leaves the work to the outer one. */
static void pump(struct http_gate *g)
{
    if (g->is_pumping)
        return;
    g->is_pumping = true;
    bool goes_on = true;
    while (goes_on && g->conn) {
        switch (g->state) {
        case GATE_HEAD:
            goes_on = scan_head(g);
            break;
        case GATE_BODY:
            take_body(g);
            goes_on = false;
            break;
        case GATE_HELD:
        case GATE_ANSWER:
            goes_on = false;
            break;
        case GATE_LAST:
        case GATE_LINGER:
            evbuffer_drain(g->held, evbuffer_get_length(g->held));
            goes_on = false;
            break;
        }
    }
    g->is_pumping = false;
    if (g->conn && g->at_eof && g->state == GATE_HEAD)
        http_gate_close(g);
}

/* --- callbacks of the bufferevent --- */

static bool is_waiting_for_owner(const struct http_gate *g)
{
    return g->state == GATE_HELD || g->state == GATE_ANSWER;
}

static void on_read(struct bufferevent *bev, void *ctx)
{
    struct http_gate *g = ctx;
    int64_t entered_us = loop_enter(http_server_private(g->server)->loop);
    struct loop *loop = http_server_private(g->server)->loop;
    evbuffer_add_buffer(g->held, bufferevent_get_input(bev));
    pump(g);
    if (g->conn && is_waiting_for_owner(g) && evbuffer_get_length(g->held) > HELD_MAX)
        bufferevent_disable(bev, EV_READ);
    loop_leave(loop, entered_us, "web read");
}

static void on_written(struct http_gate *g)
{
    if (g->conn->request) /* without one libevhtp would close the connection here */
        g->evhtp_write(g->conn->bev, g->conn);
    if (!g->conn)
        return;
    if (g->rq && g->rq->req)
        http_rq_written(g->rq);
    else if (g->state == GATE_LAST && evbuffer_get_length(bufferevent_get_output(g->conn->bev)) == 0)
        gate_linger(g);
    if (!g->conn || g->state != GATE_HEAD)
        return;
    bufferevent_enable(g->conn->bev, EV_READ);
    pump(g);
}

static void on_write(struct bufferevent *bev, void *ctx)
{
    (void)bev;
    struct http_gate *g = ctx;
    struct loop *loop = http_server_private(g->server)->loop;
    int64_t entered_us = loop_enter(loop);
    on_written(g);
    loop_leave(loop, entered_us, "web write");
}

/* A client that has sent all may shut its side and still wait for the answer. */
static bool may_outlive_eof(const struct http_gate *g)
{
    switch (g->state) {
    case GATE_HEAD:
    case GATE_BODY:
    case GATE_LINGER:
        return false;
    case GATE_HELD:
        return !g->rq->pub.head.is_chunked && evbuffer_get_length(g->held) >= g->rq->pub.head.content_length;
    case GATE_ANSWER:
        return !g->rq->is_stream;
    case GATE_LAST:
        return true;
    }
    return false;
}

static void on_event(struct bufferevent *bev, short what, void *ctx)
{
    (void)bev;
    struct http_gate *g = ctx;
    if (what & BEV_EVENT_CONNECTED)
        return;
    g->at_eof = true;
    if (!(what & BEV_EVENT_EOF) || !may_outlive_eof(g))
        http_gate_close(g);
}

static void on_deadline(void *ctx)
{
    struct http_gate *g = ctx;
    if (g->state == GATE_HEAD && g->scan.len > 0)
        http_gate_refuse(g, 408, "timeout", "The request took too long to arrive.");
    else if (g->state == GATE_BODY)
        body_refused(g, 408, "timeout", "The body of the request took too long to arrive.");
    else
        http_gate_close(g);
}

struct http_gate *http_gate_create(struct http_server *s, evhtp_t *listener, evhtp_connection_t *conn)
{
    struct http_gate *g = xcalloc(1, sizeof *g);
    *g = (struct http_gate){ .server = s, .conn = conn, .listener = listener, .held = evbuffer_new() };
    timer_init(&g->deadline, http_server_private(s)->loop, "web deadline", on_deadline, g);
    void *arg;
    bufferevent_event_cb event;
    bufferevent_getcb(conn->bev, &g->evhtp_read, &g->evhtp_write, &event, &arg);
    BUG_IF(arg != conn);
    bufferevent_setcb(conn->bev, on_read, on_write, on_event, g);
    evhtp_connection_set_hook(conn, evhtp_hook_on_connection_fini, (evhtp_hook)on_connection_fini, g);
    int one = 1; /* TLS answers leave as two writes, which Nagle would part by 40 ms */
    setsockopt(conn->sock, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return g;
}

void http_gate_start(struct http_gate *g)
{
    gate_to(g, GATE_HEAD);
}
