/* test_loop.c — timers, deferred calls, signals and the gauge of the loop.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "io/loop.h"

struct trace {
    struct loop *loop;
    char text[32]; /* one letter for each thing that happened */
    struct timer timer;
};

static void note(struct trace *t, const char *letter)
{
    char was[sizeof t->text];
    str_copy(was, sizeof was, t->text);
    str_fmt(t->text, sizeof t->text, "%s%s", was, letter);
}

static void on_a(void *ctx)
{
    note(ctx, "a");
}
static void on_b(void *ctx)
{
    note(ctx, "b");
}
static void on_stop(void *ctx)
{
    loop_stop(((struct trace *)ctx)->loop);
}

static void on_defers_b(void *ctx)
{
    struct trace *t = ctx;
    loop_defer(t->loop, on_b, t);
    note(t, "a");
}

static void setup_trace(struct trace *t)
{
    *t = (struct trace){ .loop = loop_create(clock_system()) };
}

static void timers_fire_in_the_order_of_their_time(void **state)
{
    (void)state;
    struct trace t;
    setup_trace(&t);
    struct timer a, b, stop;
    timer_init(&a, t.loop, "a", on_a, &t);
    timer_init(&b, t.loop, "b", on_b, &t);
    timer_init(&stop, t.loop, "stop", on_stop, &t);
    timer_start_ms(&stop, 6);
    timer_start_us(&a, 4000);
    timer_start_ms(&b, -5);
    assert_true(timer_is_pending(&a));
    loop_run(t.loop);
    assert_string_equal(t.text, "ba");
    assert_false(timer_is_pending(&a));
    timer_fini(&a);
    timer_fini(&b);
    timer_fini(&stop);
    loop_free(t.loop);
}

static void a_stopped_timer_does_not_fire(void **state)
{
    (void)state;
    struct trace t;
    setup_trace(&t);
    struct timer a, stop;
    timer_init(&a, t.loop, "a", on_a, &t);
    timer_init(&stop, t.loop, "stop", on_stop, &t);
    timer_start_ms(&a, 0);
    timer_stop(&a);
    assert_false(timer_is_pending(&a));
    timer_start_ms(&stop, 2);
    loop_run(t.loop);
    assert_string_equal(t.text, "");
    timer_fini(&a);
    timer_fini(&stop);
    loop_free(t.loop);
}

static void end_own_timer(void *ctx)
{
    struct trace *t = ctx;
    timer_fini(&t->timer);
    bytes_fill(&t->timer, 0xAA, sizeof t->timer);
    loop_stop(t->loop);
}

static void a_timer_may_be_ended_in_its_own_callback(void **state)
{
    (void)state;
    struct trace *t = xcalloc(1, sizeof *t);
    setup_trace(t);
    timer_init(&t->timer, t->loop, "own", end_own_timer, t);
    timer_start_ms(&t->timer, 0);
    loop_run(t->loop);
    loop_free(t->loop);
    free(t);
}

static void deferred_calls_run_after_the_callback_and_in_order(void **state)
{
    (void)state;
    struct trace t;
    setup_trace(&t);
    loop_defer(t.loop, on_defers_b, &t);
    loop_defer(t.loop, on_a, &t);
    struct timer stop;
    timer_init(&stop, t.loop, "stop", on_stop, &t);
    timer_start_ms(&stop, 2);
    assert_string_equal(t.text, "");
    loop_run(t.loop);
    assert_string_equal(t.text, "aab");
    timer_fini(&stop);
    loop_free(t.loop);
}

static void freeing_the_loop_runs_what_is_still_deferred(void **state)
{
    (void)state;
    struct trace t;
    setup_trace(&t);
    loop_defer(t.loop, on_defers_b, &t);
    loop_free(t.loop);
    assert_string_equal(t.text, "ab");
}

static void a_stop_before_the_run_is_not_lost(void **state)
{
    (void)state;
    struct trace t;
    setup_trace(&t);
    loop_stop(t.loop);
    loop_run(t.loop); /* would not come back */
    loop_free(t.loop);
}

static void on_usr1(void *ctx, int signal_number)
{
    struct trace *t = ctx;
    assert_int_equal(signal_number, SIGUSR1);
    note(t, "s");
    loop_stop(t->loop);
}

static void signals_arrive_as_callbacks(void **state)
{
    (void)state;
    struct trace t;
    setup_trace(&t);
    loop_on_signal(t.loop, SIGUSR1, on_usr1, &t);
    raise(SIGUSR1);
    loop_run(t.loop);
    assert_string_equal(t.text, "s");
    loop_free(t.loop);
}

struct warned {
    char text[LOG_TEXT_MAX];
};

static void keep_text(void *ctx, enum log_level level, const char *origin, const char *text)
{
    (void)level;
    (void)origin;
    struct warned *w = ctx;
    str_copy(w->text, sizeof w->text, text);
}

static void the_gauge_keeps_the_longest_and_warns_of_slow_ones(void **state)
{
    (void)state;
    struct clock_fake fake;
    clock_fake_init(&fake, 0);
    struct loop *l = loop_create(&fake.clock);
    struct warned warned = { "" };
    log_add_sink(keep_text, &warned);
    log_set_stderr(false, LOG_LEVEL_INFO);

    int64_t entered_us = loop_enter(l);
    clock_fake_advance(&fake, 99);
    loop_leave(l, entered_us, "quick");
    assert_string_equal(warned.text, "");
    entered_us = loop_enter(l);
    clock_fake_advance(&fake, 250);
    loop_leave(l, entered_us, "slow");
    assert_string_equal(warned.text, "callback slow took 250 ms: everything else waited");
    entered_us = loop_enter(l);
    loop_leave(l, entered_us, "short");

    struct loop_gauge gauge;
    loop_gauge(l, &gauge, true);
    assert_int_equal(gauge.longest_us, 250000);
    assert_string_equal(gauge.longest_name, "slow");
    assert_int_equal(gauge.callbacks, 3);
    loop_gauge(l, &gauge, false);
    assert_int_equal(gauge.longest_us, 0);
    assert_int_equal(gauge.callbacks, 0);
    log_remove_sink(keep_text, &warned);
    log_set_stderr(true, LOG_LEVEL_INFO);
    loop_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timers_fire_in_the_order_of_their_time),
        cmocka_unit_test(a_stopped_timer_does_not_fire),
        cmocka_unit_test(a_timer_may_be_ended_in_its_own_callback),
        cmocka_unit_test(deferred_calls_run_after_the_callback_and_in_order),
        cmocka_unit_test(freeing_the_loop_runs_what_is_still_deferred),
        cmocka_unit_test(a_stop_before_the_run_is_not_lost),
        cmocka_unit_test(signals_arrive_as_callbacks),
        cmocka_unit_test(the_gauge_keeps_the_longest_and_warns_of_slow_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
