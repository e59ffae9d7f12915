/* bench_store.c — what the store needs in bytes and time: 90 days of heat meters, 20 values a quarter of an hour.
 *
 * usage: bench_store        BENCH=name,name for a part, BENCH_SEED for other data, BUILD for where the store goes
 * Each round is put, committed with fsync and followed by one tick, as the gateway's loop does; all of that is measured,
 * making the readings is not.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "store/store.h"
#include "tests/bench/heat_meter.h"

enum { DAYS = 90, ROUNDS = DAYS * 96, MONTH_SAMPLES = 2000, DAY_SAMPLES = 200, NAME_MAX_LEN = 40 };

struct bench_meter {
    struct heat_meter made;
    struct reading reading;
    struct telegram_raw telegram;
    struct value values[HEAT_VALUES];
};

struct bench {
    char dir[256];
    uint32_t n_meters;
    struct bench_meter *meters;
    struct store_cfg cfg;
    struct store *store;
    uint64_t n_values;
    double put_s, worst_ms;
};

static double now_s(void)
{
    return (double)clock_system()->mono_us(clock_system()) / 1e6;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void must(enum err e)
{
    if (!e)
        return;
    fprintf(stderr, "bench_store: %s\n", err_text(e));
    exit(1);
}

/* --- figures --- */

static bool is_wanted(const char *name)
{
    const char *wanted = getenv("BENCH");
    return !wanted || !*wanted || strstr(wanted, name);
}

struct figure {
    const char *name, *unit, *better, *peer;
    double goal, peer_value;
};

static void print_figure(const struct figure *f, double value, uint32_t n_meters)
{
    char name[NAME_MAX_LEN];
    if (!is_wanted(f->name))
        return;
    str_fmt(name, sizeof name, n_meters == 64 ? "%s" : "%s_%u", f->name, (unsigned)n_meters);
    printf("{\"name\": \"%s\", \"value\": %.4f, \"unit\": \"%s\", \"better\": \"%s\", \"goal\": %g", name, value,
           f->unit, f->better, f->goal);
    if (f->peer)
        printf(", \"peer\": {\"name\": \"%s\", \"value\": %g}", f->peer, f->peer_value);
    printf("}\n");
    fflush(stdout);
}

/* --- filling --- */

