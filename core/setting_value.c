/* setting_value.c — the types of settings: what text each takes, how it lies in a config struct, what it shows.
 *
 * Knows: numbers, sizes, hosts, URLs, ports, cron patterns, zones. Does not know: keys, files, transactions.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/setting_value.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/addr.h"
#include "core/base/bug.h"
#include "core/base/civil.h"
#include "core/base/mem.h"
#include "core/base/num.h"
#include "core/base/str.h"
#include "core/cron.h"

static enum err parse_bool(const char *text, bool *out, struct err_at *at)
{
    static const char *const yes[] = { "true", "yes", "on", "1" }, *const no[] = { "false", "no", "off", "0" };
    for (size_t i = 0; i < COUNT_OF(yes); i++) {
        if (str_eq_nocase(text, yes[i]) || str_eq_nocase(text, no[i])) {
            *out = str_eq_nocase(text, yes[i]);
            return ERR_OK;
        }
    }
    return err_say(at, ERR_SYNTAX, "true or false");
}

static enum err parse_int(const struct setting *row, const char *text, int64_t *out, struct err_at *at)
{
    enum err e = str_to_i64(text, row->min, row->max, out);
    if (e == ERR_OK)
        return ERR_OK;
    return err_say(at, e, "a number%s%s from %lld to %lld", *row->unit ? " of " : "", row->unit, (long long)row->min,
                   (long long)row->max);
}

struct size_unit {
    char letter;
    uint64_t factor;
};
static const struct size_unit size_units[] = { { 'G', 1 << 30 }, { 'M', 1 << 20 }, { 'K', 1 << 10 } };

static void size_text(char *out, size_t size, uint64_t v)
{
    for (size_t i = 0; i < COUNT_OF(size_units); i++) {
        if (v && v % size_units[i].factor == 0) {
            str_fmt(out, size, "%llu%c", (unsigned long long)(v / size_units[i].factor), size_units[i].letter);
            return;
        }
    }
    str_fmt(out, size, "%llu", (unsigned long long)v);
}

static enum err parse_size(const struct setting *row, const char *text, uint64_t *out, struct err_at *at)
{
    char digits[24], low[32], high[32];
    uint64_t v = 0, factor = 1;
    size_t len = strlen(text);
    for (size_t i = 0; len > 0 && i < COUNT_OF(size_units); i++) {
        if ((text[len - 1] & ~0x20) == size_units[i].letter)
            factor = size_units[i].factor;
    }
    bool ok = str_copy_n(digits, sizeof digits, text, factor > 1 ? len - 1 : len) &&
              str_to_u64(digits, UINT64_MAX, &v) == ERR_OK && !__builtin_mul_overflow(v, factor, &v);
    if (ok && v >= (uint64_t)row->min && v <= (uint64_t)row->max) {
        *out = v;
        return ERR_OK;
    }
    size_text(low, sizeof low, (uint64_t)row->min);
    size_text(high, sizeof high, (uint64_t)row->max);
    return err_say(at, ERR_RANGE, "a size in bytes, or with K, M or G, from %s to %s", low, high);
}

static enum err parse_enum(const struct setting *row, const char *text, int *out, struct err_at *at)
{
    char all[160] = "";
    for (int i = 0; row->choices[i]; i++) {
        if (str_eq_nocase(text, row->choices[i])) {
            *out = i;
            return ERR_OK;
        }
        size_t len = strlen(all);
        str_fmt(all + len, sizeof all - len, "%s%s", i ? ", " : "", row->choices[i]);
    }
    return err_say(at, ERR_INVALID, "one of %s", all);
}

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Names after RFC 1123, underscores allowed; what looks like an IPv4 address must be one. */
static bool host_is_name(const char *text)
{
    size_t label = 0, len = strlen(text);
    bool is_number = true;
    if (len == 0 || len > 253)
        return false;
    for (const char *p = text; *p; p++) {
        if (*p == '.') {
            if (label == 0 || p[-1] == '-')
                return false;
            label = 0;
            is_number = true;
            continue;
        }
        if (!is_alnum(*p) && *p != '_' && (*p != '-' || label == 0))
            return false;
        is_number = is_number && *p >= '0' && *p <= '9';
        if (++label > 63)
            return false;
    }
    return text[len - 1] != '-' && !(is_number && label > 0);
}

