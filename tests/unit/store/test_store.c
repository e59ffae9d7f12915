/* test_store.c — the store as a whole: locks, versions, commits, kills at any moment, full disks.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "core/base/log.h"
#include "store/store_int.h"
#include "tests/unit/store/store_fixture.h"

static bool count_reading(void *ctx, const struct store_reading *r)
{
    (void)r;
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

static enum err put_one(struct fixture *f, struct chance *c, uint32_t meter, int64_t round)
{
    struct kept k;
    kept_make(&k, c, meter, FIXTURE_UTC + round * 60, round);
    return store_put_reading(f->store, &k.r);
}

static void test_a_second_opening_says_locked(void **state)
{
    (void)state;
    struct fixture f;
    struct store *second;
    struct err_at at = { 0 };
    fixture_init(&f);
    assert_int_equal(store_open(&f.cfg, &second, &at), ERR_LOCKED);
    assert_non_null(strstr(at.text, f.dir));
    fixture_reopen(&f);
    fixture_fini(&f);
}

static void test_a_newer_schema_is_refused_by_name(void **state)
{
    (void)state;
    struct fixture f;
    struct err_at at = { 0 };
    MDB_txn *txn;
    struct key k;
    MDB_val key = { 6, (void *)(uintptr_t) "schema" };
    fixture_init(&f);
    assert_int_equal(mdb_txn_begin(f.store->env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_put(txn, f.store->dbi[DB_META], &key, key_u32(&k, 77), 0), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    store_close(f.store);
    f.store = NULL;
    assert_int_equal(store_open(&f.cfg, &f.store, &at), ERR_UNSUPPORTED);
    assert_non_null(strstr(at.text, "77"));
    fixture_fini(&f);
}

static void test_a_tick_comes_soon_enough_for_what_is_put_after_it(void **state)
{
    (void)state;
    struct fixture f;
    struct chance c = { 4 };
    struct store_stats stats;
    fixture_init(&f);
    int64_t next = store_tick(f.store, clock_mono_ms(&f.clock.clock));
    clock_fake_advance(&f.clock, 1);
    int64_t put_ms = clock_mono_ms(&f.clock.clock);
    assert_int_equal(put_one(&f, &c, 1, 0), ERR_OK);
    for (int i = 0; i < 2; i++) { /* called when it asked for, and at no other time */
        clock_fake_advance(&f.clock, next - clock_mono_ms(&f.clock.clock));
        next = store_tick(f.store, clock_mono_ms(&f.clock.clock));
    }
    store_stats(f.store, &stats);
    assert_int_equal(stats.commits, 1);
    assert_true(clock_mono_ms(&f.clock.clock) - put_ms <= 2000);
    fixture_fini(&f);
}

static void test_commits_come_after_two_seconds_or_256_readings(void **state)
{
    (void)state;
    struct fixture f;
    struct chance c = { 3 };
    struct store_stats stats;
    fixture_init(&f);
    assert_int_equal(put_one(&f, &c, 1, 0), ERR_OK);
    int64_t now = clock_mono_ms(&f.clock.clock);
    assert_int_equal(store_tick(f.store, now), now + 2000);
    store_stats(f.store, &stats);
    assert_int_equal(stats.commits, 0);
    clock_fake_advance(&f.clock, 2000);
    store_tick(f.store, clock_mono_ms(&f.clock.clock));
    store_stats(f.store, &stats);
    assert_int_equal(stats.commits, 1);
    for (int64_t i = 1; i <= 256; i++)
        assert_int_equal(put_one(&f, &c, 1, i), ERR_OK);
    store_stats(f.store, &stats);
    assert_int_equal(stats.commits, 2);
    assert_int_equal(readings_of(&f, 1), 257);
    fixture_fini(&f);
}

static void test_opened_anew_after_a_fault_it_goes_on_with_what_was_pending(void **state)
{
    (void)state;
    struct fixture f;
    struct chance c = { 6 };
    fixture_init(&f);
    for (int64_t i = 0; i < 100; i++)
        assert_int_equal(put_one(&f, &c, 1, i), ERR_OK);
    assert_int_equal(store_flush(f.store), ERR_OK);
    for (int64_t i = 100; i < 150; i++)
        assert_int_equal(put_one(&f, &c, 1, i), ERR_OK);
    f.store->is_broken = true;
    assert_int_equal(readings_of(&f, 1), 150);
    assert_int_equal(store_flush(f.store), ERR_OK);
    assert_false(f.store->is_broken);
    fixture_reopen(&f);
    assert_int_equal(readings_of(&f, 1), 150);
    fixture_fini(&f);
}

/* --- killed --- */

enum { KILLS = 25, KILL_METERS = 3 };

/* Writes until it is killed; after each commit it says on the pipe how many readings of each meter are safe. */
static void child_writes(struct fixture *f, int pipe_fd, int64_t round, uint64_t seed)
{
    struct chance c = { seed };
    alarm(20);
    fixture_open(f);
    for (;;) {
        for (size_t n = 1 + chance_below(&c, 30); n > 0; n--, round++)
            for (uint32_t meter = 1; meter <= KILL_METERS; meter++)
                if (put_one(f, &c, meter, round))
                    _exit(1);
        if (store_flush(f->store) || write(pipe_fd, &round, sizeof round) != sizeof round)
            _exit(1);
    }
}

