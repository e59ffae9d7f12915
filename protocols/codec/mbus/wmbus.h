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

/* Removes block CRCs if they are there: tries format A, then B, else takes the bytes as stripped already. L is rewritten.
 * out holds at least len bytes; returns the new length. */
size_t wmbus_strip(const uint8_t *in, size_t len, uint8_t *out);

struct wmbus {
    uint8_t l, c;
    struct telegram_head radio;     /* ident, maker, version, medium of the link address */
    bool has_ell;
    uint8_t ell_ci, ell_cc, ell_access;
    bool has_ell_address;
    struct telegram_head ell_address;
    uint32_t ell_sn;                /* session number field of 8Dh/8Fh; 0 without */
    uint8_t ell_encryption;         /* bits 31..29: 0 none, 1 AES-CTR */
    bool has_ell_crc;               /* payload CRC follows (in the encrypted part) */
    bool has_afl;
    uint16_t afl_fcl;
    uint8_t afl_mcl;
    uint32_t afl_mcr;
    bool has_afl_mcr;
    uint8_t afl_mac_len;
    uint8_t afl_mac[16];
    uint16_t afl_ml;
    bool length_ok;                 /* L equals what follows */
    size_t payload;                 /* offset of the next CI (or of the ELL payload CRC when has_ell_crc) */
};

MUST_USE enum err wmbus_parse(const uint8_t *bytes, size_t len, struct wmbus *out, struct err_at *at);
/* The rest after an ELL was opened may begin with an AFL: parses it from `at_offset`; moves out->payload. */
MUST_USE enum err wmbus_parse_afl(const uint8_t *bytes, size_t len, size_t at_offset, struct wmbus *out, struct err_at *at);

#endif
