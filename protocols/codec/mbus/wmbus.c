/* wmbus.c — the wireless link of EN 13757-4, from the L field to the transport layer.
 *
 * Knows: frame formats A and B, the link header, the extended link layers, the authentication and fragmentation layer.
 * Does not know: keys, transport headers, records; makers that swap address bytes (the bytes count as they stand).
 * SPDX-License-Identifier: Apache-2.0
 */
#include "protocols/codec/mbus/wmbus.h"

#include "core/base/rd.h"
#include "core/base/str.h"
#include "core/base/wr.h"
#include "protocols/codec/mbus/crypt.h"

enum {
    CRC_LEN = 2,
    FIRST_BLOCK = 10, /* L C M M A A A A version medium */
    NEXT_BLOCK = 16,
    B_FIRST_PART = 126, /* format B: bytes under the first CRC of a long telegram */
    CI_ELL_VARIABLE = 0x86,
    CI_ELL_SHORT = 0x8C,
    CI_ELL_SECURE = 0x8D,
    CI_ELL_LONG = 0x8E,
    CI_ELL_LONG_SECURE = 0x8F,
    CI_AFL = 0x90,
};

/* A block and its CRC, high byte first: true and the cursor stands behind both. */
static bool take_block(struct rd *r, size_t len, struct wr *out)
{
    struct rd ahead = *r;
    const uint8_t *block = rd_bytes(&ahead, len);
    uint16_t crc = rd_u16be(&ahead);
    if (!rd_ok(&ahead) || crc != mbus_crc(block, len))
        return false;
    wr_bytes(out, block, len);
    *r = ahead;
    return true;
}

/* Format A: a CRC after the first 10 bytes and after each 16; L counts none of them. 0: this is not format A. */
static size_t strip_a(const uint8_t *in, size_t len, uint8_t *out)
{
    struct rd r = rd_init(in, len);
    int l = rd_peek(&r);
    struct wr w = wr_init(out, len);
    if (l < FIRST_BLOCK - 1 || !take_block(&r, FIRST_BLOCK, &w))
        return 0;
    for (size_t left = (size_t)l + 1 - FIRST_BLOCK; left > 0;) {
        size_t n = left < NEXT_BLOCK ? left : NEXT_BLOCK;
        if (!take_block(&r, n, &w))
            break;
        left -= n;
    }
    return wr_len(&w);
}

/* Format B: one CRC at the end, and one more after 126 bytes when the telegram is longer than 128; L counts them. */
static size_t strip_b(const uint8_t *in, size_t len, uint8_t *out)
{
    struct rd r = rd_init(in, len);
    int l = rd_peek(&r);
    size_t total = (size_t)l + 1;
    if (l < FIRST_BLOCK - 1 + CRC_LEN || len < total)
        return 0;
    struct wr w = wr_init(out, len);
    bool has_two = total > B_FIRST_PART + CRC_LEN;
    size_t first = has_two ? B_FIRST_PART : total - CRC_LEN;
    if (!take_block(&r, first, &w))
        return 0;
    if (has_two && (total < first + 2 * CRC_LEN || !take_block(&r, total - first - 2 * CRC_LEN, &w)))
        return 0;
    struct wr length_field = wr_init(out, 1);
    wr_u8(&length_field, (uint8_t)(wr_len(&w) - 1));
    return wr_len(&w);
}

size_t wmbus_strip(const uint8_t *in, size_t len, uint8_t *out)
{
    size_t stripped = strip_a(in, len, out);
    if (stripped == 0)
        stripped = strip_b(in, len, out);
    if (stripped == 0) {
        bytes_copy(out, len, in, len);
        stripped = len;
    }
    return stripped;
}

static struct telegram_head read_address(struct rd *r)
{
    struct telegram_head h = { 0 };
    h.maker = rd_u16le(r);
    h.ident = rd_u32le(r);
    h.version = rd_u8(r);
    h.medium = rd_u8(r);
    return h;
}

/* The fields that all extended link layers share: CC, ACC, then the address (long) and the session (secure). */
static void read_ell(struct rd *r, uint8_t ci, struct wmbus *out)
{
    out->has_ell = true;
    out->ell_ci = ci;
    out->ell_cc = rd_u8(r);
    out->ell_access = rd_u8(r);
    if (ci == CI_ELL_LONG || ci == CI_ELL_LONG_SECURE) {
        out->ell_address = read_address(r);
        out->has_ell_address = true;
    }
    if (ci == CI_ELL_SECURE || ci == CI_ELL_LONG_SECURE) {
        out->ell_sn = rd_u32le(r);
        out->ell_encryption = (uint8_t)(out->ell_sn >> 29);
        out->has_ell_crc = true;
    }
}

