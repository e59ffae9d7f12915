/* test_sim_seal.c — telegrams with a key: a frame made with `openssl enc -aes-128-cbc -nopad` opens and is sealed again.
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
#include "tests/sim/sim_seal.h"

static const uint8_t key[SIM_KEY_LEN] = { 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08,
                                          0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x0E, 0x0F, 0x11 };

/* Meter 12345678 KAM 1B 04, access number 2A; payload 2F2F 0C1378563412 0B3B001200 046D1E0E4B26, filled up to 32 bytes. */
static const char sealed_hex[] =
    "682f2f68080572785634122d2c1b042a002005fdd4efdbbd4a40f5a81a24262915ca6a79367cd3718b45769820dd385b2b2c"
    "c6a916";
static const char plain_hex[] =
    "682d2d68080572785634122d2c1b042a0000000c13785634120b3b001200046d1e0e4b262f2f2f2f2f2f2f2f2f2f2f2f2f31"
    "16";

static struct frame parse(const char *hex, uint8_t *bytes)
{
    struct frame f;
    size_t len;
    assert_int_equal(str_from_hex(hex, strlen(hex), bytes, FRAME_MAX, &len), ERR_OK);
    assert_int_equal(frame_parse(bytes, len, &f, NULL), ERR_OK);
    return f;
}

static void assert_hex(const struct wr *w, const char *want)
{
    char got[2 * FRAME_MAX + 1];
    str_to_hex(got, w->start, wr_len(w));
    assert_string_equal(got, want);
}

static void opens_what_openssl_has_sealed(void **state)
{
    (void)state;
    uint8_t in[FRAME_MAX], out[FRAME_MAX];
    struct frame f = parse(sealed_hex, in);
    struct wr w = wr_init(out, sizeof out);
    assert_int_equal(sim_open(&w, &f, key, NULL), ERR_OK);
    assert_hex(&w, plain_hex);
}

static void seals_as_openssl_does(void **state)
{
    (void)state;
    uint8_t in[FRAME_MAX], out[FRAME_MAX];
    struct frame f = parse(plain_hex, in);
    struct wr w = wr_init(out, sizeof out);
    assert_int_equal(sim_seal(&w, &f, key, NULL), ERR_OK);
    assert_hex(&w, sealed_hex);
}

static void a_telegram_in_clear_passes_as_it_is(void **state)
{
    (void)state;
    uint8_t in[FRAME_MAX], out[FRAME_MAX];
    struct frame f = parse(plain_hex, in);
    struct wr w = wr_init(out, sizeof out);
    assert_int_equal(sim_open(&w, &f, key, NULL), ERR_OK);
    assert_hex(&w, plain_hex);
}

static void refuses_what_it_cannot_open(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        uint8_t first_key_byte;
        enum err err;
    } cases[] = {
        { sealed_hex, 0x02, ERR_NO_KEY },
        /* CI 78, no header; mode 7; three blocks announced, none there */
        { "68090968080578"
          "04060a000000"
          "9916",
          0x01, ERR_UNSUPPORTED },
        { "680f0f68080572"
          "785634122d2c1b042a001007"
          "4c16",
          0x01, ERR_UNSUPPORTED },
        { "680f0f68080572"
          "785634122d2c1b042a003005"
          "6a16",
          0x01, ERR_SHORT },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint8_t in[FRAME_MAX], out[FRAME_MAX], other[SIM_KEY_LEN];
        struct frame f = parse(cases[i].hex, in);
        struct wr w = wr_init(out, sizeof out);
        struct err_at at = { 0 };
        bytes_copy(other, sizeof other, key, sizeof key);
        other[0] = cases[i].first_key_byte;
        assert_int_equal(sim_open(&w, &f, other, &at), cases[i].err);
        assert_true(at.text[0] != '\0');
        assert_int_equal(wr_len(&w), 0);
    }
}

static void refuses_to_seal_more_than_fifteen_blocks(void **state)
{
    (void)state;
    uint8_t in[FRAME_MAX], out[FRAME_MAX], data[FRAME_DATA_MAX] = { 0 };
    for (size_t records = 238; records <= 239; records++) { /* with the check bytes: 240, and one too many */
        struct wr w = wr_init(in, sizeof in), sealed = wr_init(out, sizeof out);
        struct frame f;
        frame_put_long(&w, FRAME_C_RSP_UD, 5, 0x72, data, 12 + records);
        assert_int_equal(frame_parse(in, wr_len(&w), &f, NULL), ERR_OK);
        assert_int_equal(sim_seal(&sealed, &f, key, NULL), records == 238 ? ERR_OK : ERR_TOO_BIG);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_what_openssl_has_sealed),
        cmocka_unit_test(seals_as_openssl_does),
        cmocka_unit_test(a_telegram_in_clear_passes_as_it_is),
        cmocka_unit_test(refuses_what_it_cannot_open),
        cmocka_unit_test(refuses_to_seal_more_than_fifteen_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
