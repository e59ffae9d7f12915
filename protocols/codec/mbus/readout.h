/* readout.h — reads one meter: link reset or selection, then its telegrams with the FCB rules (EN 13757-2, -7). A pure
 * machine around xchg: event in, action out.
 *
 * The driver treats RDO_SEND and RDO_WAIT as xchg.h says. At RDO_TELEGRAM it keeps a copy of the frame, looks whether
 * another telegram is announced, and goes on with readout_go_on(). RDO_FINISH: err is the result.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PROTOCOLS_CODEC_MBUS_READOUT_H
#define PROTOCOLS_CODEC_MBUS_READOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/reading.h"
#include "protocols/codec/mbus/address.h"
#include "protocols/codec/mbus/xchg.h"

struct readout_plan {
    bool is_primary;
    uint8_t primary;                         /* is_primary */
    struct selection selection;              /* else */
    struct address expected;                 /* of the answer; wildcards where not known */
    unsigned selection_tries, readout_tries; /* >= 1 */
    unsigned telegrams_max;                  /* 1…CHAIN_MAX */
    int64_t init_idle_us;                    /* after the link reset */
};

enum readout_phase {
    RO_IDLE,
    RO_RESET, /* SND_NKE, primary only */
    RO_RESET_IDLE,
    RO_SELECT,
    RO_READ,
    RO_TELEGRAM, /* the driver has a telegram to look at */
    RO_DONE,
};
enum readout_do { RDO_NOTHING, RDO_SEND, RDO_WAIT, RDO_TELEGRAM, RDO_FINISH };

struct readout_act {
    enum readout_do what;
    int64_t wait_until_us;
};

struct readout {
    struct readout_plan plan;
    struct xchg_timing timing;
    enum readout_phase phase;
    struct xchg xchg; /* its request is what RDO_SEND sends; its frame is the telegram of RDO_TELEGRAM */
    bool fcb;         /* of the next request */
    bool is_silent;   /* the link reset was not acknowledged */
    unsigned n_telegrams;
    int64_t wait_until_us; /* RO_RESET_IDLE */
    /* Copies of the first and the last telegram: a chain that begins again is over, a late copy is no answer. */
    uint8_t first[FRAME_MAX], last[FRAME_MAX];
    size_t first_len, last_len;
    bool last_was_retried;
    bool has_no_data; /* E5h was the first answer to the request for data */
    enum err err;
    bool is_selected; /* the meter has acknowledged its selection */
};

void readout_init(struct readout *r, const struct readout_plan *plan, const struct xchg_timing *timing);
struct readout_act readout_step(struct readout *r, const struct xchg_event *ev);
struct readout_act readout_go_on(struct readout *r, int64_t now_us, bool more_follows);

/* The status that a result means. */
enum readout_status readout_status_of(enum err err);
const char *readout_phase_name(enum readout_phase p);

#endif
