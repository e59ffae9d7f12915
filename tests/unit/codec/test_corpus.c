/* test_corpus.c — real telegrams against what independent programs read from them: those of tests/data, and the whole
 * shared corpus where it is there (../shared/corpus or $METERGATE_SHARED/corpus).
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <dirent.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "protocols/codec/mbus/compact.h"
#include "tests/lib/expect.h"

/* Expectations that the bytes or the standard contradict. The part behind the last slash is the telegram's name. */
static const struct {
    const char *name, *why;
} disputed[] = {
    { "amiplus-00086426-d7832f", "the named value lacks the seconds that its record has" },
    { "amiplus-55090884-59c218", "the named value lacks the seconds that its record has" },
    { "rfmamb-23699558-ee1239", "the named value lacks the seconds that its record has" },
    { "16-QDS-12353648", "ends two bytes into the four of its last record" },
};

struct one_key {
    bool has_key;
    uint8_t key[16];
};

static size_t find_key(void *ctx, const struct telegram_head *meter, const struct telegram_head *radio,
                       uint8_t keys[][16], size_t max)
{
    const struct one_key *k = ctx;
    (void)meter;
    (void)radio;
    if (!k->has_key || max == 0)
        return 0;
    bytes_copy(keys[0], sizeof k->key, k->key, sizeof k->key);
    return 1;
}

static enum telegram_link link_of(const json_t *want)
{
    const char *link = json_string_value(json_object_get(want, "link"));
    return str_eq(link, "wired") ? LINK_WIRED : str_eq(link, "record") ? LINK_RECORD : LINK_WMBUS;
}

/* Line `n` of stem.hex against `want`. */
static bool is_as_expected(const char *stem, unsigned n, const json_t *want, char *why, size_t size)
{
    static struct telegram t;
    char path[600];
    uint8_t bytes[1024];
    size_t len = 0, key_len;
    struct one_key k = { false, { 0 } };
    const char *key = json_string_value(json_object_get(want, "key"));
    if (key)
        k.has_key = str_from_hex(key, strlen(key), k.key, sizeof k.key, &key_len) == ERR_OK;
    struct telegram_env env = { .find_keys = find_key, .keys_ctx = &k, .formats = formats_create() };
    str_fmt(path, sizeof path, "%s.hex", stem);
    assert_true(expect_load_hex(path, n, bytes, sizeof bytes, &len));
    struct err_at at = { 0 };
    enum err e = telegram_decode(&t, link_of(want), bytes, len, &env, &at);
    bool is_right = expect_telegram(want, &t, e, &at, why, size);
    formats_free(env.formats);
    return is_right;
}

static bool is_disputed(const char *stem)
{
    const char *name = strrchr(stem, '/') + 1;
    for (size_t i = 0; i < COUNT_OF(disputed); i++)
        if (str_eq(disputed[i].name, name))
            return true;
    return false;
}

struct tally {
    unsigned good, bad, disputed;
};

static void judge(const char *stem, struct tally *sum)
{
    char path[600], why[400] = "";
    str_fmt(path, sizeof path, "%s.json", stem);
    json_t *want = json_load_file(path, JSON_ALLOW_NUL, NULL);
    assert_non_null(want);
    bool is_right = is_as_expected(stem, 0, want, why, sizeof why);
    size_t i;
    const json_t *next;
    json_array_foreach(json_object_get(want, "next"), i, next) is_right =
        is_right && is_as_expected(stem, (unsigned)i + 1, next, why, sizeof why);
    json_decref(want);
    if (is_disputed(stem)) {
        sum->disputed++;
    } else if (is_right) {
        sum->good++;
    } else {
        sum->bad++;
        print_message("%s: %s\n", stem, why);
    }
}

static void judge_folder(const char *folder, struct tally *sum)
{
    DIR *d = opendir(folder);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));) {
        char stem[512];
        size_t len = strlen(e->d_name);
        if (len < 6 || !str_eq(e->d_name + len - 5, ".json"))
            continue;
        str_fmt(stem, sizeof stem, "%s/%.*s", folder, (int)(len - 5), e->d_name);
        judge(stem, sum);
    }
    closedir(d);
}

static void telegrams_of_wired_meters_are_decoded(void **state)
{
    (void)state;
    struct tally sum = { 0 };
    judge_folder("tests/data/wired", &sum);
    assert_int_equal(sum.bad, 0);
    assert_true(sum.good >= 30);
}

static void telegrams_of_the_shared_corpus_are_decoded(void **state)
{
    (void)state;
    const char *shared = getenv("METERGATE_SHARED");
    char corpus[256], folder[512];
    str_fmt(corpus, sizeof corpus, "%s/corpus", shared ? shared : "../shared");
    DIR *d = opendir(corpus);
    if (!d) {
        print_message("SKIPPED: there is no shared corpus at %s\n", corpus);
        skip();
        return;
    }
    struct tally sum = { 0 };
    for (struct dirent *e; (e = readdir(d));) {
        if (strchr(e->d_name, '.')) /* README.md and the like */
            continue;
        str_fmt(folder, sizeof folder, "%s/%s", corpus, e->d_name);
        judge_folder(folder, &sum);
    }
    closedir(d);
    print_message("corpus: %u as expected, %u disputed\n", sum.good, sum.disputed);
    assert_int_equal(sum.bad, 0);
    assert_true(sum.good > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(telegrams_of_wired_meters_are_decoded),
        cmocka_unit_test(telegrams_of_the_shared_corpus_are_decoded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
