/* test_job.c — the queue: lanes, retries, cancelling, restart.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/event.h"
#include "core/job.h"

struct fixture {
    struct clock_fake clock;
    struct events *events;
    struct jobs *jobs;
    int n_events, n_wakes, n_starts, n_cancels;
    struct job *started[8];
    enum err ends_at_once; /* ERR_N: does not */
    int n_saved, n_over;
    char saved_args[64];
};

static void on_event(void *ctx, const struct event *ev)
{
    (void)ev;
    ((struct fixture *)ctx)->n_events++;
}

static void on_start(void *ctx, struct job *j)
{
    struct fixture *f = ctx;
    f->started[f->n_starts++ % 8] = j;
    if (f->ends_at_once != ERR_N)
        job_end(f->jobs, j, f->ends_at_once);
}

static void on_cancel(void *ctx, struct job *j)
{
    struct fixture *f = ctx;
    f->n_cancels++;
    job_end(f->jobs, j, ERR_CANCELLED);
}

static void on_save(void *ctx, const struct job *j, bool is_over)
{
    struct fixture *f = ctx;
    f->n_saved += !is_over;
    f->n_over += is_over;
    str_copy(f->saved_args, sizeof f->saved_args, j->args);
}

static void on_wake(void *ctx)
{
    ((struct fixture *)ctx)->n_wakes++;
}

static int setup(void **state)
{
    struct fixture *f = xcalloc(1, sizeof *f);
    clock_fake_init(&f->clock, 1790000000);
    f->events = events_create();
    f->jobs = jobs_create(&f->clock.clock, f->events);
    f->ends_at_once = ERR_N;
    events_subscribe(f->events, EV_BIT(EV_JOB), on_event, f);
    jobs_add_kind(f->jobs, &(struct job_kind){ "readout", on_start, on_cancel, f, true, true });
    jobs_add_kind(f->jobs, &(struct job_kind){ "export", on_start, NULL, f, false, false });
    jobs_set_save(f->jobs, on_save, f);
    jobs_set_wake(f->jobs, on_wake, f);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    jobs_free(f->jobs);
    events_free(f->events);
    free(f);
    return 0;
}

static int64_t tick(struct fixture *f)
{
    return jobs_tick(f->jobs, clock_mono_ms(&f->clock.clock));
}

static enum job_state state_of(struct fixture *f, uint64_t id)
{
    return jobs_find(f->jobs, id)->state;
}

static void one_job_of_a_lane_runs_at_a_time(void **state)
{
    struct fixture *f = *state;
    uint64_t a = jobs_add(f->jobs, "readout", 1, "{\"x\":1}", "eva", NULL),
             b = jobs_add(f->jobs, "readout", 1, NULL, NULL, NULL);
    uint64_t c = jobs_add(f->jobs, "readout", 2, NULL, NULL, NULL),
             d = jobs_add(f->jobs, "export", 0, NULL, NULL, NULL);
    uint64_t e = jobs_add(f->jobs, "export", 0, NULL, NULL, NULL);
    assert_true(a && b == a + 1 && c == b + 1);
    assert_int_equal(f->n_wakes, 5);
    assert_int_equal(state_of(f, a), JOB_WAITING);
    tick(f);
    assert_int_equal(f->n_starts, 4);
    assert_int_equal(state_of(f, a), JOB_RUNNING);
    assert_int_equal(state_of(f, b), JOB_WAITING);
    assert_int_equal(state_of(f, c), JOB_RUNNING);
    assert_int_equal(state_of(f, d), JOB_RUNNING);
    assert_int_equal(state_of(f, e), JOB_RUNNING);
    job_end(f->jobs, f->started[0], ERR_OK);
    tick(f);
    assert_int_equal(state_of(f, a), JOB_DONE);
    assert_int_equal(state_of(f, b), JOB_RUNNING);
    assert_int_equal(f->n_saved, 3);
    assert_int_equal(f->n_over, 1);
    assert_int_equal(jobs_next(f->jobs, a)->id, b);
    assert_null(jobs_next(f->jobs, e));
}

static void a_job_may_end_within_its_start(void **state)
{
    struct fixture *f = *state;
    f->ends_at_once = ERR_OK;
    uint64_t a = jobs_add(f->jobs, "readout", 1, NULL, NULL, NULL),
             b = jobs_add(f->jobs, "readout", 1, NULL, NULL, NULL);
    tick(f);
    assert_int_equal(state_of(f, a), JOB_DONE);
    assert_int_equal(state_of(f, b), JOB_DONE);
}

