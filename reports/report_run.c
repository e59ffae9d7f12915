/* report_run.c — one try to make and deliver one report.
 *
 *   WAITING for a readout that is under way -> COLLECTING rows, a slice a turn -> DELIVERING -> the end
 *
 * Delivery marks move after the server has taken the report, and only for what it held.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reports/report_run.h"

#include <inttypes.h>
#include <stdlib.h>
#include <utlist.h>

#include "core/base/bug.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/meter.h"
#include "io/loop.h"
#include "reports/deliver.h"
#include "reports/report_settings.h"
#include "reports/rows.h"
#include "reports/template.h"
#include "store/store.h"

enum { SLICE_US = 4000, READINGS_PER_CALL = 32, LOOK_MS = 1000, WAIT_MAX_MS = 600000, FILENAME_MAX = 80 };
enum { TRANSPORT_HTTP = 3000 };

enum run_state { RUN_WAITING, RUN_COLLECTING, RUN_DELIVERING };

struct dealt_with { /* a meter's delivery mark, once the report is delivered */
    uint32_t meter;
    int64_t utc;
};

struct run {
    struct app *app;
    struct run **list;
    struct run_end end;
    uint64_t job_id;
    unsigned number;
    enum run_state state;
    struct timer timer;
    int64_t wait_until_ms;
    struct report_cfg cfg; /* as it was at the start */
    const struct template *template;
    struct rows_rule rule;
    struct sheet sheet;
    struct render render;
    uint32_t meter; /* the one in work, or the last one done with */
    bool is_meter_open;
    size_t n_looked_at; /* meters, for the job's progress */
    struct rows rows;   /* of the open meter */
    int64_t from_utc;   /* where to go on with it */
    struct dealt_with *dealt;
    size_t n_dealt, dealt_size;
    uint64_t n_readouts;
    unsigned n_meters; /* with a readout in the report */
    char filename[FILENAME_MAX];
    struct fetch_job *transfer; /* NULL but in DELIVERING */
    struct run *prev, *next;
};

/* --- the end --- */

static void run_free(struct run *r)
{
    DL_DELETE(*r->list, r);
    if (r->transfer)
        fetch_cancel(r->transfer);
    timer_fini(&r->timer);
    sheet_fini(&r->sheet);
    free(r->dealt);
    bytes_wipe(&r->cfg, sizeof r->cfg);
    free(r);
}

static void run_finish(struct run *r, struct run_result *result)
{
    char json[256];
    struct json_out j;
    json_init(&j, json, sizeof json - 1, NULL, NULL);
    json_object(&j);
    json_key_bool(&j, "sent", result->is_sent);
    json_key_int(&j, "readouts", (int64_t)r->n_readouts);
    json_key_int(&j, "meters", (int64_t)r->n_meters);
    json_key_int(&j, "bytes", (int64_t)r->sheet.len);
    json_key_str(&j, "filename", r->filename);
    json_object_end(&j);
    json[json_len(&j)] = '\0';
    result->json = json;
    result->readouts = r->n_readouts;
    result->meters = r->n_meters;
    result->bytes = r->sheet.len;
    result->filename = r->filename;
    struct run_end end = r->end;
    uint64_t job_id = r->job_id;
    end.fn(end.ctx, job_id, result);
    run_free(r);
}

static void run_fail(struct run *r, enum err err, bool is_hopeless, const char *text)
{
    struct run_result result = { .err = err, .text = text, .is_hopeless = is_hopeless };
    run_finish(r, &result);
}

/* --- WAITING --- */

static bool readout_is_under_way(struct jobs *js)
{
    for (struct job *j = jobs_next(js, 0); j; j = jobs_next(js, j->id)) {
        bool is_near = j->state == JOB_RUNNING || (j->state == JOB_WAITING && j->attempts == 0);
        if (is_near && str_eq(j->kind->name, "readout"))
            return true;
    }
    return false;
}

/* What keeps this report from being made at all; the sentence goes to the job. */
static enum err check_run(struct run *r, struct err_at *at)
{
    const struct http_cfg *http = settings_cfg(r->app->settings, "http", 0);
    r->template = template_find(r->cfg.template);
    if (r->cfg.type != REPORT_HTTP)
        return err_say(at, ERR_UNSUPPORTED, "only http reports can be sent in this version");
    if (!r->template)
        return err_say(at, ERR_UNSUPPORTED, "there is no template %u", (unsigned)r->cfg.template);
    if (!report_server(&r->cfg, http).url)
        return err_say(at, ERR_INVALID, "no server is set: report%u.url and http.url are empty", r->number);
    return ERR_OK;
}

