/* slave.h — one M-Bus meter as the bus sees it: a request frame in, what to answer out (EN 13757-2, EN 13757-3).
 *
 * The same machine stands behind simulated meters and behind Virtual M-Bus. It knows addresses, selection, the frame
 * count bit and where a chain of telegrams is; the telegrams themselves stay with the caller, who gives the machine good
 * frames only. Several slaves on one bus are each given every frame. Owns no memory, descriptor or time.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PROTOCOLS_CODEC_MBUS_SLAVE_H
#define PROTOCOLS_CODEC_MBUS_SLAVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/base/wr.h"
#include "protocols/codec/mbus/address.h"
#include "protocols/codec/mbus/frame.h"

/* By which address a request came; each has a frame count bit of its own. */
enum slave_way { SLAVE_BY_PRIMARY, SLAVE_BY_SELECTION, SLAVE_N_WAYS };

/* What a slave remembers of the data requests (REQ_UD2) that came one way. All zero after SND_NKE or selection. */
struct slave_memory {
    bool has_sent;     /* since then a telegram was sent … */
    bool has_fcb, fcb; /* … and the last request that had a valid frame count bit had this one */
    uint8_t access_no; /* of the answer sent last */
    size_t telegram;   /* sent last; of the chain, from 0 */
};

struct slave {
    /* Who it is: slave_init() fills what the stored frame says; the caller may change it between requests. */
    bool has_address; /* false: the frame has no header with an address; reached by its primary address only */
    struct address address;
    bool is_msb_first;    /* mode 2: selected by CI 56h instead of 52h */
    bool has_fabrication; /* known to enhanced selection */
    uint32_t fabrication; /* 8 digits, like address.ident */
    uint8_t a;            /* A field of its answers; its primary address when not above FRAME_A_LAST_SLAVE */
    size_t n_telegrams;   /* of the chain; with none, data requests are answered by E5h (no data) */
    uint8_t access_no;    /* of its next new answer */
    /* What requests have made of it. */
    uint32_t baud; /* the last that CI B8h … BFh asked for; 0: none. It answers that request at the old rate */
    bool is_selected;
    struct slave_memory memory[SLAVE_N_WAYS];
};

/* A slave for a meter whose first stored frame this is (68h … 16h); one telegram, no fabrication number. */
MUST_USE enum err slave_init(struct slave *s, const uint8_t *frame, size_t len, struct err_at *at);

enum slave_do {
    SLAVE_SILENT, /* not for it, or to be obeyed without answer */
    SLAVE_ACK,    /* E5h */
    SLAVE_SEND,   /* a telegram, by slave_put() */
};

struct slave_act {
    enum slave_do what;
    enum slave_way way;
    bool is_repeat;    /* the master did not get the last answer: the very same bytes again */
    uint8_t access_no; /* of a repeated answer: as it was */
    size_t telegram;   /* which of the chain */
};

struct slave_act slave_take(struct slave *s, const struct frame *request);

/* Writes the stored frame as the answer that `act` asks for: C, A and access number replaced, checksum anew. An
 * encrypted telegram keeps its access number, part of its initialisation vector. w is full when it does not fit. */
void slave_put(struct wr *w, const struct slave *s, const struct slave_act *act, const struct frame *stored);

#endif
