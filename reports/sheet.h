/* sheet.h — a report's text as it grows: cells, separators, decimals and encoding as the conventions say.
 *
 * Reports have no quoting: what would break a cell, or run as a formula in a spreadsheet, is replaced.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REPORTS_SHEET_H
#define REPORTS_SHEET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/num.h"
#include "core/base/str.h"

enum { CSV_BYTES_MAX = 64 << 20 }; /* a report that would be longer ends before, the rest is in the next one */

struct sheet_conventions {
    char separator, decimal;
    bool is_utf8; /* else ISO-8859-1 */
};

struct sheet {
    struct sheet_conventions conventions;
    char *bytes; /* owned */
    size_t len, size;
    bool is_row_open; /* the next cell needs a separator before it */
    bool is_full;     /* CSV_BYTES_MAX reached: what came since is missing */
};

void sheet_init(struct sheet *c, struct sheet_conventions conventions);
void sheet_fini(struct sheet *c);
/* Back to an earlier length, at the end of a row; not full any more. */
void sheet_cut(struct sheet *c, size_t len);

void sheet_append(struct sheet *c, const char *bytes, size_t len); /* text that is encoded already */

/* Whole cells: words of our own, in ASCII and as they are, texts that a meter or a person gave, and values. */
void sheet_word(struct sheet *c, const char *ascii);
void sheet_words(struct sheet *c, const char *fmt, ...) PRINTF_LIKE(2, 3);
void sheet_foreign(struct sheet *c, const char *utf8, size_t len);
void sheet_number(struct sheet *c, struct dec d);
void sheet_hex(struct sheet *c, const void *bytes, size_t len);
void sheet_local_time(struct sheet *c, int64_t local); /* 2026-10-01 20:00:00 */
void sheet_empty(struct sheet *c);
void sheet_end_row(struct sheet *c); /* CR LF */

#endif
