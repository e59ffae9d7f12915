/* fuzz_keylist.c — any bytes as a key file: all rows or none, refusals with line and column.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stddef.h>
#include <stdint.h>

#include "core/base/bug.h"
#include "protocols/codec/mbus/keylist.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct keylist *k = keylist_create();
    struct err_at at = { 0 };
    enum err e = keylist_parse(k, (const char *)data, size, &at);
    BUG_IF(e != ERR_OK && (keylist_count(k) != 0 || at.line == 0 || at.column == 0 || !at.text[0]));
    for (size_t i = 1; i < keylist_count(k); i++) {
        const struct key_rule *before = keylist_at(k, i - 1), *rule = keylist_at(k, i);
        BUG_IF(rule->has_address && !before->has_address); /* most specific first */
        BUG_IF(rule->medium > UINT8_MAX || rule->version > UINT8_MAX);
    }
    const struct telegram_head who = { .ident = 0x12345678, .maker = 0x2C2D, .version = 1, .medium = 7 };
    uint8_t keys[4][16];
    BUG_IF(keylist_find_keys(k, &who, NULL, keys, 4) > 4);
    keylist_free(k);
    return 0;
}