static bool host_is_valid(const char *text)
{
    return addr_is_ipv4(text) || addr_is_ipv6(text) || host_is_name(text);
}

/* "HOST", "HOST:PORT", "[IPV6]:PORT"; the port may be missing only if it is not needed. */
static bool host_port_is_valid(const char *text, size_t len, bool needs_port)
{
    char host[256];
    uint64_t port = 1;
    const char *end = text + len, *host_end, *rest;
    bool is_bracketed = len > 0 && *text == '[';
    if (is_bracketed) {
        host_end = memchr(text, ']', len);
        rest = host_end ? host_end + 1 : NULL;
        text++;
    } else {
        host_end = memchr(text, ':', len);
        rest = host_end = host_end ? host_end : end;
    }
    if (!host_end || !str_copy_n(host, sizeof host, text, (size_t)(host_end - text)))
        return false;
    if (rest < end) {
        char digits[8];
        if (*rest != ':' || !str_copy_n(digits, sizeof digits, rest + 1, (size_t)(end - rest - 1)) ||
            str_to_u64(digits, 65535, &port) != ERR_OK)
            return false;
    } else if (needs_port) {
        return false;
    }
    return port > 0 && (is_bracketed ? addr_is_ipv6(host) : host_is_valid(host));
}

static bool is_printable(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text <= ' ' || *text == 0x7F)
            return false;
    }
    return true;
}

static bool url_is_valid(const char *text)
{
    static const char *const schemes[] = {
        "http://", "https://", "ftp://", "ftps://", "sftp://", "mqtt://", "mqtts://"
    };
    for (size_t i = 0; i < COUNT_OF(schemes); i++) {
        if (!str_starts(text, schemes[i]))
            continue;
        const char *authority = text + strlen(schemes[i]), *at = NULL;
        size_t len = strcspn(authority, "/?#");
        for (size_t k = 0; k < len; k++) {
            if (authority[k] == '@')
                at = authority + k;
        }
        if (at) {
            len -= (size_t)(at + 1 - authority);
            authority = at + 1;
        }
        return is_printable(text) && host_port_is_valid(authority, len, false);
    }
    return false;
}

static bool port_is_valid(const char *text)
{
    if (str_starts(text, "serial:"))
        return text[7] == '/' && is_printable(text) && text[8];
    return str_starts(text, "tcp:") && host_port_is_valid(text + 4, strlen(text + 4), true);
}

static enum err check_zone(const char *text, struct err_at *at)
{
    struct zone *z;
    enum err e = zone_load(text, &z);
    if (e != ERR_OK)
        return err_say(at, ERR_INVALID, "a time zone such as UTC or Europe/Stockholm");
    zone_free(z);
    return ERR_OK;
}

static enum err check_cron(const char *text, struct err_at *at)
{
    struct err_at why = { 0 };
    struct cron cron;
    enum err e = cron_parse(&cron, text, &why);
    return e == ERR_OK ? e : err_say(at, e, "a cron pattern; %s", why.text);
}

static bool is_clean_text(const char *text)
{
    if (!str_is_utf8(text, strlen(text)))
        return false;
    for (; *text; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7F)
            return false;
    }
    return true;
}

