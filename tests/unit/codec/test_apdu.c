/* test_apdu.c — CI fields and the headers behind them.
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

static enum err read_hex(const char *hex, bool is_wireless, struct apdu *a, size_t *left)
{
    uint8_t bytes[64];
    size_t len;
    assert_int_equal(str_from_hex(hex, strlen(hex), bytes, sizeof bytes, &len), ERR_OK);
    struct rd r = rd_init(bytes, len);
    enum err e = apdu_read(&r, is_wireless, a);
    *left = rd_left(&r);
    return e;
}

static void a_long_header_has_twelve_bytes(void **state)
{
    (void)state;
    struct apdu a;
    size_t left;
    assert_int_equal(read_hex("7278563412"
                              "2d2c"
                              "0b"
                              "04"
                              "25"
                              "10"
                              "0005"
                              "ab",
                              false, &a, &left),
                     ERR_OK);
    assert_int_equal(a.header, APDU_HEADER_LONG);
    assert_int_equal(a.content, APDU_RECORDS);
    assert_int_equal(a.head.ident, 0x12345678);
    assert_int_equal(a.head.maker, 0x2C2D);
    assert_int_equal(a.head.version, 0x0B);
    assert_int_equal(a.head.medium, 4);
    assert_int_equal(a.head.access_no, 0x25);
    assert_int_equal(a.head.status, 0x10);
    assert_int_equal(a.head.signature, 0x0500);
    assert_int_equal(left, 1);
}

/* The header of a real meter of this kind, with another signature. */
static void mode_2_has_the_high_byte_first(void **state)
{
    (void)state;
    struct apdu a;
    size_t left;
    assert_int_equal(read_hex("7615531111"
                              "0000"
                              "52"
                              "04"
                              "0a"
                              "10"
                              "0102",
                              false, &a, &left),
                     ERR_OK);
    assert_true(a.is_msb_first);
    assert_int_equal(a.head.ident, 0x15531111);
    assert_int_equal(a.head.maker, 0);
    assert_int_equal(a.head.medium, 4);
    assert_int_equal(a.head.access_no, 10);
    assert_int_equal(a.head.signature, 0x0102);
}

static void each_ci_has_its_header_and_content(void **state)
{
    (void)state;
    static const struct {
        uint8_t ci;
        bool is_wireless;
        enum apdu_header header;
        enum apdu_content content;
    } cases[] = {
        { 0x78, false, APDU_HEADER_NONE, APDU_RECORDS },   { 0x7A, false, APDU_HEADER_SHORT, APDU_RECORDS },
        { 0x51, false, APDU_HEADER_NONE, APDU_RECORDS },   { 0x70, false, APDU_HEADER_NONE, APDU_APP_ERROR },
        { 0x6E, true, APDU_HEADER_SHORT, APDU_APP_ERROR }, { 0x6F, true, APDU_HEADER_LONG, APDU_APP_ERROR },
        { 0x71, false, APDU_HEADER_NONE, APDU_ALARM },     { 0x74, true, APDU_HEADER_SHORT, APDU_ALARM },
        { 0x75, true, APDU_HEADER_LONG, APDU_ALARM },      { 0x77, false, APDU_HEADER_NONE, APDU_FIXED },
        { 0x79, true, APDU_HEADER_NONE, APDU_COMPACT },    { 0x7B, true, APDU_HEADER_SHORT, APDU_COMPACT },
        { 0x73, true, APDU_HEADER_LONG, APDU_COMPACT },    { 0x69, true, APDU_HEADER_NONE, APDU_FORMAT },
        { 0x6A, true, APDU_HEADER_SHORT, APDU_FORMAT },    { 0x6B, true, APDU_HEADER_LONG, APDU_FORMAT },
        { 0x8A, true, APDU_HEADER_SHORT, APDU_TRANSPORT }, { 0x80, true, APDU_HEADER_LONG, APDU_TRANSPORT },
        { 0xA0, true, APDU_HEADER_NONE, APDU_MAKER },      { 0xB6, true, APDU_HEADER_NONE, APDU_MAKER },
        { 0xBB, false, APDU_HEADER_NONE, APDU_COMMAND },   { 0x52, false, APDU_HEADER_NONE, APDU_COMMAND },
        { 0x7C, true, APDU_HEADER_LONG, APDU_FOREIGN },    { 0x00, true, APDU_HEADER_NONE, APDU_UNKNOWN },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint8_t bytes[32] = { cases[i].ci };
        struct rd r = rd_init(bytes, sizeof bytes);
        struct apdu a;
        assert_int_equal(apdu_read(&r, cases[i].is_wireless, &a), ERR_OK);
        if (a.header != cases[i].header || a.content != cases[i].content)
            fail_msg("CI %02X: header %d, content %d", cases[i].ci, (int)a.header, (int)a.content);
    }
}

static void ci_73_is_fixed_on_wires_by_its_length(void **state)
{
    (void)state;
    uint8_t bytes[32] = { 0x73 };
    struct apdu a;
    struct rd fixed = rd_init(bytes, 1 + FIXED_LEN), compact = rd_init(bytes, 1 + FIXED_LEN + 1);
    assert_int_equal(apdu_read(&fixed, false, &a), ERR_OK);
    assert_int_equal(a.content, APDU_FIXED);
    assert_int_equal(rd_left(&fixed), FIXED_LEN);
    assert_int_equal(apdu_read(&compact, false, &a), ERR_OK);
    assert_int_equal(a.content, APDU_COMPACT);
}

static void headers_that_end_early_are_refused(void **state)
{
    (void)state;
    struct apdu a;
    size_t left;
    assert_int_equal(read_hex("", false, &a, &left), ERR_SHORT);
    assert_int_equal(read_hex("72785634122d2c0b04251000", false, &a, &left), ERR_SHORT);
    assert_int_equal(read_hex("7a251000", false, &a, &left), ERR_SHORT);
}

static void application_errors_have_texts(void **state)
{
    (void)state;
    assert_string_equal(apdu_error_text(0), "unspecified error");
    assert_string_equal(apdu_error_text(8), "application too busy");
    assert_string_equal(apdu_error_text(0x14), "decryption failed");
    assert_string_equal(apdu_error_text(0x0A), "reserved");
    assert_string_equal(apdu_error_text(0x17), "reserved");
    assert_string_equal(apdu_error_text(0xF0), "error of the maker's own");
    assert_string_equal(apdu_error_text(0xFF), "error of the maker's own");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_long_header_has_twelve_bytes),     cmocka_unit_test(mode_2_has_the_high_byte_first),
        cmocka_unit_test(each_ci_has_its_header_and_content), cmocka_unit_test(ci_73_is_fixed_on_wires_by_its_length),
        cmocka_unit_test(headers_that_end_early_are_refused), cmocka_unit_test(application_errors_have_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
