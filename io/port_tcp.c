/* port_tcp.c — a TCP converter as an M-Bus port: names resolved, addresses tried one after the other, dead peers noticed.
 *
 * Knows: connecting without waiting, keep-alive, how long unacknowledged bytes are borne.
 * Does not know: when and what to read or write, when to try again; that is port.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <event2/util.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/bug.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "io/dns.h"
#include "io/port_kind.h"

enum {
    CONNECT_TIMEOUT_S = 5, /* of each address */
    UNACKED_MAX_MS = 5000, /* a converter that acknowledges nothing for so long is gone */
    KEEPALIVE_IDLE_S = 30,
    KEEPALIVE_EVERY_S = 10,
    KEEPALIVE_PROBES = 3,
};

struct port_connecting {
    char host[PORT_SPEC_MAX];
    uint16_t tcp_port;
    struct dns_query *query; /* NULL once it has answered */
    struct dns_answer answer;
    size_t next_address;
    int fd; /* of the present try, or -1 */
    struct event *writable;
};

/* "host:port" or "[v6]:port". */
static enum err split(const char *rest, char *host, size_t host_size, uint16_t *tcp_port)
{
    const char *colon = strrchr(rest, ':');
    uint64_t number;
    if (!colon || str_to_u64(colon + 1, 65535, &number) != ERR_OK || number == 0)
        return ERR_SYNTAX;
    size_t len = (size_t)(colon - rest);
    bool is_bracketed = len >= 2 && rest[0] == '[' && rest[len - 1] == ']';
    if (is_bracketed) {
        rest++;
        len -= 2;
    }
    if (len == 0 || !str_copy_n(host, host_size, rest, len) || (!is_bracketed && strchr(host, ':')))
        return ERR_SYNTAX;
    *tcp_port = (uint16_t)number;
    return ERR_OK;
}

static enum err tcp_check(const char *rest, struct err_at *at)
{
    char host[PORT_SPEC_MAX];
    uint16_t number;
    if (split(rest, host, sizeof host, &number) != ERR_OK)
        return err_say(at, ERR_SYNTAX, "a TCP port is tcp:HOST:PORT, an IPv6 address stands in brackets");
    return ERR_OK;
}

static bool to_sockaddr(const char *text, uint16_t tcp_port, struct sockaddr_storage *out, socklen_t *len)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)out;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
    *out = (struct sockaddr_storage){ 0 };
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(tcp_port);
        *len = sizeof *v4;
        return true;
    }
    if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(tcp_port);
        *len = sizeof *v6;
        return true;
    }
    return false;
}

static void drop_try(struct port_connecting *c)
{
    if (c->writable)
        event_free(c->writable);
    c->writable = NULL;
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
}

static void tcp_close(struct port *p)
{
    struct port_connecting *c = p->connecting;
    if (!c)
        return;
    drop_try(c);
    if (c->query)
        dns_cancel(c->query);
    free(c);
    p->connecting = NULL;
}

static void prepare(int fd)
{
    const struct {
        int level, name, value;
    } options[] = {
        { SOL_SOCKET, SO_KEEPALIVE, 1 },
        { IPPROTO_TCP, TCP_NODELAY, 1 },
        { IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S },
        { IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_EVERY_S },
        { IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES },
        { IPPROTO_TCP, TCP_USER_TIMEOUT, UNACKED_MAX_MS },
    };
    for (size_t i = 0; i < COUNT_OF(options); i++)
        (void)!setsockopt(fd, options[i].level, options[i].name, &options[i].value, sizeof options[i].value);
}

static void connected(struct port *p)
{
    struct port_connecting *c = p->connecting;
    int fd = c->fd;
    c->fd = -1;
    tcp_close(p);
    port_opened(p, fd);
}

static void try_next(struct port *p, const char *why_not);

static void on_connected(evutil_socket_t fd, short what, void *ctx)
{
    struct port *p = ctx;
    struct loop *l = p->loop;
    int64_t entered_us = loop_enter(l);
    int e = 0;
    socklen_t len = sizeof e;
    if (what & EV_TIMEOUT)
        e = ETIMEDOUT;
    else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &len) != 0)
        e = errno;
    if (e)
        try_next(p, strerror(e));
    else
        connected(p);
    loop_leave(l, entered_us, "port connect");
}

/* False, with errno, when this address fails at once. */
static bool start_try(struct port *p, const struct sockaddr *to, socklen_t to_len)
{
    struct port_connecting *c = p->connecting;
    c->fd = socket(to->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0)
        return false;
    prepare(c->fd);
    if (connect(c->fd, to, to_len) != 0 && errno != EINPROGRESS)
        return false;
    const struct timeval limit = { .tv_sec = CONNECT_TIMEOUT_S };
    c->writable = event_new(loop_base(p->loop), c->fd, EV_WRITE, on_connected, p);
    BUG_IF(!c->writable || event_add(c->writable, &limit) != 0);
    return true;
}

static void try_next(struct port *p, const char *why_not)
{
    struct port_connecting *c = p->connecting;
    char why[PORT_WHY_MAX];
    str_copy(why, sizeof why, why_not);
    while (c->next_address < c->answer.n) {
        struct sockaddr_storage to;
        socklen_t to_len;
        drop_try(c);
        if (!to_sockaddr(c->answer.address[c->next_address++], c->tcp_port, &to, &to_len))
            continue;
        if (start_try(p, (struct sockaddr *)&to, to_len))
            return;
        str_copy(why, sizeof why, strerror(errno));
    }
    port_failed(p, why);
}

static void on_resolved(void *ctx, enum err err, const struct dns_answer *answer)
{
    struct port *p = ctx;
    p->connecting->query = NULL;
    if (err) {
        port_failed(p, err_text(err));
        return;
    }
    p->connecting->answer = *answer;
    try_next(p, err_text(ERR_NAME));
}

static void tcp_open(struct port *p)
{
    struct port_connecting *c = xcalloc(1, sizeof *c);
    p->connecting = c;
    c->fd = -1;
    BUG_IF(split(port_rest(p, strlen(port_tcp.scheme)), c->host, sizeof c->host, &c->tcp_port) != ERR_OK);
    struct sockaddr_storage to;
    socklen_t to_len;
    if (to_sockaddr(c->host, c->tcp_port, &to, &to_len)) {
        c->answer.n = 1;
        str_copy(c->answer.address[0], sizeof c->answer.address[0], c->host);
        try_next(p, "");
    } else if (p->dns) {
        c->query = dns_resolve(p->dns, c->host, on_resolved, p);
    } else {
        port_failed(p, err_text(ERR_NAME));
    }
}

static void tcp_set_baud(struct port *p)
{
    (void)p;
}

static int tcp_queued(int fd)
{
    int n = 0;
    return ioctl(fd, SIOCOUTQ, &n) == 0 ? n : 0;
}

static size_t tcp_clean(struct port *p, uint8_t *bytes, size_t len, size_t *n_damaged)
{
    (void)p;
    (void)bytes;
    (void)n_damaged;
    return len;
}

const struct port_kind port_tcp = {
    .scheme = "tcp:",
    .is_network = true,
    .retry_first_ms = 1000,
    .retry_last_ms = 30000,
    .check = tcp_check,
    .open = tcp_open,
    .close = tcp_close,
    .set_baud = tcp_set_baud,
    .queued = tcp_queued,
    .clean = tcp_clean,
};
