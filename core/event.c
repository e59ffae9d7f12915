/* event.c — who wants to hear of which facts, and in what order they hear of them.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/event.h"

#include <stdlib.h>
#include <utlist.h>

#include "core/base/bug.h"
#include "core/base/mem.h"

struct subscriber {
    unsigned types; /* 0: left during a delivery, freed after it */
    event_fn *fn;
    void *ctx;
    struct subscriber *prev, *next;
};

struct queued {
    struct event ev;
    struct queued *prev, *next;
};

struct events {
    struct subscriber *subscribers; /* in the order of subscription */
    struct queued *queue;           /* published during a delivery */
    bool is_delivering;
};

struct events *events_create(void)
{
    return xcalloc(1, sizeof(struct events));
}

void events_free(struct events *e)
{
    struct subscriber *s, *next;
    if (!e)
        return;
    BUG_IF(e->is_delivering);
    DL_FOREACH_SAFE (e->subscribers, s, next)
        free(s);
    free(e);
}

void events_subscribe(struct events *e, unsigned types, event_fn *fn, void *ctx)
{
    struct subscriber *s = xcalloc(1, sizeof *s);
    BUG_IF(types == 0 || types >= EV_BIT(EV_N));
    s->types = types;
    s->fn = fn;
    s->ctx = ctx;
    DL_APPEND(e->subscribers, s);
}

static void sweep(struct events *e)
{
    struct subscriber *s, *next;
    DL_FOREACH_SAFE (e->subscribers, s, next) {
        if (s->types == 0) {
            DL_DELETE(e->subscribers, s);
            free(s);
        }
    }
}

void events_unsubscribe(struct events *e, event_fn *fn, void *ctx)
{
    struct subscriber *s;
    DL_FOREACH (e->subscribers, s) {
        if (s->fn == fn && s->ctx == ctx)
            s->types = 0;
    }
    if (!e->is_delivering)
        sweep(e);
}

static void deliver(struct events *e, const struct event *ev)
{
    struct subscriber *s;
    DL_FOREACH (e->subscribers, s) {
        if (s->types & EV_BIT(ev->type))
            s->fn(s->ctx, ev);
    }
}

void events_publish(struct events *e, const struct event *ev)
{
    BUG_IF((unsigned)ev->type >= EV_N);
    if (e->is_delivering) {
        BUG_IF(ev->type == EV_READING);
        struct queued *q = xcalloc(1, sizeof *q);
        q->ev = *ev;
        DL_APPEND(e->queue, q);
        return;
    }
    e->is_delivering = true;
    deliver(e, ev);
    while (e->queue) {
        struct queued *q = e->queue;
        DL_DELETE(e->queue, q);
        deliver(e, &q->ev);
        free(q);
    }
    e->is_delivering = false;
    sweep(e);
}
