/* xchg.c — one M-Bus request and its answer, with retries, echo and noise.
 *
 * Knows: answer windows, idle times, what an echo looks like, when a try has failed and why.
 * Does not know: what requests and answers mean (a judge does), descriptors, timers, the current time.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "protocols/codec/mbus/xchg.h"

#include "core/base/bug.h"

enum {
    WINDOW_BITS = 330, /* EN 13757-2: an answer begins within 330 bit times + 50 ms */
    WINDOW_EXTRA_US = 50000,
    IDLE_BITS = 33,       /* … and the line is idle so long after a failure */
    GAP_EXTRA_US = 50000, /* USB adapters and packing converters tear answers apart */
    BITS_OF_BYTE = 11,
    REST_MAX_US = 3000000, /* somebody babbles: go on all the same */
    ANSWERS_BORNE = 4,     /* after so many frames' time of noise a try is over */
    NO_ECHO = FRAME_MAX + 1,
};

struct xchg_timing xchg_timing(const struct xchg_settings *s)
{
    int64_t margin_us = (int64_t)s->network_margin_ms * 1000;
    int64_t bit_ns = 1000000000 / s->baud;
    int64_t idle_us = IDLE_BITS * bit_ns / 1000;
    struct xchg_timing t = {
        .window_us = (int64_t)s->response_timeout_ms * 1000,
        .gap_us = idle_us + GAP_EXTRA_US + margin_us,
        .collision_us = (int64_t)s->collision_idle_ms * 1000,
        .rest_us = (int64_t)s->request_idle_ms * 1000,
        .byte_us = BITS_OF_BYTE * bit_ns / 1000,
    };
    if (t.window_us == 0)
        t.window_us = WINDOW_BITS * bit_ns / 1000 + WINDOW_EXTRA_US + margin_us;
    if (t.collision_us == 0)
        t.collision_us = idle_us;
    return t;
}

void xchg_init(struct xchg *x, const struct xchg_timing *timing, unsigned tries, xchg_judge_fn *judge, const void *ctx)
{
    BUG_IF(tries == 0);
    *x = (struct xchg){ .timing = *timing, .tries_left = tries, .judge = judge, .judge_ctx = ctx };
    x->err = ERR_NO_ANSWER;
}

struct wr xchg_request(struct xchg *x)
{
    return wr_init(x->request, sizeof x->request);
}

void xchg_request_done(struct xchg *x, const struct wr *w)
{
    BUG_IF(!wr_ok(w) || wr_len(w) == 0);
    x->request_len = wr_len(w);
}

static struct xchg_act xchg_to(struct xchg *x, enum xchg_state next, enum xchg_do what, int64_t until_us)
{
    x->state = next; /* the only line that changes the state */
    x->wait_until_us = until_us;
    return (struct xchg_act){ what, until_us };
}

static struct xchg_act finish(struct xchg *x, enum err err)
{
    x->err = err;
    return xchg_to(x, XCHG_DONE, XDO_FINISH, 0);
}

static struct xchg_act send(struct xchg *x)
{
    x->tries_left--;
    x->tries++;
    return xchg_to(x, XCHG_SENDING, XDO_SEND, 0);
}

static struct xchg_act rest(struct xchg *x, int64_t now_us, int64_t until_us)
{
    x->since_us = now_us;
    return until_us > now_us ? xchg_to(x, XCHG_RESTING, XDO_WAIT, until_us) : send(x);
}

