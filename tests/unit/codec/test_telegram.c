/* test_telegram.c — whole telegrams: links, layers, contents, refusals with their place.
 *
 * Telegrams are those of real meters unless a comment says otherwise; encrypted ones come with their published keys.
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
#include "protocols/codec/mbus/compact.h"
#include "protocols/codec/mbus/telegram.h"

static struct telegram t;
static uint8_t bytes[3000];

static enum err decode(const char *hex, enum telegram_link link, const struct telegram_env *env, struct err_at *at)
{
    size_t len = 0;
    assert_int_equal(str_from_hex(hex, strlen(hex), bytes, sizeof bytes, &len), ERR_OK);
    *at = (struct err_at){ 0 };
    return telegram_decode(&t, link, bytes, len, env, at);
}

#define FRAME_OF_ONE_RECORD "681414680802727856341224400107550000000313153100ad16"

static void the_link_is_guessed(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        enum telegram_link link;
    } cases[] = {
        { "e5", LINK_WIRED },
        { "1040014116", LINK_WIRED },
        { FRAME_OF_ONE_RECORD, LINK_WIRED },
        { "68151668", LINK_WIRED },
        { "6815", LINK_WIRED },
        { "2a442d2c998734761b168d2091d37cac21576c7802ff207100041308190000441308190000615b7f616713", LINK_WMBUS },
        { "00", LINK_WMBUS },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err_at at;
        enum err e = decode(cases[i].hex, LINK_AUTO, NULL, &at);
        if (t.link != cases[i].link || (e != ERR_OK && !at.has_offset))
            fail_msg("%s: %s", cases[i].hex, at.text);
    }
}

static void a_wired_frame_gives_header_and_values(void **state)
{
    (void)state;
    struct err_at at;
    assert_int_equal(decode(FRAME_OF_ONE_RECORD, LINK_WIRED, NULL, &at), ERR_OK);
    assert_int_equal(t.c, 0x08);
    assert_int_equal(t.a, 2);
    assert_int_equal(t.ci, 0x72);
    assert_true(t.has_head && t.has_access && t.has_status);
    assert_false(t.has_radio);
    assert_int_equal(t.head.ident, 0x12345678);
    assert_int_equal(t.head.medium, 7);
    assert_int_equal(t.n_values, 1);
    assert_int_equal(t.values[0].mantissa, 12565);
    assert_int_equal(t.values[0].exp10, -3);
}

/* Two good records, then one that ends too early: the good ones stay. */
static void a_bad_record_drops_none_before_it(void **state)
{
    (void)state;
    struct err_at at;
    enum err e = decode("681c1c680802727856341224400107550000000313153100da023b13018b6004c716", LINK_WIRED, NULL, &at);
    assert_int_equal(e, ERR_SHORT);
    assert_int_equal(t.n_values, 2);
    assert_int_equal(t.values[1].quantity, Q_VOLUME_FLOW);
    assert_int_equal(at.offset, 32);
    assert_string_equal(at.text, "the telegram ends in the data that begins at byte 32");
}

static void special_contents_are_told(void **state)
{
    (void)state;
    struct err_at at;
    assert_int_equal(decode("68040468080170088116", LINK_WIRED, NULL, &at), ERR_OK);
    assert_true(t.has_app_error);
    assert_int_equal(t.app_error, 8);
    assert_int_equal(decode("680303680801707916", LINK_WIRED, NULL, &at), ERR_OK); /* without a code: unspecified */
    assert_true(t.has_app_error);
    assert_int_equal(t.app_error, 0);
    assert_int_equal(decode("680404680801710f8916", LINK_WIRED, NULL, &at), ERR_OK);
    assert_true(t.has_alarm);
    assert_int_equal(t.alarm, 0x0F);
    assert_int_equal(decode("680303685301bb0f16", LINK_WIRED, NULL, &at), ERR_OK); /* a master's command */
    assert_int_equal(t.n_values, 0);
    assert_int_equal(decode("68040468080178"
                            "1f"
                            "a016",
                            LINK_WIRED, NULL, &at),
                     ERR_OK); /* no header, one record */
    assert_false(t.has_head);
    assert_true(t.more_follows);
}

