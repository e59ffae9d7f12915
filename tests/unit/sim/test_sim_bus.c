/* test_sim_bus.c — the wire: when bytes arrive, what several answers become, what is forgotten.
 *
 * Times are those of 11 bits a character; telegrams and requests are written by hand.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "tests/sim/sim_bus.h"
#include "tests/sim/sim_files.h"

enum { OUT_MAX_HERE = 1024 };

/* Heat meter 12345678, primary address 5, one record; and 12345687 at 6. */
static const char first_text[] = "6815156808057278563412 2D2C1B042A000000 04060A000000 4916";
static const char second_text[] = "6815156808067287563412 2D2C1B042A000000 04060A000000 5916";

static const uint8_t reset_5[] = { 0x10, 0x40, 0x05, 0x45, 0x16 };
static const uint8_t read_5[] = { 0x10, 0x7B, 0x05, 0x80, 0x16 };
static const uint8_t select_all[] = { 0x68, 0x0B, 0x0B, 0x68, 0x53, 0xFD, 0x52, 0xFF, 0xFF,
                                      0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x9A, 0x16 };
static const uint8_t read_selected[] = { 0x10, 0x7B, 0xFD, 0x78, 0x16 };

struct wire {
    struct sim_bus *bus;
    struct sim_meters meters;
    struct sim_faults faults;
    struct sim_stats stats;
    int64_t now_ns;
    uint32_t host_baud;
    size_t n;
    uint8_t byte[OUT_MAX_HERE];
    int64_t at_ns[OUT_MAX_HERE];
};

static void on_out(void *ctx, const uint8_t *bytes, size_t len)
{
    struct wire *w = ctx;
    for (size_t i = 0; i < len; i++) {
        assert_true(w->n < OUT_MAX_HERE);
        w->at_ns[w->n] = w->now_ns;
        w->byte[w->n++] = bytes[i];
    }
}

static uint32_t on_host_baud(void *ctx)
{
    const struct wire *w = ctx;
    return w->host_baud;
}

static void add_meter(struct wire *w, const char *text)
{
    struct sim_meter m;
    assert_int_equal(sim_file_parse(&m, "test", text, NULL), ERR_OK);
    assert_int_equal(sim_meters_add(&w->meters, &m, NULL), ERR_OK);
}

static void wire_init(struct wire *w, uint32_t baud, uint32_t delay_bits, const char *first, const char *second)
{
    static const struct sim_bus_ops none = { NULL, NULL, NULL };
    *w = (struct wire){ .now_ns = 1000000000 };
    add_meter(w, first);
    if (second)
        add_meter(w, second);
    sim_faults_init(&w->faults, 1);
    const struct sim_bus_cfg cfg = { baud, delay_bits };
    struct sim_bus_ops ops = none;
    ops.ctx = w;
    ops.out = on_out;
    ops.host_baud = on_host_baud;
    w->bus = sim_bus_create(&cfg, &ops, &w->meters, &w->faults, &w->stats);
}

static void wire_fini(struct wire *w)
{
    sim_bus_free(w->bus);
    sim_meters_fini(&w->meters);
}

/* Lets time pass until nothing is left to do; every wake-up comes `late_ns` after the moment that was asked for. */
static void settle(struct wire *w, int64_t late_ns)
{
    int64_t next_ns;
    while ((next_ns = sim_bus_next_ns(w->bus)) != INT64_MAX) {
        if (next_ns + late_ns > w->now_ns)
            w->now_ns = next_ns + late_ns;
        sim_bus_run(w->bus, w->now_ns, 0);
    }
}

static void say(struct wire *w, const uint8_t *bytes, size_t len)
{
    w->n = 0;
    sim_bus_push(w->bus, w->now_ns, bytes, len);
}

static int64_t chars_ns(size_t n, uint32_t more_bits)
{
    return (int64_t)(11 * n + more_bits) * 1000000000 / 9600;
}

/* The bits that the whole takes are rounded to nanoseconds character by character. */
static void assert_near(int64_t got_ns, int64_t want_ns)
{
    assert_in_range(got_ns - want_ns + 100, 0, 200);
}

