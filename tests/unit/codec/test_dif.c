/* test_dif.c — storage, tariff and subunit out of DIFE bytes.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/mem.h"
#include "protocols/codec/mbus/dif.h"

/* EN 13757-3: DIFE k has subunit bit k, tariff bits 2k+1…2k, storage bits 4k+4…4k+1; the DIF has storage bit 0. */
static void each_dife_adds_its_bits(void **state)
{
    (void)state;
    static const struct {
        uint8_t bytes[11];
        uint64_t dif_storage, storage;
        uint32_t tariff;
        uint16_t subunit;
        size_t taken;
    } cases[] = {
        { { 0x00 }, 0, 0, 0, 0, 1 },
        { { 0x00 }, 1, 1, 0, 0, 1 },
        { { 0x0F }, 1, 31, 0, 0, 1 },
        { { 0x40 }, 0, 0, 0, 1, 1 },
        { { 0x10 }, 0, 0, 1, 0, 1 },
        { { 0x30 }, 0, 0, 3, 0, 1 },
        { { 0x80, 0x40 }, 0, 0, 0, 2, 2 },
        { { 0x90, 0x10 }, 0, 0, 5, 0, 2 },
        { { 0x8F, 0x0F }, 0, 510, 0, 0, 2 },
        { { 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F },
          1,
          ((uint64_t)1 << 41) - 1,
          (1u << 20) - 1,
          1023,
          10 },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct rd r = rd_init(cases[i].bytes, sizeof cases[i].bytes);
        struct value v = { .storage = cases[i].dif_storage };
        assert_true(dif_read_extensions(&r, &v));
        if (v.storage != cases[i].storage || v.tariff != cases[i].tariff || v.subunit != cases[i].subunit ||
            rd_left(&r) != sizeof cases[i].bytes - cases[i].taken)
            fail_msg("case %zu", i);
    }
}

static void an_eleventh_dife_is_refused(void **state)
{
    (void)state;
    static const uint8_t bytes[] = { 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00 };
    struct rd r = rd_init(bytes, sizeof bytes);
    struct value v = { 0 };
    assert_false(dif_read_extensions(&r, &v));
}

static void a_missing_dife_leaves_the_reader_bad(void **state)
{
    (void)state;
    static const uint8_t bytes[] = { 0x81, 0x82 };
    struct rd r = rd_init(bytes, sizeof bytes);
    struct value v = { 0 };
    assert_true(dif_read_extensions(&r, &v));
    assert_false(rd_ok(&r));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_dife_adds_its_bits),
        cmocka_unit_test(an_eleventh_dife_is_refused),
        cmocka_unit_test(a_missing_dife_leaves_the_reader_bad),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
