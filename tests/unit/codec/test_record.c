/* test_record.c — data records of all types, and those that must be refused.
 *
 * Bytes are those of EN 13757-3, the user group's paper and real meters (named where they are).
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/json_out.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "protocols/codec/mbus/record.h"

enum { BYTES_MAX = 300 };

struct bench_record {
    uint8_t bytes[BYTES_MAX], arena[BYTES_MAX];
    struct record_reader x;
};

static void open_record(struct bench_record *b, const char *hex, bool is_msb_first)
{
    size_t len = 0;
    assert_int_equal(str_from_hex(hex, strlen(hex), b->bytes, sizeof b->bytes, &len), ERR_OK);
    b->x = (struct record_reader){ rd_init(b->bytes, len), wr_init(b->arena, sizeof b->arena), b->bytes, is_msb_first };
}

static const char *value_text(char *out, size_t size, const struct value *v)
{
    struct json_out j;
    json_init(&j, out, size, NULL, NULL);
    value_json(&j, v);
    out[json_len(&j)] = '\0';
    return out;
}

/* "quantity value unit function storage/tariff/subunit note means value unit" */
static void describe(char *out, size_t size, const struct value *v)
{
    char value[400], meaning[100] = "";
    struct value means;
    if (value_means(v, &means) && means.kind != VALUE_NONE) {
        char text[60];
        str_fmt(meaning, sizeof meaning, " means %s %s", value_text(text, sizeof text, &means),
                value_unit_name(&means));
    }
    const char *note = value_note_name(v->note);
    str_fmt(out, size, "%s %s %s %s %llu/%lu/%u%s%s%s", quantity_name((enum quantity)v->quantity),
            value_text(value, sizeof value, v), value_unit_name(v), function_name((enum function)v->function),
            (unsigned long long)v->storage, (unsigned long)v->tariff, v->subunit, note ? " " : "", note ? note : "",
            meaning);
}

