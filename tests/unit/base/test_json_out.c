/* test_json_out.c — the streaming JSON writer. Texts were held against RFC 8259 by hand.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/base/json_out.h"
#include "core/base/mem.h"
#include "core/base/str.h"

static void commas_come_by_themselves(void **state)
{
    char text[512];
    struct json_out j;
    (void)state;
    json_init(&j, text, sizeof text - 1, NULL, NULL);
    json_object(&j);
    json_key_str(&j, "a", "b");
    json_key_str(&j, "none", NULL);
    json_key_int(&j, "n", -5);
    json_key(&j, "list");
    json_array(&j);
    json_object(&j);
    json_object_end(&j);
    json_array(&j);
    json_array_end(&j);
    json_bool(&j, true);
    json_null(&j);
    json_dec(&j, (struct dec){ 670, -2 });
    json_uint(&j, UINT64_MAX);
    json_int(&j, INT64_MIN);
    json_plain(&j, "plain");
    json_hex(&j, "\x01\xAB", 2);
    json_raw(&j, "{}", 2);
    json_array_end(&j);
    json_key_bool(&j, "no", false);
    json_key_utc(&j, "when", 1790884800);
    json_key_utc(&j, "never", 0);
    json_object_end(&j);
    *j.p = 0;
    assert_false(j.full);
    assert_string_equal(text,
                        "{\"a\":\"b\",\"none\":null,\"n\":-5,\"list\":[{},[],true,null,6.70,18446744073709551615,"
                        "-9223372036854775808,\"plain\",\"01ab\",{}],\"no\":false,\"when\":\"2026-10-01T20:00:00Z\","
                        "\"never\":null}");
}

static void texts_are_escaped_where_they_must_be(void **state)
{
    static const struct {
        const char *text;
        size_t len;
        const char *json;
    } cases[] = {
        { "", 0, "\"\"" },
        { "a quite long and plain text of many words", 41, "\"a quite long and plain text of many words\"" },
        { "12345678\"", 9, "\"12345678\\\"\"" },
        { "\"\\/", 3, "\"\\\"\\\\/\"" },
        { "\b\t\n\f\r", 5, "\"\\b\\t\\n\\f\\r\"" },
        { "\x01\x1F\x7F", 3, "\"\\u0001\\u001f\\u007f\"" },
        { "a\0b", 3, "\"a\\u0000b\"" },
        { "\xC3\xA5\xE2\x82\xAC\xF0\x9F\x98\x80", 9, "\"\xC3\xA5\xE2\x82\xAC\xF0\x9F\x98\x80\"" },
        { "\xC3", 1, "\"\xEF\xBF\xBD\"" },
        { "x\xC3(\xFFz", 5, "\"x\xEF\xBF\xBD(\xEF\xBF\xBDz\"" },
        { "\xED\xA0\x80", 3, "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char text[128];
        struct json_out j;
        json_init(&j, text, sizeof text - 1, NULL, NULL);
        json_str_n(&j, cases[i].text, cases[i].len);
        *j.p = 0;
        assert_string_equal(text, cases[i].json);
    }
}

static void every_byte_at_every_place_of_a_word_is_seen(void **state)
{
    (void)state;
    for (int c = 1; c < 128; c++) {
        for (size_t place = 0; place < 17; place++) {
            char in[17], out[64];
            struct json_out j;
            memset(in, 'x', sizeof in);
            in[place] = (char)c;
            json_init(&j, out, sizeof out, NULL, NULL);
            json_str_n(&j, in, sizeof in);
            bool is_plain = c >= 0x20 && c != 0x7F && c != '"' && c != '\\';
            assert_int_equal(json_len(&j) == sizeof in + 2, is_plain);
        }
    }
}

static void doubles_read_back(void **state)
{
    static const struct {
        double v;
        const char *json;
    } cases[] = { { 0.5, "0.5" }, { 0.1, "0.1" }, { 1e300, "1e+300" }, { 1.0 / 3, "0.33333333333333331" }, { 2, "2" } };
    char text[64];
    struct json_out j;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        json_init(&j, text, sizeof text - 1, NULL, NULL);
        json_double(&j, cases[i].v);
        *j.p = 0;
        assert_string_equal(text, cases[i].json);
    }
    json_init(&j, text, sizeof text - 1, NULL, NULL);
    json_double(&j, strtod("nan", NULL));
    *j.p = 0;
    assert_string_equal(text, "null");
}

static void a_full_buffer_is_full_for_good_and_nothing_is_written_past_it(void **state)
{
    (void)state;
    for (size_t size = 0; size < 60; size++) {
        char text[64];
        struct json_out j;
        memset(text, '#', sizeof text);
        json_init(&j, text, size, NULL, NULL);
        json_object(&j);
        json_key_str(&j, "key", "a text\n");
        json_key_int(&j, "number", 1234567890);
        json_key(&j, "d");
        json_dec(&j, (struct dec){ 1, -2 });
        json_object_end(&j);
        assert_int_equal(text[size], '#');
        if (size < 44)
            assert_true(j.full);
    }
}

struct sink {
    char text[4096];
    size_t len;
};

static void collect(void *ctx, const char *bytes, size_t len)
{
    struct sink *s = ctx;
    assert_true(s->len + len < sizeof s->text);
    memcpy(s->text + s->len, bytes, len);
    s->len += len;
}

static void a_small_buffer_with_a_flush_loses_nothing(void **state)
{
    struct sink s = { .len = 0 };
    char buffer[64], whole[2048];
    struct json_out j, k;
    (void)state;
    json_init(&j, buffer, sizeof buffer, collect, &s);
    json_init(&k, whole, sizeof whole, NULL, NULL);
    struct json_out *both[] = { &j, &k };
    for (int b = 0; b < 2; b++) {
        json_array(both[b]);
        for (int i = 0; i < 20; i++) {
            json_str(both[b], "a text that is longer than the whole buffer of sixty-four bytes, \xC3\xA5 included");
            json_int(both[b], i);
            json_dec(both[b], (struct dec){ i, -3 });
        }
        json_array_end(both[b]);
    }
    json_finish(&j);
    assert_false(j.full);
    assert_int_equal(s.len, json_len(&k));
    assert_memory_equal(s.text, whole, s.len);
}

static void pieces_stand_as_they_are(void **state)
{
    char text[64];
    struct json_out j;
    (void)state;
    json_init(&j, text, sizeof text - 1, NULL, NULL);
    json_object(&j);
    json_key(&j, "a");
    json_piece_uint(&j, 7);
    json_piece(&j, ",\"b\":");
    json_piece_uint(&j, 1234);
    json_piece_n(&j, " ", 1);
    json_object_end(&j);
    *j.p = 0;
    assert_string_equal(text, "{\"a\":7,\"b\":1234 }");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commas_come_by_themselves),
        cmocka_unit_test(texts_are_escaped_where_they_must_be),
        cmocka_unit_test(every_byte_at_every_place_of_a_word_is_seen),
        cmocka_unit_test(doubles_read_back),
        cmocka_unit_test(a_full_buffer_is_full_for_good_and_nothing_is_written_past_it),
        cmocka_unit_test(a_small_buffer_with_a_flush_loses_nothing),
        cmocka_unit_test(pieces_stand_as_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
