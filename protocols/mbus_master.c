/* mbus_master.c — the service that reads wired meters: settings, schedule, what readings teach about their meters.
 *
 * Knows: its settings and when they change, the readout schedule, the meter list and where it is kept.
 * Does not know: how a meter is read (a lane does), how jobs are spread over buses.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "protocols/mbus_master.h"

#include <inttypes.h>
#include <stdlib.h>
#include <uthash.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/event.h"
#include "core/job.h"
#include "core/schedule.h"
#include "io/port.h"
#include "protocols/mbus_master_parts.h"
#include "store/store.h"

enum { LEARNT_WRITE_MS = 1000 };

/* --- settings --- */

static const char *const multi_choices[] = { "auto", "off", NULL };
static const char *const status_choices[] = { "always", "never", "change", "error", NULL };
static const char *const baud_choices[] = { "300", "600", "1200", "2400", "4800", "9600", "19200", "38400", NULL };

static const struct setting mbus_rows[] = {
    S_UINT(
        struct mbus_cfg, response_timeout_ms, "0", 0, 60000, S_ADMIN, "ms",
        "How long an answer may take to begin, counted from the last bit of the request. 0: by the standard, 330 bit "
        "times + 50 ms (188 ms at 2400 baud), and network_margin_ms more on a TCP converter."),
    S_UINT(struct mbus_cfg, readout_retries, "2", 0, 20, S_ADMIN, "",
           "How often a request for data is repeated after a missing or garbled answer before the readout has failed."),
    S_UINT(struct mbus_cfg, selection_retries, "2", 0, 20, S_ADMIN, "",
           "How often the selection or link reset of a meter is repeated before it counts as not there."),
    S_UINT(struct mbus_cfg, init_idle_ms, "0", 0, 60000, S_ADMIN, "ms",
           "Pause after the link reset of a meter that is read by primary address. 0: none, as the standard asks for "
           "none."),
    S_UINT(struct mbus_cfg, collision_idle_ms, "0", 0, 60000, S_ADMIN, "ms",
           "Pause after a collision or a garbled answer before the next request. 0: by the standard, 33 bit times (14 "
           "ms at "
           "2400 baud)."),
    S_UINT(struct mbus_cfg, request_idle_ms, "0", 0, 60000, S_ADMIN, "ms",
           "Pause before every request. 0: none, the next request follows the answer at once."),
    S_UINT(
        struct mbus_cfg, network_margin_ms, "100", 0, 10000, S_ADMIN | S_EXPERT, "ms",
        "What a network adds to the response timeout by the standard and to the longest gap within an answer, on TCP "
        "converters."),
    S_ENUM(struct mbus_cfg, multi_telegram, "auto", multi_choices, S_ADMIN,
           "auto: further telegrams are read as long as the meter announces them; off: only the first one."),
    S_UINT(struct mbus_cfg, multi_telegram_limit, "10", 1, CHAIN_MAX, S_ADMIN, "",
           "How many telegrams are read from one meter in one readout at most."),
    S_ENUM(struct mbus_cfg, status_log, "change", status_choices, S_ADMIN,
           "When the status byte of a meter is written to the log: always, never, on a change, or when it shows an "
           "error."),
};
static const struct setting bus_rows[] = {
    S_BOOL(struct bus_cfg, enabled, "false", S_ADMIN | S_DEVICE, "Use this M-Bus interface."),
    S_PORT(struct bus_cfg, port, "", S_ADMIN | S_DEVICE,
           "Where the level converter is: serial:/dev/ttyUSB0 or tcp:HOST:PORT."),
    S_ENUM(struct bus_cfg, baud, "2400", baud_choices, S_ADMIN,
           "Rate of the interface, 8E1. On a serial line each meter is read at its own rate; a TCP converter has this "
           "one."),
};
static const struct setting readout_rows[] = {
    S_BOOL(struct readout_cfg, enabled, "true", S_ADMIN, "Read all active meters on schedule."),
    S_CRON(struct readout_cfg, cron, "*/15 * * * *", S_ADMIN,
           "When all active meters are read: a cron pattern, local time."),
};
static const struct setting continuous_rows[] = {
    S_BOOL(struct continuous_cfg, enabled, "false", S_ADMIN,
           "Read all active meters again and again for live values. These are not stored and not reported; everything "
           "else "
           "on the bus comes first."),
};

