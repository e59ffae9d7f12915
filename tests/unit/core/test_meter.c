/* test_meter.c — the meter list in memory.
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
#include "core/meter.h"

static struct meter secondary(uint32_t ident)
{
    return (struct meter){ .ident = ident, .addressing = ADDRESSING_SECONDARY, .primary = -1, .baud = 2400, .bus = 1 };
}

static struct meter primary(int16_t address)
{
    return (struct meter){
        .ident = METER_NO_IDENT, .addressing = ADDRESSING_PRIMARY, .primary = address, .baud = 2400, .bus = 1
    };
}

static void meters_get_numbers_that_are_never_given_again(void **state)
{
    struct meters *ms = meters_create();
    struct meter *m;
    (void)state;
    for (uint32_t i = 1; i <= 200; i++) {
        struct meter one = secondary(i);
        assert_int_equal(meters_add(ms, &one, &m, NULL), ERR_OK);
        assert_int_equal(m->id, i);
    }
    assert_int_equal(meters_count(ms), 200);
    assert_int_equal(meters_remove(ms, 200), ERR_OK);
    assert_int_equal(meters_remove(ms, 7), ERR_OK);
    assert_int_equal(meters_remove(ms, 7), ERR_NOT_FOUND);
    assert_null(meters_find(ms, 7));
    assert_int_equal(meters_find(ms, 8)->ident, 8);
    assert_int_equal(meters_after(ms, 6)->id, 8);
    assert_int_equal(meters_after(ms, 0)->id, 1);
    assert_null(meters_after(ms, 199));
    assert_null(meters_after(ms, UINT32_MAX));
    struct meter one = secondary(0x99);
    one.ident = 0x12345678;
    assert_int_equal(meters_add(ms, &one, &m, NULL), ERR_OK);
    assert_int_equal(m->id, 201);
    meters_set_next_id(ms, 500);
    meters_set_next_id(ms, 3);
    assert_int_equal(meters_next_id(ms), 500);
    one.id = 7; /* as loaded from the store, in any order */
    one.ident = 0x77777777;
    assert_int_equal(meters_add(ms, &one, &m, NULL), ERR_OK);
    assert_int_equal(meters_at(ms, 6)->id, 7);
    m->state = METER_PASSIVE;
    assert_int_equal(meters_count_state(ms, METER_PASSIVE), 1);
    assert_int_equal(meters_count_state(ms, METER_ACTIVE), 199);
    meters_free(ms);
}

static void two_meters_of_one_address_are_refused(void **state)
{
    struct meters *ms = meters_create();
    struct err_at at = { 0 };
    struct meter a = secondary(0x13001651), b = a, p = primary(5), q = p;
    (void)state;
    assert_int_equal(meters_add(ms, &a, NULL, &at), ERR_OK);
    assert_int_equal(meters_add(ms, &b, NULL, &at), ERR_EXISTS);
    assert_string_equal(at.text, "13001651 on bus 1 is meter number 1 already");
    assert_string_equal(at.field, "secondary_address");
    b.bus = 2;
    assert_int_equal(meters_add(ms, &b, NULL, &at), ERR_OK);
    assert_int_equal(meters_add(ms, &p, NULL, &at), ERR_OK);
    assert_int_equal(meters_add(ms, &q, NULL, &at), ERR_EXISTS);
    assert_string_equal(at.text, "primary address 5 on bus 1 is meter number 3 already");
    assert_string_equal(at.field, "primary_address");
    q.primary = 6;
    q.ident = 0x13001651; /* the meter that is reached by its secondary address already */
    assert_int_equal(meters_add(ms, &q, NULL, &at), ERR_EXISTS);
    assert_string_equal(at.field, "secondary_address");
    meters_free(ms);
}

static void meters_of_one_number_and_two_makers_are_two(void **state)
{
    struct meters *ms = meters_create();
    struct meter a = secondary(0x11111111), b = a, unknown = a;
    (void)state;
    a.is_known = b.is_known = true;
    a.maker = 1;
    b.maker = 2;
    assert_int_equal(meters_add(ms, &a, NULL, NULL), ERR_OK);
    assert_int_equal(meters_add(ms, &b, NULL, NULL), ERR_OK);
    assert_int_equal(meters_add(ms, &unknown, NULL, NULL), ERR_EXISTS);
    meters_free(ms);
}

