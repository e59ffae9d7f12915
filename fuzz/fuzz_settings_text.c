/* fuzz_settings_text.c — any bytes as a settings file: taken or refused with a place; what is written reads back the same.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bug.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/setting.h"

struct cfg {
    bool flag;
    uint32_t number;
    int64_t whole;
    uint64_t size;
    int choice;
    char text[65], secret[65], host[65], url[129], cron[129], port[65];
};
static const char *const choices[] = { "one", "two", NULL };
static const struct setting rows[] = {
    S_BOOL(struct cfg, flag, "true", S_ADMIN, "A flag."),
    S_UINT(struct cfg, number, "7", 1, 99, S_ADMIN, "", "A number."),
    S_INT(struct cfg, whole, "0", -9, 9, S_ADMIN, "", "A number."),
    S_SIZE(struct cfg, size, "1M", 0, 1 << 30, S_ADMIN, "A size."),
    S_ENUM(struct cfg, choice, "one", choices, S_ADMIN, "A choice."),
    S_TEXT(struct cfg, text, "", S_ADMIN, "A text."),
    S_SECRET(struct cfg, secret, S_ADMIN, "A secret."),
    S_HOST(struct cfg, host, "", S_ADMIN, "A host."),
    S_URL(struct cfg, url, "", S_ADMIN, "A URL."),
    S_CRON(struct cfg, cron, "", S_ADMIN, "A pattern."),
    S_PORT(struct cfg, port, "", S_ADMIN, "A port."),
};
static const struct setting_table one = { "a", 0, rows, COUNT_OF(rows), sizeof(struct cfg), NULL };
static const struct setting_table many = { "b", 3, rows, COUNT_OF(rows), sizeof(struct cfg), NULL };
static const struct setting_table *const tables[] = { &one, &many };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct settings *s = settings_create(tables, COUNT_OF(tables)), *again = settings_create(tables, COUNT_OF(tables));
    struct err_at at = { 0 };
    if (settings_load_text(s, (const char *)data, size, &at) == ERR_OK) {
        char *text = settings_edit_text(s, NULL);
        BUG_IF(settings_load_text(again, text, strlen(text), &at) != ERR_OK);
        for (unsigned i = 0; i <= 3; i++)
            BUG_IF(!bytes_equal(settings_cfg(s, i ? "b" : "a", i), sizeof(struct cfg),
                                settings_cfg(again, i ? "b" : "a", i), sizeof(struct cfg)));
        char *old = xstrndup((const char *)data, size);
        char *edited = settings_edit_text(s, old); /* nothing changed: all stays as it was, but for a last line end */
        BUG_IF(strlen(old) == size && !str_starts(edited, old));
        free(old);
        free(edited);
        free(text);
    } else {
        BUG_IF(at.line == 0 || at.text[0] == 0);
    }
    settings_free(s);
    settings_free(again);
    return 0;
}
