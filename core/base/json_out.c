/* json_out.c — a streaming JSON writer, made for speed: it runs for every value that leaves the gateway.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/base/json_out.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/civil.h"
#include "core/base/str.h"

void json_init(struct json_out *j, char *buffer, size_t size, json_flush_fn *flush, void *ctx)
{
    *j = (struct json_out){ buffer, buffer, buffer + size, flush, ctx, false, false };
}

void json_finish(struct json_out *j)
{
    if (j->flush && j->p > j->start)
        j->flush(j->ctx, j->start, json_len(j));
    if (j->flush)
        j->p = j->start;
}

bool json_make_room(struct json_out *j, size_t n)
{
    if (j->flush) {
        json_finish(j);
        if ((size_t)(j->end - j->p) >= n)
            return true;
    }
    j->full = true;
    j->end = j->p; /* nothing more will fit, however small */
    return false;
}

/* Bytes as they are, in pieces where the buffer is smaller. */
static void put_bytes(struct json_out *j, const char *bytes, size_t len)
{
    while (len > 0) {
        size_t room = (size_t)(j->end - j->p), n = len < room ? len : room;
        if (n < len && !j->flush) {
            json_make_room(j, len);
            return;
        }
        if (n > 0)
            memcpy(j->p, bytes, n);
        j->p += n;
        bytes += n;
        len -= n;
        if (len > 0 && !json_make_room(j, 1))
            return;
    }
}

static void put_comma(struct json_out *j)
{
    if (j->comma && json_room(j, 1))
        *j->p++ = ',';
    j->comma = true;
}

static void put_open(struct json_out *j, char bracket)
{
    put_comma(j);
    if (json_room(j, 1))
        *j->p++ = bracket;
    j->comma = false;
}

static void put_close(struct json_out *j, char bracket)
{
    if (json_room(j, 1))
        *j->p++ = bracket;
    j->comma = true;
}

void json_object(struct json_out *j)
{
    put_open(j, '{');
}
void json_object_end(struct json_out *j)
{
    put_close(j, '}');
}
void json_array(struct json_out *j)
{
    put_open(j, '[');
}
void json_array_end(struct json_out *j)
{
    put_close(j, ']');
}

/* What must not stand in a JSON string as it is: control characters, quote, backslash; from 80h on UTF-8 is checked. */
static bool is_plain(uint8_t c)
{
    return c >= 0x20 && c < 0x7F && c != '"' && c != '\\';
}

/* True when all eight bytes are plain; the usual tests for "a byte is zero, less than n, over 7Fh" on a word. */
static bool are_plain(uint64_t w)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), highs = ones << 7;
    uint64_t quote = w ^ (ones * '"'), backslash = w ^ (ones * '\\'), rub_out = w ^ (ones * 0x7F);
    uint64_t bad = (w - ones * 0x20) | ((quote - ones) & ~quote) | ((backslash - ones) & ~backslash) |
                   ((rub_out - ones) & ~rub_out) | w;
    return (bad & highs) == 0;
}

static size_t plain_run(const char *text, size_t len)
{
    size_t i = 0;
    for (uint64_t w; i + sizeof w <= len; i += sizeof w) {
        memcpy(&w, text + i, sizeof w);
        if (!are_plain(w))
            break;
    }
    while (i < len && is_plain((uint8_t)text[i]))
        i++;
    return i;
}

/* One character that is not plain; returns how many bytes of text it took. */
static size_t put_special(struct json_out *j, const char *text, size_t left)
{
    static const char short_forms[] = "\b\t\n\f\r\"\\";
    static const char letters[] = "btnfr\"\\";
    uint8_t c = (uint8_t)text[0];
    const char *at = c ? strchr(short_forms, c) : NULL;
    if (at) {
        put_bytes(j, (char[]){ '\\', letters[at - short_forms] }, 2);
        return 1;
    }
    if (c < 0x20 || c == 0x7F) {
        char escape[7] = "\\u00";
        str_to_hex(escape + 4, &c, 1);
        put_bytes(j, escape, 6);
        return 1;
    }
    size_t n = str_utf8_char(text, left);
    if (n == 2 && c == 0xC2 && (uint8_t)text[1] < 0xA0) { /* C1 controls: U+0085 ends a line for many readers */
        char escape[7] = "\\u00";
        str_to_hex(escape + 4, text + 1, 1);
        put_bytes(j, escape, 6);
        return n;
    }
    if (n > 0) {
        put_bytes(j, text, n);
        return n;
    }
    put_bytes(j, "\xEF\xBF\xBD", 3);
    return 1;
}

void json_str_n(struct json_out *j, const char *text, size_t len)
{
    put_comma(j);
    put_bytes(j, "\"", 1);
    for (size_t i = 0; i < len;) {
        size_t run = plain_run(text + i, len - i);
        put_bytes(j, text + i, run);
        i += run;
        if (i < len)
            i += put_special(j, text + i, len - i);
    }
    put_bytes(j, "\"", 1);
}

void json_str(struct json_out *j, const char *text)
{
    if (text)
        json_str_n(j, text, strlen(text));
    else
        json_null(j);
}

void json_int(struct json_out *j, int64_t v)
{
    put_comma(j);
    if (!json_room(j, NUM_TEXT_MAX + 1))
        return;
    if (v < 0)
        *j->p++ = '-';
    j->p += num_text(j->p, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

void json_uint(struct json_out *j, uint64_t v)
{
    put_comma(j);
    if (json_room(j, NUM_TEXT_MAX))
        j->p += num_text(j->p, v);
}

void json_dec(struct json_out *j, struct dec d)
{
    put_comma(j);
    if (json_room(j, DEC_TEXT_MAX))
        j->p += dec_text(j->p, d);
}

void json_double(struct json_out *j, double v)
{
    if (!isfinite(v)) {
        json_null(j);
        return;
    }
    char text[32];
    int n = snprintf(text, sizeof text, "%.15g", v);
    if (strtod(text, NULL) != v)
        n = snprintf(text, sizeof text, "%.17g", v);
    json_raw(j, text, (size_t)n);
}

void json_bool(struct json_out *j, bool v)
{
    json_raw(j, v ? "true" : "false", v ? 4 : 5);
}

void json_null(struct json_out *j)
{
    json_raw(j, "null", 4);
}

void json_utc(struct json_out *j, int64_t utc)
{
    char text[CIVIL_TEXT_MAX];
    civil_utc_text(text, utc);
    json_plain(j, text);
}

void json_hex(struct json_out *j, const void *bytes, size_t len)
{
    const uint8_t *b = bytes;
    put_comma(j);
    put_bytes(j, "\"", 1);
    for (size_t i = 0; i < len; i++) {
        char pair[3];
        str_to_hex(pair, b + i, 1);
        put_bytes(j, pair, 2);
    }
    put_bytes(j, "\"", 1);
}

void json_raw(struct json_out *j, const char *bytes, size_t len)
{
    put_comma(j);
    put_bytes(j, bytes, len);
}

void json_key_str(struct json_out *j, const char *key, const char *text)
{
    json_key(j, key);
    json_str(j, text);
}

void json_key_int(struct json_out *j, const char *key, int64_t v)
{
    json_key(j, key);
    json_int(j, v);
}

void json_key_bool(struct json_out *j, const char *key, bool v)
{
    json_key(j, key);
    json_bool(j, v);
}

void json_key_utc(struct json_out *j, const char *key, int64_t utc)
{
    json_key(j, key);
    if (utc)
        json_utc(j, utc);
    else
        json_null(j);
}
