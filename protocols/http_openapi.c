/* http_openapi.c — the API document, OpenAPI 3.1: paths from the routing table, schemas from the table below.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "protocols/http_call.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "protocols/rest_calls.h"

/* type: a JSON type; "time", "dec" (a number with the meter's own decimals); a schema's name; "X[]" a list of it; '?' at
 * the end: may be null. */
static const struct field {
    const char *schema, *name, *type, *help;
} fields[] = {
    { "Health", "status", "string", "ok" },
    { "Error", "error", "string", "A word for programs" },
    { "Error", "message", "string", "A sentence for people" },
    { "Error", "details", "Detail[]", "" },
    { "Detail", "line", "integer", "Counts from 1; a heading is line 1" },
    { "Detail", "column", "integer", "Counts from 1" },
    { "Detail", "field", "string", "Column, member, parameter or setting" },
    { "Detail", "message", "string", "" },
    { "System", "product", "string", "" },
    { "System", "version", "string", "" },
    { "System", "serial", "string", "10 digits" },
    { "System", "time", "time", "" },
    { "System", "uptime_s", "integer", "" },
    { "System", "meters", "object", "active, passive, limit" },
    { "System", "store", "object", "bytes, values and what commits take" },
    { "System", "loop", "object", "The longest callback since the start" },
    { "System", "services", "object", "State of each service by its name" },
    { "BusList", "buses", "Bus[]", "" },
    { "Bus", "bus", "integer", "1 to 16" },
    { "Bus", "port", "string", "" },
    { "Bus", "state", "string", "up, down or off" },
    { "Bus", "since", "time?", "When it came into this state" },
    { "Bus", "why", "string?", "Why it is down" },
    { "Bus", "holder", "string?", "Who has the bus now" },
    { "Bus", "queued", "integer", "How many wait for the bus" },
    { "Bus", "readouts", "integer", "Meters read since the start" },
    { "Bus", "errors", "integer", "Of these failed" },
    { "Bus", "wire_busy", "number", "Share of the last minute with bits on the wire" },
    { "MeterPage", "meters", "Meter[]", "" },
    { "MeterPage", "next", "integer?", "Cursor of the next page" },
    { "Installed", "installed", "integer", "" },
    { "Installed", "meters", "Meter[]", "" },
    { "Meter", "id", "integer", "" },
    { "Meter", "position", "string", "Up to 100 bytes" },
    { "Meter", "secondary_address", "string", "8 hex digits" },
    { "Meter", "manufacturer", "string?", "Three letters" },
    { "Meter", "version", "integer?", "" },
    { "Meter", "medium", "integer?", "Device type of EN 13757-3" },
    { "Meter", "medium_name", "string?", "" },
    { "Meter", "addressing", "string", "primary, secondary or esecondary" },
    { "Meter", "primary_address", "integer?", "0 to 255" },
    { "Meter", "enhanced_address", "string?", "8 hex digits" },
    { "Meter", "baud", "integer", "" },
    { "Meter", "bus", "integer", "1 to 16" },
    { "Meter", "state", "string", "active or passive" },
    { "Meter", "installed", "time?", "" },
    { "Meter", "last_readout", "LastReadout", "" },
    { "Meter", "readouts", "integer", "Since the start" },
    { "Meter", "failed", "integer", "Since the start" },
    { "LastReadout", "time", "time?", "" },
    { "LastReadout", "status", "string?", "ok, no_answer, collision, garbled, wrong_meter, undecodable, no_key" },
    { "MeterChange", "position", "string", "" },
    { "MeterChange", "addressing", "string", "" },
    { "MeterChange", "primary_address", "integer?", "" },
    { "MeterChange", "enhanced_address", "string?", "" },
    { "MeterChange", "baud", "integer", "" },
    { "MeterChange", "bus", "integer", "" },
    { "MeterChange", "state", "string", "" },
    { "Latest", "time", "time", "" },
    { "Latest", "source", "string", "scheduled, manual, continuous or push" },
    { "Latest", "age_s", "integer", "" },
    { "Latest", "telegrams", "integer", "" },
    { "Latest", "header", "Header", "Of the first telegram" },
    { "Latest", "values", "Value[]", "" },
    { "Latest", "error", "string", "Why not all of it could be decoded" },
    { "Header", "id", "string", "8 hex digits" },
    { "Header", "manufacturer", "string", "" },
    { "Header", "version", "integer", "" },
    { "Header", "medium", "integer", "" },
    { "Header", "medium_name", "string", "" },
    { "Header", "access_no", "integer", "" },
    { "Header", "status", "integer", "" },
    { "Header", "signature", "string", "4 hex digits: the configuration word" },
    { "Value", "index", "integer", "Of the record in its telegram, from 0" },
    { "Value", "telegram", "integer", "From 0" },
    { "Value", "series", "integer?", "" },
    { "Value", "quantity", "string", "What DIF and VIF say; so are unit and value" },
    { "Value", "unit", "string", "" },
    { "Value", "value", "dec?", "A number, a text, or null; then note says why" },
    { "Value", "function", "string", "inst, max, min or error" },
    { "Value", "storage", "integer", "" },
    { "Value", "tariff", "integer", "" },
    { "Value", "subunit", "integer", "" },
    { "Value", "modifiers", "string[]", "What each VIFE makes of it" },
    { "Value", "means", "Meaning", "Only where a VIFE makes the number something else than quantity and unit say" },
    { "Value", "special", "string", "manufacturer or more-follows" },
    { "Value", "note", "string", "" },
    { "Meaning", "quantity", "string", "limit-duration, limit-count, date or date-time" },
    { "Meaning", "unit", "string", "s of a duration, else empty" },
    { "Meaning", "value", "dec?", "A number, the meter's local time as a text, or null when value is not sound" },
    { "ReadingPage", "readings", "Reading[]", "" },
    { "ReadingPage", "next", "integer?", "" },
    { "Reading", "time", "time", "" },
    { "Reading", "status", "string", "" },
    { "Reading", "values", "Value[]", "" },
    { "SeriesList", "series", "Series[]", "" },
    { "Series", "id", "integer", "" },
    { "Series", "meter", "integer", "" },
    { "Series", "quantity", "string", "" },
    { "Series", "unit", "string", "" },
    { "Series", "function", "string", "" },
    { "Series", "storage", "integer", "" },
    { "Series", "tariff", "integer", "" },
    { "Series", "subunit", "integer", "" },
    { "Series", "modifiers", "string[]", "" },
    { "Series", "values", "integer", "How many are stored, about" },
    { "ValuePage", "values", "array", "Pairs of time and value" },
    { "ValuePage", "next", "integer?", "" },
    { "KeyPage", "keys", "Key[]", "" },
    { "KeyPage", "next", "integer?", "" },
    { "Key", "id", "integer", "" },
    { "Key", "address", "string?", "Secondary address; null: any" },
    { "Key", "manufacturer", "string?", "Three letters; null: any" },
    { "Key", "deviceType", "integer?", "null: any" },
    { "Key", "version", "integer?", "null: any" },
    { "Key", "meter", "integer?", "The only meter that it counts for" },
    { "Key", "created", "time?", "" },
    { "NewKey", "address", "string?", "8 hex digits; -1 or null: any" },
    { "NewKey", "key", "string", "32 hex digits; never given back" },
    { "NewKey", "manufacturer", "string?", "Three letters; * or null: any" },
    { "NewKey", "deviceType", "integer?", "0 to 255; -1 or null: any" },
    { "NewKey", "version", "integer?", "0 to 255; -1 or null: any" },
    { "LinkedKey", "key", "string", "32 hex digits; never given back" },
    { "KeysAdded", "added", "integer", "Without those that were there already" },
    { "KeysAdded", "keys", "Key[]", "The first 100 of them" },
    { "ReadoutWish", "meters", "any", "\"all\" or a list of meter numbers, as numbers or as text" },
    { "SearchWish", "buses", "integer[]", "Numbers of interfaces, searched side by side; all enabled ones without" },
    { "SearchWish", "modes", "string[]",
      "secondary, primary, enhanced: one after the other, the first to find a meter counts; secondary without" },
    { "SearchWish", "mask", "string", "8 hex digits of secondary addresses, F for any digit" },
    { "SearchWish", "baud", "any", "A rate or a list of rates; that of the interface without" },
    { "SearchWish", "max_meters", "integer", "Ends the search when so many were found" },
    { "SearchWish", "install", "boolean", "Add what is found to the meter list, as it is found (true)" },
    { "SearchWish", "hex", "boolean", "Try the digits A to E everywhere, not only where they are likely (false)" },
    { "JobStarted", "job", "integer", "" },
    { "JobPage", "jobs", "Job[]", "" },
    { "JobPage", "next", "integer?", "" },
    { "Job", "id", "integer", "" },
    { "Job", "kind", "string", "" },
    { "Job", "state", "string", "waiting, running, done or failed" },
    { "Job", "progress", "object", "done, total" },
    { "Job", "errors", "JobError[]", "" },
    { "Job", "result", "any", "What the job brought; its shape is its kind's" },
    { "Job", "by", "string", "A user, or schedule" },
    { "Job", "attempts", "integer", "" },
    { "Job", "cancelled", "boolean", "" },
    { "Job", "created", "time?", "" },
    { "Job", "started", "time?", "" },
    { "Job", "ended", "time?", "" },
    { "JobError", "subject", "string", "Such as meter 13001651 or bus1" },
    { "JobError", "message", "string", "" },
    { "LogPage", "entries", "LogEntry[]", "" },
    { "LogPage", "next", "integer?", "" },
    { "LogEntry", "time", "time", "" },
    { "LogEntry", "severity", "string", "" },
    { "LogEntry", "origin", "string", "" },
    { "LogEntry", "text", "string", "" },
    { "AuditPage", "entries", "AuditEntry[]", "" },
    { "AuditPage", "next", "integer?", "" },
    { "AuditEntry", "time", "time", "" },
    { "AuditEntry", "user", "string", "" },
    { "AuditEntry", "from", "string", "Address" },
    { "AuditEntry", "text", "string", "" },
    { "PasswordChange", "old", "string", "" },
    { "PasswordChange", "new", "string", "8 to 128 bytes, letters and digits" },
    { "Login", "user", "string", "" },
    { "Login", "password", "string", "" },
    { "Session", "user", "string", "" },
    { "Session", "role", "string", "viewer, operator or admin" },
    { "Session", "csrf", "string?", "To be sent as X-CSRF-Token with changes" },
    { "Session", "password_change_required", "boolean", "" },
    { "SessionList", "sessions", "OpenSession[]", "" },
    { "OpenSession", "id", "integer", "" },
    { "OpenSession", "user", "string", "" },
    { "OpenSession", "from", "string", "Address" },
    { "OpenSession", "created", "time", "" },
    { "OpenSession", "seen", "time", "" },
    { "OpenSession", "current", "boolean", "This call's own" },
    { "UserList", "users", "User[]", "" },
    { "User", "name", "string", "" },
    { "User", "role", "string", "" },
    { "User", "password_change_required", "boolean", "" },
    { "User", "created", "time?", "" },
    { "User", "password_changed", "time?", "" },
    { "NewUser", "name", "string", "" },
    { "NewUser", "role", "string", "" },
    { "NewUser", "password", "string", "" },
    { "UserChange", "role", "string", "" },
    { "UserChange", "password", "string", "" },
    { "TokenList", "tokens", "Token[]", "" },
    { "Token", "id", "integer", "" },
    { "Token", "name", "string", "" },
    { "Token", "role", "string", "" },
    { "Token", "by", "string", "" },
    { "Token", "created", "time", "" },
    { "Token", "expires", "time?", "" },
    { "Token", "used", "time?", "" },
    { "NewToken", "name", "string", "" },
    { "NewToken", "role", "string", "" },
    { "NewToken", "expires", "time?", "" },
    { "TokenMade", "id", "integer", "" },
    { "TokenMade", "token", "string", "Shown this once" },
};
/* Schemas without fixed members. */
static const char *const open_schemas[] = { "Document", "Settings", "SettingRows", "Nothing" };

