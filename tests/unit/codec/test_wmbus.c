/* test_wmbus.c — block CRCs, link header, extended link layers and AFL of wireless telegrams.
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
#include "protocols/codec/mbus/wmbus.h"

enum { BYTES_MAX = 300 };

static size_t from_hex(const char *hex, uint8_t out[static BYTES_MAX])
{
    size_t len = 0;
    assert_int_equal(str_from_hex(hex, strlen(hex), out, BYTES_MAX, &len), ERR_OK);
    return len;
}

#define WATER "2a442d2c998734761b168d2091d37cac21e1d68cdaffcd3dc452bd802913ff7b1706ca9e355d6c2701cc24"
#define COUNTING                                                                                                       \
    "101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"                 \
    "404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f606162636465666768696a6b6c6d6e6f7071"

/* A real telegram; its CRCs come from a bitwise program that knows the polynomial only. */
static void block_crcs_are_removed(void **state)
{
    (void)state;
    static const struct {
        const char *name, *in, *out;
    } cases[] = {
        { "stripped already: stays", WATER, WATER },
        { "format A",
          "2a442d2c998734761b16f1488d2091d37cac21e1d68cdaffcd3dc452995dbd802913ff7b1706ca9e355d6c2701cce1a52414f0",
          WATER },
        { "format A with two bytes of a receiver behind it",
          "2a442d2c998734761b16f1488d2091d37cac21e1d68cdaffcd3dc452995dbd802913ff7b1706ca9e355d6c2701cce1a52414f0c35a",
          WATER },
        { "format B, L counts the CRC and is mended",
          "2c442d2c998734761b168d2091d37cac21e1d68cdaffcd3dc452bd802913ff7b1706ca9e355d6c2701cc2427bd", WATER },
        { "format B of two parts",
          "90442d2c998734761b1678000102030405060708090a0b0c0d0e0f" COUNTING "7292"
          "33737475767778797a7b7c7d7e7f80818f29",
          "8c442d2c998734761b1678000102030405060708090a0b0c0d0e0f" COUNTING "72737475767778797a7b7c7d7e7f8081" },
        { "format A, third block damaged: ends before it and keeps its L",
          "2a442d2c998734761b16f1488d2091d37cac21e1d68cdaffcd3dc452995dbd802913ff7b1706ca9f355d6c2701cce1a52414f0",
          "2a442d2c998734761b168d2091d37cac21e1d68cdaffcd3dc452" },
        { "format A, first block damaged: nothing is known, nothing is removed",
          "2a442d2c998734761b17f1488d2091d37cac21e1d68cdaffcd3dc452995d",
          "2a442d2c998734761b17f1488d2091d37cac21e1d68cdaffcd3dc452995d" },
        { "nothing", "", "" },
        { "one byte", "ff", "ff" },
        { "L of zero", "0000000000000000000000000000", "0000000000000000000000000000" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint8_t in[BYTES_MAX], out[BYTES_MAX];
        char text[2 * BYTES_MAX + 1];
        size_t len = from_hex(cases[i].in, in);
        str_to_hex(text, out, wmbus_strip(in, len, out));
        if (!str_eq(text, cases[i].out))
            fail_msg("%s: %s", cases[i].name, text);
    }
}

static void link_header_is_read(void **state)
{
    (void)state;
    uint8_t bytes[BYTES_MAX];
    size_t len = from_hex("0b449344685847165007"
                          "7aa5",
                          bytes);
    struct wmbus w;
    assert_int_equal(wmbus_parse(bytes, len, &w, NULL), ERR_OK);
    assert_int_equal(w.l, 0x0B);
    assert_int_equal(w.c, 0x44);
    assert_int_equal(w.radio.maker, 0x4493);
    assert_int_equal(w.radio.ident, 0x16475868);
    assert_int_equal(w.radio.version, 0x50);
    assert_int_equal(w.radio.medium, 0x07);
    assert_true(w.length_ok);
    assert_false(w.has_ell);
    assert_false(w.has_afl);
    assert_int_equal(w.payload, 10);
}

static void extended_link_layers_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *name, *rest;
        size_t payload;
        bool has_address, has_crc;
        uint32_t sn;
        uint8_t encryption;
    } cases[] = {
        { "8C: control and access number", "8c20917a00", 13, false, false, 0, 0 },
        { "8D: session, encrypted", "8d2091d37cac21e1d68c", 17, false, true, 0x21AC7CD3, 1 },
        { "8D: session, in clear", "8d2091d37cac01e1d68c", 17, false, true, 0x01AC7CD3, 0 },
        { "8E: second address", "8e20912d2c998734761b167800", 21, true, false, 0, 0 },
        { "8F: second address and session", "8f20912d2c998734761b16d37cac21e1d68c", 25, true, true, 0x21AC7CD3, 1 },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint8_t bytes[BYTES_MAX];
        size_t head = from_hex("00441122785634120107", bytes);
        uint8_t rest[BYTES_MAX];
        size_t rest_len = from_hex(cases[i].rest, rest);
        bytes_copy(bytes + head, sizeof bytes - head, rest, rest_len);
        struct wmbus w;
        assert_int_equal(wmbus_parse(bytes, head + rest_len, &w, NULL), ERR_OK);
        assert_true(w.has_ell);
        assert_int_equal(w.ell_ci, rest[0]);
        assert_int_equal(w.ell_cc, 0x20);
        assert_int_equal(w.ell_access, 0x91);
        assert_int_equal(w.payload, cases[i].payload);
        assert_int_equal(w.has_ell_address, cases[i].has_address);
        assert_int_equal(w.ell_address.ident, cases[i].has_address ? 0x76348799 : 0);
        assert_int_equal(w.has_ell_crc, cases[i].has_crc);
        assert_int_equal(w.ell_sn, cases[i].sn);
        assert_int_equal(w.ell_encryption, cases[i].encryption);
        assert_false(w.length_ok);
    }
}

