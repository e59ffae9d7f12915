/* sim_port.c — where a host finds the simulated bus: a pseudo terminal or a TCP port, one host at a time.
 *
 * Knows: terminals, symbolic links, sockets, events of the loop.
 * Does not know: the wire, meters; bytes are bytes.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/sim/sim_port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "core/base/bug.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"

enum { READ_MAX = 4096, NAME_MAX_HERE = 4096 + 64 };

struct sim_port {
    struct loop *loop;
    struct sim_port_ops ops;
    char name[NAME_MAX_HERE];
    int fd;           /* the terminal's master side, or the host's connection; -1: no host */
    struct event *ev; /* reads fd; NULL without fd */
    /* pseudo terminal */
    int terminal;        /* its other side, kept open so that hosts may come and go; -1 on TCP */
    char *link, *target; /* owned; NULL on TCP */
    /* TCP */
    int listener; /* -1 on a pseudo terminal */
    struct event *listen_ev;
};

static enum err fail(struct err_at *at, const char *what)
{
    int why = errno;
    return err_say(at, err_from_errno(why), "%s: %s", what, strerror(why));
}

static struct sim_port *port_create(struct loop *l, const struct sim_port_ops *ops)
{
    struct sim_port *p = xcalloc(1, sizeof *p);
    p->loop = l;
    p->ops = *ops;
    p->fd = p->terminal = p->listener = -1;
    return p;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void free_event(struct event **ev)
{
    if (*ev)
        event_free(*ev);
    *ev = NULL;
}

const char *sim_port_name(const struct sim_port *p)
{
    return p->name;
}

/* --- bytes --- */

static void host_gone(struct sim_port *p)
{
    free_event(&p->ev);
    close_fd(&p->fd);
    log_debug("port", "the host has gone");
    BUG_IF(event_add(p->listen_ev, NULL) != 0);
}

static void on_readable(evutil_socket_t fd, short what, void *ctx)
{
    (void)what;
    struct sim_port *p = ctx;
    uint8_t bytes[READ_MAX];
    size_t room = p->ops.room(p->ops.ctx);
    if (room == 0) {
        event_del(p->ev);
        return;
    }
    ssize_t n = read(fd, bytes, room < sizeof bytes ? room : sizeof bytes);
    if (n > 0)
        p->ops.bytes(p->ops.ctx, bytes, (size_t)n);
    else if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    else if (p->listener >= 0)
        host_gone(p);
}

static void read_from(struct sim_port *p, int fd)
{
    p->fd = fd;
    p->ev = event_new(loop_base(p->loop), fd, EV_READ | EV_PERSIST, on_readable, p);
    BUG_IF(!p->ev || event_add(p->ev, NULL) != 0);
}

void sim_port_resume(struct sim_port *p)
{
    if (p->ev && !event_pending(p->ev, EV_READ, NULL))
        BUG_IF(event_add(p->ev, NULL) != 0);
}

void sim_port_write(struct sim_port *p, const uint8_t *bytes, size_t len)
{
    while (p->fd >= 0 && len > 0) {
        ssize_t n = write(p->fd, bytes, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return; /* a full pipe loses bytes; an end is seen by the reader */
        bytes += n;
        len -= (size_t)n;
    }
}

/* --- pseudo terminal --- */

static enum err set_raw(int terminal, struct err_at *at)
{
    struct termios t;
    if (tcgetattr(terminal, &t) != 0)
        return fail(at, "pseudo terminal");
    cfmakeraw(&t);
    return tcsetattr(terminal, TCSANOW, &t) == 0 ? ERR_OK : fail(at, "pseudo terminal");
}

static enum err open_terminal(struct sim_port *p, struct err_at *at)
{
    char target[64];
    p->fd = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (p->fd < 0 || grantpt(p->fd) != 0 || unlockpt(p->fd) != 0)
        return fail(at, "no pseudo terminal");
    int why = ptsname_r(p->fd, target, sizeof target);
    if (why != 0)
        return err_say(at, err_from_errno(why), "no pseudo terminal: %s", strerror(why));
    p->target = xstrdup(target);
    p->terminal = open(target, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (p->terminal < 0)
        return fail(at, target);
    return set_raw(p->terminal, at);
}

/* A link to a terminal is left over by a run that was killed; a file or a device of somebody is not ours to remove. */
static enum err make_link(struct sim_port *p, const char *link, struct err_at *at)
{
    char old[64];
    ssize_t n = readlink(link, old, sizeof old - 1);
    if (n >= 0) {
        old[n] = '\0';
        if (!str_starts(old, "/dev/pts/"))
            return err_say(at, ERR_EXISTS, "%s is a link to %s, which is not of this program", link, old);
        unlink(link);
    }
    if (symlink(p->target, link) != 0)
        return fail(at, link);
    p->link = xstrdup(link);
    return ERR_OK;
}

static void remove_link(struct sim_port *p)
{
    char now[64];
    ssize_t n = readlink(p->link, now, sizeof now - 1);
    if (n >= 0 && bytes_equal(now, (size_t)n, p->target, strlen(p->target)))
        unlink(p->link);
}

enum err sim_port_open_pty(struct sim_port **out, struct loop *l, const struct sim_port_ops *ops, const char *link,
                           struct err_at *at)
{
    struct sim_port *p = port_create(l, ops);
    enum err e = open_terminal(p, at);
    if (e == ERR_OK)
        e = make_link(p, link, at);
    if (e != ERR_OK) {
        sim_port_close(p);
        return e;
    }
    str_fmt(p->name, sizeof p->name, "%s (%s)", link, p->target);
    read_from(p, p->fd);
    *out = p;
    return ERR_OK;
}

static const struct {
    speed_t speed;
    uint32_t baud;
} rates[] = { { B300, 300 },   { B600, 600 },   { B1200, 1200 },   { B2400, 2400 },
              { B4800, 4800 }, { B9600, 9600 }, { B19200, 19200 }, { B38400, 38400 } };

uint32_t sim_port_host_baud(const struct sim_port *p)
{
    struct termios t;
    if (p->terminal < 0 || tcgetattr(p->terminal, &t) != 0)
        return 0;
    for (size_t i = 0; i < COUNT_OF(rates); i++)
        if (rates[i].speed == cfgetospeed(&t))
            return rates[i].baud;
    return 0;
}

void sim_port_set_baud(struct sim_port *p, uint32_t baud)
{
    struct termios t;
    if (p->terminal < 0 || tcgetattr(p->terminal, &t) != 0)
        return;
    for (size_t i = 0; i < COUNT_OF(rates); i++)
        if (rates[i].baud == baud && cfsetspeed(&t, rates[i].speed) == 0)
            (void)tcsetattr(p->terminal, TCSANOW, &t); /* only what a host sees before it sets its own */
}

void sim_port_unlock(struct sim_port *p)
{
    if (p->terminal >= 0)
        ioctl(p->terminal, TIOCNXCL);
}

/* --- TCP --- */

static void on_connect(evutil_socket_t listener, short what, void *ctx)
{
    (void)what;
    struct sim_port *p = ctx;
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return;              /* gone again before we looked */
    event_del(p->listen_ev); /* the next one waits in the kernel's queue */
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    log_debug("port", "a host has come");
    p->ops.new_host(p->ops.ctx);
    read_from(p, fd);
}

static enum err split_host_port(const char *text, char *host, size_t size, const char **port, struct err_at *at)
{
    const char *colon = strrchr(text, ':');
    if (!colon || colon == text || colon[1] == '\0')
        return err_say(at, ERR_SYNTAX, "\"%s\" is no HOST:PORT", text);
    size_t len = (size_t)(colon - text);
    if (text[0] == '[' && text[len - 1] == ']') {
        text++;
        len -= 2;
    }
    if (!str_copy_n(host, size, text, len))
        return err_say(at, ERR_SYNTAX, "the host name is too long");
    *port = colon + 1;
    int64_t number;
    if (str_to_i64(*port, 0, 65535, &number) != ERR_OK)
        return err_say(at, ERR_RANGE, "port \"%s\" is not a number from 0 to 65535", *port);
    return ERR_OK;
}

static int listen_on(const struct addrinfo *a)
{
    int on = 1;
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, 16) == 0)
        return fd;
    int why = errno;
    close(fd);
    errno = why;
    return -1;
}

static void name_listener(struct sim_port *p, const char *host)
{
    struct sockaddr_storage own = { 0 };
    socklen_t len = sizeof own;
    char port[NI_MAXSERV] = "?";
    if (getsockname(p->listener, (struct sockaddr *)&own, &len) == 0)
        getnameinfo((struct sockaddr *)&own, len, NULL, 0, port, sizeof port, NI_NUMERICSERV);
    str_fmt(p->name, sizeof p->name, "%s:%s", host, port);
}

enum err sim_port_open_tcp(struct sim_port **out, struct loop *l, const struct sim_port_ops *ops, const char *host_port,
                           struct err_at *at)
{
    char host[NI_MAXHOST];
    const char *port = NULL;
    struct addrinfo *found = NULL;
    const struct addrinfo wanted = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE };
    enum err e = split_host_port(host_port, host, sizeof host, &port, at);
    if (e != ERR_OK)
        return e;
    int why = getaddrinfo(host, port, &wanted, &found); /* once, before anything runs */
    if (why != 0)
        return err_say(at, ERR_NAME, "%s: %s", host, gai_strerror(why));
    struct sim_port *p = port_create(l, ops);
    p->listener = listen_on(found);
    if (p->listener < 0)
        e = fail(at, host_port);
    freeaddrinfo(found);
    if (e != ERR_OK) {
        sim_port_close(p);
        return e;
    }
    name_listener(p, host);
    p->listen_ev = event_new(loop_base(l), p->listener, EV_READ | EV_PERSIST, on_connect, p);
    BUG_IF(!p->listen_ev || event_add(p->listen_ev, NULL) != 0);
    *out = p;
    return ERR_OK;
}

void sim_port_close(struct sim_port *p)
{
    if (!p)
        return;
    free_event(&p->ev);
    free_event(&p->listen_ev);
    if (p->link)
        remove_link(p);
    close_fd(&p->fd);
    close_fd(&p->terminal);
    close_fd(&p->listener);
    free(p->link);
    free(p->target);
    free(p);
}