enum err wmbus_parse(const uint8_t *bytes, size_t len, struct wmbus *out, struct err_at *at)
{
    *out = (struct wmbus){ 0 };
    struct rd r = rd_init(bytes, len);
    uint8_t l = rd_u8(&r), c = rd_u8(&r);
    struct telegram_head radio = read_address(&r);
    if (!rd_ok(&r))
        return err_say_offset(at, ERR_SHORT, len, "link header of 10 bytes expected, %zu are there", len);
    out->l = l;
    out->c = c;
    out->radio = radio;
    out->length_ok = l == len - 1;
    out->payload = FIRST_BLOCK;

    int ci = rd_peek(&r);
    if (ci == CI_ELL_VARIABLE)
        return err_say_offset(at, ERR_UNSUPPORTED, FIRST_BLOCK, "extended link layer of variable length, CI 86h");
    if (ci >= CI_ELL_SHORT && ci <= CI_ELL_LONG_SECURE) {
        rd_skip(&r, 1);
        struct wmbus ell = *out;
        read_ell(&r, (uint8_t)ci, &ell);
        if (!rd_ok(&r))
            return err_say_offset(at, ERR_SHORT, len, "ends inside the extended link layer, CI %02Xh", (unsigned)ci);
        *out = ell;
        out->payload = len - rd_left(&r);
    }
    /* Behind a payload CRC the rest may be encrypted: it is for the caller to open it and go on with the AFL. */
    return out->has_ell_crc ? ERR_OK : wmbus_parse_afl(bytes, len, out->payload, out, at);
}

/* Bytes of the CMAC by authentication type, bits 3…0 of the MCL; 0: none, or not a CMAC. */
static uint8_t mac_len_of(uint8_t mcl)
{
    static const uint8_t lens[16] = { [3] = 2, [4] = 4, [5] = 8, [6] = 12, [7] = 16 };
    return lens[mcl & 0xF];
}

static bool is_fragment(uint16_t fcl)
{
    return fcl & AFL_MORE_FRAGMENTS || (fcl & AFL_FRAGMENT_ID) > 1;
}

/* The fields that the FCL announces, in their order; of a fragment only the FCL. */
static enum err read_afl(struct rd *r, struct wmbus *out)
{
    out->has_afl = true;
    out->afl_fcl = rd_u16le(r);
    if (is_fragment(out->afl_fcl))
        return rd_ok(r) ? ERR_OK : ERR_MALFORMED;
    if (out->afl_fcl & AFL_HAS_MCL)
        out->afl_mcl = rd_u8(r);
    if (out->afl_fcl & AFL_HAS_KEY_INFO)
        rd_skip(r, 2);
    if (out->afl_fcl & AFL_HAS_MCR) {
        out->afl_mcr = rd_u32le(r);
        out->has_afl_mcr = true;
    }
    if (out->afl_fcl & AFL_HAS_MAC) {
        uint8_t mac_len = mac_len_of(out->afl_mcl);
        if (mac_len == 0)
            return ERR_UNSUPPORTED;
        const uint8_t *mac = rd_bytes(r, mac_len);
        if (mac)
            bytes_copy(out->afl_mac, sizeof out->afl_mac, mac, mac_len);
        out->afl_mac_len = mac_len;
    }
    if (out->afl_fcl & AFL_HAS_ML)
        out->afl_ml = rd_u16le(r);
    return rd_ok(r) ? ERR_OK : ERR_MALFORMED;
}

enum err wmbus_parse_afl(const uint8_t *bytes, size_t len, size_t at_offset, struct wmbus *out, struct err_at *at)
{
    struct rd r = rd_init(bytes, len);
    if (!rd_skip(&r, at_offset) || rd_left(&r) == 0)
        return err_say_offset(at, ERR_SHORT, len, "ends before the transport layer");
    out->payload = at_offset;
    if (rd_peek(&r) != CI_AFL)
        return ERR_OK;

    rd_skip(&r, 1);
    size_t afl_len = rd_u8(&r);
    struct rd fields = rd_sub(&r, afl_len);
    if (!rd_ok(&r))
        return err_say_offset(at, ERR_SHORT, len, "ends inside the authentication layer, CI 90h");
    struct wmbus afl = *out;
    enum err e = read_afl(&fields, &afl);
    if (e == ERR_UNSUPPORTED)
        return err_say_offset(at, e, at_offset, "authentication type %u of the MCL", afl.afl_mcl & 0xFu);
    if (e)
        return err_say_offset(at, e, at_offset + 1, "authentication layer of %zu bytes is too short for its fields",
                              afl_len);
    *out = afl;
    out->payload = len - rd_left(&r);
    if (is_fragment(afl.afl_fcl))
        return err_say_offset(at, ERR_UNSUPPORTED, at_offset, "fragment %u of a longer message",
                              (unsigned)(afl.afl_fcl & AFL_FRAGMENT_ID));
    return rd_left(&r) > 0 ? ERR_OK : err_say_offset(at, ERR_SHORT, len, "ends before the transport layer");
}
