/* test_reading.c — values in canonical units, as JSON and in words.
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
#include "core/reading.h"

static const char *value_text(const struct value *v, char *out, size_t size)
{
    struct json_out j;
    json_init(&j, out, size - 1, NULL, NULL);
    value_json(&j, v);
    *j.p = 0;
    return out;
}

static void each_kind_is_one_json_value(void **state)
{
    static const uint8_t bytes[] = { 0x17, 0x3E, 0xD1 };
    static const struct {
        struct value v;
        const char *json;
    } cases[] = {
        { { .kind = VALUE_NONE, .mantissa = 5 }, "null" },
        { { .kind = VALUE_NUMBER, .mantissa = 670, .exp10 = -2, .unit = UNIT_M3 }, "6.70" },
        { { .kind = VALUE_NUMBER, .mantissa = 15, .exp10 = 3, .unit = UNIT_WH }, "15000" },
        { { .kind = VALUE_NUMBER, .mantissa = 5, .unit = UNIT_H }, "18000" },
        { { .kind = VALUE_NUMBER, .mantissa = 15, .exp10 = -1, .unit = UNIT_M3_PER_MIN }, "90.0" },
        { { .kind = VALUE_NUMBER, .mantissa = INT64_MAX, .unit = UNIT_D }, "null" },
        { { .kind = VALUE_NUMBER, .mantissa = 1, .exp10 = 31 }, "null" },
        { { .kind = VALUE_TEXT, .bytes = (const uint8_t *)"a\"b", .len = 3 }, "\"a\\\"b\"" },
        { { .kind = VALUE_BYTES, .bytes = bytes, .len = 3 }, "\"173ed1\"" },
        { { .kind = VALUE_DATE, .mantissa = 1394668800 }, "\"2014-03-13\"" },
        { { .kind = VALUE_MINUTE, .mantissa = 1394709060 }, "\"2014-03-13T11:11:00\"" },
        { { .kind = VALUE_SECOND, .mantissa = 1394709061 }, "\"2014-03-13T11:11:01\"" },
        { { .kind = VALUE_SECOND, .mantissa = INT64_C(1) << 60 }, "null" },
        { { .kind = VALUE_MAKER_BLOCK, .bytes = bytes, .len = 2 }, "\"173e\"" },
        { { .kind = VALUE_MORE_FOLLOWS }, "\"\"" },
    };
    char text[128];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_string_equal(value_text(&cases[i].v, text, sizeof text), cases[i].json);
}

static const char *members(const struct value *v, char *out, size_t size)
{
    struct json_out j;
    json_init(&j, out, size - 1, NULL, NULL);
    json_object(&j);
    value_json_members(&j, v);
    json_object_end(&j);
    *j.p = 0;
    return out;
}

static void members_are_those_of_the_interface(void **state)
{
    char text[1024];
    struct value v = { .kind = VALUE_NUMBER,
                       .mantissa = -12345,
                       .exp10 = -3,
                       .quantity = Q_VOLUME,
                       .unit = UNIT_M3,
                       .function = FUNCTION_MAX,
                       .storage = 12,
                       .tariff = 3,
                       .subunit = 1,
                       .index = 10,
                       .telegram = 2,
                       .series = 77,
                       .n_modifiers = 2,
                       .modifiers = { 0x22, MODIFIER_MAKER + 2 },
                       .note = NOTE_RECORD_ERROR + 0x15 };
    (void)state;
    assert_string_equal(
        members(&v, text, sizeof text),
        "{\"index\":10,\"telegram\":2,\"series\":77,\"quantity\":\"volume\",\"unit\":\"m3\",\"value\":-12.345,"
        "\"function\":\"max\",\"storage\":12,\"tariff\":3,\"subunit\":1,"
        "\"modifiers\":[\"per-hour\",\"manufacturer-specific-02\"],\"note\":\"no-data-available\"}");
    v = (struct value){ .kind = VALUE_MORE_FOLLOWS, .quantity = Q_MANUFACTURER_SPECIFIC };
    assert_string_equal(
        members(&v, text, sizeof text),
        "{\"index\":0,\"telegram\":0,\"quantity\":\"manufacturer-specific\",\"unit\":\"\",\"value\":\"\","
        "\"function\":\"inst\",\"storage\":0,\"tariff\":0,\"subunit\":0,\"modifiers\":[],"
        "\"special\":\"more-follows\"}");
    v = (struct value){ .kind = VALUE_NUMBER,
                        .quantity = Q_VOLUME_FLOW,
                        .unit = UNIT_M3_PER_H,
                        .mantissa = 11582321,
                        .n_modifiers = 1,
                        .modifiers = { 0x50 } };
    assert_string_equal(members(&v, text, sizeof text),
                        "{\"index\":0,\"telegram\":0,\"quantity\":\"volume-flow\",\"unit\":\"m3/h\",\"value\":11582321,"
                        "\"function\":\"inst\",\"storage\":0,\"tariff\":0,\"subunit\":0,"
                        "\"modifiers\":[\"first-lower-limit-exceed-seconds\"],"
                        "\"means\":{\"quantity\":\"limit-duration\",\"unit\":\"s\",\"value\":11582321}}");
    v = (struct value){
        .kind = VALUE_NUMBER, .quantity = Q_TEXT, .unit = UNIT_TEXT, .unit_text = "%RH\"", .mantissa = 541, .exp10 = -1
    };
    assert_non_null(
        strstr(members(&v, text, sizeof text), "\"quantity\":\"text\",\"unit\":\"%RH\\\"\",\"value\":54.1,"));
}

static void what_a_vife_makes_of_a_number_stands_beside_it(void **state)
{
    /* Numbers as meters sent them: 04 BE 50 F1 BA B0 00, 94 10 DA 6F 32 14 7A 18, 02 DA 6F 7A 18, 02 BB 56 05 00. */
    static const struct {
        struct value v;
        const char *quantity, *unit, *json;
    } cases[] = {
        { { .kind = VALUE_NUMBER, .mantissa = 11582321, .modifiers = { 0x50 } }, "limit-duration", "s", "11582321" },
        { { .kind = VALUE_NUMBER, .mantissa = 5, .exp10 = -3, .modifiers = { 0x56 } }, "limit-duration", "s", "18000" },
        { { .kind = VALUE_NUMBER, .mantissa = 2, .modifiers = { 0x67 } }, "limit-duration", "s", "172800" },
        { { .kind = VALUE_NUMBER, .mantissa = 7, .exp10 = 3, .modifiers = { 0x49 } }, "limit-count", "", "7" },
        { { .kind = VALUE_NUMBER, .mantissa = 0x187A1432, .exp10 = -1, .modifiers = { 0x6F } },
          "date-time",
          "",
          "\"2011-08-26T20:50:00\"" },
        { { .kind = VALUE_NUMBER, .mantissa = 0x187A, .modifiers = { 0x42 } }, "date", "", "\"2011-08-26\"" },
        { { .kind = VALUE_NUMBER, .mantissa = 7, .modifiers = { 0x49 }, .note = NOTE_RECORD_ERROR + 0x18 },
          "limit-count",
          "",
          "null" },
        { { .kind = VALUE_NUMBER, .mantissa = 0, .modifiers = { 0x6F } }, "date-time", "", "null" },
        { { .kind = VALUE_NUMBER, .mantissa = -1, .modifiers = { 0x39 } }, "date-time", "", "null" },
        { { .kind = VALUE_NUMBER, .mantissa = (int64_t)1 << 48, .modifiers = { 0x39 } }, "date-time", "", "null" },
        { { .kind = VALUE_NONE, .modifiers = { 0x5C } }, "limit-duration", "s", "null" },
    };
    char text[64];
    struct value means;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct value v = cases[i].v;
        v.n_modifiers = 1;
        assert_true(value_means(&v, &means));
        assert_string_equal(quantity_name(means.quantity), cases[i].quantity);
        assert_string_equal(value_unit_name(&means), cases[i].unit);
        assert_string_equal(value_text(&means, text, sizeof text), cases[i].json);
    }
}

