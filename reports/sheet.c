/* sheet.c — a report's text as it grows.
 *
 * Knows: how cells stay whole without quotes. Does not know: what a report holds.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reports/sheet.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bug.h"
#include "core/base/civil.h"
#include "core/base/mem.h"
#include "core/base/rd.h"

void sheet_init(struct sheet *c, struct sheet_conventions conventions)
{
    *c = (struct sheet){ .conventions = conventions };
}

void sheet_fini(struct sheet *c)
{
    free(c->bytes);
    *c = (struct sheet){ 0 };
}

void sheet_cut(struct sheet *c, size_t len)
{
    BUG_IF(len > c->len);
    c->len = len;
    c->is_full = c->is_row_open = false;
}

/* Room for n bytes at the end, or NULL when the report is as long as it may get. */
static char *room(struct sheet *c, size_t n)
{
    enum { FIRST = 16384 };
    if (c->is_full || n > CSV_BYTES_MAX - c->len) {
        c->is_full = true;
        return NULL;
    }
    if (c->size - c->len < n) {
        size_t size = c->size ? c->size : FIRST;
        while (size - c->len < n)
            size *= 2;
        c->bytes = xrealloc(c->bytes, size, 1);
        c->size = size;
    }
    return c->bytes + c->len;
}

void sheet_append(struct sheet *c, const char *bytes, size_t len)
{
    char *at = room(c, len);
    if (at)
        bytes_copy(at, len, bytes, len);
    c->len += at ? len : 0;
}

static void put_char(struct sheet *c, char ch)
{
    sheet_append(c, &ch, 1);
}

static void begin_cell(struct sheet *c)
{
    if (c->is_row_open)
        put_char(c, c->conventions.separator);
    c->is_row_open = true;
}

/* The next character of valid or broken UTF-8; broken bytes count as ISO-8859-1. */
static uint32_t next_char(struct rd *r)
{
    uint8_t first = rd_u8(r);
    size_t more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : first >= 0xC2 ? 1 : 0;
    if (first < 0xC2 || rd_left(r) < more || !str_is_utf8((const char *)r->p - 1, more + 1))
        return first;
    uint32_t ch = first & (0x3Fu >> more);
    for (; more > 0; more--)
        ch = ch << 6 | (rd_u8(r) & 0x3Fu);
    return ch;
}

static void put_utf8(struct sheet *c, uint32_t ch)
{
    char b[4];
    size_t n = 0;
    if (ch < 0x80) {
        b[n++] = (char)ch;
    } else if (ch < 0x800) {
        b[n++] = (char)(0xC0 | ch >> 6);
        b[n++] = (char)(0x80 | (ch & 0x3F));
    } else if (ch < 0x10000) {
        b[n++] = (char)(0xE0 | ch >> 12);
        b[n++] = (char)(0x80 | (ch >> 6 & 0x3F));
        b[n++] = (char)(0x80 | (ch & 0x3F));
    } else {
        b[n++] = (char)(0xF0 | ch >> 18);
        b[n++] = (char)(0x80 | (ch >> 12 & 0x3F));
        b[n++] = (char)(0x80 | (ch >> 6 & 0x3F));
        b[n++] = (char)(0x80 | (ch & 0x3F));
    }
    sheet_append(c, b, n);
}

static void put_character(struct sheet *c, uint32_t ch)
{
    if (c->conventions.is_utf8)
        put_utf8(c, ch);
    else
        put_char(c, ch <= 0xFF ? (char)ch : '?');
}

/* What must not stand in a cell: separators, line ends and other controls, and quotes, which readers would pair. */
static uint32_t harmless(const struct sheet *c, uint32_t ch)
{
    if (ch == '"')
        return '\'';
    if (ch < 0x20 || (ch >= 0x7F && ch < 0xA0) || ch == (unsigned char)c->conventions.separator || ch == 0x2028 ||
        ch == 0x2029)
        return ' ';
    return ch;
}

/* = + - @ at the begin make a spreadsheet calculate; a plain number may begin with its sign. */
static bool is_formula(const char *text, size_t len)
{
    if (len == 0 || !strchr("=+-@", text[0]))
        return false;
    size_t digits_end = 1; /* the text is a meter's bytes, without NUL */
    while (digits_end < len && strchr("0123456789.,", text[digits_end]) && text[digits_end])
        digits_end++;
    return text[0] == '=' || text[0] == '@' || digits_end == 1 || digits_end < len;
}

void sheet_foreign(struct sheet *c, const char *utf8, size_t len)
{
    begin_cell(c);
    struct rd r = rd_init(utf8, len);
    while (rd_peek(&r) >= 0 && rd_peek(&r) <= ' ')
        rd_skip(&r, 1);
    if (is_formula((const char *)r.p, rd_left(&r)))
        put_char(c, '\'');
    while (rd_left(&r) > 0)
        put_character(c, harmless(c, next_char(&r)));
}

void sheet_word(struct sheet *c, const char *ascii)
{
    begin_cell(c);
    sheet_append(c, ascii, strlen(ascii));
}

void sheet_words(struct sheet *c, const char *fmt, ...)
{
    enum { WORDS_MAX = 256 };
    char text[WORDS_MAX];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    BUG_IF(n < 0 || n >= WORDS_MAX);
    sheet_word(c, text);
}

void sheet_number(struct sheet *c, struct dec d)
{
    char text[DEC_TEXT_MAX];
    size_t len = dec_text(text, d);
    char *point = memchr(text, '.', len);
    if (point)
        *point = c->conventions.decimal;
    begin_cell(c);
    sheet_append(c, text, len);
}

void sheet_hex(struct sheet *c, const void *bytes, size_t len)
{
    begin_cell(c);
    char *at = room(c, 2 * len + 1);
    if (!at)
        return;
    str_to_hex(at, bytes, len);
    c->len += 2 * len;
}

void sheet_local_time(struct sheet *c, int64_t local)
{
    struct civil t;
    civil_from_seconds(local, &t);
    sheet_words(c, "%04d-%02d-%02d %02d:%02d:%02d", t.year, t.month, t.day, t.hour, t.minute, t.second);
}

void sheet_empty(struct sheet *c)
{
    begin_cell(c);
}

void sheet_end_row(struct sheet *c)
{
    sheet_append(c, "\r\n", 2);
    c->is_row_open = false;
}
