/* test_tmbus_pack.c — what of a foreign master's bytes goes to the bus, and what it rests on.
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
#include "protocols/tmbus_pack.h"

/* Packs in the order of sending, joined by '|'. */
static const struct {
    const char *name, *in, *packs;
    unsigned n_dropped;
} cases[] = {
    { "one frame", "1040054516", "1040054516", 0 },
    { "two frames in one piece", "1040054516107b058016", "1040054516|107b058016", 0 },
    { "a long frame", "680b0b6853fd5278563412ffffffffb216", "680b0b6853fd5278563412ffffffffb216", 0 },
    { "a wrong checksum", "1040050016", "", 5 },
    { "noise before a frame", "00ff1040054516", "1040054516", 2 },
    { "an answer of a meter is no request",
      "68030368080572"
      "7f16"
      "e51040054516",
      "1040054516", 10 },
};

static void only_good_requests_become_packs(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        for (size_t piece = 1; piece <= 64; piece += 63) { /* byte by byte, and all at once */
            struct tmbus_pack p;
            uint8_t in[64];
            char got[200] = "";
            size_t len, at = 0, got_len = 0;
            tmbus_pack_init(&p, true);
            assert_int_equal(str_from_hex(cases[i].in, strlen(cases[i].in), in, sizeof in, &len), ERR_OK);
            while (at < len || p.len > 0) {
                size_t left = len - at;
                at += tmbus_pack_push(&p, in + at, left < piece ? left : piece);
                for (; p.len > 0; tmbus_pack_done(&p)) {
                    if (got_len > 0)
                        got[got_len++] = '|';
                    str_to_hex(got + got_len, p.bytes, p.len);
                    got_len += 2 * p.len;
                }
            }
            tmbus_pack_cut(&p);
            if (!str_eq(got, cases[i].packs) || p.n_dropped != cases[i].n_dropped)
                fail_msg("%s: %s, %u dropped", cases[i].name, got, (unsigned)p.n_dropped);
        }
}

static const uint8_t reset_5[] = { 0x10, 0x40, 0x05, 0x45, 0x16 }, read_5[] = { 0x10, 0x7B, 0x05, 0x80, 0x16 };

static void an_impatient_master_asks_once(void **state)
{
    (void)state;
    struct tmbus_pack p;
    tmbus_pack_init(&p, true);
    assert_int_equal(tmbus_pack_push(&p, reset_5, sizeof reset_5), sizeof reset_5);
    assert_int_equal(tmbus_pack_push(&p, reset_5, sizeof reset_5), sizeof reset_5);
    assert_int_equal(p.n_repeats, 1);
    assert_int_equal(tmbus_pack_push(&p, read_5, sizeof read_5), 0); /* another one has to wait */
    tmbus_pack_done(&p);
    assert_int_equal(p.len, 0);
}

static void a_frame_that_was_cut_is_dropped(void **state)
{
    (void)state;
    struct tmbus_pack p;
    tmbus_pack_init(&p, true);
    assert_int_equal(tmbus_pack_push(&p, reset_5, 3), 3);
    tmbus_pack_cut(&p);
    assert_int_equal(p.n_dropped, 3);
    assert_int_equal(tmbus_pack_push(&p, read_5, sizeof read_5), sizeof read_5);
    assert_memory_equal(p.bytes, read_5, sizeof read_5);
}

static void transparent_packing_gathers_all_bytes_up_to_its_room(void **state)
{
    (void)state;
    struct tmbus_pack p;
    uint8_t many[TMBUS_PACK_MAX];
    memset(many, 0xA5, sizeof many);
    tmbus_pack_init(&p, false);
    assert_int_equal(tmbus_pack_push(&p, reset_5, 2), 2);
    assert_int_equal(tmbus_pack_push(&p, many, sizeof many), sizeof many - 2);
    assert_int_equal(tmbus_pack_push(&p, many, sizeof many), 0);
    assert_int_equal(p.len, TMBUS_PACK_MAX);
    tmbus_pack_done(&p);
    assert_int_equal(p.len, 0);
    assert_int_equal(p.n_dropped, 0);
}

static void packs_tell_what_they_rest_on(void **state)
{
    (void)state;
    static const struct {
        const char *name, *hex;
        uint8_t last_a;
        enum tmbus_meaning meaning;
        uint8_t a;
    } packs[] = {
        { "a link reset begins", "1040054516", 5, TMBUS_BEGINS, 5 },
        { "another primary address begins", "107b058016", 4, TMBUS_BEGINS, 5 },
        { "the same one goes on", "107b058016", 5, TMBUS_ANY, 5 },
        { "a selection selects", "680b0b6853fd5278563412ffffffffb216", 5, TMBUS_SELECTS, 0xFD },
        { "a request to whom it selected", "107bfd7816", 0xFD, TMBUS_SELECTED, 0xFD },
        { "to deselect rests on nothing", "1040fd3d16", 0xFD, TMBUS_BEGINS, 0xFD },
        { "no frame may be anything", "1040050016", 7, TMBUS_ANY, 7 },
    };
    for (size_t i = 0; i < COUNT_OF(packs); i++) {
        struct tmbus_pack p;
        uint8_t a = packs[i].last_a;
        tmbus_pack_init(&p, false);
        assert_int_equal(str_from_hex(packs[i].hex, strlen(packs[i].hex), p.bytes, sizeof p.bytes, &p.len), ERR_OK);
        enum tmbus_meaning meaning = tmbus_pack_meaning(&p, packs[i].last_a, &a);
        if (meaning != packs[i].meaning || a != packs[i].a)
            fail_msg("%s: %d, %02X", packs[i].name, meaning, a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_good_requests_become_packs),
        cmocka_unit_test(an_impatient_master_asks_once),
        cmocka_unit_test(a_frame_that_was_cut_is_dropped),
        cmocka_unit_test(transparent_packing_gathers_all_bytes_up_to_its_room),
        cmocka_unit_test(packs_tell_what_they_rest_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
