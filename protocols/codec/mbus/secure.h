/* secure.h — opens what a telegram's layers protect: ELL AES-CTR, security modes 5 and 7, the MAC of an AFL.
 *
 * All work is done in place on the telegram's own image (telegram.clear), so offsets stay those of the input.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PROTOCOLS_CODEC_MBUS_SECURE_H
#define PROTOCOLS_CODEC_MBUS_SECURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "protocols/codec/mbus/telegram.h"
#include "protocols/codec/mbus/wmbus.h"

/* A telegram while its layers are opened. */
struct opening {
    struct telegram *t;
    const struct telegram_env *env; /* may be NULL */
    uint8_t *bytes;                 /* the whole telegram */
    size_t len;                     /* by the link's length field; grows up to … */
    size_t received;                /* … what came in all, where the encrypted blocks reach further */
    struct wmbus *w;                /* its radio layers; NULL on wires. payload is where the next layer begins */
    bool has_meter;                 /* t->head is of a long header */
    struct err_at *at;
};

/* Checks the payload CRC of an extended link layer, deciphers what follows it if need be, and moves w->payload behind
 * the CRC. ERR_NO_KEY: no key gives the right CRC; ERR_CHECKSUM: it was never encrypted and is wrong. */
MUST_USE enum err secure_open_ell(struct opening *o);

/* Does this configuration word say that the payload is protected? On wires the word was a reserved field for long, and
 * old meters fill it with anything: there only modes that were ever defined count. */
bool secure_is_announced(uint16_t signature, bool is_wireless);

/* Deciphers what the configuration word in t->head announces. *payload is the offset behind the header and moves behind
 * what belongs to the security mode. ERR_NO_KEY, ERR_UNSUPPORTED (the mode), ERR_SHORT. */
MUST_USE enum err secure_open_transport(struct opening *o, size_t *payload);

#endif
