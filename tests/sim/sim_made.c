/* sim_made.c — made-up meters: heat, water and electricity, whose counters move with the wall clock.
 *
 * Knows: what such meters say (records of EN 13757-3) and how houses use heat, water and electricity.
 * Does not know: addresses on the bus, what was asked.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/sim/sim_made.h"

#include <math.h>

#include "core/base/civil.h"
#include "core/base/mem.h"
#include "protocols/codec/mbus/frame.h"
#include "tests/sim/sim_rng.h"

enum { CI_LONG_HEADER = 0x72, MAKER_SIM = 0x4D2D /* "SIM" */ };
enum { MEDIUM_ELECTRICITY = 0x02, MEDIUM_HEAT = 0x04, MEDIUM_WATER = 0x07 };

static const double pi = 3.14159265358979323846;
static const double year_s = 31556952, day_s = 86400, hours_s = 4.7 * 3600;
static const double year_peak = 0.04;     /* of the year: the middle of January */
static const double kwh_per_m3_k = 1.163; /* heat capacity of water */

/* --- what they measure --- */

enum made_value {
    V_FABRICATION,
    V_ENERGY,     /* kWh */
    V_ENERGY_DAY, /* … of the two tariffs */
    V_ENERGY_NIGHT,
    V_VOLUME,    /* m3 */
    V_POWER,     /* kW */
    V_POWER_MAX, /* of this month */
    V_FLOW,      /* m3/h */
    V_FLOW_MAX,
    V_FLOW_TEMPERATURE, /* degrees Celsius */
    V_RETURN_TEMPERATURE,
    V_DIFFERENCE, /* K */
    V_ROOM_TEMPERATURE,
    V_VOLTAGE_1, /* V; the phases stand in a row */
    V_VOLTAGE_2,
    V_VOLTAGE_3,
    V_CURRENT_1, /* A */
    V_CURRENT_2,
    V_CURRENT_3,
    V_FREQUENCY,  /* Hz */
    V_ON_TIME,    /* h since installation */
    V_ERROR_TIME, /* h */
    V_ERROR_FLAGS,
    V_BATTERY, /* days left */
    V_NOW,     /* type F */
    V_DATE,    /* type G */
};

enum made_type { T_INT, T_BCD, T_TIME };

struct made_record {
    uint8_t head[6]; /* DIF … VIFE */
    uint8_t head_len;
    uint8_t type, len;  /* enum made_type; bytes of data */
    uint8_t value;      /* enum made_value */
    uint8_t months_ago; /* 0: now; 1: at the beginning of this month, 2: of the one before */
    double step;        /* one unit of the record, in the value's unit */
};

#define HEAD(...) { __VA_ARGS__ }, sizeof((uint8_t[]){ __VA_ARGS__ })

static const struct made_record heat_records[] = {
    { HEAD(0x0C, 0x78), T_BCD, 4, V_FABRICATION, 0, 1 },
    { HEAD(0x04, 0x06), T_INT, 4, V_ENERGY, 0, 1 },
    { HEAD(0x04, 0x14), T_INT, 4, V_VOLUME, 0, 0.01 },
    { HEAD(0x02, 0x2C), T_INT, 2, V_POWER, 0, 0.01 },
    { HEAD(0x02, 0x3B), T_INT, 2, V_FLOW, 0, 0.001 },
    { HEAD(0x02, 0x59), T_INT, 2, V_FLOW_TEMPERATURE, 0, 0.01 },
    { HEAD(0x02, 0x5D), T_INT, 2, V_RETURN_TEMPERATURE, 0, 0.01 },
    { HEAD(0x02, 0x61), T_INT, 2, V_DIFFERENCE, 0, 0.01 },
    { HEAD(0x04, 0x6D), T_TIME, 4, V_NOW, 0, 1 },
    { HEAD(0x04, 0x22), T_INT, 4, V_ON_TIME, 0, 1 },
    { HEAD(0x34, 0x22), T_INT, 4, V_ERROR_TIME, 0, 1 },
    { HEAD(0x12, 0x2C), T_INT, 2, V_POWER_MAX, 0, 0.01 },
    { HEAD(0x12, 0x3B), T_INT, 2, V_FLOW_MAX, 0, 0.001 },
    { HEAD(0x44, 0x06), T_INT, 4, V_ENERGY, 1, 1 },
    { HEAD(0x44, 0x14), T_INT, 4, V_VOLUME, 1, 0.01 },
    { HEAD(0x42, 0x6C), T_TIME, 2, V_DATE, 1, 1 },
};