/* The OMS example of mode 7 with a long header. */
static void authentication_layer_is_read_behind_a_short_link_layer(void **state)
{
    (void)state;
    uint8_t bytes[BYTES_MAX];
    size_t len = from_hex("3b4493154433221101378c2037900f002c2538070000fb96fa7024b49331"
                          "727856341293158103cf00100710533057c271ffcc8a42cb3a46a39f84ae",
                          bytes);
    struct wmbus w;
    assert_int_equal(wmbus_parse(bytes, len, &w, NULL), ERR_OK);
    assert_true(w.length_ok);
    assert_int_equal(w.radio.ident, 0x11223344);
    assert_true(w.has_afl);
    assert_int_equal(w.afl_fcl, AFL_HAS_MCL | AFL_HAS_MCR | AFL_HAS_MAC);
    assert_int_equal(w.afl_mcl, 0x25);
    assert_true(w.has_afl_mcr);
    assert_int_equal(w.afl_mcr, 0x738);
    assert_int_equal(w.afl_mac_len, 8);
    assert_memory_equal(w.afl_mac, "\xfb\x96\xfa\x70\x24\xb4\x93\x31", 8);
    assert_int_equal(w.payload, 30);
    assert_int_equal(bytes[w.payload], 0x72);
}

/* FCL 3E01h: fragment 1 and the last one, with MCL, key information, MCR, MAC and message length. */
static void authentication_layer_has_all_its_fields_in_order(void **state)
{
    (void)state;
    uint8_t bytes[BYTES_MAX];
    size_t len = from_hex("ffff"
                          "900f013e"
                          "64"
                          "0102"
                          "04030201"
                          "aabbccdd"
                          "2211"
                          "7a",
                          bytes);
    struct wmbus w = { 0 };
    assert_int_equal(wmbus_parse_afl(bytes, len, 2, &w, NULL), ERR_OK);
    assert_int_equal(w.afl_mcr, 0x01020304);
    assert_int_equal(w.afl_mac_len, 4);
    assert_memory_equal(w.afl_mac, "\xaa\xbb\xcc\xdd", 4);
    assert_int_equal(w.afl_ml, 0x1122);
    assert_int_equal(bytes[w.payload], 0x7A);
}

