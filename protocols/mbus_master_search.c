/* mbus_master_search.c — search jobs: several buses side by side, one probe a turn, what is found goes into the list.
 *
 * Knows: the arguments of a search job, the driver of the search machine over a turn, how a found meter is installed.
 * Does not know: how meters are searched for (the machine does), how they are read later.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <jansson.h>
#include <stdlib.h>
#include <utlist.h>

#include "core/base/bug.h"
#include "core/base/json_out.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/event.h"
#include "core/job.h"
#include "protocols/codec/mbus/search.h"
#include "protocols/mbus_master_parts.h"
#include "store/store.h"

enum {
    MODES_MAX = 3,
    RATES_MAX = 8,
    STUCK_EVERY_US = 20000,
    LOST_MAX = 5, /* turns lost in a row before an interface counts as down */
    LOST_PAUSE_MS = 3000,
    JSON_OF_ONE = 320,
    RESULT_EACH = 64, /* so many: the job's result is written anew at each; then only at every RESULT_STEP-th */
    RESULT_STEP = 16,
    PERMILLE = 1000,
};

struct search_job;
struct search_lane { /* one bus of a job */
    struct search_job *job;
    struct lane *lane;
    struct bus_turn turn;
    struct timer timer;
    struct search *search; /* of the present pass; NULL: the lane is done */
    size_t pass;           /* a pass is one mode at one rate */
    bool is_stuck;         /* the timer waits for the converter to take our bytes, or for another turn */
    unsigned n_lost;
    uint32_t baud; /* in force in the present turn */
    struct meter *found;
    size_t n_found;
    uint64_t n_probes;
};

struct search_job {
    struct master *master;
    uint64_t id; /* the job is looked up again each time */
    enum search_mode modes[MODES_MAX];
    size_t n_modes;
    uint32_t rates[RATES_MAX]; /* 0: that of the bus */
    size_t n_rates;
    uint32_t mask;
    bool has_hex, install, is_cancelled;
    uint64_t max_meters;
    struct search_lane lanes[BUS_N];
    size_t n_lanes, n_open, n_failed; /* open: under way, and one while start() starts them */
    size_t n_found, n_installed;
    struct search_job *prev, *next;
};

static struct job *job_of(const struct search_job *sj)
{
    return jobs_find(sj->master->app->jobs, sj->id);
}

static int64_t now_us(const struct search_lane *sl)
{
    const struct clock *c = sl->lane->master->app->clock;
    return c->mono_us(c);
}

/* --- what the job tells --- */

static void meter_json(struct json_out *j, const struct meter *m)
{
    char ident[ADDRESS_TEXT_MAX], enhanced[ADDRESS_TEXT_MAX], maker[4];
    address_ident_text(ident, m->ident);
    address_ident_text(enhanced, m->enhanced);
    maker_text(m->maker, maker);
    json_object(j);
    json_key_str(j, "secondary_address", m->ident == METER_NO_IDENT ? NULL : ident);
    json_key_str(j, "manufacturer", m->is_known ? maker : NULL);
    json_key(j, "version");
    m->is_known ? json_int(j, m->version) : json_null(j);
    json_key(j, "medium");
    m->is_known ? json_int(j, m->medium) : json_null(j);
    json_key_str(j, "addressing", addressing_name(m->addressing));
    json_key(j, "primary_address");
    m->primary >= 0 ? json_int(j, m->primary) : json_null(j);
    json_key_str(j, "enhanced_address", m->has_enhanced ? enhanced : NULL);
    json_key_int(j, "bus", m->bus);
    json_key_int(j, "baud", m->baud);
    json_object_end(j);
}

static void tell_result(struct search_job *sj)
{
    size_t size = JSON_OF_ONE * (sj->n_found + 1);
    char *text = xmalloc(size + 1);
    struct json_out j;
    json_init(&j, text, size, NULL, NULL);
    json_object(&j);
    json_key(&j, "found");
    json_array(&j);
    for (size_t i = 0; i < sj->n_lanes; i++)
        for (size_t k = 0; k < sj->lanes[i].n_found; k++)
            meter_json(&j, &sj->lanes[i].found[k]);
    json_array_end(&j);
    json_key_int(&j, "installed", (int64_t)sj->n_installed);
    json_object_end(&j);
    BUG_IF(j.full);
    text[json_len(&j)] = '\0';
    job_result(sj->master->app->jobs, job_of(sj), text);
    free(text);
}

