/* listener.c — a TCP port of ours: accepts connections and hands them on.
 *
 * Knows: addresses, sockets, what to do when descriptors have run out.
 * Does not know: what is spoken on a connection; how many may be open at a time.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "io/listener.h"

#include <errno.h>
#include <event2/listener.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "core/base/addr.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "io/loop.h"

enum { BACKLOG = 64, AGAIN_MS = 1000, RETRY_MS = 10000, WHY_MAX = 200 };

struct listener {
    struct loop *loop;
    const char *origin;
    char address[ADDR_TEXT_MAX];
    uint16_t port;
    listener_fn *fn;
    void *ctx;
    struct evconnlistener *ev; /* NULL: the port cannot be opened, see why */
    char why[WHY_MAX];
    struct timer again; /* opens it, or goes on accepting after descriptors had run out */
};

static void on_error(struct evconnlistener *ev, void *ctx)
{
    struct listener *s = ctx;
    log_warn(s->origin, "no connection can be accepted for a second: %s", strerror(errno));
    evconnlistener_disable(ev);
    timer_start_ms(&s->again, AGAIN_MS);
}

/* A peer that is gone without a word is found by the kernel within two minutes, whatever the idle timeout is. */
static void set_options(int fd)
{
    static const struct {
        int level, name, value;
    } options[] = {
        { IPPROTO_TCP, TCP_NODELAY, 1 },    { SOL_SOCKET, SO_KEEPALIVE, 1 }, { IPPROTO_TCP, TCP_KEEPIDLE, 60 },
        { IPPROTO_TCP, TCP_KEEPINTVL, 15 }, { IPPROTO_TCP, TCP_KEEPCNT, 4 },
    };
    for (size_t i = 0; i < COUNT_OF(options); i++)
        (void)setsockopt(fd, options[i].level, options[i].name, &options[i].value, sizeof options[i].value);
}

static void on_accept(struct evconnlistener *ev, evutil_socket_t fd, struct sockaddr *from, int from_len, void *ctx)
{
    (void)ev;
    struct listener *s = ctx;
    int64_t entered = loop_enter(s->loop);
    char peer[NI_MAXHOST];
    if (getnameinfo(from, (socklen_t)from_len, peer, sizeof peer, NULL, 0, NI_NUMERICHOST) != 0)
        str_copy(peer, sizeof peer, "?");
    set_options(fd);
    s->fn(s->ctx, fd, peer);
    loop_leave(s->loop, entered, "accept");
}

static bool address_read(const char *address, uint16_t port, struct sockaddr_storage *out, int *len)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)out;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
    const char *text = str_eq(address, "localhost") ? "127.0.0.1" : address;
    *out = (struct sockaddr_storage){ 0 };
    if (evutil_inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        *len = sizeof *v4;
        return true;
    }
    if (evutil_inet_pton(AF_INET6, text, &v6->sin6_addr) != 1)
        return false;
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    *len = sizeof *v6;
    return true;
}

static struct evconnlistener *open_port(struct listener *s)
{
    struct sockaddr_storage sa;
    int len;
    if (!address_read(s->address, s->port, &sa, &len)) {
        errno = EADDRNOTAVAIL;
        return NULL;
    }
    unsigned flags = LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE;
    return evconnlistener_new_bind(loop_base(s->loop), on_accept, s, flags, BACKLOG, (struct sockaddr *)&sa, len);
}

static void on_again(void *ctx)
{
    struct listener *s = ctx;
    if (s->ev) {
        evconnlistener_enable(s->ev);
        return;
    }
    char was[WHY_MAX];
    str_copy(was, sizeof was, s->why);
    s->ev = open_port(s);
    if (s->ev) {
        s->why[0] = '\0';
        evconnlistener_set_error_cb(s->ev, on_error);
        log_info(s->origin, "listening on %s port %u", s->address, s->port);
        return;
    }
    str_fmt(s->why, sizeof s->why, "cannot listen on %s port %u: %s", s->address, s->port, strerror(errno));
    if (!str_eq(was, s->why))
        log_error(s->origin, "%s", s->why);
    timer_start_ms(&s->again, RETRY_MS);
}

struct listener *listener_start(struct loop *l, const char *origin, const char *address, uint16_t port, listener_fn *fn,
                                void *ctx)
{
    struct listener *s = xcalloc(1, sizeof *s);
    *s = (struct listener){ .loop = l, .origin = origin, .port = port, .fn = fn, .ctx = ctx };
    str_copy(s->address, sizeof s->address, address);
    timer_init(&s->again, l, "listener", on_again, s);
    on_again(s);
    return s;
}

const char *listener_why(const struct listener *s)
{
    return s->ev ? NULL : s->why;
}

void listener_stop(struct listener *s)
{
    if (!s)
        return;
    if (s->ev)
        evconnlistener_free(s->ev);
    timer_fini(&s->again);
    free(s);
}
