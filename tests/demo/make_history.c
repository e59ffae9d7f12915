/* make_history.c — demo-history: fills a data folder with three months of readings that lead up to what mbus-sim says now.
 *
 * usage: demo-history DIR [--days N] [--telegrams PATH]... [--meters N] [--seed S]
 * The last three as given to mbus-sim. The meters must be installed, the gateway must not run. Made-up meters are asked for
 * what they said then; the counters of stored telegrams are led back from what stands there, their other values swing.
 *
 * Knows: the store, simulated meters, how values of that kind behave over months.
 * Does not know: the gateway, which is not running.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/meter.h"
#include "protocols/codec/mbus/to_reading.h"
#include "store/store.h"
#include "tests/sim/sim_files.h"
#include "tests/sim/sim_rng.h"

enum { QUARTER_S = 900, DAY_S = 86400, DAYS_DEFAULT = 90, TICK_EVERY = 256, MISSED_EVERY = 997, PATHS_MAX = 64 };

/* A counter that stands in a telegram has taken four years to get there. */
static const double counter_age_s = 4.0 * 365 * DAY_S;
static const double turn = 6.283185307179586;

struct history {
    const char *dir;
    int64_t days, now_utc;
    const char *paths[PATHS_MAX];
    size_t n_paths, n_made;
    uint64_t seed;
    struct sim_meters simulated;
    struct store *store;
    struct meter *installed; /* as the gateway has stored them */
    size_t n_installed;
    struct to_reading *builder;
    uint64_t n_readings;
};

static void die(const char *what, const char *why)
{
    fprintf(stderr, "demo-history: %s%s%s\n", what, *what ? ": " : "", why);
    exit(1);
}

static void must(enum err e, const char *what, const struct err_at *at)
{
    if (e != ERR_OK)
        die(what, at && at->text[0] ? at->text : err_text(e));
}

/* --- values of stored telegrams in the past --- */

/* Counts more by day than by night, and never backwards. */
static double progress(double t)
{
    return t + 0.6 * DAY_S / turn * sin(turn * t / DAY_S);
}

static double swing(double t, unsigned which)
{
    return 0.8 * sin(turn * (t / DAY_S + 0.07 * which)) + 0.2 * sin(turn * t / 5000);
}

static void lead_back(struct value *v, double now, double then)
{
    if (v->storage != 0 || v->note != NOTE_NONE || v->function != FUNCTION_INST)
        return; /* kept from another time: the same all along */
    double m = (double)v->mantissa;
    switch (v->quantity) {
    case Q_ENERGY:
    case Q_VOLUME:
    case Q_MASS:
    case Q_REACTIVE_ENERGY:
        if (v->kind == VALUE_NUMBER)
            v->mantissa = (int64_t)floor(m - m * (progress(now) - progress(then)) / counter_age_s);
        break;
    case Q_ON_TIME:
    case Q_OPERATING_TIME:
        if (v->kind == VALUE_NUMBER && v->exp10 == 0)
            v->mantissa = (int64_t)fmax(0, floor(m - (now - then) / unit_factor((enum unit)v->unit)));
        break;
    case Q_POWER:
    case Q_VOLUME_FLOW:
    case Q_FLOW_TEMPERATURE:
    case Q_RETURN_TEMPERATURE:
    case Q_TEMPERATURE_DIFFERENCE:
    case Q_EXTERNAL_TEMPERATURE:
    case Q_VOLTAGE:
    case Q_CURRENT:
        if (v->kind == VALUE_NUMBER)
            v->mantissa = (int64_t)floor(m + 0.06 * m * (swing(then, v->index) - swing(now, v->index)));
        break;
    case Q_DATE_TIME:
        if (v->kind == VALUE_MINUTE)
            v->mantissa = (int64_t)then - (int64_t)then % 60;
        break;
    default: /* numbers of devices, flags and the like do not change */
        break;
    }
}

/* --- readings --- */

static void add_telegram(struct history *h, const uint8_t *bytes, size_t len)
{
    struct err_at at = { 0 };
    enum err e = to_reading_add(h->builder, LINK_WIRED, bytes, len, &(struct telegram_env){ 0 }, &at);
    if (e != ERR_OK && e != ERR_NO_KEY)
        fprintf(stderr, "demo-history: a telegram is not fully decoded: %s\n", at.text);
}

static void put(struct history *h, const struct reading *r)
{
    must(store_put_reading(h->store, r), "storing a reading", NULL);
    if (++h->n_readings % TICK_EVERY == 0)
        (void)store_tick(h->store, clock_mono_ms(clock_system()));
}

/* Now and then a meter does not answer. */
static bool is_missed(const struct meter *m, int64_t utc)
{
    return sim_hash2(m->id, (uint64_t)utc) % MISSED_EVERY == 0;
}

static void put_missed(struct history *h, const struct meter *m, int64_t utc)
{
    const struct reading r = { .meter = m->id, .utc = utc, .status = READOUT_NO_ANSWER, .source = SOURCE_SCHEDULED };
    put(h, &r);
}

static void put_made(struct history *h, const struct meter *m, const struct sim_meter *s, int64_t utc)
{
    uint8_t bytes[FRAME_MAX];
    struct wr w = wr_init(bytes, sizeof bytes);
    sim_made_put(&w, &s->made, utc);
    to_reading_begin(h->builder);
    add_telegram(h, bytes, wr_len(&w));
    put(h, to_reading_finish(h->builder, m->id, utc, SOURCE_SCHEDULED, READOUT_OK));
}

