/* rest_series.c — the values of one series, as stored or gathered in steps.
 *
 * Steps of more than an hour follow the gateway's time zone, so that a day is a day of its people. Least, greatest, last and
 * difference are exact decimals; only a mean is rounded.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "protocols/http_call.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/civil.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/num.h"
#include "core/base/str.h"
#include "core/reading.h"
#include "protocols/rest_calls.h"
#include "store/store.h"

enum { VALUES_A_PIECE = 4000, STEP_MAX_S = 366 * 86400 };

enum aggregate { AGG_NONE, AGG_MEAN, AGG_MIN, AGG_MAX, AGG_LAST, AGG_DELTA, AGG_N };
static const char *const aggregate_names[AGG_N] = { "none", "mean", "min", "max", "last", "delta" };

struct values { /* an answer under way */
    const struct app *app;
    struct http_request *rq;
    uint32_t series;
    int64_t at_utc, to_utc; /* what is still to come; at_utc 0: nothing */
    size_t left;
    enum aggregate aggregate;
    int64_t step_s; /* 0: all values in one step */
    bool has_begun;
    /* the step that is being gathered */
    bool is_open;
    struct zone_step step;
    size_t n;
    double sum;
    struct dec least, greatest, last;
    struct dec before; /* the last value before this step */
    bool has_before;
};

static void json_point(struct json_out *j, int64_t utc)
{
    json_array(j);
    json_utc(j, utc);
}

/* a - b without rounding; where the digits do not fit, as near as a double comes. */
static void json_difference(struct json_out *j, struct dec a, struct dec b)
{
    while (a.exp10 > b.exp10 && num_mul(a.mantissa, 10, &a.mantissa))
        a.exp10--;
    while (b.exp10 > a.exp10 && num_mul(b.mantissa, 10, &b.mantissa))
        b.exp10--;
    struct dec d = { 0, a.exp10 };
    if (a.exp10 == b.exp10 && num_sub(a.mantissa, b.mantissa, &d.mantissa))
        json_dec(j, d);
    else
        json_double(j, dec_to_double(a) - dec_to_double(b));
}

static void close_step(struct values *vs)
{
    if (!vs->is_open)
        return;
    struct json_out *j = http_json(vs->rq);
    json_point(j, vs->step.from_utc);
    switch (vs->aggregate) {
    case AGG_MEAN:
        json_double(j, vs->sum / (double)vs->n);
        break;
    case AGG_MIN:
        json_dec(j, vs->least);
        break;
    case AGG_MAX:
        json_dec(j, vs->greatest);
        break;
    case AGG_NONE:
    case AGG_LAST:
    case AGG_N:
        json_dec(j, vs->last);
        break;
    case AGG_DELTA:
        json_difference(j, vs->last, vs->before);
        break;
    }
    json_array_end(j);
    vs->before = vs->last;
    vs->has_before = true;
    vs->is_open = false;
    vs->left--;
}

static void open_step(struct values *vs, int64_t utc, struct dec d)
{
    vs->is_open = true;
    vs->step = vs->step_s > 0 ? zone_step_of(vs->app->zone, utc, vs->step_s) : (struct zone_step){ utc, INT64_MAX };
    vs->n = 0;
    vs->sum = 0;
    vs->least = vs->greatest = d;
    if (!vs->has_before) /* nothing came before the first value: it is where the count begins */
        vs->before = d;
    vs->has_before = true;
}

static bool gather(void *ctx, int64_t utc, const struct value *v)
{
    struct values *vs = ctx;
    struct dec d;
    if (v->kind != VALUE_NUMBER || v->note || !value_canonical(v, &d))
        return true;
    if (vs->is_open && utc >= vs->step.to_utc) {
        close_step(vs);
        if (vs->left == 0) {
            vs->at_utc = utc;
            return false;
        }
    }
    if (!vs->is_open)
        open_step(vs, utc, d);
    vs->n++;
    vs->sum += dec_to_double(d);
    if (dec_compare(d, vs->least) < 0)
        vs->least = d;
    if (dec_compare(d, vs->greatest) > 0)
        vs->greatest = d;
    vs->last = d;
    return true;
}

