/* rest_meter.c — the meter list: show, install, change, remove.
 *
 * The list in memory and the one in the store change together: what the store refuses is taken back.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "protocols/http_call.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/bug.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/event.h"
#include "core/live.h"
#include "core/meter.h"
#include "core/meter_list.h"
#include "core/quantity.h"
#include "protocols/rest_calls.h"
#include "store/store.h"

static void json_last_readout(struct json_out *j, const struct meter *m)
{
    json_key(j, "last_readout");
    json_object(j);
    json_key_utc(j, "time", m->last_utc);
    json_key_str(j, "status", m->last_utc ? readout_status_name(m->last_status) : NULL);
    json_object_end(j);
}

static void json_identity(struct json_out *j, const struct meter *m)
{
    char text[12], maker[4];
    str_fmt(text, sizeof text, "%08X", m->ident);
    json_key_str(j, "secondary_address", text);
    maker_text(m->maker, maker);
    json_key_str(j, "manufacturer", m->is_known ? maker : NULL);
    json_key(j, "version");
    m->is_known ? json_int(j, m->version) : json_null(j);
    json_key(j, "medium");
    m->is_known ? json_int(j, m->medium) : json_null(j);
    json_key_str(j, "medium_name", m->is_known ? medium_name(m->medium) : NULL);
}

static void json_addressing(struct json_out *j, const struct meter *m)
{
    char text[12];
    str_fmt(text, sizeof text, "%08X", m->enhanced);
    json_key_str(j, "addressing", addressing_name(m->addressing));
    json_key(j, "primary_address");
    m->primary >= 0 ? json_int(j, m->primary) : json_null(j);
    json_key_str(j, "enhanced_address", m->has_enhanced ? text : NULL);
}

static void json_meter(struct json_out *j, const struct meter *m)
{
    json_object(j);
    json_key_int(j, "id", m->id);
    json_key_str(j, "position", m->position);
    json_identity(j, m);
    json_addressing(j, m);
    json_key_int(j, "baud", m->baud);
    json_key_int(j, "bus", m->bus);
    json_key_str(j, "state", meter_state_name(m->state));
    json_key_utc(j, "installed", m->installed_utc);
    json_last_readout(j, m);
    json_key_int(j, "readouts", m->n_readouts);
    json_key_int(j, "failed", m->n_failed);
    json_object_end(j);
}

void rest_meters_get(struct http_call *c)
{
    struct page page;
    if (!call_page(c, &page))
        return;
    struct json_out *j = call_json(c);
    json_key(j, "meters");
    json_array(j);
    uint32_t after = page.cursor > UINT32_MAX ? UINT32_MAX : (uint32_t)page.cursor;
    struct meter *m = meters_after(c->app->meters, after);
    for (size_t n = 0; m && n < page.limit; n++) {
        json_meter(j, m);
        after = m->id;
        m = meters_after(c->app->meters, m->id);
    }
    json_array_end(j);
    json_key(j, "next");
    m ? json_int(j, after) : json_null(j);
    call_send_json(c, 200);
}

struct meter *rest_meter_find(struct http_call *c)
{
    uint64_t id;
    if (!call_number(c, c->arg[0], UINT32_MAX, &id))
        return NULL;
    struct meter *m = meters_find(c->app->meters, (uint32_t)id);
    if (!m)
        call_no_such(c, "meter");
    return m;
}

void rest_meter_get(struct http_call *c)
{
    const struct meter *m = rest_meter_find(c);
    if (!m)
        return;
    json_meter(http_json(c->rq), m);
    http_send(c->rq, 200, NULL);
}

static void publish(struct http_call *c, uint32_t id, int what)
{
    struct event ev = { .type = EV_METER };
    ev.u.meter.id = id;
    ev.u.meter.what = what;
    events_publish(c->app->events, &ev);
}

/* --- install --- */

/* New meters go on the first enabled bus; without one on bus 1, where they wait for it. */
static uint8_t first_bus(const struct app *app)
{
    for (unsigned bus = 1; bus <= BUS_N; bus++) {
        char key[24], buffer[SETTING_VALUE_MAX];
        str_fmt(key, sizeof key, "bus%u.enabled", bus);
        if (str_eq(settings_get(app->settings, key, buffer), "true"))
            return (uint8_t)bus;
    }
    return 1;
}