static const struct made_record water_records[] = {
    { HEAD(0x0C, 0x78), T_BCD, 4, V_FABRICATION, 0, 1 },
    { HEAD(0x0C, 0x13), T_BCD, 4, V_VOLUME, 0, 0.001 },
    { HEAD(0x0B, 0x3B), T_BCD, 3, V_FLOW, 0, 0.001 },
    { HEAD(0x1B, 0x3B), T_BCD, 3, V_FLOW_MAX, 0, 0.001 },
    { HEAD(0x02, 0x65), T_INT, 2, V_ROOM_TEMPERATURE, 0, 0.01 },
    { HEAD(0x04, 0x6D), T_TIME, 4, V_NOW, 0, 1 },
    { HEAD(0x0C, 0x22), T_BCD, 4, V_ON_TIME, 0, 1 },
    { HEAD(0x3B, 0x22), T_BCD, 3, V_ERROR_TIME, 0, 1 },
    { HEAD(0x01, 0xFD, 0x17), T_INT, 1, V_ERROR_FLAGS, 0, 1 },
    { HEAD(0x02, 0xFD, 0x74), T_INT, 2, V_BATTERY, 0, 1 },
    { HEAD(0x4C, 0x13), T_BCD, 4, V_VOLUME, 1, 0.001 },
    { HEAD(0x42, 0x6C), T_TIME, 2, V_DATE, 1, 1 },
    { HEAD(0x8C, 0x01, 0x13), T_BCD, 4, V_VOLUME, 2, 0.001 },
    { HEAD(0x82, 0x01, 0x6C), T_TIME, 2, V_DATE, 2, 1 },
};

static const struct made_record electricity_records[] = {
    { HEAD(0x0C, 0x78), T_BCD, 4, V_FABRICATION, 0, 1 },
    { HEAD(0x04, 0x04), T_INT, 4, V_ENERGY, 0, 0.01 },
    { HEAD(0x84, 0x10, 0x04), T_INT, 4, V_ENERGY_DAY, 0, 0.01 },
    { HEAD(0x84, 0x20, 0x04), T_INT, 4, V_ENERGY_NIGHT, 0, 0.01 },
    { HEAD(0x04, 0x2B), T_INT, 4, V_POWER, 0, 0.001 },
    { HEAD(0x14, 0x2B), T_INT, 4, V_POWER_MAX, 0, 0.001 },
    { HEAD(0x02, 0xFD, 0xC8, 0xFC, 0x01), T_INT, 2, V_VOLTAGE_1, 0, 0.1 },
    { HEAD(0x02, 0xFD, 0xC8, 0xFC, 0x02), T_INT, 2, V_VOLTAGE_2, 0, 0.1 },
    { HEAD(0x02, 0xFD, 0xC8, 0xFC, 0x03), T_INT, 2, V_VOLTAGE_3, 0, 0.1 },
    { HEAD(0x02, 0xFD, 0xDA, 0xFC, 0x01), T_INT, 2, V_CURRENT_1, 0, 0.01 },
    { HEAD(0x02, 0xFD, 0xDA, 0xFC, 0x02), T_INT, 2, V_CURRENT_2, 0, 0.01 },
    { HEAD(0x02, 0xFD, 0xDA, 0xFC, 0x03), T_INT, 2, V_CURRENT_3, 0, 0.01 },
    { HEAD(0x02, 0xFB, 0x2D), T_INT, 2, V_FREQUENCY, 0, 0.01 },
    { HEAD(0x04, 0x6D), T_TIME, 4, V_NOW, 0, 1 },
    { HEAD(0x04, 0x22), T_INT, 4, V_ON_TIME, 0, 1 },
    { HEAD(0x01, 0xFD, 0x17), T_INT, 1, V_ERROR_FLAGS, 0, 1 },
    { HEAD(0x44, 0x04), T_INT, 4, V_ENERGY, 1, 0.01 },
    { HEAD(0x42, 0x6C), T_TIME, 2, V_DATE, 1, 1 },
};

static const struct {
    const char *name;
    uint8_t version, medium;
    const struct made_record *records;
    size_t n_records;
    double rate_min, rate_max; /* of energy in kW, water in m3/h */
    double year, day, hours;
} kinds[SIM_MADE_N] = {
    [SIM_MADE_HEAT] = { "made-up heat meter", 1, MEDIUM_HEAT, heat_records, COUNT_OF(heat_records), 1.5, 14, 0.55, 0.2,
                        0.08 },
    [SIM_MADE_WATER] = { "made-up water meter", 2, MEDIUM_WATER, water_records, COUNT_OF(water_records), 0.005, 0.06,
                         0.08, 0.6, 0.25 },
    [SIM_MADE_ELECTRICITY] = { "made-up electricity meter", 3, MEDIUM_ELECTRICITY, electricity_records,
                               COUNT_OF(electricity_records), 0.2, 3, 0.15, 0.4, 0.25 },
};

