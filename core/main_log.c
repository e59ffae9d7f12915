/* main_log.c — log lines on their way to the store and to the event bus.
 *
 * Knows: which lines are wanted, flood suppression, that a line may be said in the middle of anything: lines gather in a
 * ring that a deferred call empties.
 * Does not know: how the store keeps them.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/main_log.h"

#include <stdlib.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/event.h"
#include "core/gateway_settings.h"
#include "core/logflood.h"
#include "core/service.h"
#include "io/loop.h"
#include "store/store.h"

enum { LINES_MAX = 256 };

struct line {
    int64_t utc_us;
    enum log_level level;
    char origin[LOG_ORIGIN_MAX], text[LOG_TEXT_MAX];
};

struct main_log {
    struct app *app;
    struct logflood *flood;
    struct line *lines; /* ring of n_lines from first_line */
    size_t first_line, n_lines, n_dropped;
    bool is_flush_due; /* a deferred flush() is to come */
};

static void keep_line(struct main_log *ml, const struct line *l)
{
    const struct store_entry e = { .utc_us = l->utc_us, .level = l->level, .origin = l->origin, .text = l->text };
    enum err kept = store_journal_put(ml->app->store, JOURNAL_LOG, &e);
    ml->n_dropped += kept != ERR_OK;
    const struct event ev = { .type = EV_LOG, .u.log = { l->utc_us, l->level, l->origin, l->text } };
    events_publish(ml->app->events, &ev);
}

/* Lines that come meanwhile wait for the next flush. */
static void flush(void *ctx)
{
    struct main_log *ml = ctx;
    ml->is_flush_due = false;
    for (size_t left = ml->n_lines; left > 0; left--) {
        struct line l = ml->lines[ml->first_line];
        ml->first_line = (ml->first_line + 1) % LINES_MAX;
        ml->n_lines--;
        keep_line(ml, &l);
    }
    if (ml->n_dropped > 0) { /* this line may be dropped too; the second of its kind is suppressed, so that ends */
        size_t n = ml->n_dropped;
        ml->n_dropped = 0;
        log_warn("log", "%zu lines could not be kept", n);
    }
}

static void queue_line(void *ctx, enum log_level level, const char *origin, const char *text)
{
    struct main_log *ml = ctx;
    if (ml->n_lines == LINES_MAX) {
        ml->n_dropped++;
        return;
    }
    struct line *l = &ml->lines[(ml->first_line + ml->n_lines++) % LINES_MAX];
    l->utc_us = clock_utc_us(ml->app->clock);
    l->level = level;
    str_copy(l->origin, sizeof l->origin, origin);
    str_copy(l->text, sizeof l->text, text);
    if (!ml->is_flush_due) {
        ml->is_flush_due = true;
        loop_defer(ml->app->loop, flush, ml);
    }
}

static void on_log(void *ctx, enum log_level level, const char *origin, const char *text)
{
    struct main_log *ml = ctx;
    const struct log_cfg *cfg = settings_cfg(ml->app->settings, "log", 0);
    if ((int)level >= log_cfg_level(cfg))
        logflood_put(ml->flood, clock_mono_ms(ml->app->clock), level, origin, text);
}

struct main_log *main_log_create(struct app *app)
{
    struct main_log *ml = xcalloc(1, sizeof *ml);
    ml->app = app;
    ml->lines = xcalloc(LINES_MAX, sizeof *ml->lines);
    ml->flood = logflood_create(queue_line, ml);
    log_add_sink(on_log, ml);
    return ml;
}

void main_log_free(struct main_log *ml)
{
    if (!ml)
        return;
    log_remove_sink(on_log, ml);
    flush(ml);
    logflood_free(ml->flood);
    free(ml->lines);
    free(ml);
}

void main_log_tick(struct main_log *ml)
{
    (void)logflood_tick(ml->flood, clock_mono_ms(ml->app->clock));
}
