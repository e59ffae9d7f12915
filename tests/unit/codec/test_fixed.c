/* test_fixed.c — the fixed data structure.
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
#include "protocols/codec/mbus/apdu.h"

static enum err read_hex(const char *hex, bool is_msb_first, struct telegram_head *head, struct value values[2])
{
    uint8_t bytes[32];
    size_t len;
    assert_int_equal(str_from_hex(hex, strlen(hex), bytes, sizeof bytes, &len), ERR_OK);
    struct rd r = rd_init(bytes, len);
    return apdu_read_fixed(&r, is_msb_first, head, values);
}

/* The example of the user group's paper: 1 l now, 135 l at the fixed date. */
static void the_papers_water_meter(void **state)
{
    (void)state;
    struct telegram_head head;
    struct value v[2];
    assert_int_equal(read_hex("78563412"
                              "0a00"
                              "e97e"
                              "01000000"
                              "35010000",
                              false, &head, v),
                     ERR_OK);
    assert_int_equal(head.ident, 0x12345678);
    assert_int_equal(head.access_no, 10);
    assert_int_equal(head.medium, 7);
    assert_int_equal(v[0].quantity, Q_VOLUME);
    assert_int_equal(v[0].unit, UNIT_L);
    assert_int_equal(v[0].mantissa, 1);
    assert_int_equal(v[0].storage, 0);
    assert_int_equal(v[1].unit, UNIT_L);
    assert_int_equal(v[1].mantissa, 135);
    assert_int_equal(v[1].storage, 1);
    assert_int_equal(v[1].index, 1);
}

static void counters_are_binary_when_the_status_says_so(void **state)
{
    (void)state;
    struct telegram_head head;
    struct value v[2];
    assert_int_equal(read_hex("78563412"
                              "0001"
                              "053f"
                              "10270000"
                              "ffffffff",
                              false, &head, v),
                     ERR_OK);
    assert_int_equal(v[0].quantity, Q_ENERGY);
    assert_int_equal(v[0].exp10, 3);
    assert_int_equal(v[0].mantissa, 10000);
    assert_int_equal(v[1].quantity, Q_DIMENSIONLESS);
    assert_int_equal(v[1].mantissa, 4294967295);
}

static void hex_digits_in_bcd_are_no_number(void **state)
{
    (void)state;
    struct telegram_head head;
    struct value v[2];
    assert_int_equal(read_hex("78563412"
                              "0000"
                              "053f"
                              "1A270000"
                              "99999999",
                              false, &head, v),
                     ERR_OK);
    assert_int_equal(v[0].kind, VALUE_NONE);
    assert_int_equal(v[0].note, NOTE_INVALID_DIGITS);
    assert_int_equal(v[1].mantissa, 99999999);
}

static void byte_order_follows_ci_or_medium(void **state)
{
    (void)state;
    struct telegram_head head;
    struct value v[2];
    assert_int_equal(read_hex("12345678"
                              "0000"
                              "053f"
                              "00012345"
                              "00000001",
                              true, &head, v),
                     ERR_OK);
    assert_int_equal(head.ident, 0x12345678);
    assert_int_equal(v[0].mantissa, 12345);
    /* medium Ah (gas, mode 2): unit bytes carry 10b in both top bits */
    assert_int_equal(read_hex("78563412"
                              "0000"
                              "acac"
                              "00012345"
                              "00000001",
                              false, &head, v),
                     ERR_OK);
    assert_int_equal(head.ident, 0x12345678);
    assert_int_equal(head.medium, 3);
    assert_int_equal(v[0].mantissa, 12345);
    assert_int_equal(v[0].unit, UNIT_M3);
}

static void reserved_units_and_clock_times_carry_no_unit(void **state)
{
    (void)state;
    struct telegram_head head;
    struct value v[2];
    assert_int_equal(read_hex("78563412"
                              "0000"
                              "3a00"
                              "01000000"
                              "01000000",
                              false, &head, v),
                     ERR_OK);
    assert_int_equal(v[0].quantity, Q_RESERVED);
    assert_int_equal(v[0].unit, UNIT_NONE);
    assert_int_equal(v[1].kind, VALUE_NONE);
}

static void fifteen_bytes_are_refused(void **state)
{
    (void)state;
    struct telegram_head head;
    struct value v[2];
    assert_int_equal(read_hex("785634120a00e97e01000000350100", false, &head, v), ERR_SHORT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_papers_water_meter),
        cmocka_unit_test(counters_are_binary_when_the_status_says_so),
        cmocka_unit_test(hex_digits_in_bcd_are_no_number),
        cmocka_unit_test(byte_order_follows_ci_or_medium),
        cmocka_unit_test(reserved_units_and_clock_times_carry_no_unit),
        cmocka_unit_test(fifteen_bytes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
