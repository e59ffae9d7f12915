/* test_err.c — the table of errors and what is said about them.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <errno.h>

#include "core/base/err.h"
#include "core/base/mem.h"

static void every_error_has_a_name_and_a_text_of_its_own(void **state)
{
    (void)state;
    for (int a = 0; a < ERR_N; a++) {
        assert_true(err_name((enum err)a)[0] != 0);
        assert_true(err_text((enum err)a)[0] != 0);
        for (int b = 0; b < a; b++)
            assert_string_not_equal(err_name((enum err)a), err_name((enum err)b));
    }
}

static void the_kernels_errors_are_translated(void **state)
{
    static const struct {
        int number;
        enum err err;
    } cases[] = {
        { 0, ERR_OK },         { ENOENT, ERR_NOT_FOUND },   { ENOSPC, ERR_DISK_FULL }, { EACCES, ERR_PERMISSION },
        { EPIPE, ERR_CLOSED }, { ETIMEDOUT, ERR_TIMEOUT },  { ENODEV, ERR_PORT_DOWN }, { EIO, ERR_IO },
        { 9999, ERR_IO },      { EADDRINUSE, ERR_CONFLICT }
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_int_equal(err_from_errno(cases[i].number), cases[i].err);
}

static void a_refusal_keeps_what_its_caller_knows(void **state)
{
    struct err_at at = { .line = 3, .field = "web.port" };
    (void)state;
    assert_int_equal(err_say(&at, ERR_RANGE, "%d is too much", 7), ERR_RANGE);
    assert_string_equal(at.text, "7 is too much");
    assert_string_equal(at.field, "web.port");
    assert_int_equal(at.line, 3);
    assert_false(at.has_offset);
    assert_int_equal(err_say_offset(&at, ERR_SHORT, 0, "empty"), ERR_SHORT);
    assert_true(at.has_offset);
    assert_int_equal(err_say(NULL, ERR_RANGE, "nobody listens"), ERR_RANGE);
    assert_int_equal(err_say_offset(NULL, ERR_RANGE, 1, "nobody listens"), ERR_RANGE);
}

static void a_long_text_is_cut_between_characters(void **state)
{
    struct err_at at = { 0 };
    char text[600] = "x";
    (void)state;
    for (int i = 0; i < 150; i++)
        strcat(text, "\xC3\xA5");
    err_say(&at, ERR_RANGE, "%s", text);
    assert_int_equal(strlen(at.text), 199);
    err_say(&at, ERR_RANGE, "%s", text + 1);
    assert_int_equal(strlen(at.text), 198);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_has_a_name_and_a_text_of_its_own),
        cmocka_unit_test(the_kernels_errors_are_translated),
        cmocka_unit_test(a_refusal_keeps_what_its_caller_knows),
        cmocka_unit_test(a_long_text_is_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
