/* crypt.h — M-Bus security: mode 5, mode 7 with its KDF and AFL MAC, ELL AES-CTR, and the CRC of EN 13757-4. Pure.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PROTOCOLS_CODEC_MBUS_CRYPT_H
#define PROTOCOLS_CODEC_MBUS_CRYPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/reading.h"

enum { MBUS_KEY_LEN = 16 };

/* EN 13757-4: polynomial 3D65h, start 0, complemented; "123456789" gives C2B7h. */
uint16_t mbus_crc(const uint8_t *bytes, size_t len);

/* Deciphers len bytes (a multiple of 16) from `in` to `out`; IV from address and access number. */
void crypt_mode5(const uint8_t key[static 16], const struct telegram_head *who, const uint8_t *in, size_t len,
                 uint8_t *out);

/* Key derivation of mode 7 (OMS Vol. 2, 9.5.4): dc 00h encryption from the meter, 01h MAC from the meter. */
void crypt_kdf(const uint8_t master[static 16], uint8_t dc, uint32_t counter, uint32_t ident, uint8_t out[static 16]);
void crypt_mode7(const uint8_t derived[static 16], const uint8_t *in, size_t len, uint8_t *out);
void crypt_cmac(const uint8_t key[static 16], const uint8_t *bytes, size_t len, uint8_t out[static 16]);

/* ELL AES-CTR: deciphers any length; cc and sn as on the link. */
void crypt_ell_ctr(const uint8_t key[static 16], const struct telegram_head *who, uint8_t cc, uint32_t sn,
                   const uint8_t *in, size_t len, uint8_t *out);

#endif
