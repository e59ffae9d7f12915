/* test_sim_stats.c — the figures stand under their names, and the file is replaced as a whole.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/base/str.h"
#include "tests/sim/sim_stats.h"

static const char want[] =
    "{\"elapsed_s\":12.345678,\"busy_s\":1.500000,\"requests\":1,\"selections\":2,\"answers\":3,"
    "\"readouts\":4,\"collisions\":5,\"bytes_in\":6,\"bytes_out\":7,\"faults\":{\"drop\":0,\"late\":0,"
    "\"cut\":0,\"flip\":8,\"junk\":0,\"echo\":0,\"busy\":0,\"fcb\":0,\"endless\":0}}\n";

static void fill(char text[static SIM_STATS_TEXT_MAX])
{
    const struct sim_stats s = { 1500000000, 1, 2, 3, 4, 5, 6, 7 };
    struct sim_faults f;
    sim_faults_init(&f, 1);
    f.count[SIM_FAULT_FLIP] = 8;
    sim_stats_text(text, &s, &f, 12345678);
}

static void every_figure_stands_under_its_name(void **state)
{
    (void)state;
    char text[SIM_STATS_TEXT_MAX];
    fill(text);
    assert_string_equal(text, want);
}

static void the_largest_figures_fit(void **state)
{
    (void)state;
    char text[SIM_STATS_TEXT_MAX];
    const uint64_t most = UINT64_MAX;
    const struct sim_stats s = { INT64_MAX, most, most, most, most, most, most, most };
    struct sim_faults f;
    sim_faults_init(&f, 1);
    for (size_t i = 0; i < SIM_FAULT_N; i++)
        f.count[i] = most;
    sim_stats_text(text, &s, &f, INT64_MAX);
    assert_non_null(strstr(text, "}}\n"));
}

static void the_file_is_replaced_as_a_whole(void **state)
{
    (void)state;
    char folder[] = "/tmp/test_sim_stats-XXXXXX", path[64], beside[72], got[SIM_STATS_TEXT_MAX] = "",
         text[SIM_STATS_TEXT_MAX];
    struct stat first, second;
    assert_non_null(mkdtemp(folder));
    str_fmt(path, sizeof path, "%s/s.json", folder);
    str_fmt(beside, sizeof beside, "%s.new", path);
    fill(text);
    assert_int_equal(sim_stats_write(path, "old", NULL), ERR_OK);
    assert_int_equal(stat(path, &first), 0);
    assert_int_equal(sim_stats_write(path, text, NULL), ERR_OK);
    assert_int_equal(stat(path, &second), 0);
    assert_true(first.st_ino != second.st_ino); /* who has the old one open reads it to its end */
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fread(got, 1, sizeof got - 1, file), sizeof want - 1);
    fclose(file);
    assert_string_equal(got, want);
    assert_int_equal(access(beside, F_OK), -1);
    remove(path);
    rmdir(folder);
}

static void a_folder_that_is_not_there_is_told(void **state)
{
    (void)state;
    struct err_at at = { 0 };
    assert_int_equal(sim_stats_write("/nowhere/at/all", "x", &at), ERR_NOT_FOUND);
    assert_non_null(strstr(at.text, "/nowhere/at/all"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_figure_stands_under_its_name),
        cmocka_unit_test(the_largest_figures_fit),
        cmocka_unit_test(the_file_is_replaced_as_a_whole),
        cmocka_unit_test(a_folder_that_is_not_there_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
