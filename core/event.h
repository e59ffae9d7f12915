/* event.h — one list of facts. Names are past facts, never wishes.
 *
 * Delivery is synchronous, in the order of subscription; the payload is const and borrowed for the call. What is
 * published inside a delivery is queued until the first is through: no recursion, stable order. Because a queued event
 * outlives its publisher's call, its payload is copied shallowly; pointers in it must live until the loop's next turn.
 * EV_READING, whose payload is large, must not be published from inside a delivery (BUG).
 * Handlers do not block, write sockets or free others: they mark, queue, count.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CORE_EVENT_H
#define CORE_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/reading.h"

enum event_type {
    EV_READING,     /* reading */
    EV_METER,       /* meter: installed, changed, removed */
    EV_JOB,         /* job: created, progress, state */
    EV_REPORT_DONE, /* report */
    EV_SETTINGS,    /* settings were changed; no payload */
    EV_KEYS,        /* encryption keys were added or taken away; no payload */
    EV_BUS,         /* bus: up, down */
    EV_CLOCK_JUMP,  /* clock */
    EV_LOG,         /* log */
    EV_LOGIN,       /* login */
    EV_N
};
#define EV_BIT(type) (1u << (type))

struct event {
    enum event_type type;
    union {
        const struct reading *reading;
        struct {
            uint32_t id;
            enum { METER_INSTALLED, METER_CHANGED, METER_REMOVED } what;
        } meter;
        struct {
            uint64_t id;
        } job;
        struct {
            unsigned report;
            enum err err;
        } report;
        struct {
            unsigned bus;
            bool is_up;
        } bus;
        struct {
            int64_t jump_s;
        } clock;
        struct {
            int64_t utc_us;
            int level;
            const char *origin, *text;
        } log;
        struct {
            const char *user, *peer;
            bool ok;
        } login;
    } u;
};

typedef void event_fn(void *ctx, const struct event *ev);

struct events;
struct events *events_create(void);
void events_free(struct events *e);
void events_subscribe(struct events *e, unsigned types, event_fn *fn, void *ctx);
void events_unsubscribe(struct events *e, event_fn *fn, void *ctx);
void events_publish(struct events *e, const struct event *ev);

#endif