static void begin_collecting(struct run *r)
{
    int64_t now_utc = clock_utc(r->app->clock);
    r->state = RUN_COLLECTING;
    r->rule.now_utc = now_utc;
    struct civil t;
    civil_from_seconds(zone_local(r->app->zone, now_utc), &t);
    str_fmt(r->filename, sizeof r->filename, "%s_%s_%04d%02d%02d%02d%02d%02d_%u.csv", r->app->serial, r->template->kind,
            t.year, t.month, t.day, t.hour, t.minute, t.second, TRANSPORT_HTTP + r->template->number);
}

/* --- COLLECTING --- */

static void note_dealt_with(struct run *r, uint32_t meter, int64_t utc)
{
    if (r->n_dealt == r->dealt_size) {
        r->dealt_size = r->dealt_size ? 2 * r->dealt_size : 64;
        r->dealt = xrealloc(r->dealt, r->dealt_size, sizeof *r->dealt);
    }
    r->dealt[r->n_dealt++] = (struct dealt_with){ meter, utc };
}

static bool add_reading(void *ctx, const struct store_reading *reading)
{
    struct run *r = ctx;
    struct rows before = r->rows;
    size_t len = r->sheet.len;
    if (!rows_take(&r->rows, reading->utc, reading->status))
        return true;
    r->template->add_reading(&r->render, meters_find(r->app->meters, r->meter), reading);
    if (r->sheet.is_full) { /* as if this readout had not been seen */
        r->rows = before;
        sheet_cut(&r->sheet, len);
        r->sheet.is_full = true;
        return false;
    }
    r->n_readouts++;
    return !rows_is_full(&r->rows);
}

static void open_meter(struct run *r, uint32_t meter)
{
    r->meter = meter;
    r->is_meter_open = true;
    r->rows = rows_begin(&r->rule, store_mark(r->app->store, r->number, meter));
    r->from_utc = rows_from(&r->rows);
}

static void close_meter(struct run *r)
{
    r->is_meter_open = false;
    r->n_looked_at++;
    r->n_meters += r->rows.n_taken > 0;
    if (rows_mark(&r->rows) > store_mark(r->app->store, r->number, r->meter))
        note_dealt_with(r, r->meter, rows_mark(&r->rows));
}

/* The next readouts of the open meter, or the next meter. False: there is none. */
static bool collect_some(struct run *r)
{
    if (!r->is_meter_open) {
        const struct meter *m = r->sheet.is_full ? NULL : meters_after(r->app->meters, r->meter);
        if (!m)
            return false;
        open_meter(r, m->id);
        return true;
    }
    if (!meters_find(r->app->meters, r->meter)) { /* removed meanwhile */
        r->is_meter_open = false;
        return true;
    }
    int64_t next = 0;
    enum err e =
        store_readings(r->app->store, r->meter, r->from_utc, INT64_MAX, READINGS_PER_CALL, add_reading, r, &next);
    if (e) {
        log_error("reports", "report %u: the readouts of meter %" PRIu32 " cannot be read: %s", r->number, r->meter,
                  err_text(e));
        next = 0;
    }
    r->from_utc = next;
    if (next == 0 || r->sheet.is_full || rows_is_full(&r->rows))
        close_meter(r);
    return true;
}

/* --- DELIVERING --- */

static void move_marks(struct run *r)
{
    for (size_t i = 0; i < r->n_dealt; i++) {
        enum err e = store_mark_put(r->app->store, r->number, r->dealt[i].meter, r->dealt[i].utc);
        if (e) {
            log_error("reports", "report %u: what was delivered cannot be marked and will be sent again: %s", r->number,
                      err_text(e));
            return;
        }
    }
}

static void on_delivered(void *ctx, enum err err, const struct fetch_result *answer)
{
    struct run *r = ctx;
    r->transfer = NULL; /* fetch gives it back itself */
    struct err_at at = { 0 };
    enum err e = delivery_judge(err, answer, &at);
    if (e) {
        run_fail(r, e, false, at.text);
        return;
    }
    move_marks(r);
    struct run_result result = { .is_sent = true };
    run_finish(r, &result);
}

