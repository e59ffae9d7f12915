/* frame.h — link frames of the wired M-Bus (EN 13757-2): E5h, 10h … 16h and 68h L L 68h … 16h; found, checked and built.
 *
 * frame_parse() reads one whole frame; struct framer finds frames in a stream of bytes with noise around them; the
 * frame_put functions write. Knows nothing of what a frame says behind its CI field, of time or of ports.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PROTOCOLS_CODEC_MBUS_FRAME_H
#define PROTOCOLS_CODEC_MBUS_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/base/wr.h"

enum {
    FRAME_MAX = 261, /* 68 L L 68, 255 bytes, CS, 16 */
    FRAME_SHORT_LEN = 5,
    FRAME_DATA_MAX = 252, /* behind C, A and CI */
};

/* C fields of the master; FCB and FCV are OR-ed to the request ones. */
enum {
    FRAME_C_SND_NKE = 0x40,
    FRAME_C_SND_UD = 0x53, /* FCV set, FCB as FRAME_C_FCB says */
    FRAME_C_SND_UD2 = 0x43,
    FRAME_C_REQ_UD1 = 0x5A,
    FRAME_C_REQ_UD2 = 0x5B,
    FRAME_C_RSP_UD = 0x08,
    FRAME_C_FCB = 0x20, /* master → slave */
    FRAME_C_FCV = 0x10,
    FRAME_C_ACD = 0x20, /* slave → master: alarm data waits */
    FRAME_C_DFC = 0x10, /* slave → master: receiver full */
    FRAME_C_FROM_MASTER = 0x40,
};

/* A fields with a meaning of their own. */
enum {
    FRAME_A_UNCONFIGURED = 0,
    FRAME_A_LAST_SLAVE = 250,
    FRAME_A_SELECTED = 0xFD,  /* the slave selected by its secondary address */
    FRAME_A_TEST = 0xFE,      /* every slave answers: point to point only */
    FRAME_A_BROADCAST = 0xFF, /* nobody answers */
};

enum frame_kind { FRAME_ACK, FRAME_SHORT, FRAME_CONTROL, FRAME_LONG };

struct frame {
    enum frame_kind kind;
    uint8_t c, a;        /* 0 in FRAME_ACK */
    uint8_t ci;          /* FRAME_CONTROL and FRAME_LONG */
    const uint8_t *data; /* behind CI; borrowed from the input or the framer */
    size_t data_len;     /* 0 but in FRAME_LONG */
    const uint8_t *raw;  /* the whole frame */
    size_t raw_len;
};

/* One whole frame and nothing else. ERR_SHORT: the frame is longer than the bytes; ERR_CHECKSUM; ERR_MALFORMED: any
 * other broken rule. *at has the offset and the rule. */
MUST_USE enum err frame_parse(const uint8_t *bytes, size_t len, struct frame *out, struct err_at *at);

/* --- a stream --- */

enum framer_state {
    FRAMER_NEED_MORE, /* nothing complete yet */
    FRAMER_FRAME,     /* *out is a good frame, borrowed until the next call with this framer */
    FRAMER_GARBAGE,   /* out->raw_len bytes at out->raw belong to no good frame and were dropped */
};

struct framer {
    uint8_t buf[FRAME_MAX];
    size_t start, len; /* start <= len <= FRAME_MAX: buf[start … len) waits to be looked at */
    size_t doubt;      /* of these, so many stand inside a broken long frame: only a long frame is believed there */
    bool at_end;       /* the line is idle: what is incomplete stays so */
    enum err why;      /* of the last FRAMER_GARBAGE: ERR_CHECKSUM, ERR_SHORT (cut), else ERR_MALFORMED */
};

void framer_init(struct framer *f);
/* Takes as many bytes as there is room for and returns how many; call framer_next() until FRAMER_NEED_MORE, then feed
 * the rest. A framer that needs more always has room. */
MUST_USE size_t framer_feed(struct framer *f, const uint8_t *bytes, size_t len);
MUST_USE enum framer_state framer_next(struct framer *f, struct frame *out);
/* Says that the line fell idle: a frame that is not complete now never will be. framer_next() then hands out what is
 * left as garbage (or as a frame that stands inside it). Feeding again ends this. */
void framer_end(struct framer *f);
static inline bool framer_is_empty(const struct framer *f)
{
    return f->start == f->len;
}

/* --- building --- */

void frame_put_ack(struct wr *w);
void frame_put_short(struct wr *w, uint8_t c, uint8_t a);
/* Control frame without data, long frame with; data_len <= FRAME_DATA_MAX, more makes w full. */
void frame_put_long(struct wr *w, uint8_t c, uint8_t a, uint8_t ci, const uint8_t *data, size_t data_len);

#endif
