/* frame.c — link frames of the wired M-Bus: checked, found in a stream, built.
 *
 * Knows: start and stop characters, the two length bytes, the checksum (EN 13757-2, 5.2 ff. on IEC 60870-5-2 FT 1.2).
 * Does not know: what C, A and CI mean, time, ports.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "protocols/codec/mbus/frame.h"

#include "core/base/rd.h"
#include "core/base/str.h"

enum { ACK = 0xE5, START_SHORT = 0x10, START_LONG = 0x68, STOP = 0x16, LONG_EXTRA = 6, LONG_L_MIN = 3 };

static uint8_t sum_of(const uint8_t *bytes, size_t len)
{
    unsigned sum = 0;
    for (size_t i = 0; i < len; i++)
        sum += bytes[i];
    return (uint8_t)sum;
}

/* The two bytes behind the checked ones. */
static enum err check_end(struct rd *r, const uint8_t *checked, size_t checked_len, size_t offset, struct err_at *at)
{
    uint8_t want = sum_of(checked, checked_len);
    uint8_t got = rd_u8(r);
    uint8_t stop = rd_u8(r);
    if (got != want)
        return err_say_offset(at, ERR_CHECKSUM, offset, "checksum is %02X, the bytes give %02X", got, want);
    if (stop != STOP)
        return err_say_offset(at, ERR_MALFORMED, offset + 1, "frame ends with %02X instead of 16", stop);
    return ERR_OK;
}

static enum err parse_short(struct rd *r, struct frame *f, struct err_at *at)
{
    if (rd_left(r) < FRAME_SHORT_LEN - 1)
        return err_say_offset(at, ERR_SHORT, 1 + rd_left(r), "short frame has %zu of 5 bytes", 1 + rd_left(r));
    const uint8_t *body = r->p;
    f->kind = FRAME_SHORT;
    f->c = rd_u8(r);
    f->a = rd_u8(r);
    f->raw_len = FRAME_SHORT_LEN;
    return check_end(r, body, 2, 3, at);
}

static enum err parse_long(struct rd *r, struct frame *f, struct err_at *at)
{
    size_t had = 1 + rd_left(r);
    uint8_t l = rd_u8(r);
    uint8_t l_again = rd_u8(r);
    uint8_t start = rd_u8(r);
    if (!rd_ok(r))
        return err_say_offset(at, ERR_SHORT, had, "long frame ends in its first four bytes");
    if (l != l_again)
        return err_say_offset(at, ERR_MALFORMED, 2, "the two length bytes differ: %02X and %02X", l, l_again);
    if (start != START_LONG)
        return err_say_offset(at, ERR_MALFORMED, 3, "second start byte is %02X instead of 68", start);
    if (l < LONG_L_MIN)
        return err_say_offset(at, ERR_MALFORMED, 1, "length %u is below 3 (C, A and CI)", l);
    if (rd_left(r) < (size_t)l + 2)
        return err_say_offset(at, ERR_SHORT, had, "length %u asks for %u bytes in all, %zu are there", l,
                              l + (unsigned)LONG_EXTRA, had);
    const uint8_t *body = r->p;
    f->kind = l == LONG_L_MIN ? FRAME_CONTROL : FRAME_LONG;
    f->c = rd_u8(r);
    f->a = rd_u8(r);
    f->ci = rd_u8(r);
    f->data_len = (size_t)l - LONG_L_MIN;
    f->data = rd_bytes(r, f->data_len);
    f->raw_len = (size_t)l + LONG_EXTRA;
    return check_end(r, body, l, 4u + l, at);
}

/* The frame that begins at the first byte; more bytes may follow it. */
static enum err parse_first(const uint8_t *bytes, size_t len, struct frame *out, struct err_at *at)
{
    struct rd r = rd_init(bytes, len);
    struct frame f = { .kind = FRAME_ACK, .raw = bytes, .raw_len = 1 };
    enum err e = ERR_OK;
    int start = rd_peek(&r);
    if (start < 0)
        return err_say_offset(at, ERR_SHORT, 0, "no bytes");
    rd_skip(&r, 1);
    if (start == START_SHORT)
        e = parse_short(&r, &f, at);
    else if (start == START_LONG)
        e = parse_long(&r, &f, at);
    else if (start != ACK)
        e = err_say_offset(at, ERR_MALFORMED, 0, "%02X starts no frame (68, 10 or E5 does)", (unsigned)start);
    if (e == ERR_OK)
        *out = f;
    return e;
}

