/* stream.c — one open connection on a bufferevent: bytes both ways, bounded, with an idle timeout.
 *
 * Knows: that it must not free what is on the stack. Does not know: what the bytes mean, where the connection comes from.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "io/stream.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bug.h"
#include "core/base/mem.h"
#include "io/loop.h"

struct stream {
    struct loop *loop;
    struct bufferevent *bev; /* NULL: it is over, the memory goes when the stack is empty */
    struct stream_limits limits;
    struct stream_user user;
    struct timer idle;
    bool is_slow; /* too much waits for the peer */
};

static void stream_free(void *ctx)
{
    struct stream *s = ctx;
    timer_fini(&s->idle);
    free(s);
}

void stream_stop(struct stream *s)
{
    if (!s || !s->bev)
        return;
    bufferevent_free(s->bev);
    s->bev = NULL;
    timer_stop(&s->idle);
    loop_defer(s->loop, stream_free, s);
}

static void end(struct stream *s, const char *why)
{
    struct stream_user user = s->user;
    stream_stop(s);
    user.on_end(user.ctx, why);
}

static void on_idle(void *ctx)
{
    struct stream *s = ctx;
    end(s, s->is_slow ? "it does not fetch what is sent" : "it was idle");
}

void stream_resume(struct stream *s)
{
    while (s->bev) {
        struct evbuffer *in = bufferevent_get_input(s->bev);
        size_t len = evbuffer_get_length(in);
        if (len == 0)
            return;
        size_t n = s->user.on_bytes(s->user.ctx, evbuffer_pullup(in, -1), len);
        BUG_IF(n > len);
        if (n == 0 || !s->bev)
            return;
        evbuffer_drain(in, n);
    }
}

static void on_read(struct bufferevent *bev, void *ctx)
{
    (void)bev;
    struct stream *s = ctx;
    int64_t entered = loop_enter(s->loop);
    struct loop *l = s->loop;
    if (!s->is_slow)
        timer_start_ms(&s->idle, s->limits.idle_ms);
    stream_resume(s);
    loop_leave(l, entered, "stream");
}

static void on_event(struct bufferevent *bev, short what, void *ctx)
{
    (void)bev;
    struct stream *s = ctx;
    end(s, what & BEV_EVENT_EOF ? "it closed the connection" : strerror(errno));
}

struct stream *stream_start(struct loop *l, int fd, const struct stream_limits *limits, const struct stream_user *user)
{
    struct stream *s = xcalloc(1, sizeof *s);
    s->loop = l;
    s->limits = *limits;
    s->user = *user;
    timer_init(&s->idle, l, "stream idle", on_idle, s);
    s->bev = bufferevent_socket_new(loop_base(l), fd, BEV_OPT_CLOSE_ON_FREE);
    BUG_IF(!s->bev);
    bufferevent_setcb(s->bev, on_read, NULL, on_event, s);
    bufferevent_setwatermark(s->bev, EV_READ, 0, limits->in_max);
    BUG_IF(bufferevent_enable(s->bev, EV_READ | EV_WRITE) != 0);
    timer_start_ms(&s->idle, limits->idle_ms);
    return s;
}

void stream_write(struct stream *s, const uint8_t *bytes, size_t len)
{
    if (!s->bev || s->is_slow)
        return;
    if (evbuffer_get_length(bufferevent_get_output(s->bev)) + len > s->limits.out_max) {
        s->is_slow = true;
        timer_start_ms(&s->idle, 0); /* ends it from the loop: its user is on the stack now */
        return;
    }
    BUG_IF(bufferevent_write(s->bev, bytes, len) != 0);
}