static bool each_value(void *ctx, int64_t utc, const struct value *v)
{
    struct values *vs = ctx;
    struct json_out *j = http_json(vs->rq);
    json_point(j, utc);
    value_json(j, v);
    json_array_end(j);
    vs->left--;
    return true;
}

static void end_values(struct values *vs)
{
    struct json_out *j = http_json(vs->rq);
    close_step(vs);
    json_array_end(j);
    json_key(j, "next");
    vs->at_utc ? json_int(j, vs->at_utc) : json_null(j);
    json_object_end(j);
}

static bool step_values(void *ctx, struct http_request *rq)
{
    struct values *vs = ctx;
    if (!vs->has_begun) {
        struct json_out *j = http_json(rq);
        json_object(j);
        json_key(j, "values");
        json_array(j);
        vs->has_begun = true;
    }
    bool is_plain = vs->aggregate == AGG_NONE;
    size_t n = is_plain && vs->left < VALUES_A_PIECE ? vs->left : VALUES_A_PIECE;
    int64_t next = 0;
    enum err e =
        store_values(vs->app->store, vs->series, vs->at_utc, vs->to_utc, n, is_plain ? each_value : gather, vs, &next);
    bool is_full = vs->left == 0 && !is_plain; /* gather() has said where the next page begins */
    if (!is_full)
        vs->at_utc = next;
    if (e != ERR_OK)
        log_error("web", "values of series %u: %s", vs->series, err_text(e));
    bool goes_on = e == ERR_OK && vs->at_utc != 0 && vs->left > 0;
    if (!goes_on)
        end_values(vs);
    return goes_on;
}

/* --- what is asked for --- */

/* Seconds, or a number with s, m, h or d. */
static bool read_step(struct http_call *c, int64_t *out)
{
    static const struct {
        char letter;
        int64_t seconds;
    } units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
    const char *text = http_query_get(&c->query, "step");
    if (!text)
        return true;
    char digits[16];
    size_t len = strlen(text);
    int64_t unit_s = 1;
    for (size_t i = 0; i < COUNT_OF(units) && len > 1; i++)
        if (text[len - 1] == units[i].letter)
            unit_s = units[i].seconds;
    bool has_letter = len > 1 && strchr("smhd", text[len - 1]);
    if (str_copy_n(digits, sizeof digits, text, has_letter ? len - 1 : len) &&
        str_to_i64(digits, 1, STEP_MAX_S / unit_s, out) == ERR_OK) {
        *out *= unit_s;
        return true;
    }
    call_fail_field(c, ERR_SYNTAX, "step", "step is not a span of time such as 900, 15m, 1h or 1d");
    return false;
}

static bool read_aggregate(struct http_call *c, enum aggregate *out)
{
    const char *text = http_query_get(&c->query, "aggregate");
    for (unsigned i = 0; text && i < AGG_N; i++) {
        if (str_eq(text, aggregate_names[i])) {
            *out = (enum aggregate)i;
            return true;
        }
    }
    if (text)
        call_fail_field(c, ERR_INVALID, "aggregate", "aggregate is one of none, mean, min, max, last, delta");
    return !text;
}

void rest_values_get(struct http_call *c)
{
    struct page page;
    struct store_series s;
    uint64_t id;
    enum aggregate aggregate = AGG_NONE;
    int64_t step_s = 0;
    if (!call_number(c, c->arg[0], UINT32_MAX, &id) || !call_page(c, &page) || !read_step(c, &step_s) ||
        !read_aggregate(c, &aggregate))
        return;
    enum err e = store_series_find(c->app->store, (uint32_t)id, &s);
    if (e != ERR_OK) {
        e == ERR_NOT_FOUND ? call_no_such(c, "series") : call_fail(c, e, NULL);
        return;
    }
    struct values *vs = xcalloc(1, sizeof *vs);
    *vs = (struct values){
        .app = c->app,
        .rq = c->rq,
        .series = s.id,
        .at_utc = page.cursor > page.from_utc ? page.cursor : page.from_utc,
        .to_utc = page.to_utc,
        .left = page.has_limit ? page.limit : SIZE_MAX, /* a chart wants all of its range */
        .aggregate = aggregate,
        .step_s = step_s,
    };
    const struct http_produce p = { step_values, free, vs };
    http_send_pieces(c->rq, 200, NULL, &p);
}
