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
    v = (struct value){
        .kind = VALUE_NUMBER, .quantity = Q_TEXT, .unit = UNIT_TEXT, .unit_text = "%RH\"", .mantissa = 541, .exp10 = -1
    };
    assert_non_null(
        strstr(members(&v, text, sizeof text), "\"quantity\":\"text\",\"unit\":\"%RH\\\"\",\"value\":54.1,"));
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
        cmocka_unit_test(series_differ_by_what_is_measured_not_by_its_value),
        cmocka_unit_test(notes_statuses_and_sources_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