static enum err check_bus(const void *cfg, struct err_at *at)
{
    const struct bus_cfg *c = cfg;
    if (c->port[0] == '\0' && !c->enabled)
        return ERR_OK;
    return port_spec_check(c->port, at);
}

static const struct setting_table mbus_table = { "mbus", 0, mbus_rows, COUNT_OF(mbus_rows), sizeof(struct mbus_cfg),
                                                 NULL };
static const struct setting_table bus_table = { "bus",    BUS_N, bus_rows, COUNT_OF(bus_rows), sizeof(struct bus_cfg),
                                                check_bus };
static const struct setting_table readout_table = {
    "readout", 0, readout_rows, COUNT_OF(readout_rows), sizeof(struct readout_cfg), NULL
};
static const struct setting_table continuous_table = {
    "continuous", 0, continuous_rows, COUNT_OF(continuous_rows), sizeof(struct continuous_cfg), NULL
};
const struct setting_table *const mbus_master_tables[] = { &bus_table, &mbus_table, &readout_table, &continuous_table,
                                                           NULL };

static uint32_t baud_of(const struct bus_cfg *c)
{
    uint64_t baud = 2400;
    (void)!str_to_u64(baud_choices[c->baud], UINT32_MAX, &baud); /* our own table */
    return (uint32_t)baud;
}

static void apply_bus(struct master *m, unsigned number)
{
    const struct bus_cfg *c = settings_cfg(m->app->settings, "bus", number);
    bus_configure(m->lanes[number - 1].bus, c->enabled, c->port, baud_of(c));
}

static void on_bus_changed(void *ctx, unsigned instance, const void *was, const void *now)
{
    (void)was, (void)now;
    apply_bus(ctx, instance);
}

static void on_continuous_changed(void *ctx, unsigned instance, const void *was, const void *now)
{
    (void)instance, (void)was, (void)now;
    struct master *m = ctx;
    for (size_t i = 0; i < BUS_N; i++)
        lane_wake(&m->lanes[i]);
}

/* --- schedule --- */

static void on_due(void *ctx, unsigned instance, int64_t due_utc)
{
    (void)instance, (void)due_utc;
    struct master *m = ctx;
    struct err_at at = { .text = "" };
    if (m->is_draining || meters_count_state(m->app->meters, METER_ACTIVE) == 0)
        return;
    if (jobs_add(m->app->jobs, "readout", 0, "{\"meters\":\"all\",\"source\":\"scheduled\"}", "schedule", &at) == 0)
        log_error("readout", "the scheduled readout cannot start: %s", at.text);
}

static enum err apply_schedule(struct master *m, struct err_at *at)
{
    const struct readout_cfg *c = settings_cfg(m->app->settings, "readout", 0);
    return schedules_put(m->app->schedules, "readout", 0, c->enabled ? c->cron : NULL, clock_utc(m->app->clock), on_due,
                         m, at);
}

static void on_readout_changed(void *ctx, unsigned instance, const void *was, const void *now)
{
    (void)instance, (void)was, (void)now;
    struct err_at at = { .text = "" };
    if (apply_schedule(ctx, &at) != ERR_OK)
        log_error("readout", "readout.cron: %s", at.text); /* the registry has checked it: never */
}

/* --- what readings teach --- */

static bool teaches(const struct meter *m, const struct telegram_head *h)
{
    return !m->is_known || m->ident == METER_NO_IDENT || m->version != h->version || m->medium != h->medium;
}

