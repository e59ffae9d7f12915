/* sim_made.h — made-up meters: heat, water and electricity, whose counters move with the wall clock.
 *
 * All they say is a function of a seed and the time: counters never step back, not even over a restart, power is the
 * slope of energy, and the temperature difference fits energy and volume.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SIM_SIM_MADE_H
#define TESTS_SIM_SIM_MADE_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/wr.h"

enum sim_made_kind { SIM_MADE_HEAT, SIM_MADE_WATER, SIM_MADE_ELECTRICITY, SIM_MADE_N };

/* A counter: its mean rate and how that swings over the year, the day and some hours. All parts together below 1. */
struct sim_wave {
    double rate_per_h;
    double year, day, hours; /* share of the mean */
    double phase;            /* 0…1, turns the day and the hours */
};

struct sim_made {
    enum sim_made_kind kind;
    uint32_t ident;  /* 8 BCD digits */
    uint8_t primary; /* A field */
    uint64_t seed;
    int64_t installed_utc;          /* all counters were 0 */
    struct sim_wave energy, volume; /* kWh, m3 */
};

const char *sim_made_name(enum sim_made_kind kind); /* "made-up heat meter" */
void sim_made_init(struct sim_made *m, enum sim_made_kind kind, uint32_t ident, uint8_t primary, uint64_t seed);
/* The whole frame as the meter would send it then, with access number 0. */
void sim_made_put(struct wr *w, const struct sim_made *m, int64_t utc);

#endif