static const struct param {
    const char *name, *type, *help;
} params[] = {
    { "limit", "integer", "Elements of a page, 1 to 1000" },
    { "cursor", "integer", "next of the page before" },
    { "from", "string", "First time, such as 2026-10-01T20:00:00Z" },
    { "to", "string", "Time before which it ends" },
    { "step", "string", "Span that values are gathered over: 900, 15m, 1h, 1d; days are those of time.zone" },
    { "aggregate", "string", "none, mean, min, max, last or delta" },
    { "severity", "string", "One: that and above; several with commas: exactly these" },
    { "history", "string", "keep or delete" },
};

/* --- schemas --- */

static bool is_json_type(const char *type, size_t len)
{
    static const char *const types[] = { "string", "integer", "number", "boolean", "object", "array" };
    for (size_t i = 0; i < COUNT_OF(types); i++)
        if (bytes_equal(type, len, types[i], strlen(types[i])))
            return true;
    return false;
}

static void json_ref(struct json_out *j, const char *name, size_t len)
{
    char ref[80];
    str_fmt(ref, sizeof ref, "#/components/schemas/%.*s", (int)len, name);
    json_key_str(j, "$ref", ref);
}

/* "type", or ["type", "null"]. */
static void json_types(struct json_out *j, const char *type, size_t len, bool is_optional)
{
    json_key(j, "type");
    if (is_optional)
        json_array(j);
    json_str_n(j, type, len);
    if (is_optional) {
        json_str(j, "null");
        json_array_end(j);
    }
}

