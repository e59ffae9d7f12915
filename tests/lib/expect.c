/* expect.c — holds a decoded telegram against the JSON of an expectation.
 *
 * The telegram goes through our JSON writer first, so that is tested along.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/lib/expect.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/json_out.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "protocols/codec/mbus/telegram_json.h"

enum { JSON_MAX = 128 * 1024, LINE_MAX_HERE = 2048 };

struct check {
    char *why;
    size_t size;
};

static bool differ(struct check *c, const char *what, const json_t *got, const json_t *want)
{
    char *g = json_dumps(got, JSON_ENCODE_ANY), *w = json_dumps(want, JSON_ENCODE_ANY);
    str_fmt(c->why, c->size, "%s is %s, expected %s", what, g ? g : "missing", w ? w : "missing");
    free(g);
    free(w);
    return false;
}

/* Lengths without trailing blanks and NULs; a time without seconds is one with 00. */
static bool is_same_text(const json_t *got, const json_t *want)
{
    const char *g = json_string_value(got), *w = json_string_value(want);
    size_t g_len = json_string_length(got), w_len = json_string_length(want);
    while (g_len > 0 && (g[g_len - 1] == ' ' || g[g_len - 1] == '\0'))
        g_len--;
    while (w_len > 0 && (w[w_len - 1] == ' ' || w[w_len - 1] == '\0'))
        w_len--;
    bool is_same = g_len == w_len && !memcmp(g, w, g_len);
    return is_same || (w_len == strlen("2014-03-13T11:11") && g_len == w_len + 3 && !memcmp(g, w, w_len) &&
                       !memcmp(g + w_len, ":00", 3));
}

static bool is_close(double got, double want, double relative, double absolute)
{
    return fabs(got - want) <= fmax(absolute, relative * fmax(fabs(got), fabs(want)));
}

static bool is_same_value(const json_t *got, const json_t *want)
{
    if (json_is_string(want))
        return json_is_string(got) && is_same_text(got, want);
    if (json_is_null(want))
        return !json_is_number(got);
    return json_is_number(got) && is_close(json_number_value(got), json_number_value(want), 1e-6, 1e-6);
}

static bool is_same_unit(const json_t *got, const json_t *want)
{
    const char *g = json_string_value(got), *w = json_string_value(want);
    return str_eq(g ? g : "", w ? w : "");
}

static bool check_header(struct check *c, const json_t *want, const json_t *got)
{
    static const char *const members[] = {
        "id", "manufacturer", "version", "medium", "access_no", "status", "signature"
    };
    for (size_t i = 0; i < COUNT_OF(members); i++) {
        const json_t *w = json_object_get(want, members[i]), *g = json_object_get(got, members[i]);
        bool is_same = json_is_string(w) ? str_eq_nocase(json_string_value(w), json_string_value(g)) : json_equal(w, g);
        if (w && !is_same)
            return differ(c, members[i], g, w);
    }
    return true;
}

static bool check_record(struct check *c, const json_t *want, const json_t *got)
{
    static const char *const members[] = { "storage", "tariff", "subunit", "function", "quantity", "special" };
    char what[64];
    long long index = json_integer_value(json_object_get(want, "index"));
    for (size_t i = 0; i < COUNT_OF(members); i++) {
        const json_t *w = json_object_get(want, members[i]), *g = json_object_get(got, members[i]);
        str_fmt(what, sizeof what, "record %lld %s", index, members[i]);
        if (w && !json_is_null(w) && !json_equal(w, g))
            return differ(c, what, g, w);
    }
    const json_t *value = json_object_get(got, "value"), *wanted = json_object_get(want, "value");
    str_fmt(what, sizeof what, "record %lld value", index);
    if (json_is_true(json_object_get(want, "invalid")))
        return !json_is_number(value) || differ(c, what, value, NULL);
    if (wanted && !is_same_value(value, wanted))
        return differ(c, what, value, wanted);
    const json_t *unit = json_object_get(want, "unit");
    str_fmt(what, sizeof what, "record %lld unit", index);
    if (unit && !json_is_null(unit) && !is_same_unit(json_object_get(got, "unit"), unit))
        return differ(c, what, json_object_get(got, "unit"), unit);
    const json_t *means = json_object_get(want, "means");
    str_fmt(what, sizeof what, "record %lld meaning", index);
    if (means && !json_equal(json_object_get(got, "means"), means))
        return differ(c, what, json_object_get(got, "means"), means);
    return true;
}

