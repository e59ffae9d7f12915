/* test_address.c — wildcards, selection telegrams and telegrams that set an address.
 *
 * The telegrams that set an address are the user group's examples; selections follow EN 13757-7.
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
#include "protocols/codec/mbus/address.h"

enum { BYTES_MAX = 64 };

static void wildcards_match_what_they_stand_for(void **state)
{
    (void)state;
    static const struct address meter = { 0x1234567A, 0x2C2D, 0x0B, 0x04 };
    static const struct {
        struct address mask;
        bool matches;
    } cases[] = {
        { { 0x1234567A, 0x2C2D, 0x0B, 0x04 }, true },  { { 0xFFFFFFFF, 0xFFFF, 0xFF, 0xFF }, true },
        { { 0x1F3F567A, 0xFFFF, 0xFF, 0xFF }, true },  { { 0x1FFFFFFF, 0x2C2D, 0xFF, 0x04 }, true },
        { { 0x2FFFFFFF, 0xFFFF, 0xFF, 0xFF }, false }, { { 0x1234567B, 0xFFFF, 0xFF, 0xFF }, false },
        { { 0x1234567A, 0xFF2D, 0xFF, 0xFF }, false }, /* half a maker is no wildcard */
        { { 0x1234567A, 0x2C2D, 0x0C, 0xFF }, false }, { { 0x1234567A, 0x2C2D, 0xFF, 0x07 }, false },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        if (address_matches(&cases[i].mask, &meter) != cases[i].matches)
            fail_msg("case %zu", i);
    assert_true(address_has_wildcard(&address_any));
    assert_true(address_has_wildcard(&cases[2].mask));
    assert_false(address_has_wildcard(&meter));
}

static void identification_numbers_are_eight_hex_digits(void **state)
{
    (void)state;
    uint32_t ident = 7;
    char text[ADDRESS_TEXT_MAX];
    assert_true(address_ident_parse("0a9F0001", &ident));
    assert_int_equal(ident, 0x0A9F0001);
    address_ident_text(text, ident);
    assert_string_equal(text, "0A9F0001");
    static const char *const bad[] = { "", "1234567", "123456789", "1234567G", "1234 678", "-1234567" };
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_false(address_ident_parse(bad[i], &ident));
    assert_int_equal(ident, 0x0A9F0001);
}

static const struct selection_case {
    const char *hex;
    struct selection s;
} selections[] = {
    { "680b0b6853fd5278563412ffffffffb216", { .mask = { 0x12345678, 0xFFFF, 0xFF, 0xFF } } },
    { "680b0b6853fd52fffffffF2d2c0b04"
      "0616",
      { .mask = { 0xFFFFFFFF, 0x2C2D, 0x0B, 0x04 } } },
    { "680b0b6853fd56123456782c2d0b04"
      "2216",
      { .mask = { 0x12345678, 0x2C2D, 0x0B, 0x04 }, .is_msb_first = true } },
    { "6811116853fd5278563412ffffffff0c7801fffFFF"
      "3416",
      { .mask = { 0x12345678, 0xFFFF, 0xFF, 0xFF }, .has_fabrication = true, .fabrication = 0xFFFFFF01 } },
};

static void selections_are_written_and_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(selections); i++) {
        const struct selection *want = &selections[i].s;
        uint8_t bytes[BYTES_MAX], built[BYTES_MAX];
        size_t len;
        struct frame f;
        struct selection got;
        assert_int_equal(str_from_hex(selections[i].hex, strlen(selections[i].hex), bytes, sizeof bytes, &len), ERR_OK);
        struct wr w = wr_init(built, sizeof built);
        selection_put(&w, FRAME_C_SND_UD, want);
        if (!bytes_equal(built, wr_len(&w), bytes, len))
            fail_msg("selection %zu is built otherwise", i);
        assert_int_equal(frame_parse(bytes, len, &f, NULL), ERR_OK);
        assert_true(selection_read(&f, &got));
        assert_memory_equal(&got.mask, &want->mask, sizeof got.mask);
        assert_int_equal(got.is_msb_first, want->is_msb_first);
        assert_int_equal(got.has_fabrication, want->has_fabrication);
        assert_int_equal(got.fabrication, want->fabrication);
        assert_false(got.has_other);
    }
}

static void enhanced_selection_asks_for_the_fabrication_number(void **state)
{
    (void)state;
    static const struct address meter = { 0x12345678, 0x2C2D, 0x0B, 0x04 };
    struct selection s = selections[3].s;
    assert_true(selection_matches(&s, &meter, true, 0x00000001));
    assert_false(selection_matches(&s, &meter, true, 0x00000002));
    assert_false(selection_matches(&s, &meter, false, 0));
    s.has_fabrication = false;
    assert_true(selection_matches(&s, &meter, false, 0));
    s.has_other = true;
    assert_false(selection_matches(&s, &meter, true, 1));
}

static void other_frames_are_no_selection(void **state)
{
    (void)state;
    static const char *const hex[] = { "e5", "1040fd3d16", "6806066853fe51017a082516",
                                       "6806066853fd52123456"
                                       "3e16" };
    for (size_t i = 0; i < COUNT_OF(hex); i++) {
        uint8_t bytes[BYTES_MAX];
        size_t len;
        struct frame f;
        struct selection s;
        assert_int_equal(str_from_hex(hex[i], strlen(hex[i]), bytes, sizeof bytes, &len), ERR_OK);
        assert_int_equal(frame_parse(bytes, len, &f, NULL), ERR_OK);
        assert_false(selection_read(&f, &s));
    }
}

static void addresses_are_set_by_telegram(void **state)
{
    (void)state;
    uint8_t built[BYTES_MAX];
    char text[2 * BYTES_MAX + 1];
    struct wr w = wr_init(built, sizeof built);
    address_put_set_primary(&w, FRAME_C_SND_UD, FRAME_A_TEST, 8);
    str_to_hex(text, built, wr_len(&w));
    assert_string_equal(text, "6806066853fe51017a082516");

    w = wr_init(built, sizeof built);
    address_put_set_ident(&w, FRAME_C_SND_UD, 1, 0x01020304);
    str_to_hex(text, built, wr_len(&w));
    assert_string_equal(text, "68090968530151"
                              "0c7904030201"
                              "3416");

    w = wr_init(built, sizeof built);
    address_put_set_secondary(&w, FRAME_C_SND_UD, FRAME_A_TEST, &(struct address){ 0x01020304, 0x4024, 1, 4 });
    str_to_hex(text, built, wr_len(&w));
    assert_string_equal(text, "680d0d6853fe51"
                              "0779"
                              "04030201"
                              "2440"
                              "01"
                              "04"
                              "9516");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wildcards_match_what_they_stand_for),
        cmocka_unit_test(identification_numbers_are_eight_hex_digits),
        cmocka_unit_test(selections_are_written_and_read),
        cmocka_unit_test(enhanced_selection_asks_for_the_fabrication_number),
        cmocka_unit_test(other_frames_are_no_selection),
        cmocka_unit_test(addresses_are_set_by_telegram),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
