/* listener.h — a TCP port of ours: connections are accepted and handed on, one call each.
 *
 * A port that cannot be opened (its address is not there yet, another program has it) is tried again until the listener is
 * stopped; the log says so once.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef IO_LISTENER_H
#define IO_LISTENER_H

#include <stdint.h>

struct loop;
struct listener;

/* Takes the descriptor, which does not block. peer: the client's address as text, borrowed for the call. */
typedef void listener_fn(void *ctx, int fd, const char *peer);

/* origin: for the log, borrowed for life. address: a literal IPv4 or IPv6 address, or "localhost". */
struct listener *listener_start(struct loop *l, const char *origin, const char *address, uint16_t port, listener_fn *fn,
                                void *ctx);
void listener_stop(struct listener *s);             /* NULL is allowed */
const char *listener_why(const struct listener *s); /* it is not open; NULL: it is */

#endif
