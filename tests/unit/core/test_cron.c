/* test_cron.c — patterns and their next times. Times are worked out by hand from the calendar and the law of summer time.
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
#include "core/cron.h"

static int64_t utc_of(const char *text)
{
    int64_t utc = 0;
    if (civil_parse_utc(text, &utc) != ERR_OK)
        fail_msg("%s", text);
    return utc;
}

static struct cron cron_of(const char *pattern)
{
    struct cron c;
    struct err_at at = { 0 };
    if (cron_parse(&c, pattern, &at) != ERR_OK)
        fail_msg("%s: %s", pattern, at.text);
    return c;
}

/* The times after `after`, joined with blanks, in UTC. */
static void check_times(const char *pattern, const struct zone *z, const char *after, const char *expected)
{
    struct cron c = cron_of(pattern);
    int64_t utc = utc_of(after);
    char got[256] = "";
    for (size_t n = (strlen(expected) + 1) / 21; n > 0; n--) {
        size_t len = strlen(got);
        if (!cron_next(&c, z, 1, utc, &utc))
            break;
        if (len)
            got[len++] = ' ';
        civil_utc_text(got + len, utc);
    }
    if (!str_eq(got, expected))
        fail_msg("\"%s\" after %s: %s, expected %s", pattern, after, got, expected);
}

