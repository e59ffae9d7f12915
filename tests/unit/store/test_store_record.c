/* test_store_record.c — small records by kind and name, and delivery marks.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/store/store_fixture.h"

static void assert_record(struct fixture *f, const char *kind, const char *name, const char *want)
{
    const void *data;
    size_t len;
    enum err e = store_record_get(f->store, kind, name, &data, &len);
    if (!want) {
        assert_int_equal(e, ERR_NOT_FOUND);
        return;
    }
    assert_int_equal(e, ERR_OK);
    assert_true(bytes_equal(data, len, want, strlen(want)));
}

static enum err put(struct fixture *f, const char *kind, const char *name, const char *text, bool sync)
{
    return store_record_put(f->store, kind, name, text, strlen(text), sync);
}

struct names {
    char text[200];
};

static bool note_name(void *ctx, const char *name, const void *data, size_t len)
{
    struct names *n = ctx;
    size_t at = strlen(n->text);
    snprintf(n->text + at, sizeof n->text - at, "%s=%.*s;", name, (int)len, (const char *)data);
    return strcmp(name, "stop") != 0;
}

static void test_records_are_put_replaced_removed_and_listed_by_name(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    assert_int_equal(put(&f, "user", "admin", "one", true), ERR_OK);
    assert_int_equal(put(&f, "user", "bob", "two", false), ERR_OK);
    assert_int_equal(put(&f, "users", "x", "not a user", false), ERR_OK);
    assert_int_equal(put(&f, "job", "7", "", false), ERR_OK);
    assert_int_equal(put(&f, "user", "bob", "three", false), ERR_OK);
    assert_int_equal(put(&f, "user", "carol", "four", true), ERR_OK);
    assert_int_equal(store_record_remove(f.store, "user", "carol"), ERR_OK);
    assert_int_equal(store_record_remove(f.store, "user", "carol"), ERR_NOT_FOUND);
    for (size_t again = 0; again < 2; again++) {
        struct names n = { "" };
        assert_record(&f, "user", "admin", "one");
        assert_record(&f, "user", "bob", "three");
        assert_record(&f, "user", "carol", NULL);
        assert_record(&f, "job", "7", "");
        assert_int_equal(store_record_each(f.store, "user", note_name, &n), ERR_OK);
        assert_string_equal(n.text, "admin=one;bob=three;");
        fixture_reopen(&f);
    }
    struct names n = { "" };
    assert_int_equal(put(&f, "user", "stop", "", false), ERR_OK);
    assert_int_equal(put(&f, "user", "zoe", "", false), ERR_OK);
    assert_int_equal(store_record_each(f.store, "user", note_name, &n), ERR_OK);
    assert_string_equal(n.text, "admin=one;bob=three;stop=;");
    fixture_fini(&f);
}

static void test_a_name_too_long_for_a_key_is_refused(void **state)
{
    (void)state;
    struct fixture f;
    char name[600];
    memset(name, 'n', sizeof name);
    name[599] = 0;
    fixture_init(&f);
    assert_int_equal(put(&f, "key", name, "x", true), ERR_TOO_BIG);
    assert_int_equal(put(&f, "key", name + 110, "x", true), ERR_OK);
    assert_record(&f, "key", name + 110, "x");
    fixture_fini(&f);
}

static void test_marks_are_seen_at_once_and_after_opening_again(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    assert_int_equal(store_mark(f.store, 1, 1), 0);
    assert_int_equal(store_mark_put(f.store, 1, 1, 1767225600), ERR_OK);
    assert_int_equal(store_mark_put(f.store, 1, 1, 1767225660), ERR_OK);
    assert_int_equal(store_mark_put(f.store, 32, 4000000000, 5), ERR_OK);
    for (size_t again = 0; again < 2; again++) {
        assert_int_equal(store_mark(f.store, 1, 1), 1767225660);
        assert_int_equal(store_mark(f.store, 32, 4000000000), 5);
        assert_int_equal(store_mark(f.store, 2, 1), 0);
        fixture_reopen(&f);
    }
    fixture_fini(&f);
}

static void test_many_changes_are_one(void **state)
{
    (void)state;
    struct fixture f;
    char name[600];
    memset(name, 'n', sizeof name);
    name[599] = 0;
    fixture_init(&f);
    assert_int_equal(put(&f, "key", "1", "old", true), ERR_OK);
    assert_int_equal(put(&f, "key", "2", "waits", false), ERR_OK);
    const struct store_change refused[] = {
        { "key", "1", "new", 3 }, { "key", "2", NULL, 0 }, { "key", "3", "new", 3 }, { "key", name, "x", 1 }
    };
    assert_int_equal(store_records_change(f.store, refused, COUNT_OF(refused)), ERR_TOO_BIG);
    for (size_t again = 0; again < 2; again++) {
        assert_record(&f, "key", "1", "old");
        assert_record(&f, "key", "2", "waits");
        assert_record(&f, "key", "3", NULL);
        fixture_reopen(&f);
    }
    assert_int_equal(store_records_change(f.store, refused, 3), ERR_OK);
    for (size_t again = 0; again < 2; again++) {
        assert_record(&f, "key", "1", "new");
        assert_record(&f, "key", "2", NULL);
        assert_record(&f, "key", "3", "new");
        fixture_reopen(&f);
    }
    fixture_fini(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records_are_put_replaced_removed_and_listed_by_name),
        cmocka_unit_test(test_many_changes_are_one),
        cmocka_unit_test(test_a_name_too_long_for_a_key_is_refused),
        cmocka_unit_test(test_marks_are_seen_at_once_and_after_opening_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
