/* test_pack.c — small records: what is cut or out of range is refused, whatever it is.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/pack.h"
#include "tests/unit/store/store_fixture.h"

enum { ROOM = 400 };

static const struct value kind = { .kind = VALUE_NUMBER,
                                   .quantity = Q_ANY,
                                   .unit = UNIT_TEXT,
                                   .function = FUNCTION_MAX,
                                   .exp10 = -3,
                                   .n_modifiers = 2,
                                   .modifiers = { 0x22, 0x1FF },
                                   .subunit = 1023,
                                   .tariff = 0xFFFFF,
                                   .storage = (uint64_t)1 << 40,
                                   .unit_text = "kvarh" };

static size_t make_series(uint8_t *out)
{
    struct wr w = wr_init(out, ROOM);
    pack_series(&w, 3, &kind);
    return wr_len(&w);
}

static bool read_series(const uint8_t *bytes, size_t len)
{
    struct series_record r;
    if (!unpack_series(bytes, len, &r))
        return false;
    assert_int_equal(r.nth, 3);
    assert_int_equal(r.kind.exp10, -3);
    assert_true(value_same_series(&r.kind, &kind));
    return true;
}

static size_t make_layout(uint8_t *out)
{
    const struct value values[] = { { .series = 1, .kind = VALUE_TEXT },
                                    { .series = 4000000000, .telegram = 9, .index = 200 } };
    struct wr w = wr_init(out, ROOM);
    pack_layout(&w, 10, values, 2);
    return wr_len(&w);
}

static bool read_layout(const uint8_t *bytes, size_t len)
{
    uint32_t heads;
    struct value *values;
    size_t n;
    if (!unpack_layout(bytes, len, &heads, &values, &n))
        return false;
    assert_int_equal(heads, 10);
    assert_int_equal(n, 2);
    assert_int_equal(values[0].kind, VALUE_TEXT);
    assert_int_equal(values[1].series, 4000000000);
    assert_int_equal(values[1].telegram, 9);
    assert_int_equal(values[1].index, 200);
    free(values);
    return true;
}

static size_t make_meter(uint8_t *out)
{
    const struct meter m = { .id = 7, .position = "Flat 1", .primary = -1, .baud = 2400, .bus = 1 };
    struct wr w = wr_init(out, ROOM);
    pack_meter(&w, &m);
    return wr_len(&w);
}

static bool read_meter(const uint8_t *bytes, size_t len)
{
    struct meter m;
    if (!unpack_meter(bytes, len, &m))
        return false;
    assert_string_equal(m.position, "Flat 1");
    assert_int_equal(m.primary, -1);
    return true;
}

static size_t make_chain(uint8_t *out)
{
    static const uint8_t bytes[] = { 0x10, 0x5B, 0x01, 0x5C, 0x16 };
    const struct telegram_raw telegrams[] = { { { .ident = 0x99999999, .maker = 0xFFFF }, bytes, sizeof bytes } };
    const struct reading r = { .utc = -5, .source = SOURCE_PUSH, .telegrams = telegrams, .n_telegrams = 1 };
    struct wr w = wr_init(out, ROOM);
    pack_chain(&w, &r);
    return wr_len(&w);
}

static bool read_chain(const uint8_t *bytes, size_t len)
{
    struct reading r;
    struct telegram_raw out[1];
    size_t n;
    if (!unpack_chain(bytes, len, &r, out, 1, &n))
        return false;
    assert_int_equal(r.utc, -5);
    assert_int_equal(r.source, SOURCE_PUSH);
    assert_int_equal(out[0].len, 5);
    return true;
}

static size_t make_entry(uint8_t *out)
{
    struct wr w = wr_init(out, ROOM);
    pack_entry(&w, &(struct store_entry){ 1, -2, "bus1", "no answer" });
    return wr_len(&w);
}

static bool read_entry(const uint8_t *bytes, size_t len)
{
    struct store_entry e;
    if (!unpack_entry(bytes, len, &e))
        return false;
    assert_int_equal(e.level, -2);
    assert_string_equal(e.origin, "bus1");
    assert_string_equal(e.text, "no answer");
    return true;
}

static void test_records_come_back_whole_or_not_at_all(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t (*make)(uint8_t *out);
        bool (*read)(const uint8_t *bytes, size_t len);
    } rows[] = {
        { "series", make_series, read_series }, { "layout", make_layout, read_layout },
        { "meter", make_meter, read_meter },    { "chain", make_chain, read_chain },
        { "entry", make_entry, read_entry },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint8_t bytes[ROOM];
        size_t len = rows[i].make(bytes);
        assert_true(rows[i].read(bytes, len));
        for (size_t cut = 0; cut < len; cut++) {
            uint8_t *exact = xmemdup(bytes, cut); /* so that a sanitizer sees a byte too far */
            if (rows[i].read(exact, cut))
                fail_msg("%s of %zu bytes is taken", rows[i].name, cut);
            free(exact);
        }
        bytes[0]++; /* a format that is not known */
        assert_false(rows[i].read(bytes, len));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records_come_back_whole_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
