/* readout.c — reads one meter: link reset or selection, then its telegrams with the FCB rules.
 *
 * Knows: which request comes when, which answer is this meter's, when a chain of telegrams is over.
 * Does not know: records, keys, descriptors, timers, the meter list.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "protocols/codec/mbus/readout.h"

#include "core/base/bug.h"
#include "core/base/mem.h"
#include "core/base/rd.h"
#include "core/base/str.h"

enum {
    CI_VARIABLE = 0x72,
    CI_FIXED = 0x73,
    CI_MODE_2 = 0x04, /* 76h, 77h: high byte first */
    C_FUNCTION_MASK = 0x0F,
    ACCESS_NO_AT = 4 + 3 + 8, /* in a frame with a long header: start, C A CI, address */
    LONG_HEADER_END = 4 + 3 + 12,
};

static struct readout_act readout_to(struct readout *r, enum readout_phase next, enum readout_do what, int64_t until_us)
{
    r->phase = next; /* the only line that changes the phase */
    r->wait_until_us = until_us;
    return (struct readout_act){ what, until_us };
}

static struct readout_act finish(struct readout *r, enum err err)
{
    r->err = err;
    return readout_to(r, RO_DONE, RDO_FINISH, 0);
}

/* --- which answer is ours --- */

static enum xchg_verdict judge_ack(const void *ctx, const struct frame *f)
{
    (void)ctx;
    return f->kind == FRAME_ACK ? VERDICT_TAKE : VERDICT_STRAY;
}

/* The address a telegram carries, as far as it does: wildcards elsewhere. */
static struct address address_in(const struct frame *f)
{
    struct address a = address_any;
    struct rd r = rd_init(f->data, f->data_len);
    bool is_msb_first = (f->ci & CI_MODE_2) != 0;
    switch (f->ci & ~CI_MODE_2) {
    case CI_VARIABLE:
        if (f->data_len >= ADDRESS_LEN)
            address_read(&r, is_msb_first, &a);
        break;
    case CI_FIXED:
        if (f->data_len >= 4)
            a.ident = is_msb_first ? rd_u32be(&r) : rd_u32le(&r);
        break;
    }
    return a;
}

/* Expected and found agree where both are known. Version and medium may differ in later telegrams of a chain, and for
 * meters that are reached by primary address they prove nothing: there a new firmware is still the same meter. */
static bool is_expected(const struct readout *r, const struct address *found)
{
    struct address want = r->plan.expected;
    if (found->ident == address_any.ident)
        return true;
    if (found->maker == ADDRESS_ANY_MAKER)
        want.maker = ADDRESS_ANY_MAKER;
    if (r->plan.is_primary || r->n_telegrams > 0 || found->maker == ADDRESS_ANY_MAKER)
        want.version = want.medium = ADDRESS_ANY_BYTE;
    return address_matches(&want, found);
}

static bool is_late_copy(const struct readout *r, const struct frame *f)
{
    return r->last_was_retried && bytes_equal(f->raw, f->raw_len, r->last, r->last_len);
}

static enum xchg_verdict judge_data(const void *ctx, const struct frame *f)
{
    const struct readout *r = ctx;
    if (f->kind == FRAME_ACK)
        return VERDICT_TAKE_IF_LAST;
    if (f->kind == FRAME_SHORT || (f->c & C_FUNCTION_MASK) != FRAME_C_RSP_UD || is_late_copy(r, f))
        return VERDICT_STRAY;
    bool is_any_primary = !r->plan.is_primary || r->plan.primary == FRAME_A_TEST;
    if (!is_any_primary && f->a != r->plan.primary && f->a != FRAME_A_SELECTED)
        return VERDICT_WRONG_METER;
    struct address found = address_in(f);
    return is_expected(r, &found) ? VERDICT_TAKE : VERDICT_WRONG_METER;
}

/* --- requests --- */

static struct readout_act from_xchg(struct readout *r, enum readout_phase phase, struct xchg_act a);

