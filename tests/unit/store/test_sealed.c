/* test_sealed.c — sealed records: who can read them, and what a change does to them.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/store/store_fixture.h"

#include <sys/stat.h>

#include "store/sealed.h"

static struct sealed *open_sealed(struct fixture *f)
{
    struct sealed *se = NULL;
    struct err_at at = { 0 };
    if (sealed_create(f->store, f->dir, &se, &at) != ERR_OK)
        fail_msg("sealed_create: %s", at.text);
    return se;
}

static void put(struct sealed *se, const char *name, const char *text)
{
    const struct store_change c = { "key", name, text, strlen(text) };
    assert_int_equal(sealed_change(se, &c, 1), ERR_OK);
}

static bool note(void *ctx, const char *name, const void *data, size_t len)
{
    char *out = ctx;
    size_t at = strlen(out);
    snprintf(out + at, 200 - at, "%s=%.*s;", name, data ? (int)len : 6, data ? (const char *)data : "closed");
    return true;
}

static void assert_all(struct sealed *se, const char *want)
{
    char got[200] = "";
    assert_int_equal(sealed_each(se, "key", note, got), ERR_OK);
    assert_string_equal(got, want);
}

static void end(struct fixture *f, struct sealed *se)
{
    char path[128];
    sealed_free(se);
    fixture_path(f, "device.key", path);
    assert_int_equal(unlink(path), 0);
    fixture_fini(f);
}

static void copy_record(struct fixture *f, const char *from, const char *to, int flipped)
{
    const void *data;
    size_t len;
    uint8_t copy[200];
    assert_int_equal(store_record_get(f->store, "key", from, &data, &len), ERR_OK);
    bytes_copy(copy, sizeof copy, data, len);
    if (flipped >= 0)
        copy[(size_t)flipped % len] ^= 0x10;
    assert_int_equal(store_record_put(f->store, "key", to, copy, len, true), ERR_OK);
}

static void what_is_sealed_is_read_again_and_nowhere_in_clear(void **state)
{
    (void)state;
    struct fixture f;
    char path[128], bytes[1 << 16];
    struct stat st;
    fixture_init(&f);
    struct sealed *se = open_sealed(&f);
    put(se, "1", "a very secret word");
    put(se, "2", "");
    sealed_free(se);
    fixture_reopen(&f);
    se = open_sealed(&f);
    assert_all(se, "1=a very secret word;2=;");
    fixture_path(&f, "device.key", path);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(st.st_size, 32);
    fixture_path(&f, "data.mdb", path);
    FILE *db = fopen(path, "rb");
    assert_non_null(db);
    for (size_t n; (n = fread(bytes, 1, sizeof bytes, db)) > 0;)
        assert_null(memmem(bytes, n, "secret", 6));
    fclose(db);
    const struct store_change gone = { .kind = "key", .name = "1" };
    assert_int_equal(sealed_change(se, &gone, 1), ERR_OK);
    assert_all(se, "2=;");
    end(&f, se);
}

static void a_changed_or_moved_record_is_not_opened_and_stays(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    struct sealed *se = open_sealed(&f);
    put(se, "1", "one");
    put(se, "2", "two");
    copy_record(&f, "2", "3", -1);
    assert_all(se, "1=one;2=two;3=closed;");
    for (int byte = 0; byte < 32; byte++) { /* format, nonce, tag and text */
        copy_record(&f, "1", "1", byte);
        assert_all(se, "1=closed;2=two;3=closed;");
        copy_record(&f, "1", "1", byte);
        assert_all(se, "1=one;2=two;3=closed;");
    }
    assert_int_equal(store_record_put(f.store, "key", "1", "\1short", 6, true), ERR_OK);
    assert_all(se, "1=closed;2=two;3=closed;");
    end(&f, se);
}

static void another_device_key_opens_nothing_and_loses_nothing(void **state)
{
    (void)state;
    struct fixture f;
    char path[128], aside[128];
    fixture_init(&f);
    struct sealed *se = open_sealed(&f);
    put(se, "1", "one");
    sealed_free(se);
    fixture_path(&f, "device.key", path);
    fixture_path(&f, "aside", aside);
    assert_int_equal(rename(path, aside), 0);
    se = open_sealed(&f);
    assert_all(se, "1=closed;");
    put(se, "2", "two");
    sealed_free(se);
    assert_int_equal(rename(aside, path), 0);
    se = open_sealed(&f);
    assert_all(se, "1=one;2=closed;");
    end(&f, se);
}

static void a_device_key_of_a_wrong_length_is_refused_and_kept(void **state)
{
    (void)state;
    struct fixture f;
    struct sealed *se = NULL;
    struct err_at at = { 0 };
    char path[128];
    struct stat st;
    fixture_init(&f);
    fixture_path(&f, "device.key", path);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fputs("short", file);
    fclose(file);
    assert_int_equal(sealed_create(f.store, f.dir, &se, &at), ERR_CORRUPT);
    assert_non_null(strstr(at.text, "holds 5 bytes instead of 32"));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, 5);
    end(&f, se);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sealed_is_read_again_and_nowhere_in_clear),
        cmocka_unit_test(a_changed_or_moved_record_is_not_opened_and_stays),
        cmocka_unit_test(another_device_key_opens_nothing_and_loses_nothing),
        cmocka_unit_test(a_device_key_of_a_wrong_length_is_refused_and_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
