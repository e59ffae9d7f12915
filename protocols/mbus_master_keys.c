/* mbus_master_keys.c — keys for the telegrams of meters, and what a new key opens of what was read before.
 *
 * Knows: that a readout without a fitting key keeps its telegrams. Does not know: where keys are kept.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/base/civil.h"
#include "core/base/log.h"
#include "core/event.h"
#include "protocols/mbus_master_parts.h"
#include "store/store.h"

enum { SLICE_US = 2000 };

struct telegram_env master_env(const struct master *m, uint32_t meter, struct keyring_search *who)
{
    *who = (struct keyring_search){ m->app->keyring, meter };
    return (struct telegram_env){ .find_keys = keyring_find_keys, .keys_ctx = who, .formats = m->app->formats };
}

/* The telegrams of the last readout, with their own time. NULL: still closed. */
static const struct reading *open_again(struct master *m, uint32_t meter)
{
    struct telegram_raw chain[CHAIN_MAX];
    struct keyring_search who;
    const struct telegram_env env = master_env(m, meter, &who);
    enum reading_source source;
    int64_t utc;
    size_t n = 0;
    if (store_chain(m->app->store, meter, &utc, &source, chain, CHAIN_MAX, &n) != ERR_OK || n == 0)
        return NULL;
    to_reading_begin(m->reopened);
    for (size_t i = 0; i < n; i++)
        if (to_reading_add(m->reopened, LINK_WIRED, chain[i].bytes, chain[i].len, &env, NULL) != ERR_OK)
            return NULL;
    return to_reading_finish(m->reopened, meter, utc, source, READOUT_OK);
}

static void try_meter(struct master *m, const struct meter *meter)
{
    const struct reading *r = open_again(m, meter->id);
    char title[64], time[CIVIL_TEXT_MAX];
    if (!r)
        return;
    meter_title(title, sizeof title, meter);
    civil_utc_text(time, r->utc);
    log_info("keys", "%s: a key opens the readout of %s", title, time);
    events_publish(m->app->events, &(struct event){ .type = EV_READING, .u.reading = r });
}

/* In slices, since there may be thousands of meters. */
static void open_some(void *ctx)
{
    struct master *m = ctx;
    const struct clock *clock = m->app->clock;
    int64_t end_us = clock->mono_us(clock) + SLICE_US;
    const struct meter *meter;
    while ((meter = meters_after(m->app->meters, m->reopened_last))) {
        m->reopened_last = meter->id;
        if (meter->last_utc && meter->last_status == READOUT_NO_KEY)
            try_meter(m, meter);
        if (clock->mono_us(clock) >= end_us) {
            timer_start_ms(&m->reopen_timer, 0);
            return;
        }
    }
}

static void on_keys(void *ctx, const struct event *ev)
{
    (void)ev;
    struct master *m = ctx;
    m->reopened_last = 0;
    timer_start_ms(&m->reopen_timer, 0);
}

void master_keys_init(struct master *m)
{
    m->reopened = to_reading_create();
    timer_init(&m->reopen_timer, m->app->loop, "new keys", open_some, m);
    events_subscribe(m->app->events, EV_BIT(EV_KEYS), on_keys, m);
}

void master_keys_fini(struct master *m)
{
    events_unsubscribe(m->app->events, on_keys, m);
    timer_fini(&m->reopen_timer);
    to_reading_free(m->reopened);
}
