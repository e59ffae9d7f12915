/* test_blank.c — telegrams without their values, byte for byte; expected bytes by hand from EN 13757-3.
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
#include "protocols/codec/mbus/blank.h"

/* C, A, CI and data of the frame; "" for what cannot be blanked. */
static const struct {
    const char *name, *in, *out;
} cases[] = {
    { "an energy keeps DIF and VIF, and loses its number", "080572 785634122D2C1B042A000000 040611000000",
      "080572 785634122D2C1B042A000000 0006" },
    { "function, storage, tariff and VIFE stay",
      "080572 785634122D2C1B042A100000 DC1006 01020304 04FB0A 05060708 02FD17 0102",
      "080572 785634122D2C1B042A100000 D01006 00FB0A 00FD17" },
    { "a text and a plain-text unit: the unit stays, the text goes",
      "080572 785634122D2C1B042A000000 0D7803434241 02FC032548527421A1",
      "080572 785634122D2C1B042A000000 0078 00FC0325485274" },
    { "a maker's block goes, fillers too", "080572 785634122D2C1B042A000000 2F2F 0106 2A 2F 0F010203",
      "080572 785634122D2C1B042A000000 0006" },
    { "the announcement of another telegram stays", "080572 785634122D2C1B042A000000 01062A 1FAABB",
      "080572 785634122D2C1B042A000000 0006 1F" },
    { "behind a record that cannot be read nothing is told", "080572 785634122D2C1B042A000000 01062A 3F 01062A",
      "080572 785634122D2C1B042A000000 0006" },
    { "what is encrypted goes, and the configuration word says so",
      "080572 785634122D2C1B042A001005 000102030405060708090A0B0C0D0E0F", "080572 785634122D2C1B042A000000" },
    { "mode 2: the high byte of the word comes first",
      "080576 123456782C2D1B042A000510 000102030405060708090A0B0C0D0E0F", "080576 123456782C2D1B042A000000" },
    { "a short header", "08057A 2A000000 01062A", "08057A 2A000000 0006" },
    { "no header", "080578 01062A", "080578 0006" },
    { "the fixed data structure is nothing without its counters", "080573 78563412 0A 00 E97E 01000000 35010000", "" },
    { "a compact frame has no layout", "080579 EDA8 6AB6 0102", "" },
    { "an application error is no telegram of records", "08057008", "" },
};

static size_t bytes_of(const char *text, uint8_t out[FRAME_MAX])
{
    char digits[2 * FRAME_MAX + 1];
    size_t n = 0, len = 0;
    for (; *text; text++)
        if (*text != ' ')
            digits[n++] = *text;
    assert_int_equal(str_from_hex(digits, n, out, FRAME_MAX, &len), ERR_OK);
    return len;
}

static size_t frame_of(const char *text, uint8_t out[FRAME_MAX])
{
    uint8_t body[FRAME_MAX];
    size_t len = bytes_of(text, body);
    struct wr w = wr_init(out, FRAME_MAX);
    frame_put_long(&w, body[0], body[1], body[2], body + 3, len - 3);
    assert_true(wr_ok(&w));
    return wr_len(&w);
}

static void telegrams_lose_their_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint8_t in[FRAME_MAX], out[FRAME_MAX], want[FRAME_MAX];
        struct frame f;
        struct wr w = wr_init(out, sizeof out);
        assert_int_equal(frame_parse(in, frame_of(cases[i].in, in), &f, NULL), ERR_OK);
        bool is_blank = blank_put(&w, &f);
        size_t want_len = cases[i].out[0] ? frame_of(cases[i].out, want) : 0;
        if (is_blank != (want_len > 0) || !bytes_equal(out, wr_len(&w), want, want_len)) {
            char hex[2 * FRAME_MAX + 1];
            str_to_hex(hex, out, wr_len(&w));
            fail_msg("%s: %s", cases[i].name, hex);
        }
    }
}

static void what_is_no_long_frame_is_refused(void **state)
{
    (void)state;
    static const uint8_t ack[] = { 0xE5 }, request[] = { 0x10, 0x5B, 0x05, 0x60, 0x16 };
    uint8_t out[FRAME_MAX];
    struct frame f;
    struct wr w = wr_init(out, sizeof out);
    assert_int_equal(frame_parse(ack, sizeof ack, &f, NULL), ERR_OK);
    assert_false(blank_put(&w, &f));
    assert_int_equal(frame_parse(request, sizeof request, &f, NULL), ERR_OK);
    assert_false(blank_put(&w, &f));
    assert_int_equal(wr_len(&w), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(telegrams_lose_their_values),
        cmocka_unit_test(what_is_no_long_frame_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
