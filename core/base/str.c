/* str.c — bounded text and bytes.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/base/str.h"

#include <stdio.h>
#include <string.h>

#include "core/base/bug.h"

/* The longest length <= len at which text can be cut without splitting a UTF-8 character. */
static size_t utf8_cut(const char *text, size_t len)
{
    size_t cut = len;
    while (cut > 0 && len - cut < 4 && ((uint8_t)text[cut] & 0xC0) == 0x80)
        cut--;
    return ((uint8_t)text[cut] & 0xC0) == 0x80 ? len : cut;
}

bool str_copy_n(char *dst, size_t size, const char *src, size_t src_len)
{
    BUG_IF(size == 0);
    size_t n = strnlen(src, src_len);
    bool fits = n < size;
    if (!fits)
        n = utf8_cut(src, size - 1);
    memmove(dst, src, n);
    dst[n] = 0;
    return fits;
}

bool str_copy(char *dst, size_t size, const char *src)
{
    return str_copy_n(dst, size, src, SIZE_MAX);
}

bool str_vfmt(char *dst, size_t size, const char *fmt, va_list args)
{
    int n = vsnprintf(dst, size, fmt, args);
    if (n >= 0 && (size_t)n < size)
        return true;
    /* What was cut inside a character is cut before it. */
    size_t len = strlen(dst), lead = len;
    while (lead > 0 && len - lead < 3 && ((uint8_t)dst[lead - 1] & 0xC0) == 0x80)
        lead--;
    if (lead > 0 && (uint8_t)dst[lead - 1] >= 0xC0 && !str_is_utf8(dst + lead - 1, len - lead + 1))
        dst[lead - 1] = 0;
    return false;
}

bool str_fmt(char *dst, size_t size, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    bool fits = str_vfmt(dst, size, fmt, args);
    va_end(args);
    return fits;
}

bool str_eq(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static int lower(char c)
{
    return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

bool str_eq_nocase(const char *a, const char *b)
{
    if (!a || !b)
        return a == b;
    for (; *a && lower(*a) == lower(*b); a++, b++)
        ;
    return lower(*a) == lower(*b);
}

bool str_starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* How many bytes the character at text has, 0 when it is not a valid one. */
static size_t utf8_char(const uint8_t *b, size_t left)
{
    if (b[0] < 0x80)
        return b[0] != 0;
    size_t n = b[0] >= 0xF0 ? 4 : b[0] >= 0xE0 ? 3 : 2;
    if (b[0] < 0xC2 || b[0] > 0xF4 || left < n)
        return 0;
    for (size_t i = 1; i < n; i++) {
        if ((b[i] & 0xC0) != 0x80)
            return 0;
    }
    bool is_overlong = (b[0] == 0xE0 && b[1] < 0xA0) || (b[0] == 0xF0 && b[1] < 0x90);
    bool is_surrogate = b[0] == 0xED && b[1] >= 0xA0;
    bool is_beyond = b[0] == 0xF4 && b[1] >= 0x90;
    return is_overlong || is_surrogate || is_beyond ? 0 : n;
}

size_t str_utf8_char(const char *text, size_t left)
{
    return left ? utf8_char((const uint8_t *)text, left) : 0;
}

bool str_is_utf8(const char *text, size_t len)
{
    for (size_t i = 0, n; i < len; i += n) {
        n = utf8_char((const uint8_t *)text + i, len - i);
        if (n == 0)
            return false;
    }
    return true;
}

enum err str_to_u64(const char *text, uint64_t max, uint64_t *out)
{
    uint64_t v = 0;
    bool too_big = false;
    if (!*text)
        return ERR_SYNTAX;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return ERR_SYNTAX;
        too_big |= __builtin_mul_overflow(v, UINT64_C(10), &v);
        too_big |= __builtin_add_overflow(v, (uint64_t)(*text - '0'), &v);
    }
    if (too_big || v > max)
        return ERR_RANGE;
    *out = v;
    return ERR_OK;
}

enum err str_to_i64(const char *text, int64_t min, int64_t max, int64_t *out)
{
    bool is_negative = *text == '-';
    uint64_t magnitude;
    enum err e = str_to_u64(text + is_negative, (uint64_t)INT64_MAX + is_negative, &magnitude);
    if (e != ERR_OK)
        return e;
    int64_t v = (int64_t)(is_negative ? 0 - magnitude : magnitude);
    if (v < min || v > max)
        return ERR_RANGE;
    *out = v;
    return ERR_OK;
}

enum { NOT_HEX = 0xFF };

static unsigned hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10) : NOT_HEX;
}

enum err str_from_hex(const char *text, size_t text_len, uint8_t *out, size_t size, size_t *len_out)
{
    if (text_len % 2 != 0)
        return ERR_SYNTAX;
    for (size_t i = 0; i < text_len; i++) {
        if (hex_digit(text[i]) == NOT_HEX)
            return ERR_SYNTAX;
    }
    if (text_len / 2 > size)
        return ERR_TOO_BIG;
    for (size_t i = 0; i < text_len / 2; i++)
        out[i] =
            (uint8_t)(((unsigned)hex_digit(text[2 * i]) & 0xFU) << 4 | ((unsigned)hex_digit(text[2 * i + 1]) & 0xFU));
    *len_out = text_len / 2;
    return ERR_OK;
}

void str_to_hex(char *dst, const void *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *b = bytes;
    for (size_t i = 0; i < len; i++) {
        *dst++ = digits[b[i] >> 4];
        *dst++ = digits[b[i] & 15];
    }
    *dst = 0;
}

bool bytes_equal(const void *a, size_t a_len, const void *b, size_t b_len)
{
    return a_len == b_len && (a_len == 0 || memcmp(a, b, a_len) == 0);
}

bool bytes_equal_secret(const void *a, const void *b, size_t len)
{
    const volatile uint8_t *x = a, *y = b;
    unsigned differ = 0;
    for (size_t i = 0; i < len; i++)
        differ |= (unsigned)(x[i] ^ y[i]);
    return differ == 0;
}

void bytes_copy(void *dst, size_t size, const void *src, size_t len)
{
    BUG_IF(len > size);
    if (len)
        memmove(dst, src, len);
}

void bytes_fill(void *dst, uint8_t byte, size_t len)
{
    if (len)
        memset(dst, byte, len);
}

void bytes_wipe(void *dst, size_t len)
{
    if (len)
        explicit_bzero(dst, len);
}
