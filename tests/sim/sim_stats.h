/* sim_stats.h — what happened on a simulated bus, as a JSON file that is replaced as a whole.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SIM_SIM_STATS_H
#define TESTS_SIM_SIM_STATS_H

#include <stdint.h>

#include "core/base/err.h"
#include "tests/sim/sim_fault.h"

struct sim_stats {
    int64_t busy_ns;     /* bits were on the wire, either way */
    uint64_t requests;   /* good frames of the master */
    uint64_t selections; /* of these, selection telegrams */
    uint64_t answers;    /* of meters; E5 or a frame, also damaged ones */
    uint64_t readouts;   /* of these, data telegrams */
    uint64_t collisions; /* requests that several meters answered */
    uint64_t bytes_in, bytes_out;
};

enum { SIM_STATS_TEXT_MAX = 1024 };
/* One JSON object with a newline. */
void sim_stats_text(char out[static SIM_STATS_TEXT_MAX], const struct sim_stats *s, const struct sim_faults *f,
                    int64_t elapsed_us);
MUST_USE enum err sim_stats_write(const char *path, const char *text, struct err_at *at);

#endif
