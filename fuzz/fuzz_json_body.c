/* fuzz_json_body.c — any bytes as the body of a change to a meter: what is accepted leaves a meter whose fields are in range.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <jansson.h>

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core/base/bug.h"
#include "core/base/str.h"
#include "core/meter.h"
#include "protocols/http_call.h"
#include "protocols/rest_calls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err_at at = { 0 };
    json_t *body = http_read_json(data, size, &at);
    if (!body) {
        BUG_IF(!at.text[0]);
        return 0;
    }
    struct meter m = {
        .id = 1, .ident = 0x12345678, .addressing = ADDRESSING_SECONDARY, .primary = -1, .baud = 2400, .bus = 1
    };
    if (rest_meter_apply(&m, body, &at) == ERR_OK) {
        BUG_IF(m.primary < -1 || m.primary > 255 || m.bus < 1 || m.bus > BUS_N || !meter_baud_is_valid(m.baud));
        BUG_IF(!str_is_utf8(m.position, strlen(m.position)));
    } else {
        BUG_IF(!at.text[0] || !at.field[0]);
    }
    json_decref(body);
    return 0;
}
