/* fuzz_sheet.c — any text as a cell of a report: it stays one cell of one row, in both encodings.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core/base/bug.h"
#include "reports/sheet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_cell(const uint8_t *data, size_t size, bool is_utf8)
{
    struct sheet s;
    sheet_init(&s, (struct sheet_conventions){ .separator = ';', .decimal = ',', .is_utf8 = is_utf8 });
    sheet_foreign(&s, (const char *)data, size);
    for (size_t i = 0; i < s.len; i++)
        BUG_IF(s.bytes[i] == ';' || s.bytes[i] == '"' || (unsigned char)s.bytes[i] < ' ');
    BUG_IF(s.len > 0 && strchr("=@", s.bytes[0]));
    BUG_IF(is_utf8 && s.len > 0 && !str_is_utf8(s.bytes, s.len));
    sheet_fini(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_cell(data, size, true);
    check_cell(data, size, false);
    return 0;
}