void master_learn(struct master *m, uint32_t id, const struct telegram_head *head)
{
    const struct meter *known = meters_find(m->app->meters, id);
    if (!known || !teaches(known, head))
        return;
    struct meter now = *known;
    struct err_at at = { .text = "" };
    now.is_known = true;
    now.maker = head->maker;
    now.version = head->version;
    now.medium = head->medium;
    if (now.ident == METER_NO_IDENT)
        now.ident = head->ident;
    if (meters_update(m->app->meters, &now, &at) != ERR_OK) {
        char title[64];
        meter_title(title, sizeof title, known);
        log_warn("readout", "%s: what its telegram says cannot be taken over: %s", title, at.text);
        return;
    }
    m->learnt = xrealloc(m->learnt, m->n_learnt + 1, sizeof *m->learnt);
    m->learnt[m->n_learnt++] = id;
    if (!timer_is_pending(&m->learnt_timer))
        timer_start_ms(&m->learnt_timer, LEARNT_WRITE_MS);
    events_publish(m->app->events, &(struct event){ .type = EV_METER, .u.meter = { id, METER_CHANGED } });
}

/* Together, because each writing waits for the disk once. */
static void write_learnt(void *ctx)
{
    struct master *m = ctx;
    size_t n = 0;
    struct meter *list = m->n_learnt ? xcalloc(m->n_learnt, sizeof *list) : NULL;
    for (size_t i = 0; i < m->n_learnt; i++) {
        const struct meter *known = meters_find(m->app->meters, m->learnt[i]);
        if (known)
            list[n++] = *known;
    }
    enum err err = n ? store_meters_put(m->app->store, list, n, meters_next_id(m->app->meters)) : ERR_OK;
    if (err)
        log_error("readout", "what was learnt about %zu meters cannot be kept: %s", n, err_text(err));
    free(list);
    free(m->learnt);
    m->learnt = NULL;
    m->n_learnt = 0;
}

struct seen_status {
    uint32_t meter;
    uint8_t status;
    UT_hash_handle hh;
};

static bool wants_status_line(const struct master *m, uint8_t was, uint8_t now)
{
    const struct mbus_cfg *cfg = settings_cfg(m->app->settings, "mbus", 0);
    switch (cfg->status_log) {
    case STATUS_LOG_ALWAYS:
        return true;
    case STATUS_LOG_CHANGE:
        return was != now;
    case STATUS_LOG_ERROR:
        return now != 0;
    default:
        return false;
    }
}

/* EN 13757-3: the status byte of the header; bits 5 to 7 are the maker's. */
static void status_text(char *out, size_t size, uint8_t status)
{
    static const char *const applications[] = { "", ", busy", ", application error", ", abnormal condition or alarm" };
    str_fmt(out, size, "status %02X%s%s%s%s%s", status, applications[status & 3], status & 4 ? ", power low" : "",
            status & 8 ? ", permanent error" : "", status & 16 ? ", temporary error" : "",
            status == 0 ? ", no error" : "");
}

void master_note_status(struct master *m, uint32_t id, uint8_t status, const char *origin)
{
    struct seen_status *s;
    HASH_FIND(hh, m->statuses, &id, sizeof id, s);
    if (!s) { /* before the first readout a meter counts as sound */
        s = xcalloc(1, sizeof *s);
        s->meter = id;
        HASH_ADD(hh, m->statuses, meter, sizeof id, s);
    }
    uint8_t was = s->status;
    s->status = status;
    const struct meter *meter = meters_find(m->app->meters, id);
    if (!meter || !wants_status_line(m, was, status))
        return;
    char title[64], text[120];
    meter_title(title, sizeof title, meter);
    status_text(text, sizeof text, status);
    log_at(status ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO, origin, "%s: %s", title, text);
}

static void forget_status(struct master *m, uint32_t id)
{
    struct seen_status *s;
    HASH_FIND(hh, m->statuses, &id, sizeof id, s);
    if (s) {
        HASH_DELETE(hh, m->statuses, s);
        free(s);
    }
}