static void a_change_is_checked_like_a_new_meter(void **state)
{
    struct meters *ms = meters_create();
    struct meter a = secondary(0x11111111), b = secondary(0x22222222), *m;
    struct err_at at = { 0 };
    (void)state;
    assert_int_equal(meters_add(ms, &a, NULL, NULL), ERR_OK);
    assert_int_equal(meters_add(ms, &b, &m, NULL), ERR_OK);
    struct meter change = *m;
    change.ident = 0x11111111;
    assert_int_equal(meters_update(ms, &change, &at), ERR_EXISTS);
    change.ident = 0x22222222;
    change.baud = 1234;
    assert_int_equal(meters_update(ms, &change, &at), ERR_RANGE);
    assert_int_equal(m->baud, 2400);
    change.baud = 300;
    assert_int_equal(meters_update(ms, &change, &at), ERR_OK);
    assert_int_equal(m->baud, 300);
    change.id = 99;
    assert_int_equal(meters_update(ms, &change, &at), ERR_NOT_FOUND);
    meters_free(ms);
}

static void what_a_meter_needs_is_checked(void **state)
{
    struct meter good = secondary(1), m;
    struct err_at at;
    (void)state;
    assert_int_equal(meter_check(&good, NULL), ERR_OK);
    m = good;
    m.bus = 0;
    assert_int_equal(meter_check(&m, &at), ERR_RANGE);
    m.bus = 17;
    assert_int_equal(meter_check(&m, &at), ERR_RANGE);
    m = good;
    m.addressing = ADDRESSING_PRIMARY;
    assert_int_equal(meter_check(&m, &at), ERR_INVALID);
    m.primary = 256;
    assert_int_equal(meter_check(&m, &at), ERR_RANGE);
    assert_string_equal(at.field, "primary_address");
    m = good;
    m.ident = METER_NO_IDENT;
    assert_int_equal(meter_check(&m, &at), ERR_INVALID);
    m = good;
    str_copy(m.position, sizeof m.position, "\xFF");
    assert_int_equal(meter_check(&m, &at), ERR_INVALID);
    assert_string_equal(at.field, "position");
}

static void the_list_ends_somewhere(void **state)
{
    struct meters *ms = meters_create();
    (void)state;
    for (uint32_t i = 0; i < METERS_MAX; i++) {
        struct meter m = secondary(i);
        m.bus = (uint8_t)(1 + i % BUS_N);
        assert_int_equal(meters_add(ms, &m, NULL, NULL), ERR_OK);
    }
    struct meter m = secondary(0x99999999);
    assert_int_equal(meters_add(ms, &m, NULL, NULL), ERR_TOO_MANY);
    meters_free(ms);
}

static void words_are_read_in_any_case(void **state)
{
    enum addressing a;
    enum meter_state s;
    (void)state;
    assert_true(addressing_parse("eSecondary", &a) && a == ADDRESSING_ESECONDARY);
    assert_false(addressing_parse("tertiary", &a));
    assert_true(meter_state_parse("Passive", &s) && s == METER_PASSIVE);
    assert_false(meter_state_parse("gone", &s));
    assert_string_equal(addressing_name(ADDRESSING_PRIMARY), "primary");
    assert_string_equal(meter_state_name(METER_ACTIVE), "active");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(meters_get_numbers_that_are_never_given_again),
        cmocka_unit_test(two_meters_of_one_address_are_refused),
        cmocka_unit_test(meters_of_one_number_and_two_makers_are_two),
        cmocka_unit_test(a_change_is_checked_like_a_new_meter),
        cmocka_unit_test(what_a_meter_needs_is_checked),
        cmocka_unit_test(the_list_ends_somewhere),
        cmocka_unit_test(words_are_read_in_any_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