static void json_schema_type(struct json_out *j, const char *type)
{
    size_t len = strlen(type);
    bool is_optional = type[len - 1] == '?';
    len -= is_optional;
    if (len > 2 && type[len - 2] == '[') {
        json_key_str(j, "type", "array");
        json_key(j, "items");
        json_object(j);
        char item[40];
        str_copy_n(item, sizeof item, type, len - 2);
        json_schema_type(j, item);
        json_object_end(j);
    } else if (bytes_equal(type, len, "time", 4)) {
        json_types(j, "string", 6, is_optional);
        json_key_str(j, "format", "date-time");
    } else if (is_json_type(type, len)) {
        json_types(j, type, len, is_optional);
    } else if (!bytes_equal(type, len, "any", 3) && !bytes_equal(type, len, "dec", 3)) {
        json_ref(j, type, len);
    }
}

/* All fields of the schema that begins at row i; returns the first row after it. */
static size_t json_schema(struct json_out *j, size_t i)
{
    const char *name = fields[i].schema;
    json_key(j, name);
    json_object(j);
    json_key_str(j, "type", "object");
    json_key(j, "properties");
    json_object(j);
    for (; i < COUNT_OF(fields) && str_eq(fields[i].schema, name); i++) {
        json_key(j, fields[i].name);
        json_object(j);
        json_schema_type(j, fields[i].type);
        if (fields[i].help[0])
            json_key_str(j, "description", fields[i].help);
        json_object_end(j);
    }
    json_object_end(j);
    json_object_end(j);
    return i;
}

