/* fuzz_telegram.c — any bytes as a telegram of any link, to values, JSON and table. The first byte chooses the link and
 * whether keys and formats are at hand.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/bug.h"
#include "core/base/json_out.h"
#include "core/base/str.h"
#include "protocols/codec/mbus/compact.h"
#include "protocols/codec/mbus/telegram.h"
#include "protocols/codec/mbus/telegram_json.h"
#include "protocols/codec/mbus/telegram_text.h"
#include "protocols/codec/mbus/to_reading.h"

enum { JSON_MAX = 256 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t find_keys(void *ctx, const struct telegram_head *meter, const struct telegram_head *radio,
                        uint8_t keys[][16], size_t max)
{
    (void)ctx;
    (void)meter;
    (void)radio;
    BUG_IF(max == 0);
    bytes_fill(keys[0], 0x5A, 16);
    return 1;
}

static bool is_inside(const void *p, size_t len, const void *area, size_t area_len)
{
    uintptr_t at = (uintptr_t)p, start = (uintptr_t)area;
    return at >= start && at + len <= start + area_len;
}

/* Values point into the telegram or the input, and nowhere else. */
static void check_value(const struct telegram *t, const struct value *v, const uint8_t *data, size_t size)
{
    const struct {
        const void *p;
        size_t len;
    } all[] = { { v->bytes, v->len }, { v->dib_vib, v->dib_vib_len }, { v->unit_text, v->unit_text ? 1 : 0 } };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        BUG_IF(all[i].p && !is_inside(all[i].p, all[i].len, data, size) &&
               !is_inside(all[i].p, all[i].len, t->text, t->text_len) &&
               !is_inside(all[i].p, all[i].len, t->clear, t->clear_len));
    BUG_IF(v->quantity == Q_NONE || v->quantity >= Q_N || v->unit >= UNIT_N || v->note >= NOTE_N);
    BUG_IF(v->n_modifiers > VALUE_MODIFIERS_MAX || v->telegram != 0);
}

static void check_outputs(const struct telegram *t, enum err e, const struct err_at *at)
{
    static char text[JSON_MAX];
    static uint8_t table[TELEGRAM_TABLE_MAX];
    struct json_out j;
    json_init(&j, text, sizeof text, NULL, NULL);
    telegram_json(&j, t, e, at);
    json_finish(&j);
    json_t *parsed = json_loadb(text, json_len(&j), JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL);
    BUG_IF(j.full || !parsed);
    json_decref(parsed);
    struct wr w = wr_init(table, sizeof table);
    telegram_text(&w, t, e, at);
    BUG_IF(!wr_ok(&w));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct telegram t;
    if (size == 0 || size > 2048)
        return 0;
    uint8_t choice = data[0];
    data++;
    size--;
    struct telegram_env env = { .find_keys = choice & 4 ? find_keys : NULL,
                                .formats = choice & 8 ? formats_create() : NULL };
    struct err_at at = { 0 };
    enum err e = telegram_decode(&t, (enum telegram_link)(choice & 3), data, size, &env, &at);
    BUG_IF(t.n_values > TELEGRAM_VALUES_MAX || t.text_len > TELEGRAM_TEXT_MAX || t.clear_len > TELEGRAM_BYTES_MAX);
    BUG_IF(e != ERR_OK && (!at.has_offset || at.offset > size || !at.text[0]));
    for (size_t i = 0; i < t.n_values; i++)
        check_value(&t, &t.values[i], data, size);
    check_outputs(&t, e, &at);

    struct to_reading *b = to_reading_create();
    struct err_at again = { 0 };
    BUG_IF(to_reading_add(b, (enum telegram_link)(choice & 3), data, size, &env, &again) != e && !env.formats);
    (void)to_reading_finish(b, 1, 1, SOURCE_MANUAL, READOUT_OK);
    to_reading_free(b);
    formats_free(env.formats);
    return 0;
}
