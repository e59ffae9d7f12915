/* str.h — bounded text: copying, comparing, numbers and hex out of text. All text is UTF-8 unless a name says else.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CORE_BASE_STR_H
#define CORE_BASE_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"

/* Copies and always ends with NUL. False when src was cut (never inside a UTF-8 character). size >= 1. */
bool str_copy(char *dst, size_t size, const char *src);
bool str_copy_n(char *dst, size_t size, const char *src, size_t src_len);
bool str_fmt(char *dst, size_t size, const char *fmt, ...) PRINTF_LIKE(3, 4); /* false when cut */
bool str_vfmt(char *dst, size_t size, const char *fmt, va_list args) PRINTF_LIKE(3, 0);

bool str_eq(const char *a, const char *b);        /* both may be NULL */
bool str_eq_nocase(const char *a, const char *b); /* ASCII letters */
bool str_starts(const char *text, const char *prefix);
bool str_is_utf8(const char *text, size_t len);      /* valid, no NUL, no surrogates, shortest forms */
size_t str_utf8_char(const char *text, size_t left); /* bytes of the first character, 0 when it is not valid */

/* The whole of text is one decimal number in min…max, else ERR_SYNTAX or ERR_RANGE. No blanks, no '+'. */
MUST_USE enum err str_to_i64(const char *text, int64_t min, int64_t max, int64_t *out);
MUST_USE enum err str_to_u64(const char *text, uint64_t max, uint64_t *out);

/* Hex digits of any case to bytes; the count must be even and fit. Returns ERR_SYNTAX or ERR_TOO_BIG. */
MUST_USE enum err str_from_hex(const char *text, size_t text_len, uint8_t *out, size_t size, size_t *len_out);
void str_to_hex(char *dst, const void *bytes, size_t len); /* dst holds 2·len + 1; lower case */

bool bytes_equal(const void *a, size_t a_len, const void *b, size_t b_len);
bool bytes_equal_secret(const void *a, const void *b, size_t len);    /* in constant time */
void bytes_copy(void *dst, size_t size, const void *src, size_t len); /* BUG when len > size; may overlap */
void bytes_fill(void *dst, uint8_t byte, size_t len);
void bytes_wipe(void *dst, size_t len); /* not optimised away: for secrets */

#endif
