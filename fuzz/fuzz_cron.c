/* fuzz_cron.c — any text as a cron pattern: what parses gives times that come after, and match, or none.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stddef.h>
#include <stdint.h>

#include "core/base/bug.h"
#include "core/base/rd.h"
#include "core/base/str.h"
#include "core/cron.h"

/* Five hours east, and an hour more in the middle of each year of 360 days: gaps and repeated hours. */
static int32_t wobbly_offset(const struct zone *z, int64_t utc)
{
    (void)z;
    int64_t day = (utc / 86400 % 360 + 360) % 360;
    return 5 * 3600 + (day >= 90 && day < 270 ? 3600 : 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct zone wobbly = { wobbly_offset };
    struct rd r = rd_init(data, size);
    char text[CRON_TEXT_MAX + 20];
    struct cron cron;
    struct err_at at = { 0 };
    int64_t utc = rd_u32le(&r), next;
    uint64_t seed = rd_u8(&r);
    if (!rd_ok(&r) || rd_left(&r) >= sizeof text)
        return 0;
    str_copy_n(text, sizeof text, (const char *)r.p, rd_left(&r));
    if (cron_parse(&cron, text, &at) != ERR_OK) {
        BUG_IF(at.text[0] == 0);
        return 0;
    }
    BUG_IF(cron.n < 1 || cron.n > CRON_ALTERNATIVES_MAX);
    for (int i = 0; i < 3 && cron_next(&cron, &wobbly, seed, utc, &next); i++) {
        int64_t again;
        BUG_IF(next <= utc || next % 60 != 0);
        BUG_IF(!cron_next(&cron, &wobbly, seed, next - 1, &again) || again != next);
        utc = next;
    }
    return 0;
}
