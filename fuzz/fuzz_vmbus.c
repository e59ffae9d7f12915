/* fuzz_vmbus.c — any bytes of a master on the virtual wire, time passing between them: every answer is an acknowledgement, a
 * good telegram of one of the meters, or visibly a collision.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stddef.h>
#include <stdint.h>

#include "core/base/bug.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "protocols/vmbus_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Three heat meters KAM: 12345678 and 12345679 with a chain of two, 87654321 with primary address 5. */
enum { METERS = 3 };
static const uint8_t telegrams[METERS][28] = {
    { 0x68, 0x16, 0x16, 0x68, 0x08, 0x05, 0x72, 0x78, 0x56, 0x34, 0x12, 0x2D, 0x2C, 0x1B,
      0x04, 0x2A, 0x00, 0x00, 0x00, 0x04, 0x06, 0x11, 0x00, 0x00, 0x00, 0x1F, 0x6F, 0x16 },
    { 0x68, 0x16, 0x16, 0x68, 0x08, 0x05, 0x72, 0x79, 0x56, 0x34, 0x12, 0x2D, 0x2C, 0x1B,
      0x04, 0x2A, 0x00, 0x00, 0x00, 0x04, 0x06, 0x11, 0x00, 0x00, 0x00, 0x1F, 0x70, 0x16 },
    { 0x68, 0x16, 0x16, 0x68, 0x08, 0x05, 0x72, 0x21, 0x43, 0x65, 0x87, 0x2D, 0x2C, 0x1B,
      0x04, 0x2A, 0x00, 0x00, 0x00, 0x04, 0x06, 0x11, 0x00, 0x00, 0x00, 0x1F, 0xAB, 0x16 },
};

static void load(void *ctx, uint32_t meter, int64_t now_ms, struct vmbus_chain *out)
{
    (void)ctx;
    enum { CHAIN = 2, GOOD_MS = 1000 };
    out->telegrams = xcalloc(CHAIN, sizeof *out->telegrams);
    out->n = CHAIN;
    out->good_until_ms = now_ms + GOOD_MS;
    for (size_t i = 0; i < CHAIN; i++) {
        out->telegrams[i].len = sizeof telegrams[meter - 1];
        bytes_copy(out->telegrams[i].bytes, FRAME_MAX, telegrams[meter - 1], sizeof telegrams[meter - 1]);
    }
}

static void check_answer(void *ctx, const uint8_t *bytes, size_t len)
{
    (void)ctx;
    struct frame f;
    if (frame_parse(bytes, len, &f, NULL) != ERR_OK || f.kind == FRAME_ACK)
        return;
    bool is_known = false;
    BUG_IF(f.data_len < 4);
    for (size_t i = 0; i < METERS; i++)
        is_known = is_known || bytes_equal(f.data, 4, telegrams[i] + 7, 4);
    BUG_IF(!is_known);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { PIECE = 16, STEP_MS = 400 };
    struct vmbus_net net = { .load = load };
    struct vmbus_wire wire;
    int64_t now_ms = 0;
    for (uint32_t i = 0; i < METERS; i++) {
        struct meter m = { .id = i + 1, .addressing = ADDRESSING_SECONDARY, .primary = 5 };
        if (i == METERS - 1)
            m.addressing = ADDRESSING_PRIMARY;
        vmbus_net_put(&net, &m, telegrams[i], sizeof telegrams[i]);
    }
    BUG_IF(vmbus_net_count(&net) != METERS);
    vmbus_wire_init(&wire, &net);
    for (; size > 0; now_ms += STEP_MS) {
        size_t n = size < PIECE ? size : PIECE;
        vmbus_wire_push(&wire, now_ms, rd_init(data, n), check_answer, NULL);
        data += n;
        size -= n;
    }
    vmbus_wire_fini(&wire);
    vmbus_net_clear(&net);
    return 0;
}
