/* http_server.c — listeners and clients of the HTTP side: who may connect, who is put out when it gets crowded.
 *
 * Knows: libevhtp's listeners, limits for all clients and for one address. Does not know: requests.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "io/http_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "core/base/bug.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "io/http_gate.h"

enum { BACKLOG = 128, WRITE_TIMEOUT_S = 30, ACCEPT_PAUSE_MS = 1000 };

struct http_server {
    struct http_server_private pub;
    evhtp_t *listener; /* NULL: none is open */
    evhtp_t **retired; /* replaced, with connections still */
    size_t n_retired;
    struct http_gate *gates; /* those that wait longest for a head come first */
    size_t n_gates;
    bool is_draining;
    struct timer accept_again; /* after accept() failed, as it does without descriptors */
};

const struct http_server_private *http_server_private(const struct http_server *s)
{
    return &s->pub;
}

/* --- clients --- */

static size_t count_listener(const struct http_server *s, const evhtp_t *listener)
{
    const struct http_gate *g;
    size_t n = 0;
    DL_FOREACH (s->gates, g)
        n += g->listener == listener;
    return n;
}

static void free_retired(void *ctx)
{
    struct http_server *s = ctx;
    for (size_t i = 0; i < s->n_retired;) {
        if (count_listener(s, s->retired[i]) > 0) {
            i++;
            continue;
        }
        evhtp_free(s->retired[i]);
        s->retired[i] = s->retired[--s->n_retired];
    }
}

void http_server_gate_gone(struct http_server *s, struct http_gate *g)
{
    DL_DELETE(s->gates, g);
    s->n_gates--;
    if (s->n_retired > 0 && !s->is_draining)
        loop_defer(s->pub.loop, free_retired, s);
}

void http_server_gate_moved(struct http_server *s, struct http_gate *g)
{
    DL_DELETE(s->gates, g);
    DL_APPEND(s->gates, g);
}

static void read_peer(const struct sockaddr *sa, char out[static HTTP_PEER_MAX])
{
    if (sa->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr, out, HTTP_PEER_MAX);
    else
        inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)sa)->sin_addr, out, HTTP_PEER_MAX);
    if (str_starts(out, "::ffff:"))
        str_copy(out, HTTP_PEER_MAX, out + 7);
}

/* One address gets three quarters of the places at most, so that it cannot shut all others out. */
static uint32_t address_limit(const struct http_server *s)
{
    return s->pub.limits.max_clients - s->pub.limits.max_clients / 4;
}

static bool is_same_client(const struct http_gate *g, const char *peer)
{
    return !peer || str_eq(g->peer, peer);
}

/* Makes room by ending the connection that has been waiting longest for a head; of `peer`, or of anybody. */
static bool evict(struct http_server *s, const char *peer)
{
    struct http_gate *g;
    DL_FOREACH (s->gates, g) {
        if (g->state != GATE_HEAD || !is_same_client(g, peer))
            continue;
        http_gate_close(g);
        return true;
    }
    return false;
}

static bool has_room(struct http_server *s, const char *peer)
{
    const struct http_gate *g;
    size_t of_peer = 0;
    DL_FOREACH (s->gates, g)
        of_peer += is_same_client(g, peer);
    if (of_peer >= address_limit(s) && !evict(s, peer))
        return false;
    return s->n_gates < s->pub.limits.max_clients || evict(s, NULL);
}

static evhtp_res on_accepted(evhtp_connection_t *conn, void *ctx)
{
    struct http_server *s = ctx;
    char peer[HTTP_PEER_MAX] = "";
    read_peer(conn->saddr, peer);
    bool is_welcome = !s->is_draining && has_room(s, peer);
    struct http_gate *g = http_gate_create(s, conn->htp, conn);
    str_copy(g->peer, sizeof g->peer, peer);
    DL_APPEND(s->gates, g);
    s->n_gates++;
    static const struct timeval write_timeout = { .tv_sec = WRITE_TIMEOUT_S };
    evhtp_connection_set_timeouts(conn, NULL, &write_timeout);
    if (is_welcome)
        http_gate_start(g);
    else
        http_gate_refuse(g, 503, "busy", "There are too many clients, try again later.");
    return EVHTP_RES_OK;
}

/* --- listeners --- */

static void on_accept_again(void *ctx)
{
    struct http_server *s = ctx;
    if (s->listener && s->listener->server)
        evconnlistener_enable(s->listener->server);
}

