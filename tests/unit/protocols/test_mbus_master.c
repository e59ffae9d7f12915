/* test_mbus_master.c — the master service on a pseudo terminal, at whose far end slave machines answer.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <event2/event.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/event.h"
#include "core/job.h"
#include "core/schedule.h"
#include "protocols/codec/mbus/compact.h"
#include "protocols/codec/mbus/slave.h"
#include "protocols/mbus_master_parts.h"
#include "protocols/mbus_master.h"
#include "store/store.h"

enum { SLAVES_MAX = 4, READINGS_MAX = 40 };

/* Heat meters of KAM, version 1Bh, at primary addresses 5, 6, 7: identification 12345678, …79, …80, energy 12345 Wh. */
static const char *const telegrams[] = {
    "68151568080572785634122D2C1B04010000000406393000007F16",
    "68151568080672795634122D2C1B04010000000406393000008116",
    "68151568080772805634122D2C1B04010000000406393000008916",
};

struct seen {
    uint32_t meter;
    enum reading_source source;
    enum readout_status status;
    size_t n_telegrams, n_values;
};

struct scene {
    struct app app;
    void *master;
    char dir[40], spec[64];
    int far;
    struct event *far_ev;
    struct framer framer;
    struct slave slaves[SLAVES_MAX];
    bool is_deaf[SLAVES_MAX];
    size_t n_slaves;
    size_t n_requests;
    struct seen seen[READINGS_MAX];
    size_t n_seen;
    void (*on_first)(struct scene *s); /* at the first reading */
    int bus_changes, meter_changes;
    struct timer jobs_timer, limit;
};

static struct frame stored(size_t i, uint8_t bytes[static FRAME_MAX])
{
    struct frame f;
    size_t len;
    assert_int_equal(str_from_hex(telegrams[i], strlen(telegrams[i]), bytes, FRAME_MAX, &len), ERR_OK);
    assert_int_equal(frame_parse(bytes, len, &f, NULL), ERR_OK);
    return f;
}

static void answer(struct scene *s, const struct frame *request)
{
    s->n_requests++;
    for (size_t i = 0; i < s->n_slaves; i++) {
        struct slave_act act = slave_take(&s->slaves[i], request);
        uint8_t out[FRAME_MAX], bytes[FRAME_MAX];
        struct frame f = stored(i, bytes);
        struct wr w = wr_init(out, sizeof out);
        if (act.what == SLAVE_SEND)
            slave_put(&w, &s->slaves[i], &act, &f);
        else if (act.what == SLAVE_ACK)
            frame_put_ack(&w);
        if (wr_len(&w) > 0 && !s->is_deaf[i])
            assert_int_equal(write(s->far, out, wr_len(&w)), wr_len(&w));
    }
}

static void on_far_bytes(evutil_socket_t fd, short what, void *ctx)
{
    (void)what;
    struct scene *s = ctx;
    uint8_t bytes[FRAME_MAX];
    struct frame f;
    ssize_t n = read(fd, bytes, sizeof bytes);
    if (n <= 0)
        return;
    assert_int_equal(framer_feed(&s->framer, bytes, (size_t)n), n);
    while (framer_next(&s->framer, &f) == FRAMER_FRAME)
        answer(s, &f);
}

static void open_far(struct scene *s)
{
    s->far = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
    assert_true(s->far >= 0 && grantpt(s->far) == 0 && unlockpt(s->far) == 0);
    str_fmt(s->spec, sizeof s->spec, "serial:%s", ptsname(s->far));
    s->far_ev = event_new(loop_base(s->app.loop), s->far, EV_READ | EV_PERSIST, on_far_bytes, s);
    event_add(s->far_ev, NULL);
    framer_init(&s->framer);
}

static void close_far(struct scene *s)
{
    if (s->far_ev)
        event_free(s->far_ev);
    s->far_ev = NULL;
    if (s->far >= 0)
        close(s->far);
    s->far = -1;
}

static bool jobs_are_over(struct scene *s)
{
    const struct job *j = NULL;
    uint64_t id = 0;
    while ((j = jobs_next(s->app.jobs, id))) {
        if (j->state == JOB_WAITING || j->state == JOB_RUNNING)
            return false;
        id = j->id;
    }
    return true;
}