static const struct record_case {
    const char *hex, *want;
} cases[] = {
    /* integers */
    { "01fd1b00", "digital-input 0  inst 0/0/0" },
    { "0413cd180000", "volume 6.349 m3 inst 0/0/0" },
    { "02659cff", "external-temperature -1.00 C inst 0/0/0" },
    { "0265ff7f", "external-temperature 327.67 C inst 0/0/0" },
    { "02650080", "external-temperature -327.68 C inst 0/0/0 invalid-number" },
    { "030600ffff", "energy -256000 Wh inst 0/0/0" },
    { "0603ffffffffffff", "energy -1 Wh inst 0/0/0" },
    { "07036400000000000000", "energy 100 Wh inst 0/0/0" },
    { "07030000000000000080", "energy -9223372036854775808 Wh inst 0/0/0 invalid-number" },
    { "07fd17ffffffffffffff7f", "error-flags 9223372036854775807  inst 0/0/0" },
    { "07fd17ffffffffffffffff", "error-flags null  inst 0/0/0 overflow" },
    { "01fd08ff", "access-number 255  inst 0/0/0" },
    { "022405"
      "00",
      "operating-time 5 s inst 0/0/0" },
    { "0227"
      "0200",
      "operating-time 172800 s inst 0/0/0" },
    /* BCD */
    { "0c0478563412", "energy 123456780 Wh inst 0/0/0" },
    { "0c1378563412", "volume 12345.678 m3 inst 0/0/0" },
    { "0c78"
      "04859027",
      "fabrication-number 27908504  inst 0/0/0" },
    { "0b620200f0", "temperature-difference -0.2 K inst 0/0/0" }, /* Landis+Gyr Ultraheat T230 */
    { "0a5a23f1", "flow-temperature -12.3 C inst 0/0/0" },
    { "095b99", "flow-temperature 99 C inst 0/0/0" },
    { "095bf5", "flow-temperature -5 C inst 0/0/0" },
    { "0e04"
      "214365870921",
      "energy 2109876543210 Wh inst 0/0/0" },
    { "0e03f0ffffffffff", "energy null Wh inst 0/0/0 invalid-digits" },
    { "0b3bbbbbdb", "volume-flow null m3/h inst 0/0/0 invalid-digits" }, /* display "-": not available */
    { "0c130000000a", "volume null m3 inst 0/0/0 invalid-digits" },
    { "0c13000000e1", "volume null m3 inst 0/0/0 invalid-digits" },
    { "0c13ffffffff", "volume null m3 inst 0/0/0 invalid-digits" },
    { "0c6c00000000", "date null  inst 0/0/0 invalid-time" },
    /* reals */
    { "055b22f32642", "flow-temperature 41.737434 C inst 0/0/0" }, /* AMT Calec */
    { "053e00000000", "volume-flow 0 m3/h inst 0/0/0" },
    { "05130000c0bf", "volume -0.0015 m3 inst 0/0/0" },
    { "05130000c07f", "volume null m3 inst 0/0/0 invalid-number" },
    { "0513000080ff", "volume null m3 inst 0/0/0 invalid-number" },
    { "0507ffff7f7f", "energy 3402823500000000000000000000000000000000000 Wh inst 0/0/0" },
    { "0587fdfd7dffff7f7f", "energy null Wh inst 0/0/0 overflow" },
    { "051301000000", "volume 0.000 m3 inst 0/0/0" },
    /* times */
    { "426c9f1c", "date \"2012-12-31\"  inst 1/0/0" },
    { "046d1a0ecd13", "date-time \"2014-03-13T14:26:00\"  inst 0/0/0" },
    { "066d37090e223205", "date-time \"2025-02-02T14:09:55\"  inst 0/0/0" },
    { "426cffff", "date null  inst 1/0/0 invalid-time" },
    { "046ca1159e17", "date null  inst 0/0/0 invalid-time" }, /* marked invalid */
    /* numbers that a VIFE makes something else: they stay as the VIF says */
    { "9410da6f32147a18", "flow-temperature 41065374.6 C max 0/1/0 means \"2011-08-26T20:50:00\" " },
    { "9410ad6f00000000", "power 0 W max 0/1/0 invalid-time" }, /* Landis+Gyr Ultraheat T230: there was none */
    { "02da6f7a18", "flow-temperature 626.6 C inst 0/0/0 means \"2011-08-26\" " },
    { "06da6f1e3214"
      "7a1800",
      "flow-temperature 10512735900.6 C inst 0/0/0 means \"2011-08-26T20:50:30\" " },
    { "04da6f7a180000", "flow-temperature 626.6 C inst 0/0/0 invalid-time" }, /* a date must have the length of one */
    { "0cda6f26081120", "flow-temperature 2011082.6 C inst 0/0/0 invalid-time" },
    { "0cda6f00000000", "flow-temperature 0.0 C inst 0/0/0 invalid-time" },
    { "04be5071bbb000", "volume-flow 11582321 m3/h inst 0/0/0 means 11582321 s" }, /* Sensus PolluStat */
    { "04be58f4020000", "volume-flow 756 m3/h inst 0/0/0 means 756 s" },
    { "02bb56ffff", "volume-flow 65.535 m3/h inst 0/0/0 means 235926000 s" },
    { "05bb5600002040", "volume-flow 0.0025 m3/h inst 0/0/0 vif-dif-mismatch" },
    { "01ae4907", "power 7000 W inst 0/0/0 means 7 " },
    { "02ec396a18", "date \"2011-08-10\"  inst 0/0/0" },
    /* no data, selection */
    { "0013", "volume null m3 inst 0/0/0 no-data" },
    { "0813", "volume null m3 inst 0/0/0 no-data" },
    /* LVAR */
    { "0dfd0b06353332445652", "parameter-set \"RVD235\"  inst 0/0/0" },
    { "0dfd1000", "customer-location \"\"  inst 0/0/0" },
    { "0dfd1003fce4e9", "customer-location \"\xC3\xA9\xC3\xA4\xC3\xBC\"  inst 0/0/0" },
    { "0d03c4"
      "78563412",
      "energy 12345678 Wh inst 0/0/0" },
    { "0d03d2"
      "3412",
      "energy -1234 Wh inst 0/0/0" },
    { "0d03c9"
      "999999999999999999",
      "energy 999999999999999999 Wh inst 0/0/0" },
    { "0d03ca"
      "99999999999999999999",
      "energy null Wh inst 0/0/0 overflow" },
    { "0d03c2"
      "3a12",
      "energy null Wh inst 0/0/0 invalid-digits" },
    { "0d03c0", "energy null Wh inst 0/0/0 no-data" },
    { "0d03e2"
      "feff",
      "energy -2 Wh inst 0/0/0" },
    { "0d03e0", "energy null Wh inst 0/0/0 no-data" },
    { "0d03e9"
      "010203040506070809",
      "energy \"090807060504030201\" Wh inst 0/0/0" },
    { "0d6de2"
      "0102",
      "date-time \"0201\"  inst 0/0/0" },
    { "0d7c025750f0"
      "96075b2a27a693013db51ab3dcd13e17",
      "text \"173ed1dcb31ab53d0193a6272a5b0796\" PW inst 0/0/0" },
    /* places and functions */
    { "84400300000000", "energy 0 Wh inst 0/0/1" },
    { "12030100", "energy 1 Wh max 0/0/0" },
    { "22030100", "energy 1 Wh min 0/0/0" },
    { "32030100", "energy 1 Wh error 0/0/0" },
    { "82800103"
      "0100",
      "energy 1 Wh inst 32/0/0" },
    /* errors and offsets */
    { "049315"
      "01000000",
      "volume null m3 inst 0/0/0 no-data-available" },
    { "0aa6181000", "operating-time 36000 s inst 0/0/0 data-error" }, /* Diehl: an unsafe value */
    { "0293"
      "7a0100",
      "volume 0.101 m3 inst 0/0/0" },
    { "02937b"
      "0500",
      "volume 1.005 m3 inst 0/0/0" },
    { "07937b"
      "ffffffffffffff7f",
      "volume null m3 inst 0/0/0 overflow" },
    /* the maker's */
    { "0f01021f", "manufacturer-specific \"01021f\"  inst 0/0/0" },
    { "1f", "manufacturer-specific \"\"  inst 0/0/0" },
    { "027f10b5", "manufacturer-specific -19184  inst 0/0/0" },
    /* a reserved VIF has no unit and no scale */
    { "8130fd7c01", "reserved 1  inst 0/3/0" },
};

