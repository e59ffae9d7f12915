/* port_kind.h — private to the ports: what a serial line and a TCP connection bring to the common port.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef IO_PORT_KIND_H
#define IO_PORT_KIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "io/loop.h"
#include "io/port.h"

enum { PORT_SPEC_MAX = 300, PORT_WHY_MAX = 200 };

struct port_kind {
    const char *scheme; /* "serial:" */
    bool is_network;
    int64_t retry_first_ms, retry_last_ms;                  /* doubling in between */
    enum err (*check)(const char *rest, struct err_at *at); /* rest: the spec behind the scheme */
    /* Ends, now or later, in exactly one port_opened() or port_failed(); close() ends an opening, too. */
    void (*open)(struct port *p);
    void (*close)(struct port *p);
    void (*set_baud)(struct port *p); /* to p->baud; the port is open */
    int (*queued)(int fd);            /* bytes that have not left; 0 when not known */
    /* Takes the line discipline's marks out, in place; returns the new length and counts damaged bytes. */
    size_t (*clean)(struct port *p, uint8_t *bytes, size_t len, size_t *n_damaged);
};
extern const struct port_kind port_serial, port_tcp;

/* Where a byte that marks a parity error has got us: FF 00 X is a damaged X, FF FF a sound FF. */
enum port_mark { MARK_NONE, MARK_FF, MARK_FF_00 };

struct port {
    struct loop *loop;
    struct dns *dns; /* may be NULL */
    const struct port_kind *kind;
    char spec[PORT_SPEC_MAX];
    struct port_user user;
    uint32_t baud;
    int fd;                 /* -1 but when up */
    struct event *readable; /* NULL but when up */
    bool is_broken;         /* up, but a write failed: lost at the next turn of the loop */
    struct timer retry;
    int64_t retry_ms;                   /* how long the next pause is */
    int64_t wire_end_us;                /* when the last bit written has left */
    enum port_mark mark;                /* serial */
    struct port_connecting *connecting; /* tcp: NULL but while it opens */
};

static inline const char *port_rest(const struct port *p, size_t scheme_len)
{
    return p->spec + scheme_len;
}

void port_opened(struct port *p, int fd); /* takes fd */
void port_failed(struct port *p, const char *why);

/* Pure: PARMRK's marks of one read, carried over from read to read in *mark. */
size_t port_unmark(enum port_mark *mark, uint8_t *bytes, size_t len, size_t *n_damaged);

#endif
