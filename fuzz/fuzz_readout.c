/* fuzz_readout.c — the master's readout against a hostile line: the input is a script of events.
 *
 * First byte: how the meter is reached and how many telegrams are wanted. Then events: a byte under 128 and that many
 * bytes arrive (with a parity error when it is odd), a byte from 128 on lets time pass to the timer, or a part of it.
 * Holds: time never runs backwards, a wait is never for the past by more than the step, the machine ends, requests are
 * whole frames, no more telegrams than wanted.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/base/bug.h"
#include "core/base/rd.h"
#include "protocols/codec/mbus/readout.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct line {
    struct readout r;
    struct rd script;
    int64_t now_us;
    unsigned n_sent, n_telegrams;
};

static void start(struct line *l, uint8_t how)
{
    struct xchg_timing timing = xchg_timing(&(struct xchg_settings){ .baud = how & 1 ? 2400 : 300 });
    struct readout_plan plan = { .is_primary = (how & 2) != 0, .primary = how & 4 ? FRAME_A_TEST : 5 };
    plan.expected = address_any;
    if (how & 8)
        plan.expected.ident = 0x12345678;
    plan.selection.mask = plan.expected;
    plan.selection_tries = plan.readout_tries = 1 + (how >> 4 & 1);
    plan.telegrams_max = 1 + (how >> 5);
    plan.init_idle_us = how & 4 ? 1000 : 0;
    readout_init(&l->r, &plan, &timing);
}

static struct readout_act sent(struct line *l)
{
    struct frame f;
    BUG_IF(frame_parse(l->r.xchg.request, l->r.xchg.request_len, &f, NULL) != ERR_OK);
    l->n_sent++;
    struct xchg_event ev = { .what = XEV_SENT, .now_us = l->now_us, .at_us = l->now_us + 20000 };
    return readout_step(&l->r, &ev);
}

static struct readout_act telegram(struct line *l)
{
    l->n_telegrams++;
    BUG_IF(l->r.xchg.frame.kind == FRAME_ACK || l->r.xchg.frame.raw_len > FRAME_MAX);
    BUG_IF(l->n_telegrams > l->r.plan.telegrams_max);
    return readout_go_on(&l->r, l->now_us, rd_u8(&l->script) & 1);
}

/* What the script makes happen before the timer; at its end the line is silent. */
static struct readout_act wait(struct line *l, int64_t until_us)
{
    struct xchg_event ev = { .what = XEV_TIMER };
    uint8_t what = rd_left(&l->script) > 0 ? rd_u8(&l->script) : 0xFF;
    if (what < 128) {
        ev.what = XEV_BYTES;
        ev.len = what < rd_left(&l->script) ? what : rd_left(&l->script);
        ev.bytes = rd_bytes(&l->script, ev.len);
        ev.n_damaged = what & 1;
        l->now_us += 1000;
    } else if (until_us > l->now_us) {
        l->now_us = what == 0xFE ? until_us - 1 : until_us;
    }
    ev.now_us = l->now_us;
    return readout_step(&l->r, &ev);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct line l = { .script = rd_init(data, size), .now_us = 1000000 };
    start(&l, rd_u8(&l.script));
    struct xchg_event begin = { .what = XEV_START, .now_us = l.now_us, .at_us = INT64_MIN };
    struct readout_act a = readout_step(&l.r, &begin);
    int64_t until_us = a.wait_until_us;
    for (size_t steps = 0; a.what != RDO_FINISH; steps++) {
        BUG_IF(steps > 4 * size + 1000);
        if (a.what == RDO_SEND)
            a = sent(&l);
        else if (a.what == RDO_TELEGRAM)
            a = telegram(&l);
        else
            a = wait(&l, until_us);
        if (a.what == RDO_WAIT)
            until_us = a.wait_until_us;
    }
    BUG_IF(l.r.phase != RO_DONE || l.n_sent == 0);
    return 0;
}