static void take_back(struct meters *ms, const struct meter_list *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        BUG_IF(meters_remove(ms, list->meters[i].id) != ERR_OK);
}

/* Adds all to the list in memory; on a refusal none is left there. */
static enum err add_all(struct http_call *c, struct meter_list *list, struct err_at *at)
{
    struct meters *ms = c->app->meters;
    uint32_t limit = http_meter_limit(c->app);
    for (size_t i = 0; i < list->n_meters; i++) {
        struct meter *m = &list->meters[i], *added;
        m->installed_utc = clock_utc(c->app->clock);
        /* Beyond the limit the newest are installed, but rest. */
        m->state = meters_count_state(ms, METER_ACTIVE) < limit ? METER_ACTIVE : METER_PASSIVE;
        enum err e = meters_add(ms, m, &added, at);
        if (e != ERR_OK) {
            take_back(ms, list, i);
            return e;
        }
        *m = *added;
    }
    return ERR_OK;
}

static enum err install(struct http_call *c, struct meter_list *list, struct err_at *at)
{
    enum err e = add_all(c, list, at);
    if (e != ERR_OK)
        return e;
    e = store_meters_put(c->app->store, list->meters, list->n_meters, meters_next_id(c->app->meters));
    if (e != ERR_OK)
        take_back(c->app->meters, list, list->n_meters);
    return e;
}

static void send_installed(struct http_call *c, const struct meter_list *list)
{
    struct json_out *j = call_json(c);
    json_key_int(j, "installed", (int64_t)list->n_meters);
    json_key(j, "meters");
    json_array(j);
    for (size_t i = 0; i < list->n_meters; i++)
        json_meter(j, &list->meters[i]);
    json_array_end(j);
    call_send_json(c, 201);
}

void rest_meters_post(struct http_call *c)
{
    struct meter_list list;
    const char *text = (const char *)c->rq->body;
    struct err_at at = { 0 };
    enum err e = meter_list_parse(text, c->rq->body_len, first_bus(c->app), c->app->meters, &list);
    if (e != ERR_OK) {
        call_fail_all(c, ERR_INVALID, "the meter list has errors, nothing was installed", list.errors, list.n_errors);
    } else if ((e = install(c, &list, &at)) != ERR_OK) {
        call_fail(c, e, &at);
    } else {
        call_audit(c, "installed %zu meters", list.n_meters);
        for (size_t i = 0; i < list.n_meters; i++)
            publish(c, list.meters[i].id, METER_INSTALLED);
        send_installed(c, &list);
    }
    meter_list_free(&list);
}

/* --- change --- */

static enum err bad(struct err_at *at, const char *what)
{
    return err_say(at, ERR_INVALID, "%s is not %s", at->field, what);
}

static enum err set_position(struct meter *m, const json_t *v, struct err_at *at)
{
    const char *text = json_string_value(v);
    return text && str_copy(m->position, sizeof m->position, text) ? ERR_OK : bad(at, "a text of at most 100 bytes");
}

static enum err set_addressing(struct meter *m, const json_t *v, struct err_at *at)
{
    const char *text = json_string_value(v);
    return text && addressing_parse(text, &m->addressing) ? ERR_OK : bad(at, "primary, secondary or esecondary");
}

static enum err set_primary(struct meter *m, const json_t *v, struct err_at *at)
{
    json_int_t n = json_is_null(v) ? -1 : json_is_integer(v) ? json_integer_value(v) : -2;
    if (n < -1 || n > 255 || (n == -1 && !json_is_null(v)))
        return bad(at, "a number from 0 to 255, or null");
    m->primary = (int16_t)n;
    return ERR_OK;
}

static enum err set_enhanced(struct meter *m, const json_t *v, struct err_at *at)
{
    const char *text = json_string_value(v);
    uint8_t bytes[4];
    size_t len = 0;
    m->has_enhanced = !json_is_null(v);
    if (!m->has_enhanced)
        return ERR_OK;
    if (!text || str_from_hex(text, strlen(text), bytes, sizeof bytes, &len) != ERR_OK || len != 4)
        return bad(at, "a text of 8 hex digits, or null");
    m->enhanced = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
    return ERR_OK;
}

