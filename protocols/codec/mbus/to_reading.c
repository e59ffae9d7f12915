/* to_reading.c — gathers a readout's telegrams into one struct reading.
 *
 * Knows: what of a telegram's values points where, and how to copy it.
 * Does not know: buses, meters' numbers, the store.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "protocols/codec/mbus/to_reading.h"

#include <stdlib.h>

#include "core/base/mem.h"
#include "core/base/rd.h"
#include "core/base/str.h"

/* Copies of the three places a telegram's values point into. */
struct kept {
    uint8_t *bytes; /* owned; input, then text, then clear */
    size_t text_at, clear_at;
};

struct to_reading {
    struct telegram last;
    struct reading reading;
    size_t n;
    struct telegram_raw raw[CHAIN_MAX];
    struct kept kept[CHAIN_MAX];
    struct value *values; /* owned; n_values of them are used */
    size_t n_values, room;
};

struct to_reading *to_reading_create(void)
{
    struct to_reading *b = xcalloc(1, sizeof *b);
    telegram_reset(&b->last);
    return b;
}

void to_reading_begin(struct to_reading *b)
{
    for (size_t i = 0; i < b->n; i++) {
        free(b->kept[i].bytes);
        b->kept[i].bytes = NULL;
    }
    b->n = b->n_values = 0;
    telegram_reset(&b->last);
}

void to_reading_free(struct to_reading *b)
{
    if (!b)
        return;
    to_reading_begin(b);
    free(b->values);
    free(b);
}

/* Where a pointer into `from` points in the copy, or NULL when it does not point there. */
static const uint8_t *moved(const uint8_t *p, const uint8_t *from, size_t len, const uint8_t *to)
{
    uintptr_t at = (uintptr_t)p, start = (uintptr_t)from;
    return at >= start && at <= start + len ? to + (at - start) : NULL;
}

static const uint8_t *moved_any(const struct to_reading *b, const struct kept *k, const uint8_t *p,
                                const struct rd *input)
{
    const struct telegram *t = &b->last;
    if (!p)
        return NULL;
    const uint8_t *to = moved(p, t->text, t->text_len, k->bytes + k->text_at);
    if (!to)
        to = moved(p, t->clear, t->clear_len, k->bytes + k->clear_at);
    return to ? to : moved(p, input->p, rd_left(input), k->bytes);
}

static void keep_bytes(const struct to_reading *b, struct kept *k, const struct rd *input)
{
    const struct telegram *t = &b->last;
    size_t len = rd_left(input), size = len + t->text_len + t->clear_len;
    k->bytes = xmalloc(size + 1); /* never a request for nothing */
    k->text_at = len;
    k->clear_at = len + t->text_len;
    bytes_copy(k->bytes, size, input->p, len);
    bytes_copy(k->bytes + k->text_at, size - k->text_at, t->text, t->text_len);
    bytes_copy(k->bytes + k->clear_at, size - k->clear_at, t->clear, t->clear_len);
}

static void keep_values(struct to_reading *b, const struct kept *k, const struct rd *input)
{
    const struct telegram *t = &b->last;
    if (b->n_values + t->n_values > b->room) {
        b->room = 2 * (b->n_values + t->n_values);
        b->values = xrealloc(b->values, b->room, sizeof *b->values);
    }
    for (size_t i = 0; i < t->n_values; i++) {
        struct value *v = &b->values[b->n_values++];
        *v = t->values[i];
        v->telegram = (uint8_t)b->n;
        v->bytes = moved_any(b, k, v->bytes, input);
        v->dib_vib = moved_any(b, k, v->dib_vib, input);
        v->unit_text = (const char *)moved_any(b, k, (const uint8_t *)v->unit_text, input);
    }
}

enum err to_reading_add(struct to_reading *b, enum telegram_link link, const uint8_t *bytes, size_t len,
                        const struct telegram_env *env, struct err_at *at)
{
    if (b->n == CHAIN_MAX || len > UINT16_MAX)
        return err_say(at, ERR_TOO_MANY, "more than %d telegrams in one readout", CHAIN_MAX);
    enum err e = telegram_decode(&b->last, link, bytes, len, env, at);
    struct rd input = rd_init(bytes, len);
    struct kept *k = &b->kept[b->n];
    keep_bytes(b, k, &input);
    keep_values(b, k, &input);
    b->raw[b->n++] = (struct telegram_raw){ .head = b->last.head, .bytes = k->bytes, .len = (uint16_t)len };
    return e;
}

const struct telegram *to_reading_last(const struct to_reading *b)
{
    return &b->last;
}

const struct reading *to_reading_finish(struct to_reading *b, uint32_t meter, int64_t utc, enum reading_source source,
                                        enum readout_status status)
{
    b->reading = (struct reading){
        .meter = meter,
        .utc = utc,
        .status = status,
        .source = source,
        .telegrams = b->raw,
        .n_telegrams = b->n,
        .values = b->values,
        .n_values = b->n_values,
    };
    return &b->reading;
}
