/* sim_meter.h — one simulated meter: the slave machine and where its telegrams come from.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SIM_SIM_METER_H
#define TESTS_SIM_SIM_METER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "protocols/codec/mbus/slave.h"
#include "tests/sim/sim_made.h"
#include "tests/sim/sim_seal.h"

enum { SIM_METERS_MAX = 5000, SIM_CHAIN_MAX = 64 };

struct sim_telegram {
    uint8_t bytes[FRAME_MAX];
    size_t len;
};

struct sim_meter {
    struct slave slave;
    char *name;          /* owned: file, or what is made up */
    uint32_t delay_bits; /* answers so much later than the others */
    bool has_key;
    uint8_t key[SIM_KEY_LEN];
    struct sim_telegram *chain; /* owned; slave.n_telegrams, in clear when has_key; NULL for a made-up meter */
    struct sim_made made;
    int64_t frozen_utc[SLAVE_N_WAYS]; /* made up: the time of the last answer, for its repetition */
};

/* Takes the chain (allocated) and the name. On failure both stay the caller's. */
MUST_USE enum err sim_meter_init_stored(struct sim_meter *m, char *name, struct sim_telegram *chain, size_t n,
                                        struct err_at *at);
void sim_meter_init_made(struct sim_meter *m, const struct sim_made *made);
void sim_meter_fini(struct sim_meter *m);
/* From now on its telegrams go out encrypted; what is stored encrypted is opened with the key first. */
MUST_USE enum err sim_meter_set_key(struct sim_meter *m, const uint8_t key[static SIM_KEY_LEN], struct err_at *at);

/* What the meter answers to a request; w stays empty when it is silent. */
struct slave_act sim_meter_take(struct sim_meter *m, const struct frame *request, int64_t utc, struct wr *w);

/* A growing list of meters. */
struct sim_meters {
    struct sim_meter *at;
    size_t n;
};
/* Moves *m into the list. ERR_TOO_MANY: m stays the caller's. */
MUST_USE enum err sim_meters_add(struct sim_meters *ms, struct sim_meter *m, struct err_at *at);
/* n made-up meters with numbers and primary addresses that nobody in the list has yet. */
MUST_USE enum err sim_meters_add_made(struct sim_meters *ms, size_t n, uint64_t seed, struct err_at *at);
void sim_meters_fini(struct sim_meters *ms);

#endif
