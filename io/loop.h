/* loop.h — the one event loop: timers, signals, deferred calls and the gauge of the longest callback.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef IO_LOOP_H
#define IO_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/clock.h"
#include "core/base/err.h"

struct event_base;
struct loop;

struct loop *loop_create(const struct clock *clock);
void loop_free(struct loop *l); /* deferred calls are run first */
void loop_run(struct loop *l);  /* until loop_stop() */
void loop_stop(struct loop *l);
struct event_base *loop_base(struct loop *l); /* for io/ and HTTP only */
const struct clock *loop_clock(const struct loop *l);

/* Timers: one shot; start again replaces. Embedded by their owner, who stops them before he dies. */
typedef void timer_fn(void *ctx);
struct timer {
    struct event *ev; /* of libevent; NULL until init */
    struct loop *loop;
    const char *name; /* for the gauge */
    timer_fn *fn;
    void *ctx;
};
void timer_init(struct timer *t, struct loop *l, const char *name, timer_fn *fn, void *ctx);
void timer_fini(struct timer *t);
void timer_start_ms(struct timer *t, int64_t delay_ms); /* < 0 counts as 0 */
void timer_start_us(struct timer *t, int64_t delay_us);
void timer_stop(struct timer *t);
bool timer_is_pending(const struct timer *t);

/* Runs fn(ctx) once the present callback has returned: the way to free what may still be on the stack. */
void loop_defer(struct loop *l, void (*fn)(void *ctx), void *ctx);

void loop_on_signal(struct loop *l, int signal, void (*fn)(void *ctx, int signal), void *ctx);

/* The gauge: brackets a callback; a callback over 100 ms is logged by name. timers, signals, deferred calls and io/ do it themselves. */
int64_t loop_enter(struct loop *l);
void loop_leave(struct loop *l, int64_t entered_us, const char *name);
struct loop_gauge {
    int64_t longest_us;
    char longest_name[32];
    uint64_t callbacks;
};
void loop_gauge(struct loop *l, struct loop_gauge *out, bool reset);

#endif