static void every_character_takes_eleven_bits(void **state)
{
    (void)state;
    struct wire w;
    wire_init(&w, 9600, 11, first_text, NULL);
    int64_t began_ns = w.now_ns;
    say(&w, read_5, sizeof read_5);
    settle(&w, 0);
    assert_int_equal(w.n, 27);
    for (size_t i = 0; i < w.n; i++)
        assert_near(w.at_ns[i] - began_ns, chars_ns(5 + 1 + i, 11));
    assert_near(w.stats.busy_ns, chars_ns(5 + 27, 0));
    wire_fini(&w);
}

static void late_callbacks_do_not_add_up(void **state)
{
    (void)state;
    struct wire w;
    const int64_t late_ns = 900000; /* most of a character */
    wire_init(&w, 9600, 11, first_text, NULL);
    int64_t began_ns = w.now_ns;
    say(&w, read_5, sizeof read_5);
    settle(&w, late_ns);
    assert_near(w.now_ns - began_ns, chars_ns(5 + 27, 11) + late_ns);
    wire_fini(&w);
}

static void bytes_wait_for_the_wire_to_be_free(void **state)
{
    (void)state;
    struct wire w;
    wire_init(&w, 9600, 11, first_text, NULL);
    int64_t began_ns = w.now_ns;
    say(&w, reset_5, sizeof reset_5);
    sim_bus_push(w.bus, w.now_ns, reset_5, sizeof reset_5); /* at once behind it */
    settle(&w, 0);
    assert_int_equal(w.n, 2);
    assert_near(w.at_ns[0] - began_ns, chars_ns(5 + 1, 11));
    assert_near(w.at_ns[1] - began_ns, chars_ns(10 + 1, 11));
    wire_fini(&w);
}

static void without_a_rate_all_comes_at_once(void **state)
{
    (void)state;
    struct wire w;
    wire_init(&w, 0, 330, first_text, NULL);
    say(&w, read_5, sizeof read_5);
    sim_bus_run(w.bus, w.now_ns, 0);
    assert_int_equal(w.n, 27);
    assert_int_equal(sim_bus_next_ns(w.bus), INT64_MAX);
    assert_int_equal(w.stats.busy_ns, 0);
    wire_fini(&w);
}

static void several_answers_are_the_and_of_their_bytes(void **state)
{
    (void)state;
    struct wire w;
    wire_init(&w, 9600, 11, first_text, second_text);
    say(&w, select_all, sizeof select_all);
    settle(&w, 0);
    assert_int_equal(w.n, 1);
    assert_int_equal(w.byte[0], 0xE5);
    say(&w, read_selected, sizeof read_selected);
    settle(&w, 0);
    assert_int_equal(w.n, 27);
    for (size_t i = 0; i < w.n; i++)
        assert_int_equal(w.byte[i], w.meters.at[0].chain[0].bytes[i] & w.meters.at[1].chain[0].bytes[i]);
    assert_int_equal(w.stats.collisions, 2);
    assert_near(w.stats.busy_ns, chars_ns(17 + 1 + 5 + 27, 0)); /* the wire is busy once, however many talk */
    wire_fini(&w);
}

static void a_pause_ends_an_incomplete_request(void **state)
{
    (void)state;
    struct wire w;
    static const uint8_t cut[] = { 0x68, 0xFF, 0xFF, 0x68, 0x53 };
    wire_init(&w, 9600, 11, first_text, NULL);
    say(&w, cut, sizeof cut);
    settle(&w, 0);
    w.now_ns += 5000000; /* too short a pause: these bytes are data of the long frame */
    say(&w, reset_5, sizeof reset_5);
    settle(&w, 0);
    assert_int_equal(w.n, 0);
    w.now_ns += 25000000;
    say(&w, reset_5, sizeof reset_5);
    settle(&w, 0);
    assert_int_equal(w.n, 1);
    wire_fini(&w);
}

static void another_host_does_not_get_the_answer_of_the_first(void **state)
{
    (void)state;
    struct wire w;
    wire_init(&w, 9600, 11, first_text, NULL);
    say(&w, read_5, sizeof read_5);
    w.now_ns += chars_ns(5 + 10, 11);
    sim_bus_run(w.bus, w.now_ns, 0);
    assert_in_range(w.n, 9, 10);
    sim_bus_new_host(w.bus);
    assert_int_equal(sim_bus_next_ns(w.bus), INT64_MAX);
    say(&w, reset_5, sizeof reset_5);
    settle(&w, 0);
    assert_int_equal(w.n, 1);
    wire_fini(&w);
}

