/* tmbus_pack.c — what of a master's bytes goes to the bus, in which pieces.
 *
 * Knows: frames, and which of them rest on an earlier one.
 * Does not know: connections, buses, time.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "protocols/tmbus_pack.h"

#include "core/base/str.h"
#include "protocols/codec/mbus/address.h"

enum { SERVICE_MASK = 0x0F, SND_NKE = 0x0 };

void tmbus_pack_init(struct tmbus_pack *p, bool wants_frames)
{
    p->wants_frames = wants_frames;
    p->len = 0;
    p->n_dropped = p->n_repeats = 0;
    framer_init(&p->framer);
}

static bool is_request(const struct frame *f)
{
    return f->kind != FRAME_ACK && (f->c & FRAME_C_FROM_MASTER) != 0;
}

static void next_frame(struct tmbus_pack *p)
{
    struct frame f;
    enum framer_state state;
    while (p->len == 0 && (state = framer_next(&p->framer, &f)) != FRAMER_NEED_MORE) {
        if (state == FRAMER_FRAME && is_request(&f)) {
            bytes_copy(p->bytes, sizeof p->bytes, f.raw, f.raw_len);
            p->len = f.raw_len;
        } else {
            p->n_dropped += f.raw_len;
        }
    }
}

static size_t push_frames(struct tmbus_pack *p, const uint8_t *bytes, size_t len)
{
    size_t n = 0;
    if (p->len > 0) {
        bool is_repeat = framer_is_empty(&p->framer) && len >= p->len && bytes_equal(bytes, p->len, p->bytes, p->len);
        p->n_repeats += is_repeat;
        return is_repeat ? p->len : 0;
    }
    while (p->len == 0 && n < len) {
        n += framer_feed(&p->framer, bytes + n, len - n);
        next_frame(p);
    }
    return n;
}

size_t tmbus_pack_push(struct tmbus_pack *p, const uint8_t *bytes, size_t len)
{
    if (p->wants_frames)
        return push_frames(p, bytes, len);
    size_t room = sizeof p->bytes - p->len, n = len < room ? len : room;
    bytes_copy(p->bytes + p->len, room, bytes, n);
    p->len += n;
    return n;
}

void tmbus_pack_done(struct tmbus_pack *p)
{
    p->len = 0;
    if (p->wants_frames)
        next_frame(p);
}

void tmbus_pack_cut(struct tmbus_pack *p)
{
    if (!p->wants_frames || framer_is_empty(&p->framer))
        return;
    framer_end(&p->framer);
    next_frame(p);
}

enum tmbus_meaning tmbus_pack_meaning(const struct tmbus_pack *p, uint8_t last_a, uint8_t *a)
{
    struct frame f;
    struct selection ignored;
    if (frame_parse(p->bytes, p->len, &f, NULL) != ERR_OK || !is_request(&f))
        return TMBUS_ANY;
    *a = f.a;
    if (selection_read(&f, &ignored))
        return TMBUS_SELECTS;
    if ((f.c & SERVICE_MASK) == SND_NKE)
        return TMBUS_BEGINS;
    if (f.a == FRAME_A_SELECTED)
        return TMBUS_SELECTED;
    return f.a != last_a ? TMBUS_BEGINS : TMBUS_ANY;
}