static void deliver(struct run *r)
{
    if (r->n_readouts == 0) { /* receivers want no empty posts; failed readouts need not be looked at again */
        move_marks(r);
        struct run_result result = { 0 };
        run_finish(r, &result);
        return;
    }
    const struct http_cfg *http = settings_cfg(r->app->settings, "http", 0);
    struct err_at at = { 0 };
    const struct delivery d = {
        .server = report_server(&r->cfg, http),
        .http = http,
        .filename = r->filename,
        .serial = r->app->serial,
        .version = r->app->version,
        .is_utf8 = r->sheet.conventions.is_utf8,
        .body = r->sheet.bytes,
        .body_len = r->sheet.len,
    };
    r->state = RUN_DELIVERING;
    r->transfer = deliver_http(r->app->fetch, &d, on_delivered, r, &at);
    if (!r->transfer)
        run_fail(r, ERR_INVALID, true, at.text);
}

/* --- slices --- */

static void tell_progress(struct run *r)
{
    struct jobs *js = r->app->jobs;
    job_progress(js, jobs_find(js, r->job_id), r->n_looked_at, meters_count(r->app->meters));
}

static void step(void *ctx)
{
    struct run *r = ctx;
    const struct clock *clock = r->app->clock;
    struct err_at at = { 0 };
    enum err e;
    switch (r->state) {
    case RUN_WAITING:
        e = check_run(r, &at);
        if (e) {
            run_fail(r, e, true, at.text);
            return;
        }
        if (readout_is_under_way(r->app->jobs) && clock_mono_ms(clock) < r->wait_until_ms) {
            timer_start_ms(&r->timer, LOOK_MS);
            return;
        }
        begin_collecting(r);
        break;
    case RUN_COLLECTING:
        r->rule.zone = r->render.zone = r->app->zone; /* may be another one since the last turn */
        for (int64_t until_us = clock->mono_us(clock) + SLICE_US; clock->mono_us(clock) < until_us;) {
            if (!collect_some(r)) {
                tell_progress(r);
                deliver(r);
                return;
            }
        }
        tell_progress(r);
        break;
    case RUN_DELIVERING: /* the transfer has its own events */
        return;
    }
    timer_start_ms(&r->timer, 0);
}

static struct sheet_conventions conventions_of(const struct settings *s)
{
    const struct conventions_cfg *cfg = settings_cfg(s, "conventions", 0);
    static const char decimals[] = { ',', '.' }, separators[] = { ';', '\t', '|' };
    return (struct sheet_conventions){ .separator = separators[cfg->report_separator],
                                       .decimal = decimals[cfg->decimal_separator],
                                       .is_utf8 = cfg->encoding == ENCODING_UTF8 };
}

struct run *run_start(struct app *app, struct run **list, const struct job *j, bool waits_for_readout,
                      struct run_end end)
{
    struct run *r = xcalloc(1, sizeof *r);
    *r = (struct run){ .app = app, .list = list, .end = end, .job_id = j->id, .number = j->lane };
    r->cfg = *(const struct report_cfg *)settings_cfg(app->settings, "report", r->number);
    BUG_IF(duration_parse(r->cfg.period, "auto", &r->rule.period_s) != ERR_OK); /* the registry checked them */
    BUG_IF(duration_parse(r->cfg.interval, "all", &r->rule.interval_s) != ERR_OK);
    sheet_init(&r->sheet, conventions_of(app->settings));
    r->render = (struct render){ .sheet = &r->sheet, .serial = app->serial };
    DL_APPEND(*list, r);
    timer_init(&r->timer, app->loop, "report", step, r);
    r->wait_until_ms = clock_mono_ms(app->clock) + (waits_for_readout ? WAIT_MAX_MS : 0);
    /* A readout that is due at the same second may be queued after us: look a little later. */
    timer_start_ms(&r->timer, waits_for_readout ? LOOK_MS : 0);
    return r;
}

void run_cancel(struct run *r)
{
    run_fail(r, ERR_CANCELLED, true, err_text(ERR_CANCELLED));
}

void run_abandon_all(struct run **list)
{
    while (*list)
        run_free(*list);
}
