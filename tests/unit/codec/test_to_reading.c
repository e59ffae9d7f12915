/* test_to_reading.c — chains of telegrams become one reading that owns its bytes.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "protocols/codec/mbus/to_reading.h"

/* Decodes from a buffer that is overwritten at once: nothing may point into it afterwards. */
static enum err add(struct to_reading *b, enum telegram_link link, const char *hex, const struct telegram_env *env)
{
    uint8_t bytes[300];
    size_t len;
    assert_int_equal(str_from_hex(hex, strlen(hex), bytes, sizeof bytes, &len), ERR_OK);
    enum err e = to_reading_add(b, link, bytes, len, env, NULL);
    bytes_fill(bytes, 0xAA, sizeof bytes);
    return e;
}

static void a_chain_becomes_one_reading(void **state)
{
    (void)state;
    struct to_reading *b = to_reading_create();
    to_reading_begin(b);
    assert_int_equal(add(b, LINK_RECORD,
                         "0dfd0b06353332445652"
                         "02fc0348522574cd15"
                         "1fabcd",
                         NULL),
                     ERR_OK);
    assert_true(to_reading_last(b)->more_follows);
    assert_int_equal(add(b, LINK_RECORD,
                         "0413cd180000"
                         "0d03e9010203040506070809",
                         NULL),
                     ERR_OK);
    assert_false(to_reading_last(b)->more_follows);
    const struct reading *r = to_reading_finish(b, 7, 1234567, SOURCE_MANUAL, READOUT_OK);
    assert_int_equal(r->meter, 7);
    assert_int_equal(r->utc, 1234567);
    assert_int_equal(r->source, SOURCE_MANUAL);
    assert_int_equal(r->n_telegrams, 2);
    assert_int_equal(r->telegrams[1].len, 18);
    assert_int_equal(r->telegrams[1].bytes[1], 0x13);
    assert_int_equal(r->n_values, 5);
    const struct value *v = r->values;
    assert_memory_equal(v[0].bytes, "RVD235", 6);
    assert_string_equal(v[1].unit_text, "%RH");
    assert_int_equal(v[1].dib_vib_len, 7);
    assert_int_equal(v[1].dib_vib[3], 0x48);
    assert_int_equal(v[2].kind, VALUE_MORE_FOLLOWS);
    assert_int_equal(v[2].bytes[1], 0xCD);
    assert_int_equal(v[2].telegram, 0);
    assert_int_equal(v[2].index, 2);
    assert_int_equal(v[3].telegram, 1);
    assert_int_equal(v[3].index, 0);
    assert_int_equal(v[4].bytes[0], 9);
    to_reading_free(b);
}

static size_t one_key(void *ctx, const struct telegram_head *meter, const struct telegram_head *radio,
                      uint8_t keys[][16], size_t max)
{
    size_t len;
    (void)meter;
    (void)radio;
    (void)max;
    assert_int_equal(str_from_hex(ctx, 32, keys[0], 16, &len), ERR_OK);
    return 1;
}

/* Values of an opened telegram point into the clear text, which must be kept, too. */
static void clear_texts_are_kept(void **state)
{
    (void)state;
    char key[] = "0102030405060708090a0b0c0d0e0f11";
    struct telegram_env env = { .find_keys = one_key, .keys_ctx = key };
    struct to_reading *b = to_reading_create();
    assert_int_equal(
        add(b, LINK_WMBUS,
            "2e4493157856341233037a2a0020255923c95aaa26d1b2e7493b013ec4a6f6d3529b520edff0ea6defc99d6d69ebf3", &env),
        ERR_OK);
    const struct reading *r = to_reading_finish(b, 1, 1, SOURCE_PUSH, READOUT_OK);
    assert_int_equal(r->telegrams[0].head.ident, 0x12345678);
    assert_int_equal(r->telegrams[0].bytes[15], 0x59); /* the raw telegram stays encrypted */
    assert_int_equal(r->values[0].dib_vib[0], 0x0C);
    assert_int_equal(r->values[0].dib_vib[1], 0x14);
    to_reading_free(b);
}

static void what_cannot_be_decoded_is_kept_with_what_could(void **state)
{
    (void)state;
    struct to_reading *b = to_reading_create();
    assert_int_equal(add(b, LINK_RECORD,
                         "0413cd180000"
                         "3f",
                         NULL),
                     ERR_MALFORMED);
    const struct reading *r = to_reading_finish(b, 1, 1, SOURCE_SCHEDULED, READOUT_UNDECODABLE);
    assert_int_equal(r->n_telegrams, 1);
    assert_int_equal(r->n_values, 1);
    assert_int_equal(r->values[0].mantissa, 6349);
    to_reading_begin(b); /* used again */
    r = to_reading_finish(b, 2, 1, SOURCE_SCHEDULED, READOUT_NO_ANSWER);
    assert_int_equal(r->n_telegrams, 0);
    assert_int_equal(r->n_values, 0);
    to_reading_free(b);
    to_reading_free(NULL);
}

static void chains_have_an_end(void **state)
{
    (void)state;
    struct to_reading *b = to_reading_create();
    for (int i = 0; i < CHAIN_MAX; i++)
        assert_int_equal(add(b, LINK_RECORD,
                             "0101"
                             "05"
                             "1f",
                             NULL),
                         ERR_OK);
    assert_int_equal(add(b, LINK_RECORD, "010105", NULL), ERR_TOO_MANY);
    const struct reading *r = to_reading_finish(b, 1, 1, SOURCE_SCHEDULED, READOUT_OK);
    assert_int_equal(r->n_telegrams, CHAIN_MAX);
    assert_int_equal(r->n_values, 2 * CHAIN_MAX);
    assert_int_equal(r->values[2 * CHAIN_MAX - 1].telegram, CHAIN_MAX - 1);
    to_reading_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_becomes_one_reading),
        cmocka_unit_test(clear_texts_are_kept),
        cmocka_unit_test(what_cannot_be_decoded_is_kept_with_what_could),
        cmocka_unit_test(chains_have_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
