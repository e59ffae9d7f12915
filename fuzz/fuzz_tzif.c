/* fuzz_tzif.c — any bytes as a zone file: what is taken has sane offsets and finds its way back from local time.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stddef.h>
#include <stdint.h>

#include "core/base/bug.h"
#include "core/base/civil.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct zone *z;
    if (zone_parse(data, size, &z) != ERR_OK)
        return 0;
    for (int64_t utc = INT64_C(-5000000000); utc < INT64_C(10000000000); utc += 12345678) {
        int32_t offset = z->offset_s(z, utc);
        BUG_IF(offset < -26 * 3600 || offset > 26 * 3600);
        int64_t back = zone_to_utc(z, utc + offset);
        BUG_IF(back > utc + 53 * 3600 || back < utc - 53 * 3600);
    }
    zone_free(z);
    return 0;
}
