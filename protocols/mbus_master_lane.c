/* mbus_master_lane.c — reads the meters of one bus, one a turn, and publishes what came.
 *
 * Knows: how a meter is reached, the driver of the readout machine over a turn, what a failure means.
 * Does not know: jobs (errands have owners), schedules, the store.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <inttypes.h>
#include <utlist.h>

#include "core/base/bug.h"
#include "core/base/log.h"
#include "core/base/str.h"
#include "core/event.h"
#include "protocols/codec/mbus/apdu.h"
#include "protocols/mbus_master_parts.h"

enum {
    SETTLE_EVERY_US = 20000,
    SETTLE_MAX_US = 8000000, /* the port gives up sooner */
    STALL_US = 1000000,      /* a network that was silent for so long has told nothing about the meter */
    LOST_MAX = 2,            /* turns lost in a row before an interface counts as down */
    SENTENCE_MAX = 300,
};

static const enum bus_prio prio_of[LANE_SOURCES] = {
    [SOURCE_MANUAL] = BUS_MANUAL,
    [SOURCE_SCHEDULED] = BUS_SCHEDULED,
    [SOURCE_CONTINUOUS] = BUS_CONTINUOUS,
};

static int64_t now_us(const struct lane *l)
{
    const struct clock *c = l->master->app->clock;
    return c->mono_us(c);
}

static const struct mbus_cfg *cfg_of(const struct lane *l)
{
    return settings_cfg(l->master->app->settings, "mbus", 0);
}

void meter_title(char *out, size_t size, const struct meter *m)
{
    if (m->ident != METER_NO_IDENT)
        str_fmt(out, size, "meter %08" PRIX32, m->ident);
    else if (m->has_enhanced)
        str_fmt(out, size, "meter with enhanced address %08" PRIX32, m->enhanced);
    else
        str_fmt(out, size, "meter at address %d of bus%u", m->primary, m->bus);
}

/* --- which meter is next --- */

static bool is_readable(const struct lane *l, const struct meter *m)
{
    return m && m->state == METER_ACTIVE && m->bus == l->number;
}

/* The next active meter of this bus behind the last one, around the end; NULL when the bus has none. */
static struct meter *next_continuous(struct lane *l)
{
    struct meters *ms = l->master->app->meters;
    const struct continuous_cfg *cfg = settings_cfg(l->master->app->settings, "continuous", 0);
    if (!cfg->enabled || l->master->is_draining)
        return NULL;
    uint32_t after = l->last_continuous;
    for (size_t n = meters_count(ms) + 1; n > 0; n--) {
        struct meter *m = meters_after(ms, after);
        if (is_readable(l, m))
            return m;
        after = m ? m->id : 0;
    }
    return NULL;
}

static void end_errand(struct lane *l, struct errand *e, const char *why)
{
    size_t n_left = e->n - e->at;
    DL_DELETE(l->turns[e->source].errands, e);
    e->is_over = true;
    e->owner->on_end(e->ctx, e, n_left, why);
}

/* Meters that were removed, moved or made passive since are passed by. Ends errands that are through. */
static struct meter *next_of_errands(struct lane *l, struct lane_turn *t)
{
    while (t->errands) {
        struct errand *e = t->errands;
        while (e->at < e->n) {
            struct meter *m = meters_find(l->master->app->meters, e->meters[e->at]);
            if (is_readable(l, m))
                return m;
            e->at++;
        }
        end_errand(l, e, NULL);
    }
    return NULL;
}

static struct meter *next_meter(struct lane *l, struct lane_turn *t)
{
    return t->source == SOURCE_CONTINUOUS ? next_continuous(l) : next_of_errands(l, t);
}

static void ask(struct lane *l, struct lane_turn *t)
{
    if (t->turn.state == TURN_FREE && next_meter(l, t))
        bus_request(l->bus, &t->turn, prio_of[t->source]);
}

void lane_wake(struct lane *l)
{
    struct bus_info info;
    bus_info(l->bus, &info);
    if (info.state == BUS_UP)
        ask(l, &l->turns[SOURCE_CONTINUOUS]);
}

/* --- how a meter is reached --- */

static struct address expected_of(const struct meter *m)
{
    struct address a = address_any;
    if (m->ident != METER_NO_IDENT)
        a.ident = m->ident;
    if (m->is_known) {
        a.maker = m->maker;
        a.version = m->version;
        a.medium = m->medium;
    }
    return a;
}

