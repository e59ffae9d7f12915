/* civil.h — calendar arithmetic and time zones. Proleptic Gregorian calendar; pure but for zone_load().
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CORE_BASE_CIVIL_H
#define CORE_BASE_CIVIL_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"

struct civil {
    int year;                 /* 1…9999 */
    int month, day;           /* 1…12, 1…31 */
    int hour, minute, second; /* 0…23, 0…59, 0…59 */
};

int64_t civil_to_seconds(const struct civil *c); /* since 1970-01-01 00:00:00, as if UTC */
void civil_from_seconds(int64_t seconds, struct civil *out);
int civil_weekday(int64_t seconds); /* 0 = Sunday … 6 */
int civil_days_in_month(int year, int month);
bool civil_is_valid(const struct civil *c);

enum { CIVIL_TEXT_MAX = 24 };
void civil_iso_text(char out[static CIVIL_TEXT_MAX], const struct civil *c); /* 2026-10-01T20:00:00, no zone */
void civil_utc_text(char out[static CIVIL_TEXT_MAX], int64_t utc);           /* 2026-10-01T20:00:00Z */
/* RFC 3339 with Z or an offset, seconds and fractions optional; a date alone is its first second. */
MUST_USE enum err civil_parse_utc(const char *text, int64_t *utc_out);

/* A time zone: one function, so that pure code and tests can bring their own rules. */
struct zone {
    int32_t (*offset_s)(const struct zone *z, int64_t utc); /* local = utc + offset */
};
extern const struct zone zone_utc;

/* Rules of an IANA name from the system's zone files (RFC 8536, version 2+, with the footer for far years).
 * ERR_NOT_FOUND for an unknown name; names with ".." or a leading "/" are unknown. Freed by zone_free(). */
MUST_USE enum err zone_load(const char *name, struct zone **out);
MUST_USE enum err zone_parse(const uint8_t *tzif, size_t len, struct zone **out); /* pure */
void zone_free(struct zone *z);

static inline int64_t zone_local(const struct zone *z, int64_t utc)
{
    return utc + z->offset_s(z, utc);
}
/* The first UTC second that shows this local time; inside a spring gap, the first second after the gap. */
int64_t zone_to_utc(const struct zone *z, int64_t local);

/* The span of time [from, to) that utc lies in, when time is cut into steps. Steps of more than an hour are cut by the
 * local clock, so that a day begins at midnight and may have 23 or 25 hours; shorter ones are multiples since 1970 UTC. */
struct zone_step {
    int64_t from_utc, to_utc;
};
struct zone_step zone_step_of(const struct zone *z, int64_t utc, int64_t step_s);

#endif