static void most_vifes_leave_a_number_what_it_is(void **state)
{
    static const uint16_t same[] = {
        0x22, 0x38, 0x3A, 0x40, 0x48, 0x4C, 0x68, 0x6C, 0x6D, 0x74, MODIFIER_SECOND + 0x50, MODIFIER_MAKER + 0x50
    };
    struct value v = { .kind = VALUE_NUMBER, .mantissa = 5, .modifiers = { 0x50 } }, means;
    (void)state;
    assert_false(value_means(&v, &means)); /* none at all */
    v.n_modifiers = 1;
    for (size_t i = 0; i < COUNT_OF(same); i++) {
        v.modifiers[0] = same[i];
        assert_false(value_means(&v, &means));
    }
    v = (struct value){ .kind = VALUE_TEXT, .n_modifiers = 1, .modifiers = { 0x50 } };
    assert_false(value_means(&v, &means));
}

static void a_factor_behind_the_meaning_is_of_it(void **state)
{
    char text[64];
    struct value v = { .kind = VALUE_NUMBER, .mantissa = 5, .exp10 = 3, .n_modifiers = 3 }, means;
    (void)state;
    v.modifiers[0] = 0x75, v.modifiers[1] = 0x52, v.modifiers[2] = 0x74;
    assert_true(value_means(&v, &means));
    assert_string_equal(value_text(&means, text, sizeof text), "180.00");
    v.modifiers[2] = 0x7B; /* + 1: what was sent is lost */
    assert_true(value_means(&v, &means));
    assert_string_equal(value_text(&means, text, sizeof text), "null");
}