static void on_accept_failed(struct evconnlistener *listener, void *ctx)
{
    struct http_server *s = ((evhtp_t *)ctx)->arg;
    log_warn("web", "no client can be taken: %s", strerror(errno));
    evconnlistener_disable(listener);
    timer_start_ms(&s->accept_again, ACCEPT_PAUSE_MS);
}

/* Numeric addresses; of names only the one that needs no resolver. */
static size_t read_address(const char *text, uint16_t port, struct sockaddr_storage *out)
{
    struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(port) };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
    *out = (struct sockaddr_storage){ 0 };
    if (inet_pton(AF_INET, str_eq(text, "localhost") ? "127.0.0.1" : text, &v4.sin_addr) == 1) {
        bytes_copy(out, sizeof *out, &v4, sizeof v4);
        return sizeof v4;
    }
    if (inet_pton(AF_INET6, text, &v6.sin6_addr) != 1)
        return 0;
    bytes_copy(out, sizeof *out, &v6, sizeof v6);
    return sizeof v6;
}

static evhtp_t *open_listener(struct http_server *s, const char *address, uint16_t port)
{
    struct sockaddr_storage sa;
    size_t sa_len = read_address(address, port, &sa);
    if (sa_len == 0) {
        errno = EADDRNOTAVAIL;
        return NULL;
    }
    evhtp_t *h = evhtp_new(loop_base(s->pub.loop), s);
    BUG_IF(!h);
    evhtp_set_gencb(h, http_gate_on_request, s);
    evhtp_set_post_accept_cb(h, on_accepted, s);
    evhtp_disable_flag(h, EVHTP_FLAG_ENABLE_100_CONT);
    if (evhtp_bind_sockaddr(h, (struct sockaddr *)&sa, sa_len, BACKLOG) != 0) {
        int why = errno;
        evhtp_free(h);
        errno = why;
        return NULL;
    }
    evconnlistener_set_error_cb(h->server, on_accept_failed);
    return h;
}

/* Its connections stay; it is freed when the last of them has gone. */
static void retire(struct http_server *s, evhtp_t *h)
{
    evhtp_unbind_socket(h);
    s->retired = xrealloc(s->retired, s->n_retired + 1, sizeof *s->retired);
    s->retired[s->n_retired++] = h;
    loop_defer(s->pub.loop, free_retired, s);
}

enum err http_server_listen(struct http_server *s, const char *address, uint16_t port, struct err_at *at)
{
    errno = 0;
    evhtp_t *fresh = open_listener(s, address, port);
    if (!fresh) {
        int why = errno;
        return err_say(at, err_from_errno(why), "cannot listen on %s port %u: %s", address, port, strerror(why));
    }
    if (s->listener)
        retire(s, s->listener);
    s->listener = fresh;
    return ERR_OK;
}

/* --- life --- */

struct http_server *http_server_create(struct loop *l, const struct http_server_ops *ops, void *ctx)
{
    struct http_server *s = xcalloc(1, sizeof *s);
    s->pub = (struct http_server_private){ l, ops, ctx, { .max_clients = 128, .request_timeout_s = 10 } };
    timer_init(&s->accept_again, l, "web accept", on_accept_again, s);
    return s;
}

void http_server_set_limits(struct http_server *s, const struct http_limits *limits)
{
    s->pub.limits = *limits;
}

void http_server_drain(struct http_server *s)
{
    s->is_draining = true;
    if (s->listener)
        evhtp_unbind_socket(s->listener);
    struct http_gate *g, *next;
    DL_FOREACH_SAFE (s->gates, g, next) {
        g->must_close = true;
        if (!g->rq)
            http_gate_close(g);
        else if (g->rq->is_stream)
            http_stream_end(&g->rq->pub);
    }
}

bool http_server_is_idle(const struct http_server *s)
{
    const struct http_gate *g;
    DL_FOREACH (s->gates, g)
        if (g->rq)
            return false;
    return true;
}

size_t http_server_n_clients(const struct http_server *s)
{
    return s->n_gates;
}

void http_server_free(struct http_server *s)
{
    if (!s)
        return;
    s->is_draining = true;
    while (s->gates)
        http_gate_close(s->gates);
    for (size_t i = 0; i < s->n_retired; i++)
        evhtp_free(s->retired[i]);
    free(s->retired);
    s->n_retired = 0;
    if (s->listener && s->listener->server)
        evhtp_unbind_socket(s->listener);
    if (s->listener)
        evhtp_free(s->listener);
    timer_fini(&s->accept_again);
    loop_defer(s->pub.loop, free, s);
}