static struct readout_act ask(struct readout *r, enum readout_phase phase, const struct xchg_event *begin)
{
    struct xchg_event ev = { .what = XEV_START, .now_us = begin->now_us, .at_us = INT64_MIN };
    if (begin->what == XEV_START)
        ev.at_us = begin->at_us;
    return from_xchg(r, phase, xchg_step(&r->xchg, &ev));
}

static struct readout_act ask_reset(struct readout *r, const struct xchg_event *ev)
{
    xchg_init(&r->xchg, &r->timing, r->plan.selection_tries, judge_ack, r);
    struct wr w = xchg_request(&r->xchg);
    frame_put_short(&w, FRAME_C_SND_NKE, r->plan.primary);
    xchg_request_done(&r->xchg, &w);
    return ask(r, RO_RESET, ev);
}

static struct readout_act ask_selection(struct readout *r, const struct xchg_event *ev)
{
    xchg_init(&r->xchg, &r->timing, r->plan.selection_tries, judge_ack, r);
    struct wr w = xchg_request(&r->xchg);
    selection_put(&w, FRAME_C_SND_UD, &r->plan.selection);
    xchg_request_done(&r->xchg, &w);
    return ask(r, RO_SELECT, ev);
}

/* Reset and selection both set the meter's memory, so the first request has FCB = 1; a retry repeats its byte. A meter
 * that has not acknowledged the reset is asked once only: it is most likely not there. */
static struct readout_act ask_data(struct readout *r, const struct xchg_event *ev)
{
    uint8_t c = FRAME_C_REQ_UD2 | (r->fcb ? FRAME_C_FCB : 0);
    xchg_init(&r->xchg, &r->timing, r->is_silent ? 1 : r->plan.readout_tries, judge_data, r);
    struct wr w = xchg_request(&r->xchg);
    frame_put_short(&w, c, r->plan.is_primary ? r->plan.primary : FRAME_A_SELECTED);
    xchg_request_done(&r->xchg, &w);
    return ask(r, RO_READ, ev);
}

/* --- answers --- */

static struct readout_act after_reset(struct readout *r, int64_t now_us)
{
    r->is_silent = r->xchg.err == ERR_NO_ANSWER;
    if (r->plan.init_idle_us > 0)
        return readout_to(r, RO_RESET_IDLE, RDO_WAIT, now_us + r->plan.init_idle_us);
    return ask_data(r, &(struct xchg_event){ .what = XEV_TIMER, .now_us = now_us });
}

static struct readout_act after_selection(struct readout *r, int64_t now_us)
{
    if (r->xchg.err)
        return finish(r, r->xchg.err);
    r->is_selected = true;
    return ask_data(r, &(struct xchg_event){ .what = XEV_TIMER, .now_us = now_us });
}

/* The same telegram again but for access number and checksum: the meter has begun anew. */
static bool repeats_first(const struct readout *r, const struct frame *f)
{
    if (r->n_telegrams == 0 || f->raw_len != r->first_len)
        return false;
    struct rd a = rd_init(f->raw, f->raw_len - 2), b = rd_init(r->first, r->first_len - 2);
    size_t access_at = f->raw_len > LONG_HEADER_END && (f->ci & ~CI_MODE_2) == CI_VARIABLE ? ACCESS_NO_AT : SIZE_MAX;
    for (size_t i = 0; rd_left(&a) > 0; i++)
        if (rd_u8(&a) != rd_u8(&b) && i != access_at)
            return false;
    return true;
}

static void remember(struct readout *r)
{
    const struct frame *f = &r->xchg.frame;
    bytes_copy(r->last, sizeof r->last, f->raw, f->raw_len);
    r->last_len = f->raw_len;
    r->last_was_retried = r->xchg.tries > 1;
    if (r->n_telegrams == 0) {
        bytes_copy(r->first, sizeof r->first, f->raw, f->raw_len);
        r->first_len = f->raw_len;
    }
    r->n_telegrams++;
}

