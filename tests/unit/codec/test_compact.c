/* test_compact.c — learning formats and weaving compact frames.
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

enum { BYTES_MAX = 300 };

static size_t from_hex(const char *hex, uint8_t out[static BYTES_MAX])
{
    size_t len = 0;
    assert_int_equal(str_from_hex(hex, strlen(hex), out, BYTES_MAX, &len), ERR_OK);
    return len;
}

/* Signature A8EDh and data CRC B66Ah are those that a real water meter sent. */
static void compact_frames_become_full_records(void **state)
{
    (void)state;
    static const struct {
        const char *name, *headers, *data;
        uint16_t crc;
        const char *records;
    } cases[] = {
        { "a real water meter", "02ff2004134413615b6167", "710008190000081900007f13", 0xB66A,
          "02ff207100041308190000441308190000615b7f616713" },
        { "bytes behind the last record stay behind it", "02ff2004134413615b6167", "710008190000081900007f132f2f",
          0xB66A, "02ff207100041308190000441308190000615b7f6167132f2f" },
        { "BCD, text, extension table, plain-text unit, maker's rest", "0c130d7801fd1b02fc03255248740f",
          "7856341203414243071027dead", 0x063A, "0c13785634120d780341424301fd1b0702fc032552487410270fdead" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint8_t headers[BYTES_MAX], data[BYTES_MAX], out[BYTES_MAX];
        size_t headers_len = from_hex(cases[i].headers, headers), data_len = from_hex(cases[i].data, data), len = 0;
        struct err_at at = { 0 };
        enum err e = compact_expand(headers, headers_len, data, data_len, cases[i].crc, out, sizeof out, &len, &at);
        if (e)
            fail_msg("%s: %s, %s", cases[i].name, err_name(e), at.text);
        char text[2 * BYTES_MAX + 1];
        str_to_hex(text, out, len);
        assert_string_equal(text, cases[i].records);
    }
}

static void bad_compact_frames_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name, *headers, *data;
        size_t room;
        enum err err;
        size_t offset;
        const char *text;
    } cases[] = {
        { "wrong CRC", "02ff2004134413615b6167", "710008190000081900007f14", BYTES_MAX, ERR_CHECKSUM, 0,
          "compact frame: CRC of the full records is 0451h, B66Ah was sent" },
        { "data ends inside the second record", "02ff200413", "71000819", BYTES_MAX, ERR_SHORT, 2,
          "compact frame, record 1: the data ends too early" },
        { "variable data without its length", "0d78", "", BYTES_MAX, ERR_SHORT, 0,
          "compact frame, record 0: the data ends too early" },
        { "reserved length of variable data", "0d78", "f7", BYTES_MAX, ERR_UNSUPPORTED, 0,
          "compact frame, record 0: reserved LVAR" },
        { "format breaks off", "04", "00000000", BYTES_MAX, ERR_MALFORMED, 0,
          "compact frame, record 0: the format's header breaks off or has over 10 extensions" },
        { "eleven extensions", "8480808080808080808080800013", "00000000", BYTES_MAX, ERR_MALFORMED, 0,
          "compact frame, record 0: the format's header breaks off or has over 10 extensions" },
        { "no room", "02ff2004134413615b6167", "710008190000081900007f13", 10, ERR_TOO_BIG, 2,
          "compact frame, record 1: the full frame would be too long" },
        { "no room for what follows", "02ff2004134413615b6167", "710008190000081900007f132f2f", 24, ERR_TOO_BIG, 12,
          "compact frame, record 0: the full frame would be too long" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint8_t headers[BYTES_MAX], data[BYTES_MAX], out[BYTES_MAX];
        size_t headers_len = from_hex(cases[i].headers, headers), data_len = from_hex(cases[i].data, data), len = 99;
        struct err_at at = { 0 };
        enum err e = compact_expand(headers, headers_len, data, data_len, 0xB66A, out, cases[i].room, &len, &at);
        if (e != cases[i].err || at.offset != cases[i].offset || !str_eq(at.text, cases[i].text))
            fail_msg("%s: %s at %zu, %s", cases[i].name, err_name(e), at.offset, at.text);
        assert_int_equal(len, 99);
    }
}