static unsigned telegrams_max(const struct mbus_cfg *cfg, const struct meter *m)
{
    if (cfg->multi_telegram == MULTI_OFF || !m->multi_telegram)
        return 1;
    uint32_t limit = m->multi_telegram_limit ? m->multi_telegram_limit : cfg->multi_telegram_limit;
    return limit < CHAIN_MAX ? limit : CHAIN_MAX;
}

static struct readout_plan plan_of(const struct mbus_cfg *cfg, const struct meter *m)
{
    struct readout_plan p = {
        .is_primary = m->addressing == ADDRESSING_PRIMARY,
        .primary = (uint8_t)m->primary,
        .expected = expected_of(m),
        .selection_tries = cfg->selection_retries + 1,
        .readout_tries = cfg->readout_retries + 1,
        .telegrams_max = telegrams_max(cfg, m),
        .init_idle_us = (int64_t)cfg->init_idle_ms * 1000,
    };
    p.selection.mask = p.expected;
    p.selection.has_fabrication = m->addressing == ADDRESSING_ESECONDARY && m->has_enhanced;
    p.selection.fabrication = m->enhanced;
    return p;
}

static struct xchg_timing timing_of(struct lane *l)
{
    const struct mbus_cfg *cfg = cfg_of(l);
    const struct bus_turn *t = &l->now->turn;
    return xchg_timing(&(struct xchg_settings){
        .baud = bus_baud(t),
        .response_timeout_ms = cfg->response_timeout_ms,
        .collision_idle_ms = cfg->collision_idle_ms,
        .request_idle_ms = cfg->request_idle_ms,
        .network_margin_ms = bus_is_network(t) ? cfg->network_margin_ms : 0,
    });
}

/* --- what came of it --- */

/* What the machine's result means, made a sentence. */
static void conversation_text(const struct readout *r, char *text, size_t size)
{
    unsigned tries = r->xchg.tries;
    if (r->has_no_data)
        str_copy(text, size, "it answers, but has no data");
    else if (r->n_telegrams > 0)
        str_fmt(text, size, "telegram %u: %s after %u tries", r->n_telegrams + 1, err_text(r->err), tries);
    else if (r->is_selected && r->err == ERR_NO_ANSWER)
        str_fmt(text, size, "it is selected, but sends no data after %u tries", tries);
    else
        str_fmt(text, size, "%s after %u tries", err_text(r->err), tries);
}

static enum readout_status result_of(const struct lane *l, char *text, size_t size)
{
    if (l->readout.err) {
        conversation_text(&l->readout, text, size);
        return readout_status_of(l->readout.err);
    }
    if (l->decode_err)
        str_copy(text, size, l->decode_err == ERR_NO_KEY ? err_text(ERR_NO_KEY) : l->decode_why.text);
    return readout_status_of(l->decode_err);
}

/* A meter that goes on failing is said once; continuous mode notes nothing. */
static void log_result(const struct lane *l, const struct meter *m, enum readout_status status, const char *text)
{
    char title[64];
    bool is_news = l->now->source != SOURCE_CONTINUOUS && (m->n_readouts == 0 || m->last_status != status);
    meter_title(title, sizeof title, m);
    if (status != READOUT_OK && is_news)
        log_warn(l->name, "%s: %s", title, text);
    else if (status != READOUT_OK)
        log_debug(l->name, "%s: %s, still", title, text);
    else if (m->n_readouts > 0 && m->last_status != READOUT_OK)
        log_info(l->name, "%s answers again", title);
}

static void publish(struct lane *l, const struct reading *r)
{
    events_publish(l->master->app->events, &(struct event){ .type = EV_READING, .u.reading = r });
}

static void learn(struct lane *l, const struct reading *r)
{
    bool has_head = r->n_telegrams > 0 && r->telegrams[0].head.maker != 0;
    if (!has_head || (r->status != READOUT_OK && r->status != READOUT_NO_KEY))
        return;
    master_learn(l->master, l->meter, &r->telegrams[0].head);
    master_note_status(l->master, l->meter, r->telegrams[0].head.status, l->name);
}

static void leave_meter(struct lane *l)
{
    struct lane_turn *t = l->now;
    l->state = LANE_IDLE;
    l->now = NULL;
    bus_release(&t->turn);
    ask(l, t);
}

