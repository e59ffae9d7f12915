/* mbus_master_job.c — readout jobs: which meters, spread over the lanes, with progress and an error for each that failed.
 *
 * Knows: the arguments of a readout job, errands, what a job says at its end.
 * Does not know: how a meter is read.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>

#include "core/base/bug.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/job.h"
#include "protocols/mbus_master_parts.h"

struct read_job {
    struct master *master;
    uint64_t id; /* the job is looked up again each time */
    enum reading_source source;
    struct errand errands[BUS_N]; /* of lane i; without meters when it has nothing to do */
    unsigned n_open;              /* errands under way, and one while start() spreads them */
    uint64_t n_done, n_total, n_lost;
    bool is_cancelled;
};

static struct job *job_of(const struct read_job *rj)
{
    return jobs_find(rj->master->app->jobs, rj->id);
}

static void free_job(struct read_job *rj)
{
    for (size_t i = 0; i < BUS_N; i++)
        free(rj->errands[i].meters);
    free(rj);
}

/* Failed: no meter at all could be tried. */
static void close_one(struct read_job *rj)
{
    if (--rj->n_open > 0)
        return;
    struct job *j = job_of(rj);
    enum err err = ERR_OK;
    if (rj->is_cancelled)
        err = ERR_CANCELLED;
    else if (rj->n_lost > 0 && rj->n_lost == rj->n_total)
        err = ERR_PORT_DOWN;
    j->state_of_kind = NULL;
    job_end(rj->master->app->jobs, j, err);
    free_job(rj);
}

static void on_meter(void *ctx, const struct meter *m, enum readout_status status, const char *text)
{
    struct read_job *rj = ctx;
    struct jobs *jobs = rj->master->app->jobs;
    if (status != READOUT_OK) {
        char title[64];
        meter_title(title, sizeof title, m);
        job_error(jobs, job_of(rj), title, "%s", text);
    }
    job_progress(jobs, job_of(rj), ++rj->n_done, rj->n_total);
}

static void on_errand_end(void *ctx, struct errand *e, size_t n_left, const char *why)
{
    struct read_job *rj = ctx;
    if (why) {
        char name[16];
        str_fmt(name, sizeof name, "bus%u", (unsigned)(e - rj->errands) + 1);
        rj->n_lost += n_left;
        job_error(rj->master->app->jobs, job_of(rj), name, "the interface %s is down: %s; %zu meters were not read",
                  name, why, n_left);
        log_error(name, "readout ended, the interface is down: %s; %zu meters were not read", why, n_left);
    }
    close_one(rj);
}

static const struct errand_owner owner = { .on_meter = on_meter, .on_end = on_errand_end };

/* --- which meters --- */

static void add_meter(struct read_job *rj, const struct meter *m)
{
    struct errand *e = &rj->errands[m->bus - 1];
    if ((e->n & (e->n - 1)) == 0) /* full at every power of two */
        e->meters = xrealloc(e->meters, e->n ? 2 * e->n : 1, sizeof *e->meters);
    e->meters[e->n++] = m->id;
    rj->n_total++;
}

static void add_all(struct read_job *rj)
{
    struct meters *ms = rj->master->app->meters;
    for (size_t i = 0; i < meters_count(ms); i++)
        if (meters_at(ms, i)->state == METER_ACTIVE)
            add_meter(rj, meters_at(ms, i));
}

static void add_listed(struct read_job *rj, struct job *j, const json_t *list)
{
    struct jobs *jobs = rj->master->app->jobs;
    size_t i;
    const json_t *item;
    json_array_foreach(list, i, item)
    {
        json_int_t id = json_integer_value(item);
        const struct meter *m = id > 0 && id <= UINT32_MAX ? meters_find(rj->master->app->meters, (uint32_t)id) : NULL;
        char title[64];
        str_fmt(title, sizeof title, "meter number %" JSON_INTEGER_FORMAT, id);
        if (!m)
            job_error(jobs, j, title, "there is no such meter");
        else if (m->state != METER_ACTIVE)
            job_error(jobs, j, title, "the meter is passive and is not read");
        else
            add_meter(rj, m);
    }
}

static bool choose_meters(struct read_job *rj, struct job *j)
{
    json_t *args = json_loads(j->args, 0, NULL);
    const json_t *meters = json_object_get(args, "meters");
    const char *source = json_string_value(json_object_get(args, "source"));
    bool is_good = json_is_array(meters) || str_eq(json_string_value(meters), "all");
    rj->source = str_eq(source, "scheduled") ? SOURCE_SCHEDULED : SOURCE_MANUAL;
    if (json_is_array(meters))
        add_listed(rj, j, meters);
    else if (is_good)
        add_all(rj);
    json_decref(args);
    return is_good;
}

/* --- start and cancel --- */

/* A scheduled readout that finds the former one still under way on a bus leaves that bus out. */
static bool must_skip(struct read_job *rj, struct job *j, const struct lane *l)
{
    if (rj->source != SOURCE_SCHEDULED || !lane_has(l, SOURCE_SCHEDULED))
        return false;
    job_error(rj->master->app->jobs, j, l->name,
              "the scheduled readout before this one still runs on %s; this one is skipped there", l->name);
    log_warn(l->name, "a scheduled readout is skipped: the one before still runs");
    return true;
}

static void spread(struct read_job *rj, struct job *j)
{
    for (size_t i = 0; i < BUS_N; i++) {
        struct lane *l = &rj->master->lanes[i];
        struct errand *e = &rj->errands[i];
        if (e->n == 0 || must_skip(rj, j, l))
            continue;
        e->source = rj->source;
        e->owner = &owner;
        e->ctx = rj;
        rj->n_open++;
        lane_add(l, e);
    }
}

static void start(void *ctx, struct job *j)
{
    struct master *m = ctx;
    struct read_job *rj = xcalloc(1, sizeof *rj);
    rj->master = m;
    rj->id = j->id;
    if (!choose_meters(rj, j)) {
        job_error(m->app->jobs, j, "readout", "the arguments of the job are not understood");
        job_end(m->app->jobs, j, ERR_INVALID);
        free_job(rj);
        return;
    }
    j->state_of_kind = rj;
    job_progress(m->app->jobs, j, 0, rj->n_total);
    rj->n_open = 1;
    spread(rj, j);
    close_one(rj);
}

static void cancel(void *ctx, struct job *j)
{
    struct master *m = ctx;
    struct read_job *rj = j->state_of_kind;
    if (!rj)
        return;
    rj->is_cancelled = true;
    rj->n_open++; /* the last errand's end must not free it here */
    for (size_t i = 0; i < BUS_N; i++) {
        struct errand *e = &rj->errands[i];
        if (e->owner && !e->is_over)
            lane_withdraw(&m->lanes[i], e);
    }
    close_one(rj);
}

void readout_job_register(struct master *m)
{
    const struct job_kind kind = { .name = "readout", .start = start, .cancel = cancel, .ctx = m };
    m->kind = kind;
    jobs_add_kind(m->app->jobs, &m->kind);
}
