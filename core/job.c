/* job.c — work that takes longer than a call.
 *
 * Knows: queues, states, lanes, retries, what is kept over a restart. Does not know: what a job does; timers.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "core/base/bug.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/event.h"

enum { WAITING_MAX = 1000, ENDED_MAX = 200, ENDED_KEEP_MS = 3600 * 1000 };

struct node {
    struct job job; /* first: callers hold a pointer to it */
    int64_t ended_ms;
    struct node *prev, *next;
};

struct kind {
    struct job_kind kind;
    struct kind *prev, *next;
};

struct jobs {
    const struct clock *clock;
    struct events *events; /* may be NULL */
    struct kind *kinds;
    struct node *list; /* in id order */
    uint64_t last_id;
    job_save_fn *save;
    void *save_ctx;
    void (*wake)(void *ctx);
    void *wake_ctx;
    bool is_draining;
};

static struct node *node_of(struct job *j)
{
    return (struct node *)(void *)j;
}

const char *job_state_name(enum job_state s)
{
    switch (s) {
    case JOB_WAITING:
        return "waiting";
    case JOB_RUNNING:
        return "running";
    case JOB_DONE:
        return "done";
    case JOB_FAILED:
        return "failed";
    }
    bug_found(__FILE__, __LINE__, "no such job state");
}

struct jobs *jobs_create(const struct clock *clock, struct events *events)
{
    struct jobs *js = xcalloc(1, sizeof *js);
    js->clock = clock;
    js->events = events;
    return js;
}

static void node_free(struct node *n)
{
    for (size_t i = 0; i < n->job.n_errors; i++) {
        free(n->job.errors[i].subject);
        free(n->job.errors[i].text);
    }
    free(n->job.errors);
    free(n->job.args);
    free(n->job.result);
    free(n);
}

void jobs_free(struct jobs *js)
{
    struct node *n, *next;
    struct kind *k, *next_kind;
    if (!js)
        return;
    DL_FOREACH_SAFE (js->list, n, next)
        node_free(n);
    DL_FOREACH_SAFE (js->kinds, k, next_kind)
        free(k);
    free(js);
}

static const struct job_kind *find_kind(const struct jobs *js, const char *name)
{
    struct kind *k;
    DL_FOREACH (js->kinds, k) {
        if (str_eq(k->kind.name, name))
            return &k->kind;
    }
    return NULL;
}

void jobs_add_kind(struct jobs *js, const struct job_kind *kind)
{
    BUG_IF(find_kind(js, kind->name) != NULL);
    struct kind *k = xcalloc(1, sizeof *k);
    k->kind = *kind;
    DL_APPEND(js->kinds, k);
}

void jobs_set_save(struct jobs *js, job_save_fn *fn, void *ctx)
{
    js->save = fn;
    js->save_ctx = ctx;
}

void jobs_set_wake(struct jobs *js, void (*wake)(void *ctx), void *ctx)
{
    js->wake = wake;
    js->wake_ctx = ctx;
}

static void wake(struct jobs *js)
{
    if (js->wake)
        js->wake(js->wake_ctx);
}

static void save(struct jobs *js, const struct job *j, bool is_over)
{
    if (js->save && j->kind->persist)
        js->save(js->save_ctx, j, is_over);
}

static void tell(struct jobs *js, const struct job *j)
{
    if (js->events)
        events_publish(js->events, &(struct event){ .type = EV_JOB, .u.job.id = j->id });
}

/* --- in and out of the queue --- */

static struct job *append(struct jobs *js, const struct job_kind *kind, unsigned lane, const char *args, const char *by)
{
    struct node *n = xcalloc(1, sizeof *n);
    n->job.kind = kind;
    n->job.lane = lane;
    n->job.args = xstrdup(args ? args : "{}");
    n->job.created_utc = clock_utc(js->clock);
    str_copy(n->job.by, sizeof n->job.by, by ? by : "");
    return &n->job;
}

