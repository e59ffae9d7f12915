/* test_report.c — the service with a real store and a transfer that the test ends as it likes.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/civil.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/event.h"
#include "core/job.h"
#include "core/meter.h"
#include "core/schedule.h"
#include "io/loop.h"
#include "reports/deliver.h"
#include "reports/report.h"
#include "store/store.h"

enum { TIME = 1790884800 }; /* 2026-10-01T20:00:00Z */

/* --- the transfer: takes the place of deliver_http.c --- */

struct fetch {
    unsigned n_started, n_cancelled;
    char *body, *filename; /* of the newest */
    fetch_fn *fn;
    void *ctx;
    struct loop *loop;
};

struct fetch_job *deliver_http(struct fetch *f, const struct delivery *d, fetch_fn *fn, void *ctx, struct err_at *at)
{
    (void)at;
    free(f->body);
    free(f->filename);
    f->body = xstrndup(d->body, d->body_len);
    f->filename = xstrdup(d->filename);
    f->fn = fn;
    f->ctx = ctx;
    f->n_started++;
    loop_stop(f->loop);
    return (struct fetch_job *)f;
}

void fetch_cancel(struct fetch_job *j)
{
    ((struct fetch *)j)->n_cancelled++;
}

/* --- the rest of a gateway --- */

struct gateway {
    struct app app;
    struct clock_fake clock;
    struct clock ticking; /* every look at it takes a millisecond, so that slices end */
    struct fetch fetch;
    void *reports;
    char dir[64];
    unsigned n_done;
    enum err last;
};

static struct gateway *gateway_of(const struct clock *c)
{
    return (struct gateway *)((char *)(uintptr_t)c - offsetof(struct gateway, ticking));
}

static int64_t ticking_mono(const struct clock *c)
{
    struct gateway *g = gateway_of(c);
    clock_fake_advance(&g->clock, 1);
    return g->clock.now_mono_us;
}

static int64_t standing_utc(const struct clock *c)
{
    return gateway_of(c)->clock.now_utc_us;
}

static void on_event(void *ctx, const struct event *ev)
{
    struct gateway *g = ctx;
    g->n_done++;
    g->last = ev->u.report.err;
    loop_stop(g->app.loop);
}

static void set(struct gateway *g, const char *key, const char *value)
{
    struct err_at at = { 0 };
    settings_begin(g->app.settings);
    assert_int_equal(settings_set(g->app.settings, key, value, &at), ERR_OK);
    assert_int_equal(settings_commit(g->app.settings, &at), ERR_OK);
}

static void begin(struct gateway *g)
{
    *g = (struct gateway){ .ticking = { ticking_mono, standing_utc } };
    clock_fake_init(&g->clock, TIME);
    str_copy(g->dir, sizeof g->dir, "/tmp/test_report_XXXXXX");
    assert_non_null(mkdtemp(g->dir));
    size_t n_tables = 0;
    while (reports_service.tables[n_tables])
        n_tables++;
    struct app *a = &g->app;
    struct err_at at = { 0 };
    const struct store_cfg store = {
        .dir = g->dir, .clock = &g->ticking, .log_max_days = 31, .log_max_bytes = 1 << 20
    };
    assert_int_equal(store_open(&store, &a->store, &at), ERR_OK);
    a->clock = &g->ticking;
    a->loop = loop_create(&g->ticking);
    a->settings = settings_create(reports_service.tables, n_tables);
    a->events = events_create();
    a->meters = meters_create();
    a->jobs = jobs_create(&g->ticking, a->events);
    a->schedules = schedules_create(1);
    a->zone = &zone_utc;
    a->version = "0.1.0";
    a->fetch = &g->fetch;
    g->fetch.loop = a->loop;
    str_copy(a->serial, sizeof a->serial, "0016012345");
    assert_int_equal(reports_service.start(a, &g->reports, &at), ERR_OK);
    events_subscribe(a->events, EV_BIT(EV_REPORT_DONE), on_event, g);
    set(g, "report1.enabled", "true");
    set(g, "report1.url", "http://server.example/");
}

static void end(struct gateway *g)
{
    reports_service.stop(g->reports);
    jobs_free(g->app.jobs);
    schedules_free(g->app.schedules);
    settings_free(g->app.settings);
    events_free(g->app.events);
    meters_free(g->app.meters);
    loop_free(g->app.loop);
    store_close(g->app.store);
    free(g->fetch.body);
    free(g->fetch.filename);
    char command[128];
    str_fmt(command, sizeof command, "rm -r '%s'", g->dir);
    assert_int_equal(system(command), 0);
}

static uint32_t add_meter(struct gateway *g, uint32_t ident)
{
    const struct meter m = {
        .ident = ident, .addressing = ADDRESSING_SECONDARY, .primary = -1, .baud = 2400, .bus = 1
    };
    struct meter *out = NULL;
    struct err_at at = { 0 };
    assert_int_equal(meters_add(g->app.meters, &m, &out, &at), ERR_OK);
    assert_int_equal(store_meters_put(g->app.store, out, 1, out->id + 1), ERR_OK);
    return out->id;
}

