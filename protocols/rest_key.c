/* rest_key.c — encryption keys: the list, key files, keys linked to one meter. A key itself is never given back.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "protocols/http_call.h"

#include <string.h>
#include <strings.h>

#include "core/base/str.h"
#include "core/event.h"
#include "core/meter.h"
#include "protocols/codec/mbus/keyring.h"
#include "protocols/rest_calls.h"

enum { SHOWN_MAX = 100 }; /* of the keys just added */

#define HEADING "address,key,manufacturer,deviceType,version\r\n"

/* --- showing --- */

static void json_byte(struct json_out *j, const char *name, int16_t n)
{
    json_key(j, name);
    n >= 0 ? json_int(j, n) : json_null(j);
}

static void json_entry(struct json_out *j, const struct keyring_entry *e)
{
    const struct key_rule *r = &e->rule;
    char address[12], maker[4];
    str_fmt(address, sizeof address, "%08X", r->address);
    maker_text(r->maker, maker);
    json_object(j);
    json_key_int(j, "id", e->id);
    json_key_str(j, "address", r->has_address ? address : NULL);
    json_key_str(j, "manufacturer", r->maker ? maker : NULL);
    json_byte(j, "deviceType", r->medium);
    json_byte(j, "version", r->version);
    json_key(j, "meter");
    e->meter ? json_int(j, e->meter) : json_null(j);
    json_key_utc(j, "created", e->created_utc);
    json_object_end(j);
}

void rest_keys_get(struct http_call *c)
{
    struct page page;
    if (!call_page(c, &page))
        return;
    uint32_t last = page.cursor > UINT32_MAX ? UINT32_MAX : (uint32_t)page.cursor;
    struct json_out *j = call_json(c);
    const struct keyring_entry *e = keyring_after(c->app->keyring, last);
    json_key(j, "keys");
    json_array(j);
    for (size_t n = 0; e && n < page.limit; n++) {
        json_entry(j, e);
        last = e->id;
        e = keyring_after(c->app->keyring, last);
    }
    json_array_end(j);
    json_key(j, "next");
    e ? json_int(j, last) : json_null(j);
    call_send_json(c, 200);
}

void rest_keys_template_get(struct http_call *c)
{
    static const char text[] = HEADING "-1,00112233445566778899AABBCCDDEEFF,*,-1,-1\r\n"
                                       "12345678,0123456789ABCDEF0123456789ABCDEF,ELV,-1,-1\r\n"
                                       "-1,FFEEDDCCBBAA99887766554433221100,ELV,7,2\r\n";
    http_field(c->rq, "Content-Disposition", "attachment; filename=\"keys.csv\"");
    http_write(c->rq, text, sizeof text - 1);
    http_send(c->rq, 200, "text/csv; charset=utf-8");
}

/* --- adding --- */

