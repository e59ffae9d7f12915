/* test_block.c — tables, open rows and sealed blocks say the same; one series is read alone.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/block.h"
#include "store/row.h"
#include "tests/unit/store/store_fixture.h"

enum { VALUES = 4, CELLS = HEAD_COLUMNS + VALUES };

/* A reading of layout 7 with a number, a text, a noisy number and one that is sometimes missing; some rows failed. */
static void append(struct rows *rows, struct chance *c, int64_t utc)
{
    static const char *const texts[] = { "on", "off", "" };
    const char *text = texts[chance_below(c, COUNT_OF(texts))];
    struct value values[VALUES] = { [1] = { .bytes = (const uint8_t *)text, .len = (uint16_t)strlen(text) } };
    int64_t cells[CELLS] = {
        0x1234567800000000, (utc / 60) & 0xFF, 0, 0x0500, utc / 100, 0, (int64_t)chance_below(c, 1000), 5
    };
    int64_t shapes[VALUES] = { SHAPE_USUAL, SHAPE_USUAL_TEXT, SHAPE_USUAL, SHAPE_USUAL };
    if (chance_below(c, 10) == 0)
        shapes[3] = shape_of(&(struct value){ .kind = VALUE_NONE, .note = NOTE_NO_DATA });
    struct row row = { .utc = utc,
                       .like = { .layout = 7, .n_heads = 1, .n_values = VALUES },
                       .cells = cells,
                       .shapes = shapes,
                       .values = values };
    if (chance_below(c, 8) == 0)
        row = (struct row){ .utc = utc, .status = READOUT_NO_ANSWER };
    uint8_t bytes[200];
    struct wr w = wr_init(bytes, sizeof bytes);
    assert_true(row_size_max(&row) <= sizeof bytes);
    row_write(&w, rows, &row);
    assert_true(wr_ok(&w));
    assert_int_equal(rows_append(rows, bytes, wr_len(&w)), ERR_OK);
}

static void assert_tables(const struct table *a, const struct table *b)
{
    assert_int_equal(a->n, b->n);
    for (size_t i = 0; i < a->n; i++) {
        const struct group *g = &a->groups[a->group[i]], *h = &b->groups[b->group[i]];
        assert_int_equal(a->utc[i], b->utc[i]);
        assert_int_equal(a->status[i], b->status[i]);
        assert_int_equal(g->layout, h->layout);
        for (size_t k = 0; k < group_columns(g); k++) {
            size_t first = (size_t)g->n_heads * HEAD_COLUMNS;
            int64_t shape = k < first ? SHAPE_USUAL : group_shape(g, k - first, a->nth[i]);
            int64_t x = group_column(g, k)[a->nth[i]], y = group_column(h, k)[b->nth[i]];
            const uint8_t *p, *q;
            size_t p_len, q_len;
            if (!shape_is_text(shape)) {
                assert_int_equal(x, y);
                continue;
            }
            assert_int_equal(text_at(a->texts, a->texts_len, x, &p, &p_len), ERR_OK);
            assert_int_equal(text_at(b->texts, b->texts_len, y, &q, &q_len), ERR_OK);
            assert_true(bytes_equal(p, p_len, q, q_len));
        }
    }
}

static void seal(struct packer *p, const struct table *t, uint8_t **bytes, size_t *len)
{
    size_t size = block_size_max(t);
    *bytes = xmalloc(size);
    struct wr w = wr_init(*bytes, size);
    block_write(&w, p, t);
    assert_true(wr_ok(&w));
    *len = wr_len(&w);
}

static void fill(struct rows *rows, struct table *t, size_t n, uint64_t seed)
{
    struct chance c = { seed };
    rows_init(rows);
    table_init(t);
    for (size_t i = 0; i < n; i++)
        append(rows, &c, (int64_t)seed * 1000000 + (int64_t)i * 900);
    assert_int_equal(rows_to_table(rows, t), ERR_OK);
    assert_int_equal(t->n, n);
}

static void test_rows_and_their_block_say_the_same(void **state)
{
    (void)state;
    static const size_t sizes[] = { 1, 2, 63, 64, 127, 128, 500 };
    struct packer *p = packer_create();
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        struct rows rows;
        struct table t, again;
        struct block b;
        uint8_t *bytes;
        size_t len;
        fill(&rows, &t, sizes[i], i + 3);
        seal(p, &t, &bytes, &len);
        table_init(&again);
        assert_int_equal(block_open(&b, bytes, len), ERR_OK);
        assert_int_equal(b.n, sizes[i]);
        assert_int_equal(b.first_utc, rows.first_utc);
        assert_int_equal(b.last_utc, rows.last_utc);
        assert_int_equal(block_read(&b, p, &again), ERR_OK);
        assert_tables(&t, &again);
        table_fini(&again);
        for (size_t cut = 0; cut < len; cut++) /* cut anywhere it is refused */
            if (block_open(&b, bytes, cut) == ERR_OK) {
                assert_int_equal(block_read(&b, p, &again), ERR_CORRUPT);
                table_fini(&again);
            }
        table_fini(&t);
        rows_fini(&rows);
        free(bytes);
    }
    packer_free(p);
}