static void json_components(struct json_out *j)
{
    json_key(j, "components");
    json_object(j);
    json_key(j, "schemas");
    json_object(j);
    for (size_t i = 0; i < COUNT_OF(fields);)
        i = json_schema(j, i);
    for (size_t i = 0; i < COUNT_OF(open_schemas); i++) {
        json_key(j, open_schemas[i]);
        json_object(j);
        json_key_str(j, "type", str_eq(open_schemas[i], "SettingRows") ? "array" : "object");
        json_object_end(j);
    }
    json_object_end(j);
    json_key(j, "securitySchemes");
    static const char schemes[] = "{\"basic\":{\"type\":\"http\",\"scheme\":\"basic\"},"
                                  "\"bearer\":{\"type\":\"http\",\"scheme\":\"bearer\"},"
                                  "\"session\":{\"type\":\"apiKey\",\"in\":\"cookie\",\"name\":\"metergate\"}}";
    json_raw(j, schemes, sizeof schemes - 1);
    json_object_end(j);
}

/* --- calls --- */

static void json_media(struct json_out *j, const char *what)
{
    bool is_media = strchr(what, '/') != NULL;
    json_key(j, is_media ? what : "application/json");
    json_object(j);
    json_key(j, "schema");
    json_object(j);
    is_media ? json_key_str(j, "type", "string") : json_ref(j, what, strlen(what));
    json_object_end(j);
    json_object_end(j);
}

static void json_content(struct json_out *j, const char *what)
{
    char word[40];
    json_key(j, "content");
    json_object(j);
    for (const char *p = what; *p; p += strspn(p, " ")) {
        size_t len = strcspn(p, " ");
        str_copy_n(word, sizeof word, p, len);
        json_media(j, word);
        p += len;
    }
    json_object_end(j);
}