static void a_host_that_sends_too_much_is_held_back(void **state)
{
    (void)state;
    struct wire w;
    uint8_t noise[4096] = { 0 };
    wire_init(&w, 9600, 11, first_text, NULL);
    assert_int_equal(sim_bus_room(w.bus), sizeof noise);
    sim_bus_push(w.bus, w.now_ns, noise, sizeof noise);
    assert_int_equal(sim_bus_room(w.bus), 0);
    w.now_ns += chars_ns(100, 0) + 1000;
    sim_bus_run(w.bus, w.now_ns, 0);
    assert_int_equal(sim_bus_room(w.bus), 100);
    wire_fini(&w);
}

static void a_switched_meter_hears_the_rate_of_the_host_only(void **state)
{
    (void)state;
    struct wire w;
    static const uint8_t to_2400[] = { 0x68, 0x03, 0x03, 0x68, 0x53, 0x05, 0xBB, 0x13, 0x16 };
    wire_init(&w, 9600, 11, first_text, NULL);
    w.host_baud = 9600;
    say(&w, to_2400, sizeof to_2400);
    settle(&w, 0);
    assert_int_equal(w.n, 1); /* acknowledged at the old rate */
    say(&w, reset_5, sizeof reset_5);
    settle(&w, 0);
    assert_int_equal(w.n, 0);
    w.host_baud = 2400;
    w.now_ns += 100000000;
    int64_t began_ns = w.now_ns;
    say(&w, reset_5, sizeof reset_5);
    settle(&w, 0);
    assert_int_equal(w.n, 1);
    assert_near(w.at_ns[0] - began_ns, 4 * chars_ns(5 + 1, 11));
    wire_fini(&w);
}

static void an_echo_comes_byte_by_byte_before_the_answer(void **state)
{
    (void)state;
    struct wire w;
    wire_init(&w, 9600, 11, first_text, NULL);
    assert_int_equal(sim_faults_set(&w.faults, "echo=1", NULL), ERR_OK);
    int64_t began_ns = w.now_ns;
    say(&w, reset_5, sizeof reset_5);
    settle(&w, 0);
    assert_int_equal(w.n, 6);
    assert_memory_equal(w.byte, reset_5, sizeof reset_5);
    assert_near(w.at_ns[0] - began_ns, chars_ns(1, 0));
    assert_int_equal(w.byte[5], 0xE5);
    wire_fini(&w);
}

static void a_late_answer_is_past_the_limit_of_the_standard(void **state)
{
    (void)state;
    static const uint32_t rates[] = { 0, 9600 };
    static const int64_t limit_ns[] = { 187500000, 84375000 }; /* 330 bits and 50 ms, at 2400 and at 9600 baud */
    for (size_t i = 0; i < COUNT_OF(rates); i++) {
        struct wire w;
        wire_init(&w, rates[i], 11, first_text, NULL);
        assert_int_equal(sim_faults_set(&w.faults, "late=1", NULL), ERR_OK);
        int64_t began_ns = w.now_ns;
        say(&w, reset_5, sizeof reset_5);
        settle(&w, 0);
        assert_int_equal(w.n, 1);
        assert_true(w.at_ns[0] - began_ns > limit_ns[i]);
        wire_fini(&w);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_character_takes_eleven_bits),
        cmocka_unit_test(late_callbacks_do_not_add_up),
        cmocka_unit_test(bytes_wait_for_the_wire_to_be_free),
        cmocka_unit_test(without_a_rate_all_comes_at_once),
        cmocka_unit_test(several_answers_are_the_and_of_their_bytes),
        cmocka_unit_test(a_pause_ends_an_incomplete_request),
        cmocka_unit_test(another_host_does_not_get_the_answer_of_the_first),
        cmocka_unit_test(a_host_that_sends_too_much_is_held_back),
        cmocka_unit_test(a_switched_meter_hears_the_rate_of_the_host_only),
        cmocka_unit_test(an_echo_comes_byte_by_byte_before_the_answer),
        cmocka_unit_test(a_late_answer_is_past_the_limit_of_the_standard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
