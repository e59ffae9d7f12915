/* logflood.c — keeps one fault from filling the log.
 *
 * Knows: which lines came within the last minute, and how often. Does not know: where lines go; the time.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/logflood.h"

#include <stdlib.h>
#include <uthash.h>

#include "core/base/mem.h"
#include "core/base/str.h"

enum { LINES_MAX = 256, QUIET_MS = 60 * 1000 };

struct line {
    char key[LOG_ORIGIN_MAX + LOG_TEXT_MAX + 2]; /* origin, newline (which no line has), text */
    const char *text;                            /* in key */
    char origin[LOG_ORIGIN_MAX];
    enum log_level level;
    int64_t until_ms;
    unsigned n_hidden;
    UT_hash_handle hh;
};

struct logflood {
    log_sink_fn *out;
    void *ctx;
    struct line *lines; /* in the order they came, hence of their until_ms */
};

struct logflood *logflood_create(log_sink_fn *out, void *ctx)
{
    struct logflood *f = xcalloc(1, sizeof *f);
    f->out = out;
    f->ctx = ctx;
    return f;
}

void logflood_free(struct logflood *f)
{
    struct line *l, *next;
    if (!f)
        return;
    HASH_ITER (hh, f->lines, l, next) {
        HASH_DEL(f->lines, l);
        free(l);
    }
    free(f);
}

/* Off the table first: what the sink logs in its turn must find it whole. */
static void sum_up(struct logflood *f, struct line *l)
{
    char text[LOG_TEXT_MAX];
    HASH_DEL(f->lines, l);
    if (l->n_hidden) {
        str_fmt(text, sizeof text, "%u more within a minute: %s", l->n_hidden, l->text);
        f->out(f->ctx, l->level, l->origin, text);
    }
    free(l);
}

int64_t logflood_tick(struct logflood *f, int64_t now_ms)
{
    while (f->lines && f->lines->until_ms <= now_ms)
        sum_up(f, f->lines);
    return f->lines ? f->lines->until_ms : INT64_MAX;
}

void logflood_put(struct logflood *f, int64_t now_ms, enum log_level level, const char *origin, const char *text)
{
    struct line *l = xcalloc(1, sizeof *l), *known;
    logflood_tick(f, now_ms);
    str_copy(l->origin, sizeof l->origin, origin);
    str_fmt(l->key, sizeof l->key, "%s\n%s", l->origin, text);
    l->text = l->key + strlen(l->origin) + 1;
    HASH_FIND_STR(f->lines, l->key, known);
    if (known) {
        known->n_hidden++;
        free(l);
        return;
    }
    if (HASH_COUNT(f->lines) >= LINES_MAX)
        sum_up(f, f->lines);
    l->level = level;
    l->until_ms = now_ms + QUIET_MS;
    HASH_ADD_STR(f->lines, key, l);
    f->out(f->ctx, level, origin, text);
}
