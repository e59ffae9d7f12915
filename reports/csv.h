/* csv.h — a report's text as it grows: cells, separators, decimals and encoding as the conventions say.
 *
 * Reports have no quoting: what would break a cell, or run as a formula in a spreadsheet, is replaced.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REPORTS_CSV_H
#define REPORTS_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/num.h"
#include "core/base/str.h"

enum { CSV_BYTES_MAX = 64 << 20 }; /* a report that would be longer ends before, the rest is in the next one */

struct csv_conventions {
    char separator, decimal;
    bool is_utf8; /* else ISO-8859-1 */
};

struct csv {
    struct csv_conventions conventions;
    char *bytes; /* owned */
    size_t len, size;
    bool is_row_open; /* the next cell needs a separator before it */
    bool is_full;     /* CSV_BYTES_MAX reached: what came since is missing */
};

void csv_init(struct csv *c, struct csv_conventions conventions);
void csv_fini(struct csv *c);
/* Back to an earlier length, at the end of a row; not full any more. */
void csv_cut(struct csv *c, size_t len);

void csv_append(struct csv *c, const char *bytes, size_t len); /* text that is encoded already */

/* Whole cells. */
void csv_words(struct csv *c, const char *fmt, ...)
    PRINTF_LIKE(2, 3);                                         /* our own words and numbers, UTF-8, as they are */
void csv_foreign(struct csv *c, const char *utf8, size_t len); /* a text that a meter or a person gave */
void csv_number(struct csv *c, struct dec d);
void csv_hex(struct csv *c, const void *bytes, size_t len);
void csv_local_time(struct csv *c, int64_t local); /* 2026-10-01 20:00:00 */
void csv_empty(struct csv *c);
void csv_end_row(struct csv *c); /* CR LF */

#endif
