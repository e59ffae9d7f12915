/* test_sim_made.c — made-up meters say what can be decoded, never step back, and their figures fit each other.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/base/civil.h"
#include "core/base/mem.h"
#include "protocols/codec/mbus/frame.h"
#include "protocols/codec/mbus/telegram.h"
#include "tests/sim/sim_made.h"

enum { UTC = 1790000000, DAY_S = 86400 }; /* 2026-09-21 13:33:20 */

static void say(struct telegram *t, const struct sim_made *m, int64_t utc)
{
    static uint8_t bytes[FRAME_MAX]; /* values borrow from them */
    struct wr w = wr_init(bytes, sizeof bytes);
    struct err_at at = { 0 };
    sim_made_put(&w, m, utc);
    assert_true(wr_ok(&w));
    if (telegram_decode(t, LINK_WIRED, bytes, wr_len(&w), &(struct telegram_env){ 0 }, &at) != ERR_OK)
        fail_msg("%s: %s", sim_made_name(m->kind), at.text);
}

static const struct value *find(const struct telegram *t, enum quantity q, enum function f, uint64_t storage)
{
    for (size_t i = 0; i < t->n_values; i++)
        if (t->values[i].quantity == q && t->values[i].function == f && t->values[i].storage == storage)
            return &t->values[i];
    return NULL;
}

static double number(const struct telegram *t, enum quantity q, enum function f, uint64_t storage)
{
    const struct value *v = find(t, q, f, storage);
    struct dec d;
    assert_non_null(v);
    assert_true(value_canonical(v, &d));
    return dec_to_double(d);
}

static double now(const struct telegram *t, enum quantity q)
{
    return number(t, q, FUNCTION_INST, 0);
}

static void each(void (*check)(const struct sim_made *m))
{
    for (unsigned kind = 0; kind < SIM_MADE_N; kind++) {
        for (uint64_t seed = 0; seed < 20; seed++) {
            struct sim_made m;
            sim_made_init(&m, (enum sim_made_kind)kind, 0x12345678, 5, seed);
            check(&m);
        }
    }
}

static void check_telegram(const struct sim_made *m)
{
    static const uint8_t media[] = { [SIM_MADE_HEAT] = 4, [SIM_MADE_WATER] = 7, [SIM_MADE_ELECTRICITY] = 2 };
    struct telegram t;
    say(&t, m, UTC);
    assert_int_equal(t.head.ident, 0x12345678);
    assert_int_equal(t.head.medium, media[m->kind]);
    assert_in_range(t.n_values, 12, 20);
    assert_true(now(&t, Q_FABRICATION_NUMBER) >= 12345678 && now(&t, Q_FABRICATION_NUMBER) <= 12345678);
    for (size_t i = 0; i < t.n_values; i++)
        assert_int_equal(t.values[i].note, NOTE_NONE);
    /* the clock to the minute, and the first of the month */
    assert_int_equal(find(&t, Q_DATE_TIME, FUNCTION_INST, 0)->mantissa, UTC - UTC % 60);
    const struct civil september = { .year = 2026, .month = 9, .day = 1 };
    assert_int_equal(find(&t, Q_DATE, FUNCTION_INST, 1)->mantissa, civil_to_seconds(&september));
}

static void what_they_say_decodes(void **state)
{
    (void)state;
    each(check_telegram);
}

/* Every day of two years, and every minute of some hours. */
static void check_counters(const struct sim_made *m)
{
    enum quantity q = m->kind == SIM_MADE_WATER ? Q_VOLUME : Q_ENERGY;
    double last = 0;
    for (int i = 0; i < 1000; i++) {
        struct telegram t;
        int64_t utc = i < 700 ? UTC + (int64_t)i * DAY_S : UTC + 700 * (int64_t)DAY_S + (i - 700) * 60;
        say(&t, m, utc);
        double total = now(&t, q);
        assert_true(total >= last);
        assert_true(number(&t, q, FUNCTION_INST, 1) <= total);
        last = total;
    }
}

static void counters_never_step_back(void **state)
{
    (void)state;
    each(check_counters);
}

static void check_slope(const struct sim_made *m)
{
    struct telegram before, after, between;
    bool is_water = m->kind == SIM_MADE_WATER;
    enum quantity total = is_water ? Q_VOLUME : Q_ENERGY, rate = is_water ? Q_VOLUME_FLOW : Q_POWER;
    say(&before, m, UTC);
    say(&between, m, UTC + 300);
    say(&after, m, UTC + 600);
    double step = now(&after, total) - now(&before, total),
           slope = now(&between, rate) / 6; /* Wh or m3 in ten minutes */
    double resolution = is_water ? 0.0012 : m->kind == SIM_MADE_HEAT ? 1002 : 12;
    assert_true(step - slope < resolution && slope - step < resolution);
    assert_true(now(&between, rate) <= number(&between, rate, FUNCTION_MAX, 0));
}

static void rate_is_the_slope_of_the_counter(void **state)
{
    (void)state;
    each(check_slope);
}

static void heat_fits_flow_and_temperatures(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        for (int i = 0; i < 50; i++) {
            struct sim_made m;
            struct telegram t;
            sim_made_init(&m, SIM_MADE_HEAT, 0x12345678, 5, seed);
            say(&t, &m, UTC + i * 7 * (int64_t)DAY_S + i * 1234);
            double flow = now(&t, Q_FLOW_TEMPERATURE), back = now(&t, Q_RETURN_TEMPERATURE);
            double kelvin = now(&t, Q_TEMPERATURE_DIFFERENCE);
            assert_true(flow < 95 && back > 10 && kelvin > 5);
            assert_true(flow - back - kelvin < 0.03 && kelvin - flow + back < 0.03);
        }
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_they_say_decodes),
        cmocka_unit_test(counters_never_step_back),
        cmocka_unit_test(rate_is_the_slope_of_the_counter),
        cmocka_unit_test(heat_fits_flow_and_temperatures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
