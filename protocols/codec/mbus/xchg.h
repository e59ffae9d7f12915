/* xchg.h — one M-Bus request and its answer, with retries, echo and noise (EN 13757-2). A pure machine: event in,
 * action out; it owns no descriptor, timer or memory.
 *
 * The driver performs actions and reports events, each with the present time:
 *   XDO_SEND    drain the line, write request[request_len], then step with XEV_SENT and the time its last bit leaves
 *   XDO_WAIT    arm the one timer for wait_until_us; when it fires, hand over what the kernel holds, then XEV_TIMER
 *   XDO_FINISH  result is in err and, with ERR_OK, in frame
 * An answer counts also while our bits are (by calculation) still on the wire: converters need not be as slow as that.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PROTOCOLS_CODEC_MBUS_XCHG_H
#define PROTOCOLS_CODEC_MBUS_XCHG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "protocols/codec/mbus/frame.h"

/* Pauses, from the rate and the settings; see xchg_timing(). */
struct xchg_timing {
    int64_t window_us;    /* from our last bit: how long an answer may take to begin */
    int64_t gap_us;       /* silence that ends what has begun */
    int64_t collision_us; /* pause before the next try after a garbled answer, at least; the line is idle then */
    int64_t rest_us;      /* pause before every request */
    int64_t byte_us;
};
struct xchg_settings { /* 0: by the standard */
    uint32_t baud;
    uint32_t response_timeout_ms, collision_idle_ms, request_idle_ms;
    uint32_t network_margin_ms; /* 0 for serial lines */
};
struct xchg_timing xchg_timing(const struct xchg_settings *s);

enum xchg_verdict {
    VERDICT_TAKE,         /* that is the answer */
    VERDICT_TAKE_IF_LAST, /* if nothing follows: E5h where data was asked for */
    VERDICT_STRAY,        /* somebody's, but no answer to this request */
    VERDICT_WRONG_METER,
};
typedef enum xchg_verdict xchg_judge_fn(const void *ctx, const struct frame *f);

enum xchg_state { XCHG_IDLE, XCHG_RESTING, XCHG_SENDING, XCHG_WAITING, XCHG_DONE };
enum xchg_event_what { XEV_START, XEV_SENT, XEV_BYTES, XEV_TIMER };
enum xchg_do { XDO_NOTHING, XDO_SEND, XDO_WAIT, XDO_FINISH };

struct xchg_event {
    enum xchg_event_what what;
    int64_t now_us;
    int64_t at_us;        /* START: when a stray byte was last seen (INT64_MIN: never); SENT: when the wire is free */
    const uint8_t *bytes; /* BYTES */
    size_t len, n_damaged;
};
struct xchg_act {
    enum xchg_do what;
    int64_t wait_until_us;
};

struct xchg {
    struct xchg_timing timing;
    xchg_judge_fn *judge;
    const void *judge_ctx;
    enum xchg_state state;
    unsigned tries_left;
    unsigned tries; /* made so far */
    uint8_t request[FRAME_MAX];
    size_t request_len;
    size_t echo_at;   /* so much of the echo has come; beyond FRAME_MAX: it no longer can */
    int64_t since_us; /* RESTING: of its begin, which bounds it */
    int64_t window_end_us, hard_end_us, wait_until_us;
    struct framer framer;
    bool has_noise, has_damage, has_wrong; /* what this try has seen */
    enum err why;                          /* of its noise */
    bool has_last;                         /* an answer that counts if nothing follows */
    enum err err;                          /* why the last try failed; the result in DONE */
    struct frame frame;                    /* the answer; borrowed until the next step or init */
};

/* tries >= 1. The request is given with xchg_request() before XEV_START. */
void xchg_init(struct xchg *x, const struct xchg_timing *timing, unsigned tries, xchg_judge_fn *judge, const void *ctx);
struct wr xchg_request(struct xchg *x); /* write the frame here, then: */
void xchg_request_done(struct xchg *x, const struct wr *w);
struct xchg_act xchg_step(struct xchg *x, const struct xchg_event *ev);
const char *xchg_state_name(enum xchg_state s);

#endif
