/* http_reply.c — a request's answer: fields, body, pieces, streams, and the end of the request object.
 *
 * Knows: libevhtp's reply calls, fields that stand on every answer, how to wait for a slow reader.
 * Does not know: routes, users, what an answer says.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bug.h"
#include "core/base/civil.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/base/wr.h"
#include "io/http_gate.h"

enum {
    BACKLOG_MAX = 64 * 1024, /* a slow reader gets the next piece when less than this waits for him */
    STREAM_BACKLOG_MAX = 256 * 1024,
    COLLECTED_MAX = 16 * 1024 * 1024, /* of a long answer to an HTTP/1.0 client */
};

/* A page may add to these, not take away. */
const struct http_fixed_field http_fixed_fields[] = {
    { "X-Content-Type-Options", "nosniff" },
    { "Referrer-Policy", "no-referrer" },
    { NULL, NULL },
};

const char *http_status_text(int status)
{
    static const struct {
        int status;
        const char *text;
    } texts[] = {
        { 200, "OK" },
        { 400, "Bad Request" },
        { 408, "Request Timeout" },
        { 413, "Content Too Large" },
        { 414, "URI Too Long" },
        { 417, "Expectation Failed" },
        { 431, "Request Header Fields Too Large" },
        { 501, "Not Implemented" },
        { 503, "Service Unavailable" },
        { 505, "HTTP Version Not Supported" },
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        if (texts[i].status == status)
            return texts[i].text;
    return "Error";
}

size_t http_error_json(char *out, size_t size, const char *code, const char *message)
{
    struct json_out j;
    json_init(&j, out, size, NULL, NULL);
    json_object(&j);
    json_key_str(&j, "error", code);
    json_key_str(&j, "message", message);
    json_object_end(&j);
    return json_len(&j);
}

/* --- life of a request --- */

static struct http_rq *rq_of(struct http_request *rq)
{
    return (struct http_rq *)rq;
}

static void rq_free(void *ctx)
{
    struct http_rq *rq = ctx;
    timer_fini(&rq->next_step);
    evbuffer_free(rq->body);
    free(rq->text);
    free(rq);
}

static void produce_end(struct http_rq *rq)
{
    struct http_produce p = rq->produce;
    rq->produce = (struct http_produce){ 0 };
    timer_stop(&rq->next_step);
    if (p.free)
        p.free(p.ctx);
}

/* libevhtp frees the request: its answer is written, or the connection is gone. */
static evhtp_res on_request_fini(evhtp_request_t *req, void *ctx)
{
    (void)req;
    struct http_rq *rq = ctx;
    struct http_gate *g = rq->gate;
    const struct http_server_private *s = http_server_private(g->server);
    rq->req = NULL;
    produce_end(rq);
    s->ops->on_end(s->ctx, &rq->pub);
    loop_defer(s->loop, rq_free, rq);
    http_gate_request_done(g);
    return EVHTP_RES_OK;
}

static void on_next_step(void *ctx)
{
    http_rq_written(ctx);
}

struct http_rq *http_rq_create(struct http_gate *g, char *text, const struct http_head *head)
{
    struct http_rq *rq = xcalloc(1, sizeof *rq);
    rq->pub.head = *head;
    str_copy(rq->pub.peer, sizeof rq->pub.peer, g->peer);
    rq->pub.is_tls = g->conn->ssl != NULL;
    rq->gate = g;
    rq->text = text;
    rq->body = evbuffer_new();
    timer_init(&rq->next_step, http_server_private(g->server)->loop, "web answer", on_next_step, rq);
    return rq;
}

void http_rq_bind(struct http_rq *rq, evhtp_request_t *req)
{
    BUG_IF(rq->is_bound);
    rq->req = req;
    rq->is_bound = true;
    evhtp_request_set_hook(req, evhtp_hook_on_request_fini, (evhtp_hook)on_request_fini, rq);
}

void http_rq_drop(struct http_rq *rq)
{
    rq_free(rq);
}

void http_take_body(struct http_request *pub, size_t max)
{
    http_gate_take_body(rq_of(pub)->gate, max);
}

/* --- answers --- */

void http_field(struct http_request *pub, const char *name, const char *value)
{
    struct http_rq *rq = rq_of(pub);
    BUG_IF(strpbrk(value, "\r\n"));
    if (rq->req)
        evhtp_headers_add_header(rq->req->headers_out, evhtp_header_new(name, value, 1, 1));
}

void http_write(struct http_request *pub, const void *bytes, size_t len)
{
    struct http_rq *rq = rq_of(pub);
    if (rq->req)
        evbuffer_add(rq->req->buffer_out, bytes, len);
}

static void json_to_body(void *ctx, const char *bytes, size_t len)
{
    http_write(ctx, bytes, len);
}

struct json_out *http_json(struct http_request *pub)
{
    struct http_rq *rq = rq_of(pub);
    if (!rq->has_json)
        json_init(&rq->json, rq->json_buffer, sizeof rq->json_buffer, json_to_body, pub);
    rq->has_json = true;
    return &rq->json;
}

static void add_date(struct http_request *pub)
{
    static const char days[][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
    static const char months[][4] = {
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"
    };
    int64_t now_utc = clock_utc(loop_clock(http_server_private(rq_of(pub)->gate->server)->loop));
    struct civil c;
    civil_from_seconds(now_utc, &c);
    char text[40];
    str_fmt(text, sizeof text, "%s, %02d %s %d %02d:%02d:%02d GMT", days[civil_weekday(now_utc)], c.day,
            months[c.month - 1], c.year, c.hour, c.minute, c.second);
    http_field(pub, "Date", text);
}

/* Fields of every answer. False: the client is gone. */
static bool begin_answer(struct http_rq *rq, const char *type)
{
    BUG_IF(rq->is_sent);
    rq->is_sent = true;
    if (!rq->req)
        return false;
    if (rq->has_json)
        json_finish(&rq->json);
    for (const struct http_fixed_field *f = http_fixed_fields; f->name; f++)
        http_field(&rq->pub, f->name, f->value);
    add_date(&rq->pub);
    if (type)
        http_field(&rq->pub, "Content-Type", type);
    if (http_gate_answering(rq->gate))
        http_field(&rq->pub, "Connection", "close");
    return true;
}

static void send_whole(struct http_rq *rq, int status)
{
    char len[24];
    str_fmt(len, sizeof len, "%zu", evbuffer_get_length(rq->req->buffer_out));
    if (status != 204 && status != 304)
        http_field(&rq->pub, "Content-Length", len);
    if (rq->pub.head.method == HTTP_HEAD || status == 204 || status == 304)
        evbuffer_drain(rq->req->buffer_out, evbuffer_get_length(rq->req->buffer_out));
    evhtp_send_reply(rq->req, (evhtp_res)status);
}

void http_send(struct http_request *pub, int status, const char *type)
{
    struct http_rq *rq = rq_of(pub);
    if (begin_answer(rq, type ? type : rq->has_json ? "application/json" : NULL))
        send_whole(rq, status);
}

void http_send_static(struct http_request *pub, int status, const char *type, const void *bytes, size_t len)
{
    struct http_rq *rq = rq_of(pub);
    if (!begin_answer(rq, type))
        return;
    evbuffer_add_reference(rq->req->buffer_out, bytes, len, NULL, NULL);
    send_whole(rq, status);
}

static void json_detail(struct json_out *j, const struct err_at *at)
{
    json_object(j);
    if (at->line)
        json_key_int(j, "line", at->line);
    if (at->column)
        json_key_int(j, "column", at->column);
    if (at->field[0])
        json_key_str(j, "field", at->field);
    json_key_str(j, "message", at->text);
    json_object_end(j);
}

void http_send_error(struct http_request *pub, int status, const char *code, const char *message,
                     const struct err_at *details, size_t n_details)
{
    struct json_out *j = http_json(pub);
    json_object(j);
    json_key_str(j, "error", code);
    json_key_str(j, "message", message);
    json_key(j, "details");
    json_array(j);
    for (size_t i = 0; i < n_details; i++)
        json_detail(j, &details[i]);
    json_array_end(j);
    json_object_end(j);
    http_send(pub, status, NULL);
}

/* --- long answers --- */

static void send_chunk(struct http_rq *rq)
{
    if (rq->has_json)
        json_finish(&rq->json); /* empties its buffer only; the writer lives on */
    if (evbuffer_get_length(rq->req->buffer_out) == 0)
        return;
    struct evbuffer *piece = evbuffer_new();
    evbuffer_add_buffer(piece, rq->req->buffer_out);
    evhtp_send_reply_chunk(rq->req, piece);
    evbuffer_free(piece);
}

static void start_chunks(struct http_rq *rq)
{
    begin_answer(rq, rq->type);
    struct evbuffer *first = evbuffer_new(); /* the head must go out before what is in the body already */
    evbuffer_add_buffer(first, rq->req->buffer_out);
    evhtp_send_reply_chunk_start(rq->req, (evhtp_res)rq->status);
    evbuffer_add_buffer(rq->req->buffer_out, first);
    evbuffer_free(first);
    rq->is_chunked = true;
}

/* Goes on after a piece was made. The first one decides: what is complete with it goes out with its length. An HTTP/1.0
 * client knows no chunks: his answer is collected, as far as that goes. */
static void after_piece(struct http_rq *rq, bool has_more)
{
    if (has_more && !rq->is_chunked && rq->pub.head.minor_version > 0)
        start_chunks(rq);
    if (rq->is_chunked)
        send_chunk(rq);
    if (has_more && (rq->is_chunked || evbuffer_get_length(rq->req->buffer_out) < COLLECTED_MAX)) {
        timer_start_us(&rq->next_step, 0);
        return;
    }
    produce_end(rq);
    if (rq->is_chunked)
        evhtp_send_reply_chunk_end(rq->req);
    else if (begin_answer(rq, rq->type))
        send_whole(rq, rq->status);
}

/* Called when the output is empty, and with a turn of the loop between two pieces. */
void http_rq_written(struct http_rq *rq)
{
    if (!rq->produce.step || !rq->req)
        return;
    if (evbuffer_get_length(bufferevent_get_output(rq->gate->conn->bev)) > BACKLOG_MAX)
        return; /* the write callback comes when it has gone */
    after_piece(rq, rq->produce.step(rq->produce.ctx, &rq->pub));
}

void http_send_pieces(struct http_request *pub, int status, const char *type, const struct http_produce *p)
{
    struct http_rq *rq = rq_of(pub);
    rq->produce = *p;
    rq->status = status;
    rq->type = type ? type : "application/json";
    if (rq->req && pub->head.method != HTTP_HEAD) {
        after_piece(rq, p->step(p->ctx, pub));
        return;
    }
    produce_end(rq);
    if (begin_answer(rq, rq->type))
        evhtp_send_reply(rq->req, (evhtp_res)status);
}

/* --- streams --- */

void http_stream_start(struct http_request *pub, const char *type)
{
    struct http_rq *rq = rq_of(pub);
    rq->is_stream = true;
    rq->gate->must_close = true;
    if (begin_answer(rq, type))
        evhtp_send_reply_chunk_start(rq->req, EVHTP_RES_OK);
}

bool http_stream_write(struct http_request *pub, const void *bytes, size_t len)
{
    struct http_rq *rq = rq_of(pub);
    if (!rq->req)
        return false;
    if (evbuffer_get_length(bufferevent_get_output(rq->gate->conn->bev)) > STREAM_BACKLOG_MAX) {
        http_gate_close_soon(rq->gate);
        return false;
    }
    struct evbuffer *piece = evbuffer_new();
    evbuffer_add(piece, bytes, len);
    evhtp_send_reply_chunk(rq->req, piece);
    evbuffer_free(piece);
    return true;
}

void http_stream_end(struct http_request *pub)
{
    struct http_rq *rq = rq_of(pub);
    if (rq->req)
        evhtp_send_reply_chunk_end(rq->req);
}
