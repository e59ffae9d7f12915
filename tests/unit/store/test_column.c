/* test_column.c — columns of integers come back the same and in few bytes; broken ones are refused.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/column.h"
#include "tests/unit/store/store_fixture.h"

enum { COLUMN_LEN = 4096 };

static size_t there_and_back(struct packer *p, const int64_t *v, size_t n, bool is_small)
{
    static uint8_t bytes[9 * COLUMN_LEN + COLUMN_SPARE];
    static int64_t again[COLUMN_LEN];
    struct wr w = wr_init(bytes, 9 * n + COLUMN_SPARE);
    column_write(&w, p, v, n, is_small);
    assert_true(wr_ok(&w));
    struct rd r = rd_init(bytes, wr_len(&w));
    assert_int_equal(column_read(&r, p, again, n), ERR_OK);
    assert_int_equal(rd_left(&r), 0);
    assert_true(bytes_equal(v, n * sizeof *v, again, n * sizeof *v));
    r = rd_init(bytes, wr_len(&w));
    assert_int_equal(column_skip(&r), ERR_OK);
    assert_int_equal(rd_left(&r), 0);
    return wr_len(&w);
}

/* One row per kind of column that meters make; max is what n of them may take. */
static void test_every_kind_of_column_comes_back_in_few_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t start, step;
        uint64_t noise; /* below this, added to each */
        bool is_walk;   /* the noise adds up */
        size_t max;     /* bytes for COLUMN_LEN */
    } rows[] = {
        { "a constant", -7, 0, 1, false, 2 },
        { "a line", 1767225600, 900, 1, false, 9 },
        { "a line downwards", 5, -3, 1, false, 4 },
        { "times with a few seconds of jitter", 1767225600, 900, 4, false, 1800 },
        { "a counter", 123456789, 0, 16, true, 2200 },
        { "noise of a byte", 700, 0, 256, false, 5000 },
        { "noise of two bytes", -30000, 0, 65536, false, 9000 },
        { "noise of all bits", 0, 0, 0, false, 9 * COLUMN_LEN + COLUMN_SPARE },
    };
    static int64_t v[COLUMN_LEN];
    struct packer *p = packer_create();
    struct chance c = { 1 };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int64_t sum = 0;
        for (size_t k = 0; k < COLUMN_LEN; k++) {
            int64_t noise = rows[i].noise ? (int64_t)chance_below(&c, rows[i].noise) : (int64_t)chance_next(&c);
            sum = rows[i].is_walk ? sum + noise : noise;
            v[k] = (int64_t)((uint64_t)rows[i].start + (uint64_t)rows[i].step * k + (uint64_t)sum);
        }
        size_t len = there_and_back(p, v, COLUMN_LEN, false);
        if (len > rows[i].max)
            fail_msg("%s takes %zu bytes", rows[i].name, len);
        there_and_back(p, v, COLUMN_LEN, true);
        for (size_t n = 0; n < 5; n++)
            there_and_back(p, v, n, n % 2);
    }
    packer_free(p);
}

static void test_the_ends_of_the_range_and_single_jumps_come_back(void **state)
{
    (void)state;
    const int64_t v[] = { 0, INT64_MAX, INT64_MIN, INT64_MAX, -1, 0, 1, INT64_MIN, INT64_MIN, 5, 5, 5, 4711 };
    struct packer *p = packer_create();
    for (size_t n = 0; n <= COUNT_OF(v); n++) {
        there_and_back(p, v, n, true);
        there_and_back(p, v, n, false);
    }
    packer_free(p);
}

static void test_columns_written_by_hand_are_understood(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint8_t bytes[12];
        size_t len;
        enum err err;
        int64_t v[3];
    } rows[] = {
        { "constant 3", { 0x00, 0x06 }, 2, ERR_OK, { 3, 3, 3 } },
        { "line from -1 by 2", { 0x01, 0x01, 0x04 }, 3, ERR_OK, { -1, 1, 3 } },
        { "steps of 10, then +1 and -1", { 0x02, 0x00, 0x14, 0x09, 0x02, 0x01 }, 6, ERR_OK, { 0, 11, 20 } },
        { "levels about 100 in one plane", { 0x03, 0xC8, 0x01, 0x0D, 0x00, 0x02, 0x03 }, 7, ERR_OK, { 100, 101, 98 } },
        { "levels in two planes, the high one constant",
          { 0x07, 0x00, 0x0D, 0x00, 0x02, 0x04, 0x04 },
          7,
          ERR_OK,
          { 128, 129, 130 } },
        { "nothing", { 0 }, 0, ERR_CORRUPT, { 0 } },
        { "a base that does not end", { 0x00, 0x80 }, 2, ERR_CORRUPT, { 0 } },
        { "nine planes and more", { 0x23, 0x00, 0x0D, 0x00, 0x02, 0x03 }, 6, ERR_CORRUPT, { 0 } },
        { "a plane of another length", { 0x03, 0x00, 0x09, 0x00, 0x02 }, 5, ERR_CORRUPT, { 0 } },
        { "a plane that is cut", { 0x03, 0x00, 0x0D, 0x00 }, 4, ERR_CORRUPT, { 0 } },
        { "a compressed plane of junk", { 0x03, 0x00, 0x0E, 0xFF, 0xFF, 0xFF }, 6, ERR_CORRUPT, { 0 } },
        { "an unknown kind of plane", { 0x03, 0x00, 0x0F, 0x00, 0x02, 0x03 }, 6, ERR_CORRUPT, { 0 } },
    };
    struct packer *p = packer_create();
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int64_t v[3];
        struct rd r = rd_init(rows[i].bytes, rows[i].len);
        enum err e = column_read(&r, p, v, 3);
        if (e != rows[i].err || (!e && !bytes_equal(v, sizeof v, rows[i].v, sizeof v)))
            fail_msg("%s: %s, %lld %lld %lld", rows[i].name, err_name(e), (long long)v[0], (long long)v[1],
                     (long long)v[2]);
    }
    packer_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_kind_of_column_comes_back_in_few_bytes),
        cmocka_unit_test(test_the_ends_of_the_range_and_single_jumps_come_back),
        cmocka_unit_test(test_columns_written_by_hand_are_understood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
