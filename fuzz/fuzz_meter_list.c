/* fuzz_meter_list.c — any bytes as a meter list: all good, or errors with lines and nothing to install.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stddef.h>
#include <stdint.h>

#include "core/base/bug.h"
#include "core/base/str.h"
#include "core/meter_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct meter_list list;
    enum err e = meter_list_parse((const char *)data, size, 1, NULL, &list);
    BUG_IF((e == ERR_OK) != (list.n_errors == 0));
    BUG_IF(e == ERR_OK && list.n_meters == 0);
    for (size_t i = 0; i < list.n_errors; i++)
        BUG_IF(list.errors[i].line == 0 || list.errors[i].text[0] == 0);
    for (size_t i = 0; i < list.n_meters; i++)
        BUG_IF(meter_check(&list.meters[i], NULL) != ERR_OK);
    for (size_t i = 1; e == ERR_OK && i < list.n_meters && i < 50; i++)
        BUG_IF(meter_same_address(&list.meters[i - 1], &list.meters[i]));
    meter_list_free(&list);
    return 0;
}
