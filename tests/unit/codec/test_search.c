/* test_search.c — the meter search against slave machines on a wire that ANDs their bytes, without a loop or a clock; and
 * event by event against scripted lines.
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
#include "protocols/codec/mbus/search.h"
#include "protocols/codec/mbus/slave.h"

enum { SLAVES_MAX = 300, PROBES_MAX = 60000, BIT_US = 417, BYTE_US = 11 * BIT_US };

/* A simulated bus. All slaves answer after their delay; bytes that overlap are ANDed, to the bit. */
struct slot {
    struct slave slave;
    uint8_t frame[FRAME_MAX];
    size_t len;
    int64_t delay_us;
    unsigned n_lost; /* so many of its next answers get lost */
    bool is_mute;    /* acknowledges its selection and never sends data */
};

struct wire {
    struct search *s;
    struct slot *slots;
    size_t n;
    int64_t now_us;
    bool has_echo;
    unsigned n_probes, n_pauses;
    uint64_t seed;
    unsigned lost_percent;
    struct search_meter *new_ones; /* as told by SEARCH_FOUND */
    size_t n_new;
};

static unsigned random_below(struct wire *w, unsigned n)
{
    w->seed = w->seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (unsigned)(w->seed >> 33) % n;
}

static void add(struct wire *w, uint32_t ident, uint16_t maker, uint8_t version, uint8_t medium)
{
    struct slot *slot = &w->slots[w->n++];
    uint8_t data[20];
    struct wr d = wr_init(data, sizeof data), f = wr_init(slot->frame, sizeof slot->frame);
    address_put(&d, false, &(struct address){ ident, maker, version, medium });
    wr_u32le(&d, 0);      /* access number, status, signature */
    wr_u16le(&d, 0x0604); /* an energy, other for each meter */
    wr_u32le(&d, (uint32_t)w->n * 7919);
    frame_put_long(&f, FRAME_C_RSP_UD, 0, 0x72, data, wr_len(&d));
    slot->len = wr_len(&f);
    slot->delay_us = 11 * BIT_US;
    assert_int_equal(slave_init(&slot->slave, slot->frame, slot->len, NULL), ERR_OK);
}

static void add_plain(struct wire *w, uint32_t ident)
{
    add(w, ident, 0x2C2D, 0x1B, 4);
}

struct answer {
    int64_t start_us;
    uint8_t bytes[FRAME_MAX];
    size_t len;
};

static bool answer_of(struct wire *w, struct slot *slot, const struct frame *request, int64_t sent_us,
                      struct answer *out)
{
    struct slave_act act = slave_take(&slot->slave, request);
    struct wr r = wr_init(out->bytes, sizeof out->bytes);
    struct frame stored;
    bool is_lost = slot->n_lost > 0 || (w->lost_percent > 0 && random_below(w, 100) < w->lost_percent);
    if (act.what == SLAVE_SILENT || (act.what == SLAVE_SEND && slot->is_mute))
        return false;
    slot->n_lost -= slot->n_lost > 0;
    if (is_lost)
        return false;
    if (act.what == SLAVE_ACK) {
        frame_put_ack(&r);
    } else {
        assert_int_equal(frame_parse(slot->frame, slot->len, &stored, NULL), ERR_OK);
        slave_put(&r, &slot->slave, &act, &stored);
    }
    out->len = wr_len(&r);
    out->start_us = sent_us + slot->delay_us;
    return true;
}

static struct search_act bytes_come(struct wire *w, int64_t at_us, const uint8_t *bytes, size_t len)
{
    w->now_us = at_us > w->now_us ? at_us : w->now_us;
    return search_step(w->s,
                       &(struct xchg_event){ .what = XEV_BYTES, .now_us = w->now_us, .bytes = bytes, .len = len });
}

