/* store_fixture.h — a store in a directory of its own, a fake clock, and readings made by chance from a seed.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_STORE_FIXTURE_H
#define TESTS_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "store/store.h"

struct fixture {
    char dir[64];
    struct clock_fake clock;
    struct store_cfg cfg;
    struct store *store;
};

enum { FIXTURE_UTC = 1767225600 };

static inline void fixture_open(struct fixture *f)
{
    struct err_at at = { 0 };
    enum err e = store_open(&f->cfg, &f->store, &at);
    if (e)
        fail_msg("store_open: %s: %s", err_name(e), at.text);
}

static inline void fixture_init(struct fixture *f)
{
    /* In memory where there is such a place: hundreds of commits wait for no disk. */
    *f = (struct fixture){ .dir = "/dev/shm/metergate-store-XXXXXX" };
    if (!mkdtemp(f->dir)) {
        *f = (struct fixture){ .dir = "/tmp/metergate-store-XXXXXX" };
        assert_non_null(mkdtemp(f->dir));
    }
    clock_fake_init(&f->clock, FIXTURE_UTC);
    f->cfg =
        (struct store_cfg){ .dir = f->dir, .clock = &f->clock.clock, .log_max_days = 31, .log_max_bytes = 100 << 20 };
    fixture_open(f);
}

static inline void fixture_reopen(struct fixture *f)
{
    store_close(f->store);
    f->store = NULL;
    fixture_open(f);
}

static inline void fixture_path(const struct fixture *f, const char *name, char out[static 128])
{
    snprintf(out, 128, "%s/%s", f->dir, name);
}

static inline void fixture_fini(struct fixture *f)
{
    static const char *const names[] = { "data.mdb", "lock.mdb", "lock", "made" };
    char path[128];
    store_close(f->store);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        fixture_path(f, names[i], path);
        unlink(path);
    }
    assert_int_equal(rmdir(f->dir), 0);
}

/* Idle work for a while. */
static inline void fixture_tick(struct fixture *f, int64_t ms)
{
    for (; ms > 0; ms -= 500) {
        clock_fake_advance(&f->clock, 500);
        store_tick(f->store, clock_mono_ms(&f->clock.clock));
    }
}

/* --- chance --- */

struct chance {
    uint64_t state;
};

static inline uint64_t chance_next(struct chance *c)
{
    c->state ^= c->state << 13;
    c->state ^= c->state >> 7;
    c->state ^= c->state << 17;
    return c->state;
}

static inline uint64_t chance_below(struct chance *c, uint64_t n)
{
    return chance_next(c) % n;
}

/* --- a reading that owns all it points to --- */

enum { KEPT_VALUES = 24, KEPT_TELEGRAMS = 3, KEPT_TEXT = 24 };

struct kept {
    struct reading r;
    struct telegram_raw telegrams[KEPT_TELEGRAMS];
    struct value values[KEPT_VALUES];
    uint8_t texts[KEPT_VALUES][KEPT_TEXT];
};

