/* schedule.h — named cron patterns that fire on time, also when the clock jumps.
 *
 * Pure: schedules_tick(now_utc) fires what is due and returns the next due time. Times are computed from the pattern, never
 * by adding to the last run. A forward jump over due times fires each schedule once; a backward jump of up to three hours
 * fires nothing twice, after a longer one schedules follow the new time. A callback may put and remove schedules.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CORE_SCHEDULE_H
#define CORE_SCHEDULE_H

#include "core/base/civil.h"
#include "core/base/err.h"

typedef void schedule_fn(void *ctx, unsigned instance, int64_t due_utc);

struct schedules;
struct schedules *schedules_create(uint64_t seed);
void schedules_free(struct schedules *s);
void schedules_set_zone(struct schedules *s, const struct zone *z, int64_t now_utc);
/* Sets or replaces the schedule `name` + instance; pattern "" or NULL removes it. */
MUST_USE enum err schedules_put(struct schedules *s, const char *name, unsigned instance, const char *pattern,
                                int64_t now_utc, schedule_fn *fn, void *ctx, struct err_at *at);
int64_t schedules_tick(struct schedules *s, int64_t now_utc); /* next due UTC second, INT64_MAX when none */
int64_t schedules_next(const struct schedules *s, const char *name, unsigned instance); /* 0: none */
/* Typical seconds between two firings around now (the smallest of the next few gaps); 0 when none. */
int64_t schedules_interval_s(const struct schedules *s, const char *name, unsigned instance, int64_t now_utc);

#endif