static void meter_make(struct bench_meter *m, uint32_t id, uint64_t seed)
{
    static const struct {
        enum value_kind kind;
        enum quantity quantity;
        enum unit unit;
        enum function function;
        uint8_t storage, tariff, subunit;
    } kinds[HEAT_VALUES] = {
        { VALUE_NUMBER, Q_ENERGY, UNIT_WH, FUNCTION_INST, 0, 0, 0 },
        { VALUE_NUMBER, Q_VOLUME, UNIT_M3, FUNCTION_INST, 0, 0, 0 },
        { VALUE_NUMBER, Q_FLOW_TEMPERATURE, UNIT_C, FUNCTION_INST, 0, 0, 0 },
        { VALUE_NUMBER, Q_RETURN_TEMPERATURE, UNIT_C, FUNCTION_INST, 0, 0, 0 },
        { VALUE_NUMBER, Q_TEMPERATURE_DIFFERENCE, UNIT_K, FUNCTION_INST, 0, 0, 0 },
        { VALUE_NUMBER, Q_POWER, UNIT_W, FUNCTION_INST, 0, 0, 0 },
        { VALUE_NUMBER, Q_VOLUME_FLOW, UNIT_M3_PER_H, FUNCTION_INST, 0, 0, 0 },
        { VALUE_NUMBER, Q_OPERATING_TIME, UNIT_H, FUNCTION_INST, 0, 0, 0 },
        { VALUE_NUMBER, Q_OPERATING_TIME, UNIT_H, FUNCTION_ERROR, 0, 0, 0 },
        { VALUE_NUMBER, Q_ERROR_FLAGS, UNIT_NONE, FUNCTION_INST, 0, 0, 0 },
        { VALUE_NUMBER, Q_ENERGY, UNIT_WH, FUNCTION_INST, 1, 0, 0 },
        { VALUE_NUMBER, Q_VOLUME, UNIT_M3, FUNCTION_INST, 1, 0, 0 },
        { VALUE_NUMBER, Q_POWER, UNIT_W, FUNCTION_MAX, 0, 0, 0 },
        { VALUE_NUMBER, Q_VOLUME_FLOW, UNIT_M3_PER_H, FUNCTION_MAX, 0, 0, 0 },
        { VALUE_NUMBER, Q_ENERGY, UNIT_WH, FUNCTION_INST, 0, 1, 0 },
        { VALUE_NUMBER, Q_ENERGY, UNIT_WH, FUNCTION_INST, 0, 2, 0 },
        { VALUE_NUMBER, Q_VOLUME, UNIT_M3, FUNCTION_INST, 0, 0, 1 },
        { VALUE_NUMBER, Q_VOLUME, UNIT_M3, FUNCTION_INST, 0, 0, 2 },
        { VALUE_MINUTE, Q_DATE_TIME, UNIT_NONE, FUNCTION_INST, 0, 0, 0 },
        { VALUE_NUMBER, Q_FABRICATION_NUMBER, UNIT_NONE, FUNCTION_INST, 0, 0, 0 },
    };
    heat_init(&m->made, id, seed);
    m->telegram.head =
        (struct telegram_head){ .ident = (uint32_t)m->made.v[HEAT_NUMBER], .maker = 0x2C2D, .version = 4, .medium = 4 };
    m->reading = (struct reading){
        .meter = id + 1, .telegrams = &m->telegram, .n_telegrams = 1, .values = m->values, .n_values = HEAT_VALUES
    };
    for (size_t i = 0; i < HEAT_VALUES; i++)
        m->values[i] = (struct value){ .kind = (uint8_t)kinds[i].kind,
                                       .quantity = (uint16_t)kinds[i].quantity,
                                       .unit = (uint8_t)kinds[i].unit,
                                       .function = (uint8_t)kinds[i].function,
                                       .storage = kinds[i].storage,
                                       .tariff = kinds[i].tariff,
                                       .subunit = kinds[i].subunit,
                                       .exp10 = heat_exp10[i],
                                       .index = (uint8_t)i };
}

static bool meter_step(struct bench_meter *m, uint32_t id, uint32_t round)
{
    bool answers = heat_step(&m->made, id, round, &m->reading.utc);
    m->telegram.head.access_no++;
    for (size_t i = 0; i < HEAT_VALUES; i++)
        m->values[i].mantissa = m->made.v[i];
    return answers;
}

static void fill_round(struct bench *b, uint32_t round, bool *answers)
{
    for (uint32_t i = 0; i < b->n_meters; i++)
        answers[i] = meter_step(&b->meters[i], i, round);
    double start = now_s();
    for (uint32_t i = 0; i < b->n_meters; i++) {
        if (!answers[i])
            continue;
        must(store_put_reading(b->store, &b->meters[i].reading));
        b->n_values += HEAT_VALUES;
    }
    must(store_flush(b->store));
    store_tick(b->store, clock_mono_ms(clock_system()));
    double took = now_s() - start;
    b->put_s += took;
    b->worst_ms = took * 1e3 > b->worst_ms ? took * 1e3 : b->worst_ms;
}

/* --- reading --- */

static bool add_value(void *ctx, int64_t utc, const struct value *v)
{
    (void)utc;
    *(int64_t *)ctx += v->mantissa;
    return true;
}

static bool add_reading(void *ctx, const struct store_reading *r)
{
    for (size_t i = 0; i < r->n_values; i++)
        *(int64_t *)ctx += r->values[i].mantissa;
    return true;
}

static double month_ms(struct bench *b, uint64_t seed)
{
    double took[MONTH_SAMPLES];
    struct heat_meter chance = { .chance = seed };
    int64_t sum = 0, next;
    for (size_t i = 0; i < MONTH_SAMPLES; i++) {
        uint32_t series = 1 + (uint32_t)(heat_next(&chance) % (b->n_meters * HEAT_VALUES));
        int64_t from = HEAT_START + (int64_t)(heat_next(&chance) % ((DAYS - 30) * 86400));
        for (int warm = 0; warm < 2; warm++) {
            double start = now_s();
            must(store_values(b->store, series, from, from + 30 * 86400, SIZE_MAX, add_value, &sum, &next));
            took[i] = (now_s() - start) * 1e3;
        }
    }
    qsort(took, MONTH_SAMPLES, sizeof *took, compare);
    return sum == 1 ? 0 : took[MONTH_SAMPLES / 2];
}

