/* rest_search.c — starts a meter search, after a look at every member of the wish.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "protocols/http_call.h"

#include <stdlib.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/job.h"
#include "core/meter.h"
#include "protocols/codec/mbus/search.h"
#include "protocols/rest_calls.h"

enum { LIST_MAX = 16 };

static bool is_enabled(const struct app *app, json_int_t bus)
{
    char key[24], buffer[SETTING_VALUE_MAX];
    str_fmt(key, sizeof key, "bus%d.enabled", (int)bus);
    return str_eq(settings_get(app->settings, key, buffer), "true");
}

static enum err check_buses(const struct app *app, const json_t *v, struct err_at *at)
{
    size_t i;
    const json_t *item;
    if (!json_is_array(v) || json_array_size(v) == 0 || json_array_size(v) > LIST_MAX)
        return err_say(at, ERR_INVALID, "buses is not a list of 1 to %d interface numbers", LIST_MAX);
    json_array_foreach(v, i, item)
    {
        json_int_t n = json_integer_value(item);
        if (n < 1 || n > BUS_N)
            return err_say(at, ERR_INVALID, "element %zu of buses is not a number from 1 to %d", i, BUS_N);
        if (!is_enabled(app, n))
            return err_say(at, ERR_INVALID, "bus%d is not enabled", (int)n);
    }
    return ERR_OK;
}

static enum err check_modes(const struct app *app, const json_t *v, struct err_at *at)
{
    size_t i;
    const json_t *item;
    unsigned seen = 0;
    (void)app;
    if (!json_is_array(v) || json_array_size(v) == 0)
        return err_say(at, ERR_INVALID, "modes is not a list of secondary, primary or enhanced");
    json_array_foreach(v, i, item)
    {
        enum search_mode mode;
        if (!json_is_string(item) || !search_mode_parse(json_string_value(item), &mode))
            return err_say(at, ERR_INVALID, "element %zu of modes is not secondary, primary or enhanced", i);
        if (seen & 1u << mode)
            return err_say(at, ERR_INVALID, "%s stands twice in modes", search_mode_name(mode));
        seen |= 1u << mode;
    }
    return ERR_OK;
}

static enum err check_mask(const struct app *app, const json_t *v, struct err_at *at)
{
    uint32_t mask;
    (void)app;
    if (json_is_string(v) && address_ident_parse(json_string_value(v), &mask))
        return ERR_OK;
    return err_say(at, ERR_INVALID, "mask is not a text of 8 hex digits, F for any digit");
}

static enum err check_baud(const struct app *app, const json_t *v, struct err_at *at)
{
    size_t i, n = json_is_array(v) ? json_array_size(v) : 1;
    (void)app;
    bool is_good = n >= 1 && n <= 8;
    for (i = 0; is_good && i < n; i++) {
        json_int_t rate = json_integer_value(json_is_array(v) ? json_array_get(v, i) : v);
        is_good = rate > 0 && rate <= UINT32_MAX && meter_baud_is_valid((uint32_t)rate);
    }
    if (is_good)
        return ERR_OK;
    return err_say(at, ERR_INVALID,
                   "baud is not one of 300, 600, 1200, 2400, 4800, 9600, 19200, 38400, or a list of these");
}

static enum err check_max(const struct app *app, const json_t *v, struct err_at *at)
{
    (void)app;
    if (json_is_integer(v) && json_integer_value(v) >= 1 && json_integer_value(v) <= METERS_MAX)
        return ERR_OK;
    return err_say(at, ERR_INVALID, "max_meters is not a number from 1 to %d", METERS_MAX);
}

static enum err check_flag(const struct app *app, const json_t *v, struct err_at *at)
{
    (void)app;
    return json_is_boolean(v) ? ERR_OK : err_say(at, ERR_INVALID, "%s is neither true nor false", at->field);
}

static const struct {
    const char *member;
    enum err (*check)(const struct app *app, const json_t *v, struct err_at *at);
} checks[] = {
    { "buses", check_buses },    { "modes", check_modes },  { "mask", check_mask }, { "baud", check_baud },
    { "max_meters", check_max }, { "install", check_flag }, { "hex", check_flag },
};

static enum err check_wish(const struct app *app, const json_t *wish, struct err_at *at)
{
    for (size_t i = 0; i < COUNT_OF(checks); i++) {
        const json_t *v = json_object_get(wish, checks[i].member);
        str_copy(at->field, sizeof at->field, checks[i].member);
        if (v && checks[i].check(app, v, at) != ERR_OK)
            return ERR_INVALID;
    }
    str_copy(at->field, sizeof at->field, "buses");
    for (int n = 1; !json_object_get(wish, "buses") && !is_enabled(app, n); n++)
        if (n == BUS_N)
            return err_say(at, ERR_INVALID, "no M-Bus interface is enabled");
    return ERR_OK;
}

void rest_searches_post(struct http_call *c)
{
    static const char *const members[] = { "buses", "modes", "mask", "baud", "max_meters", "install", "hex", NULL };
    struct err_at at = { 0 };
    if (!call_only(c, members))
        return;
    if (check_wish(c->app, c->body, &at) != ERR_OK) {
        call_fail_field(c, ERR_INVALID, at.field, "%s", at.text);
        return;
    }
    char *args = json_dumps(c->body, JSON_COMPACT);
    uint64_t id = jobs_add(c->app->jobs, "search", 0, args, c->who.name, &at);
    free(args);
    if (id)
        call_audit(c, "started search job %llu", (unsigned long long)id);
    call_send_job(c, id, &at);
}
