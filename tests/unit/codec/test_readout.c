/* test_readout.c — reading one meter: which requests go out, which answers count. The line of these tests answers the
 * n-th request with the n-th text of a case.
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
#include "protocols/codec/mbus/readout.h"

/* Telegrams of a heat meter 12345678, KAM, version 1Bh, at primary address 5; MORE: ends in 1Fh. */
#define T1            "68151568080572785634122D2C1B04010000000406393000007F16"
#define T1_MORE       "68161668080572785634122D2C1B04010000000406393000001F9E16"
#define T2_MORE       "68161668080572785634122D2C1B040200000004063A3000001FA016"
#define T3            "68151568080572785634122D2C1B040300000004063B3000008316"
#define T1_ANEW       "68161668080572785634122D2C1B04030000000406393000001FA016" /* first records, later access number */
#define OTHER_IDENT   "68151568080572214365872D2C1B0401000000040639300000BB16"
#define OTHER_PRIMARY "68151568080672785634122D2C1B04010000000406393000008016"
#define NEW_VERSION   "68151568080572785634122D2C1C04010000000406393000008016"
#define FROM_FD       "6815156808FD72785634122D2C1B04010000000406393000007716"
#define FIXED         "68131368080573785634120A00E97E01000000350100003C16" /* the example of the user group, our address */
#define BUSY          "68040468080570088516"
#define NO_HEADER     "68090968080578040639300000F816"
#define CUT           "68151568080572785634122D2C"

/* Requests, from the rules of EN 13757-2 and -7. */
#define NKE             "1040054516 "
#define ASK             "107B058016 "
#define ASK_NEXT        "105B056016 "
#define SELECT_ANY      "680B0B6853FD5278563412FFFFFFFFB216 "
#define SELECT_KNOWN    "680B0B6853FD52785634122D2C1B042E16 "
#define SELECT_ENHANCED "6811116853FD5278563412FFFFFFFF0C78214365878616 "
#define ASK_FD          "107BFD7816 "
#define ASK_FD_NEXT     "105BFD5816 "

enum { ANSWERS_MAX = 14, TELEGRAMS = 10 };

struct line_case {
    const char *name;
    const char *kind;                 /* primary, any, known, enhanced */
    const char *answers[ANSWERS_MAX]; /* "" or the rest: silence; "5:…" in front: from the window's end, late by 5 ms */
    const char *requests;
    enum err err;
    unsigned n_telegrams;
    bool follow; /* the driver says that more follows wherever 1Fh ends a telegram */
};

static struct readout_plan plan_of(const char *kind)
{
    struct readout_plan p = { .selection_tries = 3, .readout_tries = 3, .telegrams_max = TELEGRAMS };
    p.expected = address_any;
    p.expected.ident = 0x12345678;
    if (str_eq(kind, "primary")) {
        p.is_primary = true;
        p.primary = 5;
    } else if (!str_eq(kind, "any") && !str_eq(kind, "enhanced")) {
        p.expected = (struct address){ 0x12345678, 0x2C2D, 0x1B, 0x04 };
    }
    p.selection.mask = p.expected;
    p.selection.has_fabrication = str_eq(kind, "enhanced");
    p.selection.fabrication = 0x87654321;
    return p;
}

struct world {
    struct readout r;
    int64_t now_us;
    size_t n_requests;
    char requests[1000];
    unsigned n_telegrams;
};

static void note_request(struct world *w)
{
    char hex[2 * FRAME_MAX + 2], was[sizeof w->requests];
    str_to_hex(hex, w->r.xchg.request, w->r.xchg.request_len);
    str_copy(was, sizeof was, w->requests);
    for (char *p = hex; *p; p++)
        *p = (char)(*p >= 'a' ? *p - 'a' + 'A' : *p);
    str_fmt(w->requests, sizeof w->requests, "%s%s ", was, hex);
    w->n_requests++;
}

static struct readout_act answer(struct world *w, const char *text)
{
    uint8_t bytes[300];
    size_t len;
    assert_int_equal(str_from_hex(text, strlen(text), bytes, sizeof bytes, &len), ERR_OK);
    w->now_us += 30000;
    return readout_step(&w->r,
                        &(struct xchg_event){ .what = XEV_BYTES, .now_us = w->now_us, .bytes = bytes, .len = len });
}

