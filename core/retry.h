/* retry.h — how often and how soon a report is tried again.
 *
 * Adaptive: from the report's own interval (1–15 min: 1 retry at once; 16–60 min: 2, 300 s apart; 61 min–23 h: 3, 500 s;
 * longer: 6, 3600 s). Off: the general job settings.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CORE_RETRY_H
#define CORE_RETRY_H

#include <stdbool.h>
#include <stdint.h>

struct retry_plan {
    unsigned retries; /* after the first try */
    int64_t delay_s;  /* between two tries */
};

struct retry_plan retry_plan(bool adaptive, int64_t interval_s, struct retry_plan otherwise);

#endif
