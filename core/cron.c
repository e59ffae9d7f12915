/* cron.c — when does a cron pattern fire next?
 *
 * Knows: the pattern language of the user's manual; local time through the rules handed in by the caller.
 * Does not know: jobs, timers, the current time (it is an argument).
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/cron.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"

enum { DAY_S = 86400, DAYS_AHEAD = 5 * 366 };

/* --- reading a pattern --- */

struct field_kind {
    const char *title;
    int min, max;
    const char *const *names; /* for values from names_first on; NULL-terminated */
    int names_first;
};

static const char *const month_names[] = { "jan", "feb", "mar", "apr", "may", "jun", "jul",
                                           "aug", "sep", "oct", "nov", "dec", NULL };
static const char *const weekday_names[] = { "sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL };

static const struct field_kind field_kinds[] = {
    { "minute", 0, 59, NULL, 0 },
    { "hour", 0, 23, NULL, 0 },
    { "day of month", 1, 31, NULL, 0 },
    { "month", 1, 12, month_names, 1 },
    { "day of week", 0, 7, weekday_names, 0 },
};
enum { FIELDS = 5 };

/* The text of one field and what stands around it in an error. */
struct field_text {
    const struct field_kind *kind;
    const char *all, *p; /* the whole pattern, for offsets; where we are */
    struct err_at *at;
};

static enum err field_bad(const struct field_text *t, const char *what)
{
    return err_say_offset(t->at, ERR_SYNTAX, (size_t)(t->p - t->all), "%s: %s (%d to %d)", t->kind->title, what,
                          t->kind->min, t->kind->max);
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* A number or a name. */
static enum err take_value(struct field_text *t, int *out)
{
    const struct field_kind *k = t->kind;
    if (is_letter(*t->p)) {
        char word[4] = "";
        for (int i = 0; i < 3 && is_letter(t->p[i]); i++)
            word[i] = t->p[i];
        for (int i = 0; k->names && k->names[i]; i++) {
            if (str_eq_nocase(word, k->names[i]) && !is_letter(t->p[3])) {
                t->p += 3;
                *out = i + k->names_first;
                return ERR_OK;
            }
        }
        return field_bad(t, "unknown name");
    }
    if (!is_digit(*t->p))
        return field_bad(t, "a number is missing");
    int v = 0;
    const char *p = t->p;
    for (; is_digit(*p) && v <= 99; p++)
        v = v * 10 + (*p - '0');
    if (v < k->min || v > k->max)
        return field_bad(t, "out of range");
    t->p = p;
    *out = v;
    return ERR_OK;
}

/* "a", "a-b", or "*" with an optional "/step". */
static enum err take_item(struct field_text *t, uint64_t *values)
{
    int low = t->kind->min, high = t->kind->max, step = 1;
    bool is_single = false;
    enum err e;
    if (*t->p == '*') {
        t->p++;
    } else {
        if ((e = take_value(t, &low)) != ERR_OK)
            return e;
        is_single = *t->p != '-';
        high = low;
        if (!is_single) {
            t->p++;
            if ((e = take_value(t, &high)) != ERR_OK)
                return e;
            if (high < low)
                return field_bad(t, "the range ends before it begins");
        }
    }
    if (*t->p == '/') {
        t->p++;
        int v = 0;
        for (; is_digit(*t->p) && v <= 99; t->p++)
            v = v * 10 + (*t->p - '0');
        if (v < 1 || v > 99)
            return field_bad(t, "the step is a number from 1 on");
        step = v;
        if (is_single) /* 5/10: from 5 on, every 10 */
            high = t->kind->max;
    }
    for (int v = low; v <= high; v += step)
        *values |= UINT64_C(1) << v;
    return ERR_OK;
}

/* "?" or "?a-b": one of these is drawn. */
static enum err take_random(struct field_text *t, uint64_t *values)
{
    t->p++;
    if (!is_digit(*t->p) && !is_letter(*t->p)) {
        for (int v = t->kind->min; v <= t->kind->max; v++)
            *values |= UINT64_C(1) << v;
        return ERR_OK;
    }
    return take_item(t, values);
}

static bool is_field_end(char c)
{
    return c == 0 || c == ' ' || c == '\t' || c == '|';
}

static enum err take_field(struct field_text *t, struct cron_field *out)
{
    struct cron_field f = { 0, *t->p == '?' };
    enum err e = f.is_random ? take_random(t, &f.values) : take_item(t, &f.values);
    while (e == ERR_OK && !f.is_random && *t->p == ',') {
        t->p++;
        e = take_item(t, &f.values);
    }
    if (e != ERR_OK)
        return e;
    if (!is_field_end(*t->p))
        return field_bad(t, "cannot be understood");
    if (t->kind == &field_kinds[4] && f.values & 1 << 7) /* 7 is Sunday, too */
        f.values = (f.values & ~(UINT64_C(1) << 7)) | 1;
    *out = f;
    return ERR_OK;
}

static void skip_blanks(const char **p)
{
    while (**p == ' ' || **p == '\t')
        ++*p;
}

static enum err take_alternative(struct field_text *t, struct cron_alternative *out)
{
    struct cron_field f[FIELDS];
    for (size_t i = 0; i < FIELDS; i++) {
        t->kind = &field_kinds[i];
        skip_blanks(&t->p);
        if (is_field_end(*t->p))
            return err_say_offset(t->at, ERR_SYNTAX, (size_t)(t->p - t->all),
                                  "the %s is missing: minute, hour, day of month, month, day of week", t->kind->title);
        enum err e = take_field(t, &f[i]);
        if (e != ERR_OK)
            return e;
    }
    skip_blanks(&t->p);
    if (*t->p && *t->p != '|')
        return err_say_offset(t->at, ERR_SYNTAX, (size_t)(t->p - t->all),
                              "more than five fields; join patterns with |");
    *out = (struct cron_alternative){ f[0], f[1], f[2], f[3], f[4] };
    return ERR_OK;
}

enum err cron_parse(struct cron *out, const char *text, struct err_at *at)
{
    struct cron c = { 0 };
    struct field_text t = { NULL, text, text, at };
    if (strlen(text) > CRON_TEXT_MAX)
        return err_say(at, ERR_TOO_BIG, "the pattern is longer than %d characters", CRON_TEXT_MAX);
    do {
        if (c.n == CRON_ALTERNATIVES_MAX)
            return err_say_offset(at, ERR_TOO_MANY, (size_t)(t.p - text), "more than %d patterns are joined",
                                  CRON_ALTERNATIVES_MAX);
        enum err e = take_alternative(&t, &c.alt[c.n++]);
        if (e != ERR_OK)
            return e;
    } while (*t.p++ == '|');
    *out = c;
    return ERR_OK;
}

/* --- the next time --- */

/* What a search needs; the draws depend on which alternative it is. */
struct search {
    const struct zone *zone;
    uint64_t seed;
    int64_t after_utc;
    unsigned alternative;
};

/* A well mixed number from a seed and a place (the finalizer of MurmurHash3, public domain). */
static uint64_t mix(uint64_t v)
{
    v ^= v >> 33;
    v *= UINT64_C(0xff51afd7ed558ccd);
    v ^= v >> 33;
    v *= UINT64_C(0xc4ceb9fe1a85ec53);
    return v ^ v >> 33;
}

/* The values that count: all of them, or the one drawn for this period. */
static uint64_t draw(const struct search *s, const struct cron_field *f, unsigned field, int64_t period,
                     uint64_t possible)
{
    uint64_t values = f->values & possible;
    int n = __builtin_popcountll(values);
    if (!f->is_random || n == 0)
        return values;
    uint64_t place = mix(s->seed ^ mix((uint64_t)period * 64 + field * 16 + s->alternative));
    for (int skip = (int)(place % (unsigned)n); skip > 0; skip--)
        values &= values - 1;
    return values & (0 - values);
}

/* Does the date match? `days` counts from 1970-01-01. */
static bool day_matches(const struct search *s, const struct cron_alternative *alt, int64_t days, const struct civil *c)
{
    const uint64_t all = UINT64_MAX;
    uint64_t in_month = (UINT64_C(2) << civil_days_in_month(c->year, c->month)) - 1;
    int weekday = civil_weekday(days * DAY_S);
    int64_t week = (days + 4 - weekday) / 7, month = c->year * INT64_C(12) + c->month;
    return draw(s, &alt->month, 3, c->year, all) >> c->month & 1 &&
           draw(s, &alt->day, 2, month, in_month) >> c->day & 1 && draw(s, &alt->weekday, 4, week, all) >> weekday & 1;
}

static int64_t floor_days(int64_t local)
{
    return (local - (local % DAY_S + DAY_S) % DAY_S) / DAY_S;
}

/* The first fitting minute of this date for a pattern with every hour: UTC minutes one by one, at most a long day's. */
static bool search_by_elapsed(const struct search *s, uint64_t minutes, int64_t days, int64_t *found)
{
    int64_t begin = zone_to_utc(s->zone, days * DAY_S), end = zone_to_utc(s->zone, (days + 1) * DAY_S);
    int64_t next = s->after_utc - ((s->after_utc % 60 + 60) % 60) + 60;
    for (int64_t utc = next > begin ? next : begin; utc < end; utc += 60) {
        int64_t local = zone_local(s->zone, utc);
        if (minutes >> ((local - days * DAY_S) / 60 % 60) & 1) {
            *found = utc;
            return true;
        }
    }
    return false;
}

/* The first fitting time of this date for a pattern that names hours. */
static bool search_by_times(const struct search *s, uint64_t minutes, uint64_t hours, int64_t days, int64_t *found)
{
    for (int hour = 0; hour < 24; hour++) {
        if (!(hours >> hour & 1))
            continue;
        for (int minute = 0; minute < 60; minute++) {
            if (!(minutes >> minute & 1))
                continue;
            int64_t utc = zone_to_utc(s->zone, days * DAY_S + hour * 3600 + minute * 60);
            if (utc > s->after_utc) {
                *found = utc;
                return true;
            }
        }
    }
    return false;
}

static bool next_of(const struct search *s, const struct cron_alternative *alt, int64_t *found)
{
    const uint64_t every_hour = (UINT64_C(1) << 24) - 1;
    int64_t first = floor_days(zone_local(s->zone, s->after_utc));
    for (int64_t days = first; days <= first + DAYS_AHEAD; days++) {
        struct civil c;
        civil_from_seconds(days * DAY_S, &c);
        if (!day_matches(s, alt, days, &c))
            continue;
        uint64_t minutes = draw(s, &alt->minute, 0, days, UINT64_MAX);
        uint64_t hours = draw(s, &alt->hour, 1, days, UINT64_MAX);
        if (hours == every_hour ? search_by_elapsed(s, minutes, days, found)
                                : search_by_times(s, minutes, hours, days, found))
            return true;
    }
    return false;
}

bool cron_next(const struct cron *c, const struct zone *z, uint64_t seed, int64_t after_utc, int64_t *next_utc)
{
    /* Years that four digits can show; a clock beyond them is none. */
    if (after_utc < INT64_C(-60000000000) || after_utc > INT64_C(253000000000))
        return false;
    bool is_found = false;
    int64_t best = INT64_MAX;
    for (unsigned i = 0; i < c->n; i++) {
        int64_t at;
        if (next_of(&(struct search){ z, seed, after_utc, i }, &c->alt[i], &at) && at < best) {
            best = at;
            is_found = true;
        }
    }
    if (is_found)
        *next_utc = best;
    return is_found;
}
