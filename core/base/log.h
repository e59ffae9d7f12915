/* log.h — one line out: object, what, why. Never secrets.
 *   Error: a person must act. Warning: we coped. Info: what an installer wants to know. Debug: bytes, capped.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CORE_BASE_LOG_H
#define CORE_BASE_LOG_H

#include <stdbool.h>

#include "core/base/err.h"

/* The numbers are those users meet in filters and exports. */
enum log_level {
    LOG_LEVEL_DEBUG = -2,
    LOG_LEVEL_UNKNOWN = -1,
    LOG_LEVEL_INFO = 0,
    LOG_LEVEL_WARNING = 1,
    LOG_LEVEL_ERROR = 2,
    LOG_LEVEL_CRITICAL = 3,
    LOG_LEVEL_FATAL = 4,
    LOG_LEVEL_EXCEPTION = 5,
    LOG_LEVEL_EVENT = 6,
};
const char *log_level_name(enum log_level level);                         /* "warning" */
MUST_USE enum err log_level_parse(const char *text, enum log_level *out); /* name or number */

enum { LOG_TEXT_MAX = 512, LOG_ORIGIN_MAX = 32 };

/* origin is a short constant-like word: "bus1", "report3", "store". text ends without newline. */
typedef void log_sink_fn(void *ctx, enum log_level level, const char *origin, const char *text);
void log_add_sink(log_sink_fn *fn, void *ctx); /* at most 4; the one global of the program */
void log_remove_sink(log_sink_fn *fn, void *ctx);
void log_set_stderr(bool on, enum log_level least); /* on at start, from INFO */

void log_at(enum log_level level, const char *origin, const char *fmt, ...) PRINTF_LIKE(3, 4);
#define log_error(origin, ...) log_at(LOG_LEVEL_ERROR, origin, __VA_ARGS__)
#define log_warn(origin, ...)  log_at(LOG_LEVEL_WARNING, origin, __VA_ARGS__)
#define log_info(origin, ...)  log_at(LOG_LEVEL_INFO, origin, __VA_ARGS__)
#define log_debug(origin, ...) log_at(LOG_LEVEL_DEBUG, origin, __VA_ARGS__)
bool log_wants_debug(void);

#endif
