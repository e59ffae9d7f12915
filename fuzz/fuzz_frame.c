/* fuzz_frame.c — any bytes as one frame and as a stream: what is understood is said back the same, nothing is lost.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stddef.h>
#include <stdint.h>

#include "core/base/bug.h"
#include "core/base/str.h"
#include "protocols/codec/mbus/address.h"
#include "protocols/codec/mbus/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void say_back(const struct frame *f)
{
    uint8_t again[FRAME_MAX];
    struct wr w = wr_init(again, sizeof again);
    switch (f->kind) {
    case FRAME_ACK:
        frame_put_ack(&w);
        break;
    case FRAME_SHORT:
        frame_put_short(&w, f->c, f->a);
        break;
    case FRAME_CONTROL:
    case FRAME_LONG:
        frame_put_long(&w, f->c, f->a, f->ci, f->data, f->data_len);
        break;
    }
    BUG_IF(!wr_ok(&w) || !bytes_equal(again, wr_len(&w), f->raw, f->raw_len));

    struct selection s;
    if (selection_read(f, &s) && !s.has_other) {
        w = wr_init(again, sizeof again);
        selection_put(&w, f->c, &s);
        BUG_IF(f->a == FRAME_A_SELECTED && !bytes_equal(again, wr_len(&w), f->raw, f->raw_len));
    }
}

/* Every byte fed comes out again, in a frame or as garbage. */
static size_t drain(struct framer *f)
{
    struct frame out;
    size_t n = 0;
    for (;;) {
        switch (framer_next(f, &out)) {
        case FRAMER_NEED_MORE:
            return n;
        case FRAMER_FRAME:
            say_back(&out);
            break;
        case FRAMER_GARBAGE:
            BUG_IF(out.raw_len == 0 || f->why == ERR_OK);
            break;
        }
        n += out.raw_len;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct frame f;
    struct err_at at = { 0 };
    enum err e = frame_parse(data, size, &f, &at);
    BUG_IF(e != ERR_OK && (!at.has_offset || at.offset > size));
    if (e == ERR_OK)
        say_back(&f);

    struct framer stream;
    framer_init(&stream);
    size_t out = 0;
    for (size_t in = 0; in < size;) {
        size_t taken = framer_feed(&stream, data + in, size - in);
        BUG_IF(taken == 0);
        in += taken;
        out += drain(&stream);
    }
    framer_end(&stream);
    out += drain(&stream);
    BUG_IF(out != size || !framer_is_empty(&stream));
    return 0;
}
