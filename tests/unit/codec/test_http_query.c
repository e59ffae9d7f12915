/* test_http_query.c — queries are decoded once, weights of Accept lists are understood.
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
#include "protocols/codec/http_query.h"

static void queries_are_decoded_once(void **state)
{
    (void)state;
    static const struct {
        const char *query, *name, *value; /* name NULL: refused; value NULL: not there */
    } cases[] = {
        { "a=1&b=2", "b", "2" },
        { "a=1&b=2", "c", NULL },
        { "", "a", NULL },
        { "a", "a", "" },
        { "a=", "a", "" },
        { "a=b=c", "a", "b=c" },
        { "a=x+y%2Bz", "a", "x y+z" },
        { "a=%2526", "a", "%26" },
        { "&&a=1&", "a", "1" },
        { "caf%C3%A9=1", "café", "1" },
        { "a=1&a=2", NULL, NULL },
        { "a=%", NULL, NULL },
        { "a=%0", NULL, NULL },
        { "a=%00", NULL, NULL },
        { "a=%FF", NULL, NULL },
        { "a=%gg", NULL, NULL },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct http_query q = { 0 };
        char text[64];
        struct err_at at = { 0 };
        enum err e = http_query_parse(cases[i].query, text, 2 * strlen(cases[i].query) + 2, &q, &at);
        if ((e == ERR_OK) != (cases[i].name != NULL))
            fail_msg("%s: %d", cases[i].query, e);
        if (e == ERR_OK && !str_eq(http_query_get(&q, cases[i].name), cases[i].value))
            fail_msg("%s: %s", cases[i].query, http_query_get(&q, cases[i].name));
        assert_true(e == ERR_OK || at.text[0]);
    }
}

static void a_query_of_too_many_parameters_is_refused(void **state)
{
    (void)state;
    char query[1024] = "", text[1024];
    for (int i = 0; i <= HTTP_PARAMS_MAX; i++) {
        struct http_query q;
        assert_int_equal(http_query_parse(query, text, sizeof text, &q, NULL), ERR_OK);
        char one[16];
        str_fmt(one, sizeof one, "p%d=1&", i);
        strcat(query, one);
    }
    struct http_query q;
    assert_int_equal(http_query_parse(query, text, sizeof text, &q, NULL), ERR_TOO_MANY);
}

static void wishes_for_formats_are_understood(void **state)
{
    (void)state;
    static const struct {
        const char *accept;
        bool csv;
    } csv[] = {
        { NULL, false },
        { "*/*", false },
        { "text/csv", true },
        { "text/csv, application/json;q=0.5", true },
        { "application/json, text/csv;q=0.5", false },
        { "Text/CSV; charset=utf-8", true },
        { "text/csv;q=0", false },
        { "text/csvx", false },
    };
    for (size_t i = 0; i < COUNT_OF(csv); i++)
        if (http_accepts(csv[i].accept, "text/csv") != csv[i].csv)
            fail_msg("Accept: %s", csv[i].accept);
    assert_true(http_accepts_gzip("gzip, deflate, br"));
    assert_true(http_accepts_gzip("br;q=1.0, gzip;q=0.8, *;q=0.1"));
    assert_true(http_accepts_gzip("*"));
    assert_false(http_accepts_gzip(NULL));
    assert_false(http_accepts_gzip("identity"));
    assert_false(http_accepts_gzip("gzip;q=0, *"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(queries_are_decoded_once),
        cmocka_unit_test(a_query_of_too_many_parameters_is_refused),
        cmocka_unit_test(wishes_for_formats_are_understood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
