/* test_meter_list.c — meter lists as CSV text.
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
#include "core/meter_list.h"

#define HEAD "Position;SecondaryAddress;BaudRate;AddressingMode;PrimaryAddress;EnhancedAddress\r\n"
#define GOOD "Cellar;13001651;2400;Secondary;;\r\n"

static void good_lists_are_taken(void **state)
{
    static const struct {
        const char *title, *text, *position;
    } cases[] = {
        { "semicolons and CRLF", HEAD GOOD, "Cellar" },
        { "commas and LF",
          "Position,SecondaryAddress,BaudRate,AddressingMode,PrimaryAddress,EnhancedAddress\n"
          "Cellar,13001651,2400,secondary,,\n",
          "Cellar" },
        { "tabs", "Position\tSecondaryAddress\tBaudRate\tAddressingMode\nCellar\t13001651\t\tSECONDARY", "Cellar" },
        { "old Mac line ends", "Position,SecondaryAddress,AddressingMode\rCellar,13001651,Secondary\r", "Cellar" },
        { "a BOM", "\xEF\xBB\xBF" HEAD GOOD, "Cellar" },
        { "any order and any case", "ADDRESSINGMODE;secondaryaddress;position\nSecondary;13001651;Cellar\n", "Cellar" },
        { "quotes", HEAD "\"Caf\xC3\xA9 \"\"\xC3\xA5\"\"; 2\";13001651;2400;secondary;;\r\n",
          "Caf\xC3\xA9 \"\xC3\xA5\"; 2" },
        { "ISO-8859-1", HEAD "Caf\xE9;13001651;2400;secondary;;\r\n", "Caf\xC3\xA9" },
        { "Windows-1252", HEAD "5 \x80;13001651;2400;secondary;;\r\n", "5 \xE2\x82\xAC" },
        { "empty rows between", "\n" HEAD "\n;;;;;\n" GOOD "\n\n", "Cellar" },
        { "columns without a heading that stay empty",
          "Position;SecondaryAddress;AddressingMode;;\nCellar;13001651;Secondary;;\n", "Cellar" },
        { "blanks around", " Position ; SecondaryAddress;AddressingMode\n Cellar ; 13001651 ; Secondary \n", "Cellar" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct meter_list l;
        if (meter_list_parse(cases[i].text, strlen(cases[i].text), 3, NULL, &l) != ERR_OK)
            fail_msg("%s: line %u: %s", cases[i].title, l.errors[0].line, l.errors[0].text);
        assert_int_equal(l.n_meters, 1);
        assert_string_equal(l.meters[0].position, cases[i].position);
        assert_int_equal(l.meters[0].ident, 0x13001651);
        assert_int_equal(l.meters[0].addressing, ADDRESSING_SECONDARY);
        assert_int_equal(l.meters[0].baud, 2400);
        assert_int_equal(l.meters[0].primary, -1);
        assert_int_equal(l.meters[0].bus, 3);
        assert_false(l.meters[0].has_enhanced);
        assert_int_equal(meter_check(&l.meters[0], NULL), ERR_OK);
        meter_list_free(&l);
    }
}

static void a_list_that_excel_saved_as_unicode_is_taken(void **state)
{
    static const char text[] = "Position\tSecondaryAddress\tAddressingMode\r\nCaf\xE9\t13001651\tSecondary\r\n";
    char utf16[2 * sizeof text + 2] = { '\xFF', '\xFE' };
    struct meter_list l;
    (void)state;
    for (size_t i = 0; i < sizeof text - 1; i++)
        utf16[2 + 2 * i] = text[i];
    assert_int_equal(meter_list_parse(utf16, 2 * sizeof text, 1, NULL, &l), ERR_OK);
    assert_string_equal(l.meters[0].position, "Caf\xC3\xA9");
    meter_list_free(&l);
}

static void each_column_is_taken(void **state)
{
    static const char text[] =
        HEAD "Office;14290591;300;Primary;221;\nAttic;61007338;;esecondary;;0a000001\n;;9600;PRIMARY;0;\n";
    struct meter_list l;
    (void)state;
    assert_int_equal(meter_list_parse(text, strlen(text), 1, NULL, &l), ERR_OK);
    assert_int_equal(l.n_meters, 3);
    assert_int_equal(l.meters[0].primary, 221);
    assert_int_equal(l.meters[0].baud, 300);
    assert_int_equal(l.meters[1].addressing, ADDRESSING_ESECONDARY);
    assert_true(l.meters[1].has_enhanced);
    assert_int_equal(l.meters[1].enhanced, 0x0A000001);
    assert_int_equal(l.meters[2].ident, METER_NO_IDENT);
    assert_int_equal(l.meters[2].primary, 0);
    meter_list_free(&l);
}

static void bad_rows_are_named(void **state)
{
    static const struct {
        const char *rows;
        unsigned line, column;
        const char *field, *text;
    } cases[] = {
        { GOOD "x;12GH5678;2400;Secondary;;\n", 3, 2, "SecondaryAddress",
          "\"12GH5678\": 8 hex digits are needed, leading zeros too" },
        { GOOD "x;123;2400;Secondary;;\n", 3, 2, "SecondaryAddress",
          "\"123\": 8 hex digits are needed, leading zeros too" },
        { GOOD "x;;2400;Secondary;;\n", 3, 2, "SecondaryAddress",
          "SecondaryAddress is empty: 8 hex digits are needed, leading zeros too" },
        { GOOD "x;1234567F;2400;Secondary;;\n", 3, 2, "SecondaryAddress",
          "\"1234567F\": F stands for any digit, and one meter is meant" },
        { GOOD "x;12345678;1234;Secondary;;\n", 3, 3, "BaudRate",
          "\"1234\": the baud rate is 300, 600, 1200, 2400, 4800, 9600, 19200 or 38400" },
        { GOOD "x;12345678;2400;Tertiary;;\n", 3, 4, "AddressingMode",
          "\"Tertiary\": the mode is Primary, Secondary or Esecondary" },
        { GOOD "x;12345678;2400;;;\n", 3, 4, "AddressingMode",
          "AddressingMode is empty: the mode is Primary, Secondary or Esecondary" },
        { GOOD "x;12345678;2400;Primary;;\n", 3, 5, "PrimaryAddress",
          "PrimaryAddress is empty: the mode Primary needs it" },
        { GOOD "x;12345678;2400;Primary;256;\n", 3, 5, "PrimaryAddress",
          "\"256\": the primary address is a number from 0 to 255" },
        { GOOD "x;12345678;2400;Primary;-1;\n", 3, 5, "PrimaryAddress",
          "\"-1\": the primary address is a number from 0 to 255" },
        { GOOD "x;12345678;2400;Esecondary;;12\n", 3, 6, "EnhancedAddress",
          "\"12\": 8 hex digits are needed, leading zeros too" },
        { GOOD GOOD, 3, 2, "SecondaryAddress", "\"13001651\": stands in line 2 already" },
        { "a;1;2400;Primary;5;\n", 2, 2, "SecondaryAddress", "\"1\": 8 hex digits are needed, leading zeros too" },
        { "a;;2400;Primary;5;\nb;12345678;2400;Primary;5;\n", 3, 5, "PrimaryAddress",
          "\"5\": stands in line 2 already" },
        { GOOD "x;12345678;2400;Secondary;;;;extra\n", 3, 8, "", "\"extra\" stands in a column without a heading" },
        { GOOD "\"x\ny\";12345678;2400;Secondary;;\n", 3, 1, "Position",
          "\"x\ny\": line breaks and control characters are not allowed" },
        { "\"a\n\n\";1\n" GOOD, 2, 1, "Position", "\"a\n\n\": line breaks and control characters are not allowed" },
        { GOOD "\"open;12345678;2400;Secondary;;\n\n\n", 3, 0, "",
          "the quotes of this line do not match: a cell with quotes stands in quotes, and those inside are doubled" },
        { GOOD "a \"b\" c;12345678;2400;Secondary;;\n", 3, 0, "",
          "the quotes of this line do not match: a cell with quotes stands in quotes, and those inside are doubled" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char text[2048];
        struct meter_list l;
        str_fmt(text, sizeof text, "%s%s", HEAD, cases[i].rows);
        if (meter_list_parse(text, strlen(text), 1, NULL, &l) != ERR_INVALID)
            fail_msg("taken, instead of: %s", cases[i].text);
        assert_string_equal(l.errors[0].text, cases[i].text);
        assert_int_equal(l.errors[0].line, cases[i].line);
        assert_int_equal(l.errors[0].column, cases[i].column);
        assert_string_equal(l.errors[0].field, cases[i].field);
        meter_list_free(&l);
    }
}

static void bad_texts_are_refused(void **state)
{
    static const struct {
        const char *text;
        size_t len;
        const char *why;
    } cases[] = {
        { "", 0, "there is no meter in the list" },
        { HEAD, sizeof HEAD - 1, "there is no meter in the list" },
        { "no,such,columns\n1,2,3\n", 22, "there is no column \"no\"; known are" },
        { "\xff\xfe\x00", 3, "this is not text: save the list as CSV" },
        { "PK\x03\x04\x00\x00", 6, "this is not text: save the list as CSV" },
        { "Position;SecondaryAddress\nPosition;SecondaryAddress\n", 52, "the heading has no column AddressingMode" },
        { "Position;Position;SecondaryAddress;AddressingMode\n", 50, "the column Position stands here twice" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct meter_list l;
        assert_int_equal(meter_list_parse(cases[i].text, cases[i].len, 1, NULL, &l), ERR_INVALID);
        assert_true(l.n_errors >= 1);
        if (!str_starts(l.errors[0].text, cases[i].why))
            fail_msg("%s", l.errors[0].text);
        meter_list_free(&l);
    }
}

static void installed_meters_are_duplicates_too(void **state)
{
    static const char text[] = HEAD GOOD "x;12345678;2400;Primary;7;\r\n";
    struct meters *ms = meters_create();
    struct meter secondary = {
        .ident = 0x13001651, .primary = -1, .bus = 1, .baud = 2400, .addressing = ADDRESSING_SECONDARY
    };
    struct meter primary = {
        .ident = METER_NO_IDENT, .primary = 7, .bus = 1, .baud = 2400, .addressing = ADDRESSING_PRIMARY
    };
    struct meter_list l;
    (void)state;
    assert_int_equal(meters_add(ms, &secondary, NULL, NULL), ERR_OK);
    assert_int_equal(meters_add(ms, &primary, NULL, NULL), ERR_OK);
    assert_int_equal(meter_list_parse(text, strlen(text), 1, ms, &l), ERR_INVALID);
    assert_int_equal(l.n_errors, 2);
    assert_string_equal(l.errors[0].text, "\"13001651\": is installed already as meter number 1");
    assert_string_equal(l.errors[1].text, "\"7\": is installed already as meter number 2");
    assert_int_equal(l.errors[1].line, 3);
    meter_list_free(&l);
    assert_int_equal(meter_list_parse(text, strlen(text), 2, ms, &l), ERR_OK); /* on another bus they are others */
    meter_list_free(&l);
    meters_free(ms);
}