static void on_event(void *ctx, const struct event *ev)
{
    struct scene *s = ctx;
    if (ev->type == EV_READING) {
        const struct reading *r = ev->u.reading;
        assert_true(s->n_seen < READINGS_MAX);
        s->seen[s->n_seen++] = (struct seen){ r->meter, r->source, r->status, r->n_telegrams, r->n_values };
        struct meter *m = meters_find(s->app.meters, r->meter);
        m->last_status = r->status;
        m->n_readouts++;
        if (s->on_first && s->n_seen == 1)
            s->on_first(s);
        if (r->source == SOURCE_CONTINUOUS && s->n_seen >= 7)
            loop_stop(s->app.loop);
    } else if (ev->type == EV_BUS) {
        s->bus_changes++;
        if (ev->u.bus.is_up)
            loop_stop(s->app.loop);
    } else if (ev->type == EV_METER) {
        s->meter_changes++;
    } else if (ev->type == EV_JOB && jobs_are_over(s)) {
        loop_stop(s->app.loop);
    }
}

static void tick_jobs(void *ctx)
{
    struct scene *s = ctx;
    jobs_tick(s->app.jobs, clock_mono_ms(s->app.clock));
}

static void wake_jobs(void *ctx)
{
    timer_start_ms(&((struct scene *)ctx)->jobs_timer, 0);
}
static void on_limit(void *ctx)
{
    (void)ctx;
    fail_msg("it takes too long");
}

static void set(struct scene *s, const char *key, const char *value)
{
    struct err_at at = { .text = "" };
    settings_begin(s->app.settings);
    if (settings_set(s->app.settings, key, value, &at) != ERR_OK || settings_commit(s->app.settings, &at) != ERR_OK)
        fail_msg("%s = %s: %s", key, value, at.text);
}

static void install(struct scene *s, size_t i, enum addressing addressing)
{
    struct meter m = { .ident = s->slaves[i].address.ident, .addressing = addressing, .primary = s->slaves[i].a };
    struct err_at at = { .text = "" };
    m.baud = 2400;
    m.bus = 1;
    m.multi_telegram = true;
    assert_int_equal(meters_add(s->app.meters, &m, NULL, &at), ERR_OK);
}

static int setup(void **state)
{
    struct scene *s = xcalloc(1, sizeof *s);
    struct err_at at = { .text = "" };
    size_t n_tables = 0;
    while (mbus_master_service.tables[n_tables])
        n_tables++;
    log_set_stderr(false, LOG_LEVEL_INFO);
    str_copy(s->dir, sizeof s->dir, "/tmp/metergate-master-XXXXXX");
    assert_non_null(mkdtemp(s->dir));
    s->app.clock = clock_system();
    s->app.loop = loop_create(s->app.clock);
    s->app.settings = settings_create(mbus_master_service.tables, n_tables);
    s->app.events = events_create();
    s->app.meters = meters_create();
    s->app.jobs = jobs_create(s->app.clock, s->app.events);
    s->app.schedules = schedules_create(1);
    schedules_set_zone(s->app.schedules, &zone_utc, clock_utc(s->app.clock));
    s->app.formats = formats_create();
    struct store_cfg cfg = { .dir = s->dir, .clock = s->app.clock, .log_max_days = 31, .log_max_bytes = 1 << 20 };
    assert_int_equal(store_open(&cfg, &s->app.store, &at), ERR_OK);
    timer_init(&s->jobs_timer, s->app.loop, "jobs", tick_jobs, s);
    timer_init(&s->limit, s->app.loop, "limit", on_limit, s);
    timer_start_ms(&s->limit, 20000);
    jobs_set_wake(s->app.jobs, wake_jobs, s);
    events_subscribe(s->app.events, EV_BIT(EV_READING) | EV_BIT(EV_BUS) | EV_BIT(EV_JOB) | EV_BIT(EV_METER), on_event,
                     s);
    open_far(s);
    for (s->n_slaves = 0; s->n_slaves < COUNT_OF(telegrams); s->n_slaves++) {
        uint8_t bytes[FRAME_MAX];
        struct frame f = stored(s->n_slaves, bytes);
        assert_int_equal(slave_init(&s->slaves[s->n_slaves], f.raw, f.raw_len, &at), ERR_OK);
    }
    /* Silence is short here: the far end answers at once or never. */
    set(s, "mbus.response_timeout_ms", "30");
    set(s, "mbus.readout_retries", "0");
    set(s, "mbus.selection_retries", "0");
    assert_int_equal(mbus_master_service.start(&s->app, &s->master, &at), ERR_OK);
    *state = s;
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *f)
{
    (void)st, (void)type, (void)f;
    return remove(path);
}

