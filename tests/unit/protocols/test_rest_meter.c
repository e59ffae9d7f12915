/* test_rest_meter.c — changes to a meter, member by member.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "protocols/http_call.h"

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/meter.h"
#include "protocols/rest_calls.h"

static const struct meter before = { .id = 1,
                                     .position = "hall",
                                     .ident = 0x12345678,
                                     .addressing = ADDRESSING_SECONDARY,
                                     .primary = 5,
                                     .baud = 2400,
                                     .bus = 1 };

static enum err apply(const char *body, struct meter *m, struct err_at *at)
{
    *m = before;
    *at = (struct err_at){ 0 };
    json_t *json = http_read_json(body, strlen(body), at);
    assert_non_null(json);
    enum err e = rest_meter_apply(m, json, at);
    json_decref(json);
    return e;
}

static void members_that_are_given_change_and_no_others(void **state)
{
    (void)state;
    struct meter m;
    struct err_at at;
    assert_int_equal(apply("{}", &m, &at), ERR_OK);
    assert_memory_equal(&m, &before, sizeof m);
    assert_int_equal(
        apply("{\"position\":\"Caf\\u00e9\",\"addressing\":\"PRIMARY\",\"primary_address\":255,\"baud\":38400,"
              "\"enhanced_address\":\"00c0ffee\",\"bus\":16,\"state\":\"passive\"}",
              &m, &at),
        ERR_OK);
    assert_string_equal(m.position, "Caf\xC3\xA9");
    assert_int_equal(m.addressing, ADDRESSING_PRIMARY);
    assert_int_equal(m.primary, 255);
    assert_true(m.has_enhanced);
    assert_int_equal(m.enhanced, 0x00C0FFEE);
    assert_int_equal(m.baud, 38400);
    assert_int_equal(m.bus, 16);
    assert_int_equal(m.state, METER_PASSIVE);
    assert_int_equal(apply("{\"primary_address\":null,\"enhanced_address\":null}", &m, &at), ERR_OK);
    assert_int_equal(m.primary, -1);
    assert_false(m.has_enhanced);
}

static void a_wrong_member_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *body, *field;
    } cases[] = {
        { "{\"position\":5}", "position" },
        { "{\"addressing\":\"tertiary\"}", "addressing" },
        { "{\"primary_address\":256}", "primary_address" },
        { "{\"primary_address\":-1}", "primary_address" },
        { "{\"primary_address\":\"5\"}", "primary_address" },
        { "{\"enhanced_address\":\"1234567\"}", "enhanced_address" },
        { "{\"enhanced_address\":12345678}", "enhanced_address" },
        { "{\"baud\":1200.5}", "baud" },
        { "{\"baud\":1201}", "baud" },
        { "{\"bus\":0}", "bus" },
        { "{\"bus\":17}", "bus" },
        { "{\"state\":\"gone\"}", "state" },
        { "{\"id\":7}", "id" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct meter m;
        struct err_at at;
        enum err e = apply(cases[i].body, &m, &at);
        if (e != ERR_INVALID || !str_eq(at.field, cases[i].field) || !strstr(at.text, cases[i].field))
            fail_msg("%s: %d, %s, %s", cases[i].body, e, at.field, at.text);
    }
}

static void bodies_that_are_no_objects_are_refused_with_their_place(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        unsigned line;
    } cases[] = {
        { "[]", 0 }, { "{", 1 }, { "{\n\"a\": }", 2 }, { "{\"a\":1,\"a\":2}", 1 }, { "\xFF", 1 }, { "nul", 1 }
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err_at at = { 0 };
        assert_null(http_read_json(cases[i].body, strlen(cases[i].body), &at));
        assert_int_equal(at.line, cases[i].line);
        assert_true(at.text[0]);
    }
    struct err_at at = { 0 };
    json_t *empty = http_read_json("", 0, &at);
    assert_true(json_is_object(empty));
    json_decref(empty);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_that_are_given_change_and_no_others),
        cmocka_unit_test(a_wrong_member_is_named),
        cmocka_unit_test(bodies_that_are_no_objects_are_refused_with_their_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
