/* logflood.h — keeps one fault from filling the log: a line that was logged is not logged again for a minute; then one
 * line says how often it came, and the next one is logged as usual. Lines are the same when origin and text are.
 * Pure, and bounded: of more than 256 different lines a minute the oldest is forgotten (and summed up) first.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CORE_LOGFLOOD_H
#define CORE_LOGFLOOD_H

#include <stdint.h>

#include "core/base/log.h"

struct logflood;
struct logflood *logflood_create(log_sink_fn *out, void *ctx);
void logflood_free(struct logflood *f); /* says no sums any more */
/* Passes the line on, or counts it. */
void logflood_put(struct logflood *f, int64_t now_ms, enum log_level level, const char *origin, const char *text);
/* Says the sums that are due; returns when it wants to be called next, INT64_MAX: not before the next put. */
int64_t logflood_tick(struct logflood *f, int64_t now_ms);

#endif