static void a_long_list_is_taken_and_its_errors_are_capped(void **state)
{
    enum { ROWS = METERS_MAX + 1, ROW = 64 };
    char *text = xcalloc(ROWS + 1, ROW);
    struct meter_list l;
    (void)state;
    str_copy(text, ROW * 2, HEAD);
    size_t len = strlen(text);
    for (int i = 0; i < METERS_MAX; i++) {
        str_fmt(text + len, ROW, "m%d;%08d;;Secondary;;\n", i, i);
        len += strlen(text + len);
    }
    assert_int_equal(meter_list_parse(text, len, 1, NULL, &l), ERR_OK);
    assert_int_equal(l.n_meters, METERS_MAX);
    meter_list_free(&l);
    str_copy(text + len, ROW, "last;99999999;;Secondary;;\n");
    assert_int_equal(meter_list_parse(text, len + strlen(text + len), 1, NULL, &l), ERR_INVALID);
    assert_string_equal(l.errors[0].text, "at most 4096 meters can be installed");
    assert_int_equal(l.errors[0].line, METERS_MAX + 2);
    meter_list_free(&l);
    for (char *p = text + sizeof HEAD; *p; p++)
        *p = *p == 'S' ? 'X' : *p;
    assert_int_equal(meter_list_parse(text, len, 1, NULL, &l), ERR_INVALID);
    assert_true(l.n_errors >= METER_LIST_ERRORS_MAX && l.n_errors < METER_LIST_ERRORS_MAX + 8);
    meter_list_free(&l);
    free(text);
}

static void the_template_is_a_heading(void **state)
{
    char text[512];
    struct meter_list l;
    (void)state;
    str_fmt(text, sizeof text, "%s%s", meter_list_template, GOOD);
    assert_int_equal(meter_list_parse(text, strlen(text), 1, NULL, &l), ERR_OK);
    meter_list_free(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_lists_are_taken),
        cmocka_unit_test(a_list_that_excel_saved_as_unicode_is_taken),
        cmocka_unit_test(each_column_is_taken),
        cmocka_unit_test(bad_rows_are_named),
        cmocka_unit_test(bad_texts_are_refused),
        cmocka_unit_test(installed_meters_are_duplicates_too),
        cmocka_unit_test(a_long_list_is_taken_and_its_errors_are_capped),
        cmocka_unit_test(the_template_is_a_heading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