static void without_an_authentication_layer_the_payload_begins_at_once(void **state)
{
    (void)state;
    const uint8_t bytes[] = { 0xFF, 0xFF, 0x7A, 0x00 };
    struct wmbus w = { 0 };
    assert_int_equal(wmbus_parse_afl(bytes, sizeof bytes, 2, &w, NULL), ERR_OK);
    assert_false(w.has_afl);
    assert_int_equal(w.payload, 2);
    assert_int_equal(wmbus_parse_afl(bytes, sizeof bytes, 5, &w, NULL), ERR_SHORT);
}

static void bad_telegrams_are_refused_with_their_place(void **state)
{
    (void)state;
    static const struct {
        const char *name, *bytes;
        enum err err;
        size_t offset;
        const char *text;
    } cases[] = {
        { "nothing", "", ERR_SHORT, 0, "link header of 10 bytes expected, 0 are there" },
        { "cut link header", "0a44112278563412", ERR_SHORT, 8, "link header of 10 bytes expected, 8 are there" },
        { "no CI",
          "0944112278563412"
          "0107",
          ERR_SHORT, 10, "ends before the transport layer" },
        { "cut 8C",
          "0a44112278563412"
          "0107"
          "8c20",
          ERR_SHORT, 12, "ends inside the extended link layer, CI 8Ch" },
        { "cut 8F",
          "0a44112278563412"
          "0107"
          "8f20912d2c998734761b16d37cac",
          ERR_SHORT, 24, "ends inside the extended link layer, CI 8Fh" },
        { "nothing behind 8C",
          "0a44112278563412"
          "0107"
          "8c2091",
          ERR_SHORT, 13, "ends before the transport layer" },
        { "86, variable",
          "0a44112278563412"
          "0107"
          "860000",
          ERR_UNSUPPORTED, 10, "extended link layer of variable length, CI 86h" },
        { "AFL longer than the telegram",
          "0a44112278563412"
          "0107"
          "900f002c25",
          ERR_SHORT, 15, "ends inside the authentication layer, CI 90h" },
        { "AFL too short for its fields",
          "0a44112278563412"
          "0107"
          "9003002c257a00",
          ERR_MALFORMED, 11, "authentication layer of 3 bytes is too short for its fields" },
        { "AFL of length 0",
          "0a44112278563412"
          "0107"
          "90007a00",
          ERR_MALFORMED, 11, "authentication layer of 0 bytes is too short for its fields" },
        { "unknown authentication type",
          "0a44112278563412"
          "0107"
          "90070024"
          "0f01020304"
          "7a",
          ERR_UNSUPPORTED, 10, "authentication type 15 of the MCL" },
        { "first fragment of several",
          "0a44112278563412"
          "0107"
          "9002014072",
          ERR_UNSUPPORTED, 10, "fragment 1 of a longer message" },
        { "last fragment",
          "0a44112278563412"
          "0107"
          "9002030072",
          ERR_UNSUPPORTED, 10, "fragment 3 of a longer message" },
        { "nothing behind the AFL",
          "0a44112278563412"
          "0107"
          "90020000",
          ERR_SHORT, 14, "ends before the transport layer" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint8_t bytes[BYTES_MAX];
        size_t len = from_hex(cases[i].bytes, bytes);
        struct wmbus w;
        struct err_at at = { 0 };
        enum err e = wmbus_parse(bytes, len, &w, &at);
        if (e != cases[i].err || at.offset != cases[i].offset || !str_eq(at.text, cases[i].text))
            fail_msg("%s: %s at %zu, %s", cases[i].name, err_name(e), at.offset, at.text);
        assert_true(at.has_offset);
        assert_int_equal(w.radio.ident, len >= 10 ? 0x12345678 : 0); /* what was read stands */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(block_crcs_are_removed),
        cmocka_unit_test(link_header_is_read),
        cmocka_unit_test(extended_link_layers_are_read),
        cmocka_unit_test(authentication_layer_is_read_behind_a_short_link_layer),
        cmocka_unit_test(authentication_layer_has_all_its_fields_in_order),
        cmocka_unit_test(without_an_authentication_layer_the_payload_begins_at_once),
        cmocka_unit_test(bad_telegrams_are_refused_with_their_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
