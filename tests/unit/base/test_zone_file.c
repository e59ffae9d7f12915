/* test_zone_file.c — time zones from zone files. Expected offsets are those of Python's zoneinfo and of the zones' own laws.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/base/civil.h"
#include "core/base/mem.h"

static struct zone *load(const char *name)
{
    struct zone *z;
    if (zone_load(name, &z) != ERR_OK)
        fail_msg("no zone %s", name);
    return z;
}

static int64_t utc_of(const char *text)
{
    int64_t utc;
    if (civil_parse_utc(text, &utc) != ERR_OK)
        fail_msg("%s", text);
    return utc;
}

static void offsets_are_those_of_the_law(void **state)
{
    static const struct {
        const char *zone, *utc;
        int32_t offset;
    } cases[] = {
        { "UTC", "2026-07-01", 0 },
        { "Europe/Stockholm", "2026-01-01", 3600 },
        { "Europe/Stockholm", "2026-07-01", 7200 },
        { "Europe/Stockholm", "2026-03-29T00:59:59Z", 3600 },
        { "Europe/Stockholm", "2026-03-29T01:00:00Z", 7200 },
        { "Europe/Stockholm", "2026-10-25T00:59:59Z", 7200 },
        { "Europe/Stockholm", "2026-10-25T01:00:00Z", 3600 },
        { "Europe/Stockholm", "1975-07-01", 3600 },
        { "Europe/Stockholm", "2090-07-01", 7200 },
        { "Europe/Stockholm", "2090-12-01", 3600 },
        { "Australia/Lord_Howe", "2026-01-01", 39600 },
        { "Australia/Lord_Howe", "2026-07-01", 37800 },
        { "Australia/Lord_Howe", "2075-01-01", 39600 },
        { "Australia/Lord_Howe", "2075-07-01", 37800 },
        { "America/St_Johns", "2026-07-01", -9000 },
        { "America/St_Johns", "2060-01-01", -12600 },
        { "Asia/Kolkata", "2060-01-01", 19800 },
        { "Pacific/Kiritimati", "2026-01-01", 50400 },
        { "America/New_York", "2050-03-13T06:59:59Z", -18000 },
        { "America/New_York", "2050-03-13T07:00:00Z", -14400 },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct zone *z = load(cases[i].zone);
        assert_int_equal(z->offset_s(z, utc_of(cases[i].utc)), cases[i].offset);
        zone_free(z);
    }
}

static void names_that_are_no_zones_are_not_found(void **state)
{
    static const char *const names[] = {
        "",     "Europe/Atlantis", "../zoneinfo/UTC", "/etc/localtime",     "Europe", "Europe/",
        "a//b", "zone.tab",        "tzdata.zi",       "Europe/Stockholm\n", ".",      "leapseconds"
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct zone *z;
        assert_int_equal(zone_load(names[i], &z), ERR_NOT_FOUND);
    }
}

static void local_times_find_their_second(void **state)
{
    static const struct {
        const char *local, *utc;
    } cases[] = {
        { "2026-07-01T12:00:00Z", "2026-07-01T10:00:00Z" },
        { "2026-03-29T01:59:59Z", "2026-03-29T00:59:59Z" },
        { "2026-03-29T02:00:00Z", "2026-03-29T01:00:00Z" }, /* in the gap */
        { "2026-03-29T02:59:59Z", "2026-03-29T01:00:00Z" },
        { "2026-03-29T03:00:00Z", "2026-03-29T01:00:00Z" },
        { "2026-10-25T01:59:59Z", "2026-10-24T23:59:59Z" },
        { "2026-10-25T02:30:00Z", "2026-10-25T00:30:00Z" }, /* the first of two */
        { "2026-10-25T03:00:00Z", "2026-10-25T02:00:00Z" },
    };
    struct zone *z = load("Europe/Stockholm");
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_true(zone_to_utc(z, utc_of(cases[i].local)) == utc_of(cases[i].utc));
    zone_free(z);
    assert_true(zone_to_utc(&zone_utc, 123) == 123);
}

/* A file of version 2 with no changes, one type of +1 h, and this footer. */
static enum err parse_footer(const char *footer, struct zone **z)
{
    static const uint8_t block[] = { 'T', 'Z', 'i', 'f', '2', 0, 0, 0, 0, 0, 0,  0,  0, 0, 0,   0,   0,   0,
                                     0,   0,   0,   0,   0,   0, 0, 0, 0, 0, 0,  0,  0, 0, 0,   0,   0,   0,
                                     0,   0,   0,   1,   0,   0, 0, 4, 0, 0, 14, 16, 0, 0, 'C', 'E', 'T', 0 };
    uint8_t file[2 * sizeof block + 200];
    memcpy(file, block, sizeof block);
    memcpy(file + sizeof block, block, sizeof block);
    int n = snprintf((char *)file + 2 * sizeof block, 200, "\n%s\n", footer);
    return zone_parse(file, 2 * sizeof block + (size_t)n, z);
}

