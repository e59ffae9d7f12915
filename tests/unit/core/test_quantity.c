/* test_quantity.c — the tables of words.
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
#include "core/quantity.h"

static void names_find_their_quantities_and_units(void **state)
{
    (void)state;
    for (int i = 0; i < Q_N; i++) {
        enum quantity q;
        assert_true(quantity_find(quantity_name((enum quantity)i), &q));
        assert_int_equal(q, i);
        assert_non_null(quantity_report_word((enum quantity)i));
    }
    for (int i = 1; i < UNIT_N - 1; i++) { /* but for "no unit" and "the text beside", which have the same empty name */
        enum unit u;
        assert_true(unit_find(unit_name((enum unit)i), &u));
        assert_int_equal(u, i);
        assert_true(unit_factor(u) >= 1);
    }
    enum quantity q;
    enum unit u;
    assert_false(quantity_find("enery", &q));
    assert_false(unit_find("kWh", &u));
    assert_string_equal(unit_canonical(UNIT_H), "s");
    assert_int_equal(unit_factor(UNIT_H), 3600);
    assert_string_equal(unit_report_word(UNIT_C), "\xC2\xB0"
                                                  "C");
}

static void modifiers_have_the_words_of_the_standard(void **state)
{
    static const struct {
        unsigned modifier;
        const char *name;
    } cases[] = {
        { 0x00, "no-error" },
        { 0x01, "too-many-difes" },
        { 0x08, "record-error-08" },
        { 0x15, "no-data-available" },
        { 0x20, "per-second" },
        { 0x22, "per-hour" },
        { 0x3A, "uncorrected-unit" },
        { 0x3B, "positive-accumulation" },
        { 0x3C, "negative-accumulation" },
        { 0x3E, "base-condition" },
        { 0x40, "lower-limit" },
        { 0x48, "upper-limit" },
        { 0x44, "reserved-44" },
        { 0x74, "factor-1e-2" },
        { MODIFIER_SECOND + 0x01, "phase-l1" },
        { MODIFIER_SECOND + 0x04, "neutral-conductor" },
        { MODIFIER_SECOND + 0x05, "phase-l1-l2" },
        { MODIFIER_SECOND + 0x0C, "delta" },
        { MODIFIER_SECOND + 0x10, "absolute" },
        { MODIFIER_SECOND + 0x7F, "second-extension-7f" },
        { MODIFIER_MAKER + 0x02, "manufacturer-specific-02" },
        { MODIFIER_MAKER + 0xFF, "manufacturer-specific-ff" },
    };
    char buf[MODIFIER_TEXT_MAX];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_string_equal(modifier_name(cases[i].modifier, buf), cases[i].name);
    for (unsigned m = 0; m < MODIFIER_N; m++) {
        const char *name = modifier_name(m, buf);
        assert_true(*name && strlen(name) < MODIFIER_TEXT_MAX);
        assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-"), strlen(name));
    }
}

static void media_and_functions_have_names(void **state)
{
    (void)state;
    assert_string_equal(medium_name(0x04), "heat");
    assert_string_equal(medium_name(0x07), "water");
    assert_string_equal(medium_name(0x0F), "unknown");
    assert_string_equal(medium_name(0x1F), "reserved");
    assert_string_equal(medium_name(0xF0), "manufacturer-specific");
    assert_string_equal(function_name(FUNCTION_INST), "inst");
    assert_string_equal(function_name(FUNCTION_ERROR), "error");
}

/* KAM is 2C2Dh in every telegram of that maker. */
static void makers_are_three_letters(void **state)
{
    char text[4];
    uint16_t maker;
    (void)state;
    maker_text(0x2C2D, text);
    assert_string_equal(text, "KAM");
    maker_text(0x8000 | 0x2C2D, text);
    assert_string_equal(text, "KAM");
    maker_text(0, text);
    assert_string_equal(text, "@@@");
    maker_text(0x7FFF, text);
    assert_string_equal(text, "???");
    assert_true(maker_parse("kAm", &maker));
    assert_int_equal(maker, 0x2C2D);
    static const char *const bad[] = { "", "KA", "KAMS", "K1M", "K M", "K@M", "K[M" };
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_false(maker_parse(bad[i], &maker));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_find_their_quantities_and_units),
        cmocka_unit_test(modifiers_have_the_words_of_the_standard),
        cmocka_unit_test(media_and_functions_have_names),
        cmocka_unit_test(makers_are_three_letters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
