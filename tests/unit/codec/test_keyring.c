/* test_keyring.c — numbered keys: which are tried, in which order, and what a saver that fails leaves behind.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "protocols/codec/mbus/keyring.h"

#define HEADING "address,key,manufacturer,deviceType,version\n"
#define ROW(address, digit, maker)                                                                                     \
    address "," digit digit digit digit digit digit digit digit digit digit digit digit digit digit digit digit        \
            "," maker ",-1,-1\n"

/* A saver that keeps the bytes of every number, or fails. */
enum { KEPT_MAX = 16 };
struct kept {
    bool fails;
    size_t n_calls;
    struct {
        uint8_t bytes[64];
        size_t len;
    } of[KEPT_MAX];
};

static enum err keep(void *ctx, const struct keyring_change *list, size_t n)
{
    struct kept *k = ctx;
    if (k->fails)
        return ERR_DISK_FULL;
    k->n_calls++;
    for (size_t i = 0; i < n; i++) {
        assert_in_range(list[i].id, 1, KEPT_MAX - 1);
        k->of[list[i].id].len = list[i].len;
        if (list[i].bytes)
            bytes_copy(k->of[list[i].id].bytes, 64, list[i].bytes, list[i].len);
    }
    return ERR_OK;
}

static struct keyring *ring_with(struct kept *kept)
{
    struct keyring *k = keyring_create();
    keyring_set_save(k, keep, kept);
    return k;
}

static enum err add(struct keyring *k, const char *csv, size_t *n)
{
    struct keylist *rules = keylist_create();
    uint32_t first;
    assert_int_equal(keylist_parse(rules, csv, strlen(csv), NULL), ERR_OK);
    enum err e = keyring_add(k, rules, 1767225600, &first, n);
    keylist_free(rules);
    return e;
}

static enum err link_key(struct keyring *k, uint32_t meter, uint8_t byte)
{
    uint8_t key[16];
    bytes_fill(key, byte, sizeof key);
    return keyring_link(k, meter, key, 1767225601);
}

/* First bytes of the keys that are tried, in hex. */
static const char *tried(const struct keyring *k, uint32_t number, uint32_t ident, const char *maker)
{
    static char text[80];
    uint8_t keys[8][16];
    struct telegram_head head = { .ident = ident };
    struct keyring_search s = { k, number };
    assert_true(maker_parse(maker, &head.maker));
    size_t n = keyring_find_keys(&s, &head, NULL, keys, COUNT_OF(keys));
    for (size_t i = 0; i < n; i++)
        str_to_hex(text + 2 * i, keys[i], 1);
    text[2 * n] = '\0';
    return text;
}

/* "number:meter " of all, by number. */
static const char *listed(const struct keyring *k)
{
    static char text[80];
    text[0] = '\0';
    for (const struct keyring_entry *e = keyring_after(k, 0); e; e = keyring_after(k, e->id)) {
        size_t at = strlen(text);
        snprintf(text + at, sizeof text - at, "%u:%u ", e->id, e->meter);
    }
    return text;
}

static void linked_keys_are_tried_first_then_the_most_specific(void **state)
{
    (void)state;
    struct kept kept = { 0 };
    struct keyring *k = ring_with(&kept);
    size_t n = 0;
    assert_int_equal(add(k, HEADING ROW("-1", "11", "*"), &n), ERR_OK);
    assert_int_equal(add(k, HEADING ROW("12345678", "22", "*") ROW("-1", "33", "ELV") ROW("-1", "44", "*"), &n),
                     ERR_OK);
    assert_int_equal(n, 3);
    assert_int_equal(link_key(k, 7, 0x55), ERR_OK);
    assert_string_equal(tried(k, 7, 0x12345678, "ELV"), "5522331144");
    assert_string_equal(tried(k, 8, 0x12345678, "KAM"), "221144");
    assert_string_equal(tried(k, 0, 0x87654321, "KAM"), "1144");
    struct keyring_search nobody = { NULL, 7 };
    uint8_t keys[8][16];
    assert_int_equal(keyring_find_keys(&nobody, NULL, NULL, keys, 8), 0);
    struct keyring_search any = { k, 7 };
    assert_int_equal(keyring_find_keys(&any, NULL, NULL, keys, 2), 2);
    keyring_free(k);
}

static void what_is_there_already_is_passed_over(void **state)
{
    (void)state;
    struct kept kept = { 0 };
    struct keyring *k = ring_with(&kept);
    size_t n = 0;
    assert_int_equal(add(k, HEADING ROW("-1", "11", "*") ROW("-1", "22", "*"), &n), ERR_OK);
    assert_int_equal(n, 2);
    assert_int_equal(add(k, HEADING ROW("-1", "22", "*") ROW("-1", "33", "*"), &n), ERR_OK);
    assert_int_equal(n, 1);
    assert_int_equal(add(k, HEADING ROW("-1", "22", "*"), &n), ERR_OK);
    assert_int_equal(n, 0);
    assert_int_equal(kept.n_calls, 2);
    assert_string_equal(listed(k), "1:0 2:0 3:0 ");
    keyring_free(k);
}