static int teardown(void **state)
{
    struct scene *s = *state;
    jobs_drain(s->app.jobs);
    mbus_master_service.drain(s->master);
    mbus_master_service.stop(s->master);
    close_far(s);
    timer_fini(&s->jobs_timer);
    timer_fini(&s->limit);
    store_close(s->app.store);
    formats_free(s->app.formats);
    schedules_free(s->app.schedules);
    jobs_free(s->app.jobs);
    meters_free(s->app.meters);
    events_free(s->app.events);
    settings_free(s->app.settings);
    loop_free(s->app.loop);
    nftw(s->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    log_set_stderr(true, LOG_LEVEL_INFO);
    free(s);
    return 0;
}

static void bring_up(struct scene *s)
{
    set(s, "bus1.port", s->spec);
    set(s, "bus1.enabled", "true");
    loop_run(s->app.loop);
    assert_int_equal(s->bus_changes, 1);
}

static uint64_t add_job(struct scene *s, const char *args)
{
    struct err_at at = { .text = "" };
    uint64_t id = jobs_add(s->app.jobs, "readout", 0, args, "test", &at);
    assert_true(id != 0);
    return id;
}

#define ALL           "{\"meters\":\"all\",\"source\":\"manual\"}"
#define ALL_SCHEDULED "{\"meters\":\"all\",\"source\":\"scheduled\"}"

static const struct job *run_job(struct scene *s, const char *args)
{
    uint64_t id = add_job(s, args);
    loop_run(s->app.loop);
    const struct job *j = jobs_find(s->app.jobs, id);
    assert_non_null(j);
    return j;
}

static void install_all(struct scene *s)
{
    install(s, 0, ADDRESSING_SECONDARY);
    install(s, 1, ADDRESSING_PRIMARY);
    install(s, 2, ADDRESSING_ESECONDARY);
}

static void meters_are_read_in_every_mode_and_become_known(void **state)
{
    struct scene *s = *state;
    install_all(s);
    bring_up(s);
    const struct job *j = run_job(s, ALL);
    assert_int_equal(j->state, JOB_DONE);
    assert_int_equal(j->n_errors, 0);
    assert_int_equal(j->done, 3);
    assert_int_equal(j->total, 3);
    assert_int_equal(s->n_seen, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(s->seen[i].meter, i + 1);
        assert_int_equal(s->seen[i].status, READOUT_OK);
        assert_int_equal(s->seen[i].source, SOURCE_MANUAL);
        assert_int_equal(s->seen[i].n_telegrams, 1);
        assert_int_equal(s->seen[i].n_values, 1);
        const struct meter *m = meters_find(s->app.meters, (uint32_t)i + 1);
        assert_true(m->is_known);
        assert_int_equal(m->maker, 0x2C2D);
        assert_int_equal(m->version, 0x1B);
        assert_int_equal(m->medium, 4);
    }
    assert_int_equal(s->meter_changes, 3);
    assert_int_equal(s->n_requests, 6);
    /* Known now: nothing changes any more, and the selection names the maker. */
    run_job(s, ALL);
    assert_int_equal(s->n_seen, 6);
    assert_int_equal(s->meter_changes, 3);
}

static void a_silent_meter_is_named_and_the_others_are_read(void **state)
{
    struct scene *s = *state;
    install_all(s);
    s->is_deaf[1] = true;
    bring_up(s);
    const struct job *j = run_job(s, ALL);
    assert_int_equal(j->state, JOB_DONE);
    assert_int_equal(j->n_errors, 1);
    assert_string_equal(j->errors[0].subject, "meter 12345679");
    assert_string_equal(j->errors[0].text, "no answer after 1 tries");
    assert_int_equal(s->n_seen, 3);
    assert_int_equal(s->seen[1].status, READOUT_NO_ANSWER);
    assert_int_equal(s->seen[1].n_telegrams, 0);
    assert_int_equal(s->seen[2].status, READOUT_OK);
}

static void passive_and_unknown_meters_are_not_read_and_the_job_says_so(void **state)
{
    struct scene *s = *state;
    install_all(s);
    meters_find(s->app.meters, 2)->state = METER_PASSIVE;
    bring_up(s);
    run_job(s, ALL);
    assert_int_equal(s->n_seen, 2);
    const struct job *j = run_job(s, "{\"meters\":[2,3,99]}");
    assert_int_equal(s->n_seen, 3);
    assert_int_equal(s->seen[2].meter, 3);
    assert_int_equal(j->n_errors, 2);
    assert_string_equal(j->errors[0].subject, "meter number 2");
    assert_string_equal(j->errors[1].text, "there is no such meter");
    j = run_job(s, "{\"meters\":\"some\"}");
    assert_int_equal(j->state, JOB_FAILED);
    j = run_job(s, "{\"meters\":[]}");
    assert_int_equal(j->state, JOB_DONE);
}

static void a_dead_interface_fails_the_job_by_name_and_says_nothing_of_meters(void **state)
{
    struct scene *s = *state;
    install_all(s);
    bring_up(s);
    close_far(s);
    const struct job *j = run_job(s, ALL);
    assert_int_equal(j->state, JOB_FAILED);
    assert_int_equal(j->n_errors, 1);
    assert_string_equal(j->errors[0].subject, "bus1");
    assert_non_null(strstr(j->errors[0].text, "the interface bus1 is down: "));
    assert_non_null(strstr(j->errors[0].text, "3 meters were not read"));
    assert_int_equal(s->n_seen, 0);
    assert_int_equal(meters_find(s->app.meters, 1)->n_readouts, 0);
    j = run_job(s, "{\"meters\":[1]}"); /* says it again, and does not hang */
    assert_int_equal(j->state, JOB_FAILED);
}

static void an_interface_that_is_off_is_named_too(void **state)
{
    struct scene *s = *state;
    install_all(s);
    const struct job *j = run_job(s, ALL);
    assert_int_equal(j->state, JOB_FAILED);
    assert_string_equal(j->errors[0].text, "the interface bus1 is down: it is switched off; 3 meters were not read");
}

static void unplug(struct scene *s)
{
    close_far(s);
}

static void an_interface_that_dies_midway_ends_the_job(void **state)
{
    struct scene *s = *state;
    install_all(s);
    bring_up(s);
    s->on_first = unplug;
    const struct job *j = run_job(s, ALL);
    assert_int_equal(s->n_seen, 1);
    assert_int_equal(j->state, JOB_DONE); /* what was read can be fetched */
    assert_int_equal(j->n_errors, 1);
    assert_string_equal(j->errors[0].subject, "bus1");
    assert_non_null(strstr(j->errors[0].text, "2 meters were not read"));
}

static void read_third_now(struct scene *s)
{
    add_job(s, "{\"meters\":[3],\"source\":\"manual\"}");
}

static void a_manual_readout_passes_a_scheduled_one_at_the_next_turn(void **state)
{
    struct scene *s = *state;
    install_all(s);
    bring_up(s);
    s->on_first = read_third_now;
    run_job(s, ALL_SCHEDULED);
    static const struct seen want[] = {
        { .meter = 1, .source = SOURCE_SCHEDULED },
        { .meter = 3, .source = SOURCE_MANUAL },
        { .meter = 2, .source = SOURCE_SCHEDULED },
        { .meter = 3, .source = SOURCE_SCHEDULED },
    };
    assert_int_equal(s->n_seen, COUNT_OF(want));
    for (size_t i = 0; i < COUNT_OF(want); i++) {
        assert_int_equal(s->seen[i].meter, want[i].meter);
        assert_int_equal(s->seen[i].source, want[i].source);
    }
}

static void schedule_again(struct scene *s)
{
    add_job(s, ALL_SCHEDULED);
}

static void a_scheduled_readout_skips_a_bus_where_the_former_one_still_runs(void **state)
{
    struct scene *s = *state;
    install_all(s);
    bring_up(s);
    s->on_first = schedule_again;
    const struct job *first = run_job(s, ALL_SCHEDULED);
    assert_int_equal(s->n_seen, 3);
    const struct job *second = jobs_next(s->app.jobs, first->id);
    assert_int_equal(first->n_errors, 0);
    assert_int_equal(second->state, JOB_DONE);
    assert_int_equal(second->n_errors, 1);
    assert_string_equal(second->errors[0].subject, "bus1");
}

static void cancel_first(struct scene *s)
{
    assert_int_equal(jobs_cancel(s->app.jobs, jobs_next(s->app.jobs, 0)->id), ERR_OK);
}

static void a_cancelled_readout_keeps_what_it_has_and_ends(void **state)
{
    struct scene *s = *state;
    install_all(s);
    bring_up(s);
    s->on_first = cancel_first;
    const struct job *j = run_job(s, ALL);
    assert_true(j->state == JOB_FAILED || j->state == JOB_DONE);
    assert_true(j->is_cancelled);
    assert_int_equal(s->n_seen, 1);
    s->on_first = NULL;
    assert_int_equal(run_job(s, ALL)->state, JOB_DONE); /* the bus is free again */
    assert_int_equal(s->n_seen, 4);
}

static void stop_now(struct scene *s)
{
    loop_stop(s->app.loop);
}

static void stopping_in_the_middle_leaves_nothing_behind(void **state)
{
    struct scene *s = *state;
    install_all(s);
    bring_up(s);
    s->on_first = stop_now;
    assert_int_equal(run_job(s, ALL)->state, JOB_RUNNING);
    assert_int_equal(s->n_seen, 1); /* the rest is teardown's, under a leak checker */
}

static void the_schedule_starts_readouts_and_follows_its_settings(void **state)
{
    struct scene *s = *state;
    install_all(s);
    bring_up(s);
    set(s, "readout.cron", "0 * * * *");
    int64_t next_utc = schedules_next(s->app.schedules, "readout", 0);
    assert_int_equal(next_utc % 3600, 0);
    schedules_tick(s->app.schedules, next_utc);
    loop_run(s->app.loop);
    assert_int_equal(s->n_seen, 3);
    assert_int_equal(s->seen[0].source, SOURCE_SCHEDULED);
    set(s, "readout.enabled", "false");
    assert_int_equal(schedules_next(s->app.schedules, "readout", 0), 0);
}

static void continuous_mode_reads_round_and_round(void **state)
{
    struct scene *s = *state;
    install_all(s);
    set(s, "continuous.enabled", "true");
    bring_up(s);
    loop_run(s->app.loop);
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(s->seen[i].meter, i % 3 + 1);
        assert_int_equal(s->seen[i].source, SOURCE_CONTINUOUS);
    }
    set(s, "continuous.enabled", "false");
}

