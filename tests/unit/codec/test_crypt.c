/* test_crypt.c — ciphers, key derivation and CRC against published vectors and telegrams opened with openssl(1).
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "protocols/codec/mbus/crypt.h"

enum { BYTES_MAX = 256 };

static size_t from_hex(const char *hex, uint8_t out[static BYTES_MAX])
{
    size_t len = 0;
    size_t digits = 0;
    while (hex[digits])
        digits++;
    assert_int_equal(str_from_hex(hex, digits, out, BYTES_MAX, &len), ERR_OK);
    return len;
}

static void assert_bytes_are_hex(const uint8_t *bytes, size_t len, const char *hex)
{
    char text[2 * BYTES_MAX + 1];
    str_to_hex(text, bytes, len);
    assert_string_equal(text, hex);
}

static void crc_matches_published_values(void **state)
{
    (void)state;
    static const struct {
        const char *name, *hex;
        uint16_t crc;
    } cases[] = {
        { "check value of the catalogue, 123456789", "313233343536373839", 0xC2B7 },
        { "no bytes: the start value complemented", "", 0xFFFF },
        { "headers of a water meter's full frame", "02ff2004134413615b6167", 0xA8ED },
        { "the same meter's full records", "02ff207100041308190000441308190000615b7f616713", 0xB66A },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint8_t bytes[BYTES_MAX];
        size_t len = from_hex(cases[i].hex, bytes);
        assert_int_equal(mbus_crc(bytes, len), cases[i].crc);
    }
}

static void cmac_matches_rfc_4493(void **state)
{
    (void)state;
    static const struct {
        const char *name, *message, *mac;
    } cases[] = {
        { "empty message", "", "bb1d6929e95937287fa37d129b756746" },
        { "one whole block", "6bc1bee22e409f96e93d7e117393172a", "070a16b46b4d4144f79bdd9dd04a287c" },
        { "a last block of 8 bytes", "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411",
          "dfa66747de9ae63030ca32611497c827" },
        { "four whole blocks",
          "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f"
          "9b17"
          "ad2b417be66c3710",
          "51f0bebf7e3b9d92fc49741779363cfe" },
    };
    uint8_t key[BYTES_MAX];
    from_hex("2b7e151628aed2a6abf7158809cf4f3c", key);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint8_t message[BYTES_MAX], mac[16];
        size_t len = from_hex(cases[i].message, message);
        crypt_cmac(key, message, len, mac);
        assert_bytes_are_hex(mac, sizeof mac, cases[i].mac);
    }
}

/* A heat cost allocator's telegram, opened with its key by openssl enc. */
static void mode_5_opens_a_real_telegram(void **state)
{
    (void)state;
    const struct telegram_head who = {
        .ident = 0x80081809, .maker = 0x6A49, .version = 0xFC, .medium = 0x08, .access_no = 0x84
    };
    uint8_t key[BYTES_MAX], in[BYTES_MAX], out[BYTES_MAX];
    from_hex("eb7ca876caa641dac39239326f6dd7ea", key);
    size_t len = from_hex("760039129d1ce51ce54ef7b4aa5383f1fd525f87046d4f869a3189e5b0c400ec"
                          "f9c41ae6ed6cf94810f09f4f113c04cc731e379e62ea0331ec7f8b09511357a7"
                          "f7a484851c3de2ec414dcfdebd4af67d",
                          in);
    crypt_mode5(key, &who, in, len, out);
    assert_bytes_are_hex(out, len,
                         "2f2f0b6e000000426c41314b6e00000082046c41328b046e0000008d04ee132c"
                         "3bfe000000000000000000000000ffffffffffffffffffffffffffffffffffff"
                         "ffffffffffffffffffffffff2f2f2f2f");
}

static void mode_5_of_no_blocks_writes_nothing(void **state)
{
    (void)state;
    const struct telegram_head who = { .ident = 1 };
    const uint8_t key[16] = { 0 };
    uint8_t out[16] = { 0xAA };
    crypt_mode5(key, &who, out, 0, out);
    assert_int_equal(out[0], 0xAA);
}

/* The OMS example of mode 7 with a long header; keys by openssl mac, clear text by openssl enc. */
static void mode_7_derives_its_keys_and_opens_the_oms_example(void **state)
{
    (void)state;
    uint8_t master[BYTES_MAX], derived[16], in[BYTES_MAX], out[BYTES_MAX];
    from_hex("000102030405060708090a0b0c0d0e0f", master);
    crypt_kdf(master, 0x01, 0x00000738, 0x12345678, derived);
    assert_bytes_are_hex(derived, sizeof derived, "520cabee0d33d76d6ce06faa5e17e43d");
    crypt_kdf(master, 0x00, 0x00000738, 0x12345678, derived);
    assert_bytes_are_hex(derived, sizeof derived, "ec83110da220b904356247bd65a2051a");

    size_t len = from_hex("533057c271ffcc8a42cb3a46a39f84ae", in);
    crypt_mode7(derived, in, len, out);
    assert_bytes_are_hex(out, len, "2f2f0c943a731802002f2f2f2f2f2f2f");
}

/* A water meter's telegram, opened with its key by openssl enc; the first two bytes are the CRC of the rest. */
static void ell_counter_mode_opens_a_real_telegram(void **state)
{
    (void)state;
    const struct telegram_head who = { .ident = 0x76348799, .maker = 0x2C2D, .version = 0x1B, .medium = 0x16 };
    const char *clear = "576c7802ff207100041308190000441308190000615b7f616713";
    uint8_t key[BYTES_MAX], in[BYTES_MAX], out[BYTES_MAX];
    from_hex("28f64a24988064a079aa2c807d6102ae", key);
    size_t len = from_hex("e1d68cdaffcd3dc452bd802913ff7b1706ca9e355d6c2701cc24", in);
    crypt_ell_ctr(key, &who, 0x20, 0x21AC7CD3, in, len, out);
    assert_bytes_are_hex(out, len, clear);
    assert_int_equal(mbus_crc(out + 2, len - 2), out[1] << 8 | out[0]);

    /* A repeater sets hop bits in CC: the key stream stays. */
    crypt_ell_ctr(key, &who, 0x20 | 0x12, 0x21AC7CD3, in, len, out);
    assert_bytes_are_hex(out, len, clear);
}

static void deciphers_in_place(void **state)
{
    (void)state;
    uint8_t derived[BYTES_MAX], bytes[BYTES_MAX];
    from_hex("ec83110da220b904356247bd65a2051a", derived);
    size_t len = from_hex("533057c271ffcc8a42cb3a46a39f84ae", bytes);
    crypt_mode7(derived, bytes, len, bytes);
    assert_bytes_are_hex(bytes, len, "2f2f0c943a731802002f2f2f2f2f2f2f");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crc_matches_published_values),
        cmocka_unit_test(cmac_matches_rfc_4493),
        cmocka_unit_test(mode_5_opens_a_real_telegram),
        cmocka_unit_test(mode_5_of_no_blocks_writes_nothing),
        cmocka_unit_test(mode_7_derives_its_keys_and_opens_the_oms_example),
        cmocka_unit_test(ell_counter_mode_opens_a_real_telegram),
        cmocka_unit_test(deciphers_in_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
