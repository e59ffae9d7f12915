/* retry.c — the table of adaptive retries.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/retry.h"

#include <stddef.h>

#include "core/base/mem.h"

struct retry_plan retry_plan(bool adaptive, int64_t interval_s, struct retry_plan otherwise)
{
    static const struct {
        int64_t up_to_s;
        struct retry_plan plan;
    } table[] = {
        { 15 * 60, { 1, 0 } },
        { 60 * 60, { 2, 300 } },
        { 23 * 3600, { 3, 500 } },
        { INT64_MAX, { 6, 3600 } },
    };
    if (!adaptive || interval_s <= 0)
        return otherwise;
    size_t row = 0;
    while (interval_s > table[row].up_to_s)
        row++;
    return table[row].plan;
}
