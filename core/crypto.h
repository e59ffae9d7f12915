/* crypto.h — the few calls of libcrypto that we use: bytes in, bytes out.
 * A failure of the library itself is a BUG; what a peer sent wrong is a result.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CORE_CRYPTO_H
#define CORE_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"

enum { CRYPTO_SHA256 = 32 };
enum { CRYPTO_GCM_KEY = 32, CRYPTO_GCM_NONCE = 12, CRYPTO_GCM_TAG = 16 };

void crypto_random(void *out, size_t len);
void crypto_sha256(uint8_t out[static CRYPTO_SHA256], const void *bytes, size_t len);
void crypto_hmac_sha256(uint8_t out[static CRYPTO_SHA256], const void *key, size_t key_len, const void *bytes,
                        size_t len);

/* Base64 (RFC 4648 4) with its padding, nothing else between. ERR_SYNTAX, ERR_TOO_BIG. */
MUST_USE enum err crypto_from_base64(const char *text, uint8_t *out, size_t size, size_t *len);

/* scrypt (RFC 7914) with N = 2^log2_n. Takes 128·N·r bytes and, at N = 2^14, r = 8, about 27 ms: not in the loop.
 * ERR_RANGE for parameters that need over 64 MiB. */
MUST_USE enum err crypto_scrypt(const char *password, const uint8_t *salt, size_t salt_len, unsigned log2_n, unsigned r,
                                unsigned p, uint8_t *out, size_t out_len);

/* AES-256-GCM (NIST SP 800-38D). A nonce must never come twice with one key. `about` is not hidden, but proven; its
 * bytes and those of `in` may be none. out may be in. */
struct crypto_gcm {
    const uint8_t *key, *nonce; /* CRYPTO_GCM_KEY and CRYPTO_GCM_NONCE bytes */
    const void *about;
    size_t about_len;
};
void crypto_gcm_seal(const struct crypto_gcm *g, const uint8_t *in, size_t len, uint8_t *out,
                     uint8_t tag[static CRYPTO_GCM_TAG]);
/* ERR_CORRUPT: another key, or not what was sealed; out is wiped then. */
MUST_USE enum err crypto_gcm_open(const struct crypto_gcm *g, const uint8_t *in, size_t len, uint8_t *out,
                                  const uint8_t tag[static CRYPTO_GCM_TAG]);

#endif
