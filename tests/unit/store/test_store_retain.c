/* test_store_retain.c — what is too old or too much goes, the oldest blocks first.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <sys/stat.h>

#include "tests/unit/store/store_fixture.h"

enum { METERS = 4 };

static bool note_first(void *ctx, const struct store_reading *r)
{
    *(int64_t *)ctx = r->utc;
    return false;
}

static int64_t oldest_of(struct fixture *f, uint32_t meter)
{
    int64_t utc = 0, next;
    assert_int_equal(store_readings(f->store, meter, INT64_MIN, INT64_MAX, 1, note_first, &utc, &next), ERR_OK);
    return utc;
}

/* Rounds of a quarter of an hour, in which the clock moves with the readings. */
static void fill(struct fixture *f, int64_t rounds)
{
    struct chance c = { 31 };
    for (int64_t round = 0; round < rounds; round++) {
        int64_t utc = clock_utc(&f->clock.clock);
        for (uint32_t meter = 1; meter <= METERS; meter++) {
            struct kept k;
            kept_make(&k, &c, meter, utc, round);
            assert_int_equal(store_put_reading(f->store, &k.r), ERR_OK);
        }
        for (int i = 0; i < 3; i++) {
            clock_fake_advance(&f->clock, 300000);
            store_tick(f->store, clock_mono_ms(&f->clock.clock));
        }
    }
}

static void test_readings_older_than_the_limit_go(void **state)
{
    (void)state;
    struct fixture f;
    struct store_stats stats;
    const int64_t day = 86400;
    fixture_init(&f);
    f.cfg.max_age_days = 10;
    store_configure(f.store, &f.cfg);
    fill(&f, 20 * 96);
    int64_t now = clock_utc(&f.clock.clock);
    for (uint32_t meter = 1; meter <= METERS; meter++)
        assert_in_range(oldest_of(&f, meter), now - 17 * day,
                        now - 9 * day); /* whole blocks go, of up to a week here */
    store_stats(f.store, &stats);
    assert_in_range(stats.oldest_utc, now - 17 * day, now - 9 * day);
    assert_true(stats.readings < 17 * 96 * METERS);
    fixture_fini(&f);
}

static void test_the_file_stays_below_its_quota(void **state)
{
    (void)state;
    struct fixture f;
    struct store_stats stats;
    struct stat st;
    char path[128];
    fixture_init(&f);
    store_close(f.store);
    f.cfg.max_bytes = 1500000;
    fixture_open(&f);
    fill(&f, 6000);
    fixture_path(&f, "data.mdb", path);
    assert_int_equal(stat(path, &st), 0);
    assert_true(st.st_size < 1600000);
    store_stats(f.store, &stats);
    assert_false(stats.is_full);
    assert_true(stats.oldest_utc > FIXTURE_UTC);
    assert_true(stats.readings < 6000 * METERS);
    int64_t first = oldest_of(&f, 1);
    for (uint32_t meter = 2; meter <= METERS; meter++)
        assert_true(llabs(oldest_of(&f, meter) - first) < 60 * 86400); /* no meter pays for the others */
    fixture_reopen(&f);
    fixture_fini(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_readings_older_than_the_limit_go),
        cmocka_unit_test(test_the_file_stays_below_its_quota),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
