/* crypto.c — libcrypto behind plain functions.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/crypto.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "core/base/bug.h"
#include "core/base/mem.h"
#include "core/base/str.h"

enum { AES_BLOCK = 16 }; /* the cipher's end writes up to so many bytes */

void crypto_random(void *out, size_t len)
{
    uint8_t *p = out;
    while (len > 0) {
        int n = len > 4096 ? 4096 : (int)len;
        BUG_IF(RAND_bytes(p, n) != 1);
        p += n;
        len -= (size_t)n;
    }
}

void crypto_sha256(uint8_t out[static CRYPTO_SHA256], const void *bytes, size_t len)
{
    BUG_IF(EVP_Digest(bytes, len, out, NULL, EVP_sha256(), NULL) != 1);
}

void crypto_hmac_sha256(uint8_t out[static CRYPTO_SHA256], const void *key, size_t key_len, const void *bytes,
                        size_t len)
{
    BUG_IF(key_len > 4096);
    BUG_IF(HMAC(EVP_sha256(), key, (int)key_len, bytes, len, out, NULL) == NULL);
}

enum err crypto_scrypt(const char *password, const uint8_t *salt, size_t salt_len, unsigned log2_n, unsigned r,
                       unsigned p, uint8_t *out, size_t out_len)
{
    const uint64_t most = UINT64_C(64) << 20;
    if (log2_n < 1 || log2_n > 20 || r < 1 || r > 32 || p < 1 || p > 16)
        return ERR_RANGE;
    uint64_t need = 128 * ((UINT64_C(1) << log2_n) + p + 2) * r;
    if (need > most)
        return ERR_RANGE;
    int ok = EVP_PBE_scrypt(password, strlen(password), salt, salt_len, UINT64_C(1) << log2_n, r, p, need + (1 << 20),
                            out, out_len);
    BUG_IF(ok != 1);
    return ERR_OK;
}

static EVP_CIPHER_CTX *gcm_begin(const struct crypto_gcm *g, bool encrypt)
{
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    int n = 0;
    BUG_IF(!c || g->about_len > 1 << 20);
    BUG_IF(EVP_CipherInit_ex(c, EVP_aes_256_gcm(), NULL, g->key, g->nonce, encrypt) != 1);
    BUG_IF(g->about_len > 0 && EVP_CipherUpdate(c, NULL, &n, g->about, (int)g->about_len) != 1);
    return c;
}

void crypto_gcm_seal(const struct crypto_gcm *g, const uint8_t *in, size_t len, uint8_t *out,
                     uint8_t tag[static CRYPTO_GCM_TAG])
{
    EVP_CIPHER_CTX *c = gcm_begin(g, true);
    uint8_t end[AES_BLOCK];
    int n = 0;
    BUG_IF(len > 1 << 20 || (len > 0 && EVP_CipherUpdate(c, out, &n, in, (int)len) != 1));
    BUG_IF(EVP_CipherFinal_ex(c, end, &n) != 1 || n != 0);
    BUG_IF(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, CRYPTO_GCM_TAG, tag) != 1);
    EVP_CIPHER_CTX_free(c);
}

enum err crypto_gcm_open(const struct crypto_gcm *g, const uint8_t *in, size_t len, uint8_t *out,
                         const uint8_t tag[static CRYPTO_GCM_TAG])
{
    uint8_t end[AES_BLOCK], wanted[CRYPTO_GCM_TAG];
    int n = 0;
    if (len > 1 << 20)
        return ERR_CORRUPT;
    EVP_CIPHER_CTX *c = gcm_begin(g, false);
    bytes_copy(wanted, sizeof wanted, tag, CRYPTO_GCM_TAG);
    BUG_IF(len > 0 && EVP_CipherUpdate(c, out, &n, in, (int)len) != 1);
    BUG_IF(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, CRYPTO_GCM_TAG, wanted) != 1);
    bool is_proven = EVP_CipherFinal_ex(c, end, &n) == 1;
    EVP_CIPHER_CTX_free(c);
    if (!is_proven && len > 0)
        bytes_wipe(out, len);
    return is_proven ? ERR_OK : ERR_CORRUPT;
}

enum err crypto_from_base64(const char *text, uint8_t *out, size_t size, size_t *len)
{
    size_t n = strlen(text), digits = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
    size_t padding = n - digits;
    if (n % 4 != 0 || padding > 2 || strspn(text + digits, "=") != padding)
        return ERR_SYNTAX;
    size_t whole = n / 4 * 3;
    if (whole - padding > size || n > INT_MAX)
        return ERR_TOO_BIG;
    uint8_t *all = xmalloc(whole + 1); /* the library writes the padding, too */
    BUG_IF(EVP_DecodeBlock(all, (const unsigned char *)text, (int)n) != (int)whole);
    bytes_copy(out, size, all, whole - padding);
    OPENSSL_cleanse(all, whole);
    free(all);
    *len = whole - padding;
    return ERR_OK;
}