/* n readouts of a meter, a minute apart, from `utc` on. */
static void add_readouts(struct gateway *g, uint32_t meter, int64_t utc, unsigned n, enum readout_status status)
{
    static const uint8_t frame[] = { 0x68 };
    const struct value energy = { .kind = VALUE_NUMBER, .quantity = Q_ENERGY, .unit = UNIT_WH, .mantissa = 5 };
    const struct telegram_raw telegram = { .head = { .ident = meters_find(g->app.meters, meter)->ident,
                                                     .maker = 0x2C2D },
                                           .bytes = frame,
                                           .len = sizeof frame };
    for (unsigned i = 0; i < n; i++) {
        struct reading r = { .meter = meter, .utc = utc + 60 * i, .status = status };
        if (status == READOUT_OK) {
            r.telegrams = &telegram;
            r.values = &energy;
            r.n_telegrams = r.n_values = 1;
        }
        assert_int_equal(store_put_reading(g->app.store, &r), ERR_OK);
    }
}

/* Runs the loop until the transfer has begun or the report is over. */
static uint64_t send_report(struct gateway *g)
{
    struct err_at at = { 0 };
    uint64_t id = jobs_add(g->app.jobs, "report", 1, "{}", "anna", &at);
    assert_true(id != 0);
    (void)jobs_tick(g->app.jobs, clock_mono_ms(&g->ticking));
    loop_run(g->app.loop);
    return id;
}

static void answer(struct gateway *g, enum err err, long status)
{
    const struct fetch_result r = { .status = status, .text = "server.example:80: broken" };
    g->fetch.fn(g->fetch.ctx, err, &r);
    loop_run(g->app.loop);
}

static unsigned n_rows(const struct gateway *g)
{
    unsigned n = 0;
    for (const char *p = g->fetch.body; (p = strstr(p, "\r\n0016012345;")); p++)
        n++;
    return n;
}

static enum job_state state_of(struct gateway *g, uint64_t id)
{
    return jobs_find(g->app.jobs, id)->state;
}

/* --- tests --- */

static void what_was_delivered_is_not_sent_again(void **state)
{
    (void)state;
    struct gateway g;
    begin(&g);
    uint32_t a = add_meter(&g, 0x11111111), b = add_meter(&g, 0x22222222);
    add_readouts(&g, a, TIME - 600, 3, READOUT_OK);
    add_readouts(&g, b, TIME - 600, 2, READOUT_OK);
    add_readouts(&g, b, TIME - 300, 1, READOUT_NO_ANSWER);

    uint64_t id = send_report(&g);
    assert_string_equal(g.fetch.filename, "0016012345_valuereport_20261001200000_3115.csv");
    assert_int_equal(n_rows(&g), 5);
    assert_int_equal(store_mark(g.app.store, 1, a), 0); /* not before the server has it */
    answer(&g, ERR_OK, 204);
    assert_int_equal(state_of(&g, id), JOB_DONE);
    assert_int_equal(g.last, ERR_OK);
    assert_int_equal(store_mark(g.app.store, 1, a), TIME - 600 + 120);
    assert_int_equal(store_mark(g.app.store, 1, b), TIME - 300);

    id = send_report(&g);
    assert_int_equal(g.fetch.n_started, 1);
    assert_int_equal(state_of(&g, id), JOB_DONE);
    assert_int_equal(g.n_done, 2);

    add_readouts(&g, b, TIME, 1, READOUT_OK);
    send_report(&g);
    assert_int_equal(n_rows(&g), 1);
    end(&g); /* with the transfer under way */
    assert_int_equal(g.fetch.n_cancelled, 1);
}

static void a_backlog_goes_out_oldest_first_180_at_a_time(void **state)
{
    (void)state;
    struct gateway g;
    begin(&g);
    uint32_t a = add_meter(&g, 0x11111111);
    add_readouts(&g, a, TIME - 100 * 3600, 200, READOUT_OK);
    send_report(&g);
    assert_int_equal(n_rows(&g), 180);
    answer(&g, ERR_OK, 200);
    assert_int_equal(store_mark(g.app.store, 1, a), TIME - 100 * 3600 + 179 * 60);
    send_report(&g);
    assert_int_equal(n_rows(&g), 20);
    answer(&g, ERR_OK, 200);
    end(&g);
}

static void a_fixed_period_sends_the_same_again(void **state)
{
    (void)state;
    struct gateway g;
    begin(&g);
    set(&g, "report1.period", "1h");
    uint32_t a = add_meter(&g, 0x11111111);
    add_readouts(&g, a, TIME - 7200, 120, READOUT_OK);
    for (int i = 0; i < 2; i++) {
        send_report(&g);
        assert_int_equal(n_rows(&g), 60);
        answer(&g, ERR_OK, 200);
    }
    end(&g);
}