static void series_differ_by_what_is_measured_not_by_its_value(void **state)
{
    struct value a = {
        .kind = VALUE_NUMBER, .quantity = Q_ENERGY, .unit = UNIT_WH, .storage = 1, .mantissa = 5, .index = 1
    };
    struct value b = a;
    (void)state;
    b.mantissa = 6;
    b.exp10 = 3;
    b.index = 9;
    b.telegram = 1;
    b.series = 4;
    assert_true(value_same_series(&a, &b));
    b.n_modifiers = 1;
    assert_false(value_same_series(&a, &b));
    a.n_modifiers = 1;
    a.modifiers[0] = 0x40;
    assert_false(value_same_series(&a, &b));
    b.modifiers[0] = 0x40;
    assert_true(value_same_series(&a, &b));
    b.storage = 2;
    assert_false(value_same_series(&a, &b));
    b = a;
    b.unit_text = "x";
    assert_false(value_same_series(&a, &b));
}

static void notes_statuses_and_sources_have_names(void **state)
{
    (void)state;
    assert_null(value_note_name(NOTE_NONE));
    for (unsigned n = 1; n < NOTE_N; n++)
        assert_true(value_note_name(n)[0] != 0);
    assert_string_equal(value_note_name(NOTE_INVALID_DIGITS), "invalid-digits");
    assert_string_equal(value_note_name(NOTE_RECORD_ERROR + 0x15), "no-data-available");
    assert_string_equal(value_note_name(NOTE_RECORD_ERROR + 0x08), "record-error");
    assert_string_equal(readout_status_name(READOUT_OK), "ok");
    assert_string_equal(readout_status_name(READOUT_NO_KEY), "no_key");
    assert_string_equal(reading_source_name(SOURCE_PUSH), "push");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_is_one_json_value),
        cmocka_unit_test(members_are_those_of_the_interface),
        cmocka_unit_test(what_a_vife_makes_of_a_number_stands_beside_it),
        cmocka_unit_test(most_vifes_leave_a_number_what_it_is),
        cmocka_unit_test(a_factor_behind_the_meaning_is_of_it),
        cmocka_unit_test(series_differ_by_what_is_measured_not_by_its_value),
        cmocka_unit_test(notes_statuses_and_sources_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
