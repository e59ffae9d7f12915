/* rows.h — which stored readouts of one meter go into a report: value period, value interval, what was delivered. Pure.
 *
 * Feed it the readouts from rows_from() on, oldest first; it says of each whether it goes in. When the report was
 * delivered, rows_mark() is the meter's new delivery mark.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REPORTS_ROWS_H
#define REPORTS_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/civil.h"
#include "core/reading.h"

enum { ROWS_AUTO_MAX = 180 }; /* readouts of one meter in one report of period auto */

struct rows_rule {
    int64_t period_s;   /* 0: auto, what is not delivered yet */
    int64_t interval_s; /* 0: all; else one per such slot of local time */
    int64_t now_utc;
    const struct zone *zone;
};

struct rows {
    const struct rows_rule *rule;
    int64_t from_utc;
    int64_t slot;     /* the slot of the newest readout that was looked at */
    bool is_covered;  /* nothing more is wanted of this slot */
    int64_t last_utc; /* newest readout that was looked at; 0: none */
    int64_t done_utc; /* all up to here is dealt with */
    unsigned n_taken;
};

/* mark_utc: newest readout delivered before, 0 for none. */
struct rows rows_begin(const struct rows_rule *rule, int64_t mark_utc);
/* True: this readout goes in. */
bool rows_take(struct rows *r, int64_t utc, enum readout_status status);
bool rows_is_full(const struct rows *r);
static inline int64_t rows_from(const struct rows *r)
{
    return r->from_utc;
}
static inline int64_t rows_mark(const struct rows *r)
{
    return r->done_utc;
}

#endif
