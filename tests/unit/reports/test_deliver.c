/* test_deliver.c — which answers are a delivery, and what is said of the others.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "reports/deliver.h"

static void any_2xx_is_a_delivery_and_the_rest_is_explained(void **state)
{
    (void)state;
    static const struct {
        long status;
        enum err err;
        const char *text;
    } cases[] = {
        { 200, ERR_OK, "" },
        { 201, ERR_OK, "" },
        { 204, ERR_OK, "" },
        { 299, ERR_OK, "" },
        { 199, ERR_DELIVERY, "the server answered 199" },
        { 301, ERR_DELIVERY, "the server answered 301: redirects are not followed, set the URL it names" },
        { 401, ERR_DELIVERY, "the server answered 401: it refuses the user or the password" },
        { 413, ERR_DELIVERY, "the server answered 413: the report is too long for it" },
        { 500, ERR_DELIVERY, "the server answered 500" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct fetch_result r = { .status = cases[i].status };
        struct err_at at = { 0 };
        enum err e = delivery_judge(ERR_OK, &r, &at);
        if (e != cases[i].err || !str_eq(at.text, cases[i].text))
            fail_msg("%ld: %s, %s", cases[i].status, err_name(e), at.text);
    }
}

static void a_transfer_that_failed_is_told_as_it_was(void **state)
{
    (void)state;
    const struct fetch_result r = { .status = 200, .text = "host:80: no answer within 60 s" };
    struct err_at at = { 0 };
    assert_int_equal(delivery_judge(ERR_TIMEOUT, &r, &at), ERR_TIMEOUT);
    assert_string_equal(at.text, r.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_2xx_is_a_delivery_and_the_rest_is_explained),
        cmocka_unit_test(a_transfer_that_failed_is_told_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
