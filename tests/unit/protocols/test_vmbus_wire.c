/* test_vmbus_wire.c — masters on the virtual wire: who answers, with which telegram, and what a collision looks like.
 *
 * Telegrams and requests are written by hand from EN 13757-2 and EN 13757-3.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "protocols/vmbus_wire.h"

enum { NOW_MS = 1000000, GOOD_MS = 60000 };

/* Heat meters KAM, version 1B: 12345678 with a chain of two, 12345679, and 00000005 that has primary address 5. */
static const char *const chains[][2] = {
    { "68161668080572785634122D2C1B042A0000000406110000001F6F16",
      "68151568080572785634122D2C1B042B0000000406120000005216" },
    { "68151568080572795634122D2C1B042A0000000406130000005316", NULL },
    { "68151568080572050000002D2C1B042A0000000406140000004416", NULL },
    /* 12345671 and 12345672: the AND of their telegrams is a good one of 12345670. */
    { "6815156808FD72715634122D2C1B042A0000000406010000003116", NULL },
    { "6815156808FD72725634122D2C1B042A0000000406010000003216", NULL },
};
enum { GHOSTLY_1 = 4, GHOSTLY_2 = 5, N_METERS = 3 };
#define RESET_5      "1040054516"
#define READ_5       "107B058016"
#define SELECT_8     "680B0B6853FD5278563412FFFFFFFFB216"
#define SELECT_9     "680B0B6853FD5279563412FFFFFFFFB316"
#define SELECT_7X    "680B0B6853FD527F563412FFFFFFFFB916"
#define SELECT_NONE  "680B0B6853FD5278563413FFFFFFFFB316"
#define SELECT_MODE2 "680B0B6853FD5612345678FFFFFFFFB616"
#define DESELECT     "1040FD3D16"
#define READ_1       "107BFD7816"
#define READ_0       "105BFD5816"
#define READ_ANY     "104BFD4816"
#define RSP(rest)    "6815156808FD72785634122D2C1B04" rest

struct scene {
    struct vmbus_net net;
    struct vmbus_wire wire;
    int64_t now_ms;
    unsigned n_loads;
    char got[1200];
    size_t got_len;
};

static size_t bytes_of(const char *hex, uint8_t *out)
{
    size_t len = 0;
    assert_int_equal(str_from_hex(hex, strlen(hex), out, FRAME_MAX, &len), ERR_OK);
    return len;
}

static void load(void *ctx, uint32_t meter, int64_t now_ms, struct vmbus_chain *out)
{
    struct scene *s = ctx;
    s->n_loads++;
    out->telegrams = xcalloc(2, sizeof *out->telegrams);
    out->good_until_ms = NOW_MS + GOOD_MS;
    assert_int_equal(now_ms, s->now_ms);
    for (; out->n < 2 && chains[meter - 1][out->n]; out->n++)
        out->telegrams[out->n].len = (uint16_t)bytes_of(chains[meter - 1][out->n], out->telegrams[out->n].bytes);
}

static void put(struct scene *s, uint32_t meter)
{
    uint8_t bytes[FRAME_MAX];
    struct meter m = { .id = meter, .addressing = ADDRESSING_SECONDARY, .primary = -1 };
    if (meter == 3) {
        m.addressing = ADDRESSING_PRIMARY;
        m.primary = 5;
    }
    vmbus_net_put(&s->net, &m, bytes, bytes_of(chains[meter - 1][0], bytes));
}

static int setup(void **state)
{
    struct scene *s = xcalloc(1, sizeof *s);
    s->net = (struct vmbus_net){ .load = load, .ctx = s };
    s->now_ms = NOW_MS;
    for (uint32_t i = 1; i <= N_METERS; i++)
        put(s, i);
    vmbus_wire_init(&s->wire, &s->net);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct scene *s = *state;
    vmbus_wire_fini(&s->wire);
    vmbus_net_clear(&s->net);
    free(s);
    return 0;
}

static void hear(void *ctx, const uint8_t *bytes, size_t len)
{
    struct scene *s = ctx;
    assert_true(s->got_len + 2 * len < sizeof s->got);
    str_to_hex(s->got + s->got_len, bytes, len);
    s->got_len += 2 * len;
}

/* What comes back, in hex. */
static const char *ask(struct scene *s, const char *hex)
{
    uint8_t bytes[FRAME_MAX];
    s->got_len = 0;
    s->got[0] = '\0';
    vmbus_wire_push(&s->wire, s->now_ms, rd_init(bytes, bytes_of(hex, bytes)), hear, s);
    return s->got;
}

