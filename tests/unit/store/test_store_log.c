/* test_store_log.c — journals: newest first, stored and pending as one, bounded by age and size.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/store/store_fixture.h"

static const int64_t second_us = 1000000, day_us = (int64_t)86400 * 1000000;

static void put(struct fixture *f, enum store_journal j, int64_t utc_us, const char *text)
{
    const struct store_entry e = { utc_us, 1, "bus1", text };
    assert_int_equal(store_journal_put(f->store, j, &e), ERR_OK);
}

struct seen {
    int64_t utc_us[4000];
    char last[64];
    size_t n, limit;
};

static bool note(void *ctx, const struct store_entry *e)
{
    struct seen *s = ctx;
    if (s->n == s->limit)
        return false;
    assert_string_equal(e->origin, "bus1");
    assert_int_equal(e->level, 1);
    s->utc_us[s->n++] = e->utc_us;
    str_copy(s->last, sizeof s->last, e->text);
    return true;
}

static void test_entries_come_newest_first_across_commits(void **state)
{
    (void)state;
    struct fixture f;
    static struct seen s;
    int64_t next, base = FIXTURE_UTC * second_us;
    fixture_init(&f);
    put(&f, JOURNAL_LOG, base, "first");
    put(&f, JOURNAL_LOG, base, "at the same time");
    put(&f, JOURNAL_LOG, base + 50, "later");
    assert_int_equal(store_flush(f.store), ERR_OK);
    put(&f, JOURNAL_LOG, base + 40, "between");
    put(&f, JOURNAL_LOG, base + 50, "again");
    put(&f, JOURNAL_AUDIT, base + 7, "other journal");
    static const int64_t want[] = { 51, 50, 40, 1, 0 };
    for (size_t again = 0; again < 2; again++) {
        s = (struct seen){ .limit = 100 };
        assert_int_equal(store_journal_read(f.store, JOURNAL_LOG, INT64_MAX, INT64_MIN, note, &s, &next), ERR_OK);
        assert_int_equal(next, 0);
        assert_int_equal(s.n, COUNT_OF(want));
        for (size_t i = 0; i < s.n; i++)
            assert_int_equal(s.utc_us[i], base + want[i]);
        assert_string_equal(s.last, "first");
        s = (struct seen){ .limit = 100 };
        assert_int_equal(store_journal_read(f.store, JOURNAL_LOG, base + 50, base + 1, note, &s, &next), ERR_OK);
        assert_int_equal(s.n, 2);
        assert_string_equal(s.last, "at the same time");
        s = (struct seen){ .limit = 100 };
        assert_int_equal(store_journal_read(f.store, JOURNAL_AUDIT, INT64_MAX, 0, note, &s, &next), ERR_OK);
        assert_int_equal(s.n, 1);
        fixture_reopen(&f);
    }
    fixture_fini(&f);
}

static void test_a_reader_that_stops_goes_on_where_it_stopped(void **state)
{
    (void)state;
    struct fixture f;
    static struct seen s;
    int64_t next, base = FIXTURE_UTC * second_us;
    fixture_init(&f);
    for (int64_t i = 0; i < 3500; i++) {
        put(&f, JOURNAL_LOG, base + i, "x");
        if (i % 500 == 0)
            assert_int_equal(store_flush(f.store), ERR_OK);
    }
    s = (struct seen){ .limit = 10000 };
    assert_int_equal(store_journal_read(f.store, JOURNAL_LOG, INT64_MAX, INT64_MIN, note, &s, &next), ERR_OK);
    assert_int_equal(s.n, 2000); /* no more are looked at in one go */
    assert_int_not_equal(next, 0);
    while (next) {
        s.limit = s.n + 300;
        assert_int_equal(store_journal_read(f.store, JOURNAL_LOG, next, INT64_MIN, note, &s, &next), ERR_OK);
        if (next)
            next++; /* the one it stopped at was not taken */
    }
    assert_int_equal(s.n, 3500);
    for (size_t i = 0; i < s.n; i++)
        assert_int_equal(s.utc_us[i], base + 3499 - (int64_t)i);
    fixture_fini(&f);
}

static void test_old_entries_go(void **state)
{
    (void)state;
    struct fixture f;
    static struct seen s;
    int64_t next, base = FIXTURE_UTC * second_us;
    fixture_init(&f);
    for (int64_t i = 0; i < 300; i++)
        put(&f, JOURNAL_LOG, base - 40 * day_us + i, "old");
    put(&f, JOURNAL_LOG, base - 30 * day_us, "young enough");
    for (int i = 0; i < 5; i++) {
        put(&f, JOURNAL_AUDIT, base + i, "a commit");
        assert_int_equal(store_flush(f.store), ERR_OK);
    }
    s = (struct seen){ .limit = 1000 };
    assert_int_equal(store_journal_read(f.store, JOURNAL_LOG, INT64_MAX, INT64_MIN, note, &s, &next), ERR_OK);
    assert_int_equal(s.n, 1);
    assert_string_equal(s.last, "young enough");
    fixture_fini(&f);
}

static void test_too_many_entries_go_oldest_first(void **state)
{
    (void)state;
    struct fixture f;
    static struct seen s;
    char text[400];
    int64_t next, base = FIXTURE_UTC * second_us;
    fixture_init(&f);
    f.cfg.log_max_bytes = 200000;
    store_configure(f.store, &f.cfg);
    memset(text, 't', sizeof text);
    text[sizeof text - 1] = 0;
    for (int64_t i = 0; i < 3000; i++) {
        put(&f, JOURNAL_LOG, base + i, text);
        if (i % 50 == 0)
            assert_int_equal(store_flush(f.store), ERR_OK);
    }
    s = (struct seen){ .limit = 4000 };
    assert_int_equal(store_journal_read(f.store, JOURNAL_LOG, INT64_MAX, INT64_MIN, note, &s, &next), ERR_OK);
    assert_in_range(s.n, 200, 600);
    assert_int_equal(s.utc_us[0], base + 2999);
    fixture_fini(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entries_come_newest_first_across_commits),
        cmocka_unit_test(test_a_reader_that_stops_goes_on_where_it_stopped),
        cmocka_unit_test(test_old_entries_go),
        cmocka_unit_test(test_too_many_entries_go_oldest_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
