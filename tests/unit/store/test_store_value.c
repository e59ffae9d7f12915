/* test_store_value.c — readings in, exactly the same readings out: in memory, sealed, merged, after opening again.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/store/store_fixture.h"

enum { MODEL_MAX = 3000 };

struct model { /* what one meter was given, in the order of time */
    struct kept *kept[MODEL_MAX];
    size_t n;
};

static void model_add(struct model *m, const struct kept *k)
{
    struct kept *copy = xmemdup(k, sizeof *k);
    copy->r.telegrams = copy->telegrams;
    copy->r.values = copy->values;
    for (size_t i = 0; i < copy->r.n_values; i++)
        if (copy->values[i].bytes)
            copy->values[i].bytes = copy->texts[i];
    size_t at = m->n++;
    assert_true(at < MODEL_MAX);
    for (; at > 0 && m->kept[at - 1]->r.utc > k->r.utc; at--)
        m->kept[at] = m->kept[at - 1];
    m->kept[at] = copy;
}

static void model_free(struct model *m)
{
    for (size_t i = 0; i < m->n; i++)
        free(m->kept[i]);
    m->n = 0;
}

struct check {
    const struct model *m;
    size_t at, n;
    bool down;
};

static bool check_next(void *ctx, const struct store_reading *r)
{
    struct check *c = ctx;
    assert_true(c->at < c->m->n);
    kept_assert(r, c->m->kept[c->at]);
    c->at += c->down ? (size_t)-1 : 1;
    c->n++;
    return true;
}

static size_t model_find(const struct model *m, int64_t utc)
{
    size_t i = 0;
    while (i < m->n && m->kept[i]->r.utc < utc)
        i++;
    return i;
}

static void check_range(struct fixture *f, uint32_t meter, const struct model *m, int64_t from, int64_t to)
{
    size_t first = model_find(m, from), end = model_find(m, to);
    struct check c = { m, first, 0, false };
    int64_t next = from;
    for (size_t limit = 7; next; limit = limit * 3 % 1001 + 1) {
        int64_t at = next;
        assert_int_equal(store_readings(f->store, meter, at, to, limit, check_next, &c, &next), ERR_OK);
        assert_true(next == 0 || next > at);
    }
    assert_int_equal(c.n, end - first);
    if (first == end)
        return;
    c = (struct check){ m, end - 1, 0, true };
    assert_int_equal(store_readings_newest(f->store, meter, from, to, SIZE_MAX, check_next, &c), ERR_OK);
    assert_int_equal(c.n, end - first);
    c = (struct check){ m, end - 1, 0, true };
    assert_int_equal(store_readings_newest(f->store, meter, from, to, 3, check_next, &c), ERR_OK);
    assert_int_equal(c.n, end - first < 3 ? end - first : 3);
}

static void check_all(struct fixture *f, struct chance *c, const struct model *models, uint32_t n_meters)
{
    for (uint32_t meter = 1; meter <= n_meters; meter++) {
        const struct model *m = &models[meter];
        check_range(f, meter, m, INT64_MIN, INT64_MAX);
        for (size_t i = 0; i < 5 && m->n; i++) {
            int64_t a = m->kept[chance_below(c, m->n)]->r.utc, b = m->kept[chance_below(c, m->n)]->r.utc;
            check_range(f, meter, m, a < b ? a : b, (a < b ? b : a) + (int64_t)chance_below(c, 2));
        }
    }
}

struct series_check {
    const struct model *m;
    uint32_t meter;
    struct store_series series[200];
    size_t n;
};

static bool note_series(void *ctx, const struct store_series *s)
{
    struct series_check *c = ctx;
    assert_int_equal(s->meter, c->meter);
    assert_true(c->n < COUNT_OF(c->series));
    c->series[c->n++] = *s;
    return true;
}

struct values_check {
    const struct model *m;
    const struct value *kind;
    size_t at, n;
};

static const struct value *model_value(const struct kept *k, const struct value *kind)
{
    for (size_t i = 0; i < k->r.n_values; i++)
        if (value_same_series(&k->values[i], kind) && k->values[i].kind != VALUE_NONE &&
            k->values[i].kind != VALUE_TEXT && k->values[i].kind != VALUE_BYTES)
            return &k->values[i];
    return NULL;
}