static void tell_progress(struct search_job *sj)
{
    uint64_t n_passes = sj->n_modes * sj->n_rates, done = 0;
    for (size_t i = 0; i < sj->n_lanes; i++) {
        const struct search_lane *sl = &sj->lanes[i];
        done += sl->search ? sl->pass * PERMILLE + search_permille(sl->search) : n_passes * PERMILLE;
    }
    job_progress(sj->master->app->jobs, job_of(sj), done, sj->n_lanes * n_passes * PERMILLE);
}

/* --- the end --- */

static void free_job(void *ctx)
{
    struct search_job *sj = ctx;
    for (size_t i = 0; i < sj->n_lanes; i++) {
        timer_fini(&sj->lanes[i].timer);
        free(sj->lanes[i].found);
        free(sj->lanes[i].search);
    }
    free(sj);
}

/* Freed later, since a turn's or a timer's call may still be on the stack. */
static void close_one(struct search_job *sj)
{
    if (--sj->n_open > 0)
        return;
    struct master *m = sj->master;
    struct job *j = job_of(sj);
    enum err err = sj->is_cancelled ? ERR_CANCELLED : ERR_OK;
    if (!sj->is_cancelled && sj->n_failed == sj->n_lanes && sj->n_found == 0)
        err = ERR_PORT_DOWN;
    tell_progress(sj);
    tell_result(sj);
    DL_DELETE(m->searches, sj);
    j->state_of_kind = NULL;
    job_end(m->app->jobs, j, err);
    loop_defer(m->app->loop, free_job, sj);
}

static void end_lane(struct search_lane *sl)
{
    timer_stop(&sl->timer);
    bus_release(&sl->turn);
    free(sl->search);
    sl->search = NULL;
    log_info(sl->lane->name, "search over: %zu meters found with %llu probes", sl->n_found,
             (unsigned long long)sl->n_probes);
    close_one(sl->job);
}

static void fail_lane(struct search_lane *sl, const char *why)
{
    struct search_job *sj = sl->job;
    const char *name = sl->lane->name;
    sj->n_failed++;
    job_error(sj->master->app->jobs, job_of(sj), name, "the interface %s is down: %s; the search there ended early",
              name, why);
    log_error(name, "search ended, the interface is down: %s", why);
    end_lane(sl);
}

/* --- a meter was found --- */

static struct meter meter_of(const struct search_lane *sl, const struct search_meter *f)
{
    struct meter m = {
        .ident = f->address.ident == address_any.ident ? METER_NO_IDENT : f->address.ident,
        .is_known = f->is_known,
        .addressing = ADDRESSING_SECONDARY,
        .primary = f->primary,
        .has_enhanced = f->has_fabrication,
        .enhanced = f->has_fabrication ? f->fabrication : 0,
        .baud = sl->baud,
        .bus = (uint8_t)sl->lane->number,
        .multi_telegram = true,
    };
    if (f->is_known) {
        m.maker = f->address.maker;
        m.version = f->address.version;
        m.medium = f->address.medium;
    }
    if (sl->search->plan.mode == SEARCH_PRIMARY)
        m.addressing = ADDRESSING_PRIMARY;
    else if (f->has_fabrication)
        m.addressing = ADDRESSING_ESECONDARY;
    return m;
}

static bool was_found(const struct search_lane *sl, const struct meter *m)
{
    for (size_t i = 0; i < sl->n_found; i++) {
        const struct meter *f = &sl->found[i];
        bool is_other = f->has_enhanced && m->has_enhanced && f->enhanced != m->enhanced;
        if (!is_other && meter_same_address(f, m))
            return true;
    }
    return false;
}

static uint64_t active_limit(const struct app *app)
{
    char buffer[SETTING_VALUE_MAX];
    uint64_t n = METERS_MAX;
    const char *text = settings_get(app->settings, "meters.limit", buffer);
    if (!text || str_to_u64(text, METERS_MAX, &n) != ERR_OK)
        return METERS_MAX;
    return n;
}

/* The list in memory and the one in the store change together. */
static enum err put(const struct app *app, const struct meter *m, uint32_t *id, struct err_at *at)
{
    struct meter *added;
    enum err e = meters_add(app->meters, m, &added, at);
    if (e != ERR_OK)
        return e;
    *id = added->id;
    e = store_meters_put(app->store, added, 1, meters_next_id(app->meters));
    if (e == ERR_OK)
        return ERR_OK;
    BUG_IF(meters_remove(app->meters, *id) != ERR_OK);
    return err_say(at, e, "it cannot be kept: %s", err_text(e));
}