/* The bytes of all answers in the order of their time, those of one moment ANDed; until the machine wants to speak. */
static struct search_act play(struct wire *w, struct answer *answers, size_t n, struct search_act a)
{
    size_t at[SLAVES_MAX] = { 0 };
    for (;;) {
        int64_t next_us = INT64_MAX;
        uint8_t byte = 0xFF;
        for (size_t i = 0; i < n; i++) {
            int64_t t = answers[i].start_us + (int64_t)(at[i] + 1) * BYTE_US;
            next_us = at[i] < answers[i].len && t < next_us ? t : next_us;
        }
        if (next_us == INT64_MAX)
            return a;
        if (a.what == SEARCH_WAIT && a.wait_until_us <= next_us) { /* the timer comes first: later bytes are nobody's */
            w->now_us = a.wait_until_us;
            a = search_step(w->s, &(struct xchg_event){ .what = XEV_TIMER, .now_us = w->now_us });
            if (a.what != SEARCH_WAIT)
                return a;
            continue;
        }
        for (size_t i = 0; i < n; i++)
            if (at[i] < answers[i].len && answers[i].start_us + (int64_t)(at[i] + 1) * BYTE_US < next_us + BYTE_US / 2)
                byte &= answers[i].bytes[at[i]++];
        a = bytes_come(w, next_us, &byte, 1);
        if (a.what != SEARCH_WAIT)
            return a;
    }
}

static struct search_act send_request(struct wire *w)
{
    static struct answer answers[SLAVES_MAX];
    size_t len, n = 0;
    const uint8_t *bytes = search_request(w->s, &len);
    uint8_t copy[FRAME_MAX];
    struct frame request;
    bytes_copy(copy, sizeof copy, bytes, len);
    assert_int_equal(frame_parse(copy, len, &request, NULL), ERR_OK);
    int64_t sent_us = w->now_us + (int64_t)len * BYTE_US;
    struct search_act a =
        search_step(w->s, &(struct xchg_event){ .what = XEV_SENT, .now_us = w->now_us, .at_us = sent_us });
    if (w->has_echo)
        a = bytes_come(w, sent_us, copy, len);
    for (size_t i = 0; i < w->n; i++)
        n += answer_of(w, &w->slots[i], &request, sent_us, &answers[n]);
    return play(w, answers, n, a);
}

static void run(struct wire *w, const struct search_plan *plan)
{
    struct xchg_timing timing = xchg_timing(&(struct xchg_settings){ .baud = 2400 });
    search_init(w->s, plan);
    search_set_timing(w->s, &timing);
    struct search_act a = { SEARCH_PAUSE, 0 };
    while (a.what != SEARCH_FINISH) {
        if (++w->n_probes > PROBES_MAX)
            fail_msg("the search never ends, in %s", search_phase_name(w->s->phase));
        switch (a.what) {
        case SEARCH_SEND:
            a = send_request(w);
            break;
        case SEARCH_WAIT:
            w->now_us = a.wait_until_us > w->now_us ? a.wait_until_us : w->now_us;
            a = search_step(w->s, &(struct xchg_event){ .what = XEV_TIMER, .now_us = w->now_us });
            break;
        case SEARCH_FOUND:
            w->new_ones[w->n_new++] = w->s->found[w->s->n_found - 1];
            a.what = SEARCH_PAUSE;
            break;
        case SEARCH_PAUSE:
            w->n_pauses++;
            a = search_step(w->s, &(struct xchg_event){ .what = XEV_START, .now_us = w->now_us, .at_us = INT64_MIN });
            break;
        case SEARCH_NOTHING:
        case SEARCH_FINISH:
            fail_msg("the machine hangs in %s", search_phase_name(w->s->phase));
        }
    }
    assert_int_equal(w->s->phase, SEARCH_DONE);
    assert_int_equal(w->n_new, w->s->n_found);
    assert_int_equal(search_permille(w->s), 1000);
}

static int set_up(void **state)
{
    struct wire *w = xcalloc(1, sizeof *w);
    w->s = xcalloc(1, sizeof *w->s);
    w->slots = xcalloc(SLAVES_MAX, sizeof *w->slots);
    w->new_ones = xcalloc(SEARCH_FOUND_MAX, sizeof *w->new_ones);
    w->seed = 42;
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct wire *w = *state;
    free(w->s);
    free(w->slots);
    free(w->new_ones);
    free(w);
    return 0;
}

