/* port.h — an M-Bus port: a serial line or a TCP converter that moves bytes, opens itself again, and knows when the last
 * bit of what was written has left the wire.
 *
 * A port goes on trying to open until it is closed: TCP after 1, 2, 4 … 30 s, a serial line by looking every second.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef IO_PORT_H
#define IO_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"

struct loop;
struct dns;
struct port;

enum { PORT_BITS_OF_BYTE = 11 }; /* 8E1: start, 8 data, even parity, stop */

/* All calls come from the loop, never from inside a call of ours but port_poll(). */
struct port_user {
    /* n_damaged of the bytes came with a parity or framing error. */
    void (*on_bytes)(void *ctx, const uint8_t *bytes, size_t len, size_t n_damaged);
    /* After every try to open, and when an open port is lost; why is "" when it is up. */
    void (*on_state)(void *ctx, bool is_up, const char *why);
    void *ctx;
};

/* spec: "serial:/dev/ttyUSB0" or "tcp:HOST:PORT" (IPv6 in brackets). */
MUST_USE enum err port_spec_check(const char *spec, struct err_at *at);
/* Starts to open. spec must be good; dns may be NULL: then only literal addresses work. */
struct port *port_start(struct loop *l, struct dns *dns, const char *spec, uint32_t baud, const struct port_user *user);
void port_stop(struct port *p); /* no call comes any more */
bool port_is_network(const struct port *p);
bool port_is_up(const struct port *p);
/* Tries to open at once, when it is down and only waits for its next try. */
void port_retry_now(struct port *p);

/* Between exchanges only. For TCP the converter has its own rate; only the arithmetic follows. */
void port_set_baud(struct port *p, uint32_t baud);
/* Returns the monotonic µs when the last bit will have left. A port that does not take the bytes is lost. */
int64_t port_write(struct port *p, const uint8_t *bytes, size_t len);
void port_poll(struct port *p);    /* hands over what the kernel holds, now, before silence is concluded */
size_t port_drain(struct port *p); /* throws away what the kernel holds; how many bytes */
/* Bytes written that have not left the machine, or that the converter has not acknowledged. */
bool port_is_stuck(const struct port *p);

#endif
