/* test_frame.c — link frames: refused with their place, found in noise, built.
 *
 * Frames are those of the user group's M-Bus paper and of real meters; checksums of the others come from a calculator.
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
#include "protocols/codec/mbus/frame.h"

enum { BYTES_MAX = 600 };

static size_t from_hex(const char *hex, uint8_t out[static BYTES_MAX])
{
    size_t len = 0;
    assert_int_equal(str_from_hex(hex, strlen(hex), out, BYTES_MAX, &len), ERR_OK);
    return len;
}

static void whole_frames_are_taken_apart(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        enum frame_kind kind;
        uint8_t c, a, ci;
        size_t data_len;
    } cases[] = {
        { "e5", FRAME_ACK, 0, 0, 0, 0 },
        { "1040014116", FRAME_SHORT, 0x40, 0x01, 0, 0 },
        { "105bfe5916", FRAME_SHORT, 0x5B, 0xFE, 0, 0 },
        { "6803036853feb8"
          "0916",
          FRAME_CONTROL, 0x53, 0xFE, 0xB8, 0 },
        { "6806066853fe51017a082516", FRAME_LONG, 0x53, 0xFE, 0x51, 3 },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint8_t bytes[BYTES_MAX];
        struct frame f;
        size_t len = from_hex(cases[i].hex, bytes);
        assert_int_equal(frame_parse(bytes, len, &f, NULL), ERR_OK);
        assert_int_equal(f.kind, cases[i].kind);
        assert_int_equal(f.c, cases[i].c);
        assert_int_equal(f.a, cases[i].a);
        assert_int_equal(f.ci, cases[i].ci);
        assert_int_equal(f.data_len, cases[i].data_len);
        assert_int_equal(f.raw_len, len);
    }
}

static void broken_frames_are_refused_with_their_place(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        enum err err;
        size_t offset;
        const char *text;
    } cases[] = {
        { "", ERR_SHORT, 0, "no bytes" },
        { "ff", ERR_MALFORMED, 0, "FF starts no frame (68, 10 or E5 does)" },
        { "a2", ERR_MALFORMED, 0, "A2 starts no frame (68, 10 or E5 does)" },
        { "e5e5", ERR_MALFORMED, 1, "1 bytes follow the frame" },
        { "104001", ERR_SHORT, 3, "short frame has 3 of 5 bytes" },
        { "1040014216", ERR_CHECKSUM, 3, "checksum is 42, the bytes give 41" },
        { "1040014117", ERR_MALFORMED, 4, "frame ends with 17 instead of 16" },
        { "680606", ERR_SHORT, 3, "long frame ends in its first four bytes" },
        { "6806076853fe51017a082516", ERR_MALFORMED, 2, "the two length bytes differ: 06 and 07" },
        { "6806066953fe51017a082516", ERR_MALFORMED, 3, "second start byte is 69 instead of 68" },
        { "680000680816", ERR_MALFORMED, 1, "length 0 is below 3 (C, A and CI)" },
        { "6802026808010916", ERR_MALFORMED, 1, "length 2 is below 3 (C, A and CI)" },
        { "6806066853fe51017a0825", ERR_SHORT, 11, "length 6 asks for 12 bytes in all, 11 are there" },
        { "6806066853fe51017a082616", ERR_CHECKSUM, 10, "checksum is 26, the bytes give 25" },
        { "6806066853fe51017a082500", ERR_MALFORMED, 11, "frame ends with 00 instead of 16" },
        { "6806066853fe51017a08251600", ERR_MALFORMED, 12, "1 bytes follow the frame" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint8_t bytes[BYTES_MAX];
        struct frame f;
        struct err_at at = { 0 };
        size_t len = from_hex(cases[i].hex, bytes);
        enum err e = frame_parse(bytes, len, &f, &at);
        if (e != cases[i].err || at.offset != cases[i].offset || !str_eq(at.text, cases[i].text))
            fail_msg("%s: %s at %zu, %s", cases[i].hex, err_name(e), at.offset, at.text);
    }
}

/* What comes out of a framer: one letter a frame (A S C L), the sum of dropped bytes between two frames with the worst
 * reason (! checksum, ~ cut). */
struct notes {
    char text[200];
    size_t garbage;
    const char *why;
};

static void note_garbage(struct notes *n)
{
    char one[24];
    if (n->garbage > 0) {
        str_fmt(one, sizeof one, "%zu%s ", n->garbage, n->why);
        assert_true(str_copy(n->text + strlen(n->text), sizeof n->text - strlen(n->text), one));
    }
    n->garbage = 0;
    n->why = "";
}

