/* rest_latest.c — the last telegrams of a meter, decoded when they are asked for.
 *
 * Live readings come first, since they may be newer than what is stored; after a restart the store has the last chain.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "protocols/http_call.h"

#include <stdlib.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/live.h"
#include "core/meter.h"
#include "protocols/codec/mbus/keyring.h"
#include "protocols/codec/mbus/telegram.h"
#include "protocols/rest_calls.h"
#include "store/store.h"

enum { SERIES_MAX = CHAIN_MAX * TELEGRAM_VALUES_MAX };

/* Values are matched with the meter's series in order: the n-th of a kind is the n-th series of that kind. */
struct series_list {
    struct value *kinds; /* .series is the number; modifiers and texts are copies */
    bool *is_used;
    size_t n, room;
};

static bool add_series(void *ctx, const struct store_series *s)
{
    struct series_list *l = ctx;
    if (l->n == l->room) {
        l->room = l->room ? 2 * l->room : 32;
        l->kinds = xrealloc(l->kinds, l->room, sizeof *l->kinds);
    }
    struct value *v = &l->kinds[l->n++];
    *v = s->kind;
    v->series = s->id;
    if (v->unit_text)
        v->unit_text = xstrdup(v->unit_text);
    return l->n < SERIES_MAX;
}

static void series_list_fini(struct series_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        free((char *)(uintptr_t)l->kinds[i].unit_text);
    free(l->kinds);
    free(l->is_used);
}

static uint32_t take_series(struct series_list *l, const struct value *v)
{
    for (size_t i = 0; i < l->n; i++) {
        if (l->is_used[i] || !value_same_series(&l->kinds[i], v))
            continue;
        l->is_used[i] = true;
        return l->kinds[i].series;
    }
    return 0;
}

/* --- the answer --- */

struct latest {
    int64_t utc, age_s;
    enum reading_source source;
    const struct telegram_raw *telegrams;
    size_t n;
};

static bool find_latest(struct http_call *c, uint32_t meter, struct telegram_raw chain[CHAIN_MAX], struct latest *out)
{
    int64_t now_ms = clock_mono_ms(c->app->clock);
    const struct live_entry *live = live_get(c->app->live, meter, now_ms, -1);
    if (live) {
        *out = (struct latest){ live->utc, (now_ms - live->put_ms) / 1000, live->source, live->telegrams,
                                live->n_telegrams };
        return true;
    }
    *out = (struct latest){ .telegrams = chain };
    if (store_chain(c->app->store, meter, &out->utc, &out->source, chain, CHAIN_MAX, &out->n) != ERR_OK)
        return false;
    out->age_s = clock_utc(c->app->clock) - out->utc;
    return true;
}

static void json_header(struct json_out *j, const struct telegram_head *h)
{
    char text[12], maker[4];
    maker_text(h->maker, maker);
    json_object(j);
    str_fmt(text, sizeof text, "%08X", h->ident);
    json_key_str(j, "id", text);
    json_key_str(j, "manufacturer", maker);
    json_key_int(j, "version", h->version);
    json_key_int(j, "medium", h->medium);
    json_key_str(j, "medium_name", medium_name(h->medium));
    json_key_int(j, "access_no", h->access_no);
    json_key_int(j, "status", h->status);
    str_fmt(text, sizeof text, "%04X", h->signature);
    json_key_str(j, "signature", text);
    json_object_end(j);
}

/* What could be decoded before an error is shown; the error stands beside it. */
static enum err json_telegram(struct json_out *j, const struct telegram_raw *raw, size_t nth,
                              const struct telegram_env *env, struct series_list *series)
{
    struct telegram *t = xmalloc(sizeof *t);
    enum err e = telegram_decode(t, LINK_AUTO, raw->bytes, raw->len, env, NULL);
    for (size_t i = 0; i < t->n_values; i++) {
        struct value *v = &t->values[i];
        v->telegram = (uint8_t)nth;
        v->series = take_series(series, v);
        rest_value_json(j, v);
    }
    free(t);
    return e;
}

static void send_latest(struct http_call *c, uint32_t meter, const struct latest *l, struct series_list *series)
{
    struct keyring_search who = { c->app->keyring, meter };
    const struct telegram_env env = { .find_keys = keyring_find_keys, .keys_ctx = &who, .formats = c->app->formats };
    struct json_out *j = call_json(c);
    enum err first_err = ERR_OK;
    json_key_utc(j, "time", l->utc);
    json_key_str(j, "source", reading_source_name(l->source));
    json_key_int(j, "age_s", l->age_s);
    json_key_int(j, "telegrams", (int64_t)l->n);
    json_key(j, "header");
    l->n > 0 ? json_header(j, &l->telegrams[0].head) : json_null(j);
    json_key(j, "values");
    json_array(j);
    for (size_t i = 0; i < l->n; i++) {
        enum err e = json_telegram(j, &l->telegrams[i], i, &env, series);
        if (first_err == ERR_OK)
            first_err = e;
    }
    json_array_end(j);
    if (first_err != ERR_OK)
        json_key_str(j, "error", err_name(first_err));
    call_send_json(c, 200);
}

void rest_latest_get(struct http_call *c)
{
    uint64_t id;
    struct telegram_raw chain[CHAIN_MAX];
    struct latest l;
    if (!call_number(c, c->arg[0], UINT32_MAX, &id))
        return;
    if (!meters_find(c->app->meters, (uint32_t)id)) {
        call_no_such(c, "meter");
        return;
    }
    struct series_list series = { 0 };
    enum err e = store_series_of(c->app->store, (uint32_t)id, add_series, &series);
    series.is_used = xcalloc(series.n + 1, sizeof *series.is_used);
    if (e == ERR_OK && find_latest(c, (uint32_t)id, chain, &l))
        send_latest(c, (uint32_t)id, &l, &series);
    else if (e == ERR_OK)
        call_fail_all(c, ERR_NOT_FOUND, "this meter has not been read yet", NULL, 0);
    else
        call_fail(c, e, NULL);
    series_list_fini(&series);
}
