/* test_bus.c — turns on a bus: who is next, what the holder may do, what becomes of turns when the port goes.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "io/bus.h"
#include "io/dns.h"
#include "io/loop.h"

struct dns_query *dns_resolve(struct dns *d, const char *host, dns_fn *fn, void *ctx)
{
    (void)d, (void)host, (void)fn, (void)ctx;
    fail();
    return NULL;
}
void dns_cancel(struct dns_query *q)
{
    (void)q;
}

struct scene {
    struct clock_fake clock;
    struct loop *loop;
    struct bus *bus;
    int far; /* the other end of the line */
    char spec[64];
    char order[64]; /* letters of turns as they are granted; lower case when lost */
    char why[100];
    int changes;
    uint8_t got[64];
    size_t got_len;
};

struct user {
    struct bus_turn turn;
    struct scene *scene;
    char letter;
    bool keeps; /* holds its turn until told */
};

static void note(struct scene *s, char letter)
{
    size_t n = strlen(s->order);
    assert_true(n + 1 < sizeof s->order);
    s->order[n] = letter;
}

static void on_granted(void *ctx)
{
    struct user *u = ctx;
    note(u->scene, u->letter);
    if (!u->keeps)
        bus_release(&u->turn);
    loop_stop(u->scene->loop);
}

static void on_lost(void *ctx, const char *why)
{
    struct user *u = ctx;
    note(u->scene, (char)(u->letter + 'a' - 'A'));
    str_copy(u->scene->why, sizeof u->scene->why, why);
    loop_stop(u->scene->loop);
}

static void on_turn_bytes(void *ctx, const uint8_t *bytes, size_t len, size_t n_damaged)
{
    struct user *u = ctx;
    assert_int_equal(n_damaged, 0);
    bytes_copy(u->scene->got, sizeof u->scene->got, bytes, len);
    u->scene->got_len = len;
    loop_stop(u->scene->loop);
}

static void on_state(void *ctx, struct bus *b, enum bus_state state)
{
    (void)b, (void)state;
    struct scene *s = ctx;
    s->changes++;
    loop_stop(s->loop);
}

static int setup(void **state)
{
    struct scene *s = xcalloc(1, sizeof *s);
    clock_fake_init(&s->clock, 1700000000);
    s->clock.now_mono_us = 1000000000;
    s->loop = loop_create(&s->clock.clock);
    s->far = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
    assert_true(s->far >= 0 && grantpt(s->far) == 0 && unlockpt(s->far) == 0);
    str_fmt(s->spec, sizeof s->spec, "serial:%s", ptsname(s->far));
    s->bus = bus_create(s->loop, NULL, 1, on_state, s);
    log_set_stderr(false, LOG_LEVEL_INFO);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct scene *s = *state;
    bus_free(s->bus);
    loop_free(s->loop);
    if (s->far >= 0)
        close(s->far);
    log_set_stderr(true, LOG_LEVEL_INFO);
    free(s);
    return 0;
}

static void bring_up(struct scene *s)
{
    bus_configure(s->bus, true, s->spec, 2400);
    loop_run(s->loop);
    assert_int_equal(s->changes, 1);
}

static void user_init(struct user *u, struct scene *s, char letter)
{
    *u = (struct user){ .scene = s, .letter = letter };
    u->turn = (struct bus_turn){
        .holder = "test", .granted = on_granted, .lost = on_lost, .on_bytes = on_turn_bytes, .ctx = u
    };
}

static void run_until(struct scene *s, const char *order)
{
    for (int i = 0; i < 20 && !str_eq(s->order, order); i++)
        loop_run(s->loop);
    assert_string_equal(s->order, order);
}

static void the_most_urgent_is_next_and_equals_take_their_turn(void **state)
{
    struct scene *s = *state;
    static const struct {
        char letter;
        enum bus_prio prio;
    } asks[] = {
        { 'H', BUS_CONTINUOUS }, { 'A', BUS_CONTINUOUS }, { 'B', BUS_SCHEDULED },   { 'C', BUS_MANUAL },
        { 'D', BUS_SCHEDULED },  { 'E', BUS_SEARCH },     { 'F', BUS_TRANSPARENT },
    };
    struct user u[COUNT_OF(asks)];
    bring_up(s);
    for (size_t i = 0; i < COUNT_OF(asks); i++) {
        user_init(&u[i], s, asks[i].letter);
        u[i].keeps = i == 0;
        bus_request(s->bus, &u[i].turn, asks[i].prio);
        if (i == 0)
            run_until(s, "H"); /* nothing is cut off: the others wait for it */
    }
    struct bus_info info;
    bus_info(s->bus, &info);
    assert_int_equal(info.queued, 6);
    assert_string_equal(info.holder, "test");
    bus_release(&u[0].turn);
    run_until(s, "HCFBDEA");
    bus_info(s->bus, &info);
    assert_int_equal(info.queued, 0);
    assert_null(info.holder);
}

static void who_waits_long_climbs(void **state)
{
    struct scene *s = *state;
    struct user holder, low, high;
    bring_up(s);
    user_init(&holder, s, 'H');
    holder.keeps = true;
    user_init(&low, s, 'L');
    user_init(&high, s, 'M');
    bus_request(s->bus, &holder.turn, BUS_MANUAL);
    run_until(s, "H");
    bus_request(s->bus, &low.turn, BUS_CONTINUOUS);
    clock_fake_advance(&s->clock, 2 * 60000 + 1); /* two classes up: as scheduled, and it asked first */
    bus_request(s->bus, &high.turn, BUS_SCHEDULED);
    bus_release(&holder.turn);
    run_until(s, "HLM");
}