static void install(struct search_lane *sl, struct meter m)
{
    struct search_job *sj = sl->job;
    const struct app *app = sj->master->app;
    struct err_at at = { .text = "" };
    char title[64];
    uint32_t id;
    meter_title(title, sizeof title, &m);
    if (meters_find_same(app->meters, &m))
        return;
    uint64_t limit = active_limit(app);
    m.installed_utc = clock_utc(app->clock);
    m.state = meters_count_state(app->meters, METER_ACTIVE) < limit ? METER_ACTIVE : METER_PASSIVE;
    if (put(app, &m, &id, &at) != ERR_OK) {
        job_error(app->jobs, job_of(sj), title, "found, but not installed: %s", at.text);
        return;
    }
    if (m.state == METER_PASSIVE)
        job_error(app->jobs, job_of(sj), title, "installed, but passive: %llu meters are active, more are not allowed",
                  (unsigned long long)limit);
    sj->n_installed++;
    events_publish(app->events, &(struct event){ .type = EV_METER, .u.meter = { id, METER_INSTALLED } });
}

static void take_found(struct search_lane *sl)
{
    struct search_job *sj = sl->job;
    struct meter m = meter_of(sl, &sl->search->found[sl->search->n_found - 1]);
    if (sj->n_found >= sj->max_meters || was_found(sl, &m))
        return;
    if ((sl->n_found & (sl->n_found - 1)) == 0) /* full at every power of two */
        sl->found = xrealloc(sl->found, sl->n_found ? 2 * sl->n_found : 1, sizeof *sl->found);
    sl->found[sl->n_found++] = m;
    sj->n_found++;
    if (sj->install)
        install(sl, m);
    if (sj->n_found <= RESULT_EACH || sj->n_found % RESULT_STEP == 0)
        tell_result(sj);
}

/* --- passes --- */

static const struct mbus_cfg *cfg_of(const struct search_lane *sl)
{
    return settings_cfg(sl->lane->master->app->settings, "mbus", 0);
}

static void begin_pass(struct search_lane *sl)
{
    const struct search_job *sj = sl->job;
    unsigned retries = cfg_of(sl)->selection_retries;
    const struct search_plan plan = {
        .mode = sj->modes[sl->pass / sj->n_rates],
        .mask = sj->mask,
        .has_hex = sj->has_hex,
        .tries = retries > 0 ? retries + 1 : 2, /* somebody is there: that one is asked twice at least */
        .rounds = retries + 1,
        .found_max = sj->max_meters,
    };
    search_init(sl->search, &plan);
}

static void tell_unresolved(struct search_lane *sl)
{
    const struct search *s = sl->search;
    struct jobs *jobs = sl->job->master->app->jobs;
    for (size_t i = 0; i < s->n_unresolved; i++) {
        const struct search_mask *m = &s->unresolved[i];
        char ident[ADDRESS_TEXT_MAX];
        address_ident_text(ident, m->selection.mask.ident);
        if (m->primary >= 0)
            job_error(jobs, job_of(sl->job), sl->lane->name,
                      "primary address %d answers, but not clearly: several meters may have it", m->primary);
        else
            job_error(jobs, job_of(sl->job), sl->lane->name,
                      "at secondary address %s are answers that no selection tells apart", ident);
    }
}

static bool is_over(const struct search_job *sj)
{
    return sj->n_found >= sj->max_meters;
}

static void end_pass(struct search_lane *sl)
{
    struct search_job *sj = sl->job;
    sl->n_probes += sl->search->n_probes;
    tell_unresolved(sl);
    sl->pass++;
    if (is_over(sj) || sl->pass == sj->n_modes * sj->n_rates) {
        end_lane(sl);
        return;
    }
    begin_pass(sl);
    bus_release(&sl->turn);
    bus_request(sl->lane->bus, &sl->turn, BUS_SEARCH);
}

/* --- the driver of the search machine --- */

static struct search_act send_request(struct search_lane *sl)
{
    size_t len;
    const uint8_t *request = search_request(sl->search, &len);
    bus_drain(&sl->turn);
    int64_t wire_end_us = bus_write(&sl->turn, request, len);
    struct xchg_event sent = { .what = XEV_SENT, .now_us = now_us(sl), .at_us = wire_end_us };
    return search_step(sl->search, &sent);
}