static void finish_meter(struct lane *l)
{
    struct lane_turn *t = l->now;
    char text[SENTENCE_MAX];
    enum readout_status status = result_of(l, text, sizeof text);
    l->n_lost = 0;
    l->n_readouts++;
    l->n_errors += status != READOUT_OK;
    const struct meter *m = meters_find(l->master->app->meters, l->meter);
    if (m) {
        log_result(l, m, status, text);
        const struct reading *r = to_reading_finish(l->gathered, l->meter, l->began_utc, t->source, status);
        publish(l, r);
        learn(l, r);
    }
    if (t->source == SOURCE_CONTINUOUS) {
        l->last_continuous = l->meter;
    } else {
        struct errand *e = t->errands;
        e->at++;
        if (m)
            e->owner->on_meter(e->ctx, m, status, text);
    }
    leave_meter(l);
}

/* --- the driver of the readout machine --- */

static struct readout_act send_request(struct lane *l)
{
    struct bus_turn *t = &l->now->turn;
    const struct xchg *x = &l->readout.xchg;
    bus_drain(t);
    int64_t wire_end_us = bus_write(t, x->request, x->request_len);
    struct xchg_event sent = { .what = XEV_SENT, .now_us = now_us(l), .at_us = wire_end_us };
    return readout_step(&l->readout, &sent);
}

/* Decodes it at once, to see whether another one is announced. What cannot be decoded announces nothing. */
static struct readout_act take_telegram(struct lane *l)
{
    const struct frame *f = &l->readout.xchg.frame;
    const struct telegram *t = to_reading_last(l->gathered);
    struct keyring_search who;
    const struct telegram_env env = master_env(l->master, l->meter, &who);
    l->decode_err = to_reading_add(l->gathered, LINK_WIRED, f->raw, f->raw_len, &env, &l->decode_why);
    if (!l->decode_err && t->has_app_error)
        l->decode_err =
            err_say(&l->decode_why, ERR_UNDECODABLE, "the meter reports an error: %s", apdu_error_text(t->app_error));
    return readout_go_on(&l->readout, now_us(l), !l->decode_err && t->more_follows);
}

/* Silence proves nothing about the meter as long as the converter has not taken our bytes: either it does soon, or the
 * port is lost and says so. */
static void finish_or_settle(struct lane *l)
{
    int64_t now = now_us(l);
    if (l->state == LANE_READING)
        l->settling_us = now;
    bool is_stuck = l->readout.err == ERR_NO_ANSWER && bus_is_stuck(&l->now->turn);
    if (is_stuck && now - l->settling_us < SETTLE_MAX_US) {
        l->state = LANE_SETTLING;
        timer_start_us(&l->timer, SETTLE_EVERY_US);
    } else if (now - l->settling_us > STALL_US && l->n_lost < LOST_MAX) {
        l->n_lost++;
        leave_meter(l); /* its turn comes again */
    } else {
        finish_meter(l);
    }
}

static void drive(struct lane *l, struct readout_act a)
{
    for (;;) {
        switch (a.what) {
        case RDO_NOTHING:
            return;
        case RDO_SEND:
            a = send_request(l);
            break;
        case RDO_WAIT:
            timer_start_us(&l->timer, a.wait_until_us - now_us(l));
            return;
        case RDO_TELEGRAM:
            a = take_telegram(l);
            break;
        case RDO_FINISH:
            timer_stop(&l->timer);
            finish_or_settle(l);
            return;
        }
    }
}

static void on_timer(void *ctx)
{
    struct lane *l = ctx;
    if (l->state == LANE_SETTLING) {
        finish_or_settle(l);
        return;
    }
    /* What came meanwhile counts: it may end the readout, or the turn. The machine knows a timer that is out of date. */
    bus_poll(&l->now->turn);
    if (l->state == LANE_READING)
        drive(l, readout_step(&l->readout, &(struct xchg_event){ .what = XEV_TIMER, .now_us = now_us(l) }));
}

static void on_bytes(void *ctx, const uint8_t *bytes, size_t len, size_t n_damaged)
{
    struct lane *l = ((struct lane_turn *)ctx)->lane;
    if (l->state != LANE_READING)
        return;
    struct xchg_event ev = { .what = XEV_BYTES, .now_us = now_us(l), .bytes = bytes, .len = len };
    ev.n_damaged = n_damaged;
    drive(l, readout_step(&l->readout, &ev));
}