/* Thursday, 2026-01-01. Every row of the manual's table 10 but the random one. */
static void the_patterns_of_the_manual_fire_as_it_says(void **state)
{
    static const struct {
        const char *pattern, *after, *times;
    } cases[] = {
        { "15 * * * *", "2026-01-01T00:00:00Z", "2026-01-01T00:15:00Z 2026-01-01T01:15:00Z 2026-01-01T02:15:00Z" },
        { "*/15 * * * *", "2026-01-01T00:00:00Z",
          "2026-01-01T00:15:00Z 2026-01-01T00:30:00Z 2026-01-01T00:45:00Z 2026-01-01T01:00:00Z" },
        { "* * * * *", "2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z 2026-01-01T00:02:00Z" },
        { "* 12 * * mon", "2026-01-01T00:00:00Z", "2026-01-05T12:00:00Z 2026-01-05T12:01:00Z" },
        { "* 12 * * mon", "2026-01-05T12:59:00Z", "2026-01-12T12:00:00Z" },
        { "* 12 16 * mon", "2026-01-01T00:00:00Z", "2026-02-16T12:00:00Z" },
        { "59 11 * * 1,2,3,4,5", "2026-01-01T12:00:00Z", "2026-01-02T11:59:00Z 2026-01-05T11:59:00Z" },
        { "59 11 * * 1-5", "2026-01-01T12:00:00Z", "2026-01-02T11:59:00Z 2026-01-05T11:59:00Z" },
        { "*/15 9-17 * * *", "2026-01-01T17:30:00Z", "2026-01-01T17:45:00Z 2026-01-02T09:00:00Z" },
        { "* 12 10-16/2 * *", "2026-01-10T12:58:00Z", "2026-01-10T12:59:00Z 2026-01-12T12:00:00Z" },
        { "* 12 10-16/2 * *", "2026-01-16T12:59:00Z", "2026-02-10T12:00:00Z" },
        { "* 12 1-15,17,20-25 * *", "2026-01-15T12:59:00Z", "2026-01-17T12:00:00Z" },
        { "* 12 1-15,17,20-25 * *", "2026-01-17T12:59:00Z", "2026-01-20T12:00:00Z" },
        { "* 12 1-15,17,20-25 * *", "2026-01-25T12:59:00Z", "2026-02-01T12:00:00Z" },
        { "0 5 * * *|8 10 * * *|22 17 * * *", "2026-01-01T00:00:00Z",
          "2026-01-01T05:00:00Z 2026-01-01T10:08:00Z 2026-01-01T17:22:00Z 2026-01-02T05:00:00Z" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        check_times(cases[i].pattern, &zone_utc, cases[i].after, cases[i].times);
}

static void the_rest_of_the_language_is_understood(void **state)
{
    static const struct {
        const char *pattern, *after, *times;
    } cases[] = {
        { "5/20 * * * *", "2026-01-01T00:00:00Z",
          "2026-01-01T00:05:00Z 2026-01-01T00:25:00Z 2026-01-01T00:45:00Z 2026-01-01T01:05:00Z" },
        { "0 0 1 JAN,Jul *", "2026-01-01T00:00:00Z", "2026-07-01T00:00:00Z 2027-01-01T00:00:00Z" },
        { "0 0 * * 7", "2026-01-01T00:00:00Z", "2026-01-04T00:00:00Z 2026-01-11T00:00:00Z" },
        { "0 0 * * 0", "2026-01-01T00:00:00Z", "2026-01-04T00:00:00Z" },
        { "0 0 * * fri-7", "2026-01-01T00:00:00Z",
          "2026-01-02T00:00:00Z 2026-01-03T00:00:00Z 2026-01-04T00:00:00Z 2026-01-09T00:00:00Z" },
        { "0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z" },
        { "0 0 31 * *", "2026-01-31T00:00:00Z", "2026-03-31T00:00:00Z" },
        { "  0\t0   1 1 *  |  30 0 1 1 * ", "2025-12-31T23:59:00Z", "2026-01-01T00:00:00Z 2026-01-01T00:30:00Z" },
        { "0 0 1 1 *", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z" },
        { "0 0 1 1 *", "2025-12-31T23:59:59Z", "2026-01-01T00:00:00Z" },
        { "* * * * *", "2026-01-01T00:00:59Z", "2026-01-01T00:01:00Z" },
        { "* * * * *", "1969-12-31T23:58:30Z", "1969-12-31T23:59:00Z 1970-01-01T00:00:00Z" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        check_times(cases[i].pattern, &zone_utc, cases[i].after, cases[i].times);
}

static void summer_time_loses_and_repeats_nothing(void **state)
{
    static const struct {
        const char *title, *pattern, *after, *times;
    } cases[] = {
        { "a skipped time fires at the end of the gap", "30 2 * * *", "2026-03-28T12:00:00Z",
          "2026-03-29T01:00:00Z 2026-03-30T00:30:00Z" },
        { "skipped times and the first after the gap fire once", "0,30 2,3 * * *", "2026-03-29T00:00:00Z",
          "2026-03-29T01:00:00Z 2026-03-29T01:30:00Z 2026-03-30T00:00:00Z" },
        { "a repeated time fires the first time only", "30 2 * * *", "2026-10-24T12:00:00Z",
          "2026-10-25T00:30:00Z 2026-10-26T01:30:00Z" },
        { "also when asked between the two", "30 2 * * *", "2026-10-25T00:45:00Z", "2026-10-26T01:30:00Z" },
        { "every hour goes by elapsed time in spring", "*/30 * * * *", "2026-03-29T00:00:00Z",
          "2026-03-29T00:30:00Z 2026-03-29T01:00:00Z 2026-03-29T01:30:00Z" },
        { "and in autumn", "*/30 * * * *", "2026-10-25T00:00:00Z",
          "2026-10-25T00:30:00Z 2026-10-25T01:00:00Z 2026-10-25T01:30:00Z 2026-10-25T02:00:00Z" },
        { "midnight stays local midnight", "0 0 * * *", "2026-03-28T12:00:00Z",
          "2026-03-28T23:00:00Z 2026-03-29T22:00:00Z" },
        { "every hour on one weekday has 25 of them in autumn", "0 * * * sun", "2026-10-24T21:00:00Z",
          "2026-10-24T22:00:00Z 2026-10-24T23:00:00Z 2026-10-25T00:00:00Z 2026-10-25T01:00:00Z 2026-10-25T02:00:00Z" },
        { "and ends at local midnight", "0 * * * sun", "2026-10-25T22:00:00Z", "2026-10-31T23:00:00Z" },
    };
    struct zone *z;
    (void)state;
    assert_int_equal(zone_load("Europe/Stockholm", &z), ERR_OK);
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        check_times(cases[i].pattern, z, cases[i].after, cases[i].times);
    zone_free(z);
}

static void patterns_that_never_fire_say_so(void **state)
{
    static const char *const patterns[] = { "* * 30 2 *", "* * 31 4,6,9,11 *", "0 0 30 feb *" };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(patterns); i++) {
        struct cron c;
        int64_t next = 77;
        if (cron_parse(&c, patterns[i], NULL) != ERR_OK)
            continue;
        assert_false(cron_next(&c, &zone_utc, 1, 1790000000, &next));
        assert_int_equal(next, 77);
        assert_false(cron_next(&c, &zone_utc, 1, INT64_MAX, &next));
        assert_false(cron_next(&c, &zone_utc, 1, INT64_MIN, &next));
    }
}

static void what_is_no_pattern_is_refused_with_its_place(void **state)
{
    static const struct {
        const char *pattern;
        size_t offset;
        const char *text;
    } cases[] = {
        { "", 0, "the minute is missing: minute, hour, day of month, month, day of week" },
        { "* * * *", 7, "the day of week is missing: minute, hour, day of month, month, day of week" },
        { "* * * * * *", 10, "more than five fields; join patterns with |" },
        { "60 * * * *", 0, "minute: out of range (0 to 59)" },
        { "* 24 * * *", 2, "hour: out of range (0 to 23)" },
        { "* * 0 * *", 4, "day of month: out of range (1 to 31)" },
        { "* * * 13 *", 6, "month: out of range (1 to 12)" },
        { "* * * * 8", 8, "day of week: out of range (0 to 7)" },
        { "* * * * mo", 8, "day of week: unknown name (0 to 7)" },
        { "* * * * monday", 8, "day of week: unknown name (0 to 7)" },
        { "jan * * * *", 0, "minute: unknown name (0 to 59)" },
        { "5-1 * * * *", 3, "minute: the range ends before it begins (0 to 59)" },
        { "*/0 * * * *", 3, "minute: the step is a number from 1 on (0 to 59)" },
        { "*/ * * * *", 2, "minute: the step is a number from 1 on (0 to 59)" },
        { "1, * * * *", 2, "minute: a number is missing (0 to 59)" },
        { "1x * * * *", 1, "minute: cannot be understood (0 to 59)" },
        { "-1 * * * *", 0, "minute: a number is missing (0 to 59)" },
        { "1,?2-3 * * * *", 2, "minute: a number is missing (0 to 59)" },
        { "* * * * *|", 10, "the minute is missing: minute, hour, day of month, month, day of week" },
        { "99999999999 * * * *", 0, "minute: out of range (0 to 59)" },
        { "*|*|*", 1, "the hour is missing: minute, hour, day of month, month, day of week" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct cron c;
        struct err_at at = { 0 };
        assert_int_equal(cron_parse(&c, cases[i].pattern, &at), ERR_SYNTAX);
        assert_string_equal(at.text, cases[i].text);
        assert_int_equal(at.offset, cases[i].offset);
    }
    char many[300] = "* * * * *";
    struct cron c;
    for (int i = 1; i < 16; i++)
        strcat(many, "|* * * * *");
    assert_int_equal(cron_parse(&c, many, NULL), ERR_OK);
    assert_int_equal(c.n, 16);
    strcat(many, "|* * * * *");
    assert_int_equal(cron_parse(&c, many, NULL), ERR_TOO_MANY);
    memset(many, ' ', 256);
    many[256] = 0;
    assert_int_equal(cron_parse(&c, many, NULL), ERR_TOO_BIG);
}

/* The minute of the first firing of a day. */
static int minute_of(const struct cron *c, uint64_t seed, int64_t day_utc)
{
    int64_t next;
    assert_true(cron_next(c, &zone_utc, seed, day_utc - 1, &next));
    return (int)(next / 60 % 60);
}

static void a_random_minute_stays_for_the_day_and_changes_with_day_and_seed(void **state)
{
    struct cron c = cron_of("?1-30 0 * * *"), hourly = cron_of("? * * * *");
    int64_t day = utc_of("2026-01-01"), next;
    unsigned seen = 0, seen_seeds = 0;
    (void)state;
    for (int i = 0; i < 200; i++) {
        int minute = minute_of(&c, 5, day + i * 86400);
        assert_in_range(minute, 1, 30);
        assert_int_equal(minute, minute_of(&c, 5, day + i * 86400));
        seen |= 1u << minute;
        seen_seeds |= 1u << minute_of(&c, (uint64_t)i, day);
    }
    assert_int_equal(seen, 0x7FFFFFFE);
    assert_true(__builtin_popcount(seen_seeds) > 25);
    assert_true(cron_next(&hourly, &zone_utc, 9, day, &next));
    for (int i = 0; i < 20; i++) { /* once an hour, at the day's minute */
        int64_t before = next;
        assert_true(cron_next(&hourly, &zone_utc, 9, before, &next));
        assert_true(next - before == 3600 || next / 86400 != before / 86400);
    }
}

static void a_random_day_fires_once_a_month_also_in_february(void **state)
{
    struct cron c = cron_of("0 0 ?28-31 * *");
    int64_t at = utc_of("2026-01-01");
    (void)state;
    for (int month = 0; month < 48; month++) {
        struct civil when;
        assert_true(cron_next(&c, &zone_utc, 3, at, &at));
        civil_from_seconds(at, &when);
        assert_int_equal((when.year - 2026) * 12 + when.month - 1, month);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_patterns_of_the_manual_fire_as_it_says),
        cmocka_unit_test(the_rest_of_the_language_is_understood),
        cmocka_unit_test(summer_time_loses_and_repeats_nothing),
        cmocka_unit_test(patterns_that_never_fire_say_so),
        cmocka_unit_test(what_is_no_pattern_is_refused_with_its_place),
        cmocka_unit_test(a_random_minute_stays_for_the_day_and_changes_with_day_and_seed),
        cmocka_unit_test(a_random_day_fires_once_a_month_also_in_february),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