static double day_ms(struct bench *b)
{
    double took[DAY_SAMPLES];
    int64_t sum = 0, next, end = HEAT_START + (int64_t)ROUNDS * HEAT_PERIOD;
    for (size_t i = 0; i < DAY_SAMPLES; i++) {
        double start = now_s();
        for (uint32_t m = 1; m <= b->n_meters; m++)
            must(store_readings(b->store, m, end - 86400, end + HEAT_PERIOD, SIZE_MAX, add_reading, &sum, &next));
        took[i] = (now_s() - start) * 1e3;
    }
    qsort(took, DAY_SAMPLES, sizeof *took, compare);
    return sum == 1 ? 0 : took[DAY_SAMPLES / 2];
}

/* --- all --- */

static double file_bytes(const struct bench *b)
{
    char path[300];
    struct stat st;
    str_fmt(path, sizeof path, "%s/data.mdb", b->dir);
    return stat(path, &st) == 0 ? (double)st.st_size : 0;
}

static void bench_init(struct bench *b, uint32_t n_meters, uint64_t seed)
{
    const char *build = getenv("BUILD");
    struct err_at at = { 0 };
    *b = (struct bench){ .n_meters = n_meters, .meters = xcalloc(n_meters, sizeof *b->meters) };
    str_fmt(b->dir, sizeof b->dir, "%s/bench-store-XXXXXX", build ? build : "/tmp");
    if (!mkdtemp(b->dir))
        must(ERR_IO);
    b->cfg =
        (struct store_cfg){ .dir = b->dir, .clock = clock_system(), .log_max_days = 31, .log_max_bytes = 100 << 20 };
    must(store_open(&b->cfg, &b->store, &at));
    for (uint32_t i = 0; i < n_meters; i++)
        meter_make(&b->meters[i], i, seed);
}

static void bench_fini(struct bench *b)
{
    static const char *const names[] = { "data.mdb", "lock.mdb", "lock", "made" };
    char path[300];
    store_close(b->store);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        str_fmt(path, sizeof path, "%s/%s", b->dir, names[i]);
        unlink(path);
    }
    rmdir(b->dir);
    free(b->meters);
}

static void bench_run(uint32_t n_meters, uint64_t seed)
{
    struct bench b;
    bench_init(&b, n_meters, seed);
    bool *answers = xcalloc(n_meters, sizeof *answers);
    for (uint32_t round = 0; round < ROUNDS; round++)
        fill_round(&b, round, answers);
    free(answers);
    must(store_flush(b.store));
    print_figure(&(struct figure){ "store_bytes_per_value", "B", "lower", "VictoriaMetrics", 0.60, 1.02 },
                 file_bytes(&b) / (double)b.n_values, n_meters);
    print_figure(&(struct figure){ "store_ingest", "1/s", "higher", "SQLite", 1.5e6, 54500 },
                 (double)b.n_values / b.put_s, n_meters);
    print_figure(&(struct figure){ "store_worst_round_ms", "ms", "lower", NULL, 25, 0 }, b.worst_ms, n_meters);
    print_figure(&(struct figure){ "store_range_30d_ms", "ms", "lower", "LevelDB", 0.15, 0.20 }, month_ms(&b, seed),
                 n_meters);
    print_figure(&(struct figure){ "store_report_24h_ms", "ms", "lower", "RRDtool", n_meters == 64 ? 1.5 : 12, 1.5 },
                 day_ms(&b), n_meters);
    bench_fini(&b);
}

int main(void)
{
    const char *seed = getenv("BENCH_SEED"), *meters = getenv("BENCH_STORE_METERS");
    uint64_t n = 0, number = 1;
    if (seed && str_to_u64(seed, UINT64_MAX, &number))
        number = 1;
    if (meters && str_to_u64(meters, 4096, &n) == ERR_OK && n > 0) {
        bench_run((uint32_t)n, number);
        return 0;
    }
    bench_run(64, number);
    bench_run(512, number);
    return 0;
}
