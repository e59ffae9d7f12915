/* test_store_check.c — damaged data files are refused, and never end the process.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "store/store_int.h"
#include "tests/unit/store/store_fixture.h"

static uint8_t *file_read(const char *path, size_t *len)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0 && fstat(fd, &st) == 0);
    uint8_t *bytes = xmalloc((size_t)st.st_size + 1);
    *len = (size_t)read(fd, bytes, (size_t)st.st_size);
    close(fd);
    return bytes;
}

static void file_write(const char *path, const uint8_t *bytes, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), (ssize_t)len);
    close(fd);
}

static bool see_reading(void *ctx, const struct store_reading *r)
{
    (void)r;
    ++*(size_t *)ctx;
    return true;
}

static void fill(struct fixture *f, size_t rounds)
{
    struct chance c = { 5 };
    for (size_t round = 0; round < rounds; round++) {
        for (uint32_t meter = 1; meter <= 4; meter++) {
            struct kept k;
            kept_make(&k, &c, meter, FIXTURE_UTC + (int64_t)round * 900, (int64_t)round);
            assert_int_equal(store_put_reading(f->store, &k.r), ERR_OK);
        }
        fixture_tick(f, 2500);
    }
    assert_int_equal(store_flush(f->store), ERR_OK);
}

static void test_a_file_cut_anywhere_is_refused_or_whole(void **state)
{
    (void)state;
    struct fixture f;
    char path[128];
    size_t len, refused = 0;
    fixture_init(&f);
    fill(&f, 300);
    fixture_path(&f, "data.mdb", path);
    store_close(f.store);
    f.store = NULL;
    fixture_open(&f);
    store_close(f.store);
    f.store = NULL;
    uint8_t *whole = file_read(path, &len);
    static const size_t odd[] = { 1, 100, 4095, 4096, 4097, 8192, 8193, 12288, 20000 };
    for (size_t i = 0; i < COUNT_OF(odd) + 64; i++) {
        size_t cut = i < COUNT_OF(odd) ? odd[i] : len * (i - COUNT_OF(odd) + 1) / 65;
        struct err_at at = { 0 };
        file_write(path, whole, cut);
        enum err e = store_open(&f.cfg, &f.store, &at);
        if (e) {
            assert_int_equal(e, ERR_CORRUPT);
            assert_non_null(strstr(at.text, "data.mdb"));
            refused++;
            continue;
        }
        for (uint32_t meter = 1; meter <= 4; meter++) {
            size_t n = 0;
            int64_t next;
            assert_int_equal(store_readings(f.store, meter, INT64_MIN, INT64_MAX, SIZE_MAX, see_reading, &n, &next),
                             ERR_OK);
            assert_int_equal(n, 300);
        }
        store_close(f.store);
        f.store = NULL;
    }
    assert_true(refused > 60);
    file_write(path, whole, len);
    fixture_open(&f);
    free(whole);
    fixture_fini(&f);
}

static void test_an_emptied_or_vanished_file_is_no_new_store(void **state)
{
    (void)state;
    struct fixture f;
    struct err_at at = { 0 };
    char path[128];
    fixture_init(&f);
    fill(&f, 3);
    fixture_path(&f, "data.mdb", path);
    store_close(f.store);
    f.store = NULL;
    file_write(path, NULL, 0);
    assert_int_equal(store_open(&f.cfg, &f.store, &at), ERR_CORRUPT);
    assert_non_null(strstr(at.text, "there was a store"));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(store_open(&f.cfg, &f.store, &at), ERR_CORRUPT);
    fixture_path(&f, "made", path);
    assert_int_equal(unlink(path), 0);
    fixture_open(&f);
    fixture_fini(&f);
}

static void test_a_file_of_something_else_is_refused(void **state)
{
    (void)state;
    struct fixture f;
    struct err_at at = { 0 };
    char path[128];
    uint8_t junk[20000];
    fixture_init(&f);
    store_close(f.store);
    f.store = NULL;
    memset(junk, 'x', sizeof junk);
    fixture_path(&f, "data.mdb", path);
    file_write(path, junk, sizeof junk);
    assert_int_equal(store_open(&f.cfg, &f.store, &at), ERR_CORRUPT);
    fixture_fini(&f);
}

/* Flipped bytes behind the meta pages are not always seen at once, but reading must end in an error, not in a crash. */
static void test_flipped_bytes_in_blocks_give_errors_or_values(void **state)
{
    (void)state;
    struct fixture f;
    struct chance c = { 99 };
    fixture_init(&f);
    fill(&f, 300);
    MDB_txn *txn;
    MDB_cursor *cursor;
    MDB_val key, val;
    for (size_t i = 0; i < 200; i++) {
        uint8_t bytes[8192];
        struct key k;
        assert_int_equal(mdb_txn_begin(f.store->env, NULL, 0, &txn), 0);
        assert_int_equal(mdb_cursor_open(txn, f.store->dbi[DB_BLOCK], &cursor), 0);
        key = *key_u32(&k, 1 + (uint32_t)chance_below(&c, 4));
        assert_int_equal(mdb_cursor_get(cursor, &key, &val, MDB_SET_RANGE), 0);
        assert_true(val.mv_size <= sizeof bytes);
        memcpy(bytes, val.mv_data, val.mv_size);
        bytes[chance_below(&c, val.mv_size)] ^= (uint8_t)(1 << chance_below(&c, 8));
        val.mv_data = bytes;
        assert_int_equal(mdb_cursor_put(cursor, &key, &val, MDB_CURRENT), 0);
        mdb_cursor_close(cursor);
        assert_int_equal(mdb_txn_commit(txn), 0);
        for (uint32_t meter = 1; meter <= 4; meter++) {
            size_t n = 0;
            int64_t next;
            enum err e = store_readings(f.store, meter, INT64_MIN, INT64_MAX, SIZE_MAX, see_reading, &n, &next);
            assert_true(e == ERR_OK || e == ERR_CORRUPT);
        }
    }
    fixture_fini(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_file_cut_anywhere_is_refused_or_whole),
        cmocka_unit_test(test_an_emptied_or_vanished_file_is_no_new_store),
        cmocka_unit_test(test_a_file_of_something_else_is_refused),
        cmocka_unit_test(test_flipped_bytes_in_blocks_give_errors_or_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