/* One member of a key: a text as in a key file, a number, or null for all. */
static enum err read_member(struct key_rule *rule, const char *name, const json_t *v, struct err_at *at)
{
    char number[24];
    const char *text = json_string_value(v);
    if (json_is_integer(v)) {
        str_fmt(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
        text = number;
    }
    if (!text && !json_is_null(v))
        return err_say(at, ERR_INVALID, "neither a text nor a number");
    return key_rule_set(rule, name, text ? text : "-1", at);
}

static enum err read_key(struct keylist *rules, json_t *o, const char *place, struct err_at *at)
{
    struct key_rule rule = key_rule_any;
    const char *name;
    json_t *value;
    enum err e = ERR_OK;
    str_fmt(at->field, sizeof at->field, "%skey", place);
    if (!json_object_get(o, "key"))
        e = err_say(at, ERR_INVALID, "the key is missing");
    json_object_foreach(o, name, value)
    {
        if (e != ERR_OK)
            break;
        str_fmt(at->field, sizeof at->field, "%s%s", place, name);
        e = read_member(&rule, name, value, at);
    }
    if (e == ERR_OK && keylist_add(rules, &rule) == ERR_TOO_MANY)
        e = err_say(at, ERR_TOO_MANY, "more than %d keys", KEYLIST_MAX);
    bytes_wipe(&rule, sizeof rule);
    return e;
}

/* One key, or {"keys": [one, …]}. */
static enum err read_keys(struct keylist *rules, json_t *body, struct err_at *at)
{
    json_t *list = json_object_get(body, "keys");
    if (!list)
        return read_key(rules, body, "", at);
    str_copy(at->field, sizeof at->field, "keys");
    if (!json_is_array(list) || json_object_size(body) != 1)
        return err_say(at, ERR_INVALID, "keys is no list, or not alone");
    for (size_t i = 0; i < json_array_size(list); i++) {
        char place[32];
        str_fmt(place, sizeof place, "keys[%zu].", i);
        enum err e = read_key(rules, json_array_get(list, i), place, at);
        if (e != ERR_OK)
            return e;
    }
    return ERR_OK;
}

/* A key file, or JSON when the caller says so. */
static enum err read_body(struct http_call *c, struct keylist *rules, struct err_at *at)
{
    static const char json[] = "application/json";
    const char *type = http_head_field(&c->rq->head, "Content-Type");
    if (!type || strncasecmp(type, json, sizeof json - 1) != 0)
        return keylist_parse(rules, (const char *)c->rq->body, c->rq->body_len, at);
    c->body = http_read_json(c->rq->body, c->rq->body_len, at);
    return c->body ? read_keys(rules, c->body, at) : ERR_SYNTAX;
}

static void publish(const struct http_call *c)
{
    events_publish(c->app->events, &(struct event){ .type = EV_KEYS });
}

static void send_added(struct http_call *c, uint32_t first, size_t n)
{
    struct json_out *j = call_json(c);
    json_key_int(j, "added", (int64_t)n);
    json_key(j, "keys");
    json_array(j);
    for (size_t i = 0; i < n && i < SHOWN_MAX; i++)
        json_entry(j, keyring_after(c->app->keyring, first + (uint32_t)i - 1));
    json_array_end(j);
    call_send_json(c, 201);
}

void rest_keys_post(struct http_call *c)
{
    struct keylist *rules = keylist_create();
    struct err_at at = { 0 };
    uint32_t first = 0;
    size_t n = 0;
    enum err e = read_body(c, rules, &at);
    if (e == ERR_OK)
        e = keyring_add(c->app->keyring, rules, clock_utc(c->app->clock), &first, &n);
    keylist_free(rules);
    if (e != ERR_OK) {
        call_fail(c, e, &at);
        return;
    }
    call_audit(c, "added %zu encryption key%s", n, n == 1 ? "" : "s");
    publish(c);
    send_added(c, first, n);
}

/* --- removing --- */

/* False: refused. */
static bool remove_key(struct http_call *c, uint32_t id)
{
    enum err e = keyring_remove(c->app->keyring, id);
    if (e != ERR_OK)
        call_fail(c, e, NULL);
    else
        publish(c);
    return e == ERR_OK;
}

void rest_key_delete(struct http_call *c)
{
    uint64_t id;
    if (!call_number(c, c->arg[0], UINT32_MAX, &id) || !remove_key(c, (uint32_t)id))
        return;
    call_audit(c, "removed encryption key %u", (unsigned)id);
    call_send_empty(c);
}

/* --- the key linked to one meter --- */

void rest_meter_key_put(struct http_call *c)
{
    static const char *const members[] = { "key", NULL };
    const struct meter *m = rest_meter_find(c);
    const char *text;
    if (!m || !call_only(c, members) || !(text = call_need_text(c, "key")))
        return;
    struct key_rule rule = key_rule_any;
    struct err_at at = { .field = "key" };
    enum err e = key_rule_set(&rule, "key", text, &at);
    if (e == ERR_OK)
        e = keyring_link(c->app->keyring, m->id, rule.key, clock_utc(c->app->clock));
    bytes_wipe(&rule, sizeof rule);
    if (e != ERR_OK) {
        call_fail(c, e, &at);
        return;
    }
    call_audit(c, "linked an encryption key to meter %u (%08X)", m->id, m->ident);
    publish(c);
    json_entry(http_json(c->rq), keyring_of_meter(c->app->keyring, m->id));
    http_send(c->rq, 200, NULL);
}

void rest_meter_key_delete(struct http_call *c)
{
    const struct meter *m = rest_meter_find(c);
    if (!m)
        return;
    const struct keyring_entry *linked = keyring_of_meter(c->app->keyring, m->id);
    if (!linked) {
        call_fail_all(c, ERR_NOT_FOUND, "no key is linked to this meter", NULL, 0);
        return;
    }
    if (!remove_key(c, linked->id))
        return;
    call_audit(c, "removed the encryption key of meter %u (%08X)", m->id, m->ident);
    call_send_empty(c);
}
