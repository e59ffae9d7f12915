/* log.c — one line out, to standard error and to at most four sinks.
 *
 * The table of sinks is the one mutable global of the program: whatever code finds something to say can say it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/base/log.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/bug.h"
#include "core/base/civil.h"
#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/base/str.h"

enum { SINKS_MAX = 4 };

static struct {
    struct {
        log_sink_fn *fn;
        void *ctx;
    } sinks[SINKS_MAX];
    bool is_quiet;        /* nothing to standard error */
    enum log_level least; /* to standard error */
    bool is_delivering;   /* what a sink itself logs goes to standard error only */
} out = { .least = LOG_LEVEL_INFO };

static const struct {
    enum log_level level;
    const char *name;
} names[] = {
    { LOG_LEVEL_DEBUG, "debug" },     { LOG_LEVEL_UNKNOWN, "unknown" },     { LOG_LEVEL_INFO, "info" },
    { LOG_LEVEL_WARNING, "warning" }, { LOG_LEVEL_ERROR, "error" },         { LOG_LEVEL_CRITICAL, "critical" },
    { LOG_LEVEL_FATAL, "fatal" },     { LOG_LEVEL_EXCEPTION, "exception" }, { LOG_LEVEL_EVENT, "event" },
};

const char *log_level_name(enum log_level level)
{
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (names[i].level == level)
            return names[i].name;
    }
    return "unknown";
}

enum err log_level_parse(const char *text, enum log_level *level)
{
    int64_t number;
    if (str_to_i64(text, LOG_LEVEL_DEBUG, LOG_LEVEL_EVENT, &number) == ERR_OK) {
        *level = (enum log_level)number;
        return ERR_OK;
    }
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (str_eq_nocase(names[i].name, text)) {
            *level = names[i].level;
            return ERR_OK;
        }
    }
    return ERR_SYNTAX;
}

void log_add_sink(log_sink_fn *fn, void *ctx)
{
    for (size_t i = 0; i < SINKS_MAX; i++) {
        if (!out.sinks[i].fn) {
            out.sinks[i].fn = fn;
            out.sinks[i].ctx = ctx;
            return;
        }
    }
    BUG_IF(fn != NULL);
}

void log_remove_sink(log_sink_fn *fn, void *ctx)
{
    for (size_t i = 0; i < SINKS_MAX; i++) {
        if (out.sinks[i].fn == fn && out.sinks[i].ctx == ctx)
            out.sinks[i].fn = NULL;
    }
}

void log_set_stderr(bool on, enum log_level least)
{
    out.is_quiet = !on;
    out.least = least;
}

bool log_wants_debug(void)
{
    return !out.is_quiet && out.least <= LOG_LEVEL_DEBUG;
}

static void to_stderr(enum log_level level, const char *origin, const char *text)
{
    char when[CIVIL_TEXT_MAX], line[LOG_TEXT_MAX + 128];
    civil_utc_text(when, clock_utc(clock_system()));
    struct pollfd room = { .fd = STDERR_FILENO, .events = POLLOUT };
    int n = snprintf(line, sizeof line, "%s %s %s: %s\n", when, log_level_name(level), origin, text);
    /* A reader that stands still, say a pager, must not stop us: the line is lost there, the sinks get it. */
    if (n <= 0 || poll(&room, 1, 0) != 1 || !(room.revents & POLLOUT))
        return;
    /* One write, so that lines of several processes do not mix; nothing could be done about a failure. */
    if (write(STDERR_FILENO, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1) < 0)
        return;
}

/* What peers send may hold anything: a line stays one line. */
static void one_line(char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7F)
            *text = ' ';
    }
}

void log_at(enum log_level level, const char *origin, const char *fmt, ...)
{
    char text[LOG_TEXT_MAX], full[2 * LOG_TEXT_MAX];
    if (level == LOG_LEVEL_DEBUG && !log_wants_debug())
        return;
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(full, sizeof full, fmt, args);
    va_end(args);
    str_copy(text, sizeof text, n < 0 ? fmt : full);
    one_line(text);
    if (!out.is_quiet && (level >= out.least))
        to_stderr(level, origin, text);
    if (out.is_delivering || level == LOG_LEVEL_DEBUG)
        return;
    out.is_delivering = true;
    for (size_t i = 0; i < SINKS_MAX; i++) {
        if (out.sinks[i].fn)
            out.sinks[i].fn(out.sinks[i].ctx, level, origin, text);
    }
    out.is_delivering = false;
}