const char *sim_made_name(enum sim_made_kind kind)
{
    return kinds[kind].name;
}

/* --- how they move --- */

static double swing(double t, double period_s, double phase)
{
    return cos(2 * pi * (t / period_s - phase));
}

/* The integral of swing() from 0 to t. */
static double swung(double t, double period_s, double phase)
{
    return period_s / (2 * pi) * (sin(2 * pi * (t / period_s - phase)) + sin(2 * pi * phase));
}

/* Rate per hour at a time. */
static double wave_rate(const struct sim_wave *w, double t)
{
    return w->rate_per_h * (1 + w->year * swing(t, year_s, year_peak) + w->day * swing(t, day_s, w->phase) +
                            w->hours * swing(t, hours_s, 3 * w->phase));
}

static double wave_sum(const struct sim_wave *w, double t)
{
    return w->rate_per_h / 3600 *
           (t + w->year * swung(t, year_s, year_peak) + w->day * swung(t, day_s, w->phase) +
            w->hours * swung(t, hours_s, 3 * w->phase));
}

/* What a counter shows: it was 0 at installation. */
static double wave_total(const struct sim_wave *w, const struct sim_made *m, int64_t utc)
{
    return utc > m->installed_utc ? wave_sum(w, (double)utc) - wave_sum(w, (double)m->installed_utc) : 0;
}

/* The highest rate of the month that begins then: known from its first day on. Within a month the year's swing is
 * hardly above its value at one of the ends. */
static double wave_peak(const struct sim_wave *w, int64_t month_utc)
{
    double first = swing((double)month_utc, year_s, year_peak),
           last = swing((double)month_utc + 31 * day_s, year_s, year_peak);
    return w->rate_per_h * (1 + w->year * (fmax(first, last) + 0.035) + w->day + w->hours);
}

static int64_t month_start(int64_t utc, unsigned months_ago)
{
    struct civil c;
    civil_from_seconds(utc, &c);
    int months = c.year * 12 + c.month - 1 - (int)months_ago;
    c = (struct civil){ .year = months / 12, .month = months % 12 + 1, .day = 1 };
    return civil_to_seconds(&c);
}

static double difference(const struct sim_made *m, double t)
{
    return wave_rate(&m->energy, t) / (kwh_per_m3_k * wave_rate(&m->volume, t));
}

/* A value of its own between -1 and 1 that changes slowly, for what no counter explains. */
static double drift(const struct sim_made *m, unsigned which, double t)
{
    double phase = sim_unit(sim_hash2(m->seed, 100 + which));
    return (swing(t, 3601 + 97 * which, phase) + swing(t, 17 * 3600, phase)) / 2;
}

static double flow_temperature(const struct sim_made *m, double t)
{
    return 68 + 9 * swing(t, year_s, year_peak) + 2 * drift(m, 0, t);
}

/* Three phases carry unequal parts of the power. */
static double current(const struct sim_made *m, unsigned phase, double t)
{
    static const double share[] = { 0.42, 0.33, 0.25 };
    double volts = 230.5 + 1.8 * drift(m, phase, t);
    return 1000 * wave_rate(&m->energy, t) * share[phase - 1] / volts;
}

static double value_of(const struct sim_made *m, enum made_value what, int64_t utc)
{
    double t = (double)utc;
    const double night_share = 0.31;
    switch (what) {
    case V_FABRICATION:
        break; /* digits, not a number that is scaled */
    case V_ENERGY:
        return wave_total(&m->energy, m, utc);
    case V_ENERGY_DAY:
        return (1 - night_share) * wave_total(&m->energy, m, utc);
    case V_ENERGY_NIGHT:
        return night_share * wave_total(&m->energy, m, utc);
    case V_VOLUME:
        return wave_total(&m->volume, m, utc);
    case V_POWER:
        return wave_rate(&m->energy, t);
    case V_POWER_MAX:
        return wave_peak(&m->energy, month_start(utc, 0));
    case V_FLOW:
        return wave_rate(&m->volume, t);
    case V_FLOW_MAX:
        return wave_peak(&m->volume, month_start(utc, 0));
    case V_FLOW_TEMPERATURE:
        return flow_temperature(m, t);
    case V_RETURN_TEMPERATURE:
        return flow_temperature(m, t) - difference(m, t);
    case V_DIFFERENCE:
        return difference(m, t);
    case V_ROOM_TEMPERATURE:
        return 19 - 4 * swing(t, year_s, year_peak) + 0.8 * drift(m, 0, t);
    case V_VOLTAGE_1:
    case V_VOLTAGE_2:
    case V_VOLTAGE_3:
        return 230.5 + 1.8 * drift(m, 1 + what - V_VOLTAGE_1, t);
    case V_CURRENT_1:
    case V_CURRENT_2:
    case V_CURRENT_3:
        return current(m, 1 + what - V_CURRENT_1, t);
    case V_FREQUENCY:
        return 50 + 0.03 * drift(m, 9, t);
    case V_ON_TIME:
        return (t - (double)m->installed_utc) / 3600;
    case V_ERROR_TIME:
        return (double)(m->seed % 30);
    case V_BATTERY:
        return fmax(0, 16 * 365 - (t - (double)m->installed_utc) / day_s);
    case V_ERROR_FLAGS:
    case V_NOW:
    case V_DATE:
        break;
    }
    return 0;
}