static void a_withdrawn_turn_is_not_granted(void **state)
{
    struct scene *s = *state;
    struct user a, b;
    bring_up(s);
    user_init(&a, s, 'A');
    user_init(&b, s, 'B');
    bus_request(s->bus, &a.turn, BUS_MANUAL);
    bus_request(s->bus, &b.turn, BUS_MANUAL);
    bus_release(&a.turn);
    run_until(s, "B");
    bus_release(&a.turn); /* a free one is left alone */
}

static void the_holder_speaks_and_hears(void **state)
{
    struct scene *s = *state;
    struct user a;
    uint8_t out[8];
    bring_up(s);
    user_init(&a, s, 'A');
    a.keeps = true;
    bus_request(s->bus, &a.turn, BUS_MANUAL);
    run_until(s, "A");
    assert_int_equal(bus_baud(&a.turn), 2400);
    assert_int_equal(bus_write(&a.turn, (const uint8_t *)"\x10\x40\x05\x45\x16", 5),
                     s->clock.now_mono_us + 5 * 11 * 1000000 / 2400);
    assert_int_equal(read(s->far, out, sizeof out), 5);
    bus_set_baud(&a.turn, 300);
    assert_int_equal(bus_baud(&a.turn), 300);
    bus_set_baud(&a.turn, 0);
    assert_int_equal(bus_baud(&a.turn), 2400);
    assert_int_equal(write(s->far, "\xE5", 1), 1);
    loop_run(s->loop);
    assert_int_equal(s->got_len, 1);
    assert_int_equal(s->got[0], 0xE5);

    assert_true(bus_stray_us(&a.turn) == INT64_MIN);
    assert_int_equal(write(s->far, "\x01\x02", 2), 2);
    bus_drain(&a.turn);
    assert_int_equal(bus_stray_us(&a.turn), s->clock.now_mono_us);
    struct bus_info info;
    bus_info(s->bus, &info); /* six bytes of 11 bits in the last minute */
    assert_true(info.wire_busy > 0.00045 && info.wire_busy < 0.00047);
    clock_fake_advance(&s->clock, 61000);
    bus_info(s->bus, &info);
    assert_true(info.wire_busy == 0);
    bus_release(&a.turn);
}

static void a_lost_port_takes_all_turns(void **state)
{
    struct scene *s = *state;
    struct user a, b;
    bring_up(s);
    user_init(&a, s, 'A');
    a.keeps = true;
    user_init(&b, s, 'B');
    bus_request(s->bus, &a.turn, BUS_MANUAL);
    run_until(s, "A");
    bus_request(s->bus, &b.turn, BUS_MANUAL);
    close(s->far);
    s->far = -1;
    run_until(s, "Aab");
    struct bus_info info;
    bus_info(s->bus, &info);
    assert_int_equal(info.state, BUS_DOWN);
    assert_true(info.why[0] != '\0');
    assert_int_equal(info.since_utc, 1700000000);
    bus_request(s->bus, &b.turn, BUS_MANUAL); /* tries at once, and fails again */
    run_until(s, "Aabb");
}

static void a_bus_that_is_off_grants_nothing_and_says_so(void **state)
{
    struct scene *s = *state;
    struct user a;
    user_init(&a, s, 'A');
    bus_request(s->bus, &a.turn, BUS_MANUAL);
    run_until(s, "a");
    assert_string_equal(s->why, "it is switched off");
}

static void a_request_waits_while_the_port_opens(void **state)
{
    struct scene *s = *state;
    struct user a;
    user_init(&a, s, 'A');
    bus_configure(s->bus, true, s->spec, 2400);
    bus_request(s->bus, &a.turn, BUS_MANUAL);
    run_until(s, "A");
}

static void a_changed_port_is_reopened_and_an_equal_one_is_not(void **state)
{
    struct scene *s = *state;
    struct user a;
    bring_up(s);
    user_init(&a, s, 'A');
    a.keeps = true;
    bus_request(s->bus, &a.turn, BUS_MANUAL);
    run_until(s, "A");
    bus_configure(s->bus, true, s->spec, 9600);
    assert_int_equal(s->changes, 1);
    assert_int_equal(a.turn.state, TURN_HOLDING);
    bus_configure(s->bus, false, s->spec, 9600);
    assert_string_equal(s->order, "Aa");
    assert_string_equal(s->why, "the interface was changed");
    assert_int_equal(s->changes, 2);
    bus_configure(s->bus, true, s->spec, 9600);
    bus_request(s->bus, &a.turn, BUS_MANUAL);
    run_until(s, "AaA");
    bus_set_baud(&a.turn, 0);
    assert_int_equal(bus_baud(&a.turn), 9600);
    bus_release(&a.turn);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(the_most_urgent_is_next_and_equals_take_their_turn),
        T(who_waits_long_climbs),
        T(a_withdrawn_turn_is_not_granted),
        T(the_holder_speaks_and_hears),
        T(a_lost_port_takes_all_turns),
        T(a_bus_that_is_off_grants_nothing_and_says_so),
        T(a_request_waits_while_the_port_opens),
        T(a_changed_port_is_reopened_and_an_equal_one_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
