/* test_rows.c — which readouts go into a report, and how far the delivery mark moves.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/mem.h"
#include "reports/rows.h"

enum { MIDNIGHT = 1790812800, H = 3600, READOUTS_MAX = 8 }; /* 2026-10-01T00:00:00Z */

struct readout {
    int64_t utc;
    enum readout_status status;
    bool is_taken;
};
#define AT(seconds) MIDNIGHT + (seconds)

static void readouts_go_in_as_period_and_interval_say(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t period_s, interval_s, mark;
        int64_t from, new_mark;
        struct readout readouts[READOUTS_MAX];
    } cases[] = {
        { "auto, nothing delivered yet: all good ones",
          0,
          0,
          0,
          0,
          AT(2 * H),
          { { AT(0), READOUT_OK, true }, { AT(H), READOUT_OK, true }, { AT(2 * H), READOUT_OK, true } } },
        { "auto: from behind the mark", 0, 0, AT(H), AT(H) + 1, AT(2 * H), { { AT(2 * H), READOUT_OK, true } } },
        { "failed readouts stay out, the mark passes them",
          0,
          0,
          0,
          0,
          AT(2 * H),
          { { AT(0), READOUT_NO_ANSWER, false }, { AT(H), READOUT_OK, true }, { AT(2 * H), READOUT_NO_KEY, false } } },
        { "nothing new: the mark stays", 0, 0, AT(H), AT(H) + 1, AT(H), { { 0 } } },
        { "hourly: the first good one of each hour",
          0,
          H,
          0,
          0,
          AT(H + 900),
          { { AT(0), READOUT_OK, true },
            { AT(900), READOUT_OK, false },
            { AT(1800), READOUT_OK, false },
            { AT(H), READOUT_OK, true },
            { AT(H + 900), READOUT_OK, false } } },
        { "hourly: an hour that was served gets no second one in the next report",
          0,
          H,
          AT(900),
          AT(900) + 1,
          AT(H),
          { { AT(1800), READOUT_OK, false }, { AT(H), READOUT_OK, true } } },
        { "hourly: a failed first readout leaves the hour to the next one",
          0,
          H,
          AT(0),
          AT(0) + 1,
          AT(H + 900),
          { { AT(H), READOUT_GARBLED, false }, { AT(H + 900), READOUT_OK, true } } },
        { "hourly: an hour that is open and failed so far stays behind the mark",
          0,
          H,
          AT(0),
          AT(0) + 1,
          AT(1800),
          { { AT(1800), READOUT_OK, false },
            { AT(H), READOUT_NO_ANSWER, false },
            { AT(H + 900), READOUT_NO_ANSWER, false } } },
        { "hourly: an hour that failed is left behind when the next one begins",
          0,
          H,
          AT(0),
          AT(0) + 1,
          AT(H + 900),
          { { AT(H), READOUT_NO_ANSWER, false },
            { AT(H + 900), READOUT_NO_ANSWER, false },
            { AT(2 * H), READOUT_NO_ANSWER, false } } },
        { "a fixed period goes back that far, delivered or not",
          2 * H,
          0,
          AT(22 * H),
          AT(22 * H),
          AT(23 * H),
          { { AT(22 * H), READOUT_OK, true }, { AT(23 * H), READOUT_OK, true } } },
        { "a fixed period never moves the mark back",
          H,
          0,
          AT(23 * H) + 1800,
          AT(23 * H),
          AT(23 * H) + 1800,
          { { AT(23 * H) + 60, READOUT_OK, true } } },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct rows_rule rule = { cases[i].period_s, cases[i].interval_s, AT(24 * H), &zone_utc };
        struct rows r = rows_begin(&rule, cases[i].mark);
        if (rows_from(&r) != cases[i].from)
            fail_msg("%s: from %lld", cases[i].name, (long long)rows_from(&r));
        for (const struct readout *one = cases[i].readouts; one < cases[i].readouts + READOUTS_MAX && one->utc; one++) {
            if (rows_take(&r, one->utc, one->status) != one->is_taken)
                fail_msg("%s: readout at %lld", cases[i].name, (long long)(one->utc - MIDNIGHT));
        }
        if (rows_mark(&r) != cases[i].new_mark)
            fail_msg("%s: mark at %lld", cases[i].name, (long long)(rows_mark(&r) - MIDNIGHT));
    }
}

static int32_t two_hours(const struct zone *z, int64_t utc)
{
    (void)z, (void)utc;
    return 2 * H;
}

static void days_are_those_of_local_time(void **state)
{
    (void)state;
    const struct zone summer = { two_hours };
    const struct rows_rule rule = { 0, 86400, AT(48 * H), &summer };
    struct rows r = rows_begin(&rule, 0);
    assert_true(rows_take(&r, AT(21 * H), READOUT_OK));
    assert_true(rows_take(&r, AT(22 * H), READOUT_OK)); /* midnight there */
    assert_false(rows_take(&r, AT(23 * H), READOUT_OK));
}

static void auto_ends_at_180_readouts_and_a_fixed_period_does_not(void **state)
{
    (void)state;
    for (int fixed = 0; fixed < 2; fixed++) {
        const struct rows_rule rule = { fixed ? 400 * H : 0, 0, AT(400 * H), &zone_utc };
        struct rows r = rows_begin(&rule, 0);
        for (int i = 0; i < ROWS_AUTO_MAX; i++) {
            assert_false(rows_is_full(&r));
            assert_true(rows_take(&r, AT(i * H), READOUT_OK));
        }
        assert_int_equal(rows_is_full(&r), !fixed);
        assert_int_equal(rows_mark(&r), AT((ROWS_AUTO_MAX - 1) * H));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readouts_go_in_as_period_and_interval_say),
        cmocka_unit_test(days_are_those_of_local_time),
        cmocka_unit_test(auto_ends_at_180_readouts_and_a_fixed_period_does_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