/* The builder holds the decoded chain. */
static void put_stored(struct history *h, const struct meter *m, struct value *values, int64_t utc)
{
    struct reading r = *to_reading_finish(h->builder, m->id, utc, SOURCE_SCHEDULED, READOUT_OK);
    for (size_t i = 0; i < r.n_values; i++) {
        values[i] = r.values[i];
        lead_back(&values[i], (double)h->now_utc, (double)utc);
    }
    r.values = values;
    put(h, &r);
}

static void fill_meter(struct history *h, const struct meter *m, const struct sim_meter *s)
{
    struct value *values = NULL;
    if (s->chain) {
        to_reading_begin(h->builder);
        for (size_t i = 0; i < s->slave.n_telegrams; i++)
            add_telegram(h, s->chain[i].bytes, s->chain[i].len);
        size_t n = to_reading_finish(h->builder, m->id, 0, SOURCE_SCHEDULED, READOUT_OK)->n_values;
        values = xcalloc(n + 1, sizeof *values);
    }
    int64_t last = h->now_utc / QUARTER_S * QUARTER_S;
    for (int64_t utc = last - h->days * DAY_S + QUARTER_S; utc <= last; utc += QUARTER_S) {
        if (is_missed(m, utc))
            put_missed(h, m, utc);
        else if (s->chain)
            put_stored(h, m, values, utc);
        else
            put_made(h, m, s, utc);
    }
    free(values);
    /* Reports have delivered all but the last hour, or they would be busy with the past for long. */
    must(store_mark_put(h->store, 1, m->id, last - 3600), "marking what is delivered", NULL);
}

/* --- meters --- */

static void on_installed(void *ctx, const struct meter *m)
{
    struct history *h = ctx;
    h->installed = xrealloc(h->installed, h->n_installed + 1, sizeof *h->installed);
    h->installed[h->n_installed++] = *m;
}

static const struct sim_meter *find_simulated(const struct history *h, const struct meter *m)
{
    for (size_t i = 0; i < h->simulated.n; i++) {
        const struct slave *s = &h->simulated.at[i].slave;
        bool is_it =
            m->addressing == ADDRESSING_PRIMARY ? s->a == m->primary : s->has_address && s->address.ident == m->ident;
        if (is_it)
            return &h->simulated.at[i];
    }
    return NULL;
}

static void load(struct history *h)
{
    struct err_at at = { 0 };
    const struct store_cfg cfg = {
        .dir = h->dir, .clock = clock_system(), .log_max_days = 31, .log_max_bytes = 100000000
    };
    for (size_t i = 0; i < h->n_paths; i++)
        must(sim_files_load(&h->simulated, h->paths[i], &at), "", &at);
    must(sim_meters_add_made(&h->simulated, h->n_made, h->seed, &at), "", &at);
    must(store_open(&cfg, &h->store, &at), h->dir, &at);
    uint32_t next_id;
    must(store_meters_load(h->store, on_installed, h, &next_id), "loading the meters", NULL);
}

static void fill(struct history *h)
{
    h->builder = to_reading_create();
    for (size_t i = 0; i < h->n_installed; i++) {
        const struct sim_meter *s = find_simulated(h, &h->installed[i]);
        if (s)
            fill_meter(h, &h->installed[i], s);
    }
    must(store_flush(h->store), "storing the readings", NULL);
    struct store_stats stats;
    store_stats(h->store, &stats);
    printf("%llu readings with %llu values of %zu meters in %.1f MB\n", (unsigned long long)stats.readings,
           (unsigned long long)stats.values, h->n_installed, (double)stats.bytes / 1e6);
    to_reading_free(h->builder);
}

/* --- command line --- */

static void take_number(const char *text, uint64_t max, uint64_t *out)
{
    if (str_to_u64(text, max, out) != ERR_OK)
        die(text, "is no number that fits");
}

static void take_options(struct history *h, int argc, char **argv)
{
    static const struct option table[] = {
        { "days", required_argument, NULL, 'd' },
        { "telegrams", required_argument, NULL, 't' },
        { "meters", required_argument, NULL, 'm' },
        { "seed", required_argument, NULL, 's' },
        { NULL, 0, NULL, 0 },
    };
    uint64_t n;
    int c;
    while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
        if (c == 't' && h->n_paths < PATHS_MAX) {
            h->paths[h->n_paths++] = optarg;
        } else if (c == 'd') {
            take_number(optarg, 3650, &n);
            h->days = (int64_t)n;
        } else if (c == 'm') {
            take_number(optarg, SIM_METERS_MAX, &n);
            h->n_made = (size_t)n;
        } else if (c == 's') {
            take_number(optarg, UINT64_MAX, &h->seed);
        } else {
            exit(2);
        }
    }
    if (optind + 1 != argc)
        die("usage", "demo-history DIR [--days N] [--telegrams PATH]... [--meters N] [--seed S]");
    h->dir = argv[optind];
}

int main(int argc, char **argv)
{
    struct history h = { .days = DAYS_DEFAULT, .seed = 1, .now_utc = clock_utc(clock_system()) };
    take_options(&h, argc, argv);
    load(&h);
    fill(&h);
    store_close(h.store);
    sim_meters_fini(&h.simulated);
    free(h.installed);
    return 0;
}
