/* port.c — what all M-Bus ports share: reading, writing, the end of the wire, opening again.
 *
 * Knows: descriptors, the pause between tries, how long bytes take at a rate.
 * Does not know: M-Bus frames, who holds the bus.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "io/port.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/bug.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "io/port_kind.h"

enum { READ_MAX = 1024, READS_MAX = 8 };

static const struct port_kind *const kinds[] = { &port_serial, &port_tcp };

static const struct port_kind *kind_of(const char *spec)
{
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (str_starts(spec, kinds[i]->scheme))
            return kinds[i];
    return NULL;
}

enum err port_spec_check(const char *spec, struct err_at *at)
{
    const struct port_kind *kind = kind_of(spec);
    if (!kind || strlen(spec) >= PORT_SPEC_MAX)
        return err_say(at, ERR_SYNTAX, "a port is serial:/dev/… or tcp:HOST:PORT");
    return kind->check(spec + strlen(kind->scheme), at);
}

static int64_t now_us(const struct port *p)
{
    const struct clock *c = loop_clock(p->loop);
    return c->mono_us(c);
}

static void shut(struct port *p)
{
    if (p->readable)
        event_free(p->readable);
    p->readable = NULL;
    p->kind->close(p);
    if (p->fd >= 0)
        close(p->fd);
    p->fd = -1;
    p->is_broken = false;
}

void port_failed(struct port *p, const char *why)
{
    shut(p);
    timer_start_ms(&p->retry, p->retry_ms);
    p->retry_ms = 2 * p->retry_ms < p->kind->retry_last_ms ? 2 * p->retry_ms : p->kind->retry_last_ms;
    p->user.on_state(p->user.ctx, false, why);
}

/* Reads once. False when there was nothing, or the port is lost (then it has said so). */
static bool read_some(struct port *p, uint8_t *bytes, size_t size, size_t *len)
{
    ssize_t n = read(p->fd, bytes, size);
    if (n > 0) {
        *len = (size_t)n;
        return true;
    }
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    port_failed(p, n == 0 ? "the other side closed it" : strerror(errno));
    return false;
}

static void hand_over(struct port *p)
{
    uint8_t bytes[READ_MAX];
    size_t len, n_damaged = 0;
    if (!read_some(p, bytes, sizeof bytes, &len))
        return;
    len = p->kind->clean(p, bytes, len, &n_damaged);
    if (len)
        p->user.on_bytes(p->user.ctx, bytes, len, n_damaged);
}

static void on_readable(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd;
    (void)what;
    struct port *p = ctx;
    struct loop *l = p->loop;
    int64_t entered_us = loop_enter(l);
    hand_over(p);
    loop_leave(l, entered_us, "port bytes");
}

void port_opened(struct port *p, int fd)
{
    p->fd = fd;
    p->mark = MARK_NONE;
    p->wire_end_us = 0;
    p->retry_ms = p->kind->retry_first_ms;
    p->readable = event_new(loop_base(p->loop), fd, EV_READ | EV_PERSIST, on_readable, p);
    BUG_IF(!p->readable || event_add(p->readable, NULL) != 0);
    p->kind->set_baud(p);
    p->user.on_state(p->user.ctx, true, "");
}

static void on_retry(void *ctx)
{
    struct port *p = ctx;
    if (p->is_broken)
        port_failed(p, "it does not take what is written");
    else
        p->kind->open(p);
}

struct port *port_start(struct loop *l, struct dns *dns, const char *spec, uint32_t baud, const struct port_user *user)
{
    struct port *p = xcalloc(1, sizeof *p);
    *p = (struct port){ .loop = l, .dns = dns, .kind = kind_of(spec), .user = *user, .baud = baud, .fd = -1 };
    BUG_IF(!p->kind || !str_copy(p->spec, sizeof p->spec, spec));
    p->retry_ms = p->kind->retry_first_ms;
    timer_init(&p->retry, l, "port retry", on_retry, p);
    timer_start_ms(&p->retry, 0);
    return p;
}

void port_stop(struct port *p)
{
    if (!p)
        return;
    shut(p);
    timer_fini(&p->retry);
    free(p);
}

bool port_is_network(const struct port *p)
{
    return p->kind->is_network;
}
bool port_is_up(const struct port *p)
{
    return p->fd >= 0 && !p->is_broken;
}

void port_retry_now(struct port *p)
{
    if (p->fd < 0 && timer_is_pending(&p->retry))
        timer_start_ms(&p->retry, 0);
}

void port_set_baud(struct port *p, uint32_t baud)
{
    if (p->baud == baud)
        return;
    p->baud = baud;
    if (p->fd >= 0)
        p->kind->set_baud(p);
}

int64_t port_write(struct port *p, const uint8_t *bytes, size_t len)
{
    int64_t now = now_us(p);
    if (p->wire_end_us < now)
        p->wire_end_us = now;
    p->wire_end_us += (int64_t)len * PORT_BITS_OF_BYTE * 1000000 / p->baud;
    /* Requests are far smaller than any kernel buffer: what does not go in at once is a line that stands still. */
    if (!port_is_up(p) || write(p->fd, bytes, len) != (ssize_t)len) {
        p->is_broken = p->fd >= 0;
        if (p->is_broken)
            timer_start_ms(&p->retry, 0);
    }
    return p->wire_end_us;
}

void port_poll(struct port *p)
{
    if (port_is_up(p))
        hand_over(p);
}

size_t port_drain(struct port *p)
{
    uint8_t bytes[READ_MAX];
    size_t len, n_damaged = 0, total = 0;
    for (int i = 0; i < READS_MAX && port_is_up(p); i++) {
        ssize_t n = read(p->fd, bytes, sizeof bytes);
        if (n <= 0)
            break; /* an end or an error shows again at the next event */
        len = (size_t)n;
        total += p->kind->clean(p, bytes, len, &n_damaged);
    }
    return total;
}

bool port_is_stuck(const struct port *p)
{
    return port_is_up(p) && p->kind->queued(p->fd) > 0;
}