uint64_t jobs_add(struct jobs *js, const char *kind_name, unsigned lane, const char *args, const char *by,
                  struct err_at *at)
{
    const struct job_kind *kind = find_kind(js, kind_name);
    const struct node *n;
    size_t waiting = 0;
    if (!kind) {
        (void)err_say(at, ERR_NOT_FOUND, "there is no job of the kind %s", kind_name);
        return 0;
    }
    DL_FOREACH (js->list, n)
        waiting += n->job.state == JOB_WAITING;
    if (waiting >= WAITING_MAX || (args && strlen(args) > JOB_ARGS_MAX)) {
        (void)err_say(at, ERR_TOO_MANY, "%s",
                      waiting >= WAITING_MAX ? "too many jobs are waiting" : "the job's arguments are too long");
        return 0;
    }
    struct job *j = append(js, kind, lane, args, by);
    j->id = ++js->last_id;
    DL_APPEND(js->list, node_of(j));
    save(js, j, false);
    tell(js, j);
    wake(js);
    return j->id;
}

static int by_id(const struct node *a, const struct node *b)
{
    return (a->job.id > b->job.id) - (a->job.id < b->job.id);
}

void jobs_restore(struct jobs *js, uint64_t id, const char *kind_name, unsigned lane, const char *args, const char *by)
{
    const struct job_kind *kind = find_kind(js, kind_name);
    if (!kind || id == 0 || jobs_find(js, id)) {
        log_warn("jobs", "job %llu of the kind %s cannot go on: dropped", (unsigned long long)id, kind_name);
        return;
    }
    struct job *j = append(js, kind, lane, args, by);
    struct node *n = node_of(j);
    j->id = id;
    js->last_id = id > js->last_id ? id : js->last_id;
    DL_INSERT_INORDER(js->list, n, by_id);
    wake(js);
}

struct job *jobs_find(struct jobs *js, uint64_t id)
{
    struct node *n;
    DL_FOREACH (js->list, n) {
        if (n->job.id == id)
            return &n->job;
    }
    return NULL;
}

struct job *jobs_next(struct jobs *js, uint64_t after_id)
{
    struct node *n;
    DL_FOREACH (js->list, n) {
        if (n->job.id > after_id)
            return &n->job;
    }
    return NULL;
}

/* --- the life of a job --- */

static void add_error(struct job *j, const char *subject, const char *text)
{
    if (j->n_errors >= JOB_ERRORS_MAX)
        return;
    j->errors = xrealloc(j->errors, j->n_errors + 1, sizeof *j->errors);
    j->errors[j->n_errors++] = (struct job_error){ xstrdup(subject), xstrdup(text) };
}

void job_end(struct jobs *js, struct job *j, enum err err)
{
    BUG_IF(j->state != JOB_RUNNING && j->state != JOB_WAITING);
    if (err != ERR_OK && j->n_errors == 0)
        add_error(j, j->kind->name, err_text(err));
    j->state = err == ERR_OK ? JOB_DONE : JOB_FAILED;
    j->ended_utc = clock_utc(js->clock);
    j->state_of_kind = NULL;
    node_of(j)->ended_ms = clock_mono_ms(js->clock);
    /* What only the shutdown broke off goes on after the next start. */
    bool goes_on = js->is_draining && err == ERR_CANCELLED && !j->is_cancelled;
    if (!goes_on)
        save(js, j, true);
    tell(js, j);
    wake(js);
}

void job_retry_in(struct jobs *js, struct job *j, int64_t delay_ms)
{
    BUG_IF(j->state != JOB_RUNNING);
    j->state = JOB_WAITING;
    j->state_of_kind = NULL;
    j->not_before_ms = clock_mono_ms(js->clock) + delay_ms;
    tell(js, j);
    wake(js);
}

void job_progress(struct jobs *js, struct job *j, uint64_t done, uint64_t total)
{
    if (j->done == done && j->total == total)
        return;
    j->done = done;
    j->total = total;
    tell(js, j);
}

void job_error(struct jobs *js, struct job *j, const char *subject, const char *fmt, ...)
{
    char text[256];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    add_error(j, subject, n < 0 ? fmt : text);
    tell(js, j);
}

void job_result(struct jobs *js, struct job *j, const char *json)
{
    char *copy = json ? xstrdup(json) : NULL;
    (void)js;
    free(j->result);
    j->result = copy;
}