static void the_status_tells_each_interface(void **state)
{
    struct scene *s = *state;
    char text[1000], want[200];
    struct json_out j;
    install_all(s);
    bring_up(s);
    run_job(s, ALL);
    json_init(&j, text, sizeof text, NULL, NULL);
    json_object(&j);
    mbus_master_service.status(s->master, &j);
    json_object_end(&j);
    text[json_len(&j)] = '\0';
    str_fmt(want, sizeof want, "{\"buses\":[{\"bus\":1,\"port\":\"%s\",\"state\":\"up\",\"since\":\"", s->spec);
    assert_memory_equal(text, want, strlen(want));
    assert_non_null(strstr(text, "\"holder\":null,\"queued\":0,\"readouts\":3,\"errors\":0,\"wire_busy\":"));
}

static void bad_ports_are_refused(void **state)
{
    struct scene *s = *state;
    static const struct {
        const char *key, *value;
    } bad[] = { { "bus1.port", "serial:tty" }, { "bus1.port", "tcp:host" }, { "bus2.enabled", "true" } };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct err_at at = { .text = "" };
        settings_begin(s->app.settings);
        bool is_taken = settings_set(s->app.settings, bad[i].key, bad[i].value, &at) == ERR_OK &&
                        settings_commit(s->app.settings, &at) == ERR_OK;
        if (is_taken || at.text[0] == '\0')
            fail_msg("%s = %s: %s", bad[i].key, bad[i].value, at.text);
        settings_abort(s->app.settings);
    }
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(meters_are_read_in_every_mode_and_become_known),
        T(a_silent_meter_is_named_and_the_others_are_read),
        T(passive_and_unknown_meters_are_not_read_and_the_job_says_so),
        T(a_dead_interface_fails_the_job_by_name_and_says_nothing_of_meters),
        T(an_interface_that_is_off_is_named_too),
        T(an_interface_that_dies_midway_ends_the_job),
        T(a_manual_readout_passes_a_scheduled_one_at_the_next_turn),
        T(a_scheduled_readout_skips_a_bus_where_the_former_one_still_runs),
        T(a_cancelled_readout_keeps_what_it_has_and_ends),
        T(stopping_in_the_middle_leaves_nothing_behind),
        T(the_schedule_starts_readouts_and_follows_its_settings),
        T(continuous_mode_reads_round_and_round),
        T(the_status_tells_each_interface),
        T(bad_ports_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
