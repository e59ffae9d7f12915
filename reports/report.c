/* report.c — the service `reports`: schedules, the job kind "report", and what became of the last one.
 *
 * Knows: when a report is due, how often it is tried. Does not know: how one is made (report_run.c).
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reports/report.h"

#include <inttypes.h>
#include <stdlib.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/event.h"
#include "core/job.h"
#include "core/meter.h"
#include "core/schedule.h"
#include "reports/report_run.h"
#include "reports/report_settings.h"
#include "store/store.h"

static const char by_schedule[] = "schedule";

struct outcome { /* of the last try of a report */
    int64_t utc; /* 0: none since start */
    enum err err;
    uint64_t readouts;
};

struct reports {
    struct app *app; /* borrowed: zone may be replaced in it */
    struct job_kind kind;
    struct run *runs;
    struct outcome last[REPORTS_MAX + 1]; /* by number, from 1 */
    bool is_draining;
};

static const struct report_cfg *cfg_of(const struct reports *rs, unsigned number)
{
    return settings_cfg(rs->app->settings, "report", number);
}

/* --- outcomes --- */

static struct retry_plan plan_of(const struct reports *rs, unsigned number)
{
    const struct settings *s = rs->app->settings;
    int64_t interval_s = schedules_interval_s(rs->app->schedules, "report", number, clock_utc(rs->app->clock));
    return report_retries(cfg_of(rs, number), settings_cfg(s, "push", 0), settings_cfg(s, "jobs", 0), interval_s);
}

static void tell(struct reports *rs, unsigned number, enum err err, uint64_t readouts)
{
    rs->last[number] = (struct outcome){ clock_utc(rs->app->clock), err, readouts };
    const struct event ev = { .type = EV_REPORT_DONE, .u.report = { number, err } };
    events_publish(rs->app->events, &ev);
}

/* The end of a try: the job is over, or waits for the next one. */
static void on_run_done(void *ctx, uint64_t job_id, const struct run_result *r)
{
    struct reports *rs = ctx;
    struct jobs *js = rs->app->jobs;
    struct job *j = jobs_find(js, job_id);
    unsigned number = j->lane;
    char subject[16];
    str_fmt(subject, sizeof subject, "report%u", number);
    j->state_of_kind = NULL;
    tell(rs, number, r->err, r->readouts);
    if (r->err == ERR_OK) {
        if (r->is_sent)
            log_info(subject, "%" PRIu64 " readouts of %u meters delivered, %zu bytes as %s", r->readouts, r->meters,
                     r->bytes, r->filename);
        else
            log_info(subject, "nothing to deliver");
        job_result(js, j, r->json);
        job_end(js, j, ERR_OK);
        return;
    }
    job_error(js, j, subject, "%s", r->text);
    struct retry_plan plan = plan_of(rs, number);
    bool is_last = r->is_hopeless || r->err == ERR_CANCELLED || j->attempts > plan.retries;
    if (r->err == ERR_CANCELLED)
        log_info(subject, "cancelled; what it held stays unsent");
    else if (is_last)
        log_error(subject, "not delivered: %s; what it held stays unsent", r->text);
    else
        log_warn(subject, "not delivered: %s; next try in %" PRId64 " s", r->text, plan.delay_s);
    if (is_last)
        job_end(js, j, r->err);
    else
        job_retry_in(js, j, plan.delay_s * 1000);
}

/* --- the job kind --- */

static void start_job(void *ctx, struct job *j)
{
    struct reports *rs = ctx;
    bool is_scheduled = str_eq(j->by, by_schedule);
    if (j->lane < 1 || j->lane > REPORTS_MAX) {
        job_error(rs->app->jobs, j, "report", "there is no report %u", j->lane);
        job_end(rs->app->jobs, j, ERR_NOT_FOUND);
        return;
    }
    bool waits = is_scheduled && report_cron_is_preset(cfg_of(rs, j->lane)->cron);
    j->state_of_kind = run_start(rs->app, &rs->runs, j, waits, (struct run_end){ on_run_done, rs });
}

static void cancel_job(void *ctx, struct job *j)
{
    (void)ctx;
    run_cancel(j->state_of_kind);
}

/* --- schedules --- */

/* A due report whose earlier job has not begun yet is that one. */
static bool is_queued(struct jobs *js, unsigned number)
{
    for (struct job *j = jobs_next(js, 0); j; j = jobs_next(js, j->id)) {
        if (str_eq(j->kind->name, "report") && j->lane == number && j->state == JOB_WAITING && j->attempts == 0)
            return true;
    }
    return false;
}

