/* test_clock.c — the system's clocks and the fake one.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/base/clock.h"

static void the_systems_clocks_go_forward(void **state)
{
    const struct clock *c = clock_system();
    (void)state;
    int64_t before = c->mono_us(c);
    assert_true(c->mono_us(c) >= before);
    assert_true(clock_utc(c) > 1700000000);
    assert_true(clock_utc_us(c) / 1000000 - clock_utc(c) <= 1);
}

static void the_fake_clock_moves_when_told(void **state)
{
    struct clock_fake f;
    (void)state;
    clock_fake_init(&f, 1790000000);
    int64_t ms = clock_mono_ms(&f.clock);
    assert_true(ms > 0);
    assert_true(clock_utc(&f.clock) == 1790000000);
    clock_fake_advance(&f, 1500);
    assert_true(clock_mono_ms(&f.clock) == ms + 1500);
    assert_true(clock_utc(&f.clock) == 1790000001);
    f.now_utc_us -= 3600 * INT64_C(1000000);
    assert_true(clock_mono_ms(&f.clock) == ms + 1500);
    assert_true(clock_utc(&f.clock) == 1789996401);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_systems_clocks_go_forward),
        cmocka_unit_test(the_fake_clock_moves_when_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
