/* test_civil.c — calendar arithmetic, times as text.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/base/civil.h"
#include "core/base/mem.h"

/* Seconds from Python's datetime. */
static void dates_and_seconds_go_both_ways(void **state)
{
    static const struct {
        struct civil c;
        int64_t seconds;
        int weekday;
    } cases[] = {
        { { 1970, 1, 1, 0, 0, 0 }, 0, 4 },
        { { 1969, 12, 31, 23, 59, 59 }, -1, 3 },
        { { 2000, 2, 29, 12, 0, 0 }, 951825600, 2 },
        { { 2026, 10, 1, 20, 0, 0 }, 1790884800, 4 },
        { { 2100, 2, 28, 0, 0, 0 }, INT64_C(4107456000), 0 },
        { { 1, 1, 1, 0, 0, 0 }, INT64_C(-62135596800), 1 },
        { { 9999, 12, 31, 23, 59, 59 }, INT64_C(253402300799), 5 },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct civil c;
        assert_true(civil_to_seconds(&cases[i].c) == cases[i].seconds);
        civil_from_seconds(cases[i].seconds, &c);
        assert_memory_equal(&c, &cases[i].c, sizeof c);
        assert_int_equal(civil_weekday(cases[i].seconds), cases[i].weekday);
        assert_true(civil_is_valid(&c));
    }
}

static void every_day_of_four_centuries_follows_the_one_before(void **state)
{
    struct civil before = { 1899, 12, 31, 0, 0, 0 }, c;
    int64_t start = civil_to_seconds(&before);
    (void)state;
    for (int64_t day = 1; day <= 146097; day++) {
        civil_from_seconds(start + day * 86400, &c);
        bool is_next = c.year == before.year && c.month == before.month && c.day == before.day + 1;
        bool is_first = c.day == 1 && before.day == civil_days_in_month(before.year, before.month);
        assert_true(is_next || is_first);
        assert_true(civil_to_seconds(&c) == start + day * 86400);
        before = c;
    }
}

static void impossible_dates_are_not_valid(void **state)
{
    static const struct civil cases[] = {
        { 2026, 2, 29, 0, 0, 0 }, { 1900, 2, 29, 0, 0, 0 }, { 2026, 4, 31, 0, 0, 0 }, { 2026, 13, 1, 0, 0, 0 },
        { 2026, 0, 1, 0, 0, 0 },  { 2026, 1, 0, 0, 0, 0 },  { 2026, 1, 1, 24, 0, 0 }, { 2026, 1, 1, 0, 60, 0 },
        { 2026, 1, 1, 0, 0, 60 }, { 0, 1, 1, 0, 0, 0 },     { 10000, 1, 1, 0, 0, 0 }, { 2026, 1, 1, -1, 0, 0 },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_false(civil_is_valid(&cases[i]));
}

static void times_are_shown_in_four_digits_of_a_year(void **state)
{
    char text[CIVIL_TEXT_MAX];
    (void)state;
    civil_utc_text(text, 1790884800);
    assert_string_equal(text, "2026-10-01T20:00:00Z");
    civil_utc_text(text, INT64_MAX);
    assert_string_equal(text, "9999-12-31T23:59:59Z");
    civil_utc_text(text, INT64_MIN);
    assert_string_equal(text, "0001-01-01T00:00:00Z");
    civil_iso_text(text, &(struct civil){ 2014, 3, 13, 11, 11, 0 });
    assert_string_equal(text, "2014-03-13T11:11:00");
}

static void rfc_3339_times_are_read(void **state)
{
    static const struct {
        const char *text;
        enum err err;
        int64_t utc;
    } cases[] = {
        { "2026-10-01T20:00:00Z", ERR_OK, 1790884800 },
        { "2026-10-01t20:00:00z", ERR_OK, 1790884800 },
        { "2026-10-01 20:00:00Z", ERR_OK, 1790884800 },
        { "2026-10-01T20:00Z", ERR_OK, 1790884800 },
        { "2026-10-01T20:00:00.999Z", ERR_OK, 1790884800 },
        { "2026-10-01T22:00:00+02:00", ERR_OK, 1790884800 },
        { "2026-10-01T14:30:00-05:30", ERR_OK, 1790884800 },
        { "2026-10-01", ERR_OK, 1790812800 },
        { "2026-02-29", ERR_RANGE, 0 },
        { "2026-10-01T24:00:00Z", ERR_RANGE, 0 },
        { "2026-10-01T20:00:00", ERR_SYNTAX, 0 },
        { "2026-10-01T20:00:00.Z", ERR_SYNTAX, 0 },
        { "2026-10-01T20:00:00+2:00", ERR_SYNTAX, 0 },
        { "2026-10-01T20:00:00+25:00", ERR_SYNTAX, 0 },
        { "2026-10-01T20:00:00Zx", ERR_SYNTAX, 0 },
        { "2026-10-1", ERR_SYNTAX, 0 },
        { "26-10-01", ERR_SYNTAX, 0 },
        { "yesterday", ERR_SYNTAX, 0 },
        { "", ERR_SYNTAX, 0 },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t utc = 0;
        assert_int_equal(civil_parse_utc(cases[i].text, &utc), cases[i].err);
        assert_true(utc == cases[i].utc);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates_and_seconds_go_both_ways),
        cmocka_unit_test(every_day_of_four_centuries_follows_the_one_before),
        cmocka_unit_test(impossible_dates_are_not_valid),
        cmocka_unit_test(times_are_shown_in_four_digits_of_a_year),
        cmocka_unit_test(rfc_3339_times_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
