/* test_sim_meter.c — a meter repeats what it said, made-up ones move on, and a segment's meters differ.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "tests/sim/sim_meter.h"

enum { UTC = 1790000000 }; /* autumn 2026 */

static size_t ask(struct sim_meter *m, uint8_t c, uint8_t a, int64_t utc, uint8_t out[static FRAME_MAX])
{
    const uint8_t bytes[] = { 0x10, c, a, (uint8_t)(c + a), 0x16 };
    struct frame request;
    assert_int_equal(frame_parse(bytes, sizeof bytes, &request, NULL), ERR_OK);
    struct wr w = wr_init(out, FRAME_MAX);
    (void)sim_meter_take(m, &request, utc, &w);
    return wr_len(&w);
}

static void a_made_up_meter_repeats_its_answer_to_the_byte(void **state)
{
    (void)state;
    struct sim_meters ms = { 0 };
    uint8_t first[FRAME_MAX], again[FRAME_MAX], next[FRAME_MAX];
    assert_int_equal(sim_meters_add_made(&ms, 3, 1, NULL), ERR_OK);
    for (size_t i = 0; i < ms.n; i++) {
        struct sim_meter *m = &ms.at[i];
        size_t len = ask(m, 0x7B, m->slave.a, UTC, first);
        assert_int_equal(ask(m, 0x7B, m->slave.a, UTC + 3600, again), len);
        assert_memory_equal(first, again, len);
        assert_int_equal(ask(m, 0x5B, m->slave.a, UTC + 3600, next), len);
        assert_int_equal(next[15], (uint8_t)(first[15] + 1)); /* access number */
        assert_true(!bytes_equal(first + 19, len - 21, next + 19, len - 21));
    }
    sim_meters_fini(&ms);
}

static void a_request_by_the_other_address_does_not_change_the_repetition(void **state)
{
    (void)state;
    struct sim_meters ms = { 0 };
    uint8_t first[FRAME_MAX], other[FRAME_MAX], again[FRAME_MAX];
    assert_int_equal(sim_meters_add_made(&ms, 1, 1, NULL), ERR_OK);
    struct sim_meter *m = &ms.at[0];
    size_t len = ask(m, 0x7B, m->slave.a, UTC, first);
    m->slave.is_selected = true;
    assert_int_equal(ask(m, 0x7B, 0xFD, UTC + 7200, other), len);
    assert_int_equal(ask(m, 0x7B, m->slave.a, UTC + 7200, again), len);
    assert_memory_equal(first, again, len);
    sim_meters_fini(&ms);
}

static void made_up_meters_differ_and_take_free_addresses(void **state)
{
    (void)state;
    struct sim_meters ms = { 0 };
    bool has_primary[256] = { false };
    assert_int_equal(sim_meters_add_made(&ms, 2, 9, NULL), ERR_OK);
    assert_int_equal(sim_meters_add_made(&ms, 298, 9, NULL),
                     ERR_OK); /* the same seed again: other numbers all the same */
    assert_int_equal(ms.n, 300);
    for (size_t i = 0; i < ms.n; i++) {
        for (size_t k = 0; k < i; k++)
            assert_true(ms.at[i].slave.address.ident != ms.at[k].slave.address.ident);
        for (unsigned shift = 0; shift < 32; shift += 4)
            assert_in_range(ms.at[i].slave.address.ident >> shift & 0xF, 0, 9);
        uint8_t a = ms.at[i].slave.a;
        assert_true(a == 0xFD || (a >= 1 && a <= 250 && !has_primary[a]));
        has_primary[a] = true;
    }
    for (unsigned a = 1; a <= 250; a++)
        assert_true(has_primary[a]);
    sim_meters_fini(&ms);
}

static void a_segment_has_a_limit(void **state)
{
    (void)state;
    struct sim_meters ms = { 0 };
    struct err_at at = { 0 };
    assert_int_equal(sim_meters_add_made(&ms, SIM_METERS_MAX, 1, &at), ERR_OK);
    assert_int_equal(sim_meters_add_made(&ms, 1, 1, &at), ERR_TOO_MANY);
    assert_int_equal(ms.n, SIM_METERS_MAX);
    sim_meters_fini(&ms);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_made_up_meter_repeats_its_answer_to_the_byte),
        cmocka_unit_test(a_request_by_the_other_address_does_not_change_the_repetition),
        cmocka_unit_test(made_up_meters_differ_and_take_free_addresses),
        cmocka_unit_test(a_segment_has_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