static void give_turn(struct search_lane *sl)
{
    sl->n_lost = 0;
    bus_release(&sl->turn);
    tell_progress(sl->job);
    bus_request(sl->lane->bus, &sl->turn, BUS_SEARCH);
}

static void drive(struct search_lane *sl, struct search_act a)
{
    for (;;) {
        switch (a.what) {
        case SEARCH_NOTHING:
            return;
        case SEARCH_SEND:
            a = send_request(sl);
            break;
        case SEARCH_WAIT:
            timer_start_us(&sl->timer, a.wait_until_us - now_us(sl));
            return;
        case SEARCH_FOUND:
            timer_stop(&sl->timer);
            take_found(sl);
            give_turn(sl);
            return;
        case SEARCH_PAUSE:
            timer_stop(&sl->timer);
            give_turn(sl);
            return;
        case SEARCH_FINISH:
            timer_stop(&sl->timer);
            end_pass(sl);
            return;
        }
    }
}

static void begin_probe(struct search_lane *sl)
{
    const struct mbus_cfg *cfg = cfg_of(sl);
    struct xchg_timing timing = xchg_timing(&(struct xchg_settings){
        .baud = bus_baud(&sl->turn),
        .response_timeout_ms = cfg->response_timeout_ms,
        .collision_idle_ms = cfg->collision_idle_ms,
        .request_idle_ms = cfg->request_idle_ms,
        .network_margin_ms = bus_is_network(&sl->turn) ? cfg->network_margin_ms : 0,
    });
    sl->is_stuck = false;
    search_set_timing(sl->search, &timing);
    bus_drain(&sl->turn);
    struct xchg_event start = { .what = XEV_START, .now_us = now_us(sl), .at_us = bus_stray_us(&sl->turn) };
    drive(sl, search_step(sl->search, &start));
}

/* Silence proves nothing as long as the converter has not taken our bytes: then the probe is made again. */
static void on_timer(void *ctx)
{
    struct search_lane *sl = ctx;
    if (sl->turn.state == TURN_FREE) { /* after a loss */
        bus_request(sl->lane->bus, &sl->turn, BUS_SEARCH);
        return;
    }
    bus_poll(&sl->turn);
    if (!sl->search || sl->turn.state != TURN_HOLDING || timer_is_pending(&sl->timer))
        return;
    if (bus_is_stuck(&sl->turn)) {
        sl->is_stuck = true;
        timer_start_us(&sl->timer, STUCK_EVERY_US);
    } else if (sl->is_stuck) {
        begin_probe(sl);
    } else {
        drive(sl, search_step(sl->search, &(struct xchg_event){ .what = XEV_TIMER, .now_us = now_us(sl) }));
    }
}

static void on_bytes(void *ctx, const uint8_t *bytes, size_t len, size_t n_damaged)
{
    struct search_lane *sl = ctx;
    if (sl->is_stuck)
        return;
    struct xchg_event ev = { .what = XEV_BYTES, .now_us = now_us(sl), .bytes = bytes, .len = len };
    ev.n_damaged = n_damaged;
    drive(sl, search_step(sl->search, &ev));
}

static void on_granted(void *ctx)
{
    struct search_lane *sl = ctx;
    size_t rate = sl->pass % sl->job->n_rates;
    if (is_over(sl->job)) {
        end_lane(sl);
        return;
    }
    bus_set_baud(&sl->turn, sl->job->rates[rate]);
    sl->baud = bus_baud(&sl->turn);
    begin_probe(sl);
}

/* A search takes long: it outlives a converter that goes and comes back. */
static void on_lost(void *ctx, const char *why)
{
    struct search_lane *sl = ctx;
    timer_stop(&sl->timer);
    sl->is_stuck = false;
    struct bus_info info;
    bus_info(sl->lane->bus, &info);
    if (info.state == BUS_OFF || ++sl->n_lost >= LOST_MAX)
        fail_lane(sl, why);
    else
        timer_start_ms(&sl->timer, sl->n_lost == 1 ? 0 : LOST_PAUSE_MS);
}

/* --- arguments --- */

static bool read_modes(struct search_job *sj, const json_t *list)
{
    size_t i;
    const json_t *item;
    json_array_foreach(list, i, item)
    {
        const char *name = json_string_value(item);
        if (sj->n_modes == MODES_MAX || !name || !search_mode_parse(name, &sj->modes[sj->n_modes++]))
            return false;
    }
    if (sj->n_modes == 0)
        sj->modes[sj->n_modes++] = SEARCH_SECONDARY;
    return true;
}