static struct readout_act send_and_answer(struct world *w, const struct line_case *c)
{
    note_request(w);
    const char *text = w->n_requests <= ANSWERS_MAX ? c->answers[w->n_requests - 1] : NULL;
    struct readout_act a =
        readout_step(&w->r, &(struct xchg_event){ .what = XEV_SENT, .now_us = w->now_us, .at_us = w->now_us + 20000 });
    return text && text[0] ? answer(w, text) : a;
}

static struct readout_act take_telegram(struct world *w, const struct line_case *c)
{
    const struct frame *f = &w->r.xchg.frame;
    bool more = c->follow && f->data_len > 0 && f->data[f->data_len - 1] == 0x1F;
    w->n_telegrams++;
    return readout_go_on(&w->r, w->now_us, more);
}

static void run(struct world *w, const struct line_case *c)
{
    struct xchg_timing timing = xchg_timing(&(struct xchg_settings){ .baud = 2400 });
    struct readout_plan plan = plan_of(c->kind);
    *w = (struct world){ .now_us = 1000 };
    readout_init(&w->r, &plan, &timing);
    struct xchg_event begin = { .what = XEV_START, .now_us = w->now_us, .at_us = INT64_MIN };
    struct readout_act a = readout_step(&w->r, &begin);
    for (int steps = 0; a.what != RDO_FINISH; steps++) {
        if (steps > 200)
            fail_msg("%s: never ends, in %s", c->name, readout_phase_name(w->r.phase));
        if (a.what == RDO_SEND) {
            a = send_and_answer(w, c);
        } else if (a.what == RDO_TELEGRAM) {
            a = take_telegram(w, c);
        } else {
            w->now_us = a.wait_until_us;
            a = readout_step(&w->r, &(struct xchg_event){ .what = XEV_TIMER, .now_us = w->now_us });
        }
    }
}

static void a_readout_asks_and_ends_as_it_must(void **state)
{
    (void)state;
    static const struct line_case cases[] = {
        { "primary: reset, then the first request with FCB", "primary", { "E5", T1 }, NKE ASK, ERR_OK, 1, true },
        { "secondary, maker not known: wildcards", "any", { "E5", T1 }, SELECT_ANY ASK_FD, ERR_OK, 1, true },
        { "secondary, maker known", "known", { "E5", T1 }, SELECT_KNOWN ASK_FD, ERR_OK, 1, true },
        { "a slave that puts FD in its A field", "known", { "E5", FROM_FD }, SELECT_KNOWN ASK_FD, ERR_OK, 1, true },
        { "… also by primary address", "primary", { "E5", FROM_FD }, NKE ASK, ERR_OK, 1, true },
        { "a chain: FCB toggles with every good answer",
          "known",
          { "E5", T1_MORE, T2_MORE, T3 },
          SELECT_KNOWN ASK_FD ASK_FD_NEXT ASK_FD,
          ERR_OK,
          3,
          true },
        { "a lost answer is asked for with the same FCB",
          "known",
          { "E5", T1_MORE, "", T2_MORE, T3 },
          SELECT_KNOWN ASK_FD ASK_FD_NEXT ASK_FD_NEXT ASK_FD,
          ERR_OK,
          3,
          true },
        { "a garbled answer, too", "primary", { "E5", CUT, T1 }, NKE ASK ASK, ERR_OK, 1, true },
        { "a chain that is not wanted ends after the first",
          "known",
          { "E5", T1_MORE },
          SELECT_KNOWN ASK_FD,
          ERR_OK,
          1,
          false },
        { "E5 ends a chain", "known", { "E5", T1_MORE, "E5" }, SELECT_KNOWN ASK_FD ASK_FD_NEXT, ERR_OK, 1, true },
        { "the first telegram again ends a chain",
          "known",
          { "E5", T1_MORE, T2_MORE, T1_ANEW },
          SELECT_KNOWN ASK_FD ASK_FD_NEXT ASK_FD,
          ERR_OK,
          2,
          true },
        { "a late copy after a retry is not the next telegram",
          "known",
          { "E5", "", T1_MORE, T1_MORE, T3 },
          SELECT_KNOWN ASK_FD ASK_FD ASK_FD_NEXT ASK_FD_NEXT,
          ERR_OK,
          2,
          true },
        { "E5 instead of data: no data", "known", { "E5", "E5" }, SELECT_KNOWN ASK_FD, ERR_NO_ANSWER, 0, true },
        { "nobody is selected: three tries",
          "known",
          { "" },
          SELECT_KNOWN SELECT_KNOWN SELECT_KNOWN,
          ERR_NO_ANSWER,
          0,
          true },
        { "selected, then silent", "known", { "E5" }, SELECT_KNOWN ASK_FD ASK_FD ASK_FD, ERR_NO_ANSWER, 0, true },
        { "primary, nobody there: three resets, one request",
          "primary",
          { "" },
          NKE NKE NKE ASK,
          ERR_NO_ANSWER,
          0,
          true },
        { "a meter that ignores resets is read all the same",
          "primary",
          { "", "", "", T1_MORE, "", T3 },
          NKE NKE NKE ASK ASK_NEXT ASK_NEXT,
          ERR_OK,
          2,
          true },
        { "several answer a selection",
          "any",
          { "A5", "A5", "A5" },
          SELECT_ANY SELECT_ANY SELECT_ANY,
          ERR_GARBLED,
          0,
          true },
        { "another meter's answer is not ours",
          "known",
          { "E5", OTHER_IDENT, OTHER_IDENT, OTHER_IDENT },
          SELECT_KNOWN ASK_FD ASK_FD ASK_FD,
          ERR_WRONG_METER,
          0,
          true },
        { "… one that came late is passed by",
          "known",
          { "E5", OTHER_IDENT T1 },
          SELECT_KNOWN ASK_FD,
          ERR_OK,
          1,
          true },
        { "… nor one from another primary address",
          "primary",
          { "E5", OTHER_PRIMARY, T1 },
          NKE ASK ASK,
          ERR_OK,
          1,
          true },
        { "a new version is another meter where it was selected by it",
          "known",
          { "E5", NEW_VERSION, T1 },
          SELECT_KNOWN ASK_FD ASK_FD,
          ERR_OK,
          1,
          true },
        { "… but not at a primary address", "primary", { "E5", NEW_VERSION }, NKE ASK, ERR_OK, 1, true },
        { "the fixed structure carries the number only",
          "known",
          { "E5", FIXED },
          SELECT_KNOWN ASK_FD,
          ERR_OK,
          1,
          true },
        { "a telegram without header is believed", "primary", { "E5", NO_HEADER }, NKE ASK, ERR_OK, 1, true },
        { "an application error is handed on", "primary", { "E5", BUSY }, NKE ASK, ERR_OK, 1, true },
        { "enhanced selection", "enhanced", { "E5", T1 }, SELECT_ENHANCED ASK_FD, ERR_OK, 1, true },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct world w;
        run(&w, &cases[i]);
        if (!str_eq(w.requests, cases[i].requests))
            fail_msg("%s: asked %s, not %s", cases[i].name, w.requests, cases[i].requests);
        if (w.r.err != cases[i].err || w.n_telegrams != cases[i].n_telegrams)
            fail_msg("%s: %s with %u telegrams", cases[i].name, err_name(w.r.err), w.n_telegrams);
    }
}

