/* test_crypto.c — libcrypto behind plain functions, held against the vectors of the standards.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/crypto.h"

static size_t unhex(uint8_t *out, size_t size, const char *hex)
{
    size_t len;
    assert_int_equal(str_from_hex(hex, strlen(hex), out, size, &len), ERR_OK);
    return len;
}

static void assert_hex(const uint8_t *bytes, const char *hex)
{
    uint8_t expected[64];
    size_t len = unhex(expected, sizeof expected, hex);
    assert_memory_equal(bytes, expected, len);
}

/* FIPS 180-2, RFC 4231 test case 2. */
static void digests_are_right(void **state)
{
    uint8_t out[32];
    (void)state;
    crypto_sha256(out, "abc", 3);
    assert_hex(out, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    crypto_hmac_sha256(out, "Jefe", 4, "what do ya want for nothing?", 28);
    assert_hex(out, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

/* RFC 7914, 12. */
static void scrypt_is_right_and_bounded(void **state)
{
    uint8_t out[64];
    (void)state;
    assert_int_equal(crypto_scrypt("password", (const uint8_t *)"NaCl", 4, 10, 8, 16, out, 64), ERR_OK);
    assert_hex(out, "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
                    "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640");
    assert_int_equal(crypto_scrypt("pleaseletmein", (const uint8_t *)"SodiumChloride", 14, 14, 8, 1, out, 64), ERR_OK);
    assert_hex(out, "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
                    "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887");
    assert_int_equal(crypto_scrypt("x", (const uint8_t *)"", 0, 17, 8, 1, out, 64), ERR_RANGE);
    assert_int_equal(crypto_scrypt("x", (const uint8_t *)"", 0, 0, 8, 1, out, 64), ERR_RANGE);
    assert_int_equal(crypto_scrypt("x", (const uint8_t *)"", 0, 14, 0, 1, out, 64), ERR_RANGE);
}

/* Test case 16 of the GCM specification by McGrew and Viega. */
static void gcm_is_right_and_notices_every_change(void **state)
{
    uint8_t key[32], nonce[12], about[20], plain[60], out[60], tag[16];
    (void)state;
    unhex(key, sizeof key, "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
    unhex(nonce, sizeof nonce, "cafebabefacedbaddecaf888");
    unhex(about, sizeof about, "feedfacedeadbeeffeedfacedeadbeefabaddad2");
    unhex(plain, sizeof plain,
          "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
          "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39");
    struct crypto_gcm g = { key, nonce, about, sizeof about };
    crypto_gcm_seal(&g, plain, sizeof plain, out, tag);
    assert_hex(out, "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
                    "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662");
    assert_hex(tag, "76fc6ece0f4e1768cddf8853bb2d551b");
    uint8_t *const parts[] = { key, nonce, about, out, tag };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        uint8_t got[60], none[60] = { 0 };
        parts[i][3] ^= 1;
        assert_int_equal(crypto_gcm_open(&g, out, sizeof out, got, tag), ERR_CORRUPT);
        assert_memory_equal(got, none, sizeof got);
        parts[i][3] ^= 1;
    }
    assert_int_equal(crypto_gcm_open(&g, out, sizeof out, out, tag), ERR_OK);
    assert_memory_equal(out, plain, sizeof out);
}

static void random_bytes_differ(void **state)
{
    uint8_t a[5000] = { 0 }, b[5000] = { 0 }, none[16] = { 0 };
    (void)state;
    crypto_random(a, sizeof a);
    crypto_random(b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
    assert_memory_not_equal(a + sizeof a - 16, none, 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests_are_right),
        cmocka_unit_test(scrypt_is_right_and_bounded),
        cmocka_unit_test(gcm_is_right_and_notices_every_change),
        cmocka_unit_test(random_bytes_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
