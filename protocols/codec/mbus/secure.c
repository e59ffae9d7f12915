/* secure.c — opens what a telegram's layers protect.
 *
 * Knows: which part each security mode covers, which check bytes prove a key (EN 13757-4, EN 13757-7, OMS Vol. 2).
 * Does not know: ciphers (crypt), where keys come from, records.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "protocols/codec/mbus/secure.h"

#include "core/base/rd.h"
#include "core/base/str.h"
#include "core/base/wr.h"
#include "protocols/codec/mbus/crypt.h"

enum {
    BLOCK = 16,
    CHECK_BYTE = 0x2F,
    ELL_CLEAR = 0,
    ELL_AES_CTR = 1,
    SECRET_MAX = 256,
    KDF_FROM_METER = 0x00,
    KDF_MAC_FROM_METER = 0x01
};
enum { BLOCKS_TO_THE_END = 15, MODE_5 = 5, MODE_7 = 7 };

static struct rd rd_from(const struct opening *o, size_t offset)
{
    struct rd r = rd_init(o->bytes, o->len);
    rd_skip(&r, offset);
    return r;
}

static size_t find_keys(const struct opening *o, uint8_t keys[TELEGRAM_KEYS_MAX][MBUS_KEY_LEN])
{
    if (!o->env || !o->env->find_keys)
        return 0;
    return o->env->find_keys(o->env->keys_ctx, o->has_meter ? &o->t->head : NULL, o->w ? &o->t->radio : NULL, keys,
                             TELEGRAM_KEYS_MAX);
}

static enum err say_closed(struct opening *o, const char *what, size_t n_keys, size_t offset)
{
    o->t->security = SECURITY_CLOSED;
    if (n_keys == 0)
        return err_say_offset(o->at, ERR_NO_KEY, offset, "%s: no key is known for this meter", what);
    return err_say_offset(o->at, ERR_NO_KEY, offset, "%s: the check bytes are wrong with %zu key%s tried", what, n_keys,
                          n_keys == 1 ? "" : "s");
}

/* --- extended link layer --- */

/* CRC, low byte first, over what follows it. */
static bool ell_crc_is_right(const uint8_t *bytes, size_t len)
{
    struct rd r = rd_init(bytes, len);
    uint16_t crc = rd_u16le(&r);
    return rd_ok(&r) && crc == mbus_crc(r.p, rd_left(&r));
}

/* Tries the keys on the CRC and all behind it. */
static enum err open_ell_ctr(struct opening *o, const struct rd *secret)
{
    uint8_t keys[TELEGRAM_KEYS_MAX][MBUS_KEY_LEN], clear[SECRET_MAX];
    size_t offset = o->len - rd_left(secret), len = rd_left(secret);
    size_t n_keys = find_keys(o, keys);
    bool is_open = false;
    for (size_t i = 0; i < n_keys && !is_open; i++) {
        crypt_ell_ctr(keys[i], &o->w->radio, o->w->ell_cc, o->w->ell_sn, secret->p, len, clear);
        is_open = ell_crc_is_right(clear, len);
    }
    bytes_wipe(keys, sizeof keys);
    if (!is_open)
        return say_closed(o, "AES-CTR of the extended link layer", n_keys, offset);
    bytes_copy(o->bytes + offset, len, clear, len);
    o->t->security = SECURITY_ELL_CTR;
    return ERR_OK;
}

enum err secure_open_ell(struct opening *o)
{
    enum { CRC_LEN = 2 };
    size_t offset = o->w->payload;
    struct rd secret = rd_from(o, offset);
    bool is_encrypted = o->w->ell_encryption != ELL_CLEAR;
    if (rd_left(&secret) < CRC_LEN)
        return err_say_offset(o->at, ERR_SHORT, o->len, "no payload CRC behind the extended link layer");
    o->w->payload += CRC_LEN;
    if (ell_crc_is_right(secret.p, rd_left(&secret))) {
        o->t->security = is_encrypted ? SECURITY_REMOVED : SECURITY_NONE;
        return ERR_OK;
    }
    if (!is_encrypted)
        return err_say_offset(o->at, ERR_CHECKSUM, offset, "the payload CRC of the extended link layer is wrong");
    if (o->w->ell_encryption == ELL_AES_CTR && rd_left(&secret) <= SECRET_MAX)
        return open_ell_ctr(o, &secret);
    o->t->security = SECURITY_CLOSED;
    return err_say_offset(o->at, ERR_UNSUPPORTED, offset, "encryption %u of the extended link layer is not supported",
                          o->w->ell_encryption);
}

/* --- transport layer --- */

static const char *mode_name(unsigned mode)
{
    static const char *const names[32] = {
        [1] = "maker specific",
        [2] = "DES",
        [3] = "DES",
        [4] = "AES-CBC without IV",
        [5] = "AES-CBC",
        [7] = "AES-CBC with derived key",
        [8] = "AES-CTR with CMAC",
        [9] = "AES-GCM",
        [10] = "AES-CCM",
        [13] = "TLS",
    };
    return names[mode & 0x1F];
}

static unsigned mode_of(uint16_t signature)
{
    return signature >> 8 & 0x1F;
}

bool secure_is_announced(uint16_t signature, bool is_wireless)
{
    unsigned mode = mode_of(signature);
    return mode != 0 && (is_wireless || mode_name(mode));
}

static bool has_check_bytes(const uint8_t *bytes, size_t len)
{
    return len >= 2 && bytes[0] == CHECK_BYTE && bytes[1] == CHECK_BYTE;
}