static void a_retry_waits_its_time_and_lets_others_pass(void **state)
{
    struct fixture *f = *state;
    uint64_t a = jobs_add(f->jobs, "readout", 1, NULL, NULL, NULL),
             b = jobs_add(f->jobs, "readout", 1, NULL, NULL, NULL);
    tick(f);
    job_retry_in(f->jobs, f->started[0], 5000);
    int64_t due = clock_mono_ms(&f->clock.clock) + 5000;
    assert_int_equal(tick(f), due);
    assert_int_equal(state_of(f, a), JOB_WAITING);
    assert_int_equal(state_of(f, b), JOB_RUNNING);
    job_end(f->jobs, jobs_find(f->jobs, b), ERR_OK);
    clock_fake_advance(&f->clock, 4999);
    tick(f);
    assert_int_equal(state_of(f, a), JOB_WAITING);
    clock_fake_advance(&f->clock, 1);
    tick(f);
    assert_int_equal(state_of(f, a), JOB_RUNNING);
    assert_int_equal(jobs_find(f->jobs, a)->attempts, 2);
}

static void a_failed_job_names_an_error(void **state)
{
    struct fixture *f = *state;
    uint64_t a = jobs_add(f->jobs, "readout", 1, NULL, NULL, NULL),
             b = jobs_add(f->jobs, "readout", 2, NULL, NULL, NULL);
    tick(f);
    job_end(f->jobs, f->started[0], ERR_PORT_DOWN);
    assert_string_equal(jobs_find(f->jobs, a)->errors[0].text, "the interface is down");
    job_error(f->jobs, f->started[1], "bus2", "no answer from %s", "meter 5");
    job_end(f->jobs, f->started[1], ERR_PORT_DOWN);
    assert_int_equal(jobs_find(f->jobs, b)->n_errors, 1);
    assert_string_equal(jobs_find(f->jobs, b)->errors[0].text, "no answer from meter 5");
}

static void errors_are_capped(void **state)
{
    struct fixture *f = *state;
    jobs_add(f->jobs, "readout", 1, NULL, NULL, NULL);
    tick(f);
    for (int i = 0; i < JOB_ERRORS_MAX + 5; i++)
        job_error(f->jobs, f->started[0], "x", "%d", i);
    assert_int_equal(f->started[0]->n_errors, JOB_ERRORS_MAX);
}

static void waiting_and_running_jobs_can_be_cancelled(void **state)
{
    struct fixture *f = *state;
    uint64_t a = jobs_add(f->jobs, "readout", 1, NULL, NULL, NULL),
             b = jobs_add(f->jobs, "readout", 1, NULL, NULL, NULL);
    uint64_t c = jobs_add(f->jobs, "export", 0, NULL, NULL, NULL);
    tick(f);
    assert_int_equal(jobs_cancel(f->jobs, b), ERR_OK);
    assert_int_equal(state_of(f, b), JOB_FAILED);
    assert_int_equal(f->n_cancels, 0);
    assert_int_equal(jobs_cancel(f->jobs, a), ERR_OK);
    assert_int_equal(f->n_cancels, 1);
    assert_int_equal(state_of(f, a), JOB_FAILED);
    assert_true(jobs_find(f->jobs, a)->is_cancelled);
    assert_int_equal(jobs_cancel(f->jobs, a), ERR_CONFLICT);
    assert_int_equal(jobs_cancel(f->jobs, c), ERR_UNSUPPORTED);
    assert_int_equal(jobs_cancel(f->jobs, 99), ERR_NOT_FOUND);
    assert_int_equal(f->n_over, 2);
}

static void what_cannot_be_queued_is_refused(void **state)
{
    struct fixture *f = *state;
    struct err_at at = { 0 };
    char *args = xmalloc(JOB_ARGS_MAX + 2);
    assert_int_equal(jobs_add(f->jobs, "cooking", 1, NULL, NULL, &at), 0);
    assert_string_equal(at.text, "there is no job of the kind cooking");
    bytes_fill(args, 'x', JOB_ARGS_MAX + 1);
    args[JOB_ARGS_MAX + 1] = 0;
    assert_int_equal(jobs_add(f->jobs, "export", 1, args, NULL, &at), 0);
    free(args);
    for (int i = 0; i < 1000; i++)
        assert_int_not_equal(jobs_add(f->jobs, "export", 1, NULL, NULL, &at), 0);
    assert_int_equal(jobs_add(f->jobs, "export", 1, NULL, NULL, &at), 0);
    assert_string_equal(at.text, "too many jobs are waiting");
}