static void json_param(struct json_out *j, const char *name, size_t len, bool is_path)
{
    const struct param *p = NULL;
    for (size_t i = 0; i < COUNT_OF(params) && !is_path; i++)
        if (bytes_equal(params[i].name, strlen(params[i].name), name, len))
            p = &params[i];
    json_object(j);
    json_key(j, "name");
    json_str_n(j, name, len);
    json_key_str(j, "in", is_path ? "path" : "query");
    json_key_bool(j, "required", is_path);
    json_key(j, "schema");
    json_object(j);
    json_key_str(j, "type", p ? p->type : "string");
    json_object_end(j);
    if (p)
        json_key_str(j, "description", p->help);
    json_object_end(j);
}

static void json_params(struct json_out *j, const struct http_route *r)
{
    json_key(j, "parameters");
    json_array(j);
    for (const char *p = strchr(r->path, '{'); p; p = strchr(p, '{')) {
        p++;
        json_param(j, p, strcspn(p, "}"), true);
    }
    for (const char *p = r->params; *p; p += strspn(p, " ")) {
        size_t len = strcspn(p, " ");
        json_param(j, p, len, false);
        p += len;
    }
    json_array_end(j);
}

static void json_answer(struct json_out *j, const char *status, const char *description, const char *what)
{
    json_key(j, status);
    json_object(j);
    json_key_str(j, "description", description);
    if (what)
        json_content(j, what);
    json_object_end(j);
}

static void json_security(struct json_out *j, const struct http_route *r)
{
    static const char any[] = "[{\"basic\":[]},{\"bearer\":[]},{\"session\":[]}]";
    json_key(j, "security");
    r->access == OPEN_TO_ALL ? json_raw(j, "[]", 2) : json_raw(j, any, sizeof any - 1);
}

static const char *access_word(enum http_access a)
{
    switch (a) {
    case OPEN_TO_ALL:
        return "nobody in particular";
    case FOR_ANY_USER:
    case FOR_VIEWER:
        return "viewer";
    case FOR_OPERATOR:
        return "operator";
    case FOR_ADMIN:
        return "admin";
    }
    return "";
}

static void json_operation(struct json_out *j, const struct http_route *r)
{
    static const char *const words[HTTP_N_METHODS] = {
        [HTTP_GET] = "get",     [HTTP_HEAD] = "head",     [HTTP_POST] = "post",      [HTTP_PUT] = "put",
        [HTTP_PATCH] = "patch", [HTTP_DELETE] = "delete", [HTTP_OPTIONS] = "options"
    };
    char status[8];
    json_key(j, words[r->method]);
    json_object(j);
    json_key_str(j, "summary", r->summary);
    json_key_str(j, "x-role", access_word(r->access));
    json_params(j, r);
    if (r->takes) {
        json_key(j, "requestBody");
        json_object(j);
        json_content(j, r->takes);
        json_object_end(j);
    }
    json_key(j, "responses");
    json_object(j);
    str_fmt(status, sizeof status, "%d", r->status);
    json_answer(j, status, r->summary, r->gives);
    json_answer(j, "default", "Refused", "Error");
    json_object_end(j);
    json_security(j, r);
    json_object_end(j);
}

static bool is_first_of_path(const struct http_route *r)
{
    for (const struct http_route *o = http_routes; o < r; o++)
        if (str_eq(o->path, r->path))
            return false;
    return true;
}

static void json_paths(struct json_out *j)
{
    json_key(j, "paths");
    json_object(j);
    for (const struct http_route *r = http_routes; r < http_routes + http_n_routes; r++) {
        if (!is_first_of_path(r))
            continue;
        json_key(j, r->path);
        json_object(j);
        for (const struct http_route *o = r; o < http_routes + http_n_routes; o++)
            if (str_eq(o->path, r->path))
                json_operation(j, o);
        json_object_end(j);
    }
    json_object_end(j);
}

void rest_openapi_get(struct http_call *c)
{
    struct json_out *j = call_json(c);
    json_key_str(j, "openapi", "3.1.0");
    json_key(j, "info");
    json_object(j);
    json_key_str(j, "title", "Metergate");
    json_key_str(j, "version", c->app->version);
    json_object_end(j);
    json_paths(j);
    json_components(j);
    call_send_json(c, 200);
}
