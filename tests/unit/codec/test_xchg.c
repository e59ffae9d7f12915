/* test_xchg.c — one request and its answer: windows, retries, echo, noise. Times are in ms from the start.
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
#include "protocols/codec/mbus/xchg.h"

/* 7Bh to address 5, and an answer of the user group's kind: identification 12345678, one energy record. */
#define REQUEST   "107B058016"
#define ANSWER    "68151568080572785634122D2C1B04010000000406393000007F16"
#define WRONG_SUM "68151568080572785634122D2C1B04010000000406393000008016"

static enum xchg_verdict judge(const void *ctx, const struct frame *f)
{
    (void)ctx;
    if (f->kind == FRAME_ACK)
        return VERDICT_TAKE_IF_LAST;
    return f->kind == FRAME_SHORT ? VERDICT_STRAY : VERDICT_TAKE;
}

static enum xchg_verdict judge_ack(const void *ctx, const struct frame *f)
{
    (void)ctx;
    return f->kind == FRAME_ACK ? VERDICT_TAKE : VERDICT_STRAY;
}

struct step {
    double at_ms;
    enum xchg_event_what what;
    const char *hex; /* BYTES; "!" in front: one is damaged. SENT: at_ms is when the wire is free */
    enum xchg_do act;
    double until_ms; /* of WAIT */
};

static struct xchg_act play(struct xchg *x, const struct step *s)
{
    uint8_t bytes[300];
    size_t len = 0;
    const char *hex = s->hex ? s->hex : "";
    size_t n_damaged = hex[0] == '!';
    assert_int_equal(str_from_hex(hex + n_damaged, strlen(hex + n_damaged), bytes, sizeof bytes, &len), ERR_OK);
    int64_t now_us = (int64_t)(s->at_ms * 1000);
    struct xchg_event ev = { .what = s->what, .now_us = now_us, .at_us = now_us, .bytes = bytes, .len = len };
    ev.n_damaged = n_damaged;
    if (s->what == XEV_START)
        ev.at_us = INT64_MIN;
    return xchg_step(x, &ev);
}

static void init(struct xchg *x, unsigned tries, xchg_judge_fn *fn)
{
    /* 2400 baud: window 187.5 ms, gap 63.75 ms, 33 bits 13.75 ms */
    struct xchg_timing t = xchg_timing(&(struct xchg_settings){ .baud = 2400 });
    xchg_init(x, &t, tries, fn, NULL);
    struct wr w = xchg_request(x);
    uint8_t *room = wr_take(&w, 5);
    size_t len;
    assert_int_equal(str_from_hex(REQUEST, 10, room, 5, &len), ERR_OK);
    xchg_request_done(x, &w);
}

enum { STEPS_MAX = 12 };
#define BEGIN                                                                                                          \
    { 0, XEV_START, NULL, XDO_SEND, 0 },                                                                               \
    {                                                                                                                  \
        22, XEV_SENT, NULL, XDO_WAIT, 209.5                                                                            \
    }
#define BYTES(at, hex, until)                                                                                          \
    {                                                                                                                  \
        at, XEV_BYTES, hex, XDO_WAIT, until                                                                            \
    }
#define DONE_BY(at, hex)                                                                                               \
    {                                                                                                                  \
        at, XEV_BYTES, hex, XDO_FINISH, 0                                                                              \
    }
#define SILENCE(at, act, until)                                                                                        \
    {                                                                                                                  \
        at, XEV_TIMER, NULL, act, until                                                                                \
    }

