/* rest_setting.c — the settings registry over REST: values, rows, and changes of several at once.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "protocols/http_call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/event.h"
#include "protocols/rest_calls.h"

enum { REFUSALS_MAX = 100 };

void rest_settings_get(struct http_call *c)
{
    settings_json(c->app->settings, http_json(c->rq));
    http_send(c->rq, 200, NULL);
}

void rest_schema_get(struct http_call *c)
{
    settings_schema_json(c->app->settings, http_json(c->rq));
    http_send(c->rq, 200, NULL);
}

/* A JSON value as the registry's text; NULL for an array, an object, or a fraction. buffer holds numbers. */
static const char *value_text(const json_t *v, char buffer[static 32])
{
    if (json_is_string(v))
        return json_string_value(v);
    if (json_is_boolean(v))
        return json_is_true(v) ? "true" : "false";
    if (!json_is_integer(v))
        return NULL;
    str_fmt(buffer, 32, "%lld", (long long)json_integer_value(v));
    return buffer;
}

static enum err set_one(struct http_call *c, const char *key, const json_t *v, struct err_at *at)
{
    char buffer[32];
    const struct setting *row = settings_find(c->app->settings, key);
    if (row && c->who.role < ROLE_ADMIN && !(row->flags & S_OPERATOR))
        return err_say(at, ERR_DENIED, "%s may be changed by administrators only", key);
    if (json_is_null(v))
        return settings_reset(c->app->settings, key, at);
    const char *text = value_text(v, buffer);
    if (!text)
        return err_say(at, ERR_INVALID, "%s takes a text, a number, true or false", key);
    return settings_set(c->app->settings, key, text, at);
}

struct refusals {
    struct err_at *all;
    size_t n;
    bool is_denied;
};

/* Sets all that can be set, so that a person learns of every mistake at once. */
static void set_all(struct http_call *c, struct refusals *r)
{
    const char *key;
    json_t *value;
    json_object_foreach(c->body, key, value)
    {
        struct err_at at = { 0 };
        enum err e = set_one(c, key, value, &at);
        if (e == ERR_OK || r->n == REFUSALS_MAX)
            continue;
        str_copy(at.field, sizeof at.field, key);
        if (!at.text[0])
            err_say(&at, e, "%s", err_text(e));
        r->is_denied |= e == ERR_DENIED;
        r->all = xrealloc(r->all, r->n + 1, sizeof *r->all);
        r->all[r->n++] = at;
    }
}

/* "readout.cron, web.port": names only, since values may be secret. */
static void audit_keys(struct http_call *c)
{
    char keys[300] = "";
    const char *key;
    json_t *value;
    json_object_foreach(c->body, key, value)
    {
        size_t len = strlen(keys);
        if (len < sizeof keys - SETTING_KEY_MAX)
            str_fmt(keys + len, sizeof keys - len, "%s%s", len ? ", " : "", key);
    }
    call_audit(c, "changed settings: %s", keys);
}

void rest_settings_patch(struct http_call *c)
{
    struct refusals r = { 0 };
    struct err_at at = { 0 };
    settings_begin(c->app->settings);
    set_all(c, &r);
    enum err e = r.n == 0 ? settings_commit(c->app->settings, &at) : ERR_INVALID;
    if (r.n > 0) {
        settings_abort(c->app->settings);
        e = r.is_denied ? ERR_DENIED : ERR_INVALID;
        call_fail_all(c, e, r.n == 1 ? r.all[0].text : "several settings are refused, nothing was changed", r.all, r.n);
    } else if (e != ERR_OK) {
        call_fail(c, e, &at);
    } else {
        audit_keys(c);
        events_publish(c->app->events, &(struct event){ .type = EV_SETTINGS });
        rest_settings_get(c);
    }
    free(r.all);
}