static int64_t run_and_kill(struct fixture *f, struct chance *c, int64_t round)
{
    int fds[2], status;
    int64_t safe = round, said;
    assert_int_equal(pipe(fds), 0);
    pid_t pid = fork();
    if (pid == 0) {
        log_set_stderr(false, LOG_LEVEL_ERROR);
        close(fds[0]);
        child_writes(f, fds[1], round, chance_next(c) | 1);
    }
    close(fds[1]);
    for (uint64_t commits = 1 + chance_below(c, 12); commits > 0 && read(fds[0], &said, sizeof said) == sizeof said;
         commits--)
        safe = said;
    usleep((useconds_t)chance_below(c, 3000));
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    while (read(fds[0], &said, sizeof said) == sizeof said)
        safe = said;
    close(fds[0]);
    return safe;
}

static void test_killed_at_any_moment_it_keeps_all_that_was_committed(void **state)
{
    (void)state;
    struct fixture f;
    struct chance c = { 11 };
    int64_t round = 0;
    fixture_init(&f);
    for (size_t i = 0; i < KILLS; i++) {
        store_close(f.store);
        f.store = NULL;
        int64_t safe = run_and_kill(&f, &c, round);
        fixture_open(&f);
        size_t n = readings_of(&f, 1);
        assert_true(n >= (size_t)safe);
        for (uint32_t meter = 2; meter <= KILL_METERS; meter++)
            assert_int_equal(readings_of(&f, meter), n); /* a commit is whole or not there */
        struct store_stats stats;
        store_stats(f.store, &stats);
        assert_int_equal(stats.readings, n * KILL_METERS);
        round = (int64_t)n;
    }
    fixture_fini(&f);
}

/* --- full --- */

static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

struct said {
    char text[LOG_TEXT_MAX];
    int n;
};

static void hear(void *ctx, enum log_level level, const char *origin, const char *text)
{
    struct said *said = ctx;
    (void)origin;
    if (level < LOG_LEVEL_WARNING)
        return;
    said->n++;
    str_copy(said->text, sizeof said->text, text);
}

static void test_a_disk_that_gets_full_is_told_once_before_it_is(void **state)
{
    (void)state;
    struct fixture f;
    struct said said = { .n = 0 };
    log_set_stderr(false, LOG_LEVEL_ERROR);
    log_add_sink(hear, &said);
    fixture_init(&f);
    fixture_tick(&f, 1000);
    assert_int_equal(said.n, 0);
    limit_files(20 << 20);
    fixture_tick(&f, 200000);
    assert_int_equal(said.n, 1);
    assert_non_null(strstr(said.text, f.dir));
    limit_files(RLIM_INFINITY);
    log_remove_sink(hear, &said);
    log_set_stderr(true, LOG_LEVEL_INFO);
    fixture_fini(&f);
}

static void test_on_a_full_disk_it_says_so_keeps_what_it_has_and_heals(void **state)
{
    (void)state;
    struct fixture f;
    struct chance c = { 17 };
    struct store_stats stats;
    enum err e = ERR_OK;
    int64_t round = 0;
    log_set_stderr(false, LOG_LEVEL_ERROR);
    signal(SIGXFSZ, SIG_IGN);
    fixture_init(&f);
    limit_files(400 << 10);
    for (; !e && round < 20000; round++) {
        e = put_one(&f, &c, 1 + (uint32_t)(round % 4), round / 4);
        fixture_tick(&f, 500);
    }
    assert_int_equal(e, ERR_DISK_FULL);
    store_stats(f.store, &stats);
    assert_true(stats.is_full);
    size_t kept = 0;
    for (uint32_t meter = 1; meter <= 4; meter++)
        kept += readings_of(&f, meter);
    assert_true(kept > 1000);
    limit_files(RLIM_INFINITY);
    fixture_tick(&f, 10000);
    store_stats(f.store, &stats);
    assert_false(stats.is_full);
    assert_int_equal(put_one(&f, &c, 1, round), ERR_OK);
    fixture_reopen(&f);
    size_t now = 0;
    for (uint32_t meter = 1; meter <= 4; meter++)
        now += readings_of(&f, meter);
    assert_int_equal(now, kept + 1);
    log_set_stderr(true, LOG_LEVEL_INFO);
    fixture_fini(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_second_opening_says_locked),
        cmocka_unit_test(test_a_newer_schema_is_refused_by_name),
        cmocka_unit_test(test_a_tick_comes_soon_enough_for_what_is_put_after_it),
        cmocka_unit_test(test_commits_come_after_two_seconds_or_256_readings),
        cmocka_unit_test(test_opened_anew_after_a_fault_it_goes_on_with_what_was_pending),
        cmocka_unit_test(test_killed_at_any_moment_it_keeps_all_that_was_committed),
        cmocka_unit_test(test_a_disk_that_gets_full_is_told_once_before_it_is),
        cmocka_unit_test(test_on_a_full_disk_it_says_so_keeps_what_it_has_and_heals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
