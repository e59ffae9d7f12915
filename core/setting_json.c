/* setting_json.c — the registry as JSON: values for clients, rows for forms.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/base/bug.h"
#include "core/base/str.h"
#include "core/setting_priv.h"
#include "core/setting_value.h"

static bool is_number(enum setting_type type)
{
    return type == SETTING_INT || type == SETTING_UINT;
}

static void value_json_of(struct json_out *j, const struct setting *row, const char *text)
{
    if (row->type == SETTING_BOOL)
        json_bool(j, str_eq(text, "true"));
    else if (is_number(row->type))
        json_raw(j, text, strlen(text));
    else
        json_str(j, text);
}

static void one_json(void *ctx, const char *key, const struct setting *row, const char *value, bool is_default,
                     bool is_overridden)
{
    struct json_out *j = ctx;
    (void)is_default;
    (void)is_overridden;
    json_key(j, key);
    value_json_of(j, row, value);
}

void settings_json(const struct settings *s, struct json_out *j)
{
    json_object(j);
    settings_each(s, one_json, j);
    json_object_end(j);
}

static void limits_json(struct json_out *j, const struct setting *row)
{
    bool is_text =
        row->type != SETTING_BOOL && row->type != SETTING_ENUM && row->type != SETTING_SIZE && !is_number(row->type);
    if (is_text) {
        json_key_int(j, "max_length", row->max);
    } else if (row->type == SETTING_SIZE || is_number(row->type)) {
        json_key_int(j, "min", row->min);
        json_key_int(j, "max", row->max);
    } else if (row->type == SETTING_ENUM) {
        json_key(j, "choices");
        json_array(j);
        for (size_t i = 0; row->choices[i]; i++)
            json_str(j, row->choices[i]);
        json_array_end(j);
    }
}

static void row_json(struct json_out *j, const struct setting_table *t, const struct setting *row)
{
    char key[SETTING_KEY_MAX];
    str_fmt(key, sizeof key, "%s%s.%s", t->group, t->n_instances ? "N" : "", row->name);
    json_object(j);
    json_key_str(j, "key", key);
    json_key_str(j, "group", t->group);
    json_key_str(j, "name", row->name);
    json_key_int(j, "instances", t->n_instances);
    json_key_str(j, "type", setting_type_name(row->type));
    json_key(j, "default");
    value_json_of(j, row, row->def);
    limits_json(j, row);
    json_key_str(j, "unit", row->unit);
    json_key_str(j, "help", row->help);
    json_key_str(j, "role", row->flags & S_OPERATOR ? "operator" : "admin");
    json_key_bool(j, "device", row->flags & S_DEVICE);
    json_key_bool(j, "restart", row->flags & S_RESTART);
    json_key_bool(j, "expert", row->flags & S_EXPERT);
    json_object_end(j);
}

void settings_schema_json(const struct settings *s, struct json_out *j)
{
    json_array(j);
    for (size_t i = 0; i < s->n_groups; i++) {
        const struct setting_table *t = s->groups[i].table;
        for (size_t k = 0; k < t->n_rows; k++)
            row_json(j, t, &t->rows[k]);
    }
    json_array_end(j);
}