struct seen {
    unsigned n;
    uint16_t signature;
    size_t len;
};

static void note_learnt(void *ctx, uint16_t signature, const uint8_t *headers, size_t len)
{
    struct seen *seen = ctx;
    (void)headers;
    *seen = (struct seen){ seen->n + 1, signature, len };
}

static void a_format_is_learnt_once_under_its_signature(void **state)
{
    (void)state;
    uint8_t headers[BYTES_MAX];
    size_t len = from_hex("02ff2004134413615b6167", headers), found_len = 0;
    struct seen seen = { 0 };
    struct formats *f = formats_create();
    formats_set_learnt(f, note_learnt, &seen);
    assert_null(formats_find(f, 0xA8ED, &found_len));
    formats_learn(f, headers, len);
    formats_learn(f, headers, len);
    assert_int_equal(seen.n, 1);
    assert_int_equal(seen.signature, 0xA8ED);
    assert_int_equal(seen.len, len);
    const uint8_t *found = formats_find(f, 0xA8ED, &found_len);
    assert_non_null(found);
    assert_true(bytes_equal(found, found_len, headers, len));
    formats_free(f);
}

static void empty_and_too_long_formats_are_not_learnt(void **state)
{
    (void)state;
    static const uint8_t headers[FORMAT_BYTES_MAX + 1];
    struct seen seen = { 0 };
    struct formats *f = formats_create();
    formats_set_learnt(f, note_learnt, &seen);
    formats_learn(f, headers, 0);
    formats_learn(f, headers, sizeof headers);
    assert_int_equal(seen.n, 0);
    formats_learn(f, headers, FORMAT_BYTES_MAX);
    assert_int_equal(seen.len, FORMAT_BYTES_MAX);
    formats_free(f);
}

/* The CRC begins with 0, so leading zeros leave no trace in it. */
static void of_two_formats_with_one_signature_the_newer_one_stays(void **state)
{
    (void)state;
    struct formats *f = formats_create();
    formats_learn(f, (const uint8_t[]){ 0 }, 1);
    formats_learn(f, (const uint8_t[]){ 0, 0 }, 2);
    size_t len = 0;
    assert_non_null(formats_find(f, 0xFFFF, &len));
    assert_int_equal(len, 2);
    formats_free(f);
}

/* The one-byte formats 00…FF and 01 00 all differ in their signatures. */
static void the_longest_unused_format_goes_when_there_are_too_many(void **state)
{
    (void)state;
    struct seen seen[FORMATS_MAX] = { 0 };
    struct formats *f = formats_create();
    for (unsigned i = 0; i < FORMATS_MAX; i++) {
        formats_set_learnt(f, note_learnt, &seen[i]);
        formats_learn(f, &(uint8_t){ (uint8_t)i }, 1);
    }
    size_t len;
    assert_non_null(formats_find(f, seen[0].signature, &len)); /* now 01 is the longest unused one */
    formats_learn(f, (const uint8_t[]){ 1, 0 }, 2);
    assert_non_null(formats_find(f, seen[0].signature, &len));
    assert_null(formats_find(f, seen[1].signature, &len));
    assert_non_null(formats_find(f, seen[2].signature, &len));
    formats_free(f);
    formats_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compact_frames_become_full_records),
        cmocka_unit_test(bad_compact_frames_are_refused),
        cmocka_unit_test(a_format_is_learnt_once_under_its_signature),
        cmocka_unit_test(empty_and_too_long_formats_are_not_learnt),
        cmocka_unit_test(of_two_formats_with_one_signature_the_newer_one_stays),
        cmocka_unit_test(the_longest_unused_format_goes_when_there_are_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
