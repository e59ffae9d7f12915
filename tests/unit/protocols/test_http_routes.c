/* test_http_routes.c — which call a path means, and that the table keeps its own rules.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "protocols/http_call.h"

#include "core/base/mem.h"
#include "core/base/str.h"

static void paths_lead_to_their_calls(void **state)
{
    (void)state;
    static const struct {
        enum http_method method;
        const char *path, *route, *arg; /* route NULL: none */
        unsigned allow;                 /* methods of a path that does not take this one */
    } cases[] = {
        { HTTP_GET, "/healthz", "/healthz", NULL, 0 },
        { HTTP_GET, "/api/v1/meters", "/api/v1/meters", NULL, 0 },
        { HTTP_GET, "/api/v1/meters/17", "/api/v1/meters/{id}", "17", 0 },
        { HTTP_GET, "/api/v1/meters/17/latest", "/api/v1/meters/{id}/latest", "17", 0 },
        { HTTP_PATCH, "/api/v1/users/b\xC3\xB6rge", "/api/v1/users/{name}", "b\xC3\xB6rge", 0 },
        { HTTP_GET, "/api/v1/settings/schema", "/api/v1/settings/schema", NULL, 0 },
        { HTTP_GET, "/api/v1/meters/", NULL, NULL, 0 },
        { HTTP_GET, "/api/v1/meters/17/", NULL, NULL, 0 },
        { HTTP_GET, "/api/v1/meters//latest", NULL, NULL, 0 },
        { HTTP_GET, "/api/v1/meters/17/latest/x", NULL, NULL, 0 },
        { HTTP_GET, "/api/v1/meter", NULL, NULL, 0 },
        { HTTP_GET, "/", NULL, NULL, 0 },
        { HTTP_GET, "/api/v1/keys/template", "/api/v1/keys/template", NULL, 0 },
        { HTTP_DELETE, "/api/v1/keys/template", NULL, NULL, 1u << HTTP_GET },
        { HTTP_DELETE, "/api/v1/keys/templates", "/api/v1/keys/{id}", "templates", 0 },
        { HTTP_PUT, "/api/v1/meters", NULL, NULL, 1u << HTTP_GET | 1u << HTTP_POST },
        { HTTP_POST, "/api/v1/system", NULL, NULL, 1u << HTTP_GET },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *arg[CALL_ARGS_MAX] = { NULL };
        char *texts = NULL;
        unsigned allow = 0;
        const struct http_route *r = http_route_find(cases[i].method, cases[i].path, arg, &texts, &allow);
        if (!str_eq(r ? r->path : NULL, cases[i].route) || !str_eq(arg[0], cases[i].arg))
            fail_msg("%s: %s, %s", cases[i].path, r ? r->path : "none", arg[0] ? arg[0] : "no argument");
        if (!r && allow != cases[i].allow)
            fail_msg("%s allows %x", cases[i].path, allow);
        free(texts);
    }
}

/* Only what gives out no data of the gateway may be open, and what changes something is not for viewers. */
static void rows_keep_the_rules_of_access(void **state)
{
    (void)state;
    static const char *const open[] = { "/healthz", "/api/v1/openapi.json", "/api/v1/session" };
    static const char *const own[] = { "/api/v1/session", "/api/v1/password", "/api/v1/sessions/{id}" };
    for (size_t i = 0; i < http_n_routes; i++) {
        const struct http_route *r = &http_routes[i];
        bool is_open = false, is_own = false;
        for (size_t k = 0; k < COUNT_OF(open); k++)
            is_open |= str_eq(r->path, open[k]);
        for (size_t k = 0; k < COUNT_OF(own); k++)
            is_own |= str_eq(r->path, own[k]);
        if (r->access == OPEN_TO_ALL && !is_open)
            fail_msg("%s is open to all", r->path);
        if (r->method != HTTP_GET && r->access < FOR_OPERATOR && !is_own)
            fail_msg("%s %s is for viewers", http_method_name(r->method), r->path);
        assert_true(r->summary[0] && r->status >= 200 && r->status < 300);
        assert_true((r->status == 204) == (r->gives == NULL));
    }
}

static void no_call_stands_twice(void **state)
{
    (void)state;
    for (size_t i = 0; i < http_n_routes; i++)
        for (size_t k = 0; k < i; k++)
            assert_false(http_routes[i].method == http_routes[k].method &&
                         str_eq(http_routes[i].path, http_routes[k].path));
}

static void errors_have_the_status_that_the_interface_names(void **state)
{
    (void)state;
    static const struct {
        enum err e;
        int status;
    } cases[] = { { ERR_AUTH, 401 },      { ERR_DENIED, 403 },        { ERR_PASSWORD_CHANGE, 403 },
                  { ERR_NOT_FOUND, 404 }, { ERR_CONFLICT, 409 },      { ERR_EXISTS, 409 },
                  { ERR_TOO_BIG, 413 },   { ERR_INVALID, 422 },       { ERR_SYNTAX, 422 },
                  { ERR_RANGE, 422 },     { ERR_PASSWORD_WEAK, 422 }, { ERR_UNKNOWN_KEY, 422 },
                  { ERR_THROTTLED, 429 }, { ERR_INTERNAL, 500 },      { ERR_IO, 500 },
                  { ERR_DISK_FULL, 507 } };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_int_equal(call_status_of(cases[i].e), cases[i].status);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_lead_to_their_calls),
        cmocka_unit_test(rows_keep_the_rules_of_access),
        cmocka_unit_test(no_call_stands_twice),
        cmocka_unit_test(errors_have_the_status_that_the_interface_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