static void start_anew(struct wire *w)
{
    w->n = w->n_new = 0;
    w->n_probes = w->n_pauses = 0;
    w->now_us = 1000000;
    w->has_echo = false;
    w->lost_percent = 0;
}

static struct search_plan plan_of(enum search_mode mode)
{
    return (struct search_plan){ .mode = mode, .mask = UINT32_MAX, .tries = 3, .rounds = 3, .found_max = SIZE_MAX };
}

/* Every slave is found, once, and nothing else. */
static void check_found(const struct wire *w, const char *what)
{
    for (size_t i = 0; i < w->n; i++) {
        const struct address *want = &w->slots[i].slave.address;
        size_t n = 0;
        for (size_t k = 0; k < w->s->n_found; k++) {
            const struct address *got = &w->s->found[k].address;
            n += got->ident == want->ident && got->maker == want->maker && got->version == want->version &&
                 got->medium == want->medium;
        }
        if (n != 1)
            fail_msg("%s: %08X %04X %02X %02X was found %zu times", what, want->ident, want->maker, want->version,
                     want->medium, n);
    }
    if (w->s->n_found != w->n)
        fail_msg("%s: found %zu of %zu", what, w->s->n_found, w->n);
}

/* --- sets of meters --- */

struct set {
    const char *name;
    struct {
        uint32_t ident;
        uint16_t maker;
        uint8_t version, medium;
    } meters[8];
};

static const struct set sets[] = {
    { "nobody at all", { { 0, 0, 0, 0 } } },
    { "a single meter", { { 0x12345678, 0x2C2D, 0x1B, 4 } } },
    { "neighbours in the last digit", { { 0x13001651, 0x2C2D, 0x1B, 4 }, { 0x13001652, 0x2C2D, 0x1B, 4 } } },
    { "one number, three kinds",
      { { 0x12345678, 0x2C2D, 0x1B, 4 }, { 0x12345678, 0x1593, 0x1B, 7 }, { 0x12345678, 0x2C2D, 0x1C, 4 } } },
    { "one number, two makers, all else equal", { { 0x12345678, 0x2C2D, 0x1B, 4 }, { 0x12345678, 0x1593, 0x1B, 4 } } },
    { "hex digits in one number of two", { { 0x1234567A, 0x2C2D, 0x1B, 4 }, { 0x12345678, 0x2C2D, 0x1B, 4 } } },
    { "a hex digit beside two decimal numbers of its branch",
      { { 0x12345678, 0x2C2D, 0x1B, 4 }, { 0x12345679, 0x2C2D, 0x1B, 4 }, { 0x1234567E, 0x2C2D, 0x1B, 4 } } },
    { "hex digits in front",
      { { 0xA2345678, 0x2C2D, 0x1B, 4 },
        { 0xAB345678, 0x2C2D, 0x1B, 4 },
        { 0xABCDE678, 0x2C2D, 0x1B, 4 },
        { 0x12345679, 0x2C2D, 0x1B, 4 },
        { 0x22345679, 0x2C2D, 0x1B, 4 } } },
};

static void every_meter_of_a_set_is_found_once(void **state)
{
    struct wire *w = *state;
    struct search_plan plan = plan_of(SEARCH_SECONDARY);
    for (size_t i = 0; i < COUNT_OF(sets); i++) {
        for (int has_echo = 0; has_echo <= 1; has_echo++) {
            start_anew(w);
            w->has_echo = has_echo != 0;
            for (size_t k = 0; k < COUNT_OF(sets[i].meters) && sets[i].meters[k].maker; k++)
                add(w, sets[i].meters[k].ident, sets[i].meters[k].maker, sets[i].meters[k].version,
                    sets[i].meters[k].medium);
            run(w, &plan);
            check_found(w, sets[i].name);
        }
    }
}