#define assert_answer(s, request, want)                                                                                \
    do {                                                                                                               \
        const char *got = ask(s, request);                                                                             \
        if (!str_eq_nocase(got, want))                                                                                 \
            fail_msg("%s: %s instead of %s", #request, got, want);                                                     \
    } while (0)

static void a_selected_meter_gives_its_chain(void **state)
{
    struct scene *s = *state;
    assert_answer(s, READ_1, "");
    assert_answer(s, SELECT_8, "E5");
    /* A is FD for a meter without primary address; the access number counts on from the stored one. */
    assert_answer(s, READ_1, "6816166808FD72785634122D2C1B042A0000000406110000001F6716");
    assert_answer(s, READ_1, "6816166808FD72785634122D2C1B042A0000000406110000001F6716");
    assert_answer(s, READ_0, RSP("2B0000000406120000004A16"));
    assert_int_equal(s->n_loads, 1);
    assert_answer(s, READ_1, "6816166808FD72785634122D2C1B042C0000000406110000001F6916");
    assert_int_equal(s->n_loads, 2); /* behind the end it begins with what is there by now */
    assert_answer(s, DESELECT, "");
    assert_answer(s, READ_0, "");
}

static void who_never_toggles_the_bit_gets_new_data_after_a_while(void **state)
{
    struct scene *s = *state;
    assert_answer(s, SELECT_8, "E5");
    ask(s, READ_1);
    s->now_ms += 31000;
    ask(s, READ_1);
    assert_int_equal(s->n_loads, 2);
    ask(s, READ_ANY); /* without a bit it is always the present data, from the first telegram on */
    assert_int_equal(s->n_loads, 3);
    assert_non_null(strstr(s->got, "040611"));
}

static void a_selection_moves_on(void **state)
{
    struct scene *s = *state;
    assert_answer(s, SELECT_8, "E5");
    assert_answer(s, SELECT_9, "E5");
    assert_non_null(strstr(ask(s, READ_1), "040613"));
    assert_answer(s, SELECT_NONE, "");
    assert_answer(s, READ_1, "");
    assert_answer(s, SELECT_8, "E5");
    assert_answer(s, SELECT_MODE2, "");
    assert_answer(s, READ_1, "");
}

static void several_at_once_are_the_and_of_their_bits(void **state)
{
    struct scene *s = *state;
    struct frame f;
    uint8_t bytes[FRAME_MAX];
    assert_answer(s, SELECT_7X, "E5");
    size_t len = bytes_of(ask(s, READ_1), bytes);
    assert_int_equal(len, 28);
    assert_int_equal(bytes[1], 0x16 & 0x15);
    assert_int_equal(bytes[7], 0x78 & 0x79);
    assert_int_not_equal(frame_parse(bytes, len, &f, NULL), ERR_OK);
}

static void a_ghost_never_has_a_right_checksum(void **state)
{
    struct scene *s = *state;
    vmbus_net_clear(&s->net);
    put(s, GHOSTLY_1);
    put(s, GHOSTLY_2);
    assert_answer(s, SELECT_7X, "E5");
    assert_answer(s, READ_1, "6815156808FD72705634122D2C1B042A0000000406010000003116"); /* 30 would be right */
}

static void a_primary_address_belongs_to_meters_read_by_it(void **state)
{
    struct scene *s = *state;
    assert_answer(s, RESET_5, "E5");
    assert_answer(s, READ_5, "68151568080572050000002D2C1B042A0000000406140000004416");
    assert_answer(s, "105A055F16", "E5"); /* no alarm */
    assert_answer(s, "1040064616", "");   /* nobody has 6 */
    assert_answer(s, "1040FF3F16", "");   /* broadcast */
    vmbus_net_remove(&s->net, 3);
    assert_answer(s, READ_5, "");
    put(s, 3);
    assert_non_null(strstr(ask(s, READ_5), "040614"));
}

static void nothing_is_written(void **state)
{
    struct scene *s = *state;
    assert_answer(s, "68060668530551017A092D16", "");
    assert_answer(s, "680303685305BD1516", "");
    assert_answer(s, "68030368530550A816", "E5"); /* application reset */
    assert_answer(s, RESET_5, "E5");
}

static void past_the_expiry_only_the_layout_is_told(void **state)
{
    struct scene *s = *state;
    s->now_ms += GOOD_MS;
    assert_answer(s, SELECT_9, "E5");
    assert_non_null(strstr(ask(s, READ_1), "040613"));
    s->now_ms++;
    assert_answer(s, READ_0, "6811116808FD72795634122D2C1B042B00000000063516");
    assert_int_equal(s->wire.n_expired, 1);
    assert_int_equal(s->wire.n_answers, 2);
}

static void a_frame_in_pieces_and_noise_are_understood(void **state)
{
    struct scene *s = *state;
    assert_answer(s, "FF1040", "");
    assert_answer(s, "054516", "E5");
    assert_answer(s, "1040", "");
    vmbus_wire_idle(&s->wire);
    assert_answer(s, RESET_5, "E5");
}

static void what_is_no_wired_telegram_is_not_on_the_wire(void **state)
{
    struct scene *s = *state;
    const struct meter m = { .id = 2, .addressing = ADDRESSING_SECONDARY, .primary = -1 };
    assert_int_equal(vmbus_net_count(&s->net), 3);
    vmbus_net_put(&s->net, &m, (const uint8_t *)"\x1E\x44\x2D\x2C", 4);
    assert_int_equal(vmbus_net_count(&s->net), 2);
    vmbus_net_put(&s->net, &m, NULL, 0);
    assert_answer(s, SELECT_9, "");
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_selected_meter_gives_its_chain),
        T(who_never_toggles_the_bit_gets_new_data_after_a_while),
        T(a_selection_moves_on),
        T(several_at_once_are_the_and_of_their_bits),
        T(a_ghost_never_has_a_right_checksum),
        T(a_primary_address_belongs_to_meters_read_by_it),
        T(nothing_is_written),
        T(past_the_expiry_only_the_layout_is_told),
        T(a_frame_in_pieces_and_noise_are_understood),
        T(what_is_no_wired_telegram_is_not_on_the_wire),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