static void broken_telegrams_are_refused_with_their_place(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        enum telegram_link link;
        enum err err;
        size_t offset;
        const char *text;
    } bad[] = {
        { "", LINK_AUTO, ERR_SHORT, 0, "no bytes" },
        { "680303680801721"
          "b16",
          LINK_WIRED, ERR_CHECKSUM, 7, "checksum is 1B, the bytes give 7B" },
        { "680303680801727b16", LINK_WIRED, ERR_SHORT, 7, "the telegram ends in its header" },
        { "680303680801739"
          "0"
          "16",
          LINK_WIRED, ERR_CHECKSUM, 7, "checksum is 90, the bytes give 7C" },
        { "680303680801737c16", LINK_WIRED, ERR_SHORT, 7, "the fixed data structure ends before its 16 bytes" },
        { "680303680801000916", LINK_WIRED, ERR_UNSUPPORTED, 6, "CI 00 is not known" },
        { "6803036808018"
          "18a16",
          LINK_WIRED, ERR_UNSUPPORTED, 7, "CI 81: this application layer is not supported" },
        { "0a44", LINK_WMBUS, ERR_SHORT, 2, "link header of 10 bytes expected, 2 are there" },
        { "0e44ae4c4455223368077a55000000", LINK_WMBUS, ERR_OK, 0, "" },
        { "0c44ae4c445522336807"
          "79aabb",
          LINK_WMBUS, ERR_SHORT, 13, "compact frame without signature and CRC" },
        { "1144ae4c445522336807"
          "79aabbccdd0102",
          LINK_WMBUS, ERR_NO_FORMAT, 11, "no full frame with format signature BBAA came before" },
        { "1144ae4c445522336807"
          "7a5500200d01020304",
          LINK_WMBUS, ERR_UNSUPPORTED, 15, "security mode 13 (TLS) is not supported" },
        { "1144ae4c445522336807"
          "7a55002005"
          "0102",
          LINK_WMBUS, ERR_SHORT, 17, "2 encrypted blocks are announced, 2 bytes follow" },
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct err_at at;
        enum err e = decode(bad[i].hex, bad[i].link, NULL, &at);
        if (e != bad[i].err || at.offset != bad[i].offset || !str_eq(at.text, bad[i].text))
            fail_msg("%s: %s at %zu, %s", bad[i].hex, err_name(e), at.offset, at.text);
    }
}

static void bare_records_have_no_header(void **state)
{
    (void)state;
    struct err_at at;
    assert_int_equal(decode("2f0413cd1800002f", LINK_RECORD, NULL, &at), ERR_OK);
    assert_int_equal(t.n_values, 1);
    assert_false(t.has_head);
    assert_int_equal(t.link, LINK_RECORD);
}

static void more_records_than_there_is_room_for_are_refused(void **state)
{
    (void)state;
    char hex[4 * (TELEGRAM_VALUES_MAX + 1) + 1];
    struct err_at at;
    for (size_t i = 0; i < sizeof hex - 1; i += 4)
        str_copy(hex + i, 5, "0013");
    assert_int_equal(decode(hex, LINK_RECORD, NULL, &at), ERR_TOO_MANY);
    assert_int_equal(t.n_values, TELEGRAM_VALUES_MAX);
    assert_int_equal(at.offset, 2 * TELEGRAM_VALUES_MAX);
}

/* On wires the configuration word was reserved for long: undefined modes are none. */
static void old_signature_fields_are_no_encryption(void **state)
{
    (void)state;
    struct err_at at;
    assert_int_equal(decode("6831316808017245585703b40534049e0027b60306f934150315c6004d052e00000000053d00000000055b22f3"
                            "2642055fc7da0d42fa16",
                            LINK_WIRED, NULL, &at),
                     ERR_OK);
    assert_int_equal(t.head.signature, 0xB627);
    assert_int_equal(t.security_mode, 0);
    assert_int_equal(t.n_values, 6);
}