static void a_failed_try_moves_nothing_and_is_repeated_by_the_plan(void **state)
{
    (void)state;
    struct gateway g;
    begin(&g);
    set(&g, "push.adaptive_retries", "false");
    set(&g, "jobs.retries", "1");
    set(&g, "jobs.retry_offset_s", "30");
    uint32_t a = add_meter(&g, 0x11111111);
    add_readouts(&g, a, TIME - 600, 3, READOUT_OK);
    uint64_t id = send_report(&g);
    answer(&g, ERR_OK, 500);
    assert_int_equal(g.last, ERR_DELIVERY);
    assert_int_equal(state_of(&g, id), JOB_WAITING);
    assert_string_equal(jobs_find(g.app.jobs, id)->errors[0].subject, "report1");
    assert_int_equal(store_mark(g.app.store, 1, a), 0);

    clock_fake_advance(&g.clock, 30000);
    (void)jobs_tick(g.app.jobs, clock_mono_ms(&g.ticking));
    loop_run(g.app.loop);
    assert_int_equal(g.fetch.n_started, 2);
    answer(&g, ERR_TIMEOUT, 0);
    assert_int_equal(state_of(&g, id), JOB_FAILED);
    assert_string_equal(jobs_find(g.app.jobs, id)->errors[1].text, "server.example:80: broken");
    end(&g);
}

static void without_a_server_a_report_fails_at_once_and_for_good(void **state)
{
    (void)state;
    struct gateway g;
    begin(&g);
    set(&g, "report1.url", "");
    uint64_t id = send_report(&g);
    assert_int_equal(state_of(&g, id), JOB_FAILED);
    assert_int_equal(jobs_find(g.app.jobs, id)->attempts, 1);
    assert_int_equal(g.fetch.n_started, 0);
    end(&g);
}

static void a_report_that_is_cancelled_stops_its_transfer(void **state)
{
    (void)state;
    struct gateway g;
    begin(&g);
    add_readouts(&g, add_meter(&g, 0x11111111), TIME - 600, 1, READOUT_OK);
    uint64_t id = send_report(&g);
    assert_false(reports_service.is_idle(g.reports));
    assert_int_equal(jobs_cancel(g.app.jobs, id), ERR_OK);
    assert_int_equal(g.fetch.n_cancelled, 1);
    assert_int_equal(state_of(&g, id), JOB_FAILED);
    assert_true(reports_service.is_idle(g.reports));
    end(&g);
}

static void a_meter_that_was_removed_is_left_out(void **state)
{
    (void)state;
    struct gateway g;
    begin(&g);
    uint32_t a = add_meter(&g, 0x11111111), b = add_meter(&g, 0x22222222);
    add_readouts(&g, a, TIME - 600, 3, READOUT_OK);
    add_readouts(&g, b, TIME - 600, 3, READOUT_OK);
    assert_int_equal(meters_remove(g.app.meters, a), ERR_OK);
    send_report(&g);
    assert_int_equal(n_rows(&g), 3);
    answer(&g, ERR_OK, 200);
    assert_int_equal(store_mark(g.app.store, 1, a), 0);
    end(&g);
}

static void a_clock_that_was_set_back_lowers_the_marks(void **state)
{
    (void)state;
    struct gateway g;
    begin(&g);
    uint32_t a = add_meter(&g, 0x11111111);
    assert_int_equal(store_mark_put(g.app.store, 1, a, TIME + 7200), ERR_OK);
    const struct event forward = { .type = EV_CLOCK_JUMP, .u.clock = { 60 } };
    events_publish(g.app.events, &forward);
    assert_int_equal(store_mark(g.app.store, 1, a), TIME + 7200);
    const struct event back = { .type = EV_CLOCK_JUMP, .u.clock = { -7200 } };
    events_publish(g.app.events, &back);
    assert_int_equal(store_mark(g.app.store, 1, a), TIME);
    end(&g);
}

static void a_schedule_queues_one_job_however_often_it_is_due(void **state)
{
    (void)state;
    struct gateway g;
    begin(&g);
    set(&g, "report1.cron", "30 * * * *");
    assert_int_equal(schedules_next(g.app.schedules, "report", 1), TIME + 1800);
    (void)schedules_tick(g.app.schedules, TIME + 1800);
    (void)schedules_tick(g.app.schedules, TIME + 1800 + 3600);
    const struct job *j = jobs_next(g.app.jobs, 0);
    assert_non_null(j);
    assert_string_equal(j->by, "schedule");
    assert_int_equal(j->lane, 1);
    assert_null(jobs_next(g.app.jobs, j->id));
    set(&g, "report1.enabled", "false");
    assert_int_equal(schedules_next(g.app.schedules, "report", 1), 0);
    end(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_delivered_is_not_sent_again),
        cmocka_unit_test(a_backlog_goes_out_oldest_first_180_at_a_time),
        cmocka_unit_test(a_fixed_period_sends_the_same_again),
        cmocka_unit_test(a_failed_try_moves_nothing_and_is_repeated_by_the_plan),
        cmocka_unit_test(without_a_server_a_report_fails_at_once_and_for_good),
        cmocka_unit_test(a_report_that_is_cancelled_stops_its_transfer),
        cmocka_unit_test(a_meter_that_was_removed_is_left_out),
        cmocka_unit_test(a_clock_that_was_set_back_lowers_the_marks),
        cmocka_unit_test(a_schedule_queues_one_job_however_often_it_is_due),
    };
    log_set_stderr(false, LOG_LEVEL_FATAL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
