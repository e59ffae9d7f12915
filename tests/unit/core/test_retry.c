/* test_retry.c — the table of adaptive retries, from the user's manual.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/base/mem.h"
#include "core/retry.h"

static void the_interval_decides(void **state)
{
    static const struct {
        int64_t interval_s;
        unsigned retries;
        int64_t delay_s;
    } cases[] = {
        { 60, 1, 0 },           { 15 * 60, 1, 0 },       { 16 * 60, 2, 300 },
        { 60 * 60, 2, 300 },    { 61 * 60, 3, 500 },     { 23 * 3600, 3, 500 },
        { 24 * 3600, 6, 3600 }, { 31 * 86400, 6, 3600 }, { 0, 9, 99 },
    };
    struct retry_plan otherwise = { 9, 99 };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct retry_plan p = retry_plan(true, cases[i].interval_s, otherwise);
        assert_int_equal(p.retries, cases[i].retries);
        assert_int_equal(p.delay_s, cases[i].delay_s);
        p = retry_plan(false, cases[i].interval_s, otherwise);
        assert_int_equal(p.retries, 9);
        assert_int_equal(p.delay_s, 99);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_interval_decides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
