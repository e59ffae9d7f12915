/* setting_value.h — one setting's value: from text with all checks of its type, and back.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CORE_SETTING_VALUE_H
#define CORE_SETTING_VALUE_H

#include "core/setting.h"

/* What a secret shows instead of itself; set to this, it stays as it is. */
#define SETTING_MASK "********"

/* Parses text into the field (of the type that row->type says). On a refusal at->text says what is allowed and the field
 * is untouched. */
MUST_USE enum err setting_value_parse(const struct setting *row, const char *text, void *field, struct err_at *at);
/* The value as text that setting_value_parse() takes; secrets in clear. Points into buf, the field or a table. */
const char *setting_value_text(const struct setting *row, const void *field, char buf[static SETTING_VALUE_MAX]);
size_t setting_value_size(const struct setting *row);  /* bytes of the field */
const char *setting_type_name(enum setting_type type); /* "bool", "int", "text", … */

#endif