/* Random sets: some decimal, some with hex digits, some numbers twice with other makers, versions, media. */
static void random_sets_are_found_whole(void **state)
{
    struct wire *w = *state;
    struct search_plan plan = plan_of(SEARCH_SECONDARY);
    for (unsigned round = 0; round < 12; round++) {
        start_anew(w);
        w->seed = round + 1;
        unsigned n = 1 + random_below(w, 60);
        while (w->n < n) {
            uint32_t ident = 0;
            bool has_hex = round % 3 == 2 && random_below(w, 4) == 0;
            for (unsigned d = 0; d < 8; d++)
                ident = ident << 4 | random_below(w, has_hex ? 15 : 10);
            if (round % 2)
                ident = (ident & 0xFFF) | 0x13001000; /* numbers of one delivery */
            bool is_there = false;
            for (size_t i = 0; i < w->n; i++)
                is_there = is_there || w->slots[i].slave.address.ident == ident;
            if (is_there)
                continue;
            add_plain(w, ident);
            if (random_below(w, 30) == 0)
                add(w, ident, 0x1593, 0x02, 7);
        }
        run(w, &plan);
        check_found(w, "random set");
    }
}

/* Peers of this project found ghosts among 250 meters: the AND of two answers with a right sum. */
static void two_hundred_fifty_meters_give_no_ghost(void **state)
{
    struct wire *w = *state;
    struct search_plan plan = plan_of(SEARCH_SECONDARY);
    start_anew(w);
    for (unsigned i = 0; i < 250; i++) {
        uint32_t ident = i; /* the last three digits tell them apart, the others are random */
        char text[9];
        str_fmt(text, sizeof text, "%05u%03u", random_below(w, 100000), i);
        assert_true(address_ident_parse(text, &ident));
        add_plain(w, ident);
    }
    run(w, &plan);
    check_found(w, "250 meters");
}

static void a_lossy_line_is_walked_again(void **state)
{
    struct wire *w = *state;
    struct search_plan plan = plan_of(SEARCH_SECONDARY);
    plan.rounds = 6;
    plan.tries = 6;
    start_anew(w);
    for (uint32_t i = 0; i < 20; i++)
        add_plain(w, 0x50000000 + (i / 10 << 4) + i % 10);
    w->lost_percent = 10;
    run(w, &plan);
    check_found(w, "one answer of ten is lost");
}

static void a_slow_meter_behind_quick_ones_is_found(void **state)
{
    struct wire *w = *state;
    struct search_plan plan = plan_of(SEARCH_SECONDARY);
    start_anew(w);
    for (uint32_t i = 0; i < 10; i++)
        add_plain(w, 0x50000000 + i);
    w->slots[3].delay_us = 180000; /* the standard allows 187 ms at 2400 baud */
    w->slots[7].delay_us = 60000;
    run(w, &plan);
    check_found(w, "slow meters");
}

static void the_window_is_learnt_and_saves_time(void **state)
{
    struct wire *w = *state;
    struct search_plan plan = plan_of(SEARCH_SECONDARY);
    start_anew(w);
    for (uint32_t i = 0; i < 50; i++) {
        uint32_t ident = 0;
        for (unsigned d = 0; d < 8; d++)
            ident = ident << 4 | random_below(w, 10);
        add_plain(w, ident);
    }
    int64_t began_us = w->now_us;
    run(w, &plan);
    check_found(w, "50 meters");
    double took_s = (double)(w->now_us - began_us) / 1e6;
    print_message("50 meters at 2400 baud: %.1f s, %u probes\n", took_s, w->n_pauses);
    assert_true(took_s < 65);
}

static void a_mute_meter_does_not_hide_the_others(void **state)
{
    struct wire *w = *state;
    struct search_plan plan = plan_of(SEARCH_SECONDARY);
    start_anew(w);
    add_plain(w, 0x12345678);
    add_plain(w, 0x12345679);
    add_plain(w, 0x12345670);
    w->slots[2].is_mute = true;
    run(w, &plan);
    assert_int_equal(w->s->n_found, 2);
    assert_int_equal(w->s->n_unresolved, 1);
    assert_int_equal(w->s->unresolved[0].selection.mask.ident, 0x12345670);
}

