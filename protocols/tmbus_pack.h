/* tmbus_pack.h — private to Transparent M-Bus: what of a master's bytes goes to the bus, in which pieces.
 *
 * Packing "mbus": one good frame of a master is a pack, whatever else comes is dropped. Packing "transparent": all bytes,
 * gathered until the master pauses. Pure: the caller says when there was a pause.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PROTOCOLS_TMBUS_PACK_H
#define PROTOCOLS_TMBUS_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocols/codec/mbus/frame.h"

enum { TMBUS_PACK_MAX = 512 };

struct tmbus_pack {
    bool wants_frames; /* packing "mbus" */
    struct framer framer;
    uint8_t bytes[TMBUS_PACK_MAX]; /* the next pack, len 0: none */
    size_t len;
    uint64_t n_dropped; /* bytes that were no good frame */
    uint64_t n_repeats; /* requests that came again while the first still waited */
};

void tmbus_pack_init(struct tmbus_pack *p, bool wants_frames);
/* Returns how many of the bytes it took: none while a pack waits that cannot grow. But the very frame that waits is
 * taken and forgotten: its master has only become impatient. */
size_t tmbus_pack_push(struct tmbus_pack *p, const uint8_t *bytes, size_t len);
/* The pack was sent: makes the next one of what has come behind it. */
void tmbus_pack_done(struct tmbus_pack *p);
/* The master paused for long: an incomplete frame stays so. */
void tmbus_pack_cut(struct tmbus_pack *p);

/* What a pack means for turns on a bus. */
enum tmbus_meaning {
    TMBUS_ANY,      /* goes on with what was begun, or is no frame */
    TMBUS_BEGINS,   /* rests on nothing that was said before: link reset, or another primary address */
    TMBUS_SELECTS,  /* selection: begins, too */
    TMBUS_SELECTED, /* speaks to the meter selected before */
};
/* last_a: A field of the pack before; *a gets that of this one, if it is a frame. */
enum tmbus_meaning tmbus_pack_meaning(const struct tmbus_pack *p, uint8_t last_a, uint8_t *a);

#endif
