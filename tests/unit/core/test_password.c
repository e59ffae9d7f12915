/* test_password.c — which passwords are good enough.
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
#include "core/password.h"

static void rules_are_told_in_sentences(void **state)
{
    static const struct {
        const char *user, *password, *why;
    } cases[] = {
        { "admin", "Correct-Horse-42", NULL },
        { "admin", "tr0ub4dor", NULL },
        { "admin", "l\xC3\xA5ngt l\xC3\xB6sen 1", NULL },
        { NULL, "abcdefg1h", NULL },
        { "admin", "", "The password is shorter than 8 characters." },
        { "admin", "short1", "The password is shorter than 8 characters." },
        { "admin",
          "\xC3\xA5\xC3\xA5\xC3\xA5\xC3\xA5"
          "1",
          "The password is shorter than 8 characters." },
        { "admin", "onlyletters", "The password needs letters and digits." },
        { "admin", "12345678", "The password needs letters and digits." },
        { "admin", "-----------", "The password needs letters and digits." },
        { "Operator1", "operator1", "The password is the user name." },
        { "admin", "Password123", "The password is one of those that everybody tries first." },
        { "admin", "metergate1", "The password is one of those that everybody tries first." },
        { "admin", "abcdefg1\xFF", "The password is not valid UTF-8." },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err_at at = { 0 };
        assert_int_equal(password_check(cases[i].user, cases[i].password, &at),
                         cases[i].why ? ERR_PASSWORD_WEAK : ERR_OK);
        assert_string_equal(at.text, cases[i].why ? cases[i].why : "");
    }
}

static void the_longest_password_has_128_bytes(void **state)
{
    char text[130] = "1";
    struct err_at at = { 0 };
    (void)state;
    memset(text + 1, 'a', 127);
    assert_int_equal(password_check("admin", text, &at), ERR_OK);
    text[128] = 'a';
    assert_int_equal(password_check("admin", text, &at), ERR_PASSWORD_WEAK);
    assert_string_equal(at.text, "The password is longer than 128 bytes.");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_are_told_in_sentences),
        cmocka_unit_test(the_longest_password_has_128_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