enum err jobs_cancel(struct jobs *js, uint64_t id)
{
    struct job *j = jobs_find(js, id);
    if (!j)
        return ERR_NOT_FOUND;
    switch (j->state) {
    case JOB_WAITING:
        j->is_cancelled = true;
        job_end(js, j, ERR_CANCELLED);
        return ERR_OK;
    case JOB_RUNNING:
        if (!j->kind->cancel)
            return ERR_UNSUPPORTED;
        if (!j->is_cancelled) {
            j->is_cancelled = true;
            j->kind->cancel(j->kind->ctx, j);
        }
        return ERR_OK;
    case JOB_DONE:
    case JOB_FAILED:
        break;
    }
    return ERR_CONFLICT;
}

/* --- the queue moves on --- */

static bool is_over(const struct job *j)
{
    return j->state == JOB_DONE || j->state == JOB_FAILED;
}

static void drop_old(struct jobs *js, int64_t now_ms, int64_t *next_ms)
{
    struct node *n, *next;
    size_t ended = 0;
    DL_FOREACH (js->list, n)
        ended += is_over(&n->job);
    DL_FOREACH_SAFE (js->list, n, next) {
        if (!is_over(&n->job))
            continue;
        int64_t until_ms = n->ended_ms + ENDED_KEEP_MS;
        if (ended > ENDED_MAX || until_ms <= now_ms) {
            DL_DELETE(js->list, n);
            node_free(n);
            ended--;
        } else if (until_ms < *next_ms) {
            *next_ms = until_ms;
        }
    }
}

static bool lane_is_taken(const struct jobs *js, const struct job *j)
{
    const struct node *n;
    if (!j->kind->is_exclusive)
        return false;
    DL_FOREACH (js->list, n) {
        if (n->job.state == JOB_RUNNING && n->job.kind == j->kind && n->job.lane == j->lane)
            return true;
    }
    return false;
}

static void start(struct jobs *js, struct job *j)
{
    j->state = JOB_RUNNING;
    j->attempts++;
    j->started_utc = clock_utc(js->clock);
    j->done = 0;
    tell(js, j);
    j->kind->start(j->kind->ctx, j);
}

int64_t jobs_tick(struct jobs *js, int64_t now_ms)
{
    struct node *n;
    int64_t next_ms = INT64_MAX;
    drop_old(js, now_ms, &next_ms);
    DL_FOREACH (js->list, n) { /* nothing is freed here; what start() adds comes behind */
        if (n->job.state != JOB_WAITING || js->is_draining)
            continue;
        if (n->job.not_before_ms > now_ms) {
            next_ms = n->job.not_before_ms < next_ms ? n->job.not_before_ms : next_ms;
            continue;
        }
        if (!lane_is_taken(js, &n->job))
            start(js, &n->job);
    }
    return next_ms;
}

bool jobs_drain(struct jobs *js)
{
    struct node *n;
    bool is_first = !js->is_draining, is_idle = true;
    js->is_draining = true;
    DL_FOREACH (js->list, n) {
        if (is_first && n->job.state == JOB_RUNNING && n->job.kind->cancel && !n->job.is_cancelled)
            n->job.kind->cancel(n->job.kind->ctx, &n->job);
    }
    DL_FOREACH (js->list, n)
        is_idle = is_idle && n->job.state != JOB_RUNNING;
    return is_idle;
}

void job_json(struct json_out *j, const struct job *job)
{
    json_object(j);
    json_key(j, "id");
    json_uint(j, job->id);
    json_key_str(j, "kind", job->kind->name);
    json_key_str(j, "state", job_state_name(job->state));
    json_key(j, "progress");
    json_object(j);
    json_key(j, "done");
    json_uint(j, job->done);
    json_key(j, "total");
    json_uint(j, job->total);
    json_object_end(j);
    json_key(j, "errors");
    json_array(j);
    for (size_t i = 0; i < job->n_errors; i++) {
        json_object(j);
        json_key_str(j, "subject", job->errors[i].subject);
        json_key_str(j, "message", job->errors[i].text);
        json_object_end(j);
    }
    json_array_end(j);
    json_key(j, "result");
    json_raw(j, job->result ? job->result : "null", strlen(job->result ? job->result : "null"));
    json_key_str(j, "by", job->by);
    json_key_int(j, "attempts", job->attempts);
    json_key_bool(j, "cancelled", job->is_cancelled);
    json_key_utc(j, "created", job->created_utc);
    json_key_utc(j, "started", job->started_utc);
    json_key_utc(j, "ended", job->ended_utc);
    json_object_end(j);
}
