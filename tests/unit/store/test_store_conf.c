/* test_store_conf.c — the settings file and the data folder on disk.
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
#include "store/store_conf.h"

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    str_copy(folder, sizeof folder, "/tmp/metergate-conf-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    char path[128];
    static const char *const names[] = { "a/b/c", "a/b", "a", "file", "file.new" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        str_fmt(path, sizeof path, "%s/%s", folder, names[i]);
        (void)remove(path);
    }
    return rmdir(folder);
}

static void a_data_folder_is_made_with_its_parents_for_its_owner_only(void **state)
{
    (void)state;
    char path[128];
    struct err_at at = { 0 };
    struct stat st;
    str_fmt(path, sizeof path, "%s/a/b/c", folder);
    assert_int_equal(conf_make_dir(path, &at), ERR_OK);
    assert_int_equal(conf_make_dir(path, &at), ERR_OK);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
}

static void a_folder_below_a_file_is_refused_by_name(void **state)
{
    (void)state;
    char path[128];
    struct err_at at = { 0 };
    str_fmt(path, sizeof path, "%s/file", folder);
    assert_int_equal(conf_replace(path, "x", 1, &at), ERR_OK);
    str_fmt(path, sizeof path, "%s/file/d", folder);
    assert_int_not_equal(conf_make_dir(path, &at), ERR_OK);
    assert_non_null(strstr(at.text, "/file/d"));
}

static void a_replaced_file_reads_back_and_keeps_its_mode(void **state)
{
    (void)state;
    char path[128], *text = NULL;
    size_t len = 0;
    struct err_at at = { 0 };
    struct stat st;
    str_fmt(path, sizeof path, "%s/file", folder);
    assert_int_equal(conf_replace(path, "one\n", 4, &at), ERR_OK);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(conf_replace(path, "second\n", 7, &at), ERR_OK);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    assert_int_equal(conf_read(path, &text, &len, &at), ERR_OK);
    assert_int_equal(len, 7);
    assert_string_equal(text, "second\n");
    free(text);
}

static void a_missing_file_and_a_missing_folder_are_told(void **state)
{
    (void)state;
    char path[128], *text = NULL;
    size_t len = 0;
    struct err_at at = { 0 };
    str_fmt(path, sizeof path, "%s/none", folder);
    assert_int_equal(conf_read(path, &text, &len, &at), ERR_NOT_FOUND);
    assert_non_null(strstr(at.text, "/none"));
    assert_null(text);
    str_fmt(path, sizeof path, "%s/none/file", folder);
    assert_int_equal(conf_replace(path, "x", 1, &at), ERR_NOT_FOUND);
}

static void a_file_over_the_limit_is_refused(void **state)
{
    (void)state;
    char path[128], *text = NULL;
    size_t len = 0;
    struct err_at at = { 0 };
    str_fmt(path, sizeof path, "%s/file", folder);
    char *big = calloc(1, CONF_BYTES_MAX + 1);
    assert_non_null(big);
    assert_int_equal(conf_replace(path, big, CONF_BYTES_MAX + 1, &at), ERR_OK);
    free(big);
    assert_int_equal(conf_read(path, &text, &len, &at), ERR_TOO_BIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_data_folder_is_made_with_its_parents_for_its_owner_only, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(a_folder_below_a_file_is_refused_by_name, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_replaced_file_reads_back_and_keeps_its_mode, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_missing_file_and_a_missing_folder_are_told, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_file_over_the_limit_is_refused, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