static void records_are_understood(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct bench_record b;
        struct value v;
        struct err_at at = { 0 };
        char got[600];
        open_record(&b, cases[i].hex, false);
        assert_true(record_is_next(&b.x));
        if (record_read(&b.x, &v, &at) != ERR_OK)
            fail_msg("%s is refused: %s", cases[i].hex, at.text);
        describe(got, sizeof got, &v);
        if (!str_eq(got, cases[i].want))
            fail_msg("%s: %s\n  not: %s", cases[i].hex, got, cases[i].want);
        assert_false(record_is_next(&b.x));
    }
}

static void mode_2_has_the_high_byte_first(void **state)
{
    (void)state;
    static const struct record_case msb_first[] = {
        { "0413000018cd", "volume 6.349 m3 inst 0/0/0" },
        { "0c7900071688", "enhanced-identification 71688  inst 0/0/0" },
        { "0265ff9c", "external-temperature -1.00 C inst 0/0/0" },
        { "0b62f00002", "temperature-difference -0.2 K inst 0/0/0" },
        { "426c1c9f", "date \"2012-12-31\"  inst 1/0/0" },
        { "046d13cd0e1a", "date-time \"2014-03-13T14:26:00\"  inst 0/0/0" },
        { "055b4226f322", "flow-temperature 41.737434 C inst 0/0/0" },
        { "0dfd0b06525644323335", "parameter-set \"RVD235\"  inst 0/0/0" },
        { "0d03c2"
          "1234",
          "energy 1234 Wh inst 0/0/0" },
        { "0d03e2"
          "fffe",
          "energy -2 Wh inst 0/0/0" },
        { "0d03e9"
          "090807060504030201",
          "energy \"090807060504030201\" Wh inst 0/0/0" },
    };
    for (size_t i = 0; i < COUNT_OF(msb_first); i++) {
        struct bench_record b;
        struct value v;
        char got[600];
        open_record(&b, msb_first[i].hex, true);
        assert_true(record_is_next(&b.x));
        assert_int_equal(record_read(&b.x, &v, NULL), ERR_OK);
        describe(got, sizeof got, &v);
        if (!str_eq(got, msb_first[i].want))
            fail_msg("%s: %s\n  not: %s", msb_first[i].hex, got, msb_first[i].want);
    }
}

