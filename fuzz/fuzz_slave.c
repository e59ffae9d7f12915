/* fuzz_slave.c — any bytes on the bus: a slave with a chain of two answers with good frames or not at all.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stddef.h>
#include <stdint.h>

#include "core/base/bug.h"
#include "protocols/codec/mbus/slave.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Heat meter 12345678 at primary address 5 with one energy record, and the marker that another telegram follows. */
static const uint8_t telegram[] = {
    0x68, 0x16, 0x16, 0x68, 0x08, 0x05, 0x72, 0x78, 0x56, 0x34, 0x12, 0x2D, 0x2C, 0x1B,
    0x04, 0x2A, 0x00, 0x00, 0x00, 0x04, 0x06, 0x11, 0x00, 0x00, 0x00, 0x1F, 0x6F, 0x16
};

static void check_answer(struct slave *s, const struct slave_act *act)
{
    struct frame stored, answer;
    uint8_t bytes[FRAME_MAX];
    struct wr w = wr_init(bytes, sizeof bytes);
    BUG_IF(act->telegram >= s->n_telegrams);
    BUG_IF(frame_parse(telegram, sizeof telegram, &stored, NULL) != ERR_OK);
    slave_put(&w, s, act, &stored);
    BUG_IF(frame_parse(bytes, wr_len(&w), &answer, NULL) != ERR_OK);
    BUG_IF(answer.a != s->a || answer.ci != stored.ci || answer.data_len != stored.data_len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slave s;
    struct framer framer;
    struct frame request;
    framer_init(&framer);
    BUG_IF(slave_init(&s, telegram, sizeof telegram, NULL) != ERR_OK);
    s.n_telegrams = 2;
    s.has_fabrication = true;
    s.fabrication = 0x87654321;
    while (size > 0) {
        size_t n = framer_feed(&framer, data, size);
        data += n;
        size -= n;
        enum framer_state state;
        while ((state = framer_next(&framer, &request)) != FRAMER_NEED_MORE) {
            if (state != FRAMER_FRAME)
                continue;
            struct slave_act act = slave_take(&s, &request);
            BUG_IF(act.what != SLAVE_SILENT && request.a == FRAME_A_BROADCAST);
            if (act.what == SLAVE_SEND)
                check_answer(&s, &act);
        }
    }
    return 0;
}