static void an_endless_chain_ends_at_the_limit(void **state)
{
    (void)state;
    static const struct line_case endless = { .name = "endless",
                                              .kind = "known",
                                              .follow = true,
                                              .answers = { "E5", T1_MORE, T2_MORE, T2_MORE, T2_MORE, T2_MORE, T2_MORE,
                                                           T2_MORE, T2_MORE, T2_MORE, T2_MORE, T2_MORE } };
    struct world w;
    run(&w, &endless);
    assert_int_equal(w.r.err, ERR_OK);
    assert_int_equal(w.n_telegrams, TELEGRAMS);
}

static void a_pause_after_the_reset_is_kept(void **state)
{
    (void)state;
    struct xchg_timing timing = xchg_timing(&(struct xchg_settings){ .baud = 2400 });
    struct readout_plan plan = plan_of("primary");
    plan.init_idle_us = 70000;
    struct world w = { .now_us = 1000 };
    readout_init(&w.r, &plan, &timing);
    readout_step(&w.r, &(struct xchg_event){ .what = XEV_START, .now_us = 1000, .at_us = INT64_MIN });
    readout_step(&w.r, &(struct xchg_event){ .what = XEV_SENT, .now_us = 1000, .at_us = 23000 });
    struct readout_act a = answer(&w, "E5");
    assert_int_equal(a.what, RDO_WAIT);
    assert_int_equal(a.wait_until_us, w.now_us + 70000);
    a = readout_step(&w.r, &(struct xchg_event){ .what = XEV_TIMER, .now_us = a.wait_until_us });
    assert_int_equal(a.what, RDO_SEND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_readout_asks_and_ends_as_it_must),
        cmocka_unit_test(an_endless_chain_ends_at_the_limit),
        cmocka_unit_test(a_pause_after_the_reset_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