static void ended_jobs_are_kept_for_an_hour_and_at_most_200(void **state)
{
    struct fixture *f = *state;
    f->ends_at_once = ERR_OK;
    uint64_t first = jobs_add(f->jobs, "export", 1, NULL, NULL, NULL);
    for (int i = 0; i < 249; i++)
        jobs_add(f->jobs, "export", 1, NULL, NULL, NULL);
    tick(f);
    assert_non_null(jobs_find(f->jobs, first));
    int64_t next = tick(f);
    assert_null(jobs_find(f->jobs, first + 49));
    assert_non_null(jobs_find(f->jobs, first + 50));
    assert_int_equal(next, clock_mono_ms(&f->clock.clock) + 3600 * 1000);
    clock_fake_advance(&f->clock, 3600 * 1000);
    assert_int_equal(tick(f), INT64_MAX);
    assert_null(jobs_next(f->jobs, 0));
}

static void jobs_are_restored_in_their_order_with_their_numbers(void **state)
{
    struct fixture *f = *state;
    jobs_restore(f->jobs, 9, "readout", 1, "{\"b\":2}", "schedule");
    jobs_restore(f->jobs, 5, "readout", 1, "{\"a\":1}", "eva");
    assert_int_equal(jobs_next(f->jobs, 0)->id, 5);
    assert_int_equal(jobs_add(f->jobs, "readout", 1, NULL, NULL, NULL), 10);
    tick(f);
    assert_string_equal(f->started[0]->args, "{\"a\":1}");
    assert_string_equal(f->started[0]->by, "eva");
    assert_int_equal(f->n_starts, 1);
}

static void a_shutdown_breaks_off_what_goes_on_after_the_next_start(void **state)
{
    struct fixture *f = *state;
    jobs_add(f->jobs, "readout", 1, NULL, NULL, NULL);
    uint64_t b = jobs_add(f->jobs, "export", 0, NULL, NULL, NULL);
    tick(f);
    assert_false(jobs_drain(f->jobs)); /* the export cannot be cancelled */
    assert_int_equal(f->n_cancels, 1);
    assert_int_equal(f->n_over, 0);
    jobs_add(f->jobs, "readout", 2, NULL, NULL, NULL);
    tick(f);
    assert_int_equal(f->n_starts, 2);
    job_end(f->jobs, jobs_find(f->jobs, b), ERR_OK);
    assert_true(jobs_drain(f->jobs));
}

static void progress_and_result_show_in_json(void **state)
{
    struct fixture *f = *state;
    char text[1024];
    struct json_out j;
    uint64_t a = jobs_add(f->jobs, "readout", 1, NULL, "eva", NULL);
    tick(f);
    int before = f->n_events;
    job_progress(f->jobs, f->started[0], 3, 12);
    job_progress(f->jobs, f->started[0], 3, 12);
    assert_int_equal(f->n_events, before + 1);
    job_error(f->jobs, f->started[0], "meter 13001651", "no answer");
    job_result(f->jobs, f->started[0], "{\"found\":[]}");
    job_end(f->jobs, f->started[0], ERR_OK);
    json_init(&j, text, sizeof text - 1, NULL, NULL);
    job_json(&j, jobs_find(f->jobs, a));
    *j.p = 0;
    assert_string_equal(text,
                        "{\"id\":1,\"kind\":\"readout\",\"state\":\"done\",\"progress\":{\"done\":3,\"total\":12},"
                        "\"errors\":[{\"subject\":\"meter 13001651\",\"message\":\"no answer\"}],"
                        "\"result\":{\"found\":[]},\"by\":\"eva\",\"attempts\":1,\"cancelled\":false,"
                        "\"created\":\"2026-09-21T14:13:20Z\",\"started\":\"2026-09-21T14:13:20Z\","
                        "\"ended\":\"2026-09-21T14:13:20Z\"}");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_job_of_a_lane_runs_at_a_time),
        TEST(a_job_may_end_within_its_start),
        TEST(a_retry_waits_its_time_and_lets_others_pass),
        TEST(a_failed_job_names_an_error),
        TEST(errors_are_capped),
        TEST(waiting_and_running_jobs_can_be_cancelled),
        TEST(what_cannot_be_queued_is_refused),
        TEST(ended_jobs_are_kept_for_an_hour_and_at_most_200),
        TEST(jobs_are_restored_in_their_order_with_their_numbers),
        TEST(a_shutdown_breaks_off_what_goes_on_after_the_next_start),
        TEST(progress_and_result_show_in_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
