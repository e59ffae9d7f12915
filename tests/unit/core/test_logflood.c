/* test_logflood.c — one fault does not fill the log.
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
#include "core/logflood.h"

struct seen {
    int n;
    char text[LOG_TEXT_MAX], origin[LOG_ORIGIN_MAX];
};

static void note(void *ctx, enum log_level level, const char *origin, const char *text)
{
    struct seen *s = ctx;
    assert_int_equal(level, LOG_LEVEL_WARNING);
    s->n++;
    str_copy(s->text, sizeof s->text, text);
    str_copy(s->origin, sizeof s->origin, origin);
}

static void put(struct logflood *f, int64_t now_ms, const char *origin, const char *text)
{
    logflood_put(f, now_ms, LOG_LEVEL_WARNING, origin, text);
}

static void repeated_lines_are_summed_up_after_a_minute(void **state)
{
    struct seen s = { 0 };
    struct logflood *f = logflood_create(note, &s);
    (void)state;
    for (int i = 0; i < 60; i++)
        put(f, i * 1000, "bus1", "no answer");
    assert_int_equal(s.n, 1);
    assert_int_equal(logflood_tick(f, 59999), 60000);
    assert_int_equal(s.n, 1);
    assert_int_equal(logflood_tick(f, 60000), INT64_MAX);
    assert_int_equal(s.n, 2);
    assert_string_equal(s.text, "59 more within a minute: no answer");
    assert_string_equal(s.origin, "bus1");
    put(f, 61000, "bus1", "no answer");
    assert_int_equal(s.n, 3);
    assert_string_equal(s.text, "no answer");
    logflood_free(f);
}

static void a_put_sums_up_what_is_due(void **state)
{
    struct seen s = { 0 };
    struct logflood *f = logflood_create(note, &s);
    (void)state;
    put(f, 0, "bus1", "a");
    put(f, 1, "bus1", "a");
    put(f, 70000, "bus1", "a");
    assert_int_equal(s.n, 3);
    assert_string_equal(s.text, "a");
    logflood_free(f);
}

static void other_lines_and_origins_pass(void **state)
{
    struct seen s = { 0 };
    struct logflood *f = logflood_create(note, &s);
    (void)state;
    put(f, 0, "bus1", "a");
    put(f, 0, "bus2", "a");
    put(f, 0, "bus1", "b");
    assert_int_equal(s.n, 3);
    logflood_tick(f, 60000);
    assert_int_equal(s.n, 3);
    logflood_free(f);
    logflood_free(NULL);
}

static void the_table_is_bounded(void **state)
{
    struct seen s = { 0 };
    struct logflood *f = logflood_create(note, &s);
    char text[32];
    (void)state;
    put(f, 0, "x", "first");
    put(f, 0, "x", "first");
    for (int i = 0; i < 300; i++) {
        str_fmt(text, sizeof text, "line %d", i);
        put(f, 1, "x", text);
    }
    assert_int_equal(s.n, 302); /* 301 lines, and the sum of the first when it was pushed out */
    put(f, 2, "x", "first");
    assert_int_equal(s.n, 303);
    logflood_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(repeated_lines_are_summed_up_after_a_minute),
        cmocka_unit_test(a_put_sums_up_what_is_due),
        cmocka_unit_test(other_lines_and_origins_pass),
        cmocka_unit_test(the_table_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
