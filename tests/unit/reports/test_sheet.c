/* test_csv.c — cells that stay whole without quotes, decimals, encodings, the cap.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/mem.h"
#include "reports/sheet.h"

static const struct sheet_conventions swedish = { .separator = ';', .decimal = ',', .is_utf8 = true };

static void assert_text(struct sheet *c, const char *expected)
{
    sheet_append(c, "", 1);
    assert_string_equal(c->bytes, expected);
    sheet_fini(c);
}

static void foreign_texts_cannot_break_a_row(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text, *cell;
    } cases[] = {
        { "plain", "Cellar 4 B", "Cellar 4 B" },
        { "separator", "a;b", "a b" },
        { "line ends", "a\r\nb\nc", "a  b c" },
        { "other controls",
          "a\tb\x7f"
          "c\xC2\x85"
          "d",
          "a b c d" },
        { "line separator of Unicode",
          "a\xE2\x80\xA8"
          "b",
          "a b" },
        { "quotes, which a reader would pair", "\"a\"", "'a'" },
        { "formula with =", "=1+2", "'=1+2" },
        { "formula behind a blank and a tab", " \t@SUM(1)", "'@SUM(1)" },
        { "formula that begins with a sign", "-2+3", "'-2+3" },
        { "plus and letters", "+A1", "'+A1" },
        { "a number with its sign", "-12,5", "-12,5" },
        { "a sign alone", "-", "'-" },
        { "umlauts",
          "K\xC3\xBC"
          "che",
          "K\xC3\xBC"
          "che" },
        { "three and four bytes", "\xE2\x82\xAC \xF0\x9F\x92\xA7", "\xE2\x82\xAC \xF0\x9F\x92\xA7" },
        { "a broken byte counts as Latin",
          "\xFC"
          "ber",
          "\xC3\xBC"
          "ber" },
        { "a character that is cut off", "a\xE2\x82", "a\xC3\xA2 " },
        { "nothing", "", "" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct sheet c;
        sheet_init(&c, swedish);
        sheet_foreign(&c, cases[i].text, strlen(cases[i].text));
        sheet_append(&c, "", 1);
        if (strcmp(c.bytes, cases[i].cell) != 0)
            fail_msg("%s: %s", cases[i].name, c.bytes);
        sheet_fini(&c);
    }
}

static void latin_reports_have_one_byte_a_character(void **state)
{
    (void)state;
    struct sheet c;
    sheet_init(&c, (struct sheet_conventions){ .separator = ';', .decimal = ',' });
    sheet_foreign(&c,
                  "flow-temp,\xC2\xB0"
                  "C",
                  13);
    sheet_foreign(&c, "5 \xE2\x82\xAC", 5);
    sheet_end_row(&c);
    assert_text(&c, "flow-temp,\xB0"
                    "C;5 ?\r\n");
}

static void numbers_keep_their_decimals_and_take_the_separator(void **state)
{
    (void)state;
    static const struct {
        struct dec d;
        const char *comma, *point;
    } cases[] = {
        { { 4138, 3 }, "4138000", "4138000" }, { { 959160, -3 }, "959,160", "959.160" },
        { { -1300, -3 }, "-1,300", "-1.300" }, { { 670, -2 }, "6,70", "6.70" },
        { { 0, -3 }, "0,000", "0.000" },       { { 0, 0 }, "0", "0" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct sheet c;
        sheet_init(&c, swedish);
        sheet_number(&c, cases[i].d);
        assert_text(&c, cases[i].comma);
        sheet_init(&c, (struct sheet_conventions){ .separator = ';', .decimal = '.' });
        sheet_number(&c, cases[i].d);
        assert_text(&c, cases[i].point);
    }
}

static void rows_are_cells_with_separators_and_a_line_end(void **state)
{
    (void)state;
    struct sheet c;
    sheet_init(&c, (struct sheet_conventions){ .separator = '\t', .decimal = ',', .is_utf8 = true });
    sheet_empty(&c);
    sheet_words(&c, "%02u", 7u);
    sheet_local_time(&c, 951782400); /* 29 February 2000 */
    sheet_hex(&c, "\xDE\xAD\x01", 3);
    sheet_empty(&c);
    sheet_end_row(&c);
    sheet_words(&c, "%s", "next");
    sheet_end_row(&c);
    assert_text(&c, "\t07\t2000-02-29 00:00:00\tdead01\t\r\nnext\r\n");
}

static void what_does_not_fit_any_more_can_be_cut_off(void **state)
{
    (void)state;
    enum { BLOCK = 1 << 20 };
    char *block = xcalloc(1, BLOCK);
    struct sheet c;
    sheet_init(&c, swedish);
    for (size_t i = 0; i < CSV_BYTES_MAX / BLOCK; i++)
        sheet_append(&c, block, BLOCK);
    assert_int_equal(c.len, CSV_BYTES_MAX);
    assert_false(c.is_full);
    sheet_words(&c, "%s", "x");
    assert_true(c.is_full);
    assert_int_equal(c.len, CSV_BYTES_MAX);
    sheet_cut(&c, 10);
    sheet_words(&c, "%s", "x");
    assert_false(c.is_full);
    assert_int_equal(c.len, 11);
    sheet_fini(&c);
    free(block);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(foreign_texts_cannot_break_a_row),
        cmocka_unit_test(latin_reports_have_one_byte_a_character),
        cmocka_unit_test(numbers_keep_their_decimals_and_take_the_separator),
        cmocka_unit_test(rows_are_cells_with_separators_and_a_line_end),
        cmocka_unit_test(what_does_not_fit_any_more_can_be_cut_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
