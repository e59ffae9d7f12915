/* crypt.c — the ciphers of M-Bus telegrams on OpenSSL's AES-128, and the CRC of EN 13757-4.
 *
 * Knows: how IVs and derived keys are laid out (EN 13757-7, OMS Vol. 2 chapter 9).
 * Does not know: where in a telegram the encrypted bytes lie, and which key is the right one.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "protocols/codec/mbus/crypt.h"

#include <openssl/evp.h>

#include "core/base/bug.h"
#include "core/base/str.h"
#include "core/base/wr.h"

enum { BLOCK = 16 };

/* crc_of_nibble[n]: the remainder of n · x^16 by 3D65h. */
static const uint16_t crc_of_nibble[16] = {
    0x0000, 0x3D65, 0x7ACA, 0x47AF, 0xF594, 0xC8F1, 0x8F5E, 0xB23B,
    0xD64D, 0xEB28, 0xAC87, 0x91E2, 0x23D9, 0x1EBC, 0x5913, 0x6476,
};

uint16_t mbus_crc(const uint8_t *bytes, size_t len)
{
    uint16_t crc = 0;
    for (size_t i = 0; i < len; i++) {
        crc = (uint16_t)(crc << 4 ^ crc_of_nibble[crc >> 12 ^ bytes[i] >> 4]);
        crc = (uint16_t)(crc << 4 ^ crc_of_nibble[crc >> 12 ^ (bytes[i] & 0xF)]);
    }
    return (uint16_t)~crc;
}

/* AES-128 is in every OpenSSL, so the one way these calls fail is that memory is gone: that ends the process. */
static EVP_CIPHER_CTX *cipher_open(const EVP_CIPHER *cipher, const uint8_t *key, const uint8_t *iv, bool encrypt)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    BUG_IF(!ctx || EVP_CipherInit_ex(ctx, cipher, NULL, key, iv, encrypt) != 1);
    EVP_CIPHER_CTX_set_padding(ctx, 0);
    return ctx;
}

static void cipher_run(EVP_CIPHER_CTX *ctx, const uint8_t *in, size_t len, uint8_t *out)
{
    int done = 0;
    BUG_IF(EVP_CipherUpdate(ctx, out, &done, in, (int)len) != 1 || (size_t)done != len);
}

static void cipher_run_once(EVP_CIPHER_CTX *ctx, const uint8_t *in, size_t len, uint8_t *out)
{
    cipher_run(ctx, in, len, out);
    EVP_CIPHER_CTX_free(ctx);
}

/* M(2) id(4) version medium: how an address stands on the radio link, and in both kinds of IV. */
static void write_address(struct wr *w, const struct telegram_head *who)
{
    wr_u16le(w, who->maker);
    wr_u32le(w, who->ident);
    wr_u8(w, who->version);
    wr_u8(w, who->medium);
}

void crypt_mode5(const uint8_t key[static 16], const struct telegram_head *who, const uint8_t *in, size_t len,
                 uint8_t *out)
{
    BUG_IF(len % BLOCK != 0);
    uint8_t iv[BLOCK];
    struct wr w = wr_init(iv, sizeof iv);
    write_address(&w, who);
    while (wr_room(&w))
        wr_u8(&w, who->access_no);
    cipher_run_once(cipher_open(EVP_aes_128_cbc(), key, iv, false), in, len, out);
}

void crypt_mode7(const uint8_t derived[static 16], const uint8_t *in, size_t len, uint8_t *out)
{
    BUG_IF(len % BLOCK != 0);
    static const uint8_t zero_iv[BLOCK];
    cipher_run_once(cipher_open(EVP_aes_128_cbc(), derived, zero_iv, false), in, len, out);
}

void crypt_ell_ctr(const uint8_t key[static 16], const struct telegram_head *who, uint8_t cc, uint32_t sn,
                   const uint8_t *in, size_t len, uint8_t *out)
{
    enum { HOP_BIT = 0x10, REPEATED_ACCESS_BIT = 0x02 }; /* repeaters change these: never part of the IV */
    uint8_t iv[BLOCK];
    struct wr w = wr_init(iv, sizeof iv);
    write_address(&w, who);
    wr_u8(&w, (uint8_t)(cc & ~(HOP_BIT | REPEATED_ACCESS_BIT)));
    wr_u32le(&w, sn);
    wr_u16le(&w, 0); /* frame number */
    wr_u8(&w, 0);    /* block counter, where the cipher counts on */
    cipher_run_once(cipher_open(EVP_aes_128_ctr(), key, iv, false), in, len, out);
}

/* RFC 4493: the value doubled in GF(2^128), high bit first. */
static void cmac_double(uint8_t block[static BLOCK])
{
    uint8_t carry = block[0] & 0x80 ? 0x87 : 0;
    for (size_t i = 0; i < BLOCK - 1; i++)
        block[i] = (uint8_t)(block[i] << 1 | block[i + 1] >> 7);
    block[BLOCK - 1] = (uint8_t)(block[BLOCK - 1] << 1 ^ carry);
}

static void xor_into(uint8_t *block, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        block[i] ^= bytes[i];
}

void crypt_cmac(const uint8_t key[static 16], const uint8_t *bytes, size_t len, uint8_t out[static 16])
{
    EVP_CIPHER_CTX *ctx = cipher_open(EVP_aes_128_ecb(), key, NULL, true);
    uint8_t subkey[BLOCK] = { 0 }, state[BLOCK] = { 0 };
    cipher_run(ctx, subkey, BLOCK, subkey);
    cmac_double(subkey);

    for (; len > BLOCK; bytes += BLOCK, len -= BLOCK) {
        xor_into(state, bytes, BLOCK);
        cipher_run(ctx, state, BLOCK, state);
    }
    xor_into(state, bytes, len);
    if (len < BLOCK) { /* a short last block is padded with a single 1 bit and takes the second subkey */
        state[len] ^= 0x80;
        cmac_double(subkey);
    }
    xor_into(state, subkey, BLOCK);
    cipher_run(ctx, state, BLOCK, out);
    EVP_CIPHER_CTX_free(ctx);
    bytes_wipe(subkey, sizeof subkey);
}

void crypt_kdf(const uint8_t master[static 16], uint8_t dc, uint32_t counter, uint32_t ident, uint8_t out[static 16])
{
    uint8_t text[BLOCK];
    struct wr w = wr_init(text, sizeof text);
    wr_u8(&w, dc);
    wr_u32le(&w, counter);
    wr_u32le(&w, ident);
    while (wr_room(&w))
        wr_u8(&w, 0x07); /* 16 - 9 bytes, each the number of them */
    crypt_cmac(master, text, sizeof text, out);
}