static enum err check_text(const struct setting *row, const char *text, struct err_at *at)
{
    if (strlen(text) > (size_t)row->max || strlen(text) >= SETTING_VALUE_MAX)
        return err_say(at, ERR_TOO_BIG, "a text of at most %lld bytes", (long long)row->max);
    if (!is_clean_text(text))
        return err_say(at, ERR_INVALID, "a text in UTF-8 without control characters");
    if (!*text && row->type != SETTING_ZONE)
        return ERR_OK;
    switch (row->type) {
    case SETTING_HOST:
        return host_is_valid(text) ? ERR_OK : err_say(at, ERR_INVALID, "a host name or an IP address");
    case SETTING_URL:
        return url_is_valid(text) ? ERR_OK
                                  : err_say(at, ERR_INVALID,
                                            "a URL such as https://host/path, with the scheme http, https, "
                                            "ftp, ftps, sftp, mqtt or mqtts");
    case SETTING_PORT:
        return port_is_valid(text) ? ERR_OK : err_say(at, ERR_INVALID, "serial:/dev/NAME, tcp:HOST:PORT, or empty");
    case SETTING_CRON:
        return check_cron(text, at);
    case SETTING_ZONE:
        return check_zone(text, at);
    case SETTING_TEXT:
    case SETTING_SECRET:
    case SETTING_BOOL:
    case SETTING_INT:
    case SETTING_UINT:
    case SETTING_SIZE:
    case SETTING_ENUM:
        break;
    }
    return ERR_OK;
}

enum err setting_value_parse(const struct setting *row, const char *text, void *field, struct err_at *at)
{
    int64_t number;
    enum err e;
    switch (row->type) {
    case SETTING_BOOL:
        return parse_bool(text, field, at);
    case SETTING_INT:
        return parse_int(row, text, field, at);
    case SETTING_UINT:
        e = parse_int(row, text, &number, at);
        if (e == ERR_OK)
            *(uint32_t *)field = (uint32_t)number;
        return e;
    case SETTING_SIZE:
        return parse_size(row, text, field, at);
    case SETTING_ENUM:
        return parse_enum(row, text, field, at);
    case SETTING_TEXT:
    case SETTING_SECRET:
    case SETTING_HOST:
    case SETTING_URL:
    case SETTING_CRON:
    case SETTING_PORT:
    case SETTING_ZONE:
        e = check_text(row, text, at);
        if (e == ERR_OK) {
            /* The rest is zeroed, so that equal values are equal bytes. */
            bytes_fill(field, 0, setting_value_size(row));
            str_copy(field, setting_value_size(row), text);
        }
        return e;
    }
    bug_found(__FILE__, __LINE__, "no such type of setting");
}

const char *setting_value_text(const struct setting *row, const void *field, char buf[static SETTING_VALUE_MAX])
{
    switch (row->type) {
    case SETTING_BOOL:
        return *(const bool *)field ? "true" : "false";
    case SETTING_INT:
        str_fmt(buf, SETTING_VALUE_MAX, "%lld", (long long)*(const int64_t *)field);
        return buf;
    case SETTING_UINT:
        str_fmt(buf, SETTING_VALUE_MAX, "%u", *(const uint32_t *)field);
        return buf;
    case SETTING_SIZE:
        size_text(buf, SETTING_VALUE_MAX, *(const uint64_t *)field);
        return buf;
    case SETTING_ENUM:
        return row->choices[*(const int *)field];
    case SETTING_TEXT:
    case SETTING_SECRET:
    case SETTING_HOST:
    case SETTING_URL:
    case SETTING_CRON:
    case SETTING_PORT:
    case SETTING_ZONE:
        return field;
    }
    bug_found(__FILE__, __LINE__, "no such type of setting");
}

size_t setting_value_size(const struct setting *row)
{
    switch (row->type) {
    case SETTING_BOOL:
        return sizeof(bool);
    case SETTING_INT:
        return sizeof(int64_t);
    case SETTING_UINT:
        return sizeof(uint32_t);
    case SETTING_SIZE:
        return sizeof(uint64_t);
    case SETTING_ENUM:
        return sizeof(int);
    case SETTING_TEXT:
    case SETTING_SECRET:
    case SETTING_HOST:
    case SETTING_URL:
    case SETTING_CRON:
    case SETTING_PORT:
    case SETTING_ZONE:
        return (size_t)row->max + 1;
    }
    bug_found(__FILE__, __LINE__, "no such type of setting");
}

const char *setting_type_name(enum setting_type type)
{
    static const char *const names[] = { "bool", "int",  "uint", "size", "text", "secret",
                                         "enum", "host", "url",  "cron", "port", "zone" };
    BUG_IF((size_t)type >= COUNT_OF(names));
    return names[type];
}
