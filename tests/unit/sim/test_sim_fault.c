/* test_sim_fault.c — probabilities are read rightly, chance is repeatable, damage stays within its buffer.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "tests/sim/sim_fault.h"

static void reads_a_probability(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum err err;
        enum sim_fault which;
        double p;
    } cases[] = {
        { "drop=0", ERR_OK, SIM_FAULT_DROP, 0 },       { "drop=1", ERR_OK, SIM_FAULT_DROP, 1 },
        { "flip=0.25", ERR_OK, SIM_FAULT_FLIP, 0.25 }, { "endless=1", ERR_OK, SIM_FAULT_ENDLESS, 1 },
        { "drop=1.01", ERR_RANGE, SIM_FAULT_DROP, 0 }, { "drop=-0.1", ERR_RANGE, SIM_FAULT_DROP, 0 },
        { "drop=", ERR_RANGE, SIM_FAULT_DROP, 0 },     { "drop=often", ERR_RANGE, SIM_FAULT_DROP, 0 },
        { "drop", ERR_SYNTAX, SIM_FAULT_DROP, 0 },     { "drops=1", ERR_SYNTAX, SIM_FAULT_DROP, 0 },
        { "rain=1", ERR_SYNTAX, SIM_FAULT_DROP, 0 },   { "", ERR_SYNTAX, SIM_FAULT_DROP, 0 },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct sim_faults f;
        struct err_at at = { 0 };
        sim_faults_init(&f, 1);
        assert_int_equal(sim_faults_set(&f, cases[i].text, &at), cases[i].err);
        assert_true(f.p[cases[i].which] >= cases[i].p && f.p[cases[i].which] <= cases[i].p);
        assert_int_equal(cases[i].err == ERR_OK, at.text[0] == '\0');
    }
}

static void strikes_about_as_often_as_it_was_told(void **state)
{
    (void)state;
    struct sim_faults f;
    sim_faults_init(&f, 7);
    assert_int_equal(sim_faults_set(&f, "drop=0.3", NULL), ERR_OK);
    for (size_t i = 0; i < 10000; i++)
        assert_false(sim_faults_strike(&f, SIM_FAULT_LATE));
    for (size_t i = 0; i < 10000; i++)
        (void)sim_faults_strike(&f, SIM_FAULT_DROP);
    assert_in_range(f.count[SIM_FAULT_DROP], 2800, 3200);
    assert_int_equal(f.count[SIM_FAULT_LATE], 0);
}

static void the_same_seed_strikes_the_same_way(void **state)
{
    (void)state;
    struct sim_faults a, b, other;
    sim_faults_init(&a, 5);
    sim_faults_init(&b, 5);
    sim_faults_init(&other, 6);
    size_t n_different = 0;
    a.p[SIM_FAULT_FLIP] = b.p[SIM_FAULT_FLIP] = other.p[SIM_FAULT_FLIP] = 0.5;
    for (size_t i = 0; i < 100; i++) {
        bool struck = sim_faults_strike(&a, SIM_FAULT_FLIP);
        assert_int_equal(sim_faults_strike(&b, SIM_FAULT_FLIP), struck);
        n_different += sim_faults_strike(&other, SIM_FAULT_FLIP) != struck;
    }
    assert_true(n_different > 10);
}

static size_t n_differing(const uint8_t *a, const uint8_t *b, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++)
        n += a[i] != b[i];
    return n;
}

static void damages_as_the_name_says(void **state)
{
    (void)state;
    static const uint8_t whole[20] = { 0x68, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 0x16 };
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct sim_faults f;
        uint8_t bytes[24];
        for (enum sim_fault which = SIM_FAULT_CUT; which <= SIM_FAULT_JUNK; which++) {
            sim_faults_init(&f, seed);
            f.p[which] = 1;
            bytes_copy(bytes, sizeof bytes, whole, sizeof whole);
            size_t len = sim_faults_damage(&f, bytes, sizeof whole, sizeof bytes);
            assert_int_equal(f.count[which], 1);
            if (which == SIM_FAULT_CUT) {
                assert_true(len < sizeof whole);
                assert_memory_equal(bytes, whole, len);
            } else if (which == SIM_FAULT_FLIP) {
                assert_int_equal(len, sizeof whole);
                assert_int_equal(n_differing(bytes, whole, len), 1);
            } else {
                assert_in_range(len, sizeof whole + 1, sizeof bytes);
                assert_memory_equal(bytes + len - sizeof whole, whole, sizeof whole);
            }
        }
    }
}

static void an_acknowledgement_that_is_cut_is_gone(void **state)
{
    (void)state;
    struct sim_faults f;
    uint8_t ack[1] = { 0xE5 };
    sim_faults_init(&f, 1);
    f.p[SIM_FAULT_CUT] = f.p[SIM_FAULT_FLIP] = f.p[SIM_FAULT_JUNK] = 1;
    assert_int_equal(sim_faults_damage(&f, ack, 1, 1), 0);
    assert_int_equal(f.count[SIM_FAULT_FLIP], 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_probability),
        cmocka_unit_test(strikes_about_as_often_as_it_was_told),
        cmocka_unit_test(the_same_seed_strikes_the_same_way),
        cmocka_unit_test(damages_as_the_name_says),
        cmocka_unit_test(an_acknowledgement_that_is_cut_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
