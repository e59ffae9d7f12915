/* test_keyring_store.c — keys that outlive the process, and what is said when they cannot be opened.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/store/store_fixture.h"

#include "core/base/log.h"
#include "protocols/keyring_store.h"

struct gateway { /* a ring, and what keeps it */
    struct keyring *ring;
    struct keyring_store *kept;
};

static struct gateway start(struct fixture *f)
{
    struct gateway g = { .ring = keyring_create() };
    g.kept = keyring_store_open(g.ring, f->store, f->dir);
    return g;
}

static void stop(struct gateway *g)
{
    keyring_store_close(g->kept);
    keyring_free(g->ring);
}

static enum err link_key(struct gateway *g, uint32_t meter)
{
    const uint8_t key[MBUS_KEY_LEN] = "a secret of ours";
    return keyring_link(g->ring, meter, key, FIXTURE_UTC);
}

static void end(struct fixture *f)
{
    char path[128];
    fixture_path(f, "device.key", path);
    assert_int_equal(unlink(path), 0);
    fixture_fini(f);
}

static void note_error(void *ctx, enum log_level level, const char *origin, const char *text)
{
    (void)origin;
    if (level >= LOG_LEVEL_ERROR)
        str_copy(ctx, 300, text);
}

static void changes_outlive_the_process(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    struct gateway g = start(&f);
    assert_int_equal(link_key(&g, 7), ERR_OK);
    assert_int_equal(link_key(&g, 8), ERR_OK);
    assert_int_equal(link_key(&g, 9), ERR_OK);
    assert_int_equal(keyring_remove(g.ring, 1), ERR_OK);
    stop(&g);
    fixture_reopen(&f);
    g = start(&f);
    assert_int_equal(keyring_count(g.ring), 2);
    assert_memory_equal(keyring_of_meter(g.ring, 8)->rule.key, "a secret of ours", MBUS_KEY_LEN);
    assert_int_equal(link_key(&g, 8), ERR_OK);
    assert_int_equal(keyring_of_meter(g.ring, 8)->id, 4);
    stop(&g);
    end(&f);
}

static void a_damaged_record_is_told_kept_and_not_written_over(void **state)
{
    (void)state;
    struct fixture f;
    char said[300] = "";
    const void *data;
    size_t len;
    fixture_init(&f);
    log_add_sink(note_error, said);
    struct gateway g = start(&f);
    assert_int_equal(link_key(&g, 7), ERR_OK);
    stop(&g);
    assert_int_equal(store_record_put(f.store, "key", "00000002", "nonsense", 8, true), ERR_OK);
    assert_string_equal(said, "");
    g = start(&f);
    assert_non_null(strstr(said, "1 of 2 encryption keys cannot be opened"));
    assert_non_null(strstr(said, "device.key"));
    assert_int_equal(keyring_count(g.ring), 1);
    assert_int_equal(link_key(&g, 8), ERR_OK);
    assert_int_equal(keyring_of_meter(g.ring, 8)->id, 3);
    assert_int_equal(store_record_get(f.store, "key", "00000002", &data, &len), ERR_OK);
    assert_true(bytes_equal(data, len, "nonsense", 8));
    stop(&g);
    log_remove_sink(note_error, said);
    end(&f);
}

static void without_a_device_key_no_key_is_taken(void **state)
{
    (void)state;
    struct fixture f;
    char path[128], said[300] = "";
    fixture_init(&f);
    log_add_sink(note_error, said);
    fixture_path(&f, "device.key", path);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fclose(file);
    struct gateway g = start(&f);
    assert_non_null(strstr(said, "holds 0 bytes instead of 32"));
    assert_int_equal(link_key(&g, 7), ERR_CORRUPT);
    assert_int_equal(keyring_count(g.ring), 0);
    stop(&g);
    log_remove_sink(note_error, said);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_outlive_the_process),
        cmocka_unit_test(a_damaged_record_is_told_kept_and_not_written_over),
        cmocka_unit_test(without_a_device_key_no_key_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
