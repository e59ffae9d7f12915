/* sim_rng.h — repeatable chance: the same seed, the same faults and the same made-up meters.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SIM_SIM_RNG_H
#define TESTS_SIM_SIM_RNG_H

#include <stdint.h>

struct sim_rng {
    uint64_t state;
};

/* Mixes any number into one whose bits look independent of it. */
static inline uint64_t sim_hash(uint64_t x)
{
    x ^= x >> 32;
    x *= UINT64_C(0xD6E8FEB86659FD93);
    x ^= x >> 32;
    x *= UINT64_C(0xD6E8FEB86659FD93);
    return x ^ x >> 32;
}

/* Two numbers into one, so that meter 2 of seed 1 is not meter 1 of seed 2. */
static inline uint64_t sim_hash2(uint64_t a, uint64_t b)
{
    return sim_hash(sim_hash(a + UINT64_C(0x9E3779B97F4A7C15)) ^ b);
}

/* 0 <= x < 1 from a mixed number. */
static inline double sim_unit(uint64_t hash)
{
    return (double)(hash >> 11) * 0x1p-53;
}

static inline uint64_t sim_rng_next(struct sim_rng *r)
{
    r->state += UINT64_C(0x9E3779B97F4A7C15);
    return sim_hash(r->state);
}

/* 0 … n-1; n > 0. */
static inline uint64_t sim_rng_below(struct sim_rng *r, uint64_t n)
{
    return sim_rng_next(r) % n;
}

#endif
