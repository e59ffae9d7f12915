/* civil.c — calendar arithmetic: days and seconds, no zones but UTC.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/base/civil.h"

#include <string.h>

#include "core/base/num.h"

enum { DAY_S = 86400 };

/* Days from 1970-01-01 to the first of March of the year, so that the leap day ends a year. */
static int64_t days_to_march(int64_t year)
{
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t of_era = year - era * 400;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 - 719468;
}

/* Days from the first of March to the first of month m, March being 0. */
static int64_t days_to_month(int64_t m)
{
    return (153 * m + 2) / 5;
}

int64_t civil_to_seconds(const struct civil *c)
{
    int64_t year = c->month <= 2 ? c->year - 1 : c->year;
    int64_t days = days_to_march(year) + days_to_month((c->month + 9) % 12) + c->day - 1;
    return days * DAY_S + c->hour * 3600 + c->minute * 60 + c->second;
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

void civil_from_seconds(int64_t seconds, struct civil *out)
{
    int64_t days = floor_div(seconds, DAY_S);
    int64_t of_day = seconds - days * DAY_S;
    int64_t era = floor_div(days + 719468, 146097);
    int64_t of_era = days + 719468 - era * 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * of_year + 2) / 153;
    *out = (struct civil){
        .year = (int)(era * 400 + year + (month >= 10)),
        .month = (int)(month < 10 ? month + 3 : month - 9),
        .day = (int)(of_year - days_to_month(month) + 1),
        .hour = (int)(of_day / 3600),
        .minute = (int)(of_day / 60 % 60),
        .second = (int)(of_day % 60),
    };
}

int civil_weekday(int64_t seconds)
{
    int64_t days = floor_div(seconds, DAY_S) + 4; /* 1970-01-01 was a Thursday */
    return (int)(days - 7 * floor_div(days, 7));
}

int civil_days_in_month(int year, int month)
{
    static const int8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && is_leap);
}

bool civil_is_valid(const struct civil *c)
{
    return c->year >= 1 && c->year <= 9999 && c->month >= 1 && c->month <= 12 && c->day >= 1 &&
           c->day <= civil_days_in_month(c->year, c->month) && c->hour >= 0 && c->hour <= 23 && c->minute >= 0 &&
           c->minute <= 59 && c->second >= 0 && c->second <= 59;
}

/* n decimal digits of v; returns the place behind them. */
static char *put_digits(char *p, int v, int n)
{
    for (int i = n; i-- > 0; v /= 10)
        p[i] = (char)('0' + v % 10);
    return p + n;
}

void civil_iso_text(char out[static CIVIL_TEXT_MAX], const struct civil *c)
{
    char *p = put_digits(out, c->year, 4);
    *p++ = '-';
    p = put_digits(p, c->month, 2);
    *p++ = '-';
    p = put_digits(p, c->day, 2);
    *p++ = 'T';
    p = put_digits(p, c->hour, 2);
    *p++ = ':';
    p = put_digits(p, c->minute, 2);
    *p++ = ':';
    p = put_digits(p, c->second, 2);
    *p = 0;
}

/* 0001-01-01T00:00:00 and 9999-12-31T23:59:59: what four digits can show. */
static const int64_t first_second = INT64_C(-62135596800), last_second = INT64_C(253402300799);

void civil_utc_text(char out[static CIVIL_TEXT_MAX], int64_t utc)
{
    struct civil c;
    civil_from_seconds(utc < first_second ? first_second : utc > last_second ? last_second : utc, &c);
    civil_iso_text(out, &c);
    memcpy(out + 19, "Z", 2);
}

/* Exactly n digits. */
static bool take_digits(const char **p, int n, int *out)
{
    int v = 0;
    for (int i = 0; i < n; i++, ++*p) {
        if (**p < '0' || **p > '9')
            return false;
        v = v * 10 + (**p - '0');
    }
    *out = v;
    return true;
}

static bool take_char(const char **p, char c)
{
    if (**p != c)
        return false;
    ++*p;
    return true;
}

/* "Z" or "+hh:mm" to the end of the text. */
static bool take_offset(const char **p, int *offset_s)
{
    if (take_char(p, 'Z') || take_char(p, 'z')) {
        *offset_s = 0;
        return **p == 0;
    }
    int sign = take_char(p, '-') ? -1 : take_char(p, '+') ? 1 : 0;
    int hours, minutes;
    if (sign == 0 || !take_digits(p, 2, &hours) || !take_char(p, ':') || !take_digits(p, 2, &minutes))
        return false;
    *offset_s = sign * (hours * 3600 + minutes * 60);
    return **p == 0 && hours <= 23 && minutes <= 59;
}

/* "hh:mm", "hh:mm:ss" or with a fraction, which is dropped. */
static bool take_time(const char **p, struct civil *c)
{
    if (!take_digits(p, 2, &c->hour) || !take_char(p, ':') || !take_digits(p, 2, &c->minute))
        return false;
    if (!take_char(p, ':'))
        return true;
    if (!take_digits(p, 2, &c->second))
        return false;
    if (!take_char(p, '.'))
        return true;
    int digit;
    if (!take_digits(p, 1, &digit))
        return false;
    while (**p >= '0' && **p <= '9')
        ++*p;
    return true;
}

enum err civil_parse_utc(const char *text, int64_t *utc_out)
{
    struct civil c = { 0 };
    const char *p = text;
    int offset_s = 0;
    if (!take_digits(&p, 4, &c.year) || !take_char(&p, '-') || !take_digits(&p, 2, &c.month) || !take_char(&p, '-') ||
        !take_digits(&p, 2, &c.day))
        return ERR_SYNTAX;
    if (*p != 0) {
        if (!take_char(&p, 'T') && !take_char(&p, 't') && !take_char(&p, ' '))
            return ERR_SYNTAX;
        if (!take_time(&p, &c) || !take_offset(&p, &offset_s))
            return ERR_SYNTAX;
    }
    if (!civil_is_valid(&c))
        return ERR_RANGE;
    *utc_out = civil_to_seconds(&c) - offset_s;
    return ERR_OK;
}

static int32_t utc_offset(const struct zone *z, int64_t utc)
{
    (void)z;
    (void)utc;
    return 0;
}

const struct zone zone_utc = { utc_offset };

int64_t zone_to_utc(const struct zone *z, int64_t local)
{
    /* Whatever the zone, the answer is within 26 hours; two changes of the clock are never so near to each other. */
    int32_t before = z->offset_s(z, local - 26 * 3600), after = z->offset_s(z, local + 26 * 3600);
    int64_t early = local - (before > after ? before : after), late = local - (before > after ? after : before);
    if (zone_local(z, early) == local)
        return early;
    if (zone_local(z, late) == local)
        return late;
    while (late - early > 1) { /* in a gap: the first second that shows a later time */
        int64_t middle = early + (late - early) / 2;
        if (zone_local(z, middle) < local)
            early = middle;
        else
            late = middle;
    }
    return late;
}

struct zone_step zone_step_of(const struct zone *z, int64_t utc, int64_t step_s)
{
    const struct zone *by = step_s > 3600 ? z : &zone_utc;
    int64_t local = zone_local(by, utc);
    int64_t begin = local - ((local % step_s) + step_s) % step_s;
    return (struct zone_step){ zone_to_utc(by, begin), zone_to_utc(by, begin + step_s) };
}
