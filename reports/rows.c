/* rows.c — which stored readouts of one meter go into a report. Pure.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reports/rows.h"

static int64_t slot_of(const struct rows_rule *rule, int64_t utc)
{
    if (rule->interval_s == 0)
        return utc;
    int64_t local = zone_local(rule->zone, utc), slot = local / rule->interval_s;
    return local < 0 && local % rule->interval_s ? slot - 1 : slot;
}

struct rows rows_begin(const struct rows_rule *rule, int64_t mark_utc)
{
    struct rows r = { .rule = rule, .done_utc = mark_utc };
    if (rule->period_s > 0) {
        r.from_utc = rule->now_utc - rule->period_s;
    } else {
        r.from_utc = mark_utc > 0 ? mark_utc + 1 : 0;
        /* The mark stands where its slot was dealt with. */
        r.is_covered = mark_utc > 0;
        r.slot = slot_of(rule, mark_utc);
        r.last_utc = mark_utc;
    }
    return r;
}

bool rows_take(struct rows *r, int64_t utc, enum readout_status status)
{
    int64_t slot = slot_of(r->rule, utc);
    if (slot != r->slot) {
        if (r->last_utc > r->done_utc)
            r->done_utc = r->last_utc; /* its slot is over, with or without a good readout */
        r->slot = slot;
        r->is_covered = false;
    }
    bool is_taken = status == READOUT_OK && !r->is_covered;
    if (is_taken) {
        r->n_taken++;
        r->is_covered = true;
    }
    r->last_utc = utc;
    /* A failed readout of an open slot stays behind the mark: a good one of the slot may come yet. */
    if ((r->is_covered || r->rule->interval_s == 0) && utc > r->done_utc)
        r->done_utc = utc;
    return is_taken;
}

bool rows_is_full(const struct rows *r)
{
    return r->rule->period_s == 0 && r->n_taken >= ROWS_AUTO_MAX;
}
