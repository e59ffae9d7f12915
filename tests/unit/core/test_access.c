/* test_access.c — users, tokens, sessions, throttling.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/access.h"
#include "core/base/mem.h"
#include "core/base/str.h"

/* What the store holds: the last text of each record. */
struct kept {
    int n;
    bool is_broken;
    struct {
        char kind[16], name[48], text[1024];
    } records[32];
};

struct fixture {
    struct clock_fake clock;
    struct kept kept;
    struct access *access;
};

static enum err keep(void *ctx, const char *kind, const char *name, const char *data, size_t len)
{
    struct kept *k = ctx;
    int i = 0;
    if (k->is_broken)
        return ERR_DISK_FULL;
    while (i < k->n && (!str_eq(k->records[i].kind, kind) || !str_eq(k->records[i].name, name)))
        i++;
    assert_true(i < 32);
    if (!data) {
        k->records[i] = k->records[--k->n];
        return ERR_OK;
    }
    k->n += i == k->n;
    str_copy(k->records[i].kind, sizeof k->records[i].kind, kind);
    str_copy(k->records[i].name, sizeof k->records[i].name, name);
    str_copy_n(k->records[i].text, sizeof k->records[i].text, data, len);
    return ERR_OK;
}

static int setup(void **state)
{
    struct fixture *f = xcalloc(1, sizeof *f);
    clock_fake_init(&f->clock, 1790000000);
    f->access = access_create(&f->clock.clock);
    access_set_save(f->access, keep, &f->kept);
    *state = f;
    return access_ensure_admin(f->access) != ERR_OK;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    access_free(f->access);
    free(f);
    return 0;
}

static void restart(struct fixture *f)
{
    access_free(f->access);
    f->access = access_create(&f->clock.clock);
    access_set_save(f->access, keep, &f->kept);
    for (int i = 0; i < f->kept.n; i++)
        assert_int_equal(access_restore(f->access, f->kept.records[i].kind, f->kept.records[i].name,
                                        f->kept.records[i].text, strlen(f->kept.records[i].text)),
                         ERR_OK);
    assert_int_equal(access_ensure_admin(f->access), ERR_OK);
}

/* Stands in for scrypt: what access judges is only whether the bytes are the same. */
static void hash_of(uint8_t out[ACCESS_HASH_BYTES], const char *password, const struct access_kdf *kdf)
{
    for (size_t i = 0; i < ACCESS_HASH_BYTES; i++)
        out[i] = (uint8_t)(kdf->salt[i % ACCESS_SALT_BYTES] + (unsigned char)password[i % strlen(password)]);
}

static void add_user(struct fixture *f, const char *name, enum access_role role, const char *password)
{
    struct access_kdf kdf = access_new_kdf();
    uint8_t hash[ACCESS_HASH_BYTES];
    hash_of(hash, password, &kdf);
    assert_int_equal(access_user_add(f->access, name, role, &kdf, hash, NULL), ERR_OK);
}

static enum err set_password(struct fixture *f, const char *name, const char *password, uint64_t keep_session)
{
    struct access_kdf kdf = access_new_kdf();
    uint8_t hash[ACCESS_HASH_BYTES];
    hash_of(hash, password, &kdf);
    return access_user_set_password(f->access, name, &kdf, hash, keep_session, NULL);
}

/* A whole try, with the hashing in between. */
static enum access_verdict try_password(struct fixture *f, const char *user, const char *password, const char *peer,
                                        struct access_try *t)
{
    uint8_t hash[ACCESS_HASH_BYTES];
    enum access_verdict v = access_begin(f->access, user, password, peer, t);
    if (v != ACCESS_HASH)
        return v;
    hash_of(hash, password, &t->kdf);
    return access_finish(f->access, t, hash);
}

static void a_new_gateway_has_admin_with_the_factory_password(void **state)
{
    struct fixture *f = *state;
    struct access_try t;
    assert_int_equal(access_users(f->access), 1);
    assert_true(access_user_find(f->access, "admin")->has_factory_password);
    assert_int_equal(access_begin(f->access, "admin", "admin", "::1", &t), ACCESS_YES);
    assert_true(t.who.must_change_password);
    assert_int_equal(t.who.role, ROLE_ADMIN);
    assert_int_equal(access_begin(f->access, "admin", "Admin", "::1", &t), ACCESS_NO);
}