enum err frame_parse(const uint8_t *bytes, size_t len, struct frame *out, struct err_at *at)
{
    struct frame f = { 0 };
    enum err e = parse_first(bytes, len, &f, at);
    if (e != ERR_OK)
        return e;
    if (f.raw_len != len)
        return err_say_offset(at, ERR_MALFORMED, f.raw_len, "%zu bytes follow the frame", len - f.raw_len);
    *out = f;
    return ERR_OK;
}

/* --- a stream --- */

void framer_init(struct framer *f)
{
    *f = (struct framer){ .why = ERR_OK };
}

size_t framer_feed(struct framer *f, const uint8_t *bytes, size_t len)
{
    if (f->start > 0) { /* what was handed out may go now */
        bytes_copy(f->buf, sizeof f->buf, f->buf + f->start, f->len - f->start);
        f->len -= f->start;
        f->start = 0;
    }
    size_t room = sizeof f->buf - f->len;
    size_t n = len < room ? len : room;
    bytes_copy(f->buf + f->len, room, bytes, n);
    f->len += n;
    if (n > 0)
        f->at_end = false;
    return n;
}

/* Could a frame begin at this byte? Inside a broken long frame only another long frame is believed: its data holds
 * E5 and 10 as often as any other byte. */
static bool may_start(const struct framer *f, size_t i)
{
    return f->buf[i] == START_LONG || (i - f->start >= f->doubt && (f->buf[i] == ACK || f->buf[i] == START_SHORT));
}

static void drop(struct framer *f, size_t n)
{
    f->start += n;
    f->doubt = f->doubt > n ? f->doubt - n : 0;
}

static enum framer_state hand_garbage(struct framer *f, size_t n, enum err why, struct frame *out)
{
    f->why = why;
    *out = (struct frame){ .kind = FRAME_ACK, .raw = f->buf + f->start, .raw_len = n };
    drop(f, n);
    return FRAMER_GARBAGE;
}

/* How long the long frame at start would be when its head is right, else 0. */
static size_t long_frame_len(const struct framer *f)
{
    const uint8_t *b = f->buf + f->start;
    bool is_head = f->len - f->start >= 4 && b[0] == START_LONG && b[3] == START_LONG && b[1] == b[2];
    return is_head && b[1] >= LONG_L_MIN ? (size_t)b[1] + LONG_EXTRA : 0;
}

/* The frame that should begin at start is none: drop its first byte and all up to the next possible start. */
static enum framer_state skip_broken(struct framer *f, enum err why, struct frame *out)
{
    size_t damaged = long_frame_len(f); /* a right head with a wrong rest is a damaged frame, not noise */
    f->doubt = damaged > f->doubt ? damaged : f->doubt;
    size_t i = f->start + 1;
    while (i < f->len && !may_start(f, i))
        i++;
    return hand_garbage(f, i - f->start, why, out);
}

enum framer_state framer_next(struct framer *f, struct frame *out)
{
    if (f->start == f->len) {
        f->doubt = f->at_end ? 0 : f->doubt; /* the rest of a cut frame will not come any more */
        return FRAMER_NEED_MORE;
    }
    if (!may_start(f, f->start))
        return skip_broken(f, ERR_MALFORMED, out);
    enum err e = parse_first(f->buf + f->start, f->len - f->start, out, NULL);
    if (e == ERR_OK) {
        f->doubt = 0; /* the stream is in step again */
        drop(f, out->raw_len);
        return FRAMER_FRAME;
    }
    if (e == ERR_SHORT && !f->at_end)
        return FRAMER_NEED_MORE;
    return skip_broken(f, e, out);
}

void framer_end(struct framer *f)
{
    f->at_end = true;
}

/* --- building --- */

void frame_put_ack(struct wr *w)
{
    wr_u8(w, ACK);
}

void frame_put_short(struct wr *w, uint8_t c, uint8_t a)
{
    const uint8_t frame[FRAME_SHORT_LEN] = { START_SHORT, c, a, (uint8_t)(c + a), STOP };
    wr_bytes(w, frame, sizeof frame);
}

void frame_put_long(struct wr *w, uint8_t c, uint8_t a, uint8_t ci, const uint8_t *data, size_t data_len)
{
    if (data_len > FRAME_DATA_MAX || wr_room(w) < data_len + LONG_L_MIN + LONG_EXTRA) {
        w->full = true;
        return;
    }
    uint8_t l = (uint8_t)(data_len + LONG_L_MIN);
    wr_u8(w, START_LONG);
    wr_u8(w, l);
    wr_u8(w, l);
    wr_u8(w, START_LONG);
    const uint8_t *body = w->p;
    wr_u8(w, c);
    wr_u8(w, a);
    wr_u8(w, ci);
    wr_bytes(w, data, data_len);
    wr_u8(w, sum_of(body, l));
    wr_u8(w, STOP);
}
