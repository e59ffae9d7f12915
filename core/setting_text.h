/* setting_text.h — the one grammar of settings as text: file, console, exchange and export.
 *
 * UTF-8 lines `key = value`; `#` begins a comment, on a line of its own or after a blank; optional double quotes around the
 * value with \" and \\ inside. Empty lines are allowed, CRLF and a BOM, too.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CORE_SETTING_TEXT_H
#define CORE_SETTING_TEXT_H

#include "core/setting.h"

struct setting_line {
    unsigned number;   /* from 1 */
    size_t start, end; /* the line in the text, with its line end */
    bool has_key;      /* else a comment or blank */
    char key[SETTING_KEY_MAX];
    char value[SETTING_VALUE_MAX];
    size_t value_start, value_end; /* where the value stands, with its quotes */
};

/* The next line from line->end (zero the struct to begin). *more is false behind the last one. On a refusal *at has line,
 * column and a sentence; start and end are right all the same, so that one can go on. */
MUST_USE enum err setting_text_next(const char *text, size_t len, struct setting_line *line, bool *more,
                                    struct err_at *at);
/* The value as it may stand behind "key = ": quoted where it needs to be. */
void setting_text_quote(char out[static 2 * SETTING_VALUE_MAX + 3], const char *value);

#endif