static void a_changed_password_takes_the_flag_off_and_outlives_a_restart(void **state)
{
    struct fixture *f = *state;
    struct access_try t;
    assert_int_equal(set_password(f, "admin", "tea4two!!", 0), ERR_OK);
    assert_int_equal(try_password(f, "admin", "admin", "::1", &t), ACCESS_NO);
    assert_int_equal(try_password(f, "admin", "tea4two!!", "::1", &t), ACCESS_YES);
    assert_false(t.who.must_change_password);
    restart(f);
    assert_int_equal(access_users(f->access), 1);
    assert_int_equal(try_password(f, "admin", "admin", "::1", &t), ACCESS_NO);
    assert_int_equal(try_password(f, "admin", "tea4two!!", "::1", &t), ACCESS_YES);
}

static void what_was_right_once_needs_no_hash_until_it_changes(void **state)
{
    struct fixture *f = *state;
    struct access_try t;
    add_user(f, "eva", ROLE_VIEWER, "first1st");
    assert_int_equal(access_begin(f->access, "eva", "first1st", "::1", &t), ACCESS_HASH);
    assert_int_equal(try_password(f, "eva", "first1st", "::1", &t), ACCESS_YES);
    assert_int_equal(access_begin(f->access, "eva", "first1st", "::1", &t), ACCESS_YES);
    assert_int_equal(access_begin(f->access, "eva", "first1sT", "::1", &t), ACCESS_HASH);
    assert_int_equal(set_password(f, "eva", "second2nd", 0), ERR_OK);
    assert_int_equal(access_begin(f->access, "eva", "first1st", "::1", &t), ACCESS_HASH);
}

static void an_unknown_user_looks_like_a_known_one(void **state)
{
    struct fixture *f = *state;
    struct access_try a, b;
    uint8_t hash[ACCESS_HASH_BYTES] = { 0 };
    assert_int_equal(access_begin(f->access, "nobody", "x", "::1", &a), ACCESS_HASH);
    assert_int_equal(access_begin(f->access, "nobody", "y", "::1", &b), ACCESS_HASH);
    assert_memory_equal(a.kdf.salt, b.kdf.salt, sizeof a.kdf.salt);
    assert_int_equal(a.kdf.log2_n, 14);
    assert_int_equal(access_finish(f->access, &a, hash), ACCESS_NO);
}

static void a_password_changed_while_it_was_hashed_is_wrong(void **state)
{
    struct fixture *f = *state;
    struct access_try t;
    uint8_t hash[ACCESS_HASH_BYTES];
    add_user(f, "eva", ROLE_VIEWER, "first1st");
    assert_int_equal(access_begin(f->access, "eva", "first1st", "::1", &t), ACCESS_HASH);
    hash_of(hash, "first1st", &t.kdf);
    assert_int_equal(set_password(f, "eva", "second2nd", 0), ERR_OK);
    assert_int_equal(access_finish(f->access, &t, hash), ACCESS_NO);
}

static void the_eleventh_wrong_password_of_a_user_shuts_the_name_for_the_minute(void **state)
{
    struct fixture *f = *state;
    struct access_try t;
    char peer[32];
    add_user(f, "eva", ROLE_VIEWER, "first1st");
    for (int i = 0; i < 10; i++) {
        str_fmt(peer, sizeof peer, "10.0.0.%d", i);
        assert_int_equal(try_password(f, "eva", "guess", peer, &t), ACCESS_NO);
        clock_fake_advance(&f->clock, 1000);
    }
    assert_int_equal(try_password(f, "eva", "first1st", "10.0.1.1", &t), ACCESS_YES);
    assert_int_equal(try_password(f, "eva", "guess", "10.0.1.1", &t), ACCESS_THROTTLED);
    assert_int_equal(t.retry_after_s, 50);
    assert_int_equal(try_password(f, "eva", "first1st", "10.0.1.2", &t), ACCESS_THROTTLED);
    assert_int_equal(try_password(f, "admin", "admin", "10.0.1.1", &t), ACCESS_YES);
    clock_fake_advance(&f->clock, 49999);
    assert_int_equal(try_password(f, "eva", "first1st", "10.0.1.2", &t), ACCESS_THROTTLED);
    assert_int_equal(t.retry_after_s, 1);
    clock_fake_advance(&f->clock, 1);
    assert_int_equal(try_password(f, "eva", "first1st", "10.0.1.2", &t), ACCESS_YES);
}

