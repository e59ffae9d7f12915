/* sim_fault.h — what goes wrong on a simulated bus, each with its probability.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SIM_SIM_FAULT_H
#define TESTS_SIM_SIM_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "tests/sim/sim_rng.h"

/* X(enumerator, "name", "what happens") */
#define SIM_FAULT_LIST(X)                                                                                              \
    X(SIM_FAULT_DROP, "drop", "the meter does not answer")                                                             \
    X(SIM_FAULT_LATE, "late", "the answer comes after the standard's time limit")                                      \
    X(SIM_FAULT_CUT, "cut", "the answer ends early")                                                                   \
    X(SIM_FAULT_FLIP, "flip", "one byte of the answer is changed")                                                     \
    X(SIM_FAULT_JUNK, "junk", "noise comes right before the answer")                                                   \
    X(SIM_FAULT_ECHO, "echo", "the request comes back before the answer, as from an echoing converter")                \
    X(SIM_FAULT_BUSY, "busy", "data requests are answered with application error 8, too busy")                         \
    X(SIM_FAULT_FCB, "fcb", "the meter misreads the frame count bit")                                                  \
    X(SIM_FAULT_ENDLESS, "endless", "every telegram announces another one")

#define SIM_FAULT_ENUMERATOR(id, name, help) id,
enum sim_fault { SIM_FAULT_LIST(SIM_FAULT_ENUMERATOR) SIM_FAULT_N };

struct sim_faults {
    struct sim_rng rng;
    double p[SIM_FAULT_N];
    uint64_t count[SIM_FAULT_N]; /* how often each has happened */
};

const char *sim_fault_name(enum sim_fault f);
const char *sim_fault_help(enum sim_fault f);

void sim_faults_init(struct sim_faults *f, uint64_t seed);
/* "flip=0.05": sets one probability, 0…1. */
MUST_USE enum err sim_faults_set(struct sim_faults *f, const char *text, struct err_at *at);
/* Does it happen now? Asks chance only for faults that are switched on. */
bool sim_faults_strike(struct sim_faults *f, enum sim_fault which);

/* Damages an answer in place; `size` is the room of `bytes`, the new length is returned (0: nothing is left). */
size_t sim_faults_damage(struct sim_faults *f, uint8_t *bytes, size_t len, size_t size);

#endif