static void footers_rule_far_years(void **state)
{
    static const struct {
        const char *footer, *utc;
        int32_t offset;
    } cases[] = {
        { "CET-1", "2050-07-01", 3600 },
        { "<+0530>-5:30", "2050-07-01", 19800 },
        { "EST5EDT,M3.2.0,M11.1.0", "2050-07-01", -14400 },
        { "EST5EDT,M3.2.0,M11.1.0", "2050-01-01", -18000 },
        { "<-03>3<-02>,M3.5.0/-2,M10.5.0/-1", "2050-03-26T00:59:59Z",
          -10800 }, /* Saturday 22:00, two hours before Sunday */
        { "<-03>3<-02>,M3.5.0/-2,M10.5.0/-1", "2050-03-27T00:59:59Z", -10800 },
        { "<-03>3<-02>,M3.5.0/-2,M10.5.0/-1", "2050-03-27T01:00:00Z", -7200 },
        { "AAA0BBB,J60,J61", "2052-03-01T02:00:00Z", 3600 }, /* J60 is 1 March, leap year or not */
        { "AAA0BBB,J60,J61", "2051-03-01T02:00:00Z", 3600 },
        { "AAA0BBB,59,60", "2052-02-29T02:00:00Z", 3600 }, /* day 59 from 0 is 29 February in a leap year */
        { "AAA0BBB,59,60", "2051-03-01T02:00:00Z", 3600 },
        { "", "2050-07-01", 3600 },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct zone *z;
        if (parse_footer(cases[i].footer, &z) != ERR_OK)
            fail_msg("%s", cases[i].footer);
        if (z->offset_s(z, utc_of(cases[i].utc)) != cases[i].offset)
            fail_msg("%s at %s: %d", cases[i].footer, cases[i].utc, z->offset_s(z, utc_of(cases[i].utc)));
        zone_free(z);
    }
}

static void broken_files_are_refused(void **state)
{
    static const char *const footers[] = { "CET",
                                           "C-1",
                                           "CET-1CEST",
                                           "CET-1CEST,M3.5.0",
                                           "CET-1CEST,M13.5.0,M10.5.0",
                                           "CET-1CEST,M3.6.0,M10.5.0",
                                           "CET-1CEST,M3.5.7,M10.5.0",
                                           "CET-1CEST,J0,J1",
                                           "CET-99",
                                           "<CET-1",
                                           "CET-1 " };
    struct zone *z;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(footers); i++) {
        if (parse_footer(footers[i], &z) == ERR_OK)
            fail_msg("taken: %s", footers[i]);
    }
    assert_int_equal(zone_parse((const uint8_t *)"", 0, &z), ERR_SHORT);
    assert_int_equal(zone_parse((const uint8_t *)"TZif", 4, &z), ERR_SHORT);
    uint8_t junk[64] = "TZjf2";
    assert_int_equal(zone_parse(junk, sizeof junk, &z), ERR_MALFORMED);
}

static void steps_of_time_follow_the_local_clock(void **state)
{
    static const struct {
        const char *zone, *utc;
        int64_t step_s;
        const char *from, *to;
    } cases[] = {
        { "UTC", "2026-07-01T12:34:56Z", 86400, "2026-07-01", "2026-07-02" },
        { "Europe/Stockholm", "2026-07-01T12:34:56Z", 86400, "2026-06-30T22:00:00Z", "2026-07-01T22:00:00Z" },
        { "Europe/Stockholm", "2026-07-01T22:00:00Z", 86400, "2026-07-01T22:00:00Z", "2026-07-02T22:00:00Z" },
        { "Europe/Stockholm", "2026-07-01T21:59:59Z", 86400, "2026-06-30T22:00:00Z", "2026-07-01T22:00:00Z" },
        /* Days of 23 and 25 hours. */
        { "Europe/Stockholm", "2026-03-29T12:00:00Z", 86400, "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z" },
        { "Europe/Stockholm", "2026-10-25T12:00:00Z", 86400, "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z" },
        { "Europe/Stockholm", "2026-10-25T02:00:00Z", 21600, "2026-10-24T22:00:00Z", "2026-10-25T05:00:00Z" },
        /* Both of the hours that the clock shows twice stay steps of their own. */
        { "Europe/Stockholm", "2026-10-25T00:30:00Z", 3600, "2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z" },
        { "Europe/Stockholm", "2026-10-25T01:30:00Z", 3600, "2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z" },
        { "Asia/Kolkata", "2026-07-01T12:34:56Z", 86400, "2026-06-30T18:30:00Z", "2026-07-01T18:30:00Z" },
        { "America/New_York", "1969-12-31T12:00:00Z", 86400, "1969-12-31T05:00:00Z", "1970-01-01T05:00:00Z" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct zone *z = load(cases[i].zone);
        struct zone_step s = zone_step_of(z, utc_of(cases[i].utc), cases[i].step_s);
        if (s.from_utc != utc_of(cases[i].from) || s.to_utc != utc_of(cases[i].to))
            fail_msg("%s %s: from %lld to %lld", cases[i].zone, cases[i].utc, (long long)s.from_utc,
                     (long long)s.to_utc);
        zone_free(z);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offsets_are_those_of_the_law),  cmocka_unit_test(names_that_are_no_zones_are_not_found),
        cmocka_unit_test(local_times_find_their_second), cmocka_unit_test(footers_rule_far_years),
        cmocka_unit_test(broken_files_are_refused),      cmocka_unit_test(steps_of_time_follow_the_local_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