static bool check_value(void *ctx, int64_t utc, const struct value *v)
{
    struct values_check *c = ctx;
    const struct value *want = NULL;
    while (!(want = model_value(c->m->kept[c->at], c->kind)))
        c->at++;
    assert_int_equal(utc, c->m->kept[c->at]->r.utc);
    kept_assert_value(v, want);
    c->at++;
    c->n++;
    return true;
}

static void check_series(struct fixture *f, uint32_t meter, const struct model *m)
{
    struct series_check s = { .m = m, .meter = meter };
    assert_int_equal(store_series_of(f->store, meter, note_series, &s), ERR_OK);
    for (size_t i = 0; i < s.n; i++) {
        struct values_check c = { m, &s.series[i].kind, 0, 0 };
        size_t expected = 0;
        for (size_t k = 0; k < m->n; k++)
            expected += model_value(m->kept[k], c.kind) != NULL;
        int64_t next = INT64_MIN;
        while (next)
            assert_int_equal(store_values(f->store, s.series[i].id, next, INT64_MAX, 100, check_value, &c, &next),
                             ERR_OK);
        assert_int_equal(c.n, expected);
    }
}

static void put(struct fixture *f, struct chance *c, struct model *m, uint32_t meter, int64_t utc, int64_t round)
{
    struct kept k;
    kept_make(&k, c, meter, utc, round);
    assert_int_equal(store_put_reading(f->store, &k.r), ERR_OK);
    model_add(m, &k);
}

static void test_what_goes_in_comes_out_across_sealing_merging_and_opening(void **state)
{
    (void)state;
    enum { METERS = 5, ROUNDS = 1500 };
    struct fixture f;
    struct chance c = { 42 };
    static struct model models[METERS + 1];
    fixture_init(&f);
    for (int64_t round = 0; round < ROUNDS; round++) {
        for (uint32_t meter = 1; meter <= METERS; meter++)
            if (meter != 3 || round % 50 == 0)
                put(&f, &c, &models[meter], meter, FIXTURE_UTC + round * 900 + (int64_t)chance_below(&c, 3), round);
        fixture_tick(&f, 1000);
        if (round == 3 || round == 40 || round == 700)
            check_all(&f, &c, models, METERS);
        if (round == 10 || round == 333 || round == 1000)
            fixture_reopen(&f);
    }
    check_all(&f, &c, models, METERS);
    fixture_reopen(&f);
    check_all(&f, &c, models, METERS);
    struct store_stats stats;
    uint64_t readings = 0, values = 0;
    store_stats(f.store, &stats);
    for (uint32_t meter = 1; meter <= METERS; meter++) {
        check_series(&f, meter, &models[meter]);
        readings += models[meter].n;
        for (size_t i = 0; i < models[meter].n; i++)
            values += models[meter].kept[i]->r.n_values;
        model_free(&models[meter]);
    }
    assert_int_equal(stats.readings, readings);
    assert_int_equal(stats.values, values);
    fixture_fini(&f);
}

/* --- times that do not ascend --- */

static void test_readings_out_of_order_find_their_place(void **state)
{
    (void)state;
    enum { METERS = 2 };
    struct fixture f;
    struct chance c = { 7 };
    static struct model models[METERS + 1];
    fixture_init(&f);
    for (int64_t round = 0; round < 700; round++) {
        int64_t utc = FIXTURE_UTC + round * 900;
        if (chance_below(&c, 4) == 0)
            utc -= (int64_t)chance_below(&c, round < 350 ? 5000 : 500000) / 3 * 3 + 1;
        for (uint32_t meter = 1; meter <= METERS; meter++) {
            const struct model *m = &models[meter];
            size_t at = model_find(m, utc);
            if (at < m->n && m->kept[at]->r.utc == utc)
                continue;
            put(&f, &c, &models[meter], meter, utc, round);
        }
        fixture_tick(&f, 1000);
        if (round % 300 == 299)
            fixture_reopen(&f);
    }
    check_all(&f, &c, models, METERS);
    fixture_reopen(&f);
    check_all(&f, &c, models, METERS);
    for (uint32_t meter = 1; meter <= METERS; meter++)
        model_free(&models[meter]);
    fixture_fini(&f);
}

