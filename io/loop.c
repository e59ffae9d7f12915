/* loop.c — the one event loop: timers, signals, deferred calls and the gauge of the longest callback.
 *
 * Knows: libevent's base and plain events; how long callbacks may take before it is worth a line in the log.
 * Does not know: sockets, buses, HTTP: those hang their own events on loop_base().
 * SPDX-License-Identifier: Apache-2.0
 */
#include "io/loop.h"

#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <utlist.h>

#include "core/base/bug.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"

enum { LOOP_SIGNALS_MAX = 8, CALLBACK_SLOW_US = 100000 };

struct deferred {
    void (*fn)(void *ctx);
    void *ctx;
    struct deferred *prev, *next;
};

struct loop_signal {
    struct event *ev;
    struct loop *loop;
    void (*fn)(void *ctx, int signal);
    void *ctx;
};

struct loop {
    const struct clock *clock;
    struct event_base *base;
    struct event *defer_ev;    /* made active while deferred holds something */
    struct deferred *deferred; /* in the order of loop_defer() */
    struct loop_signal signals[LOOP_SIGNALS_MAX];
    size_t n_signals;
    struct loop_gauge gauge;
    bool is_stopping;
};

/* Takes the whole list first: what a deferred call defers comes after the others, in another turn. */
static void run_deferred(struct loop *l)
{
    struct deferred *list = l->deferred, *d, *next;
    l->deferred = NULL;
    DL_FOREACH_SAFE (list, d, next) {
        d->fn(d->ctx);
        free(d);
    }
}

static void on_deferred(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd;
    (void)what;
    struct loop *l = ctx;
    int64_t entered_us = loop_enter(l);
    run_deferred(l);
    loop_leave(l, entered_us, "deferred");
}

struct loop *loop_create(const struct clock *clock)
{
    struct loop *l = xcalloc(1, sizeof *l);
    l->clock = clock;
    /* Line timing needs better than the milliseconds of epoll_wait(), counted from now and not from the turn's begin. */
    struct event_config *cfg = event_config_new();
    BUG_IF(!cfg || event_config_set_flag(cfg, EVENT_BASE_FLAG_PRECISE_TIMER | EVENT_BASE_FLAG_NO_CACHE_TIME |
                                                  EVENT_BASE_FLAG_NOLOCK) != 0);
    l->base = event_base_new_with_config(cfg);
    event_config_free(cfg);
    BUG_IF(!l->base);
    l->defer_ev = event_new(l->base, -1, 0, on_deferred, l);
    BUG_IF(!l->defer_ev);
    /* A peer that closes while we write is an error code, not the end of the process. */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file size limit is an error of write(), not the end */
    return l;
}

void loop_free(struct loop *l)
{
    if (!l)
        return;
    while (l->deferred)
        run_deferred(l);
    for (size_t i = 0; i < l->n_signals; i++)
        event_free(l->signals[i].ev);
    event_free(l->defer_ev);
    event_base_free(l->base);
    free(l);
}

void loop_run(struct loop *l)
{
    if (!l->is_stopping)
        event_base_loop(l->base, EVLOOP_NO_EXIT_ON_EMPTY);
    l->is_stopping = false;
}

void loop_stop(struct loop *l)
{
    l->is_stopping = true;
    event_base_loopbreak(l->base);
}

struct event_base *loop_base(struct loop *l)
{
    return l->base;
}
const struct clock *loop_clock(const struct loop *l)
{
    return l->clock;
}

/* --- timers --- */

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd;
    (void)what;
    struct timer *t = ctx;
    struct loop *l = t->loop;
    const char *name = t->name; /* the owner may end the timer in its own callback */
    int64_t entered_us = loop_enter(l);
    t->fn(t->ctx);
    loop_leave(l, entered_us, name);
}

void timer_init(struct timer *t, struct loop *l, const char *name, timer_fn *fn, void *ctx)
{
    *t = (struct timer){ .loop = l, .name = name, .fn = fn, .ctx = ctx };
    t->ev = event_new(l->base, -1, 0, on_timer, t);
    BUG_IF(!t->ev);
}

void timer_fini(struct timer *t)
{
    if (t->ev)
        event_free(t->ev);
    t->ev = NULL;
}

void timer_start_us(struct timer *t, int64_t delay_us)
{
    if (delay_us < 0)
        delay_us = 0;
    struct timeval tv = { .tv_sec = delay_us / 1000000, .tv_usec = delay_us % 1000000 };
    BUG_IF(event_add(t->ev, &tv) != 0);
}

void timer_start_ms(struct timer *t, int64_t delay_ms)
{
    static const int64_t ms_max = (int64_t)365 * 24 * 3600 * 1000; /* "never" without an overflow */
    timer_start_us(t, 1000 * (delay_ms > ms_max ? ms_max : delay_ms));
}

void timer_stop(struct timer *t)
{
    if (t->ev)
        event_del(t->ev);
}

bool timer_is_pending(const struct timer *t)
{
    return t->ev && event_pending(t->ev, EV_TIMEOUT, NULL);
}

/* --- deferred calls and signals --- */

void loop_defer(struct loop *l, void (*fn)(void *ctx), void *ctx)
{
    struct deferred *d = xcalloc(1, sizeof *d);
    *d = (struct deferred){ .fn = fn, .ctx = ctx };
    DL_APPEND(l->deferred, d);
    event_active(l->defer_ev, EV_TIMEOUT, 0);
}

static void on_signal(evutil_socket_t signal_number, short what, void *ctx)
{
    (void)what;
    const struct loop_signal *s = ctx;
    int64_t entered_us = loop_enter(s->loop);
    s->fn(s->ctx, (int)signal_number);
    loop_leave(s->loop, entered_us, "signal");
}

void loop_on_signal(struct loop *l, int signal_number, void (*fn)(void *ctx, int signal), void *ctx)
{
    BUG_IF(l->n_signals == LOOP_SIGNALS_MAX);
    struct loop_signal *s = &l->signals[l->n_signals++];
    *s = (struct loop_signal){ .loop = l, .fn = fn, .ctx = ctx };
    s->ev = evsignal_new(l->base, signal_number, on_signal, s);
    BUG_IF(!s->ev || event_add(s->ev, NULL) != 0);
}

/* --- the gauge --- */

int64_t loop_enter(struct loop *l)
{
    return l->clock->mono_us(l->clock);
}

void loop_leave(struct loop *l, int64_t entered_us, const char *name)
{
    int64_t took_us = l->clock->mono_us(l->clock) - entered_us;
    l->gauge.callbacks++;
    if (took_us > l->gauge.longest_us) {
        l->gauge.longest_us = took_us;
        str_copy(l->gauge.longest_name, sizeof l->gauge.longest_name, name);
    }
    if (took_us > CALLBACK_SLOW_US)
        log_warn("loop", "callback %s took %lld ms: everything else waited", name, (long long)(took_us / 1000));
}

void loop_gauge(struct loop *l, struct loop_gauge *out, bool reset)
{
    *out = l->gauge;
    if (reset)
        l->gauge = (struct loop_gauge){ 0 };
}
