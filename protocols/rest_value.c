/* rest_value.c — what is stored of a meter: readouts as JSON or CSV, its series.
 *
 * Long lists leave in pieces of one slice of the store each, so that no answer holds up the loop.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "protocols/http_call.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/civil.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/num.h"
#include "core/base/str.h"
#include "core/base/wr.h"
#include "core/meter.h"
#include "core/reading.h"
#include "protocols/rest_calls.h"
#include "store/store.h"

enum { READINGS_A_PIECE = 50 };

void rest_value_json(struct json_out *j, const struct value *v)
{
    json_object(j);
    value_json_members(j, v);
    if (!v->series)
        json_key_str(j, "series", NULL);
    json_object_end(j);
}

/* The number of an installed meter, or of one that was removed and left its readings. False: refused. */
static bool meter_of(struct http_call *c, uint32_t *out)
{
    uint64_t id;
    if (!call_number(c, c->arg[0], UINT32_MAX, &id))
        return false;
    *out = (uint32_t)id;
    if (id < meters_next_id(c->app->meters))
        return true;
    call_no_such(c, "meter");
    return false;
}

/* --- readings --- */

struct readings { /* an answer under way */
    struct store *store;
    struct http_request *rq;
    uint32_t meter;
    int64_t at_utc, to_utc; /* what is still to come; at_utc 0: nothing */
    size_t left;            /* readings that may still be written */
    bool is_csv, has_begun;
};

static bool json_reading(void *ctx, const struct store_reading *r)
{
    struct readings *rs = ctx;
    struct json_out *j = http_json(rs->rq);
    json_object(j);
    json_key_utc(j, "time", r->utc);
    json_key_str(j, "status", readout_status_name(r->status));
    json_key(j, "values");
    json_array(j);
    for (size_t i = 0; i < r->n_values; i++)
        rest_value_json(j, &r->values[i]);
    json_array_end(j);
    json_object_end(j);
    rs->left--;
    return true;
}

static void csv_number(struct http_request *rq, uint64_t n)
{
    char text[24];
    str_fmt(text, sizeof text, "%llu", (unsigned long long)n);
    csv_cell(rq, text, ';');
}

/* The cell of a value: JSON's text, without its quotes. */
static void csv_value(struct http_request *rq, const struct value *v)
{
    char text[VALUE_TEXT_MAX];
    struct json_out j;
    json_init(&j, text, sizeof text - 1, NULL, NULL);
    value_json(&j, v);
    size_t len = json_len(&j);
    text[len] = 0;
    json_t *read = json_loadb(text, len, JSON_DECODE_ANY, NULL);
    bool is_text = json_is_string(read);
    csv_cell(rq, is_text ? json_string_value(read) : json_is_null(read) ? "" : text, ';');
    json_decref(read);
}

static void csv_modifiers(struct http_request *rq, const struct value *v)
{
    char text[VALUE_MODIFIERS_MAX * MODIFIER_TEXT_MAX] = "", one[MODIFIER_TEXT_MAX];
    for (unsigned i = 0; i < v->n_modifiers; i++) {
        size_t len = strlen(text);
        str_fmt(text + len, sizeof text - len, "%s%s", i ? " " : "", modifier_name(v->modifiers[i], one));
    }
    csv_cell(rq, text, ';');
}

static void csv_row(struct http_request *rq, const struct store_reading *r, const struct value *v)
{
    char time[CIVIL_TEXT_MAX];
    civil_utc_text(time, r->utc);
    csv_cell(rq, time, ';');
    csv_cell(rq, readout_status_name(r->status), ';');
    csv_number(rq, v->telegram);
    csv_number(rq, v->index);
    csv_number(rq, v->series);
    csv_cell(rq, quantity_name((enum quantity)v->quantity), ';');
    csv_cell(rq, value_unit_name(v), ';');
    csv_value(rq, v);
    csv_cell(rq, function_name((enum function)v->function), ';');
    csv_number(rq, v->storage);
    csv_number(rq, v->tariff);
    csv_number(rq, v->subunit);
    csv_modifiers(rq, v);
    const char *note = value_note_name(v->note);
    csv_cell(rq, note ? note : "", '\n');
}

static const char csv_heading[] =
    "time;status;telegram;index;series;quantity;unit;value;function;storage;tariff;subunit;modifiers;note\r\n";

