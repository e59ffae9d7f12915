/* test_telegram_text.c — the table for people.
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
#include "protocols/codec/mbus/telegram_text.h"

static struct telegram t;
static uint8_t table[TELEGRAM_TABLE_MAX];

static const char *show(const char *hex, enum telegram_link link)
{
    uint8_t bytes[4000];
    size_t len;
    struct err_at at = { 0 };
    assert_int_equal(str_from_hex(hex, strlen(hex), bytes, sizeof bytes, &len), ERR_OK);
    struct wr w = wr_init(table, sizeof table - 1);
    telegram_text(&w, &t, telegram_decode(&t, link, bytes, len, NULL, &at), &at);
    assert_true(wr_ok(&w));
    table[wr_len(&w)] = '\0';
    return (const char *)table;
}

static void columns_stand_below_each_other(void **state)
{
    (void)state;
    assert_string_equal(show("0413cd180000"
                             "426c9f1c"
                             "0b620200f0"
                             "0dfd0b06353332445652"
                             "3f",
                             LINK_RECORD),
                        "records\n"
                        "  no  quantity                 kind   st/ta/su                value unit\n"
                        "   0  volume                   inst   0/0/0                   6.349 m3\n"
                        "   1  date                     inst   1/0/0    2012-12-31\n"
                        "   2  temperature-difference   inst   0/0/0                    -0.2 K\n"
                        "   3  parameter-set            inst   0/0/0    RVD235\n"
                        "refused at byte 25: reserved DIF 3F\n");
}

static void the_first_line_says_who_speaks(void **state)
{
    (void)state;
    assert_string_equal(show("68040468080170088116", LINK_WIRED), "wired  primary 1  CI 70\n"
                                                                  "      application error 8: application too busy\n");
    assert_true(str_starts(show("681414680802727856341224400107550000000313153100ad16", LINK_WIRED),
                           "wired  PAD 12345678  version 1  water (07)  primary 2  access 85  status 00  CI 72\n"));
    assert_true(str_starts(show("68131368080573785634120a00e97e01000000350100003c16", LINK_WIRED),
                           "wired  --- 12345678  water (07)  primary 5"));
}

static void control_characters_never_reach_the_terminal(void **state)
{
    (void)state;
    const char *text = show("0dfd0b0641001b9b7f0a", LINK_RECORD); /* LF, DEL, CSI, ESC, NUL, A in reverse */
    assert_non_null(strstr(text, " .....A\n"));
    text = show("017c031b5b4105", LINK_RECORD); /* in a unit, too */
    assert_non_null(strstr(text, "5 A[.\n"));
}

static void the_largest_telegram_fits(void **state)
{
    (void)state;
    /* As many records as there is room for, each with ten modifiers of the longest name. */
    static const char record[] = "0193939393939393939393"
                                 "1301";
    char hex[TELEGRAM_VALUES_MAX * (sizeof record - 1) + 1];
    for (size_t i = 0; i < TELEGRAM_VALUES_MAX; i++)
        str_copy(hex + i * (sizeof record - 1), sizeof record, record);
    assert_true(strlen(show(hex, LINK_RECORD)) > 300 * TELEGRAM_VALUES_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_stand_below_each_other),
        cmocka_unit_test(the_first_line_says_who_speaks),
        cmocka_unit_test(control_characters_never_reach_the_terminal),
        cmocka_unit_test(the_largest_telegram_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
