/* http_call.c — what every REST handler does: read parameters, answer in JSON, refuse by name, leave a trace.
 *
 * Knows: how an enum err becomes a status, the shape of lists and errors. Does not know: any one call.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "protocols/http_call.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/civil.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/base/wr.h"
#include "core/gateway_settings.h"
#include "store/store.h"

enum { PAGE_DEFAULT = 100, PAGE_MAX = 1000 };

/* --- answers --- */

int call_status_of(enum err e)
{
    static const struct {
        enum err e;
        int status;
    } rows[] = {
        { ERR_NOT_FOUND, 404 }, { ERR_EXISTS, 409 }, { ERR_CONFLICT, 409 },  { ERR_TOO_BIG, 413 },
        { ERR_TOO_MANY, 409 },  { ERR_AUTH, 401 },   { ERR_DENIED, 403 },    { ERR_PASSWORD_CHANGE, 403 },
        { ERR_THROTTLED, 429 }, { ERR_BUSY, 503 },   { ERR_DISK_FULL, 507 }, { ERR_UNSUPPORTED, 409 },
        { ERR_LOCKED, 409 },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (rows[i].e == e)
            return rows[i].status;
    return err_blame(e) == BLAME_USER ? 422 : 500;
}

struct json_out *call_json(struct http_call *c)
{
    struct json_out *j = http_json(c->rq);
    json_object(j);
    return j;
}

void call_send_json(struct http_call *c, int status)
{
    json_object_end(http_json(c->rq));
    http_send(c->rq, status, NULL);
}

void call_send_empty(struct http_call *c)
{
    http_send(c->rq, 204, NULL);
}

void call_send_job(struct http_call *c, uint64_t job, const struct err_at *at)
{
    if (job == 0) {
        call_fail(c, ERR_CONFLICT, at);
        return;
    }
    char where[40];
    str_fmt(where, sizeof where, "/api/v1/jobs/%llu", (unsigned long long)job);
    http_field(c->rq, "Location", where);
    json_key(call_json(c), "job");
    json_uint(http_json(c->rq), job);
    call_send_json(c, 202);
}

/* A sentence: ends with a full stop, begins with a capital letter, unless a name comes first that must be read as it is
 * written. */
static void to_sentence(char *out, size_t size, const char *text, const char *name)
{
    str_copy(out, size - 1, text);
    size_t len = strlen(out);
    bool is_name_first = name && *name && strncmp(text, name, strlen(name)) == 0;
    if (!is_name_first && out[0] >= 'a' && out[0] <= 'z')
        out[0] = (char)(out[0] - 'a' + 'A');
    if (len > 0 && !strchr(".!?", out[len - 1]))
        str_copy(out + len, size - len, ".");
}

void call_fail_all(struct http_call *c, enum err e, const char *message, const struct err_at *details, size_t n)
{
    char sentence[300];
    to_sentence(sentence, sizeof sentence, message, n > 0 ? details[0].field : NULL);
    int status = call_status_of(e);
    if (status >= 500)
        log_warn("web", "%s %s: %s", http_method_name(c->rq->head.method), c->rq->head.path, sentence);
    http_send_error(c->rq, status, err_name(e), sentence, details, n);
}

void call_fail(struct http_call *c, enum err e, const struct err_at *at)
{
    bool has_place = at && (at->line || at->column || at->field[0]);
    call_fail_all(c, e, at && at->text[0] ? at->text : err_text(e), at, has_place ? 1 : 0);
}

void call_fail_field(struct http_call *c, enum err e, const char *field, const char *fmt, ...)
{
    struct err_at at = { 0 };
    str_copy(at.field, sizeof at.field, field);
    va_list args;
    va_start(args, fmt);
    str_vfmt(at.text, sizeof at.text, fmt, args);
    va_end(args);
    call_fail(c, e, &at);
}

void call_no_such(struct http_call *c, const char *what)
{
    struct err_at at = { 0 };
    enum err e = err_say(&at, ERR_NOT_FOUND, "there is no %s %s", what, c->arg[0]);
    call_fail(c, e, &at);
}

void call_throttled(struct http_call *c, enum err e, int64_t retry_after_s)
{
    char seconds[24];
    str_fmt(seconds, sizeof seconds, "%lld", (long long)(retry_after_s > 0 ? retry_after_s : 1));
    http_field(c->rq, "Retry-After", seconds);
    call_fail(c, e, NULL);
}

/* --- what was sent --- */

static bool query_time(struct http_call *c, const char *name, int64_t *out)
{
    const char *text = http_query_get(&c->query, name);
    if (!text || civil_parse_utc(text, out) == ERR_OK)
        return true;
    call_fail_field(c, ERR_SYNTAX, name, "%s is not a time such as 2026-10-01T20:00:00Z", name);
    return false;
}

bool call_page(struct http_call *c, struct page *out)
{
    struct page p = { .limit = PAGE_DEFAULT, .from_utc = 0, .to_utc = INT64_MAX };
    const char *limit = http_query_get(&c->query, "limit"), *cursor = http_query_get(&c->query, "cursor");
    int64_t n;
    if (limit) {
        if (str_to_i64(limit, 1, PAGE_MAX, &n) != ERR_OK) {
            call_fail_field(c, ERR_RANGE, "limit", "limit is not a number from 1 to %d", PAGE_MAX);
            return false;
        }
        p.limit = (size_t)n;
        p.has_limit = true;
    }
    if (cursor && str_to_i64(cursor, 1, INT64_MAX, &p.cursor) != ERR_OK) {
        call_fail_field(c, ERR_SYNTAX, "cursor", "cursor is none that a list gave as next");
        return false;
    }
    if (!query_time(c, "from", &p.from_utc) || !query_time(c, "to", &p.to_utc))
        return false;
    *out = p;
    return true;
}

bool call_number(struct http_call *c, const char *text, uint64_t max, uint64_t *out)
{
    if (str_to_u64(text, max, out) == ERR_OK && *out > 0)
        return true;
    struct err_at at = { 0 };
    enum err e = err_say(&at, ERR_NOT_FOUND, "there is nothing of the number %s", text);
    call_fail(c, e, &at);
    return false;
}

const char *call_text(struct http_call *c, const char *member)
{
    return json_string_value(json_object_get(c->body, member));
}

const char *call_need_text(struct http_call *c, const char *member)
{
    const char *text = call_text(c, member);
    if (!text)
        call_fail_field(c, ERR_INVALID, member, "%s is missing, or is no text", member);
    return text;
}

bool call_only(struct http_call *c, const char *const *members)
{
    const char *key;
    json_t *value;
    json_object_foreach(c->body, key, value)
    {
        const char *const *m = members;
        while (*m && !str_eq(*m, key))
            m++;
        if (*m)
            continue;
        char name[48];
        str_copy(name, sizeof name, key);
        call_fail_field(c, ERR_INVALID, name, "there is no member %s in this call", name);
        return false;
    }
    return true;
}

json_t *http_read_json(const void *bytes, size_t len, struct err_at *at)
{
    json_error_t why;
    if (len == 0)
        return json_pack("{}");
    json_t *body = json_loadb(bytes, len, JSON_REJECT_DUPLICATES, &why);
    if (json_is_object(body))
        return body;
    bool is_array = body != NULL;
    json_decref(body);
    at->line = !is_array && why.line > 0 ? (unsigned)why.line : 0;
    at->column = !is_array && why.column > 0 ? (unsigned)why.column : 0;
    err_say(at, ERR_SYNTAX, "the body is not a JSON object%s%s", is_array ? "" : ": ", is_array ? "" : why.text);
    return NULL;
}

bool call_has_csv(const struct http_call *c)
{
    return http_accepts(http_head_field(&c->rq->head, "Accept"), "text/csv");
}

/* --- the audit trail: who, from where, what; also a line in the log --- */

static void audit_put(struct http *h, const char *who, const char *peer, const char *what)
{
    char text[LOG_TEXT_MAX];
    str_fmt(text, sizeof text, "%s %s", peer, what);
    const struct store_entry e = {
        .utc_us = clock_utc_us(h->app->clock), .level = LOG_LEVEL_EVENT, .origin = who, .text = text
    };
    enum err err = store_journal_put(h->app->store, JOURNAL_AUDIT, &e);
    if (err != ERR_OK)
        log_error("web", "the audit trail could not be written: %s", err_text(err));
    log_info("web", "%s (%s): %s", who, peer, what);
}

void http_audit(struct http *h, const char *who, const char *peer, const char *fmt, ...)
{
    char what[LOG_TEXT_MAX - HTTP_PEER_MAX];
    va_list args;
    va_start(args, fmt);
    str_vfmt(what, sizeof what, fmt, args);
    va_end(args);
    audit_put(h, who, peer, what);
}

void call_audit(struct http_call *c, const char *fmt, ...)
{
    char what[LOG_TEXT_MAX - HTTP_PEER_MAX];
    va_list args;
    va_start(args, fmt);
    str_vfmt(what, sizeof what, fmt, args);
    va_end(args);
    audit_put(c->http, c->who.name, c->rq->peer, what);
}

/* --- CSV --- */

static bool is_number(const char *text)
{
    struct dec d;
    return dec_parse(text, &d) == ERR_OK;
}

void csv_cell(struct http_request *rq, const char *text, char after)
{
    bool is_formula = *text && strchr("=+-@\t\r", *text) && !is_number(text);
    bool needs_quotes = is_formula || strpbrk(text, "\",;\r\n");
    if (needs_quotes)
        http_write(rq, "\"", 1);
    if (is_formula)
        http_write(rq, "'", 1);
    for (const char *p = text; *p;) {
        size_t n = strcspn(p, "\"");
        http_write(rq, p, n);
        p += n;
        if (*p == '"') {
            http_write(rq, "\"\"", 2);
            p++;
        }
    }
    if (needs_quotes)
        http_write(rq, "\"", 1);
    http_write(rq, after == '\n' ? "\r\n" : &after, after == '\n' ? 2 : 1);
}

uint32_t http_meter_limit(const struct app *app)
{
    const struct meters_cfg *cfg = settings_cfg(app->settings, "meters", 0);
    return cfg->limit;
}