/* Rows in falling order, so that each goes before all others. */
static void a_full_ring_takes_no_more_and_finds_every_key(void **state)
{
    (void)state;
    struct keyring *k = keyring_create();
    struct keylist *rules = keylist_create();
    uint32_t first;
    size_t n = 0;
    for (uint32_t i = KEYLIST_MAX; i > 0; i--) {
        struct key_rule rule = key_rule_any;
        rule.has_address = true;
        rule.address = i;
        rule.key[0] = (uint8_t)i;
        assert_int_equal(keylist_add(rules, &rule), ERR_OK);
        assert_int_equal(keylist_add(rules, &rule), i > 1 ? ERR_EXISTS : ERR_TOO_MANY);
    }
    assert_int_equal(keyring_add(k, rules, 0, &first, &n), ERR_OK);
    assert_int_equal(n, KEYLIST_MAX);
    assert_int_equal(keyring_add(k, rules, 0, &first, &n), ERR_OK);
    assert_int_equal(n, 0);
    assert_int_equal(link_key(k, 7, 0x22), ERR_TOO_MANY);
    assert_string_equal(tried(k, 0, 1, "ELV"), "01");
    assert_string_equal(tried(k, 0, KEYLIST_MAX - 1, "ELV"), "ff");
    assert_string_equal(tried(k, 0, KEYLIST_MAX + 1, "ELV"), "");
    assert_int_equal(keyring_remove(k, 1), ERR_OK);
    assert_int_equal(link_key(k, 7, 0x22), ERR_OK);
    keylist_free(rules);
    keyring_free(k);
}

static void a_meter_has_one_linked_key(void **state)
{
    (void)state;
    struct kept kept = { 0 };
    struct keyring *k = ring_with(&kept);
    assert_int_equal(link_key(k, 7, 0x11), ERR_OK);
    assert_int_equal(link_key(k, 8, 0x22), ERR_OK);
    assert_int_equal(link_key(k, 7, 0x33), ERR_OK);
    assert_string_equal(listed(k), "2:8 3:7 ");
    assert_string_equal(tried(k, 7, 1, "ELV"), "33");
    assert_int_equal(kept.of[1].len, 0);
    assert_int_equal(keyring_of_meter(k, 8)->id, 2);
    assert_int_equal(keyring_remove(k, 3), ERR_OK);
    assert_int_equal(keyring_remove(k, 3), ERR_NOT_FOUND);
    assert_null(keyring_of_meter(k, 7));
    assert_string_equal(tried(k, 7, 1, "ELV"), "");
    keyring_free(k);
}

static void what_cannot_be_saved_does_not_count(void **state)
{
    (void)state;
    struct kept kept = { 0 };
    struct keyring *k = ring_with(&kept);
    size_t n = 99;
    assert_int_equal(add(k, HEADING ROW("-1", "11", "*"), &n), ERR_OK);
    assert_int_equal(link_key(k, 7, 0x22), ERR_OK);
    kept.fails = true;
    assert_int_equal(add(k, HEADING ROW("-1", "33", "*"), &n), ERR_DISK_FULL);
    assert_int_equal(n, 1);
    assert_int_equal(link_key(k, 7, 0x44), ERR_DISK_FULL);
    assert_int_equal(keyring_remove(k, 1), ERR_DISK_FULL);
    assert_string_equal(listed(k), "1:0 2:7 ");
    assert_string_equal(tried(k, 7, 1, "ELV"), "2211");
    keyring_free(k);
}

static void what_was_saved_is_loaded_in_any_order(void **state)
{
    (void)state;
    struct kept kept = { 0 };
    struct keyring *k = ring_with(&kept), *again = ring_with(&kept);
    size_t n = 0;
    assert_int_equal(add(k, HEADING "12345678,00112233445566778899aabbccddeeff,ELV,7,2\n" ROW("-1", "11", "*"), &n),
                     ERR_OK);
    assert_int_equal(link_key(k, 7, 0x22), ERR_OK);
    for (uint32_t id = 3; id > 0; id--)
        assert_int_equal(keyring_load(again, id, kept.of[id].bytes, kept.of[id].len), ERR_OK);
    const struct keyring_entry *e = keyring_after(again, 0);
    assert_true(e->rule.has_address);
    assert_int_equal(e->rule.address, 0x12345678);
    assert_int_equal(e->rule.medium, 7);
    assert_int_equal(e->rule.version, 2);
    assert_int_equal(e->created_utc, 1767225600);
    assert_int_equal(e->rule.key[15], 0xFF);
    assert_string_equal(listed(again), listed(k));
    assert_string_equal(tried(again, 7, 0x12345678, "KAM"), "2211");
    keyring_free(k);
    keyring_free(again);
}

static void numbers_of_unreadable_keys_are_not_given_again(void **state)
{
    (void)state;
    struct kept kept = { 0 };
    struct keyring *k = ring_with(&kept);
    const uint8_t odd[45] = { 9 };
    assert_int_equal(keyring_load(k, 4, NULL, 0), ERR_CORRUPT);
    assert_int_equal(keyring_load(k, 5, odd, sizeof odd), ERR_CORRUPT);
    assert_int_equal(keyring_load(k, 3, odd, 3), ERR_CORRUPT);
    assert_int_equal(link_key(k, 7, 0x22), ERR_OK);
    assert_string_equal(listed(k), "6:7 ");
    assert_int_equal(keyring_load(k, 6, kept.of[6].bytes, kept.of[6].len), ERR_CORRUPT);
    keyring_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linked_keys_are_tried_first_then_the_most_specific),
        cmocka_unit_test(what_is_there_already_is_passed_over),
        cmocka_unit_test(a_full_ring_takes_no_more_and_finds_every_key),
        cmocka_unit_test(a_meter_has_one_linked_key),
        cmocka_unit_test(what_cannot_be_saved_does_not_count),
        cmocka_unit_test(what_was_saved_is_loaded_in_any_order),
        cmocka_unit_test(numbers_of_unreadable_keys_are_not_given_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