static void the_eleventh_wrong_password_from_an_address_shuts_the_address(void **state)
{
    struct fixture *f = *state;
    struct access_try t;
    char user[32], peer[32];
    for (int i = 0; i < 11; i++) {
        str_fmt(user, sizeof user, "user%d", i);
        str_fmt(peer, sizeof peer, "2001:db8::%d", i + 1); /* one network */
        assert_int_equal(try_password(f, user, "guess", peer, &t), i < 10 ? ACCESS_NO : ACCESS_THROTTLED);
    }
    assert_int_equal(try_password(f, "admin", "admin", "2001:db8::ffff", &t), ACCESS_THROTTLED);
    assert_true(access_throttled_s(f->access, "x", "2001:db8::1") > 0);
    assert_int_equal(try_password(f, "admin", "admin", "2001:db9::1", &t), ACCESS_YES);
}

static void many_names_do_not_fill_the_memory(void **state)
{
    struct fixture *f = *state;
    struct access_try t;
    char user[32], peer[32];
    for (int i = 0; i < 5000; i++) {
        str_fmt(user, sizeof user, "u%d", i);
        str_fmt(peer, sizeof peer, "10.1.%d.%d", i / 250, i % 250);
        assert_int_equal(try_password(f, user, "guess", peer, &t), ACCESS_NO);
    }
    assert_int_equal(try_password(f, "admin", "admin", "10.0.0.1", &t), ACCESS_YES);
}

