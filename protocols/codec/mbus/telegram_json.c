/* telegram_json.c — a decoded telegram as one JSON object.
 *
 * Knows: the names of the members.
 * Does not know: bytes of the wire; how a value is printed (reading.c).
 * SPDX-License-Identifier: Apache-2.0
 */
#include "protocols/codec/mbus/telegram_json.h"

#include "core/base/str.h"
#include "protocols/codec/mbus/address.h"
#include "protocols/codec/mbus/apdu.h"

static const char *link_name(enum telegram_link link)
{
    switch (link) {
    case LINK_WIRED:
        return "wired";
    case LINK_WMBUS:
        return "wireless";
    case LINK_RECORD:
        return "record";
    case LINK_AUTO:
        break;
    }
    return "auto";
}

static const char *security_name(enum telegram_security security)
{
    switch (security) {
    case SECURITY_NONE:
        return "none";
    case SECURITY_MODE5:
        return "mode5";
    case SECURITY_MODE7:
        return "mode7";
    case SECURITY_ELL_CTR:
        return "ell-ctr";
    case SECURITY_REMOVED:
        return "removed";
    case SECURITY_CLOSED:
        return "closed";
    }
    return "unknown";
}

/* A number of two or four hex digits, as a text. */
static void key_hex(struct json_out *j, const char *key, unsigned v, int digits)
{
    char text[5];
    for (int i = 0; i < digits; i++)
        text[i] = "0123456789ABCDEF"[v >> (4 * (digits - 1 - i)) & 0xF];
    text[digits] = 0;
    json_key(j, key);
    json_plain(j, text);
}

/* The fixed data structure has neither maker nor version. */
static void key_address(struct json_out *j, const struct telegram_head *head, bool is_fixed)
{
    char ident[ADDRESS_TEXT_MAX], maker[4];
    address_ident_text(ident, head->ident);
    json_key(j, "id");
    json_plain(j, ident);
    json_key(j, "manufacturer");
    maker_text(head->maker, maker);
    json_str(j, is_fixed ? NULL : maker);
    json_key(j, "version");
    if (is_fixed)
        json_null(j);
    else
        json_int(j, head->version);
    json_key_int(j, "medium", head->medium);
}

void telegram_head_json(struct json_out *j, const struct telegram *t)
{
    json_object(j);
    key_address(j, &t->head, t->is_fixed);
    json_key(j, "medium_name");
    json_plain(j, medium_name(t->head.medium));
    if (t->has_access)
        json_key_int(j, "access_no", t->head.access_no);
    if (t->has_status) {
        json_key_int(j, "status", t->head.status);
        if (!t->is_fixed)
            key_hex(j, "signature", t->head.signature, 4);
    }
    json_object_end(j);
}

static void put_error(struct json_out *j, enum err err, const struct err_at *at)
{
    char text[sizeof at->text + 40];
    const char *what = at->text[0] ? at->text : err_text(err);
    if (at->has_offset)
        str_fmt(text, sizeof text, "byte %zu: %s", at->offset, what);
    else
        str_copy(text, sizeof text, what);
    json_key_str(j, "error", text);
    json_key(j, "error_code");
    json_plain(j, err_name(err));
    if (at->has_offset)
        json_key_int(j, "offset", (int64_t)at->offset);
}

static void put_link(struct json_out *j, const struct telegram *t)
{
    if (t->link == LINK_AUTO)
        return;
    json_key(j, "link");
    json_plain(j, link_name(t->link));
    if (t->link == LINK_RECORD)
        return;
    key_hex(j, "c", t->c, 2);
    if (t->link == LINK_WIRED)
        json_key_int(j, "address", t->a);
    if (t->ci)
        key_hex(j, "ci", t->ci, 2);
    if (t->has_radio && (t->radio.ident != t->head.ident || t->radio.maker != t->head.maker)) {
        json_key(j, "radio");
        json_object(j);
        key_address(j, &t->radio, false);
        json_object_end(j);
    }
}

static void put_layers(struct json_out *j, const struct telegram *t)
{
    if (t->security != SECURITY_NONE) {
        json_key(j, "encryption");
        json_plain(j, security_name(t->security));
    }
    if (t->security_mode)
        json_key_int(j, "security_mode", t->security_mode);
    if (t->mac != MAC_NONE)
        json_key_bool(j, "mac_right", t->mac == MAC_RIGHT);
    if (t->is_compact)
        key_hex(j, "format_signature", t->format_signature, 4);
    if (t->more_follows)
        json_key_bool(j, "more_follows", true);
}

static void put_app_error(struct json_out *j, const struct telegram *t)
{
    json_key(j, "application_error");
    json_object(j);
    json_key_int(j, "code", t->app_error);
    json_key(j, "text");
    json_plain(j, apdu_error_text(t->app_error));
    json_object_end(j);
}

static void put_records(struct json_out *j, const struct telegram *t)
{
    json_key(j, "records");
    json_array(j);
    for (size_t i = 0; i < t->n_values; i++) {
        json_object(j);
        value_json_members(j, &t->values[i]);
        json_object_end(j);
    }
    json_array_end(j);
}

void telegram_json(struct json_out *j, const struct telegram *t, enum err err, const struct err_at *at)
{
    json_object(j);
    json_key_bool(j, "ok", err == ERR_OK);
    if (err != ERR_OK)
        put_error(j, err, at);
    put_link(j, t);
    if (t->has_head) {
        json_key(j, "header");
        telegram_head_json(j, t);
    }
    put_layers(j, t);
    if (t->has_app_error)
        put_app_error(j, t);
    if (t->has_alarm)
        json_key_int(j, "alarm", t->alarm);
    put_records(j, t);
    json_object_end(j);
}
