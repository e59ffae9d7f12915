/* when.c — meters' dates and times.
 *
 * Knows: the bit layouts of types F, G, I, J and which contents are no time.
 * Does not know: records, time zones.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/when.h"

#include "core/base/civil.h"

enum { YEAR_FIELD_MAX = 99, CENTURY_PIVOT = 80 };

static int bits_of(uint64_t bits, unsigned at, unsigned width)
{
    return (int)(bits >> at & ((1u << width) - 1));
}

/* Day and month bytes with the seven bits of the year spread over their tops; `at` is the bit where they begin. */
static int read_date(uint64_t bits, unsigned at, struct civil *c)
{
    c->day = bits_of(bits, at, 5);
    c->month = bits_of(bits, at + 8, 4);
    return bits_of(bits, at + 5, 3) | bits_of(bits, at + 12, 4) << 3;
}

/* A year without a century: meters were not built before 1981. */
static int full_year(int year)
{
    return year <= CENTURY_PIVOT ? 2000 + year : 1900 + year;
}

static bool is_time(const struct civil *c, int year_field)
{
    return year_field <= YEAR_FIELD_MAX && civil_is_valid(c);
}

static bool read_f(uint64_t bits, struct civil *c)
{
    c->minute = bits_of(bits, 0, 6);
    c->hour = bits_of(bits, 8, 5);
    int century = bits_of(bits, 13, 2);
    int year = read_date(bits, 16, c);
    c->year = century > 0 ? 1900 + 100 * century + year : full_year(year);
    bool is_marked_invalid = bits_of(bits, 7, 1);
    return !is_marked_invalid && is_time(c, year);
}

static bool read_g(uint64_t bits, struct civil *c)
{
    int year = read_date(bits, 0, c);
    c->year = full_year(year);
    return is_time(c, year);
}

static bool read_i(uint64_t bits, struct civil *c)
{
    c->second = bits_of(bits, 0, 6);
    c->minute = bits_of(bits, 8, 6);
    c->hour = bits_of(bits, 16, 5);
    int year = read_date(bits, 24, c);
    c->year = 2000 + year;
    bool is_marked_invalid = bits_of(bits, 15, 1);
    return !is_marked_invalid && is_time(c, year);
}

/* A time of day; it stands as that time on the first day of 1970. */
static bool read_j(uint64_t bits, struct civil *c)
{
    c->second = bits_of(bits, 0, 6);
    c->minute = bits_of(bits, 8, 6);
    c->hour = bits_of(bits, 16, 5);
    c->year = 1970;
    c->month = c->day = 1;
    return civil_is_valid(c);
}

bool when_read(uint64_t bits, size_t len, enum value_kind *kind, int64_t *local_s)
{
    struct civil c = { 0 };
    bool ok = false;
    switch (len) {
    case 2:
        *kind = VALUE_DATE;
        ok = read_g(bits, &c);
        break;
    case 3:
        *kind = VALUE_SECOND;
        ok = read_j(bits, &c);
        break;
    case 4:
        *kind = VALUE_MINUTE;
        ok = read_f(bits, &c);
        break;
    case 6:
        *kind = VALUE_SECOND;
        ok = read_i(bits, &c);
        break;
    default:
        break;
    }
    if (ok)
        *local_s = civil_to_seconds(&c);
    return ok;
}