static void test_after_a_jump_into_the_future_and_back_all_stay_in_order(void **state)
{
    (void)state;
    struct fixture f;
    struct chance c = { 8 };
    static struct model m;
    fixture_init(&f);
    for (int64_t round = 0; round < 100; round++)
        put(&f, &c, &m, 1, FIXTURE_UTC + round * 900, round);
    put(&f, &c, &m, 1, (int64_t)FIXTURE_UTC + 500000000, 100);
    for (int64_t round = 100; round < 600; round++)
        put(&f, &c, &m, 1, FIXTURE_UTC + round * 900, round);
    fixture_tick(&f, 60000);
    check_range(&f, 1, &m, INT64_MIN, INT64_MAX);
    fixture_reopen(&f);
    check_range(&f, 1, &m, INT64_MIN, INT64_MAX);
    model_free(&m);
    fixture_fini(&f);
}

static void test_readings_of_one_second_get_the_next_free_seconds(void **state)
{
    (void)state;
    struct fixture f;
    struct chance c = { 9 };
    struct kept k;
    static struct model m;
    fixture_init(&f);
    static const int64_t given[] = { 100, 100, 100, 90, 100, 90, 102 }, kept[] = { 100, 101, 102, 90, 103, 91, 104 };
    for (size_t i = 0; i < COUNT_OF(given); i++) {
        kept_make(&k, &c, 1, FIXTURE_UTC + given[i], (int64_t)i);
        assert_int_equal(store_put_reading(f.store, &k.r), ERR_OK);
        k.r.utc = FIXTURE_UTC + kept[i];
        model_add(&m, &k);
    }
    check_range(&f, 1, &m, INT64_MIN, INT64_MAX);
    model_free(&m);
    fixture_fini(&f);
}

/* --- layouts --- */

static void test_a_meter_whose_every_telegram_is_another_keeps_them_all(void **state)
{
    (void)state;
    enum { ROUNDS = 120 };
    struct fixture f;
    struct chance c = { 21 };
    static struct model m;
    fixture_init(&f);
    for (int64_t round = 0; round < ROUNDS; round++) {
        struct kept k;
        do
            kept_make(&k, &c, 2, FIXTURE_UTC + round * 60, round);
        while (k.r.status != READOUT_OK);
        for (size_t i = 0; i < k.r.n_values; i++)
            k.values[i].storage = (uint64_t)(round * 7 % 50) + i;
        assert_int_equal(store_put_reading(f.store, &k.r), ERR_OK);
        model_add(&m, &k);
        fixture_tick(&f, 1000);
    }
    check_range(&f, 2, &m, INT64_MIN, INT64_MAX);
    fixture_reopen(&f);
    check_range(&f, 2, &m, INT64_MIN, INT64_MAX);
    model_free(&m);
    fixture_fini(&f);
}

static void test_late_readings_of_many_layouts_split_the_block_they_fall_into(void **state)
{
    (void)state;
    struct fixture f;
    struct chance c = { 23 };
    static struct model m;
    fixture_init(&f);
    for (int64_t round = 0; round < 120; round++) {
        struct kept k;
        int64_t at = round < 60 ? round * 2 : (round * 37 % 60) * 2 + 1; /* first the even ones, then between them */
        do
            kept_make(&k, &c, 2, FIXTURE_UTC + at * 60, round);
        while (k.r.status != READOUT_OK);
        for (size_t i = 0; i < k.r.n_values; i++)
            k.values[i].storage = (uint64_t)(round < 60 ? round % 14 : round) + i;
        assert_int_equal(store_put_reading(f.store, &k.r), ERR_OK);
        model_add(&m, &k);
    }
    check_range(&f, 2, &m, INT64_MIN, INT64_MAX);
    fixture_reopen(&f);
    fixture_tick(&f, 5000);
    check_range(&f, 2, &m, INT64_MIN, INT64_MAX);
    model_free(&m);
    fixture_fini(&f);
}