static enum err set_baud(struct meter *m, const json_t *v, struct err_at *at)
{
    json_int_t n = json_integer_value(v);
    if (n <= 0 || n > UINT32_MAX || !meter_baud_is_valid((uint32_t)n))
        return bad(at, "a baud rate from 300 to 38400");
    m->baud = (uint32_t)n;
    return ERR_OK;
}

static enum err set_bus(struct meter *m, const json_t *v, struct err_at *at)
{
    json_int_t n = json_integer_value(v);
    if (n < 1 || n > BUS_N)
        return bad(at, "a number from 1 to 16");
    m->bus = (uint8_t)n;
    return ERR_OK;
}

static enum err set_state(struct meter *m, const json_t *v, struct err_at *at)
{
    return meter_state_parse(json_string_value(v), &m->state) ? ERR_OK : bad(at, "active or passive");
}

static const struct {
    const char *member;
    enum err (*set)(struct meter *m, const json_t *v, struct err_at *at);
} changes[] = {
    { "position", set_position },
    { "addressing", set_addressing },
    { "primary_address", set_primary },
    { "enhanced_address", set_enhanced },
    { "baud", set_baud },
    { "bus", set_bus },
    { "state", set_state },
};

enum err rest_meter_apply(struct meter *m, json_t *body, struct err_at *at)
{
    const char *key;
    json_t *value;
    json_object_foreach(body, key, value)
    {
        size_t i = 0;
        while (i < COUNT_OF(changes) && !str_eq(changes[i].member, key))
            i++;
        str_copy(at->field, sizeof at->field, *key ? key : "(empty)");
        if (i == COUNT_OF(changes))
            return err_say(at, ERR_INVALID, "%s of a meter cannot be changed", at->field);
        enum err e = changes[i].set(m, value, at);
        if (e != ERR_OK)
            return e;
    }
    at->field[0] = 0;
    return ERR_OK;
}

static enum err check_limit(struct http_call *c, const struct meter *was, const struct meter *m, struct err_at *at)
{
    uint32_t limit = http_meter_limit(c->app);
    bool wakes = was->state == METER_PASSIVE && m->state == METER_ACTIVE;
    if (wakes && meters_count_state(c->app->meters, METER_ACTIVE) >= limit)
        return err_say(at, ERR_CONFLICT, "there are %u active meters already, more are not allowed", limit);
    return ERR_OK;
}

void rest_meter_patch(struct http_call *c)
{
    struct meter *found = rest_meter_find(c);
    if (!found)
        return;
    const struct meter was = *found;
    struct meter m = was;
    struct err_at at = { 0 };
    enum err e = rest_meter_apply(&m, c->body, &at);
    if (e == ERR_OK)
        e = check_limit(c, &was, &m, &at);
    if (e == ERR_OK)
        e = meters_update(c->app->meters, &m, &at);
    if (e == ERR_OK && (e = store_meters_put(c->app->store, &m, 1, meters_next_id(c->app->meters))) != ERR_OK)
        BUG_IF(meters_update(c->app->meters, &was, NULL) != ERR_OK);
    if (e != ERR_OK) {
        call_fail(c, e, &at);
        return;
    }
    call_audit(c, "changed meter %u (%08X)", m.id, m.ident);
    publish(c, m.id, METER_CHANGED);
    json_meter(http_json(c->rq), &m);
    http_send(c->rq, 200, NULL);
}

void rest_meter_delete(struct http_call *c)
{
    const struct meter *found = rest_meter_find(c);
    if (!found)
        return;
    const struct meter m = *found;
    const char *history = http_query_get(&c->query, "history");
    if (history && !str_eq(history, "delete") && !str_eq(history, "keep")) {
        call_fail_field(c, ERR_INVALID, "history", "history is keep or delete");
        return;
    }
    bool with_history = str_eq(history, "delete");
    enum err e = store_meter_remove(c->app->store, m.id, with_history);
    if (e != ERR_OK) {
        call_fail(c, e, NULL);
        return;
    }
    BUG_IF(meters_remove(c->app->meters, m.id) != ERR_OK);
    live_forget(c->app->live, m.id);
    call_audit(c, "removed meter %u (%08X)%s", m.id, m.ident, with_history ? " with its readings" : "");
    publish(c, m.id, METER_REMOVED);
    call_send_empty(c);
}