static void too_long_names_and_passwords_are_wrong(void **state)
{
    struct fixture *f = *state;
    struct access_try t;
    char text[300];
    bytes_fill(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = 0;
    assert_int_equal(try_password(f, text, "x", "::1", &t), ACCESS_NO);
    assert_int_equal(try_password(f, "admin", text, "::1", &t), ACCESS_NO);
}

static void the_last_administrator_stays(void **state)
{
    struct fixture *f = *state;
    struct err_at at = { 0 };
    assert_int_equal(access_user_remove(f->access, "admin", &at), ERR_CONFLICT);
    assert_string_equal(at.text, "admin is the last administrator and cannot be removed.");
    assert_int_equal(access_user_set_role(f->access, "admin", ROLE_VIEWER, &at), ERR_CONFLICT);
    add_user(f, "eva", ROLE_ADMIN, "first1st");
    assert_int_equal(access_user_set_role(f->access, "admin", ROLE_VIEWER, &at), ERR_OK);
    assert_int_equal(access_user_remove(f->access, "eva", &at), ERR_CONFLICT);
    assert_int_equal(access_user_remove(f->access, "admin", &at), ERR_OK);
    assert_int_equal(access_user_remove(f->access, "admin", &at), ERR_NOT_FOUND);
    restart(f);
    assert_int_equal(access_users(f->access), 1);
    assert_string_equal(access_user_at(f->access, 0)->name, "eva");
}

static void users_are_checked_and_listed_by_name(void **state)
{
    struct fixture *f = *state;
    struct access_kdf kdf = access_new_kdf();
    uint8_t hash[ACCESS_HASH_BYTES] = { 0 };
    struct err_at at = { 0 };
    add_user(f, "zoe", ROLE_VIEWER, "first1st");
    add_user(f, "aaron@example.org", ROLE_OPERATOR, "first1st");
    assert_string_equal(access_user_at(f->access, 0)->name, "aaron@example.org");
    assert_string_equal(access_user_at(f->access, 1)->name, "admin");
    assert_string_equal(access_user_at(f->access, 2)->name, "zoe");
    assert_int_equal(access_user_add(f->access, "zoe", ROLE_VIEWER, &kdf, hash, &at), ERR_EXISTS);
    assert_int_equal(access_user_add(f->access, "", ROLE_VIEWER, &kdf, hash, &at), ERR_INVALID);
    assert_int_equal(access_user_add(f->access, "a b", ROLE_VIEWER, &kdf, hash, &at), ERR_INVALID);
    assert_int_equal(access_user_add(f->access, "a/../b", ROLE_VIEWER, &kdf, hash, &at), ERR_INVALID);
    f->kept.is_broken = true;
    assert_int_equal(access_user_add(f->access, "new", ROLE_VIEWER, &kdf, hash, &at), ERR_DISK_FULL);
    assert_null(access_user_find(f->access, "new"));
    assert_int_equal(access_user_set_role(f->access, "zoe", ROLE_ADMIN, &at), ERR_DISK_FULL);
    assert_int_equal(access_user_find(f->access, "zoe")->role, ROLE_VIEWER);
}

static void tokens_open_until_they_expire_or_go(void **state)
{
    struct fixture *f = *state;
    char text[ACCESS_SECRET_TEXT];
    struct access_who who;
    uint32_t id;
    int64_t now_utc = clock_utc(&f->clock.clock);
    assert_int_equal(access_token_add(f->access, "plc", ROLE_VIEWER, now_utc + 100, "admin", text, &id, NULL), ERR_OK);
    assert_int_equal(strlen(text), 64);
    for (int i = 0; i < f->kept.n; i++)
        assert_null(strstr(f->kept.records[i].text, text));
    restart(f);
    assert_int_equal(access_token_check(f->access, text, &who), ERR_OK);
    assert_string_equal(who.name, "token:plc");
    assert_int_equal(who.role, ROLE_VIEWER);
    assert_int_equal(who.token, id);
    assert_int_equal(access_token_at(f->access, 0)->used_utc, now_utc);
    text[5] = text[5] == '0' ? '1' : '0';
    assert_int_equal(access_token_check(f->access, text, &who), ERR_AUTH);
    assert_int_equal(access_token_check(f->access, "", &who), ERR_AUTH);
    assert_int_equal(access_token_add(f->access, "two", ROLE_ADMIN, now_utc + 100, "admin", text, &id, NULL), ERR_OK);
    clock_fake_advance(&f->clock, 99999);
    assert_int_equal(access_token_check(f->access, text, &who), ERR_OK);
    clock_fake_advance(&f->clock, 1);
    assert_int_equal(access_token_check(f->access, text, &who), ERR_AUTH);
    assert_int_equal(access_token_add(f->access, "old", ROLE_ADMIN, now_utc, "admin", text, &id, NULL), ERR_INVALID);
    assert_int_equal(access_token_add(f->access, "ever", ROLE_ADMIN, 0, "admin", text, &id, NULL), ERR_OK);
    assert_int_equal(access_token_remove(f->access, id), ERR_OK);
    assert_int_equal(access_token_remove(f->access, id), ERR_NOT_FOUND);
    assert_int_equal(access_token_check(f->access, text, &who), ERR_AUTH);
    assert_int_equal(access_tokens(f->access), 2);
}

static void sessions_end_when_idle_and_after_twelve_hours(void **state)
{
    struct fixture *f = *state;
    char cookie[ACCESS_SECRET_TEXT], second[ACCESS_SECRET_TEXT];
    struct access_try t;
    struct access_who who;
    assert_int_equal(try_password(f, "admin", "admin", "10.0.0.1", &t), ACCESS_YES);
    const struct access_session *s = access_session_open(f->access, &t, cookie);
    assert_string_equal(s->peer, "10.0.0.1");
    access_session_open(f->access, &t, second);
    for (int i = 0; i < 24; i++) {
        clock_fake_advance(&f->clock, (ACCESS_IDLE_S * 1000) - 1);
        if (i < 23)
            assert_int_equal(access_session_check(f->access, cookie, &who), ERR_OK);
        if (i == 0)
            assert_int_equal(access_sessions(f->access), 2);
    }
    assert_int_equal(access_sessions(f->access), 1);
    clock_fake_advance(&f->clock, 1000);
    assert_int_equal(access_session_check(f->access, cookie, &who), ERR_AUTH);
    assert_int_equal(access_session_check(f->access, second, &who), ERR_AUTH);
    assert_int_equal(access_session_check(f->access, NULL, &who), ERR_AUTH);
}

static void a_session_follows_its_user(void **state)
{
    struct fixture *f = *state;
    char cookie[2][ACCESS_SECRET_TEXT];
    struct access_try t;
    struct access_who who;
    add_user(f, "eva", ROLE_ADMIN, "first1st");
    assert_int_equal(try_password(f, "eva", "first1st", "::1", &t), ACCESS_YES);
    access_session_open(f->access, &t, cookie[0]);
    uint64_t mine = access_session_open(f->access, &t, cookie[1])->id;
    assert_int_equal(access_user_set_role(f->access, "eva", ROLE_VIEWER, NULL), ERR_OK);
    assert_int_equal(access_session_check(f->access, cookie[0], &who), ERR_OK);
    assert_int_equal(who.role, ROLE_VIEWER);
    assert_false(access_may(&who, ROLE_OPERATOR));
    assert_int_equal(set_password(f, "eva", "second2nd", mine), ERR_OK);
    assert_int_equal(access_session_check(f->access, cookie[0], &who), ERR_AUTH);
    assert_int_equal(access_session_check(f->access, cookie[1], &who), ERR_OK);
    assert_int_equal(access_user_remove(f->access, "eva", NULL), ERR_OK);
    assert_int_equal(access_session_check(f->access, cookie[1], &who), ERR_AUTH);
    assert_int_equal(access_session_close(f->access, mine), ERR_NOT_FOUND);
}

static void the_csrf_token_belongs_to_its_session(void **state)
{
    struct fixture *f = *state;
    char cookie[2][ACCESS_SECRET_TEXT], csrf[2][ACCESS_SECRET_TEXT];
    struct access_try t;
    struct access_who who;
    assert_int_equal(try_password(f, "admin", "admin", "::1", &t), ACCESS_YES);
    for (int i = 0; i < 2; i++)
        str_copy(csrf[i], sizeof csrf[i], access_session_open(f->access, &t, cookie[i])->csrf);
    assert_int_equal(access_session_check(f->access, cookie[0], &who), ERR_OK);
    assert_true(access_csrf_is_right(f->access, &who, csrf[0]));
    assert_false(access_csrf_is_right(f->access, &who, csrf[1]));
    assert_false(access_csrf_is_right(f->access, &who, NULL));
    assert_false(access_csrf_is_right(f->access, &who, ""));
    assert_int_equal(access_session_close(f->access, who.session), ERR_OK);
    assert_false(access_csrf_is_right(f->access, &who, csrf[0]));
}

static void too_many_sessions_push_out_the_one_unused_longest(void **state)
{
    struct fixture *f = *state;
    char first[ACCESS_SECRET_TEXT], second[ACCESS_SECRET_TEXT], other[ACCESS_SECRET_TEXT];
    struct access_try t;
    struct access_who who;
    assert_int_equal(try_password(f, "admin", "admin", "::1", &t), ACCESS_YES);
    access_session_open(f->access, &t, first);
    access_session_open(f->access, &t, second);
    clock_fake_advance(&f->clock, 1);
    assert_int_equal(access_session_check(f->access, first, &who), ERR_OK);
    for (int i = 2; i < ACCESS_SESSIONS_MAX + 1; i++)
        access_session_open(f->access, &t, other);
    assert_int_equal(access_sessions(f->access), ACCESS_SESSIONS_MAX);
    assert_int_equal(access_session_check(f->access, second, &who), ERR_AUTH);
    assert_int_equal(access_session_check(f->access, first, &who), ERR_OK);
}

static void damaged_records_are_refused(void **state)
{
    struct fixture *f = *state;
    static const char *const texts[] = {
        "",
        "{",
        "[]",
        "{}",
        "null",
        "{\"role\":\"king\",\"created\":1,\"password_set\":1,\"factory\":true,\"log2_n\":0,\"r\":0,\"p\":0}",
        "{\"role\":\"admin\",\"created\":1,\"password_set\":1,\"factory\":false,\"log2_n\":14,\"r\":8,\"p\":1,\"salt\":"
        "\"00\","
        "\"hash\":\"00\"}",
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        assert_int_equal(access_restore(f->access, "user", "eva", texts[i], strlen(texts[i])), ERR_CORRUPT);
        assert_int_equal(access_restore(f->access, "token", "5", texts[i], strlen(texts[i])), ERR_CORRUPT);
    }
    assert_int_equal(access_users(f->access), 1);
    assert_int_equal(access_tokens(f->access), 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_gateway_has_admin_with_the_factory_password),
        TEST(a_changed_password_takes_the_flag_off_and_outlives_a_restart),
        TEST(what_was_right_once_needs_no_hash_until_it_changes),
        TEST(an_unknown_user_looks_like_a_known_one),
        TEST(a_password_changed_while_it_was_hashed_is_wrong),
        TEST(the_eleventh_wrong_password_of_a_user_shuts_the_name_for_the_minute),
        TEST(the_eleventh_wrong_password_from_an_address_shuts_the_address),
        TEST(many_names_do_not_fill_the_memory),
        TEST(too_long_names_and_passwords_are_wrong),
        TEST(the_last_administrator_stays),
        TEST(users_are_checked_and_listed_by_name),
        TEST(tokens_open_until_they_expire_or_go),
        TEST(sessions_end_when_idle_and_after_twelve_hours),
        TEST(a_session_follows_its_user),
        TEST(the_csrf_token_belongs_to_its_session),
        TEST(too_many_sessions_push_out_the_one_unused_longest),
        TEST(damaged_records_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