static void an_exchange_ends_as_it_must(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        unsigned tries;
        xchg_judge_fn *judge;
        struct step steps[STEPS_MAX];
        enum err err;
        unsigned tries_made;
    } cases[] = {
        { "an answer in one piece ends it at once", 3, judge, { BEGIN, DONE_BY(60, ANSWER) }, ERR_OK, 1 },
        { "an answer in pieces, pauses under the gap",
          3,
          judge,
          { BEGIN, BYTES(60, "6815156808", 209.5), BYTES(200, "0572785634", 263.75),
            DONE_BY(260, "122D2C1B04010000000406393000007F16") },
          ERR_OK,
          1 },
        { "an answer before our bits can have left", 3, judge, { BEGIN, DONE_BY(1, ANSWER) }, ERR_OK, 1 },
        { "silence: the same request twice more, then no answer",
          3,
          judge,
          { BEGIN,
            SILENCE(209.5, XDO_SEND, 0),
            { 232, XEV_SENT, NULL, XDO_WAIT, 419.5 },
            SILENCE(420, XDO_SEND, 0),
            { 442, XEV_SENT, NULL, XDO_WAIT, 629.5 },
            SILENCE(630, XDO_FINISH, 0) },
          ERR_NO_ANSWER,
          3 },
        { "a timer that fires early is armed again",
          1,
          judge,
          { BEGIN, SILENCE(209, XDO_WAIT, 209.5), SILENCE(209.5, XDO_FINISH, 0) },
          ERR_NO_ANSWER,
          1 },
        { "an exact echo is not the answer",
          1,
          judge,
          { BEGIN, BYTES(22, REQUEST, 209.5), DONE_BY(60, ANSWER) },
          ERR_OK,
          1 },
        { "echo and answer in one piece", 1, judge, { BEGIN, DONE_BY(60, REQUEST ANSWER) }, ERR_OK, 1 },
        { "an echo in pieces",
          1,
          judge,
          { BEGIN, BYTES(10, "107B", 209.5), BYTES(22, "058016", 209.5), DONE_BY(60, ANSWER) },
          ERR_OK,
          1 },
        { "an echo alone is no answer",
          1,
          judge,
          { BEGIN, BYTES(22, REQUEST, 209.5), SILENCE(209.5, XDO_FINISH, 0) },
          ERR_NO_ANSWER,
          1 },
        { "an echo that lacks its end is no answer",
          1,
          judge,
          { BEGIN, BYTES(22, "107B05", 209.5), SILENCE(209.5, XDO_FINISH, 0) },
          ERR_NO_ANSWER,
          1 },
        { "an echo of another request is skipped",
          1,
          judge,
          { BEGIN, BYTES(22, "105B056016", 209.5), DONE_BY(60, ANSWER) },
          ERR_OK,
          1 },
        { "a garbled echo, then the answer",
          1,
          judge,
          { BEGIN, BYTES(22, "107B048016", 209.5), DONE_BY(60, ANSWER) },
          ERR_OK,
          1 },
        { "noise, then the answer", 1, judge, { BEGIN, BYTES(40, "0013F7", 209.5), DONE_BY(60, ANSWER) }, ERR_OK, 1 },
        { "noise that looks like the head of a long frame: the answer is found when the line falls idle",
          1,
          judge,
          { BEGIN, BYTES(40, "68FFFF68" ANSWER, 209.5), SILENCE(209.5, XDO_FINISH, 0) },
          ERR_OK,
          1 },
        { "noise alone is garbled; the next try waits 33 bit times",
          2,
          judge,
          { BEGIN,
            BYTES(200, "0013F7", 263.75),
            SILENCE(263.75, XDO_WAIT, 277.5),
            SILENCE(277.5, XDO_SEND, 0),
            { 300, XEV_SENT, NULL, XDO_WAIT, 487.5 },
            DONE_BY(350, ANSWER) },
          ERR_OK,
          2 },
        { "an answer that ends early is garbled",
          1,
          judge,
          { BEGIN, BYTES(200, "6815156808057278", 263.75), SILENCE(263.75, XDO_FINISH, 0) },
          ERR_GARBLED,
          1 },
        { "a wrong sum is a collision",
          1,
          judge,
          { BEGIN, BYTES(200, WRONG_SUM, 263.75), SILENCE(263.75, XDO_FINISH, 0) },
          ERR_COLLISION,
          1 },
        { "a good frame with a parity error in it is a collision",
          1,
          judge,
          { BEGIN, BYTES(200, "!" ANSWER, 263.75), SILENCE(263.75, XDO_FINISH, 0) },
          ERR_COLLISION,
          1 },
        { "E5 where data was asked for counts after a gap of silence",
          3,
          judge,
          { BEGIN, BYTES(40, "E5", 103.75), SILENCE(103.75, XDO_FINISH, 0) },
          ERR_OK,
          1 },
        { "E5 before data is noise", 3, judge, { BEGIN, BYTES(40, "E5", 103.75), DONE_BY(60, ANSWER) }, ERR_OK, 1 },
        { "E5 where it is asked for ends it at once", 3, judge_ack, { BEGIN, DONE_BY(40, "E5") }, ERR_OK, 1 },
        { "E5 in the midst of noise does not",
          1,
          judge_ack,
          { BEGIN, BYTES(40, "13E507", 209.5), SILENCE(209.5, XDO_FINISH, 0) },
          ERR_GARBLED,
          1 },
        { "E5 as the last of noise counts after silence",
          1,
          judge_ack,
          { BEGIN, BYTES(40, "1344E5", 103.75), SILENCE(103.75, XDO_FINISH, 0) },
          ERR_OK,
          1 },
        { "a damaged E5 is a collision",
          1,
          judge_ack,
          { BEGIN, BYTES(40, "!E5", 209.5), SILENCE(209.5, XDO_FINISH, 0) },
          ERR_COLLISION,
          1 },
        { "a late telegram while E5 is awaited is passed by",
          1,
          judge_ack,
          { BEGIN, BYTES(40, ANSWER, 209.5), DONE_BY(70, "E5") },
          ERR_OK,
          1 },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct xchg x;
        init(&x, cases[i].tries, cases[i].judge);
        for (size_t k = 0; k < STEPS_MAX && (k == 0 || cases[i].steps[k].at_ms > 0); k++) {
            const struct step *s = &cases[i].steps[k];
            struct xchg_act a = play(&x, s);
            if (a.what != s->act)
                fail_msg("%s: step %zu does %d in %s", cases[i].name, k, (int)a.what, xchg_state_name(x.state));
            int64_t off_us = a.wait_until_us - (int64_t)(s->until_ms * 1000);
            if (a.what == XDO_WAIT && (off_us < -20 || off_us > 20))
                fail_msg("%s: step %zu waits until %lld us", cases[i].name, k, (long long)a.wait_until_us);
        }
        if (x.state != XCHG_DONE || x.err != cases[i].err || x.tries != cases[i].tries_made)
            fail_msg("%s: %s %s after %u tries", cases[i].name, xchg_state_name(x.state), err_name(x.err), x.tries);
    }
}