static void test_one_value_is_read_without_the_others(void **state)
{
    (void)state;
    struct packer *p = packer_create();
    struct rows rows;
    struct table t;
    struct block b;
    uint8_t *bytes;
    size_t len;
    fill(&rows, &t, 300, 9);
    seal(p, &t, &bytes, &len);
    assert_int_equal(block_open(&b, bytes, len), ERR_OK);
    for (uint16_t value = 0; value < VALUES; value++) {
        uint16_t pick[GROUPS_MAX];
        struct table one;
        for (size_t i = 0; i < b.n_groups; i++)
            pick[i] = b.groups[i].layout == 7 ? value : BLOCK_PICK_NONE;
        table_init(&one);
        assert_int_equal(block_read_one(&b, p, pick, &one), ERR_OK);
        assert_int_equal(one.n, t.n);
        for (size_t i = 0; i < t.n; i++) {
            const struct group *g = &t.groups[t.group[i]], *h = &one.groups[one.group[i]];
            assert_int_equal(t.utc[i], one.utc[i]);
            if (g->layout != 7)
                continue;
            assert_int_equal(group_shape(g, value, t.nth[i]), group_shape(h, 0, one.nth[i]));
            assert_int_equal(group_numbers(g, value)[t.nth[i]], group_numbers(h, 0)[one.nth[i]]);
        }
        table_fini(&one);
    }
    table_fini(&t);
    rows_fini(&rows);
    free(bytes);
    packer_free(p);
}

static void test_blocks_one_after_the_other_make_one_table(void **state)
{
    (void)state;
    struct packer *p = packer_create();
    struct table whole, joined;
    table_init(&whole);
    table_init(&joined);
    for (uint64_t i = 1; i <= 3; i++) {
        struct rows rows;
        struct table t;
        struct block b;
        uint8_t *bytes;
        size_t len;
        fill(&rows, &t, 100 * i, i);
        assert_int_equal(table_copy(&whole, &t, 0, t.n), ERR_OK);
        seal(p, &t, &bytes, &len);
        assert_int_equal(block_open(&b, bytes, len), ERR_OK);
        assert_int_equal(block_read(&b, p, &joined), ERR_OK);
        if (i == 3) /* the same again is not later than what is there */
            assert_int_equal(block_read(&b, p, &joined), ERR_CORRUPT);
        table_fini(&t);
        rows_fini(&rows);
        free(bytes);
    }
    assert_tables(&whole, &joined);
    assert_int_equal(table_find(&whole, INT64_MIN), 0);
    assert_int_equal(table_find(&whole, whole.utc[150]), 150);
    assert_int_equal(table_find(&whole, whole.utc[150] + 1), 151);
    assert_int_equal(table_find(&whole, INT64_MAX), whole.n);
    table_fini(&whole);
    table_fini(&joined);
    packer_free(p);
}

static void test_a_row_that_does_not_follow_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint8_t bytes[8];
        size_t len;
        bool is_first;
    } rows[] = {
        { "nothing", { 0 }, 0, false },
        { "a group that was never told", { 0x20, 0x02, 0x00 }, 3, false },
        { "the same second again", { 0x00, 0x00 }, 2, false },
        { "a time before", { 0x00, 0x01 }, 2, false },
        { "an unknown status", { 0x1C, 0x02 }, 2, false },
        { "too many telegrams", { 0x21, 0x01, 0x41, 0x00, 0x02, 0x00 }, 6, false },
        { "more than the row", { 0x00, 0x02, 0x00 }, 3, false },
        { "one that begins anew", { 0x01, 0x00, 0x00, 0x00, 0x02 }, 5, true },
    };
    static const uint8_t first[] = { 0x01, 0x00, 0x00, 0x00, 0xC8, 0x01 }; /* no layout, 100 s */
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct rows r;
        rows_init(&r);
        assert_int_equal(rows_append(&r, first, sizeof first), ERR_OK);
        assert_int_equal(r.last_utc, 100);
        if (rows_append(&r, rows[i].bytes, rows[i].len) != ERR_CORRUPT)
            fail_msg("%s is taken", rows[i].name);
        assert_int_equal(row_is_first(rows[i].bytes, rows[i].len), rows[i].is_first);
        rows_fini(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_and_their_block_say_the_same),
        cmocka_unit_test(test_one_value_is_read_without_the_others),
        cmocka_unit_test(test_blocks_one_after_the_other_make_one_table),
        cmocka_unit_test(test_a_row_that_does_not_follow_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