static bool note_ids(void *ctx, const struct store_reading *r)
{
    uint32_t *ids = ctx;
    for (size_t i = 0; i < r->n_values; i++)
        ids[i] = r->values[i].series;
    return true;
}

static void test_two_values_of_one_kind_are_two_series_that_stay_the_same(void **state)
{
    (void)state;
    struct fixture f;
    uint32_t ids[3] = { 0 }, again[3] = { 0 };
    int64_t next;
    struct value values[3] = {
        { .kind = VALUE_NUMBER, .quantity = Q_POWER, .unit = UNIT_W },
        { .kind = VALUE_NUMBER, .quantity = Q_POWER, .unit = UNIT_W, .index = 1 },
        { .kind = VALUE_NUMBER, .quantity = Q_ANY, .unit = UNIT_TEXT, .unit_text = "kvarh", .index = 2 }
    };
    struct reading r = { .meter = 9, .utc = FIXTURE_UTC, .values = values, .n_values = 3 };
    fixture_init(&f);
    assert_int_equal(store_put_reading(f.store, &r), ERR_OK);
    assert_int_equal(store_readings(f.store, 9, 0, INT64_MAX, 1, note_ids, ids, &next), ERR_OK);
    assert_int_not_equal(ids[0], ids[1]);
    fixture_reopen(&f);
    values[2].index = 5; /* another place is another layout, but no other series */
    r.utc += 60;
    assert_int_equal(store_put_reading(f.store, &r), ERR_OK);
    assert_int_equal(store_readings(f.store, 9, r.utc, INT64_MAX, 1, note_ids, again, &next), ERR_OK);
    assert_memory_equal(ids, again, sizeof ids);
    struct store_series found;
    assert_int_equal(store_series_find(f.store, ids[2], &found), ERR_OK);
    assert_string_equal(found.kind.unit_text, "kvarh");
    assert_int_equal(found.meter, 9);
    assert_int_equal(store_series_find(f.store, 4711, &found), ERR_NOT_FOUND);
    fixture_fini(&f);
}

static void test_a_failed_reading_keeps_time_and_status_alone(void **state)
{
    (void)state;
    struct fixture f;
    struct kept k = { .r = { .meter = 1, .utc = FIXTURE_UTC, .status = READOUT_COLLISION } };
    struct model m = { { &k }, 1 };
    fixture_init(&f);
    assert_int_equal(store_put_reading(f.store, &k.r), ERR_OK);
    check_range(&f, 1, &m, INT64_MIN, INT64_MAX);
    fixture_fini(&f);
}

static void test_refuses_what_cannot_be_a_reading(void **state)
{
    (void)state;
    struct fixture f;
    const struct reading bad[] = {
        { .meter = 0, .utc = FIXTURE_UTC },
        { .meter = 1, .utc = INT64_MAX },
        { .meter = 1, .utc = FIXTURE_UTC, .status = READOUT_N_STATUS },
        { .meter = 1, .utc = FIXTURE_UTC, .n_telegrams = CHAIN_MAX + 1 },
    };
    fixture_init(&f);
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(store_put_reading(f.store, &bad[i]), ERR_RANGE);
    fixture_fini(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_goes_in_comes_out_across_sealing_merging_and_opening),
        cmocka_unit_test(test_readings_out_of_order_find_their_place),
        cmocka_unit_test(test_after_a_jump_into_the_future_and_back_all_stay_in_order),
        cmocka_unit_test(test_readings_of_one_second_get_the_next_free_seconds),
        cmocka_unit_test(test_a_meter_whose_every_telegram_is_another_keeps_them_all),
        cmocka_unit_test(test_late_readings_of_many_layouts_split_the_block_they_fall_into),
        cmocka_unit_test(test_two_values_of_one_kind_are_two_series_that_stay_the_same),
        cmocka_unit_test(test_a_failed_reading_keeps_time_and_status_alone),
        cmocka_unit_test(test_refuses_what_cannot_be_a_reading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