#define FULL_FRAME "2a442d2c998734761b168d2091d37cac21576c7802ff207100041308190000441308190000615b7f616713"

static void bytes_behind_the_length_are_not_the_meters(void **state)
{
    (void)state;
    struct err_at at;
    assert_int_equal(decode(FULL_FRAME "ff210025", LINK_WMBUS, NULL, &at), ERR_OK);
    assert_int_equal(t.n_values, 5);
    assert_true(t.has_radio);
    assert_int_equal(t.radio.ident, 0x76348799);
}

/* A water meter's full frame teaches the format; its compact frame then has the same values. From the Multical 21 texts
 * that several projects use; payload CRCs are those of the meter. */
static void compact_frames_follow_their_full_frame(void **state)
{
    (void)state;
    static const char compact[] = "23442d2c998734761b168d2087d19ead217f17"
                                  "79eda8"
                                  "6ab6"
                                  "710008190000081900007f13";
    struct err_at at;
    struct telegram_env env = { .formats = formats_create() };
    assert_int_equal(decode(compact, LINK_WMBUS, &env, &at), ERR_NO_FORMAT);
    assert_true(t.is_compact);
    assert_int_equal(t.format_signature, 0xA8ED);
    assert_int_equal(decode(FULL_FRAME, LINK_WMBUS, &env, &at), ERR_OK);
    assert_int_equal(t.n_values, 5);
    assert_int_equal(t.values[1].mantissa, 6408);
    enum err e = decode(compact, LINK_WMBUS, &env, &at);
    if (e != ERR_OK)
        fail_msg("%zu: %s", at.offset, at.text);
    assert_int_equal(t.n_values, 5);
    assert_int_equal(t.values[1].mantissa, 6408);
    assert_int_equal(t.values[1].quantity, Q_VOLUME);
    assert_true(t.is_compact);
    formats_free(env.formats);
}

/* Made by hand: the headers of the same meter in a format frame. */
static void format_frames_teach_too(void **state)
{
    (void)state;
    struct err_at at;
    struct telegram_env env = { .formats = formats_create() };
    assert_int_equal(decode("1844ae4c445522336807"
                            "69"
                            "0d"
                            "eda8"
                            "02ff20041344"
                            "13615b6167",
                            LINK_WMBUS, &env, &at),
                     ERR_OK);
    size_t len = 0;
    assert_non_null(formats_find(env.formats, 0xA8ED, &len));
    assert_int_equal(len, 11);
    assert_int_equal(decode("1844ae4c445522336807"
                            "69"
                            "0d"
                            "eea8"
                            "02ff20041344"
                            "13615b6167",
                            LINK_WMBUS, &env, &at),
                     ERR_CHECKSUM);
    formats_free(env.formats);
}

static void a_makers_payload_is_kept(void **state)
{
    (void)state;
    struct err_at at;
    assert_int_equal(decode("0e44ae4c445522336807"
                            "a20102030405",
                            LINK_WMBUS, NULL, &at),
                     ERR_OK);
    assert_int_equal(t.n_values, 1);
    assert_int_equal(t.values[0].kind, VALUE_MAKER_BLOCK);
    assert_int_equal(t.values[0].len, 4);
    assert_int_equal(t.head.ident, 0x33225544);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_link_is_guessed),
        cmocka_unit_test(a_wired_frame_gives_header_and_values),
        cmocka_unit_test(a_bad_record_drops_none_before_it),
        cmocka_unit_test(special_contents_are_told),
        cmocka_unit_test(broken_telegrams_are_refused_with_their_place),
        cmocka_unit_test(bare_records_have_no_header),
        cmocka_unit_test(more_records_than_there_is_room_for_are_refused),
        cmocka_unit_test(old_signature_fields_are_no_encryption),
        cmocka_unit_test(bytes_behind_the_length_are_not_the_meters),
        cmocka_unit_test(compact_frames_follow_their_full_frame),
        cmocka_unit_test(format_frames_teach_too),
        cmocka_unit_test(a_makers_payload_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
