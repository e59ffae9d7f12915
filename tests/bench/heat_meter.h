/* heat_meter.h — a made-up heat meter: twenty values a quarter of an hour, with the noise, jumps and gaps of real ones.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_BENCH_HEAT_METER_H
#define TESTS_BENCH_HEAT_METER_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

enum { HEAT_VALUES = 20, HEAT_PERIOD = 900, HEAT_START = 1767225600 /* 2026-01-01T00:00:00Z */ };
enum heat_value {
    HEAT_ENERGY,
    HEAT_VOLUME,
    HEAT_FLOW_T,
    HEAT_RETURN_T,
    HEAT_DIFF_T,
    HEAT_POWER,
    HEAT_FLOW,
    HEAT_HOURS,
    HEAT_ERROR_HOURS,
    HEAT_FLAGS,
    HEAT_ENERGY_MONTH,
    HEAT_VOLUME_MONTH,
    HEAT_POWER_MAX,
    HEAT_FLOW_MAX,
    HEAT_TARIFF_1,
    HEAT_TARIFF_2,
    HEAT_PULSE_A,
    HEAT_PULSE_B,
    HEAT_CLOCK,
    HEAT_NUMBER,
};
static const int8_t heat_exp10[HEAT_VALUES] = { 0, -3, -1, -1, -2, 2, -3, 0, 0, 0, 0, -3, 2, -3, 0, 0, -2, -2, 0, 0 };

struct heat_meter {
    uint64_t chance;
    double energy, volume, tariff_1, tariff_2, pulses;
    double kw_usual, flow_t, return_t;
    int month;
    int64_t v[HEAT_VALUES];
};

static inline uint64_t heat_next(struct heat_meter *m)
{
    m->chance += 0x9E3779B97F4A7C15U; /* splitmix64 */
    uint64_t z = m->chance;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9U;
    z = (z ^ z >> 27) * 0x94D049BB133111EBU;
    return z ^ z >> 31;
}

static inline double heat_even(struct heat_meter *m)
{
    return (double)(heat_next(m) >> 11) * 0x1p-53;
}

static inline double heat_normal(struct heat_meter *m)
{
    return (heat_even(m) + heat_even(m) + heat_even(m) + heat_even(m) - 2) * 1.732;
}

static inline void heat_init(struct heat_meter *m, uint32_t id, uint64_t seed)
{
    *m = (struct heat_meter){ .chance = seed * 0x100000001B3U + id, .month = -1 };
    m->energy = heat_even(m) * 90000;
    m->volume = heat_even(m) * 2e6;
    m->tariff_1 = m->energy * .6;
    m->tariff_2 = m->energy * .4;
    m->kw_usual = 1.5 + heat_even(m) * 14;
    m->flow_t = 62 + heat_even(m) * 18;
    m->return_t = 30 + heat_even(m) * 12;
    m->pulses = heat_even(m) * 1e5;
    m->v[HEAT_HOURS] = (int64_t)(heat_even(m) * 30000);
    m->v[HEAT_ERROR_HOURS] = (int64_t)(heat_even(m) * 20);
    m->v[HEAT_PULSE_B] = (int64_t)(heat_even(m) * 5000);
    m->v[HEAT_NUMBER] = 10000000 + (int64_t)(heat_even(m) * 8e7);
    m->v[HEAT_ENERGY_MONTH] = (int64_t)(m->energy * .98);
    m->v[HEAT_VOLUME_MONTH] = (int64_t)(m->volume * .98);
}

static inline void heat_month(struct heat_meter *m, int month)
{
    if (m->month == month)
        return;
    if (m->month >= 0) {
        m->v[HEAT_ENERGY_MONTH] = m->v[HEAT_ENERGY];
        m->v[HEAT_VOLUME_MONTH] = m->v[HEAT_VOLUME];
    }
    m->month = month;
    m->v[HEAT_POWER_MAX] = m->v[HEAT_FLOW_MAX] = 0;
}

static inline void heat_counters(struct heat_meter *m, uint32_t round)
{
    if (round % 4 == 3)
        m->v[HEAT_HOURS]++;
    if (heat_even(m) < .0004)
        m->v[HEAT_FLAGS] = m->v[HEAT_FLAGS] ? 0 : 1 << heat_next(m) % 5;
    if (m->v[HEAT_FLAGS] && round % 4 == 3)
        m->v[HEAT_ERROR_HOURS]++;
    if (m->v[HEAT_POWER] > m->v[HEAT_POWER_MAX])
        m->v[HEAT_POWER_MAX] = m->v[HEAT_POWER];
    if (m->v[HEAT_FLOW] > m->v[HEAT_FLOW_MAX])
        m->v[HEAT_FLOW_MAX] = m->v[HEAT_FLOW];
}

/* One quarter of an hour on; false: it did not answer. */
static inline bool heat_step(struct heat_meter *m, uint32_t id, uint32_t round, int64_t *utc)
{
    int64_t t = HEAT_START + (int64_t)round * HEAT_PERIOD;
    double turn = 6.283185307179586, day = (double)(t % 86400) / 86400,
           season = cos((double)(t - HEAT_START) / 31536000 * turn);
    double load = .35 + .225 * (season + 1) + .25 * cos((day - .29) * turn) + .12 * heat_normal(m);
    if (load < 0 || heat_even(m) < .04)
        load = 0;
    double kw = m->kw_usual * load;
    double hot = m->flow_t + 4 * season + .4 * heat_normal(m) - (kw <= 0 ? 8 : 0);
    double cold = m->return_t + 2 * load + .5 * heat_normal(m);
    double flow = kw > 0 ? kw / (1.16e-3 * (hot - cold)) : 0;
    m->energy += kw / 4;
    m->volume += flow / 4;
    m->pulses += heat_even(m) < .3 ? heat_even(m) * 9 : 0;
    *(day >= .25 && day < .92 ? &m->tariff_1 : &m->tariff_2) += kw / 4;
    heat_month(m, (int)((t - HEAT_START) / (30 * 86400)));
    m->v[HEAT_ENERGY] = (int64_t)m->energy;
    m->v[HEAT_VOLUME] = (int64_t)m->volume;
    m->v[HEAT_FLOW_T] = llround(hot * 10);
    m->v[HEAT_RETURN_T] = llround(cold * 10);
    m->v[HEAT_DIFF_T] = llround((hot - cold) * 100);
    m->v[HEAT_POWER] = llround(kw * 10);
    m->v[HEAT_FLOW] = llround(flow);
    heat_counters(m, round);
    m->v[HEAT_TARIFF_1] = (int64_t)m->tariff_1;
    m->v[HEAT_TARIFF_2] = (int64_t)m->tariff_2;
    m->v[HEAT_PULSE_A] = (int64_t)m->pulses;
    m->v[HEAT_CLOCK] = (t + id / 3) / 60 * 60;
    *utc = t + id / 3 + (int64_t)(heat_next(m) % 3);
    return heat_even(m) >= .005;
}

#endif