static bool csv_reading(void *ctx, const struct store_reading *r)
{
    struct readings *rs = ctx;
    for (size_t i = 0; i < r->n_values; i++)
        csv_row(rs->rq, r, &r->values[i]);
    if (r->n_values == 0) {
        char time[CIVIL_TEXT_MAX];
        civil_utc_text(time, r->utc);
        csv_cell(rs->rq, time, ';');
        csv_cell(rs->rq, readout_status_name(r->status), ';');
        http_write(rs->rq, ";;;;;;;;;;;\r\n", 13);
    }
    rs->left--;
    return true;
}

static void begin_readings(struct readings *rs)
{
    rs->has_begun = true;
    if (rs->is_csv) {
        http_write(rs->rq, csv_heading, sizeof csv_heading - 1);
        return;
    }
    struct json_out *j = http_json(rs->rq);
    json_object(j);
    json_key(j, "readings");
    json_array(j);
}

static void end_readings(struct readings *rs)
{
    if (rs->is_csv)
        return;
    struct json_out *j = http_json(rs->rq);
    json_array_end(j);
    json_key(j, "next");
    rs->at_utc ? json_int(j, rs->at_utc) : json_null(j);
    json_object_end(j);
}

static bool step_readings(void *ctx, struct http_request *rq)
{
    struct readings *rs = ctx;
    (void)rq;
    if (!rs->has_begun)
        begin_readings(rs);
    size_t n = rs->left < READINGS_A_PIECE ? rs->left : READINGS_A_PIECE;
    enum err e = store_readings(rs->store, rs->meter, rs->at_utc, rs->to_utc, n,
                                rs->is_csv ? csv_reading : json_reading, rs, &rs->at_utc);
    if (e != ERR_OK)
        log_error("web", "readings of meter %u: %s", rs->meter, err_text(e));
    bool goes_on = e == ERR_OK && rs->at_utc != 0 && rs->left > 0;
    if (!goes_on)
        end_readings(rs);
    return goes_on;
}

void rest_readings_get(struct http_call *c)
{
    uint32_t meter;
    struct page page;
    if (!meter_of(c, &meter) || !call_page(c, &page))
        return;
    struct readings *rs = xcalloc(1, sizeof *rs);
    *rs = (struct readings){
        .store = c->app->store,
        .rq = c->rq,
        .meter = meter,
        .at_utc = page.cursor > page.from_utc ? page.cursor : page.from_utc,
        .to_utc = page.to_utc,
        .left = page.limit,
        .is_csv = call_has_csv(c),
    };
    if (rs->is_csv && !page.has_limit)
        rs->left = SIZE_MAX; /* a table for a person is whole */
    if (rs->is_csv)
        http_field(c->rq, "Content-Disposition", "attachment; filename=\"readings.csv\"");
    const struct http_produce p = { step_readings, free, rs };
    http_send_pieces(c->rq, 200, rs->is_csv ? "text/csv; charset=utf-8" : NULL, &p);
}

/* --- series --- */

static bool json_series(void *ctx, const struct store_series *s)
{
    struct json_out *j = ctx;
    const struct value *k = &s->kind;
    char buffer[MODIFIER_TEXT_MAX];
    json_object(j);
    json_key_int(j, "id", s->id);
    json_key_int(j, "meter", s->meter);
    json_key_str(j, "quantity", quantity_name((enum quantity)k->quantity));
    json_key_str(j, "unit", value_unit_name(k));
    json_key_str(j, "function", function_name((enum function)k->function));
    json_key(j, "storage");
    json_uint(j, k->storage);
    json_key_int(j, "tariff", k->tariff);
    json_key_int(j, "subunit", k->subunit);
    json_key(j, "modifiers");
    json_array(j);
    for (unsigned i = 0; i < k->n_modifiers; i++)
        json_str(j, modifier_name(k->modifiers[i], buffer));
    json_array_end(j);
    json_key_int(j, "values", (int64_t)s->n_values);
    json_object_end(j);
    return true;
}

void rest_series_get(struct http_call *c)
{
    uint32_t meter;
    if (!meter_of(c, &meter))
        return;
    struct json_out *j = call_json(c);
    json_key(j, "series");
    json_array(j);
    enum err e = store_series_of(c->app->store, meter, json_series, j);
    if (e != ERR_OK)
        log_error("web", "series of meter %u: %s", meter, err_text(e));
    json_array_end(j);
    call_send_json(c, 200);
}
