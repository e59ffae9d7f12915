/* wmbus.h — the wireless link of EN 13757-4: frame formats, link header, extended link layer, AFL. Pure.
 *
 * wmbus_parse() walks from the L field to the transport layer's CI and says what protects the rest; it decrypts nothing.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PROTOCOLS_CODEC_MBUS_WMBUS_H
#define PROTOCOLS_CODEC_MBUS_WMBUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/reading.h"

/* Removes block CRCs if they are there: tries format A, then B, else takes the bytes as stripped already. L is rewritten
 * to what follows; a telegram of format A with a damaged or missing block ends before it and keeps its L, so that
 * wmbus_parse() sees the gap. out holds at least len bytes; returns the new length. */
size_t wmbus_strip(const uint8_t *in, size_t len, uint8_t *out);

/* Fragmentation control field of the AFL: what it holds, in the order of the bytes, and bits 7…0 the fragment's number. */
enum afl_fcl {
    AFL_MORE_FRAGMENTS = 1 << 14,
    AFL_HAS_MCL = 1 << 13,
    AFL_HAS_KEY_INFO = 1 << 9,
    AFL_HAS_MCR = 1 << 11,
    AFL_HAS_MAC = 1 << 10,
    AFL_HAS_ML = 1 << 12,
    AFL_FRAGMENT_ID = 0xFF,
};

struct wmbus {
    uint8_t l, c;
    struct telegram_head radio; /* ident, maker, version, medium of the link address */
    bool has_ell;
    uint8_t ell_ci, ell_cc, ell_access;
    bool has_ell_address;
    struct telegram_head ell_address;
    uint32_t ell_sn;        /* session number field of 8Dh/8Fh; 0 without */
    uint8_t ell_encryption; /* bits 31..29: 0 none, 1 AES-CTR */
    bool has_ell_crc;       /* payload CRC follows (in the encrypted part) */
    bool has_afl;
    uint16_t afl_fcl; /* enum afl_fcl */
    uint8_t afl_mcl;
    uint32_t afl_mcr;
    bool has_afl_mcr;
    uint8_t afl_mac_len;
    uint8_t afl_mac[16];
    uint16_t afl_ml;
    bool length_ok; /* L equals what follows */
    size_t payload; /* offset of the next CI (or of the ELL payload CRC when has_ell_crc) */
};

/* On failure *out has what was read before the bad byte: ERR_SHORT, ERR_MALFORMED, ERR_UNSUPPORTED for the variable
 * extended link layer (CI 86h) and for one fragment of a longer message. */
MUST_USE enum err wmbus_parse(const uint8_t *bytes, size_t len, struct wmbus *out, struct err_at *at);
/* The rest after an ELL was opened may begin with an AFL: parses it from `at_offset`; moves out->payload to what follows
 * it, or to at_offset when there is none. */
MUST_USE enum err wmbus_parse_afl(const uint8_t *bytes, size_t len, size_t at_offset, struct wmbus *out,
                                  struct err_at *at);

#endif
