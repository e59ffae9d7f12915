/* telegram.h — one telegram from bytes to values: the one call that services and tools use.
 *
 * frame or radio link → layers (ELL, AFL, transport header) → decryption → records → values. Pure, no allocation; all
 * results stand in the caller's struct telegram and borrow from it and from the input bytes.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PROTOCOLS_CODEC_MBUS_TELEGRAM_H
#define PROTOCOLS_CODEC_MBUS_TELEGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/reading.h"

enum telegram_link {
    LINK_AUTO,
    LINK_WIRED,  /* a whole frame, 68h … 16h */
    LINK_WMBUS,  /* from the L field, block CRCs removed or still in (frame format A or B) */
    LINK_RECORD, /* data records only */
};

enum telegram_security {
    SECURITY_NONE,
    SECURITY_MODE5, /* opened with a key */
    SECURITY_MODE7,
    SECURITY_ELL_CTR,
    SECURITY_REMOVED, /* announced, but the payload came in clear */
    SECURITY_CLOSED,  /* encrypted and not opened: only the header is known (ERR_NO_KEY) */
};

/* The message authentication code of an AFL. What a wrong one covers is shown and marked, not hidden. */
enum telegram_mac { MAC_NONE, MAC_RIGHT, MAC_WRONG };

/* Candidates for one telegram, most specific first: writes up to max keys, returns how many. `radio` is the link address of
 * a wireless telegram, `meter` the transport header's if there is one; either may be NULL. */
typedef size_t telegram_keys_fn(void *ctx, const struct telegram_head *meter, const struct telegram_head *radio,
                                uint8_t keys[][16], size_t max);

struct formats; /* learnt formats of compact frames, compact.h */

struct telegram_env {
    telegram_keys_fn *find_keys; /* NULL: no keys */
    void *keys_ctx;
    struct formats *formats; /* NULL: compact frames give ERR_NO_FORMAT */
};

enum {
    TELEGRAM_VALUES_MAX = 128,
    TELEGRAM_TEXT_MAX = 1024,
    TELEGRAM_BYTES_MAX = 1024,
    TELEGRAM_KEYS_MAX = 256, /* candidates that are tried on one telegram */
    WMBUS_RAW_MAX = 300
};

struct telegram {
    enum telegram_link link; /* as found; AUTO when not even that is known */
    uint8_t c, a, ci;        /* a: primary address of a wired frame; ci: the innermost */
    bool has_head;           /* head is the meter's: long header, else the radio link's with the short header */
    bool has_access;         /* head.access_no was sent; status and signature only with has_status */
    bool has_status;
    struct telegram_head head;
    bool has_radio;
    struct telegram_head radio; /* link address of a wireless telegram */
    enum telegram_security security;
    uint8_t security_mode; /* of the configuration word, or 0 */
    enum telegram_mac mac;
    bool is_fixed;     /* CI 73h/77h, fixed data structure */
    bool is_msb_first; /* mode 2 byte order */
    bool is_compact;
    uint16_t format_signature;
    bool has_app_error; /* CI 70h */
    uint8_t app_error;
    bool has_alarm; /* CI 71h */
    uint8_t alarm;
    bool more_follows; /* DIF 1Fh: another telegram is to be read */
    size_t n_values;
    struct value values[TELEGRAM_VALUES_MAX];
    /* decrypted payload, reversed texts; what values point into when not into the input */
    size_t text_len;
    uint8_t text[TELEGRAM_TEXT_MAX];
    size_t clear_len;
    uint8_t clear[TELEGRAM_BYTES_MAX];
};

/* On failure values decoded before the bad byte stand in *t all the same (n_values), as does what is known of the header;
 * *at has the byte offset in the input and names the rule. */
MUST_USE enum err telegram_decode(struct telegram *t, enum telegram_link link, const uint8_t *bytes, size_t len,
                                  const struct telegram_env *env, struct err_at *at);

/* A telegram of which nothing is known. telegram_decode() begins with it. */
void telegram_reset(struct telegram *t);

#endif