static bool read_rates(struct search_job *sj, const json_t *v)
{
    size_t i;
    const json_t *item;
    if (json_is_integer(v))
        sj->rates[sj->n_rates++] = (uint32_t)json_integer_value(v);
    json_array_foreach(v, i, item)
    {
        if (sj->n_rates == RATES_MAX)
            return false;
        sj->rates[sj->n_rates++] = (uint32_t)json_integer_value(item);
    }
    if (sj->n_rates == 0)
        sj->n_rates = 1;
    return true;
}

static void add_lane(struct search_job *sj, unsigned number)
{
    struct search_lane *sl = &sj->lanes[sj->n_lanes++];
    sl->job = sj;
    sl->lane = &sj->master->lanes[number - 1];
    sl->search = xcalloc(1, sizeof *sl->search);
    timer_init(&sl->timer, sj->master->app->loop, "bus search", on_timer, sl);
    sl->turn = (struct bus_turn){ .holder = "search", .granted = on_granted, .on_bytes = on_bytes, .lost = on_lost };
    sl->turn.ctx = sl;
}

/* Without a list: all that are enabled. */
static void add_lanes(struct search_job *sj, const json_t *buses)
{
    for (unsigned n = 1; n <= BUS_N; n++) {
        const struct bus_cfg *c = settings_cfg(sj->master->app->settings, "bus", n);
        bool is_listed = !buses && c->enabled;
        size_t i;
        const json_t *item;
        json_array_foreach(buses, i, item) is_listed = is_listed || json_integer_value(item) == (json_int_t)n;
        if (is_listed)
            add_lane(sj, n);
    }
}

static bool read_args(struct search_job *sj, const struct job *j)
{
    json_t *args = json_loads(j->args, 0, NULL);
    const char *mask = json_string_value(json_object_get(args, "mask"));
    const json_t *max = json_object_get(args, "max_meters"), *do_install = json_object_get(args, "install");
    sj->mask = UINT32_MAX;
    sj->max_meters = max ? (uint64_t)json_integer_value(max) : SEARCH_FOUND_MAX;
    sj->install = !do_install || json_is_true(do_install);
    sj->has_hex = json_is_true(json_object_get(args, "hex"));
    bool is_good = args && (!mask || address_ident_parse(mask, &sj->mask)) &&
                   read_modes(sj, json_object_get(args, "modes")) && read_rates(sj, json_object_get(args, "baud"));
    if (is_good)
        add_lanes(sj, json_object_get(args, "buses"));
    json_decref(args);
    return is_good && sj->n_lanes > 0;
}

/* --- start and cancel --- */

static void start(void *ctx, struct job *j)
{
    struct master *m = ctx;
    struct search_job *sj = xcalloc(1, sizeof *sj);
    sj->master = m;
    sj->id = j->id;
    if (!read_args(sj, j)) {
        job_error(m->app->jobs, j, "search", "no interface is enabled, or the arguments of the job are not understood");
        job_end(m->app->jobs, j, ERR_INVALID);
        free_job(sj);
        return;
    }
    j->state_of_kind = sj;
    DL_APPEND(m->searches, sj);
    sj->n_open = sj->n_lanes;
    for (size_t i = 0; i < sj->n_lanes; i++) {
        struct search_lane *sl = &sj->lanes[i];
        begin_pass(sl);
        bus_request(sl->lane->bus, &sl->turn, BUS_SEARCH);
    }
    tell_result(sj);
    tell_progress(sj);
}

static void stop_job(struct search_job *sj)
{
    sj->is_cancelled = true;
    sj->n_open++;
    for (size_t i = 0; i < sj->n_lanes; i++)
        if (sj->lanes[i].search)
            end_lane(&sj->lanes[i]);
    close_one(sj);
}

/* What was found is kept: it is installed already, and stands in the result. */
static void cancel(void *ctx, struct job *j)
{
    (void)ctx;
    if (j->state_of_kind)
        stop_job(j->state_of_kind);
}

void search_job_register(struct master *m)
{
    const struct job_kind kind = { .name = "search", .start = start, .cancel = cancel, .ctx = m, .persist = true };
    jobs_add_kind(m->app->jobs, &kind);
}

void search_jobs_stop(struct master *m)
{
    while (m->searches)
        stop_job(m->searches);
}