/* Kinds of meters differ in how many values of which kind they send. */
static inline void kept_value(struct kept *k, struct chance *c, size_t i, int64_t round)
{
    static const char *const texts[] = { "SN-4711", "", "ok", "alarm: sensor 3", "\xc3\xa4\xc3\xb6" };
    struct value *v = &k->values[i];
    *v = (struct value){ .quantity = (uint16_t)(Q_ENERGY + i % 7),
                         .unit = UNIT_WH,
                         .function = (uint8_t)(i % 3),
                         .storage = i / 5,
                         .index = (uint8_t)(i / k->r.n_telegrams),
                         .telegram = (uint8_t)(i % k->r.n_telegrams),
                         .kind = VALUE_NUMBER,
                         .exp10 = (int8_t)(i % 4) - 2 };
    uint64_t dice = chance_below(c, 100);
    switch (i % 6) {
    case 0:
        v->mantissa = round * 25 + (int64_t)chance_below(c, 9);
        break;
    case 1:
        v->mantissa = (int64_t)chance_below(c, 4000) - 2000;
        break;
    case 2:
        v->mantissa = 123456;
        break;
    case 3:
        v->kind = VALUE_MINUTE, v->mantissa = FIXTURE_UTC + round * 900;
        break;
    case 4:
        v->kind = VALUE_TEXT;
        break;
    default:
        v->mantissa = (int64_t)chance_next(c);
        v->exp10 = (int8_t)(chance_below(c, 9)) - 4;
        break;
    }
    if (dice < 3) {
        *v = (struct value){ .quantity = v->quantity,
                             .unit = v->unit,
                             .function = v->function,
                             .storage = v->storage,
                             .index = v->index,
                             .telegram = v->telegram,
                             .kind = VALUE_NONE,
                             .note = (uint8_t)(1 + chance_below(c, NOTE_N - 1)) };
    } else if (dice < 5) {
        v->kind = VALUE_BYTES;
    } else if (dice < 7) {
        v->mantissa = dice == 5 ? INT64_MAX : INT64_MIN;
        v->note = NOTE_INVALID_DIGITS;
        v->kind = VALUE_NUMBER;
    }
    if (v->kind == VALUE_TEXT || v->kind == VALUE_BYTES) {
        const char *text = texts[chance_below(c, COUNT_OF(texts))];
        v->mantissa = 0;
        v->len = (uint16_t)strlen(text);
        bytes_copy(k->texts[i], KEPT_TEXT, text, v->len);
        v->bytes = k->texts[i];
    }
}

static inline void kept_make(struct kept *k, struct chance *c, uint32_t meter, int64_t utc, int64_t round)
{
    *k = (struct kept){ .r = { .meter = meter, .utc = utc } };
    k->r.telegrams = k->telegrams;
    k->r.values = k->values;
    if (chance_below(c, 20) == 0) {
        k->r.status = (enum readout_status)(1 + chance_below(c, READOUT_N_STATUS - 1));
        return;
    }
    k->r.n_telegrams = 1 + meter % KEPT_TELEGRAMS;
    k->r.n_values = 5 + meter * 3 % 16 + (chance_below(c, 30) == 0 ? 1 : 0);
    for (size_t i = 0; i < k->r.n_telegrams; i++)
        k->telegrams[i].head = (struct telegram_head){ .ident = 0x12345678 + meter,
                                                       .maker = 0x2C2D,
                                                       .version = 4,
                                                       .medium = 4,
                                                       .access_no = (uint8_t)(round + (int64_t)i),
                                                       .status = chance_below(c, 50) == 0 ? 4 : 0,
                                                       .signature = (uint16_t)(i * 0x500) };
    for (size_t i = 0; i < k->r.n_values; i++)
        kept_value(k, c, i, round);
}

static inline void kept_assert_value(const struct value *got, const struct value *want)
{
    assert_int_equal(got->kind, want->kind);
    assert_int_equal(got->note, want->note);
    assert_int_equal(got->exp10, want->exp10);
    assert_int_equal(got->mantissa, want->mantissa);
    assert_int_equal(got->telegram, want->telegram);
    assert_int_equal(got->index, want->index);
    assert_true(value_same_series(got, want));
    assert_true(bytes_equal(got->bytes, got->len, want->bytes, want->len));
    assert_int_not_equal(got->series, 0);
}

static inline void kept_assert(const struct store_reading *got, const struct kept *want)
{
    assert_int_equal(got->utc, want->r.utc);
    assert_int_equal(got->status, want->r.status);
    assert_int_equal(got->n_values, want->r.n_values);
    assert_int_equal(got->n_telegrams, want->r.n_telegrams);
    for (size_t i = 0; i < got->n_telegrams; i++)
        assert_memory_equal(&got->heads[i], &want->telegrams[i].head, sizeof got->heads[i]);
    for (size_t i = 0; i < got->n_values; i++)
        kept_assert_value(&got->values[i], &want->values[i]);
}

#endif
