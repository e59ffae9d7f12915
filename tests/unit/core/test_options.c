/* test_options.c — the command line of metergated.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <getopt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/mem.h"
#include "core/options.h"

static void parse(struct options *o, const char **argv)
{
    int argc = 0;
    while (argv[argc])
        argc++;
    optind = 0; /* getopt begins anew */
    opterr = 0;
    options_parse(o, argc, (char **)(uintptr_t)argv); /* getopt wants them writable, and writes none */
}

static void options_are_taken_in_any_order(void **state)
{
    (void)state;
    const char *argv[] = {
        "metergated", "-s", "web.port=1", "--data", "/d", "--set", "a.b=c=d", "-c", "/f", "-v", NULL
    };
    struct options o;
    parse(&o, argv);
    assert_int_equal(o.what, OPTIONS_RUN);
    assert_string_equal(o.data_dir, "/d");
    assert_string_equal(o.config, "/f");
    assert_int_equal(o.n_set, 2);
    assert_string_equal(o.set[1], "a.b=c=d");
    assert_true(o.is_verbose);
}

static void each_task_is_known(void **state)
{
    (void)state;
    const char *check[] = { "metergated", "--check-config", NULL },
               *passwd[] = { "metergated", "-d", "/d", "--passwd", "admin", NULL };
    const char *worker[] = { "metergated", "--worker", "hash", NULL };
    struct options o;
    parse(&o, check);
    assert_int_equal(o.what, OPTIONS_CHECK_CONFIG);
    assert_string_equal(o.data_dir, "/var/lib/metergate");
    parse(&o, passwd);
    assert_int_equal(o.what, OPTIONS_PASSWD);
    assert_string_equal(o.user, "admin");
    parse(&o, worker);
    assert_int_equal(o.what, OPTIONS_WORKER);
    assert_string_equal(o.worker, "hash");
}

static void what_is_not_understood_ends_with_2(void **state)
{
    (void)state;
    const char *unknown[] = { "metergated", "--colour", NULL }, *lone[] = { "metergated", "-c", NULL };
    const char *word[] = { "metergated", "start", NULL };
    const char **all[] = { unknown, lone, word };
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        struct options o;
        parse(&o, all[i]);
        assert_int_equal(o.what, OPTIONS_EXIT);
        assert_int_equal(o.exit_code, 2);
    }
}

static void help_and_version_end_with_0(void **state)
{
    (void)state;
    const char *help[] = { "metergated", "--help", NULL }, *version[] = { "metergated", "--version", NULL };
    struct options o;
    parse(&o, help);
    assert_int_equal(o.what, OPTIONS_EXIT);
    assert_int_equal(o.exit_code, 0);
    parse(&o, version);
    assert_int_equal(o.exit_code, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_are_taken_in_any_order),
        cmocka_unit_test(each_task_is_known),
        cmocka_unit_test(what_is_not_understood_ends_with_2),
        cmocka_unit_test(help_and_version_end_with_0),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
