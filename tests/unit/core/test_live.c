/* test_live.c — the last reading of every meter.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/base/str.h"
#include "core/live.h"

static struct reading reading_of(uint32_t meter, enum readout_status status, const struct telegram_raw *t, size_t n)
{
    return (struct reading){
        .meter = meter, .utc = 1790000000, .status = status, .source = SOURCE_MANUAL, .telegrams = t, .n_telegrams = n
    };
}

static void the_chain_is_kept_as_it_came(void **state)
{
    struct live *l = live_create();
    char bytes[] = "\x68onetwo";
    struct telegram_raw chain[] = { { .head.ident = 1, .bytes = (uint8_t *)bytes, .len = 4 },
                                    { .head.ident = 2, .bytes = (uint8_t *)bytes + 4, .len = 3 } };
    struct reading r = reading_of(7, READOUT_OK, chain, 2);
    (void)state;
    live_put(l, &r, 1000);
    bytes_fill(bytes, 0, sizeof bytes);
    const struct live_entry *e = live_get(l, 7, 1000, -1);
    assert_int_equal(e->n_telegrams, 2);
    assert_int_equal(e->source, SOURCE_MANUAL);
    assert_int_equal(e->telegrams[1].head.ident, 2);
    assert_memory_equal(e->telegrams[0].bytes, "\x68one", 4);
    assert_memory_equal(e->telegrams[1].bytes, "two", 3);
    assert_null(live_get(l, 8, 1000, -1));
    live_free(l);
}

static void failed_readouts_leave_the_last_good_one(void **state)
{
    struct live *l = live_create();
    struct telegram_raw t = { .bytes = (const uint8_t *)"good", .len = 4 },
                        other = { .bytes = (const uint8_t *)"bad", .len = 3 };
    struct reading good = reading_of(7, READOUT_OK, &t, 1), none = reading_of(7, READOUT_NO_ANSWER, NULL, 0),
                   garbled = reading_of(7, READOUT_UNDECODABLE, &other, 1),
                   closed = reading_of(7, READOUT_NO_KEY, &other, 1);
    (void)state;
    live_put(l, &good, 1000);
    live_put(l, &none, 2000);
    live_put(l, &garbled, 2000);
    assert_int_equal(live_get(l, 7, 2000, -1)->telegrams[0].len, 4);
    live_put(l, &closed, 3000);
    assert_int_equal(live_get(l, 7, 3000, -1)->telegrams[0].len, 3);
    live_free(l);
}

static void a_reading_grows_old_and_can_be_forgotten(void **state)
{
    struct live *l = live_create();
    struct telegram_raw t = { .bytes = (const uint8_t *)"x", .len = 1 };
    struct reading r = reading_of(7, READOUT_OK, &t, 1);
    (void)state;
    live_put(l, &r, 1000);
    assert_non_null(live_get(l, 7, 1500, 500));
    assert_null(live_get(l, 7, 1501, 500));
    live_put(l, &r, 2000);
    assert_non_null(live_get(l, 7, 2500, 500));
    live_forget(l, 7);
    live_forget(l, 7);
    assert_null(live_get(l, 7, 2500, -1));
    live_free(l);
    live_free(NULL);
}

static void what_was_got_may_be_put_back(void **state)
{
    struct live *l = live_create();
    struct telegram_raw t = { .bytes = (const uint8_t *)"abc", .len = 3 };
    struct reading r = reading_of(7, READOUT_OK, &t, 1);
    (void)state;
    live_put(l, &r, 1000);
    const struct live_entry *e = live_get(l, 7, 1000, -1);
    r = reading_of(7, READOUT_OK, e->telegrams, e->n_telegrams);
    live_put(l, &r, 2000);
    assert_memory_equal(live_get(l, 7, 2000, -1)->telegrams[0].bytes, "abc", 3);
    live_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_chain_is_kept_as_it_came),
        cmocka_unit_test(failed_readouts_leave_the_last_good_one),
        cmocka_unit_test(a_reading_grows_old_and_can_be_forgotten),
        cmocka_unit_test(what_was_got_may_be_put_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