static void two_equal_meters_are_told_by_their_fabrication_number(void **state)
{
    struct wire *w = *state;
    struct search_plan plan = plan_of(SEARCH_SECONDARY);
    start_anew(w);
    add_plain(w, 0x12345678);
    add_plain(w, 0x12345678);
    w->slots[0].slave.has_fabrication = w->slots[1].slave.has_fabrication = true;
    w->slots[0].slave.fabrication = 0x00001234;
    w->slots[1].slave.fabrication = 0x00001235;
    run(w, &plan);
    assert_int_equal(w->s->n_found, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_true(w->s->found[i].has_fabrication);
        assert_int_equal(w->s->found[i].fabrication, 0x00001234 + i);
    }
}

static void two_meters_that_nothing_tells_apart_are_said(void **state)
{
    struct wire *w = *state;
    struct search_plan plan = plan_of(SEARCH_SECONDARY);
    start_anew(w);
    add_plain(w, 0x12345678);
    add_plain(w, 0x12345678);
    run(w, &plan);
    assert_int_equal(w->s->n_found, 0);
    assert_true(w->s->n_unresolved > 0);
    assert_int_equal(w->s->unresolved[0].selection.mask.ident, 0x12345678);
}

static void a_mask_and_a_maximum_bound_the_search(void **state)
{
    struct wire *w = *state;
    struct search_plan plan = plan_of(SEARCH_SECONDARY);
    plan.mask = 0x13FFFFFF;
    start_anew(w);
    add_plain(w, 0x13001651);
    add_plain(w, 0x13001652);
    add_plain(w, 0x14001652);
    run(w, &plan);
    assert_int_equal(w->s->n_found, 2);
    start_anew(w);
    for (uint32_t i = 0; i < 9; i++)
        add_plain(w, 0x13001650 + i);
    plan.found_max = 4;
    run(w, &plan);
    assert_int_equal(w->s->n_found, 4);
}

static void primary_addresses_are_tried_from_1_and_0_last(void **state)
{
    struct wire *w = *state;
    struct search_plan plan = plan_of(SEARCH_PRIMARY);
    static const uint8_t at[] = { 77, 3, 250, 0 };
    start_anew(w);
    for (size_t i = 0; i < COUNT_OF(at); i++) {
        add_plain(w, 0x11111111 * ((uint32_t)i + 1));
        w->slots[i].slave.a = at[i];
    }
    run(w, &plan);
    static const int16_t order[] = { 3, 77, 250, 0 };
    assert_int_equal(w->s->n_found, 4);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(w->s->found[i].primary, order[i]);
    assert_int_equal(w->s->found[0].address.ident, 0x22222222);
}

static void several_meters_at_one_primary_address_are_said(void **state)
{
    struct wire *w = *state;
    struct search_plan plan = plan_of(SEARCH_PRIMARY);
    start_anew(w);
    add_plain(w, 0x12345678);
    add_plain(w, 0x87654321);
    run(w, &plan);
    assert_int_equal(w->s->n_found, 0);
    assert_int_equal(w->s->n_unresolved, 1);
    assert_int_equal(w->s->unresolved[0].primary, 0);
}

int main(void)
{
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(every_meter_of_a_set_is_found_once),
        CASE(random_sets_are_found_whole),
        CASE(two_hundred_fifty_meters_give_no_ghost),
        CASE(a_lossy_line_is_walked_again),
        CASE(a_slow_meter_behind_quick_ones_is_found),
        CASE(the_window_is_learnt_and_saves_time),
        CASE(a_mute_meter_does_not_hide_the_others),
        CASE(two_equal_meters_are_told_by_their_fabrication_number),
        CASE(two_meters_that_nothing_tells_apart_are_said),
        CASE(a_mask_and_a_maximum_bound_the_search),
        CASE(primary_addresses_are_tried_from_1_and_0_last),
        CASE(several_meters_at_one_primary_address_are_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