static bool check_records(struct check *c, const json_t *want, const json_t *records)
{
    const json_t *count = json_object_get(want, "record_count");
    json_t *n = json_integer((json_int_t)json_array_size(records));
    bool is_right = (!count || json_equal(count, n)) || differ(c, "record count", n, count);
    json_decref(n);
    size_t i;
    const json_t *w;
    json_array_foreach(json_object_get(want, "records"), i, w)
    {
        size_t index = (size_t)json_integer_value(json_object_get(w, "index"));
        is_right = is_right && check_record(c, w, json_array_get(records, index));
    }
    return is_right;
}

/* A named value of a peer in its unit: the factor to ours, and our unit. */
static double to_base(const char **unit)
{
    static const struct {
        const char *unit, *base;
        double factor;
    } rows[] = { { "J", "Wh", 1 / 3600.0 }, { "J/h", "W", 1 / 3600.0 }, { "K", "C", 1 } };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (str_eq(*unit, rows[i].unit)) {
            *unit = rows[i].base;
            return rows[i].factor;
        }
    }
    return 1;
}

static bool carries(const json_t *record, const json_t *named)
{
    const json_t *value = json_object_get(named, "value"), *got = json_object_get(record, "value");
    if (json_is_string(value)) {
        const char *text = json_string_value(got), *w = json_string_value(value);
        return text && (is_same_text(got, value) || (str_starts(text, w) && text[strlen(w)] == 'T'));
    }
    const char *unit = json_string_value(json_object_get(named, "unit"));
    const char *got_unit = json_string_value(json_object_get(record, "unit"));
    unit = unit ? unit : "";
    got_unit = got_unit ? got_unit : "";
    const json_t *factor_json = json_object_get(named, "factor");
    double factor = factor_json ? json_number_value(factor_json) : 1;
    double base = to_base(&unit), want = json_number_value(value) * factor * base;
    double have = json_number_value(got) * to_base(&got_unit);
    return json_is_number(got) && (!*unit || str_eq(unit, got_unit)) &&
           is_close(have, want, 2e-6, fmax(1e-6, 0.6e-6 * factor * base));
}

/* Every value that a peer names must stand in some record. */
static bool check_values(struct check *c, const json_t *want, const json_t *records)
{
    size_t i, k;
    const json_t *named, *record;
    json_array_foreach(json_object_get(want, "values"), i, named)
    {
        bool is_found = false;
        json_array_foreach(records, k, record) is_found = is_found || carries(record, named);
        if (!is_found)
            return differ(c, json_string_value(json_object_get(named, "name")), NULL, json_object_get(named, "value"));
    }
    return true;
}

static bool check_all(struct check *c, const json_t *want, const json_t *got)
{
    const char *expect = json_string_value(json_object_get(want, "expect"));
    const json_t *ok = json_object_get(got, "ok"), *records = json_object_get(got, "records");
    if (!got || !json_is_boolean(ok) || (json_is_false(ok) && !json_object_get(got, "error")))
        return differ(c, "the answer", got, NULL);
    if (str_eq(expect, "no-crash"))
        return true;
    if (str_eq(expect, "reject"))
        return json_is_false(ok) || differ(c, "ok", ok, json_false());
    if (str_eq(expect, "application-error")) {
        const json_t *g = json_object_get(json_object_get(got, "application_error"), "code");
        const json_t *w = json_object_get(json_object_get(want, "application_error"), "code");
        return json_equal(g, w) || differ(c, "application error", g, w);
    }
    if (!check_header(c, json_object_get(want, "header"), json_object_get(got, "header")))
        return false;
    if (!str_eq(expect, "ok"))
        return true;
    if (!json_is_true(ok))
        return differ(c, "ok", json_object_get(got, "error"), json_true());
    return check_records(c, want, records) && check_values(c, want, records);
}

bool expect_telegram(const json_t *want, const struct telegram *t, enum err err, const struct err_at *at, char *why,
                     size_t size)
{
    struct check c = { why, size };
    char *text = xmalloc(JSON_MAX);
    struct json_out j;
    json_init(&j, text, JSON_MAX, NULL, NULL);
    telegram_json(&j, t, err, at);
    json_finish(&j);
    json_t *got = json_loadb(text, json_len(&j), JSON_ALLOW_NUL, NULL);
    bool is_right = check_all(&c, want, got);
    json_decref(got);
    free(text);
    return is_right;
}

bool expect_load_hex(const char *path, unsigned n, uint8_t *out, size_t size, size_t *len_out)
{
    char line[LINE_MAX_HERE];
    FILE *f = fopen(path, "r");
    if (!f)
        return false;
    bool has_line = fgets(line, sizeof line, f);
    for (; has_line && n > 0; n--)
        has_line = fgets(line, sizeof line, f);
    fclose(f);
    return has_line && str_from_hex(line, strcspn(line, " \r\n"), out, size, len_out) == ERR_OK;
}
