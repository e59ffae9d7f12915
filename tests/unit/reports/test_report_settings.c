/* test_report_settings.c — durations, servers, retries, presets, and what the settings refuse.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "reports/report_settings.h"

static void durations_are_a_number_and_a_letter(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum err err;
        int64_t seconds;
    } cases[] = {
        { "auto", ERR_OK, 0 },
        { "45s", ERR_OK, 45 },
        { "15m", ERR_OK, 900 },
        { "24h", ERR_OK, 86400 },
        { "7d", ERR_OK, 604800 },
        { "2w", ERR_OK, 1209600 },
        { "all", ERR_SYNTAX, -1 },
        { "", ERR_SYNTAX, -1 },
        { "h", ERR_SYNTAX, -1 },
        { "12", ERR_SYNTAX, -1 },
        { "1x", ERR_SYNTAX, -1 },
        { "0h", ERR_RANGE, -1 },
        { "-1h", ERR_RANGE, -1 },
        { "1.5h", ERR_SYNTAX, -1 },
        { "4000d", ERR_RANGE, -1 },
        { "1 h", ERR_SYNTAX, -1 },
        { "12345678901234567890h", ERR_SYNTAX, -1 },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t seconds = -1;
        enum err e = duration_parse(cases[i].text, "auto", &seconds);
        if (e != cases[i].err || seconds != cases[i].seconds)
            fail_msg("%s: %s, %lld", cases[i].text, err_name(e), (long long)seconds);
    }
}

static void a_report_goes_to_its_own_server_or_the_default_one(void **state)
{
    (void)state;
    struct report_cfg report = { .user = "own", .password = "secret" };
    struct http_cfg http = { .url = "http://default/", .user = "all", .password = "word" };
    struct report_server s = report_server(&report, &http);
    assert_string_equal(s.url, "http://default/");
    assert_string_equal(s.user, "all"); /* the own user is not told to another server */

    str_copy(report.url, sizeof report.url, "http://own/");
    s = report_server(&report, &http);
    assert_string_equal(s.url, "http://own/");
    assert_string_equal(s.password, "secret");

    report.auth = AUTH_NONE;
    s = report_server(&report, &http);
    assert_null(s.user);
    assert_null(s.password);

    report.url[0] = http.url[0] = '\0';
    assert_null(report_server(&report, &http).url);
}

static void retries_come_from_the_schedule_the_report_or_the_jobs(void **state)
{
    (void)state;
    const struct jobs_cfg jobs = { 4, 100 };
    const struct push_cfg adaptive = { true }, fixed = { false };
    const struct report_cfg plain = { .retries = -1, .retry_offset_s = -1 },
                            own = { .retries = 9, .retry_offset_s = 0 };
    struct retry_plan p = report_retries(&plain, &adaptive, &jobs, 900);
    assert_int_equal(p.retries, 1);
    assert_int_equal(p.delay_s, 0);
    p = report_retries(&plain, &fixed, &jobs, 900);
    assert_int_equal(p.retries, 4);
    assert_int_equal(p.delay_s, 100);
    p = report_retries(&own, &fixed, &jobs, 900);
    assert_int_equal(p.retries, 9);
    assert_int_equal(p.delay_s, 0);
}

static void presets_are_known_in_any_case(void **state)
{
    (void)state;
    assert_true(report_cron_is_preset("*/15 * * * *"));
    assert_true(report_cron_is_preset("0 0 * * MON"));
    assert_false(report_cron_is_preset("7 * * * *"));
    assert_false(report_cron_is_preset(""));
}

static void wrong_reports_are_refused_with_a_sentence(void **state)
{
    (void)state;
    static const struct {
        const char *key, *value, *text;
    } cases[] = {
        { "report1.type", "ftp", "type = ftp: only http reports can be enabled in this version" },
        { "report1.type", "mqtt", "type = mqtt: only http reports can be enabled in this version" },
        { "report1.template", "101", "template = 101: this version has the template 115 only" },
        { "report1.cron", "", "an enabled report needs a cron pattern" },
        { "report1.period", "yesterday", "period = yesterday: auto or a time such as 24h or 7d is needed" },
        { "report1.interval", "auto", "interval = auto: all or a time such as 15m, 1h or 1d is needed" },
    };
    size_t n = 0;
    while (report_tables[n])
        n++;
    struct settings *s = settings_create(report_tables, n);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err_at at = { 0 };
        settings_begin(s);
        assert_int_equal(settings_set(s, "report1.enabled", "true", &at), ERR_OK);
        enum err e = settings_set(s, cases[i].key, cases[i].value, &at);
        if (e == ERR_OK)
            e = settings_commit(s, &at);
        else
            settings_abort(s);
        if (e == ERR_OK || !strstr(at.text, cases[i].text))
            fail_msg("%s = %s: %s", cases[i].key, cases[i].value, at.text);
    }
    struct err_at at = { 0 };
    settings_begin(s);
    assert_int_equal(settings_set(s, "report2.type", "email", &at), ERR_OK); /* what is not enabled may wait */
    assert_int_equal(settings_commit(s, &at), ERR_OK);
    settings_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_are_a_number_and_a_letter),
        cmocka_unit_test(a_report_goes_to_its_own_server_or_the_default_one),
        cmocka_unit_test(retries_come_from_the_schedule_the_report_or_the_jobs),
        cmocka_unit_test(presets_are_known_in_any_case),
        cmocka_unit_test(wrong_reports_are_refused_with_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
