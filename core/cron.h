/* cron.h — when does a cron pattern fire next?
 *
 * Five fields: minute 0-59, hour 0-23, day of month 1-31, month 1-12 or jan…dec, day of week 0-7 (0 and 7 Sunday) or
 * sun…sat. In each: star, number, range a-b, step after a slash (star/15, 10-16/2, 5/10), lists with commas, a random
 * value "?" or "?a-b". Several patterns are joined with "|". Day of month and day of week must BOTH match (the user's manual:
 * "* 12 16 * mon" is a Monday that is the 16th). Names in any case.
 * A random field is drawn from `seed`: minute and hour anew for each day, day of the week for each week, day for each
 * month, month for each year. So a gateway keeps its minute within a day, also over restarts, and many gateways do not call
 * a server at once.
 * When the clocks change: a pattern with every hour goes by elapsed time, and fires in both of two equal hours. One that
 * names hours fires once a day at each of its times: a time that spring skips at the end of the gap, one that autumn
 * repeats the first time.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CORE_CRON_H
#define CORE_CRON_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/civil.h"
#include "core/base/err.h"

enum { CRON_TEXT_MAX = 255, CRON_ALTERNATIVES_MAX = 16 };

struct cron_field {
    uint64_t values; /* bit n: n matches */
    bool is_random;  /* one of values is drawn */
};
struct cron {
    unsigned n;
    struct cron_alternative {
        struct cron_field minute, hour, day, month, weekday;
    } alt[CRON_ALTERNATIVES_MAX];
};

MUST_USE enum err cron_parse(struct cron *out, const char *text, struct err_at *at);
/* The first minute start after `after_utc` (exclusive) that matches. False when none comes within five years. */
bool cron_next(const struct cron *c, const struct zone *z, uint64_t seed, int64_t after_utc, int64_t *next_utc);

#endif
