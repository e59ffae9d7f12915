/* http_events.c — what happens, told to web clients as it happens: server-sent events of the last minutes and from now on.
 *
 * Knows: which facts go out and as what, how a client resumes, when it is ended. Does not know: who publishes.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "protocols/http_call.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/event.h"
#include "core/job.h"
#include "io/loop.h"
#include "protocols/rest_calls.h"

enum { KEPT_MAX = 512, CLIENTS_MAX = 64, HEARTBEAT_MS = 15000, EVENT_TEXT_MAX = 4096 };

struct kept { /* an event as it goes over the wire */
    uint64_t id;
    char *text;
    size_t len;
};

struct events_client {
    struct http_events *events;
    struct http_request *rq;
    struct access_who who;
    uint64_t sent_id; /* all up to this one were written */
    struct events_client *prev, *next;
};

struct http_events {
    struct http *http;
    struct kept kept[KEPT_MAX]; /* event n is at n % KEPT_MAX */
    uint64_t last_id;
    struct events_client *clients;
    size_t n_clients;
    struct timer heartbeat;
    bool is_flush_due;
    bool is_over; /* freed by the deferred call that is due */
};

/* --- clients --- */

static void client_gone(void *ctx)
{
    struct events_client *cl = ctx;
    DL_DELETE(cl->events->clients, cl);
    cl->events->n_clients--;
    free(cl);
}

/* False: the client is given up; its gone hook follows. */
static bool client_catch_up(struct http_events *e, struct events_client *cl)
{
    uint64_t oldest = e->last_id > KEPT_MAX ? e->last_id - KEPT_MAX : 0;
    if (cl->sent_id < oldest)
        cl->sent_id = oldest;
    while (cl->sent_id < e->last_id) {
        const struct kept *k = &e->kept[++cl->sent_id % KEPT_MAX];
        if (k->id == cl->sent_id && !http_stream_write(cl->rq, k->text, k->len))
            return false;
    }
    return true;
}

static void flush(void *ctx)
{
    struct http_events *e = ctx;
    e->is_flush_due = false;
    if (e->is_over) {
        free(e);
        return;
    }
    struct events_client *cl, *next;
    DL_FOREACH_SAFE (e->clients, cl, next)
        (void)client_catch_up(e, cl);
}

static void flush_soon(struct http_events *e)
{
    if (e->is_flush_due)
        return;
    e->is_flush_due = true;
    loop_defer(e->http->app->loop, flush, e);
}

/* Whoever may not call any more does not listen on either. */
static bool is_still_welcome(struct access *a, const struct access_who *who)
{
    size_t i;
    if (who->session) {
        for (i = 0; i < access_sessions(a); i++)
            if (access_session_at(a, i)->id == who->session)
                return true;
        return false;
    }
    if (who->token) {
        for (i = 0; i < access_tokens(a); i++)
            if (access_token_at(a, i)->id == who->token)
                return true;
        return false;
    }
    return access_user_find(a, who->name) != NULL;
}

static void on_heartbeat(void *ctx)
{
    struct http_events *e = ctx;
    struct events_client *cl, *next;
    DL_FOREACH_SAFE (e->clients, cl, next) {
        if (!is_still_welcome(e->http->access, &cl->who))
            http_stream_end(cl->rq);
        else if (!http_stream_write(cl->rq, ":\n\n", 3))
            log_debug("web", "a listener does not keep up and is let go");
    }
    timer_start_ms(&e->heartbeat, HEARTBEAT_MS);
}

void rest_events_get(struct http_call *c)
{
    struct http_events *e = c->http->events;
    if (c->rq->head.minor_version == 0 || e->n_clients == CLIENTS_MAX) {
        call_throttled(c, ERR_BUSY, 10);
        return;
    }
    struct events_client *cl = xcalloc(1, sizeof *cl);
    *cl = (struct events_client){ .events = e, .rq = c->rq, .who = c->who, .sent_id = e->last_id };
    const char *seen = http_head_field(&c->rq->head, "Last-Event-ID");
    uint64_t id;
    if (seen && str_to_u64(seen, e->last_id, &id) == ERR_OK)
        cl->sent_id = id;
    DL_APPEND(e->clients, cl);
    e->n_clients++;
    c->gone = client_gone;
    c->gone_ctx = cl;
    if (c->rq->head.method == HTTP_HEAD) {
        http_send(c->rq, 200, "text/event-stream");
        return;
    }
    http_stream_start(c->rq, "text/event-stream");
    if (http_stream_write(c->rq, "retry: 2000\n\n", 13))
        (void)client_catch_up(e, cl);
}

/* --- facts --- */

static void json_reading(struct json_out *j, const struct reading *r)
{
    json_object(j);
    json_key_int(j, "meter", r->meter);
    json_key_utc(j, "time", r->utc);
    json_key_str(j, "status", readout_status_name(r->status));
    json_key_str(j, "source", reading_source_name(r->source));
    json_key_int(j, "values", (int64_t)r->n_values);
    json_object_end(j);
}