static void on_meter_event(void *ctx, const struct event *ev)
{
    struct master *m = ctx;
    if (ev->u.meter.what == METER_REMOVED)
        forget_status(m, ev->u.meter.id);
    for (size_t i = 0; i < BUS_N; i++)
        lane_wake(&m->lanes[i]);
}

/* --- the service --- */

static void stop(void *self)
{
    struct master *m = self;
    struct seen_status *s, *next;
    events_unsubscribe(m->app->events, on_meter_event, m);
    (void)!schedules_put(m->app->schedules, "readout", 0, NULL, 0, NULL, NULL, NULL); /* taking away cannot fail */
    search_jobs_stop(m);
    for (size_t i = 0; i < BUS_N; i++)
        lane_fini(&m->lanes[i]);
    master_keys_fini(m);
    write_learnt(m);
    timer_fini(&m->learnt_timer);
    HASH_ITER (hh, m->statuses, s, next) {
        HASH_DELETE(hh, m->statuses, s);
        free(s);
    }
    free(m);
}

static enum err start(struct app *app, void **self, struct err_at *at)
{
    struct master *m = xcalloc(1, sizeof *m);
    m->app = app;
    timer_init(&m->learnt_timer, app->loop, "learnt meters", write_learnt, m);
    for (unsigned i = 0; i < BUS_N; i++) {
        lane_init(&m->lanes[i], m, i + 1);
        m->buses[i] = m->lanes[i].bus;
    }
    app->buses = m->buses;
    for (unsigned i = 1; i <= BUS_N; i++)
        apply_bus(m, i);
    master_keys_init(m);
    readout_job_register(m);
    search_job_register(m);
    settings_on_change(app->settings, "bus", on_bus_changed, m);
    settings_on_change(app->settings, "readout", on_readout_changed, m);
    settings_on_change(app->settings, "continuous", on_continuous_changed, m);
    events_subscribe(app->events, EV_BIT(EV_METER), on_meter_event, m);
    enum err err = apply_schedule(m, at);
    if (err) {
        stop(m);
        return err;
    }
    *self = m;
    return ERR_OK;
}

static void drain(void *self)
{
    struct master *m = self;
    m->is_draining = true;
}

static bool is_idle(void *self)
{
    const struct master *m = self;
    for (size_t i = 0; i < BUS_N; i++)
        if (m->lanes[i].state != LANE_IDLE)
            return false;
    return true;
}

static void lane_status(const struct lane *l, struct json_out *j)
{
    struct bus_info info;
    bus_info(l->bus, &info);
    json_object(j);
    json_key_int(j, "bus", l->number);
    json_key_str(j, "port", info.port);
    json_key_str(j, "state", bus_state_name(info.state));
    json_key_utc(j, "since", info.since_utc);
    json_key_str(j, "why", info.why[0] ? info.why : NULL);
    json_key_str(j, "holder", info.holder);
    json_key_int(j, "queued", (int64_t)info.queued);
    json_key_int(j, "readouts", (int64_t)l->n_readouts);
    json_key_int(j, "errors", (int64_t)l->n_errors);
    json_key(j, "wire_busy");
    json_double(j, info.wire_busy);
    json_object_end(j);
}

/* Interfaces that are in use or have a port set. */
static void status(void *self, struct json_out *j)
{
    const struct master *m = self;
    json_key(j, "buses");
    json_array(j);
    for (size_t i = 0; i < BUS_N; i++) {
        const struct bus_cfg *c = settings_cfg(m->app->settings, "bus", (unsigned)i + 1);
        if (c->enabled || c->port[0])
            lane_status(&m->lanes[i], j);
    }
    json_array_end(j);
}

const struct service_ops mbus_master_service = {
    .name = "mbus",
    .title = "M-Bus master",
    .tables = mbus_master_tables,
    .start = start,
    .drain = drain,
    .is_idle = is_idle,
    .stop = stop,
    .status = status,
};
