/* main_keep.c — what outlives a restart, between the store and the model: meters, learnt telegram formats, jobs.
 *
 * Knows: how a job is written down. Does not know: settings, which have their file.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/main_keep.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/job.h"
#include "core/meter.h"
#include "core/service.h"
#include "protocols/codec/mbus/compact.h"
#include "store/store.h"

/* --- meters and formats --- */

static void load_meter(void *ctx, const struct meter *m)
{
    struct app *app = ctx;
    struct meter *out = NULL;
    struct err_at at = { 0 };
    if (meters_add(app->meters, m, &out, &at) != ERR_OK)
        log_error("store", "meter %" PRIu32 " of the stored list is refused: %s", m->id, at.text);
}

static bool note_last(void *ctx, const struct store_reading *r)
{
    struct meter *m = ctx;
    m->last_utc = r->utc;
    m->last_status = r->status;
    return false;
}

static void on_format_learnt(void *ctx, uint16_t signature, const uint8_t *headers, size_t len)
{
    struct app *app = ctx;
    char name[8];
    str_fmt(name, sizeof name, "%04x", signature);
    if (store_record_put(app->store, "format", name, headers, len, false) != ERR_OK)
        log_warn("store", "the telegram format %s could not be kept", name);
}

static bool load_format(void *ctx, const char *name, const void *data, size_t len)
{
    (void)name;
    formats_learn(ctx, data, len);
    return true;
}

enum err main_keep_load(struct app *app, struct err_at *at)
{
    uint32_t next_id = 1;
    enum err e = store_meters_load(app->store, load_meter, app, &next_id);
    if (e != ERR_OK)
        return err_say(at, e, "the meter list cannot be read from the store: %s", err_text(e));
    meters_set_next_id(app->meters, next_id);
    for (size_t i = 0; i < meters_count(app->meters) && e == ERR_OK; i++) {
        struct meter *m = meters_at(app->meters, i);
        e = store_readings_newest(app->store, m->id, 0, INT64_MAX, 1, note_last, m);
    }
    if (e != ERR_OK)
        return err_say(at, e, "the last readouts cannot be read from the store: %s", err_text(e));
    e = store_record_each(app->store, "format", load_format, app->formats);
    formats_set_learnt(app->formats, on_format_learnt, app);
    return e == ERR_OK ? e : err_say(at, e, "the telegram formats cannot be read from the store: %s", err_text(e));
}

/* --- jobs --- */

static void save_job(void *ctx, const struct job *j, bool is_over)
{
    struct app *app = ctx;
    char name[24], head[160];
    str_fmt(name, sizeof name, "%016" PRIx64, j->id);
    if (is_over) {
        enum err e = store_record_remove(app->store, "job", name);
        if (e != ERR_OK && e != ERR_NOT_FOUND)
            log_warn("store", "ended job %" PRIu64 " could not be removed: it starts again after a restart", j->id);
        return;
    }
    /* kind, lane and who, a line each, then the arguments */
    str_fmt(head, sizeof head, "%s\n%u\n%s\n", j->kind->name, j->lane, j->by);
    size_t head_len = strlen(head), args_len = strlen(j->args);
    char *record = xmalloc(head_len + args_len);
    bytes_copy(record, head_len, head, head_len);
    bytes_copy(record + head_len, args_len, j->args, args_len);
    if (store_record_put(app->store, "job", name, record, head_len + args_len, true) != ERR_OK)
        log_warn("store", "job %" PRIu64 " could not be kept: it will not survive a restart", j->id);
    free(record);
}

static bool load_job(void *ctx, const char *name, const void *data, size_t len)
{
    struct app *app = ctx;
    char *text = xstrndup(data, len), *rest = text;
    const char *kind = strsep(&rest, "\n"), *lane = rest ? strsep(&rest, "\n") : NULL;
    const char *by = rest ? strsep(&rest, "\n") : NULL;
    uint64_t n = 0;
    if (by && rest && str_to_u64(lane, UINT_MAX, &n) == ERR_OK)
        jobs_restore(app->jobs, strtoull(name, NULL, 16), kind, (unsigned)n, rest, by);
    free(text);
    return true;
}

void main_keep_jobs(struct app *app)
{
    jobs_set_save(app->jobs, save_job, app);
}

enum err main_keep_load_jobs(struct app *app, struct err_at *at)
{
    enum err e = store_record_each(app->store, "job", load_job, app);
    return e == ERR_OK ? e : err_say(at, e, "the waiting jobs cannot be read from the store: %s", err_text(e));
}
