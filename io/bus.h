/* bus.h — one M-Bus interface and the arbiter of its turns.
 *
 * The unit of fairness is the turn, not the frame: select and request belong together. Whoever wants to speak asks for
 * a turn with a priority and is called when it is his; priorities decide the next turn, nothing is cut off midway. A
 * turn that has waited for a minute climbs one class, each minute, so that the lowest class lives.
 * Knows no M-Bus: bytes, time and the state of the port.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef IO_BUS_H
#define IO_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct dns;
struct bus;

enum bus_prio { BUS_MANUAL, BUS_TRANSPARENT, BUS_SCHEDULED, BUS_SEARCH, BUS_CONTINUOUS, BUS_N_PRIO };

enum bus_state { BUS_OFF, BUS_TRYING, BUS_UP, BUS_DOWN };
const char *bus_state_name(enum bus_state s); /* off, down (also while it tries for the first time), up */

enum turn_state { TURN_FREE, TURN_WAITING, TURN_HOLDING };

/* Embedded by its owner, who fills the first part and releases it before he dies. */
struct bus_turn {
    const char *holder; /* for people: "readout" */
    void (*granted)(void *ctx);
    void (*on_bytes)(void *ctx, const uint8_t *bytes, size_t len, size_t n_damaged); /* while holding */
    /* The port is down or off: the turn is free again, waiting or holding; who still wants it asks again, which makes
     * the port try at once. */
    void (*lost)(void *ctx, const char *why);
    void *ctx;
    /* the arbiter's */
    struct bus *bus;
    enum turn_state state;
    enum bus_prio prio;
    int64_t asked_ms;
    struct bus_turn *prev, *next;
};

/* Told on every change between up and not up. */
typedef void bus_state_fn(void *ctx, struct bus *b, enum bus_state state);

struct bus *bus_create(struct loop *l, struct dns *dns, unsigned number, bus_state_fn *fn, void *ctx);
void bus_free(struct bus *b); /* no turn may wait or hold any more; NULL is allowed */
/* Opens, reopens or closes the port as needed; the same values again change nothing. */
void bus_configure(struct bus *b, bool is_enabled, const char *port_spec, uint32_t baud);

void bus_request(struct bus *b, struct bus_turn *t, enum bus_prio prio); /* t must be free */
void bus_release(struct bus_turn *t); /* also withdraws a waiting one; a free one is left alone */

/* The holder's; BUG for others. */
void bus_set_baud(struct bus_turn *t, uint32_t baud);                    /* 0: that of the bus; ignored by converters */
int64_t bus_write(struct bus_turn *t, const uint8_t *bytes, size_t len); /* mono µs when the last bit has left */
void bus_drain(struct bus_turn *t);                                      /* what has come so far is nobody's */
void bus_poll(struct bus_turn *t);           /* hands over what the kernel holds, before silence is concluded */
bool bus_is_stuck(const struct bus_turn *t); /* our bytes have not got out, so nobody can have answered */
uint32_t bus_baud(const struct bus_turn *t); /* that is in force */
bool bus_is_network(const struct bus_turn *t);
int64_t bus_stray_us(const struct bus_turn *t); /* when nobody's bytes were last seen; INT64_MIN: never */

struct bus_info {
    unsigned number;
    const char *port; /* spec; "" when none; borrowed */
    enum bus_state state;
    int64_t since_utc;  /* of the state */
    const char *why;    /* it is down; borrowed */
    const char *holder; /* NULL: nobody */
    size_t queued;      /* turns that wait */
    uint64_t n_turns;   /* given so far; who sees no other number but his own has had the bus for himself */
    double wire_busy;   /* share of the last minute with bits on the wire */
};
void bus_info(const struct bus *b, struct bus_info *out);

#endif