static void note_all(struct notes *n, struct framer *f)
{
    struct frame frame;
    enum framer_state s;
    while ((s = framer_next(f, &frame)) != FRAMER_NEED_MORE) {
        if (s == FRAMER_GARBAGE) {
            n->garbage += frame.raw_len;
            n->why = f->why == ERR_CHECKSUM ? "!" : f->why == ERR_SHORT ? "~" : n->why;
            continue;
        }
        note_garbage(n);
        const char one[] = { "ASCL"[frame.kind], ' ', 0 };
        assert_true(str_copy(n->text + strlen(n->text), sizeof n->text - strlen(n->text), one));
    }
}

#define LONG "6806066853fe51017a082516"

static const struct stream_case {
    const char *name, *hex, *want;
} stream_cases[] = {
    { "frames back to back",
      "e5"
      "1040014116" LONG,
      "A S L " },
    { "noise before a frame", "00ff3c" LONG, "3 L " },
    { "a start byte as noise", "68" LONG, "1 L " },
    { "two start bytes as noise", "6868" LONG, "2 L " },
    { "a short frame that is none", "10" LONG, "1! L " },
    { "unequal lengths", "68060768" LONG, "4 L " },
    { "a wrong checksum costs that frame only", "6806066853fe51017a082616" LONG, "12! L " },
    { "an acknowledgement inside a damaged frame is not believed",
      "6806066853fee51040014116"
      "e5",
      "12! A " },
    { "a long frame inside a cut one is found", "680f0f6808" LONG "00000000", "5! L 4 " },
    { "the line falls idle in a frame", "6806066853fe51", "7~ " },
    { "after that a new frame is believed",
      "6806066853fe51"
      "|"
      "e5",
      "7~ A " },
    { "silence", "", "" },
};

static void play(const struct stream_case *c, size_t piece, struct notes *n)
{
    struct framer f;
    framer_init(&f);
    for (const char *part = c->hex; part; part = strchr(part, '|') ? strchr(part, '|') + 1 : NULL) {
        uint8_t bytes[BYTES_MAX];
        size_t len = 0;
        assert_int_equal(str_from_hex(part, strcspn(part, "|"), bytes, sizeof bytes, &len), ERR_OK);
        for (size_t at = 0; at < len;) {
            at += framer_feed(&f, bytes + at, len - at < piece ? len - at : piece);
            note_all(n, &f);
        }
        framer_end(&f);
        note_all(n, &f);
        assert_true(framer_is_empty(&f));
    }
    note_garbage(n);
}

/* The same result however the bytes are cut into pieces. */
static void frames_are_found_in_noise(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(stream_cases); i++) {
        for (size_t piece = 1; piece <= 24; piece++) {
            struct notes n = { .why = "" };
            play(&stream_cases[i], piece, &n);
            if (!str_eq(n.text, stream_cases[i].want))
                fail_msg("%s, in pieces of %zu: %s", stream_cases[i].name, piece, n.text);
        }
    }
}

static void the_longest_frame_passes(void **state)
{
    (void)state;
    uint8_t data[FRAME_DATA_MAX], raw[2 * FRAME_MAX];
    bytes_fill(data, 0x68, sizeof data);
    struct wr w = wr_init(raw, sizeof raw);
    frame_put_long(&w, 0x08, 0x01, 0x72, data, sizeof data);
    assert_int_equal(wr_len(&w), FRAME_MAX);
    assert_int_equal(raw[1], 255);
    struct framer f;
    struct frame out;
    framer_init(&f);
    assert_int_equal(framer_feed(&f, raw, 260), 260);
    assert_int_equal(framer_next(&f, &out), FRAMER_NEED_MORE);
    assert_int_equal(framer_feed(&f, raw + 260, 1), 1);
    assert_int_equal(framer_next(&f, &out), FRAMER_FRAME);
    assert_int_equal(out.data_len, FRAME_DATA_MAX);
    struct wr small = wr_init(raw, FRAME_MAX - 1);
    frame_put_long(&small, 0x08, 0x01, 0x72, data, sizeof data);
    assert_false(wr_ok(&small));
}

static void frames_are_built(void **state)
{
    (void)state;
    uint8_t raw[64];
    char text[129];
    struct wr w = wr_init(raw, sizeof raw);
    frame_put_ack(&w);
    frame_put_short(&w, FRAME_C_REQ_UD2 | FRAME_C_FCB, 0x01);
    frame_put_long(&w, FRAME_C_SND_UD, 0xFE, 0xB8, NULL, 0);
    frame_put_long(&w, FRAME_C_SND_UD, 0xFE, 0x51, (const uint8_t[]){ 0x01, 0x7A, 0x08 }, 3);
    str_to_hex(text, raw, wr_len(&w));
    assert_string_equal(text, "e5"
                              "107b017c16"
                              "6803036853feb80916" LONG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_frames_are_taken_apart),
        cmocka_unit_test(broken_frames_are_refused_with_their_place),
        cmocka_unit_test(frames_are_found_in_noise),
        cmocka_unit_test(the_longest_frame_passes),
        cmocka_unit_test(frames_are_built),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
