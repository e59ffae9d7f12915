/* sim_port.h — where a host finds the simulated bus: a pseudo terminal or a TCP port, one host at a time.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SIM_SIM_PORT_H
#define TESTS_SIM_SIM_PORT_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "io/loop.h"

struct sim_port;

struct sim_port_ops {
    void *ctx;
    size_t (*room)(void *ctx); /* how many bytes can be taken now; 0: sim_port_resume() will tell */
    void (*bytes)(void *ctx, const uint8_t *bytes, size_t len);
    void (*new_host)(void *ctx);
};

/* A terminal in raw mode behind the symbolic link, which goes when the port is closed. A link to a terminal that stands
 * there already, left over by another run, is replaced; anything else is not touched. Hosts may come and go. */
MUST_USE enum err sim_port_open_pty(struct sim_port **out, struct loop *l, const struct sim_port_ops *ops,
                                    const char *link, struct err_at *at);
/* "HOST:PORT", "[::1]:PORT"; port 0 takes a free one. The next host waits until the one before has gone. */
MUST_USE enum err sim_port_open_tcp(struct sim_port **out, struct loop *l, const struct sim_port_ops *ops,
                                    const char *host_port, struct err_at *at);
void sim_port_close(struct sim_port *p);

/* What a host does not take is lost, as on a line. */
void sim_port_write(struct sim_port *p, const uint8_t *bytes, size_t len);
void sim_port_resume(struct sim_port *p);
/* The rate that the host has set on the terminal; 0 on TCP. */
uint32_t sim_port_host_baud(const struct sim_port *p);
void sim_port_set_baud(struct sim_port *p, uint32_t baud); /* what a terminal begins with */
/* From time to time: a host that was killed has left the terminal locked (TIOCEXCL), which nobody could open then. */
void sim_port_unlock(struct sim_port *p);
/* For people: "127.0.0.1:4001", "/tmp/mbus0 (/dev/pts/3)". */
const char *sim_port_name(const struct sim_port *p);

#endif
