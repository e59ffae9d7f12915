/* test_wr.c — writing into a buffer of fixed size, and reading it back.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/base/rd.h"
#include "core/base/str.h"
#include "core/base/wr.h"

static void numbers_lie_as_the_byte_order_says(void **state)
{
    uint8_t b[32];
    struct wr w = wr_init(b, sizeof b);
    (void)state;
    wr_u8(&w, 0x01);
    wr_u16le(&w, 0x0302);
    wr_u32le(&w, 0x07060504);
    wr_be(&w, 0x08090A, 3);
    wr_hex(&w, "\x0B\xCD", 2);
    wr_str(&w, "!");
    wr_fmt(&w, "%d-%s", 5, "x");
    assert_true(wr_ok(&w));
    assert_int_equal(wr_len(&w), 18);
    assert_memory_equal(b,
                        "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0A"
                        "0bcd!5-x",
                        18);
}

static void what_does_not_fit_makes_it_full_for_good(void **state)
{
    uint8_t b[5] = "#####";
    struct wr w = wr_init(b, 4);
    (void)state;
    wr_u16le(&w, 0x4141);
    wr_bytes(&w, "abc", 3);
    assert_false(wr_ok(&w));
    wr_u8(&w, 'z');
    wr_fmt(&w, "z");
    wr_hex(&w, "z", 1);
    assert_int_equal(wr_len(&w), 2);
    assert_memory_equal(b, "AA###", 5);
    w = wr_init(b, 4);
    wr_fmt(&w, "%s", "abcd"); /* just fits, without a NUL */
    assert_true(wr_ok(&w));
    assert_memory_equal(b, "abcd#", 5);
    w = wr_init(b, 4);
    wr_fmt(&w, "%s", "abcde");
    assert_false(wr_ok(&w));
    w = wr_init(b, 4);
    wr_hex(&w, "abc", 3);
    assert_false(wr_ok(&w));
}

static void long_formats_go_through(void **state)
{
    char text[1200], out[1400];
    struct wr w = wr_init(out, sizeof out);
    (void)state;
    memset(text, 'y', sizeof text - 1);
    text[sizeof text - 1] = 0;
    wr_fmt(&w, "%s", text);
    assert_true(wr_ok(&w));
    assert_int_equal(wr_len(&w), sizeof text - 1);
    assert_memory_equal(out, text, sizeof text - 1);
    wr_fmt(&w, "%s", text);
    assert_false(wr_ok(&w));
    assert_int_equal(wr_len(&w), sizeof text - 1);
}

static void variable_length_integers_read_back(void **state)
{
    static const int64_t values[] = { 0, 1, -1, 63, 64, -64, -65, 127, 128, 1 << 20, INT64_MAX, INT64_MIN };
    uint8_t b[32];
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct wr w = wr_init(b, sizeof b);
        wr_varint(&w, (uint64_t)values[i]);
        wr_zigzag(&w, values[i]);
        struct rd r = rd_init(b, wr_len(&w));
        assert_true(rd_varint(&r) == (uint64_t)values[i]);
        assert_true(rd_zigzag(&r) == values[i]);
        assert_true(rd_ok(&r) && rd_left(&r) == 0);
    }
    struct rd r = rd_init("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 11);
    assert_int_equal(rd_varint(&r), 0);
    assert_false(rd_ok(&r));
}

static void the_first_short_read_is_the_last(void **state)
{
    struct rd r = rd_init("\x01\x02\x03\x04\x05", 5);
    (void)state;
    assert_int_equal(rd_peek(&r), 1);
    assert_int_equal(rd_u16le(&r), 0x0201);
    struct rd inner = rd_sub(&r, 2);
    assert_int_equal(rd_u16be(&inner), 0x0304);
    assert_int_equal(rd_peek(&inner), -1);
    assert_int_equal(rd_u32le(&r), 0);
    assert_false(rd_ok(&r));
    assert_int_equal(rd_u8(&r), 0);
    assert_int_equal(rd_peek(&r), -1);
    struct rd none = rd_sub(&r, 1);
    assert_false(rd_ok(&none));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_lie_as_the_byte_order_says),
        cmocka_unit_test(what_does_not_fit_makes_it_full_for_good),
        cmocka_unit_test(long_formats_go_through),
        cmocka_unit_test(variable_length_integers_read_back),
        cmocka_unit_test(the_first_short_read_is_the_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
