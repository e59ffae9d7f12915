/* test_sim_options.c — the command line of mbus-sim: what is taken, what is refused.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <getopt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/base/mem.h"
#include "tests/sim/sim_options.h"

enum { WORDS_MAX = 12 };

static void parse(struct sim_options *o, const char *const *words)
{
    char *argv[WORDS_MAX + 2] = { (char *)"mbus-sim" };
    int argc = 1;
    for (; words[argc - 1]; argc++)
        argv[argc] = (char *)words[argc - 1];
    optind = 0; /* begin anew */
    opterr = 0;
    sim_options_parse(o, argc, argv);
}

static void takes_what_it_should(void **state)
{
    (void)state;
    static const char *const words[] = { "--pty",  "/tmp/x", "--baud",       "9600", "--meters", "12",
                                         "--seed", "7",      "--delay-bits", "33",   "-v",       NULL };
    struct sim_options o;
    parse(&o, words);
    assert_false(o.is_over);
    assert_string_equal(o.pty, "/tmp/x");
    assert_null(o.tcp);
    assert_int_equal(o.baud, 9600);
    assert_int_equal(o.n_made, 12);
    assert_int_equal(o.seed, 7);
    assert_int_equal(o.delay_bits, 33);
    assert_true(o.is_verbose);
}

static void has_defaults_and_gathers_lists(void **state)
{
    (void)state;
    static const char *const words[] = { "--tcp",   "127.0.0.1:0", "--telegrams", "a",        "--telegrams", "b",
                                         "--fault", "drop=1",      "--fault",     "flip=0.1", NULL };
    struct sim_options o;
    parse(&o, words);
    assert_false(o.is_over);
    assert_int_equal(o.baud, 2400);
    assert_int_equal(o.delay_bits, 11);
    assert_int_equal(o.seed, 1);
    assert_int_equal(o.n_made, 0);
    assert_null(o.stats);
    assert_int_equal(o.n_telegrams, 2);
    assert_string_equal(o.telegrams[1], "b");
    assert_int_equal(o.n_faults, 2);
    assert_string_equal(o.faults[1], "flip=0.1");
}

static void needs_no_place_to_serve_for_a_list(void **state)
{
    (void)state;
    static const char *const words[] = { "--list", "--meters", "3", NULL };
    struct sim_options o;
    parse(&o, words);
    assert_false(o.is_over);
    assert_true(o.is_list);
}

static void refuses_the_rest(void **state)
{
    (void)state;
    static const char *const cases[][WORDS_MAX] = {
        { "--pty", "x" },
        { "--meters", "1" },
        { "--pty", "x", "--tcp", "y", "--meters", "1" },
        { "--pty", "x", "--meters", "-1" },
        { "--pty", "x", "--meters", "5001" },
        { "--pty", "x", "--meters", "1x" },
        { "--pty", "x", "--meters", "1", "--baud", "1000" },
        { "--pty", "x", "--meters", "1", "--baud", "" },
        { "--pty", "x", "--meters", "1", "--delay-bits", "100001" },
        { "--pty", "x", "--meters", "1", "--seed", "18446744073709551616" },
        { "--pty", "x", "--meters", "1", "and", "more" },
        { "--pty", "x", "--meters", "1", "--unheard" },
        { "--pty" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct sim_options o;
        parse(&o, cases[i]);
        if (!o.is_over || o.exit_code != 2)
            fail_msg("case %zu is taken", i);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_what_it_should),
        cmocka_unit_test(has_defaults_and_gathers_lists),
        cmocka_unit_test(needs_no_place_to_serve_for_a_list),
        cmocka_unit_test(refuses_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