/* --- how they say it --- */

static void put_bcd(struct wr *w, uint64_t n, size_t len)
{
    for (size_t i = 0; i < len; i++, n /= 100)
        wr_u8(w, (uint8_t)(n % 10 | n / 10 % 10 << 4));
}

/* Type F with four bytes, type G with two. */
static void put_time(struct wr *w, int64_t utc, size_t len)
{
    struct civil c;
    civil_from_seconds(utc, &c);
    unsigned year = (unsigned)c.year % 100;
    unsigned date = (unsigned)c.day | (year & 7) << 5 | (unsigned)c.month << 8 | (year >> 3) << 12;
    if (len == 4) {
        unsigned century = (unsigned)(c.year - 1900) / 100;
        wr_u8(w, (uint8_t)c.minute);
        wr_u8(w, (uint8_t)((unsigned)c.hour | century << 5));
    }
    wr_u16le(w, (uint16_t)date);
}

static void put_record(struct wr *w, const struct made_record *r, const struct sim_made *m, int64_t utc)
{
    wr_bytes(w, r->head, r->head_len);
    if (r->months_ago > 0)
        utc = month_start(utc, r->months_ago - 1u);
    if (r->value == V_FABRICATION) {
        wr_u32le(w, m->ident);
        return;
    }
    if (r->type == T_TIME) {
        put_time(w, utc, r->len);
        return;
    }
    uint64_t n = (uint64_t)fmax(0, floor(value_of(m, (enum made_value)r->value, utc) / r->step));
    if (r->type == T_BCD)
        put_bcd(w, n, r->len);
    else
        wr_le(w, n, r->len);
}

void sim_made_put(struct wr *w, const struct sim_made *m, int64_t utc)
{
    uint8_t data[FRAME_DATA_MAX];
    struct wr d = wr_init(data, sizeof data);
    wr_u32le(&d, m->ident);
    wr_u16le(&d, MAKER_SIM);
    wr_u8(&d, kinds[m->kind].version);
    wr_u8(&d, kinds[m->kind].medium);
    wr_u8(&d, 0);    /* access number: whoever answers counts */
    wr_u8(&d, 0);    /* status: no error */
    wr_u16le(&d, 0); /* not encrypted */
    for (size_t i = 0; i < kinds[m->kind].n_records; i++)
        put_record(&d, &kinds[m->kind].records[i], m, utc);
    frame_put_long(w, FRAME_C_RSP_UD, m->primary, CI_LONG_HEADER, data, wr_len(&d));
}

void sim_made_init(struct sim_made *m, enum sim_made_kind kind, uint32_t ident, uint8_t primary, uint64_t seed)
{
    static const struct civil earliest = { .year = 2017, .month = 3, .day = 1 };
    double size = sim_unit(sim_hash2(seed, 1));
    double rate = kinds[kind].rate_min + (kinds[kind].rate_max - kinds[kind].rate_min) * size * size;
    *m = (struct sim_made){
        .kind = kind,
        .ident = ident,
        .primary = primary,
        .seed = seed,
        .installed_utc = civil_to_seconds(&earliest) + (int64_t)(sim_hash2(seed, 2) % (5 * 365)) * 86400 + 36000,
        .energy = { rate, kinds[kind].year, kinds[kind].day, kinds[kind].hours, sim_unit(sim_hash2(seed, 3)) },
    };
    m->volume = m->energy;
    if (kind == SIM_MADE_HEAT) { /* the flow follows the power, not quite as far */
        double kelvin = 24 + 14 * sim_unit(sim_hash2(seed, 4));
        m->volume.rate_per_h = rate / (kwh_per_m3_k * kelvin);
        m->volume.year *= 0.8;
        m->volume.day *= 0.6;
    }
}