static void json_meter(struct json_out *j, const struct event *ev)
{
    static const char *const words[] = {
        [METER_INSTALLED] = "installed", [METER_CHANGED] = "changed", [METER_REMOVED] = "removed"
    };
    json_object(j);
    json_key_int(j, "id", ev->u.meter.id);
    json_key_str(j, "what", words[ev->u.meter.what]);
    json_object_end(j);
}

static void json_report(struct json_out *j, const struct event *ev)
{
    json_object(j);
    json_key_int(j, "report", ev->u.report.report);
    json_key_bool(j, "ok", ev->u.report.err == ERR_OK);
    json_key_str(j, "error", ev->u.report.err == ERR_OK ? NULL : err_name(ev->u.report.err));
    json_object_end(j);
}

static void json_bus(struct json_out *j, const struct event *ev)
{
    json_object(j);
    json_key_int(j, "bus", ev->u.bus.bus);
    json_key_str(j, "state", ev->u.bus.is_up ? "up" : "down");
    json_object_end(j);
}

static void json_log(struct json_out *j, const struct event *ev)
{
    json_object(j);
    json_key_utc(j, "time", ev->u.log.utc_us / 1000000);
    json_key_str(j, "severity", log_level_name((enum log_level)ev->u.log.level));
    json_key_str(j, "origin", ev->u.log.origin);
    json_key_str(j, "text", ev->u.log.text);
    json_object_end(j);
}

/* The name of the event and its body; NULL: not for clients. */
static const char *write_body(struct http_events *e, struct json_out *j, const struct event *ev)
{
    switch (ev->type) {
    case EV_READING:
        json_reading(j, ev->u.reading);
        return "reading";
    case EV_METER:
        json_meter(j, ev);
        return "meter";
    case EV_JOB: {
        const struct job *job = jobs_find(e->http->app->jobs, ev->u.job.id);
        if (!job)
            return NULL;
        job_json(j, job);
        return "job";
    }
    case EV_REPORT_DONE:
        json_report(j, ev);
        return "report";
    case EV_SETTINGS:
        json_object(j);
        json_object_end(j);
        return "settings";
    case EV_BUS:
        json_bus(j, ev);
        return "bus";
    case EV_LOG:
        json_log(j, ev);
        return "log";
    case EV_KEYS:
    case EV_CLOCK_JUMP:
    case EV_LOGIN:
    case EV_N:
        break;
    }
    return NULL;
}

static void keep(struct http_events *e, const char *name, const char *body, size_t body_len)
{
    struct kept *k = &e->kept[++e->last_id % KEPT_MAX];
    char head[80];
    str_fmt(head, sizeof head, "id: %llu\nevent: %s\ndata: ", (unsigned long long)e->last_id, name);
    size_t head_len = strlen(head), len = head_len + body_len + 2;
    k->text = xrealloc(k->text, len, 1);
    bytes_copy(k->text, len, head, head_len);
    bytes_copy(k->text + head_len, len - head_len, body, body_len);
    bytes_copy(k->text + head_len + body_len, 2, "\n\n", 2);
    k->id = e->last_id;
    k->len = len;
}

static void on_event(void *ctx, const struct event *ev)
{
    struct http_events *e = ctx;
    char body[EVENT_TEXT_MAX];
    struct json_out j;
    json_init(&j, body, sizeof body, NULL, NULL);
    const char *name = write_body(e, &j, ev);
    if (!name)
        return;
    if (j.full) { /* a job with many errors: the client asks for it by its number */
        json_init(&j, body, sizeof body, NULL, NULL);
        json_object(&j);
        if (ev->type == EV_JOB)
            json_key_int(&j, "id", (int64_t)ev->u.job.id);
        json_object_end(&j);
    }
    keep(e, name, body, json_len(&j));
    flush_soon(e);
}

/* --- life --- */

struct http_events *http_events_create(struct http *h)
{
    struct http_events *e = xcalloc(1, sizeof *e);
    e->http = h;
    /* Ids grow over restarts, so that a client that comes back to a new process gets what is new. */
    e->last_id = (uint64_t)clock_utc(h->app->clock) * 1000;
    timer_init(&e->heartbeat, h->app->loop, "web events", on_heartbeat, e);
    timer_start_ms(&e->heartbeat, HEARTBEAT_MS);
    unsigned wanted = EV_BIT(EV_READING) | EV_BIT(EV_METER) | EV_BIT(EV_JOB) | EV_BIT(EV_REPORT_DONE) |
                      EV_BIT(EV_SETTINGS) | EV_BIT(EV_BUS) | EV_BIT(EV_LOG);
    events_subscribe(h->app->events, wanted, on_event, e);
    return e;
}

void http_events_drain(struct http_events *e)
{
    struct events_client *cl, *next;
    DL_FOREACH_SAFE (e->clients, cl, next)
        http_stream_end(cl->rq);
}

void http_events_free(struct http_events *e)
{
    if (!e)
        return;
    events_unsubscribe(e->http->app->events, on_event, e);
    timer_fini(&e->heartbeat);
    for (size_t i = 0; i < KEPT_MAX; i++)
        free(e->kept[i].text);
    e->is_over = true;
    if (!e->is_flush_due)
        free(e);
}
