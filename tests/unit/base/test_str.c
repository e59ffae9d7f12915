/* test_str.c — bounded text and bytes.
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

static void copies_end_and_are_never_cut_inside_a_character(void **state)
{
    static const struct {
        const char *text;
        size_t size;
        bool fits;
        const char *copy;
    } cases[] = {
        { "abc", 4, true, "abc" },
        { "abc", 3, false, "ab" },
        { "abc", 1, false, "" },
        { "", 1, true, "" },
        { "a\xC3\xA5", 3, false, "a" },
        { "a\xC3\xA5", 4, true, "a\xC3\xA5" },
        { "\xE2\x82\xAC", 3, false, "" },
        { "\xF0\x9F\x98\x80z", 5, false, "\xF0\x9F\x98\x80" },
        { "\xF0\x9F\x98\x80z", 4, false, "" },
        { "\x80\x80\x80\x80\x80", 5, false, "\x80\x80\x80\x80" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char out[16] = "###############";
        assert_int_equal(str_copy(out, cases[i].size, cases[i].text), cases[i].fits);
        assert_string_equal(out, cases[i].copy);
        assert_int_equal(out[cases[i].size], '#');
        assert_int_equal(str_fmt(out, cases[i].size, "%s", cases[i].text), cases[i].fits);
        assert_string_equal(out, cases[i].copy);
    }
}

static void a_copy_of_a_part_stops_at_its_end(void **state)
{
    char out[8];
    (void)state;
    assert_true(str_copy_n(out, sizeof out, "abcdef", 3));
    assert_string_equal(out, "abc");
    assert_true(str_copy_n(out, sizeof out, "ab\0cd", 5));
    assert_string_equal(out, "ab");
}

static void texts_are_compared(void **state)
{
    (void)state;
    assert_true(str_eq(NULL, NULL));
    assert_false(str_eq(NULL, ""));
    assert_false(str_eq("", NULL));
    assert_true(str_eq("a", "a"));
    assert_true(str_eq_nocase("AbC", "aBc"));
    assert_false(str_eq_nocase("abc", "ab"));
    assert_false(str_eq_nocase("@", "`"));
    assert_true(str_starts("abc", "ab"));
    assert_true(str_starts("abc", ""));
    assert_false(str_starts("ab", "abc"));
}

/* After the tables of the Unicode standard, 3.9. */
static void utf8_is_told_from_what_is_not(void **state)
{
    static const struct {
        const char *text;
        bool is_valid;
    } cases[] = {
        { "", true },
        { "plain", true },
        { "\xC2\x80", true },
        { "\xDF\xBF", true },
        { "\xE0\xA0\x80", true },
        { "\xED\x9F\xBF", true },
        { "\xEE\x80\x80", true },
        { "\xEF\xBF\xBF", true },
        { "\xF0\x90\x80\x80", true },
        { "\xF4\x8F\xBF\xBF", true },
        { "\x80", false },
        { "\xC0\x80", false },
        { "\xC1\xBF", false },
        { "\xC3", false },
        { "\xC3(", false },
        { "\xE0\x9F\xBF", false },
        { "\xE2\x82", false },
        { "\xED\xA0\x80", false },
        { "\xF0\x8F\xBF\xBF", false },
        { "\xF4\x90\x80\x80", false },
        { "\xF5\x80\x80\x80", false },
        { "\xFF", false },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_int_equal(str_is_utf8(cases[i].text, strlen(cases[i].text)), cases[i].is_valid);
    assert_false(str_is_utf8("a\0b", 3));
    assert_int_equal(str_utf8_char("", 0), 0);
    assert_int_equal(str_utf8_char("\xE2\x82\xAC", 3), 3);
}

static void numbers_are_whole_texts_in_range(void **state)
{
    static const struct {
        const char *text;
        enum err err;
        int64_t value;
    } cases[] = {
        { "0", ERR_OK, 0 },
        { "-5", ERR_OK, -5 },
        { "007", ERR_OK, 7 },
        { "100", ERR_OK, 100 },
        { "101", ERR_RANGE, 0 },
        { "-101", ERR_RANGE, 0 },
        { "9223372036854775808", ERR_RANGE, 0 },
        { "99999999999999999999999", ERR_RANGE, 0 },
        { "", ERR_SYNTAX, 0 },
        { "-", ERR_SYNTAX, 0 },
        { "+1", ERR_SYNTAX, 0 },
        { " 1", ERR_SYNTAX, 0 },
        { "1 ", ERR_SYNTAX, 0 },
        { "1x", ERR_SYNTAX, 0 },
        { "--1", ERR_SYNTAX, 0 },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t v = 77;
        assert_int_equal(str_to_i64(cases[i].text, -100, 100, &v), cases[i].err);
        assert_int_equal(v, cases[i].err == ERR_OK ? cases[i].value : 77);
    }
    int64_t least;
    assert_int_equal(str_to_i64("-9223372036854775808", INT64_MIN, INT64_MAX, &least), ERR_OK);
    assert_true(least == INT64_MIN);
    uint64_t most;
    assert_int_equal(str_to_u64("18446744073709551615", UINT64_MAX, &most), ERR_OK);
    assert_true(most == UINT64_MAX);
    assert_int_equal(str_to_u64("18446744073709551616", UINT64_MAX, &most), ERR_RANGE);
}

static void hex_goes_both_ways(void **state)
{
    uint8_t out[4] = { 0 };
    size_t len = 99;
    char text[9];
    (void)state;
    assert_int_equal(str_from_hex("00fFA5", 6, out, sizeof out, &len), ERR_OK);
    assert_int_equal(len, 3);
    assert_memory_equal(out, "\x00\xFF\xA5", 3);
    assert_int_equal(str_from_hex("123", 3, out, sizeof out, &len), ERR_SYNTAX);
    assert_int_equal(str_from_hex("1g", 2, out, sizeof out, &len), ERR_SYNTAX);
    assert_int_equal(str_from_hex("0011223344", 10, out, sizeof out, &len), ERR_TOO_BIG);
    assert_int_equal(len, 3);
    str_to_hex(text, "\x00\xFF\xA5\x10", 4);
    assert_string_equal(text, "00ffa510");
}

static void bytes_are_compared_and_wiped(void **state)
{
    char secret[] = "secret";
    (void)state;
    assert_true(bytes_equal("ab", 2, "ab", 2));
    assert_false(bytes_equal("ab", 2, "abc", 3));
    assert_true(bytes_equal(NULL, 0, "", 0));
    assert_true(bytes_equal_secret("abc", "abc", 3));
    assert_false(bytes_equal_secret("abc", "abd", 3));
    bytes_copy(secret + 1, 6, secret, 3); /* may overlap */

    bytes_wipe(secret, sizeof secret);
    assert_memory_equal(secret, "\0\0\0\0\0\0", 6);
    bytes_fill(secret, 'x', 2);
    assert_memory_equal(secret, "xx\0", 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_end_and_are_never_cut_inside_a_character),
        cmocka_unit_test(a_copy_of_a_part_stops_at_its_end),
        cmocka_unit_test(texts_are_compared),
        cmocka_unit_test(utf8_is_told_from_what_is_not),
        cmocka_unit_test(numbers_are_whole_texts_in_range),
        cmocka_unit_test(hex_goes_both_ways),
        cmocka_unit_test(bytes_are_compared_and_wiped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
