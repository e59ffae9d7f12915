/* sim_bus.h — the wire of a simulated segment: bytes take their time, answers overlay, faults strike.
 *
 * A pure machine: bytes of the host and the present time go in, bytes for the host come out by a callback, and it says
 * when it wants to be run next. All times are monotonic nanoseconds; no bit is late because a callback was.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SIM_SIM_BUS_H
#define TESTS_SIM_SIM_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/clock.h"
#include "tests/sim/sim_fault.h"
#include "tests/sim/sim_meter.h"
#include "tests/sim/sim_stats.h"

enum { SIM_DELAY_BITS_MIN = 11 }; /* EN 13757-2: no slave answers earlier */

struct sim_bus_cfg {
    uint32_t baud;       /* 0: everything at once */
    uint32_t delay_bits; /* from the last bit of a request to the first of the answer */
};

struct sim_bus_ops {
    void *ctx;
    void (*out)(void *ctx, const uint8_t *bytes, size_t len);
    uint32_t (*host_baud)(void *ctx); /* what the host has set on its side; 0: it cannot be seen */
};

struct sim_bus;
/* Meters, faults, stats and clock are borrowed. */
struct sim_bus *sim_bus_create(const struct sim_bus_cfg *cfg, const struct sim_bus_ops *ops, struct sim_meters *meters,
                               struct sim_faults *faults, struct sim_stats *stats);
void sim_bus_free(struct sim_bus *b);

/* How many bytes the host may send now; the rest has to wait in its pipe. */
size_t sim_bus_room(const struct sim_bus *b);
/* Bytes of the host that arrived at now_ns; not more than there is room for. */
void sim_bus_push(struct sim_bus *b, int64_t now_ns, const uint8_t *bytes, size_t len);
/* Does all that is due. utc is what meters take as the present time. */
void sim_bus_run(struct sim_bus *b, int64_t now_ns, int64_t utc);
/* When to run next; INT64_MAX: not before the host sends something. */
int64_t sim_bus_next_ns(const struct sim_bus *b);
/* Another host: what was on the way to or from the old one is gone. The meters stay as they are. */
void sim_bus_new_host(struct sim_bus *b);

#endif