/* --- turns --- */

static void on_granted(void *ctx)
{
    struct lane_turn *t = ctx;
    struct lane *l = t->lane;
    const struct meter *m = next_meter(l, t);
    if (!m) {
        bus_release(&t->turn);
        return;
    }
    l->state = LANE_READING;
    l->now = t;
    l->meter = m->id;
    l->began_utc = clock_utc(l->master->app->clock);
    if (!l->gathered)
        l->gathered = to_reading_create();
    to_reading_begin(l->gathered);
    l->decode_err = ERR_OK;
    l->decode_why = (struct err_at){ .text = "" };
    bus_set_baud(&t->turn, m->baud);
    struct readout_plan plan = plan_of(cfg_of(l), m);
    struct xchg_timing timing = timing_of(l);
    readout_init(&l->readout, &plan, &timing);
    bus_drain(&t->turn);
    struct xchg_event begin = { .what = XEV_START, .now_us = now_us(l), .at_us = bus_stray_us(&t->turn) };
    drive(l, readout_step(&l->readout, &begin));
}

/* A turn lost midway is asked for once more, since a converter may just have ended an old connection. One that is lost
 * while waiting, or again and again: the interface is down, and nothing is said about any meter. */
static void on_lost(void *ctx, const char *why)
{
    struct lane_turn *t = ctx;
    struct lane *l = t->lane;
    bool was_reading = l->now == t;
    if (was_reading) {
        timer_stop(&l->timer);
        l->state = LANE_IDLE;
        l->now = NULL;
    }
    if (t->source == SOURCE_CONTINUOUS)
        return; /* goes on when the bus is up again */
    if (was_reading && ++l->n_lost < LOST_MAX) {
        ask(l, t);
        return;
    }
    l->n_lost = 0;
    while (t->errands)
        end_errand(l, t->errands, why);
}

/* --- life --- */

static void on_bus_state(void *ctx, struct bus *b, enum bus_state state)
{
    (void)b;
    struct lane *l = ctx;
    struct event ev = { .type = EV_BUS, .u.bus = { .bus = l->number, .is_up = state == BUS_UP } };
    events_publish(l->master->app->events, &ev);
    if (l->bus)
        lane_wake(l);
}

void lane_init(struct lane *l, struct master *m, unsigned number)
{
    static const char *const holders[LANE_SOURCES] = {
        [SOURCE_MANUAL] = "manual readout",
        [SOURCE_SCHEDULED] = "scheduled readout",
        [SOURCE_CONTINUOUS] = "continuous readout",
    };
    l->master = m;
    l->number = number;
    str_fmt(l->name, sizeof l->name, "bus%u", number);
    timer_init(&l->timer, m->app->loop, "bus readout", on_timer, l);
    l->bus = bus_create(m->app->loop, m->app->dns, number, on_bus_state, l);
    for (unsigned i = 0; i < LANE_SOURCES; i++) {
        struct lane_turn *t = &l->turns[i];
        *t = (struct lane_turn){ .lane = l, .source = (enum reading_source)i };
        t->turn =
            (struct bus_turn){ .holder = holders[i], .granted = on_granted, .on_bytes = on_bytes, .lost = on_lost };
        t->turn.ctx = t;
    }
}

void lane_fini(struct lane *l)
{
    for (unsigned i = 0; i < LANE_SOURCES; i++) {
        bus_release(&l->turns[i].turn);
        while (l->turns[i].errands)
            end_errand(l, l->turns[i].errands, NULL);
    }
    timer_fini(&l->timer);
    to_reading_free(l->gathered);
    l->gathered = NULL;
    bus_free(l->bus);
    l->bus = NULL;
}

void lane_add(struct lane *l, struct errand *e)
{
    struct lane_turn *t = &l->turns[e->source];
    DL_APPEND(t->errands, e);
    ask(l, t);
}

void lane_withdraw(struct lane *l, struct errand *e)
{
    bool is_under_way = l->now && l->now->errands == e;
    if (is_under_way) {
        e->n = e->at + 1;
        return;
    }
    e->n = e->at;
    end_errand(l, e, NULL);
}

bool lane_has(const struct lane *l, enum reading_source source)
{
    return l->turns[source].errands != NULL;
}
