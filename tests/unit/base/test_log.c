/* test_log.c — lines to sinks.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"

struct seen {
    int n;
    enum log_level level;
    char origin[LOG_ORIGIN_MAX], text[LOG_TEXT_MAX];
    bool logs_itself;
};

static void note(void *ctx, enum log_level level, const char *origin, const char *text)
{
    struct seen *s = ctx;
    s->n++;
    s->level = level;
    str_copy(s->origin, sizeof s->origin, origin);
    str_copy(s->text, sizeof s->text, text);
    if (s->logs_itself)
        log_error("sink", "and another");
}

static void sinks_get_lines_until_they_are_removed(void **state)
{
    struct seen s = { 0 };
    (void)state;
    log_set_stderr(false, LOG_LEVEL_INFO);
    log_add_sink(note, &s);
    log_warn("bus1", "meter %d: no answer", 7);
    assert_int_equal(s.n, 1);
    assert_int_equal(s.level, LOG_LEVEL_WARNING);
    assert_string_equal(s.origin, "bus1");
    assert_string_equal(s.text, "meter 7: no answer");
    log_debug("bus1", "bytes");
    assert_int_equal(s.n, 1);
    log_remove_sink(note, &s);
    log_info("bus1", "unheard");
    assert_int_equal(s.n, 1);
}

static void a_line_stays_one_line_and_ends(void **state)
{
    struct seen s = { 0 };
    char text[2000];
    (void)state;
    log_add_sink(note, &s);
    log_info("x", "a\r\nb\x7F"
                  "c\xC3\xA5");
    assert_string_equal(s.text, "a  b c\xC3\xA5");
    memset(text, 'y', sizeof text);
    text[sizeof text - 1] = 0;
    log_info("x", "%s", text);
    assert_int_equal(strlen(s.text), LOG_TEXT_MAX - 1);
    log_remove_sink(note, &s);
}

static void what_a_sink_logs_does_not_come_back_to_it(void **state)
{
    struct seen s = { .logs_itself = true };
    (void)state;
    log_add_sink(note, &s);
    log_info("x", "once");
    assert_int_equal(s.n, 1);
    log_remove_sink(note, &s);
}

static void nobody_waits_for_a_reader_of_standard_error(void **state)
{
    struct seen s = { 0 };
    char page[4096] = { 0 };
    int ends[2], kept = dup(STDERR_FILENO);
    (void)state;
    assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
    while (write(ends[1], page, sizeof page) > 0) {
    }
    assert_int_equal(fcntl(ends[1], F_SETFL, 0), 0); /* full, and whoever writes now waits */
    assert_int_equal(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
    log_set_stderr(true, LOG_LEVEL_INFO);
    log_add_sink(note, &s);
    alarm(5); /* instead of hanging for ever */
    log_info("x", "a line that has no room");
    alarm(0);
    log_set_stderr(false, LOG_LEVEL_INFO);
    log_remove_sink(note, &s);
    assert_int_equal(dup2(kept, STDERR_FILENO), STDERR_FILENO);
    assert_int_equal(s.n, 1);
    close(kept);
    close(ends[0]);
    close(ends[1]);
}

static void levels_have_names_and_numbers(void **state)
{
    static const struct {
        const char *text;
        enum log_level level;
    } cases[] = { { "debug", LOG_LEVEL_DEBUG }, { "-2", LOG_LEVEL_DEBUG },    { "Warning", LOG_LEVEL_WARNING },
                  { "2", LOG_LEVEL_ERROR },     { "event", LOG_LEVEL_EVENT }, { "6", LOG_LEVEL_EVENT } };
    enum log_level level = LOG_LEVEL_INFO;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(log_level_parse(cases[i].text, &level), ERR_OK);
        assert_int_equal(level, cases[i].level);
    }
    assert_int_equal(log_level_parse("7", &level), ERR_SYNTAX);
    assert_int_equal(log_level_parse("", &level), ERR_SYNTAX);
    assert_string_equal(log_level_name(LOG_LEVEL_ERROR), "error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sinks_get_lines_until_they_are_removed),
        cmocka_unit_test(a_line_stays_one_line_and_ends),
        cmocka_unit_test(what_a_sink_logs_does_not_come_back_to_it),
        cmocka_unit_test(nobody_waits_for_a_reader_of_standard_error),
        cmocka_unit_test(levels_have_names_and_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