static void waits_follow_the_standard_or_the_settings(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct xchg_settings settings;
        double window_ms, gap_ms, collision_ms, rest_ms;
    } cases[] = {
        { "300 baud", { .baud = 300 }, 1150, 160, 110, 0 },
        { "2400 baud", { .baud = 2400 }, 187.5, 63.75, 13.75, 0 },
        { "9600 baud", { .baud = 9600 }, 84.375, 53.44, 3.44, 0 },
        { "a network adds its margin", { .baud = 2400, .network_margin_ms = 100 }, 287.5, 163.75, 13.75, 0 },
        { "a set timeout is the whole wait",
          { .baud = 2400, .response_timeout_ms = 40, .network_margin_ms = 100 },
          40,
          163.75,
          13.75,
          0 },
        { "set pauses", { .baud = 2400, .collision_idle_ms = 5, .request_idle_ms = 7 }, 187.5, 63.75, 5, 7 },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct xchg_timing t = xchg_timing(&cases[i].settings);
        const int64_t got[] = { t.window_us, t.gap_us, t.collision_us, t.rest_us };
        const double want_ms[] = { cases[i].window_ms, cases[i].gap_ms, cases[i].collision_ms, cases[i].rest_ms };
        for (size_t k = 0; k < COUNT_OF(got); k++)
            if (got[k] < (int64_t)(want_ms[k] * 1000) - 20 || got[k] > (int64_t)(want_ms[k] * 1000) + 20)
                fail_msg("%s: time %zu is %lld us", cases[i].name, k, (long long)got[k]);
    }
}

static void bytes_of_others_put_the_request_off(void **state)
{
    (void)state;
    struct xchg x;
    init(&x, 1, judge);
    struct xchg_event ev = { .what = XEV_START, .now_us = 1000000, .at_us = 999000 };
    assert_int_equal(xchg_step(&x, &ev).what, XDO_WAIT);
    assert_in_range(x.wait_until_us, 1012700, 1012800); /* 33 bit times behind the stray byte */
    ev = (struct xchg_event){ .what = XEV_BYTES, .now_us = 1010000, .bytes = (const uint8_t *)"x", .len = 1 };
    assert_int_equal(xchg_step(&x, &ev).what, XDO_WAIT);
    assert_in_range(x.wait_until_us, 1023700, 1023800);
    ev = (struct xchg_event){ .what = XEV_TIMER, .now_us = 1023800 };
    assert_int_equal(xchg_step(&x, &ev).what, XDO_SEND);
}

static void a_line_that_never_falls_silent_does_not_hold_us_for_ever(void **state)
{
    (void)state;
    struct xchg x;
    init(&x, 2, judge);
    int64_t now_us = 0;
    struct xchg_act a = xchg_step(&x, &(struct xchg_event){ .what = XEV_START, .now_us = 0, .at_us = INT64_MIN });
    for (int i = 0; i < 10000 && a.what != XDO_FINISH; i++) {
        struct xchg_event ev = {
            .what = XEV_BYTES, .now_us = now_us += 10000, .bytes = (const uint8_t *)"babble", .len = 6
        };
        if (a.what == XDO_SEND)
            ev = (struct xchg_event){ .what = XEV_SENT, .now_us = now_us, .at_us = now_us };
        else if (a.what == XDO_WAIT && a.wait_until_us <= now_us)
            ev = (struct xchg_event){ .what = XEV_TIMER, .now_us = now_us };
        struct xchg_act next = xchg_step(&x, &ev);
        if (next.what != XDO_NOTHING)
            a = next;
    }
    assert_int_equal(a.what, XDO_FINISH);
    assert_int_equal(x.err, ERR_GARBLED);
    assert_true(now_us < 20000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_exchange_ends_as_it_must),
        cmocka_unit_test(waits_follow_the_standard_or_the_settings),
        cmocka_unit_test(bytes_of_others_put_the_request_off),
        cmocka_unit_test(a_line_that_never_falls_silent_does_not_hold_us_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
