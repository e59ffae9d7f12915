/* test_store_meter.c — the meter list and raw chains survive opening again; removing takes what it is told to.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/store/store_fixture.h"

struct list {
    struct meter ms[10];
    size_t n;
};

static void note_meter(void *ctx, const struct meter *m)
{
    struct list *l = ctx;
    assert_true(l->n < COUNT_OF(l->ms));
    l->ms[l->n++] = *m;
}

static const struct meter two[] = {
    { .id = 1,
      .position = "Keller/Wärme <1>",
      .ident = 0x12345678,
      .maker = 0x2C2D,
      .version = 4,
      .medium = 7,
      .is_known = true,
      .addressing = ADDRESSING_ESECONDARY,
      .primary = -1,
      .has_enhanced = true,
      .enhanced = 0x87654321,
      .baud = 300,
      .bus = 16,
      .state = METER_PASSIVE,
      .multi_telegram = true,
      .multi_telegram_limit = 9,
      .installed_utc = 1767225600,
      .last_utc = 1767226500,
      .last_status = READOUT_GARBLED },
    { .id = 4000000000,
      .ident = 0xFFFFFFFF,
      .addressing = ADDRESSING_PRIMARY,
      .primary = 250,
      .baud = 38400,
      .bus = 1 },
};

static void assert_meter(const struct meter *a, const struct meter *b)
{
    assert_int_equal(a->id, b->id);
    assert_string_equal(a->position, b->position);
    assert_int_equal(a->ident, b->ident);
    assert_int_equal(a->maker, b->maker);
    assert_int_equal(a->version, b->version);
    assert_int_equal(a->medium, b->medium);
    assert_int_equal(a->is_known, b->is_known);
    assert_int_equal(a->addressing, b->addressing);
    assert_int_equal(a->primary, b->primary);
    assert_int_equal(a->has_enhanced, b->has_enhanced);
    assert_int_equal(a->enhanced, b->enhanced);
    assert_int_equal(a->baud, b->baud);
    assert_int_equal(a->bus, b->bus);
    assert_int_equal(a->state, b->state);
    assert_int_equal(a->multi_telegram, b->multi_telegram);
    assert_int_equal(a->multi_telegram_limit, b->multi_telegram_limit);
    assert_int_equal(a->installed_utc, b->installed_utc);
    assert_int_equal(a->last_utc, b->last_utc);
    assert_int_equal(a->last_status, b->last_status);
}

static void test_the_list_comes_back_with_the_next_number(void **state)
{
    (void)state;
    struct fixture f;
    struct list l = { .n = 0 };
    uint32_t next = 0;
    fixture_init(&f);
    assert_int_equal(store_meters_load(f.store, note_meter, &l, &next), ERR_OK);
    assert_int_equal(l.n, 0);
    assert_int_equal(next, 1);
    assert_int_equal(store_meters_put(f.store, two, 2, 4000000001), ERR_OK);
    fixture_reopen(&f);
    assert_int_equal(store_meters_load(f.store, note_meter, &l, &next), ERR_OK);
    assert_int_equal(l.n, 2);
    assert_int_equal(next, 4000000001);
    for (size_t i = 0; i < 2; i++)
        assert_meter(&l.ms[i], &two[i]);
    fixture_fini(&f);
}

static bool count_reading(void *ctx, const struct store_reading *r)
{
    (void)r;
    ++*(size_t *)ctx;
    return true;
}

static bool count_series(void *ctx, const struct store_series *s)
{
    assert_true(s->n_values > 0);
    ++*(size_t *)ctx;
    return true;
}

static size_t readings_of(struct fixture *f, uint32_t meter)
{
    size_t n = 0;
    int64_t next;
    assert_int_equal(store_readings(f->store, meter, INT64_MIN, INT64_MAX, SIZE_MAX, count_reading, &n, &next), ERR_OK);
    return n;
}

static size_t series_of(struct fixture *f, uint32_t meter)
{
    size_t n = 0;
    assert_int_equal(store_series_of(f->store, meter, count_series, &n), ERR_OK);
    return n;
}

static void fill(struct fixture *f, uint32_t meter, int64_t n)
{
    struct chance c = { meter };
    for (int64_t i = 0; i < n; i++) {
        struct kept k;
        kept_make(&k, &c, meter, FIXTURE_UTC + i, i);
        assert_int_equal(store_put_reading(f->store, &k.r), ERR_OK);
    }
}

static void test_removing_with_history_takes_all_of_one_meter_alone(void **state)
{
    (void)state;
    struct fixture f;
    struct store_stats stats;
    fixture_init(&f);
    for (uint32_t meter = 1; meter <= 3; meter++)
        fill(&f, meter, 200);
    assert_int_equal(store_mark_put(f.store, 5, 2, 777), ERR_OK);
    fixture_tick(&f, 5000);
    fill(&f, 2, 0);
    assert_int_equal(store_meter_remove(f.store, 2, true), ERR_OK);
    for (size_t again = 0; again < 2; again++) {
        assert_int_equal(readings_of(&f, 1), 200);
        assert_int_equal(readings_of(&f, 2), 0);
        assert_int_equal(series_of(&f, 2), 0);
        assert_true(series_of(&f, 3) > 3);
        assert_int_equal(store_mark(f.store, 5, 2), 0);
        store_stats(f.store, &stats);
        assert_int_equal(stats.readings, 400);
        fixture_reopen(&f);
    }
    fixture_fini(&f);
}

static void test_removing_without_history_keeps_the_readings(void **state)
{
    (void)state;
    struct fixture f;
    struct list l = { .n = 0 };
    uint32_t next;
    fixture_init(&f);
    assert_int_equal(store_meters_put(f.store, two, 1, 2), ERR_OK);
    fill(&f, 1, 100);
    assert_int_equal(store_meter_remove(f.store, 1, false), ERR_OK);
    fixture_reopen(&f);
    assert_int_equal(store_meters_load(f.store, note_meter, &l, &next), ERR_OK);
    assert_int_equal(l.n, 0);
    assert_int_equal(readings_of(&f, 1), 100);
    fixture_fini(&f);
}

static void test_the_last_good_chain_is_kept_raw(void **state)
{
    (void)state;
    struct fixture f;
    int64_t utc;
    size_t n;
    enum reading_source source;
    struct telegram_raw out[4];
    const uint8_t first[] = { 0x68, 0x03, 0x03, 0x68, 0x08, 0x01, 0x72, 0x7B, 0x16 }, second[] = { 0xE5 };
    const struct telegram_raw telegrams[] = { { { .ident = 1, .status = 4 }, first, sizeof first },
                                              { { .ident = 2 }, second, 1 } };
    struct reading r = { .meter = 6, .utc = 1000, .source = SOURCE_MANUAL, .telegrams = telegrams, .n_telegrams = 2 };
    fixture_init(&f);
    assert_int_equal(store_chain(f.store, 6, &utc, &source, out, 4, &n), ERR_NOT_FOUND);
    assert_int_equal(store_put_reading(f.store, &r), ERR_OK);
    r.utc = 2000;
    r.status = READOUT_GARBLED;
    r.n_telegrams = 1;
    assert_int_equal(store_put_reading(f.store, &r), ERR_OK);
    for (size_t again = 0; again < 2; again++) {
        assert_int_equal(store_chain(f.store, 6, &utc, &source, out, 4, &n), ERR_OK);
        assert_int_equal(n, 2);
        assert_int_equal(utc, 1000);
        assert_int_equal(source, SOURCE_MANUAL);
        assert_int_equal(out[0].head.status, 4);
        assert_true(bytes_equal(out[0].bytes, out[0].len, first, sizeof first));
        assert_true(bytes_equal(out[1].bytes, out[1].len, second, 1));
        assert_int_equal(store_chain(f.store, 6, &utc, &source, out, 1, &n), ERR_OK);
        assert_int_equal(n, 1);
        fixture_reopen(&f);
    }
    fixture_fini(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_list_comes_back_with_the_next_number),
        cmocka_unit_test(test_removing_with_history_takes_all_of_one_meter_alone),
        cmocka_unit_test(test_removing_without_history_keeps_the_readings),
        cmocka_unit_test(test_the_last_good_chain_is_kept_raw),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