static int64_t max_us(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static struct xchg_act start(struct xchg *x, const struct xchg_event *ev)
{
    BUG_IF(x->request_len == 0);
    int64_t until_us = ev->now_us + x->timing.rest_us;
    /* Bytes that nobody expected: their sender may not be through. */
    if (ev->at_us != INT64_MIN)
        until_us = max_us(until_us, ev->at_us + x->timing.collision_us);
    return rest(x, ev->now_us, until_us);
}

static struct xchg_act sent(struct xchg *x, const struct xchg_event *ev)
{
    framer_init(&x->framer);
    x->echo_at = 0;
    x->has_noise = x->has_damage = x->has_wrong = x->has_last = false;
    x->window_end_us = ev->at_us + x->timing.window_us;
    x->hard_end_us = x->window_end_us + x->timing.gap_us + ANSWERS_BORNE * FRAME_MAX * x->timing.byte_us;
    return xchg_to(x, XCHG_WAITING, XDO_WAIT, x->window_end_us);
}

/* Why the try that is over brought nothing. */
static enum err failure(const struct xchg *x)
{
    if (x->has_wrong)
        return ERR_WRONG_METER;
    if (x->has_damage)
        return ERR_COLLISION;
    if (!x->has_noise)
        return ERR_NO_ANSWER;
    /* Several at once keep the shape of a frame and break its sum; noise and lost bytes break its shape. */
    return x->why == ERR_CHECKSUM ? ERR_COLLISION : ERR_GARBLED;
}

static struct xchg_act try_again(struct xchg *x, int64_t now_us)
{
    enum err why = failure(x);
    if (x->tries_left == 0)
        return finish(x, why);
    x->err = why;
    int64_t pause_us = why == ERR_NO_ANSWER ? 0 : x->timing.collision_us;
    return rest(x, now_us, now_us + max_us(pause_us, x->timing.rest_us));
}

/* One frame of the stream. True: it is the answer. */
static bool consider(struct xchg *x, const struct frame *f)
{
    x->has_last = false;
    enum xchg_verdict verdict = f->kind != FRAME_ACK && (f->c & FRAME_C_FROM_MASTER)
                                    ? VERDICT_STRAY /* an echo that was no exact one */
                                    : x->judge(x->judge_ctx, f);
    switch (verdict) {
    case VERDICT_TAKE:
        /* A single byte in the middle of noise proves little; and damage says that the line was not one sender's. */
        if (x->has_damage)
            return false;
        if (f->kind != FRAME_ACK || (!x->has_noise && framer_is_empty(&x->framer))) {
            x->frame = *f;
            return true;
        }
        break;
    case VERDICT_TAKE_IF_LAST:
        break;
    case VERDICT_STRAY:
        return false;
    case VERDICT_WRONG_METER:
        x->has_wrong = true;
        return false;
    }
    x->has_last = !x->has_damage && framer_is_empty(&x->framer);
    x->frame = *f;
    return false;
}

/* What the framer can say by now. True: the answer stands in x->frame. */
static bool look(struct xchg *x)
{
    struct frame f;
    for (;;) {
        switch (framer_next(&x->framer, &f)) {
        case FRAMER_NEED_MORE:
            return false;
        case FRAMER_FRAME:
            if (consider(x, &f))
                return true;
            break;
        case FRAMER_GARBAGE:
            if (!x->has_noise || x->framer.why == ERR_CHECKSUM)
                x->why = x->framer.why;
            x->has_noise = true;
            x->has_last = false;
            break;
        }
    }
}

static bool feed(struct xchg *x, const uint8_t *bytes, size_t len)
{
    while (len > 0) {
        size_t n = framer_feed(&x->framer, bytes, len);
        bytes += n;
        len -= n;
        if (look(x))
            return true;
        BUG_IF(n == 0);
    }
    return false;
}

/* Some converters give back what the host sends, before the answer. Bytes are held back as long as they may be that
 * echo; when they turn out to be something else they are looked at like all others. */
static bool take_bytes(struct xchg *x, const uint8_t *bytes, size_t len)
{
    while (len > 0 && x->echo_at < x->request_len && bytes[0] == x->request[x->echo_at]) {
        x->echo_at++;
        bytes++;
        len--;
    }
    if (len == 0)
        return false;
    if (x->echo_at < x->request_len) {
        size_t n_held = x->echo_at;
        x->echo_at = NO_ECHO;
        if (feed(x, x->request, n_held))
            return true;
    }
    x->echo_at = NO_ECHO;
    return feed(x, bytes, len);
}

static struct xchg_act on_bytes(struct xchg *x, const struct xchg_event *ev)
{
    x->has_damage = x->has_damage || ev->n_damaged > 0;
    if (take_bytes(x, ev->bytes, ev->len))
        return finish(x, ERR_OK);
    int64_t until_us = ev->now_us + x->timing.gap_us;
    if (!x->has_last)
        until_us = max_us(x->window_end_us, until_us);
    return xchg_to(x, XCHG_WAITING, XDO_WAIT, until_us < x->hard_end_us ? until_us : x->hard_end_us);
}

/* Silence: what is not complete now never will be. */
static struct xchg_act on_silence(struct xchg *x, int64_t now_us)
{
    framer_end(&x->framer);
    if (look(x) || x->has_last)
        return finish(x, ERR_OK);
    return try_again(x, now_us);
}

struct xchg_act xchg_step(struct xchg *x, const struct xchg_event *ev)
{
    bool is_early = ev->what == XEV_TIMER && ev->now_us < x->wait_until_us;
    if (is_early && (x->state == XCHG_RESTING || x->state == XCHG_WAITING))
        return (struct xchg_act){ XDO_WAIT, x->wait_until_us };
    switch (x->state) {
    case XCHG_IDLE:
        if (ev->what == XEV_START)
            return start(x, ev);
        break;
    case XCHG_RESTING:
        if (ev->what == XEV_TIMER)
            return send(x);
        if (ev->what == XEV_BYTES && ev->now_us - x->since_us < REST_MAX_US)
            return xchg_to(x, XCHG_RESTING, XDO_WAIT, max_us(x->wait_until_us, ev->now_us + x->timing.collision_us));
        break;
    case XCHG_SENDING:
        if (ev->what == XEV_SENT)
            return sent(x, ev);
        break;
    case XCHG_WAITING:
        if (ev->what == XEV_BYTES)
            return on_bytes(x, ev);
        if (ev->what == XEV_TIMER)
            return on_silence(x, ev->now_us);
        break;
    case XCHG_DONE:
        break;
    }
    return (struct xchg_act){ XDO_NOTHING, 0 };
}

const char *xchg_state_name(enum xchg_state s)
{
    static const char *const names[] = { "IDLE", "RESTING", "SENDING", "WAITING", "DONE" };
    return names[s];
}
