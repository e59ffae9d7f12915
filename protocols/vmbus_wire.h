/* vmbus_wire.h — private to Virtual M-Bus: a wire that does not exist, with every meter as a slave on it.
 *
 * A net knows who is on the wire. Each master has a wire of his own with these slaves: what he selects and which frame
 * count bits he has used are nobody else's business. Pure: bytes and the time go in, an answer comes out.
 *
 * Two slaves that answer at once give the AND of their bits, as on a wire, so that a search finds its way; but what comes
 * out never passes as a good telegram of a meter that is not there.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PROTOCOLS_VMBUS_WIRE_H
#define PROTOCOLS_VMBUS_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/rd.h"
#include "core/base/wr.h"
#include "core/meter.h"
#include "protocols/codec/mbus/frame.h"
#include "protocols/codec/mbus/slave.h"

struct vmbus_telegram {
    uint16_t len;
    uint8_t bytes[FRAME_MAX];
};

/* A copy of a meter's last readout, so that a chain stays one while its master fetches it. */
struct vmbus_chain {
    struct vmbus_telegram *telegrams; /* owned; NULL when n is 0 */
    size_t n;
    int64_t good_until_ms; /* afterwards no value is told */
    int64_t loaded_ms;     /* the wire's */
};

/* --- the net --- */

struct vmbus_member;
struct vmbus_net {
    struct vmbus_member *members; /* hash by meter id */
    /* Fills *out, which is empty; leaves it so when there is nothing. */
    void (*load)(void *ctx, uint32_t meter, int64_t now_ms, struct vmbus_chain *out);
    void *ctx;
};

/* Puts a meter on the wire, or what is new of it; its first telegram says who it is. Without one that is a wired meter's
 * telegram it is taken off. */
void vmbus_net_put(struct vmbus_net *net, const struct meter *m, const uint8_t *telegram, size_t len);
void vmbus_net_remove(struct vmbus_net *net, uint32_t meter);
void vmbus_net_clear(struct vmbus_net *net);
size_t vmbus_net_count(const struct vmbus_net *net);

/* --- a master's wire --- */

enum { VMBUS_TALKERS = 2 }; /* whoever answers as a third changes nothing for the master */

struct vmbus_slot {
    uint32_t meter; /* 0: nobody */
    struct slave slave;
    struct vmbus_chain chain;
};

struct vmbus_wire {
    const struct vmbus_net *net;
    struct framer framer;
    struct vmbus_slot slots[SLAVE_N_WAYS][VMBUS_TALKERS]; /* selected; last spoken to by primary address */
    int primary;                                          /* that address; -1: none */
    uint64_t n_requests, n_answers, n_expired;            /* good frames; telegrams sent; of these without values */
};

void vmbus_wire_init(struct vmbus_wire *w, const struct vmbus_net *net);
void vmbus_wire_fini(struct vmbus_wire *w);
/* Bytes of the master. Each answer goes to out() at once. */
typedef void vmbus_out_fn(void *ctx, const uint8_t *bytes, size_t len);
void vmbus_wire_push(struct vmbus_wire *w, int64_t now_ms, struct rd bytes, vmbus_out_fn *out, void *ctx);
/* The master was silent: an incomplete frame stays so. */
void vmbus_wire_idle(struct vmbus_wire *w);

#endif
