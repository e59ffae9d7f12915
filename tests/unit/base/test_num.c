/* test_num.c — decimals as text and back, floats as decimals.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/base/mem.h"
#include "core/base/num.h"

static void decimals_show_as_the_exponent_says(void **state)
{
    static const struct {
        struct dec d;
        const char *text;
    } cases[] = {
        { { 670, -2 }, "6.70" },
        { { 5, 3 }, "5000" },
        { { -3, -4 }, "-0.0003" },
        { { 0, 0 }, "0" },
        { { 0, 5 }, "0" },
        { { 0, -2 }, "0.00" },
        { { 7, 0 }, "7" },
        { { 99, 0 }, "99" },
        { { 100, -2 }, "1.00" },
        { { 12, -2 }, "0.12" },
        { { 123, -2 }, "1.23" },
        { { INT64_MAX, 0 }, "9223372036854775807" },
        { { INT64_MIN, 0 }, "-9223372036854775808" },
        { { INT64_MIN, -30 }, "-0.000000000009223372036854775808" },
        { { INT64_MIN, 30 }, "-9223372036854775808000000000000000000000000000000" },
        { { 1, -30 }, "0.000000000000000000000000000001" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char text[DEC_TEXT_MAX];
        assert_int_equal(dec_text(text, cases[i].d), strlen(cases[i].text));
        assert_string_equal(text, cases[i].text);
    }
}

static void whole_numbers_of_every_length_are_right(void **state)
{
    uint64_t v = 0;
    (void)state;
    for (int digits = 1; digits <= 20; digits++) {
        char ours[NUM_TEXT_MAX + 1] = "", theirs[32];
        v = v * 10 + (uint64_t)(digits % 10);
        ours[num_text(ours, v)] = 0;
        snprintf(theirs, sizeof theirs, "%llu", (unsigned long long)v);
        assert_string_equal(ours, theirs);
    }
    char most[NUM_TEXT_MAX + 1];
    most[num_text(most, UINT64_MAX)] = 0;
    assert_string_equal(most, "18446744073709551615");
}

static void texts_are_read_as_decimals(void **state)
{
    static const struct {
        const char *text;
        enum err err;
        struct dec d;
    } cases[] = {
        { "-12.50", ERR_OK, { -1250, -2 } },
        { "0", ERR_OK, { 0, 0 } },
        { "0.000", ERR_OK, { 0, -3 } },
        { "-9223372036854775808", ERR_OK, { INT64_MIN, 0 } },
        { "9223372036854775808", ERR_RANGE, { 0, 0 } },
        { "0.0000000000000000000000000000001", ERR_RANGE, { 0, 0 } },
        { "", ERR_SYNTAX, { 0, 0 } },
        { ".5", ERR_SYNTAX, { 0, 0 } },
        { "5.", ERR_SYNTAX, { 0, 0 } },
        { "1.2.3", ERR_SYNTAX, { 0, 0 } },
        { "1e5", ERR_SYNTAX, { 0, 0 } },
        { "+1", ERR_SYNTAX, { 0, 0 } },
        { "--1", ERR_SYNTAX, { 0, 0 } },
        { "nan", ERR_SYNTAX, { 0, 0 } },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct dec d = { 42, 42 };
        assert_int_equal(dec_parse(cases[i].text, &d), cases[i].err);
        assert_true(d.mantissa == (cases[i].err == ERR_OK ? cases[i].d.mantissa : 42));
        assert_int_equal(d.exp10, cases[i].err == ERR_OK ? cases[i].d.exp10 : 42);
    }
}

static void doubles_are_the_nearest(void **state)
{
    static const struct {
        struct dec d;
        double v;
    } cases[] = {
        { { 670, -2 }, 6.70 },
        { { 1, -1 }, 0.1 },
        { { 3, 0 }, 3.0 },
        { { INT64_MAX, 0 }, 9223372036854775807.0 },
        { { 123456789012345678, -5 }, 1234567890123.45678 },
        { { 1, 30 }, 1e30 },
        { { 7, -30 }, 7e-30 },
        { { -5, 22 }, -5e22 },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_true(dec_to_double(cases[i].d) == cases[i].v);
}

static void scaling_never_overflows_silently(void **state)
{
    struct dec d = { 100, -2 };
    (void)state;
    assert_true(dec_scale(&d, 3600));
    assert_true(d.mantissa == 360000 && d.exp10 == -2);
    d.mantissa = INT64_MAX / 2;
    assert_false(dec_scale(&d, 3));
    assert_true(d.mantissa == INT64_MAX / 2);
}

static void comparing_is_exact_at_any_distance(void **state)
{
    static const struct {
        struct dec a, b;
        int sign;
    } cases[] = {
        { { 1, 0 }, { 10, -1 }, 0 },
        { { 1, 30 }, { INT64_MAX, 0 }, 1 },
        { { 1, 30 }, { INT64_MAX, -30 }, 1 },
        { { -1, 30 }, { INT64_MIN, -30 }, -1 },
        { { 0, 30 }, { 0, -30 }, 0 },
        { { 0, 0 }, { 1, -30 }, -1 },
        { { 0, 30 }, { -1, -30 }, 1 },
        { { -1, 0 }, { 1, 0 }, -1 },
        { { INT64_MAX, 18 }, { INT64_MAX, 0 }, 1 },
        { { 9, 18 }, { INT64_MAX, 0 }, -1 },
        { { INT64_MIN, 0 }, { -9, 18 }, -1 },
        { { 100000000000000001, -17 }, { 1, 0 }, 1 },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int c = dec_compare(cases[i].a, cases[i].b), back = dec_compare(cases[i].b, cases[i].a);
        assert_int_equal((c > 0) - (c < 0), cases[i].sign);
        assert_int_equal((back > 0) - (back < 0), -cases[i].sign);
    }
}

static void floats_become_their_shortest_decimal(void **state)
{
    static const struct {
        float f;
        const char *text;
    } cases[] = {
        { 0.0F, "0" },
        { -0.0F, "0" },
        { 0.1F, "0.1" },
        { 6.7F, "6.7" },
        { -273.15F, "-273.15" },
        { 1234567.0F, "1234567" },
        { 16777216.0F, "16777216" },
        { 0.001F, "0.001" },
        { 1.0e-5F, "0.00001" },
        { 3.1415927F, "3.1415927" },
        { 1.0e10F, "10000000000" },
        { 3.4028235e38F, "340282350000000000000000000000000000000" },
        { 1.0e-20F, "0.00000000000000000001" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char text[DEC_TEXT_MAX];
        struct dec d;
        assert_true(dec_from_float(cases[i].f, &d));
        dec_text(text, d);
        assert_string_equal(text, cases[i].text);
    }
    struct dec d;
    assert_false(dec_from_float(strtof("nan", NULL), &d));
    assert_false(dec_from_float(strtof("inf", NULL), &d));
}

static void any_float_reads_back_and_no_shorter_text_does(void **state)
{
    uint32_t bits = 12345;
    (void)state;
    for (int i = 0; i < 20000; i++) {
        float f;
        struct dec d;
        char text[DEC_TEXT_MAX], shorter[48];
        bits = bits * 1664525 + 1013904223;
        memcpy(&f, &bits, sizeof f);
        if (!(f > 1e-20F && f < 1e30F) && !(f < -1e-20F && f > -1e30F))
            continue;
        assert_true(dec_from_float(f, &d));
        dec_text(text, d);
        assert_true(strtof(text, NULL) == f);
        int digits = 0;
        for (const char *p = text; *p; p++)
            digits += *p >= '0' && *p <= '9' && (digits > 0 || *p != '0');
        for (const char *p = text + strlen(text) - 1; !strchr(text, '.') && *p == '0'; p--)
            digits--;
        if (digits > 1) {
            snprintf(shorter, sizeof shorter, "%.*e", digits - 2, (double)f);
            assert_true(strtof(shorter, NULL) != f);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decimals_show_as_the_exponent_says),
        cmocka_unit_test(whole_numbers_of_every_length_are_right),
        cmocka_unit_test(texts_are_read_as_decimals),
        cmocka_unit_test(doubles_are_the_nearest),
        cmocka_unit_test(scaling_never_overflows_silently),
        cmocka_unit_test(comparing_is_exact_at_any_distance),
        cmocka_unit_test(floats_become_their_shortest_decimal),
        cmocka_unit_test(any_float_reads_back_and_no_shorter_text_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
