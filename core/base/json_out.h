/* json_out.h — a streaming JSON writer that keeps a number's own decimals and cannot produce broken nesting commas.
 * It fills a buffer of the caller's; a full buffer goes to flush(), or, without one, makes the writer full for good.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CORE_BASE_JSON_OUT_H
#define CORE_BASE_JSON_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core/base/err.h"
#include "core/base/num.h"

/* jansson, which reads JSON for us, exports functions of these names: ours must not take their place in the linked program.
 * A file that uses both includes <jansson.h> first. */
#define json_object json_out_object
#define json_array  json_out_array
#define json_null   json_out_null

typedef void json_flush_fn(void *ctx, const char *bytes, size_t len);

struct json_out {
    char *start, *p, *end;
    json_flush_fn *flush; /* NULL: fixed buffer */
    void *ctx;
    bool full;  /* did not fit; everything since is dropped */
    bool comma; /* the next item needs one before it */
};

void json_init(struct json_out *j, char *buffer, size_t size, json_flush_fn *flush, void *ctx);
void json_finish(struct json_out *j); /* hands the rest to flush() */
static inline size_t json_len(const struct json_out *j)
{
    return (size_t)(j->p - j->start);
}

bool json_make_room(struct json_out *j, size_t n); /* the rare half of json_room() */
static inline bool json_room(struct json_out *j, size_t n)
{
    return __builtin_expect((size_t)(j->end - j->p) >= n, 1) || json_make_room(j, n);
}

void json_object(struct json_out *j);
void json_object_end(struct json_out *j);
void json_array(struct json_out *j);
void json_array_end(struct json_out *j);

/* A key: plain ASCII, no escaping needed. Inline, so that a literal's length is known to the compiler. */
static inline void json_key(struct json_out *j, const char *key)
{
    size_t n = strlen(key);
    if (!json_room(j, n + 4))
        return;
    char *p = j->p;
    if (j->comma)
        *p++ = ',';
    *p++ = '"';
    memcpy(p, key, n);
    p += n;
    *p++ = '"';
    *p++ = ':';
    j->p = p;
    j->comma = false;
}

/* A text of our own tables, plain ASCII: copied without looking for what needs an escape. */
static inline void json_plain(struct json_out *j, const char *text)
{
    size_t n = strlen(text);
    if (!json_room(j, n + 3))
        return;
    char *p = j->p;
    if (j->comma)
        *p++ = ',';
    *p++ = '"';
    memcpy(p, text, n);
    p += n;
    *p++ = '"';
    j->p = p;
    j->comma = true;
}

/* For the few writers that run for every value: pieces of JSON as they stand, with their own commas and quotes. Whoever
 * uses them keeps the text well-formed, and j->comma right for what comes behind. */
static inline void json_piece_n(struct json_out *j, const char *text, size_t n)
{
    if (!json_room(j, n))
        return;
    memcpy(j->p, text, n);
    j->p += n;
}
#define json_piece(j, literal) json_piece_n(j, "" literal, sizeof(literal) - 1)

static inline void json_piece_uint(struct json_out *j, uint64_t v)
{
    if (!json_room(j, NUM_TEXT_MAX))
        return;
    if (v < 10)
        *j->p++ = (char)('0' + v);
    else
        j->p += num_text(j->p, v);
}

void json_str(struct json_out *j, const char *text);               /* NULL -> null */
void json_str_n(struct json_out *j, const char *text, size_t len); /* invalid UTF-8 becomes U+FFFD */
void json_int(struct json_out *j, int64_t v);
void json_uint(struct json_out *j, uint64_t v);
void json_dec(struct json_out *j, struct dec d); /* 6.70 stays 6.70 */
void json_double(struct json_out *j, double v);  /* ratios and seconds, not meter values; NaN -> null */
void json_bool(struct json_out *j, bool v);
void json_null(struct json_out *j);
void json_utc(struct json_out *j, int64_t utc); /* "2026-10-01T20:00:00Z" */
void json_hex(struct json_out *j, const void *bytes, size_t len);
void json_raw(struct json_out *j, const char *bytes, size_t len); /* a ready-made JSON value */

/* key and value at once */
void json_key_str(struct json_out *j, const char *key, const char *text);
void json_key_int(struct json_out *j, const char *key, int64_t v);
void json_key_bool(struct json_out *j, const char *key, bool v);
void json_key_utc(struct json_out *j, const char *key, int64_t utc); /* 0 -> null */

#endif
