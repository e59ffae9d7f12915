/* test_keylist.c — key files and which key counts for which meter.
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
#include "protocols/codec/mbus/keylist.h"

#define K0      "00000000000000000000000000000000"
#define K1      "11111111111111111111111111111111"
#define K2      "22222222222222222222222222222222"
#define K3      "33333333333333333333333333333333"
#define HEADING "address,key,manufacturer,deviceType,version\n"

static enum err parse(struct keylist *k, const char *csv, struct err_at *at)
{
    return keylist_parse(k, csv, strlen(csv), at);
}

/* First bytes of the keys found, as hex. */
static void find(struct keylist *k, const struct telegram_head *meter, const struct telegram_head *radio, char *out)
{
    uint8_t keys[8][16];
    size_t n = keylist_find_keys(k, meter, radio, keys, COUNT_OF(keys));
    for (size_t i = 0; i < n; i++)
        str_to_hex(out + 2 * i, keys[i], 1);
    out[2 * n] = '\0';
}

static void the_most_specific_rule_comes_first(void **state)
{
    (void)state;
    struct keylist *k = keylist_create();
    assert_int_equal(parse(k,
                           HEADING "-1," K0 ",*,-1,-1\n"
                                   "-1," K1 ",ELV,-1,-1\n"
                                   "-1," K2 ",ELV,-1,2\n"
                                   "12345678," K3 ",*,-1,-1\n",
                           NULL),
                     ERR_OK);
    assert_int_equal(keylist_count(k), 4);
    uint16_t elv, kam;
    assert_true(maker_parse("ELV", &elv) && maker_parse("KAM", &kam));
    const struct telegram_head one = { .ident = 0x12345678, .maker = elv, .version = 2, .medium = 7 };
    const struct telegram_head hard = { .ident = 0x12345678, .maker = elv | 0x8000, .version = 2, .medium = 7 };
    const struct telegram_head other = { .ident = 0x87654321, .maker = elv, .version = 3 };
    const struct telegram_head stranger = { .ident = 0x87654321, .maker = kam };
    char got[17];
    find(k, &one, NULL, got);
    assert_string_equal(got, "33221100");
    find(k, &hard, NULL, got); /* the bit of a hard address is not the maker's */
    assert_string_equal(got, "33221100");
    find(k, NULL, &other, got);
    assert_string_equal(got, "1100");
    find(k, NULL, &stranger, got);
    assert_string_equal(got, "00");
    find(k, &one, &stranger, got); /* meter behind a radio adapter: both may be meant */
    assert_string_equal(got, "33221100");
    keylist_remove(k, 0);
    find(k, &one, NULL, got);
    assert_string_equal(got, "221100");
    keylist_free(k);
}

static void files_of_spreadsheets_are_read(void **state)
{
    (void)state;
    static const char *const files[] = {
        "\xEF\xBB\xBF"
        "Address;Key;Manufacturer;DeviceType;Version\r\n0a345678;" K1 ";ELV;7;2\r\n\r\n",
        "key,address,version,devicetype,MANUFACTURER\n\"" K1 "\", 0A345678 ,2,7,elv",
    };
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        struct keylist *k = keylist_create();
        struct err_at at = { 0 };
        if (parse(k, files[i], &at) != ERR_OK)
            fail_msg("file %zu: line %u column %u: %s", i, at.line, at.column, at.text);
        assert_int_equal(keylist_count(k), 1);
        const struct key_rule *rule = keylist_at(k, 0);
        assert_true(rule->has_address);
        assert_int_equal(rule->address, 0x0A345678);
        assert_int_equal(rule->medium, 7);
        assert_int_equal(rule->version, 2);
        assert_int_equal(rule->key[15], 0x11);
        assert_int_equal(parse(k, files[i], NULL), ERR_OK); /* again: nothing new */
        assert_int_equal(keylist_count(k), 1);
        keylist_free(k);
    }
}

static void bad_rows_are_named_by_line_and_column(void **state)
{
    (void)state;
    static const struct {
        const char *csv;
        unsigned line, column;
        const char *field, *text;
    } bad[] = {
        { "", 1, 1, "", "the file is empty" },
        { "address,version\n", 1, 1, "key", "the heading has no column \"key\"" },
        { "address,key,colour\n", 1, 3, "",
          "unknown heading; address, key, manufacturer, deviceType and version are known" },
        { "key,key\n", 1, 2, "key", "this column stands there twice" },
        { HEADING "-1," K0 ",*,-1,-1\n-1,0011,*,-1,-1\n", 3, 2, "key", "a key has 32 hex digits" },
        { HEADING "\r\n-1," K0 "0,*,-1,-1\n", 3, 2, "key", "a key has 32 hex digits" },
        { HEADING "1234567," K0 ",*,-1,-1\n", 2, 1, "address", "an address has 8 hex digits; -1 stands for all" },
        { HEADING "-1," K0 ",ELVA,-1,-1\n", 2, 3, "manufacturer",
          "a manufacturer has three letters; * stands for all" },
        { HEADING "-1," K0 ",*,256,-1\n", 2, 4, "deviceType", "a number from 0 to 255; -1 stands for all" },
        { HEADING "-1," K0 ",*,-1,two\n", 2, 5, "version", "a number from 0 to 255; -1 stands for all" },
        { HEADING "-1," K0 ",*,-1,-1,x\n", 2, 6, "", "more cells than the heading has" },
        { HEADING "12345678\n", 2, 1, "key", "the line has no key" },
        { HEADING "\"12\"345678," K0 "\n", 2, 1, "", "a quote stands where none may, or one is missing" },
        { HEADING "\"12345678," K0 "\n", 2, 1, "", "a quote stands where none may, or one is missing" },
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct keylist *k = keylist_create();
        struct err_at at = { 0 };
        enum err e = parse(k, bad[i].csv, &at);
        if (e == ERR_OK || at.line != bad[i].line || at.column != bad[i].column || !str_eq(at.field, bad[i].field) ||
            !str_eq(at.text, bad[i].text))
            fail_msg("case %zu: %s, line %u, column %u, %s: %s", i, err_name(e), at.line, at.column, at.field, at.text);
        assert_int_equal(keylist_count(k), 0); /* all rows or none */
        keylist_free(k);
    }
}

static void the_list_has_an_end(void **state)
{
    (void)state;
    struct keylist *k = keylist_create();
    struct key_rule rule = { .has_address = true, .medium = -1, .version = -1 };
    for (uint32_t i = 0; i < KEYLIST_MAX; i++) {
        rule.address = i;
        assert_int_equal(keylist_add(k, &rule), ERR_OK);
    }
    assert_int_equal(keylist_add(k, &rule), ERR_TOO_MANY);
    keylist_remove(k, KEYLIST_MAX - 1);
    rule.address = 0;
    assert_int_equal(keylist_add(k, &rule), ERR_EXISTS);
    keylist_remove(k, KEYLIST_MAX); /* not there: nothing happens */
    assert_int_equal(keylist_count(k), KEYLIST_MAX - 1);
    assert_null(keylist_at(k, KEYLIST_MAX - 1));
    keylist_free(k);
    keylist_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_most_specific_rule_comes_first),
        cmocka_unit_test(files_of_spreadsheets_are_read),
        cmocka_unit_test(bad_rows_are_named_by_line_and_column),
        cmocka_unit_test(the_list_has_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