static void on_due(void *ctx, unsigned number, int64_t due_utc)
{
    (void)due_utc;
    struct reports *rs = ctx;
    struct err_at at = { 0 };
    if (rs->is_draining || is_queued(rs->app->jobs, number))
        return;
    if (jobs_add(rs->app->jobs, "report", number, "{}", by_schedule, &at) == 0)
        log_error("reports", "report %u is due but could not be queued: %s", number, at.text);
}

static void schedule(struct reports *rs, unsigned number)
{
    const struct report_cfg *cfg = cfg_of(rs, number);
    struct err_at at = { 0 };
    enum err e = schedules_put(rs->app->schedules, "report", number, cfg->enabled ? cfg->cron : NULL,
                               clock_utc(rs->app->clock), on_due, rs, &at);
    if (e)
        log_error("reports", "report %u cannot be scheduled: %s", number, at.text);
}

static void on_changed(void *ctx, unsigned number, const void *was, const void *now)
{
    (void)was, (void)now;
    schedule(ctx, number);
}

/* --- the clock --- */

/* After a step back, readouts get times that the marks say were delivered: better twice than never. */
static void lower_marks(struct reports *rs)
{
    int64_t now = clock_utc(rs->app->clock);
    for (unsigned number = 1; number <= REPORTS_MAX; number++) {
        if (!cfg_of(rs, number)->enabled)
            continue;
        for (size_t i = 0; i < meters_count(rs->app->meters); i++) {
            uint32_t meter = meters_at(rs->app->meters, i)->id;
            if (store_mark(rs->app->store, number, meter) > now &&
                store_mark_put(rs->app->store, number, meter, now) != ERR_OK)
                log_warn("reports", "report %u, meter %" PRIu32 ": the delivery mark cannot be moved", number, meter);
        }
    }
}

static void on_event(void *ctx, const struct event *ev)
{
    if (ev->type == EV_CLOCK_JUMP && ev->u.clock.jump_s < 0)
        lower_marks(ctx);
}

/* --- the service --- */

static enum err reports_start(struct app *app, void **self, struct err_at *at)
{
    (void)at;
    struct reports *rs = xcalloc(1, sizeof *rs);
    rs->app = app;
    rs->kind = (struct job_kind){
        .name = "report", .start = start_job, .cancel = cancel_job, .ctx = rs, .persist = true, .is_exclusive = true
    };
    jobs_add_kind(app->jobs, &rs->kind);
    events_subscribe(app->events, EV_BIT(EV_CLOCK_JUMP), on_event, rs);
    settings_on_change(app->settings, "report", on_changed, rs);
    for (unsigned number = 1; number <= REPORTS_MAX; number++)
        schedule(rs, number);
    *self = rs;
    return ERR_OK;
}

static void reports_drain(void *self)
{
    ((struct reports *)self)->is_draining = true;
}

static bool reports_is_idle(void *self)
{
    return ((struct reports *)self)->runs == NULL;
}

static void reports_stop(void *self)
{
    struct reports *rs = self;
    run_abandon_all(&rs->runs);
    events_unsubscribe(rs->app->events, on_event, rs);
    free(rs);
}

static void reports_status(void *self, struct json_out *j)
{
    struct reports *rs = self;
    json_key(j, "reports");
    json_array(j);
    for (unsigned number = 1; number <= REPORTS_MAX; number++) {
        const struct report_cfg *cfg = cfg_of(rs, number);
        const struct outcome *last = &rs->last[number];
        if (!cfg->enabled && last->utc == 0)
            continue;
        json_object(j);
        json_key_int(j, "report", number);
        json_key_bool(j, "enabled", cfg->enabled);
        json_key_utc(j, "next", cfg->enabled ? schedules_next(rs->app->schedules, "report", number) : 0);
        json_key_utc(j, "last", last->utc);
        json_key_str(j, "error", last->utc && last->err ? err_name(last->err) : NULL);
        json_object_end(j);
    }
    json_array_end(j);
}

const struct service_ops reports_service = {
    .name = "reports",
    .title = "Push reports",
    .tables = report_tables,
    .start = reports_start,
    .drain = reports_drain,
    .is_idle = reports_is_idle,
    .stop = reports_stop,
    .status = reports_status,
};