/* What mode 7 derives its keys from: the meter's number and the message counter. */
struct kdf_input {
    uint32_t ident, counter;
};

static void decipher(unsigned mode, const uint8_t key[static MBUS_KEY_LEN], const struct telegram *t,
                     const struct kdf_input *kdf, const struct rd *secret, uint8_t *clear)
{
    if (mode == MODE_5) {
        crypt_mode5(key, &t->head, secret->p, rd_left(secret), clear);
        return;
    }
    uint8_t derived[MBUS_KEY_LEN];
    crypt_kdf(key, KDF_FROM_METER, kdf->counter, kdf->ident, derived);
    crypt_mode7(derived, secret->p, rd_left(secret), clear);
    bytes_wipe(derived, sizeof derived);
}

/* The CMAC goes over MCL, MCR, ML if sent, and the message from its CI field on, still encrypted. */
static enum telegram_mac check_mac(const struct opening *o, const uint8_t key[static MBUS_KEY_LEN],
                                   const struct kdf_input *kdf)
{
    enum { COVERED_MAX = 8 + SECRET_MAX };
    const struct wmbus *w = o->w;
    if (!w || !w->has_afl || w->afl_mac_len == 0)
        return MAC_NONE;
    uint8_t covered[COVERED_MAX], mac_key[MBUS_KEY_LEN], mac[MBUS_KEY_LEN];
    struct wr c = wr_init(covered, sizeof covered);
    struct rd message = rd_from(o, w->payload);
    wr_u8(&c, w->afl_mcl);
    if (w->has_afl_mcr)
        wr_u32le(&c, w->afl_mcr);
    if (w->afl_fcl & AFL_HAS_ML)
        wr_u16le(&c, w->afl_ml);
    wr_bytes(&c, message.p, rd_left(&message));
    if (!wr_ok(&c) || w->afl_mac_len > sizeof mac)
        return MAC_WRONG;
    crypt_kdf(key, KDF_MAC_FROM_METER, kdf->counter, kdf->ident, mac_key);
    crypt_cmac(mac_key, covered, wr_len(&c), mac);
    bytes_wipe(mac_key, sizeof mac_key);
    return bytes_equal_secret(mac, w->afl_mac, w->afl_mac_len) ? MAC_RIGHT : MAC_WRONG;
}

/* Tries the keys on a secret of mode 5 or 7 and puts the clear text in its place. */
static enum err open_blocks(struct opening *o, size_t offset, size_t len)
{
    struct telegram *t = o->t;
    uint8_t keys[TELEGRAM_KEYS_MAX][MBUS_KEY_LEN], clear[SECRET_MAX];
    struct rd rest = rd_from(o, offset);
    struct rd secret = rd_sub(&rest, len);
    struct kdf_input kdf = { .ident = t->head.ident, .counter = o->w ? o->w->afl_mcr : 0 };
    size_t n_keys = find_keys(o, keys);
    bool is_open = false;
    for (size_t i = 0; i < n_keys && !is_open; i++) {
        decipher(t->security_mode, keys[i], t, &kdf, &secret, clear);
        is_open = has_check_bytes(clear, len);
        if (is_open && t->security_mode == MODE_7)
            t->mac = check_mac(o, keys[i], &kdf);
    }
    bytes_wipe(keys, sizeof keys);
    if (!is_open)
        return say_closed(o, t->security_mode == MODE_5 ? "security mode 5" : "security mode 7", n_keys, offset);
    bytes_copy(o->bytes + offset, len, clear, len);
    t->security = t->security_mode == MODE_5 ? SECURITY_MODE5 : SECURITY_MODE7;
    return ERR_OK;
}

/* Blocks that the configuration word announces: all must be there, but 15 also stands for "to the end". */
static enum err open_mode_5_or_7(struct opening *o, size_t offset, unsigned blocks)
{
    size_t left = o->len - offset, len = blocks * BLOCK;
    if (blocks == BLOCKS_TO_THE_END && len > left)
        len = left - left % BLOCK;
    if (len > left && offset + len <= o->received) { /* some radios count one byte too few in L */
        o->len = offset + len;
        left = len;
    }
    if (len > left || len == 0 || len > SECRET_MAX)
        return err_say_offset(o->at, ERR_SHORT, o->len, "%u encrypted blocks are announced, %zu bytes follow", blocks,
                              left);
    return open_blocks(o, offset, len);
}

enum err secure_open_transport(struct opening *o, size_t *payload)
{
    struct telegram *t = o->t;
    unsigned mode = mode_of(t->head.signature), blocks = t->head.signature >> 4 & 0x0F;
    t->security_mode = (uint8_t)mode;
    if (mode == MODE_5 && blocks == 0)
        return ERR_OK;
    struct rd r = rd_from(o, *payload);
    if (mode == MODE_7 && !has_check_bytes(r.p, rd_left(&r)))
        rd_skip(&r, 1); /* configuration extension: which KDF, which key */
    if (!rd_ok(&r))
        return err_say_offset(o->at, ERR_SHORT, o->len, "no payload behind the configuration word");
    size_t offset = o->len - rd_left(&r);
    *payload = offset;
    if (has_check_bytes(r.p, rd_left(&r))) {
        t->security = SECURITY_REMOVED;
        return ERR_OK;
    }
    if (mode == MODE_5 || mode == MODE_7)
        return open_mode_5_or_7(o, offset, blocks);
    t->security = SECURITY_CLOSED;
    return err_say_offset(o->at, ERR_UNSUPPORTED, offset, "security mode %u (%s) is not supported", mode,
                          mode_name(mode) ? mode_name(mode) : "reserved");
}