static void values_keep_their_header_bytes(void **state)
{
    (void)state;
    struct bench_record b;
    struct value v;
    open_record(&b, "2f2f02fc034852257436152f", false);
    assert_true(record_is_next(&b.x));
    assert_int_equal(record_read(&b.x, &v, NULL), ERR_OK);
    assert_int_equal(v.dib_vib_len, 7);
    assert_ptr_equal(v.dib_vib, b.bytes + 2);
    assert_false(record_is_next(&b.x)); /* fillers are no records */
}

static void broken_records_are_refused_with_their_place(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        enum err err;
        size_t offset;
        const char *text;
    } bad[] = {
        { "3f", ERR_MALFORMED, 0, "reserved DIF 3F" },
        { "2f2f7f", ERR_MALFORMED, 2, "reserved DIF 7F" },
        { "8f0013", ERR_MALFORMED, 0, "reserved DIF 8F" },
        { "04", ERR_SHORT, 1, "the record ends in its VIF, unit text or VIFE" },
        { "8180", ERR_SHORT, 2, "the record ends in its DIFE" },
        { "0193", ERR_SHORT, 2, "the record ends in its VIF, unit text or VIFE" },
        { "04130000", ERR_SHORT, 4, "the telegram ends in the data that begins at byte 2" },
        { "0d13", ERR_SHORT, 2, "the telegram ends in the data that begins at byte 2" },
        { "0d130541", ERR_SHORT, 4, "the telegram ends in the data that begins at byte 2" },
        { "0d13f7", ERR_MALFORMED, 2, "reserved LVAR F7" },
        { "0d13ff", ERR_MALFORMED, 2, "reserved LVAR FF" },
        { "818080808080808080808000"
          "1301",
          ERR_MALFORMED, 11, "more than 10 DIFE" },
        { "01938080808080808080808000"
          "01",
          ERR_MALFORMED, 12, "more than 10 VIFE" },
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct bench_record b;
        struct value v;
        struct err_at at = { 0 };
        open_record(&b, bad[i].hex, false);
        assert_true(record_is_next(&b.x));
        enum err e = record_read(&b.x, &v, &at);
        if (e != bad[i].err || at.offset != bad[i].offset || !str_eq(at.text, bad[i].text))
            fail_msg("%s: %s at %zu, %s", bad[i].hex, err_name(e), at.offset, at.text);
    }
}

static void a_full_arena_is_refused(void **state)
{
    (void)state;
    struct bench_record b;
    struct value v;
    struct err_at at = { 0 };
    open_record(&b, "0dfd1003414243", false);
    b.x.text = wr_init(b.arena, 2);
    assert_true(record_is_next(&b.x));
    assert_int_equal(record_read(&b.x, &v, &at), ERR_TOO_BIG);
    assert_int_equal(at.offset, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_are_understood),         cmocka_unit_test(mode_2_has_the_high_byte_first),
        cmocka_unit_test(values_keep_their_header_bytes), cmocka_unit_test(broken_records_are_refused_with_their_place),
        cmocka_unit_test(a_full_arena_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
