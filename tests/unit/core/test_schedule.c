/* test_schedule.c — schedules over hours, jumps and changes.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/base/str.h"
#include "core/schedule.h"

enum { T0 = 1790812800 }; /* 2026-10-01 00:00 UTC */

struct fired {
    int n;
    unsigned instance;
    int64_t due_utc;
    struct schedules *removes_from;
};

static void note(void *ctx, unsigned instance, int64_t due_utc)
{
    struct fired *f = ctx;
    f->n++;
    f->instance = instance;
    f->due_utc = due_utc;
    if (f->removes_from)
        assert_int_equal(schedules_put(f->removes_from, "report", 1, NULL, due_utc, NULL, NULL, NULL), ERR_OK);
}

static void put(struct schedules *s, const char *name, unsigned instance, const char *pattern, struct fired *f)
{
    assert_int_equal(schedules_put(s, name, instance, pattern, T0, note, f, NULL), ERR_OK);
}

static void a_schedule_fires_on_time_and_says_when_it_is_next(void **state)
{
    struct schedules *s = schedules_create(1);
    struct fired f = { 0 };
    (void)state;
    put(s, "report", 3, "*/15 * * * *", &f);
    assert_int_equal(schedules_next(s, "report", 3), T0 + 900);
    assert_int_equal(schedules_next(s, "report", 4), 0);
    assert_int_equal(schedules_tick(s, T0 + 899), T0 + 900);
    assert_int_equal(f.n, 0);
    assert_int_equal(schedules_tick(s, T0 + 900), T0 + 1800);
    assert_int_equal(f.n, 1);
    assert_int_equal(f.instance, 3);
    assert_int_equal(f.due_utc, T0 + 900);
    assert_int_equal(schedules_tick(s, T0 + 901), T0 + 1800);
    assert_int_equal(f.n, 1);
    schedules_free(s);
}

static void a_forward_jump_over_many_fires_once(void **state)
{
    struct schedules *s = schedules_create(1);
    struct fired f = { 0 };
    (void)state;
    put(s, "report", 1, "*/15 * * * *", &f);
    assert_int_equal(schedules_tick(s, T0 + 86400), T0 + 86400 + 900);
    assert_int_equal(f.n, 1);
    schedules_free(s);
}

static void a_small_backward_jump_fires_nothing_twice_and_a_large_one_is_a_new_time(void **state)
{
    struct schedules *s = schedules_create(1);
    struct fired f = { 0 };
    (void)state;
    put(s, "report", 1, "0 * * * *", &f);
    schedules_tick(s, T0 + 3600);
    assert_int_equal(f.n, 1);
    assert_int_equal(schedules_tick(s, T0 + 3500), T0 + 7200);
    schedules_tick(s, T0 + 3600);
    assert_int_equal(f.n, 1);
    schedules_tick(s, T0 + 7200);
    assert_int_equal(f.n, 2);
    assert_int_equal(schedules_tick(s, T0 - 86400), T0 - 86400 + 3600);
    schedules_free(s);
}

static void schedules_are_replaced_removed_and_refused(void **state)
{
    struct schedules *s = schedules_create(1);
    struct fired f = { 0 };
    struct err_at at = { 0 };
    (void)state;
    put(s, "report", 1, "0 * * * *", &f);
    put(s, "report", 1, "30 * * * *", &f);
    assert_int_equal(schedules_tick(s, T0), T0 + 1800);
    assert_int_equal(schedules_put(s, "report", 1, "61 * * * *", T0, note, &f, &at), ERR_SYNTAX);
    assert_true(at.text[0] != 0);
    assert_int_equal(schedules_next(s, "report", 1), T0 + 1800);
    put(s, "report", 1, "", &f);
    assert_int_equal(schedules_tick(s, T0 + 86400), INT64_MAX);
    put(s, "report", 1, "", &f);
    put(s, "never", 0, "0 0 30 2 *", &f);
    assert_int_equal(schedules_next(s, "never", 0), 0);
    assert_int_equal(schedules_tick(s, T0 + 86400), INT64_MAX);
    assert_int_equal(f.n, 0);
    schedules_free(s);
}

static void a_callback_may_remove_what_is_due_as_well(void **state)
{
    struct schedules *s = schedules_create(1);
    struct fired f = { .removes_from = s }, other = { 0 };
    (void)state;
    put(s, "readout", 0, "0 * * * *", &f);
    put(s, "report", 1, "0 * * * *", &other);
    put(s, "report", 2, "0 * * * *", &other);
    schedules_tick(s, T0 + 3600);
    assert_int_equal(f.n, 1);
    assert_int_equal(other.n, 1);
    assert_int_equal(other.instance, 2);
    schedules_free(s);
}

static void the_interval_is_the_smallest_gap(void **state)
{
    struct schedules *s = schedules_create(1);
    struct fired f = { 0 };
    (void)state;
    put(s, "a", 0, "*/15 * * * *", &f);
    put(s, "b", 0, "0 0 * * *", &f);
    put(s, "c", 0, "0 6,12 * * *", &f);
    put(s, "d", 0, "0 0 30 2 *", &f);
    assert_int_equal(schedules_interval_s(s, "a", 0, T0), 900);
    assert_int_equal(schedules_interval_s(s, "b", 0, T0), 86400);
    assert_int_equal(schedules_interval_s(s, "c", 0, T0), 6 * 3600);
    assert_int_equal(schedules_interval_s(s, "d", 0, T0), 0);
    assert_int_equal(schedules_interval_s(s, "x", 0, T0), 0);
    schedules_free(s);
}

static void a_new_zone_moves_the_due_times(void **state)
{
    struct schedules *s = schedules_create(1);
    struct fired f = { 0 };
    struct zone *z;
    (void)state;
    assert_int_equal(zone_load("Asia/Kolkata", &z), ERR_OK);
    put(s, "a", 0, "0 0 * * *", &f);
    assert_int_equal(schedules_next(s, "a", 0), T0 + 86400);
    schedules_set_zone(s, z, T0);
    assert_int_equal(schedules_next(s, "a", 0), T0 + 86400 - 19800);
    schedules_free(s);
    zone_free(z);
}

static void random_schedules_of_one_gateway_differ(void **state)
{
    struct schedules *s = schedules_create(1);
    struct fired f = { 0 };
    uint64_t seen = 0;
    (void)state;
    for (unsigned i = 1; i <= 32; i++) {
        put(s, "report", i, "? 0 * * *", &f);
        seen |= UINT64_C(1) << (schedules_next(s, "report", i) / 60 % 60);
    }
    assert_true(__builtin_popcountll(seen) > 15);
    schedules_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_schedule_fires_on_time_and_says_when_it_is_next),
        cmocka_unit_test(a_forward_jump_over_many_fires_once),
        cmocka_unit_test(a_small_backward_jump_fires_nothing_twice_and_a_large_one_is_a_new_time),
        cmocka_unit_test(schedules_are_replaced_removed_and_refused),
        cmocka_unit_test(a_callback_may_remove_what_is_due_as_well),
        cmocka_unit_test(the_interval_is_the_smallest_gap),
        cmocka_unit_test(a_new_zone_moves_the_due_times),
        cmocka_unit_test(random_schedules_of_one_gateway_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