static struct readout_act after_data(struct readout *r)
{
    r->is_silent = false;
    if (r->xchg.err)
        return finish(r, r->xchg.err);
    if (r->xchg.frame.kind == FRAME_ACK) {
        r->has_no_data = r->n_telegrams == 0;
        return finish(r, r->has_no_data ? ERR_NO_ANSWER : ERR_OK);
    }
    if (repeats_first(r, &r->xchg.frame))
        return finish(r, ERR_OK);
    remember(r);
    return readout_to(r, RO_TELEGRAM, RDO_TELEGRAM, 0);
}

static struct readout_act after_exchange(struct readout *r, enum readout_phase phase, int64_t now_us)
{
    if (phase == RO_RESET)
        return after_reset(r, now_us);
    return phase == RO_SELECT ? after_selection(r, now_us) : after_data(r);
}

static struct readout_act from_xchg(struct readout *r, enum readout_phase phase, struct xchg_act a)
{
    switch (a.what) {
    case XDO_NOTHING:
        return (struct readout_act){ RDO_NOTHING, 0 };
    case XDO_SEND:
        return readout_to(r, phase, RDO_SEND, 0);
    case XDO_WAIT:
        return readout_to(r, phase, RDO_WAIT, a.wait_until_us);
    case XDO_FINISH:
        break;
    }
    BUG_IF(true); /* readout_step() takes XDO_FINISH for itself */
    return finish(r, ERR_INTERNAL);
}

/* --- the machine --- */

void readout_init(struct readout *r, const struct readout_plan *plan, const struct xchg_timing *timing)
{
    BUG_IF(plan->telegrams_max == 0 || plan->telegrams_max > CHAIN_MAX);
    *r = (struct readout){ .plan = *plan, .timing = *timing, .fcb = true };
    r->err = ERR_NO_ANSWER;
}

struct readout_act readout_step(struct readout *r, const struct xchg_event *ev)
{
    switch (r->phase) {
    case RO_IDLE:
        if (ev->what == XEV_START)
            return r->plan.is_primary ? ask_reset(r, ev) : ask_selection(r, ev);
        break;
    case RO_RESET_IDLE:
        if (ev->what == XEV_TIMER)
            return ev->now_us < r->wait_until_us ? (struct readout_act){ RDO_WAIT, r->wait_until_us } : ask_data(r, ev);
        break;
    case RO_RESET:
    case RO_SELECT:
    case RO_READ: {
        struct xchg_act a = xchg_step(&r->xchg, ev);
        return a.what == XDO_FINISH ? after_exchange(r, r->phase, ev->now_us) : from_xchg(r, r->phase, a);
    }
    case RO_TELEGRAM:
    case RO_DONE:
        break;
    }
    return (struct readout_act){ RDO_NOTHING, 0 };
}

struct readout_act readout_go_on(struct readout *r, int64_t now_us, bool more_follows)
{
    BUG_IF(r->phase != RO_TELEGRAM);
    if (!more_follows || r->n_telegrams >= r->plan.telegrams_max)
        return finish(r, ERR_OK);
    r->fcb = !r->fcb;
    return ask_data(r, &(struct xchg_event){ .what = XEV_TIMER, .now_us = now_us });
}

enum readout_status readout_status_of(enum err err)
{
    static const struct {
        enum err err;
        enum readout_status status;
    } table[] = {
        { ERR_OK, READOUT_OK },           { ERR_COLLISION, READOUT_COLLISION },
        { ERR_GARBLED, READOUT_GARBLED }, { ERR_WRONG_METER, READOUT_WRONG_METER },
        { ERR_NO_KEY, READOUT_NO_KEY },   { ERR_NO_ANSWER, READOUT_NO_ANSWER },
    };
    for (size_t i = 0; i < COUNT_OF(table); i++)
        if (table[i].err == err)
            return table[i].status;
    return READOUT_UNDECODABLE;
}

const char *readout_phase_name(enum readout_phase p)
{
    static const char *const names[] = { "IDLE", "RESET", "RESET_IDLE", "SELECT", "READ", "TELEGRAM", "DONE" };
    return names[p];
}
