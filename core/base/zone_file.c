/* zone_file.c — time zones from the system's zone files (RFC 8536).
 *
 * Knows: TZif of all versions; the footer, a POSIX TZ rule, for the years after the last listed change.
 * Does not know: leap seconds, which "right/" zones list and nobody's wall clock shows.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/base/civil.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/num.h"
#include "core/base/rd.h"
#include "core/base/str.h"

enum {
    FILE_BYTES_MAX = 256 * 1024,
    TRANSITIONS_MAX = 4096,
    TYPES_MAX = 256,
    OFFSET_MAX_S = 26 * 3600,
};

/* When in a year daylight saving begins or ends. */
struct tz_day {
    enum { TZ_JULIAN, TZ_ORDINAL, TZ_MONTH_WEEK } form; /* Jn: 1…365, never 29 February; n: 0…365; Mm.w.d */
    int day, month, week, weekday;
    int32_t time_s; /* local, may be negative or beyond a day */
};

struct tz_rule {
    int32_t std_s, dst_s; /* offsets to UTC */
    bool has_dst;
    struct tz_day begin, end; /* of daylight saving time */
};

struct zone_rules {
    struct zone zone; /* first: callers hold a pointer to it */
    size_t n;
    int64_t *at;          /* n changes, ascending */
    int32_t *offset;      /* n offsets, from at[i] on */
    int32_t first_offset; /* before all changes */
    bool has_rule;        /* for times from the last change on */
    struct tz_rule rule;
};

/* --- the footer: "CET-1CEST,M3.5.0,M10.5.0/3" --- */

static bool take_name(const char **p)
{
    const char *start = *p;
    if (**p == '<') {
        const char *end = strchr(*p, '>');
        *p = end ? end + 1 : start;
        return end != NULL;
    }
    while ((**p >= 'A' && **p <= 'Z') || (**p >= 'a' && **p <= 'z'))
        ++*p;
    return *p - start >= 3;
}

static bool take_number(const char **p, int max, int *out)
{
    int v = 0;
    const char *start = *p;
    for (; **p >= '0' && **p <= '9'; ++*p) {
        v = v * 10 + (**p - '0');
        if (v > max)
            return false;
    }
    *out = v;
    return *p > start;
}

/* [+|-]h[hh][:mm[:ss]] */
static bool take_hms(const char **p, int32_t *out)
{
    int sign = **p == '-' ? -1 : 1, hours, minutes = 0, seconds = 0;
    if (**p == '-' || **p == '+')
        ++*p;
    if (!take_number(p, 167, &hours))
        return false;
    if (**p == ':') {
        ++*p;
        if (!take_number(p, 59, &minutes))
            return false;
    }
    if (**p == ':') {
        ++*p;
        if (!take_number(p, 59, &seconds))
            return false;
    }
    *out = sign * (hours * 3600 + minutes * 60 + seconds);
    return true;
}

static bool take_month_week(const char **p, struct tz_day *d)
{
    d->form = TZ_MONTH_WEEK;
    ++*p;
    if (!take_number(p, 12, &d->month) || d->month < 1 || **p != '.')
        return false;
    ++*p;
    if (!take_number(p, 5, &d->week) || d->week < 1 || **p != '.')
        return false;
    ++*p;
    return take_number(p, 6, &d->weekday);
}

static bool take_day(const char **p, struct tz_day *d)
{
    *d = (struct tz_day){ .time_s = 2 * 3600 };
    if (**p != ',')
        return false;
    ++*p;
    bool ok;
    if (**p == 'M') {
        ok = take_month_week(p, d);
    } else {
        d->form = **p == 'J' ? TZ_JULIAN : TZ_ORDINAL;
        *p += **p == 'J';
        ok = take_number(p, 365, &d->day) && (d->form == TZ_ORDINAL || d->day >= 1);
    }
    if (!ok)
        return false;
    if (**p != '/')
        return true;
    ++*p;
    return take_hms(p, &d->time_s);
}

static bool tz_rule_parse(const char *text, struct tz_rule *out)
{
    struct tz_rule r = { 0 };
    const char *p = text;
    int32_t west;
    if (!take_name(&p) || !take_hms(&p, &west))
        return false;
    r.std_s = -west;
    if (*p) {
        r.has_dst = true;
        r.dst_s = r.std_s + 3600;
        if (!take_name(&p))
            return false;
        if (*p != ',') {
            if (!take_hms(&p, &west))
                return false;
            r.dst_s = -west;
        }
        if (!take_day(&p, &r.begin) || !take_day(&p, &r.end) || *p)
            return false;
    }
    if (abs(r.std_s) > OFFSET_MAX_S || abs(r.dst_s) > OFFSET_MAX_S)
        return false;
    *out = r;
    return true;
}

/* The moment in local time of the year, as if UTC. */
static int64_t tz_day_local(const struct tz_day *d, int year)
{
    struct civil c = { .year = year, .month = 1, .day = 1 };
    bool is_leap = civil_days_in_month(year, 2) == 29;
    switch (d->form) {
    case TZ_JULIAN:
        return civil_to_seconds(&c) + (d->day - 1 + (is_leap && d->day >= 60)) * INT64_C(86400) + d->time_s;
    case TZ_ORDINAL:
        return civil_to_seconds(&c) + d->day * INT64_C(86400) + d->time_s;
    case TZ_MONTH_WEEK:
        break;
    }
    c.month = d->month;
    int first = civil_weekday(civil_to_seconds(&c));
    c.day = 1 + (d->weekday - first + 7) % 7 + 7 * (d->week - 1);
    while (c.day > civil_days_in_month(year, d->month))
        c.day -= 7; /* week 5 is the last one */
    return civil_to_seconds(&c) + d->time_s;
}

static int32_t tz_rule_offset(const struct tz_rule *r, int64_t utc)
{
    if (!r->has_dst)
        return r->std_s;
    struct civil c;
    civil_from_seconds(utc + r->std_s, &c);
    for (int year = c.year - 1; year <= c.year + 1; year++) {
        int64_t begin = tz_day_local(&r->begin, year) - r->std_s;
        int64_t end = tz_day_local(&r->end, year) - r->dst_s;
        if (end <= begin) /* the south: summer goes over the new year */
            end = tz_day_local(&r->end, year + 1) - r->dst_s;
        if (utc >= begin && utc < end)
            return r->dst_s;
    }
    return r->std_s;
}

/* --- the file --- */

static int32_t rules_offset(const struct zone *z, int64_t utc)
{
    const struct zone_rules *r = (const struct zone_rules *)(const void *)z;
    size_t low = 0, high = r->n; /* changes before low are <= utc, from high on > utc */
    if (r->has_rule && (r->n == 0 || utc >= r->at[r->n - 1]))
        return tz_rule_offset(&r->rule, utc);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (r->at[middle] <= utc)
            low = middle + 1;
        else
            high = middle;
    }
    return low == 0 ? r->first_offset : r->offset[low - 1];
}

struct tzif_head {
    uint8_t version;
    uint32_t n_isut, n_isstd, n_leap, n_times, n_types, n_chars;
};

static bool read_head(struct rd *in, struct tzif_head *h)
{
    const uint8_t *magic = rd_bytes(in, 4);
    h->version = rd_u8(in);
    rd_skip(in, 15);
    h->n_isut = rd_u32be(in);
    h->n_isstd = rd_u32be(in);
    h->n_leap = rd_u32be(in);
    h->n_times = rd_u32be(in);
    h->n_types = rd_u32be(in);
    h->n_chars = rd_u32be(in);
    return rd_ok(in) && memcmp(magic, "TZif", 4) == 0 && h->n_times <= TRANSITIONS_MAX && h->n_types >= 1 &&
           h->n_types <= TYPES_MAX && h->n_chars <= 4096 && h->n_leap <= 4096 && h->n_isut <= TYPES_MAX &&
           h->n_isstd <= TYPES_MAX;
}

static size_t block_size(const struct tzif_head *h, size_t time_size)
{
    return h->n_times * (time_size + 1) + h->n_types * (size_t)6 + h->n_chars + h->n_leap * (time_size + 4) +
           h->n_isstd + h->n_isut;
}

static int64_t read_time(struct rd *in, size_t size)
{
    return size == 8 ? (int64_t)rd_be(in, 8) : (int64_t)(int32_t)rd_u32be(in);
}

/* The data block of `h`; `in` is at its first byte, and is left behind it. */
static enum err read_block(struct rd *in, const struct tzif_head *h, size_t time_size, struct zone_rules *r)
{
    struct rd block = rd_sub(in, block_size(h, time_size));
    struct rd times = rd_sub(&block, h->n_times * time_size);
    struct rd kinds = rd_sub(&block, h->n_times);
    int32_t offsets[TYPES_MAX];
    for (size_t i = 0; i < h->n_types; i++) {
        offsets[i] = (int32_t)rd_u32be(&block);
        rd_skip(&block, 2);
        if (offsets[i] < -OFFSET_MAX_S || offsets[i] > OFFSET_MAX_S)
            return ERR_MALFORMED;
    }
    if (!rd_ok(in) || !rd_ok(&block))
        return ERR_SHORT;
    r->first_offset = offsets[0];
    r->n = h->n_times;
    r->at = xcalloc(r->n, sizeof *r->at);
    r->offset = xcalloc(r->n, sizeof *r->offset);
    for (size_t i = 0; i < r->n; i++) {
        uint8_t kind = rd_u8(&kinds);
        r->at[i] = read_time(&times, time_size);
        if (kind >= h->n_types || (i > 0 && r->at[i] <= r->at[i - 1]))
            return ERR_MALFORMED;
        r->offset[i] = offsets[kind];
    }
    return ERR_OK;
}

/* "\nRULE\n" behind the 64-bit block; an empty rule says nothing about later years. */
static enum err read_footer(struct rd *in, struct zone_rules *r)
{
    char text[128];
    size_t n = 0;
    if (rd_u8(in) != '\n')
        return ERR_MALFORMED;
    for (uint8_t c = rd_u8(in); c != '\n'; c = rd_u8(in)) {
        if (!rd_ok(in) || c == 0 || n + 1 == sizeof text)
            return ERR_MALFORMED;
        text[n++] = (char)c;
    }
    text[n] = 0;
    if (n == 0)
        return ERR_OK;
    r->has_rule = tz_rule_parse(text, &r->rule);
    return r->has_rule ? ERR_OK : ERR_MALFORMED;
}

static enum err read_file(struct rd *in, struct zone_rules *r)
{
    struct tzif_head head;
    if (!read_head(in, &head))
        return rd_ok(in) ? ERR_MALFORMED : ERR_SHORT;
    if (head.version == 0)
        return read_block(in, &head, 4, r);
    if (!rd_skip(in, block_size(&head, 4)))
        return ERR_SHORT;
    if (!read_head(in, &head))
        return rd_ok(in) ? ERR_MALFORMED : ERR_SHORT;
    enum err e = read_block(in, &head, 8, r);
    return e != ERR_OK ? e : read_footer(in, r);
}

enum err zone_parse(const uint8_t *tzif, size_t len, struct zone **out)
{
    struct zone_rules *r = xcalloc(1, sizeof *r);
    struct rd in = rd_init(tzif, len);
    r->zone.offset_s = rules_offset;
    enum err e = read_file(&in, r);
    if (e != ERR_OK) {
        zone_free(&r->zone);
        return e;
    }
    *out = &r->zone;
    return ERR_OK;
}

void zone_free(struct zone *z)
{
    struct zone_rules *r = (struct zone_rules *)(void *)z;
    if (!r)
        return;
    free(r->at);
    free(r->offset);
    free(r);
}

/* Letters, digits and "_+-" in parts between slashes: no way out of the folder, no hidden files. */
static bool name_is_sound(const char *name)
{
    if (!*name || *name == '/' || strlen(name) > 64)
        return false;
    for (const char *p = name; *p; p++) {
        bool is_word = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9');
        if (!is_word && !strchr("_+-/", *p))
            return false;
        if (*p == '/' && (p[1] == '/' || p[1] == 0))
            return false;
    }
    return true;
}

static enum err read_whole(const char *path, uint8_t *buffer, size_t size, size_t *len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : err_from_errno(errno);
    size_t have = 0;
    ssize_t n;
    while ((n = read(fd, buffer + have, size - have)) > 0)
        have += (size_t)n;
    int saved = errno;
    close(fd);
    if (n < 0) /* a folder, such as "Europe", is no zone */
        return saved == EISDIR ? ERR_NOT_FOUND : err_from_errno(saved);
    *len = have;
    return have == size ? ERR_TOO_BIG : ERR_OK;
}

/* UTC needs no file, so that a machine without zone files has a zone. */
static enum err zone_make_utc(struct zone **out)
{
    struct zone_rules *r = xcalloc(1, sizeof *r);
    r->zone.offset_s = rules_offset;
    *out = &r->zone;
    return ERR_OK;
}

enum err zone_load(const char *name, struct zone **out)
{
    char path[128];
    if (!name_is_sound(name))
        return ERR_NOT_FOUND;
    if (str_eq(name, "UTC"))
        return zone_make_utc(out);
    if (!str_fmt(path, sizeof path, "/usr/share/zoneinfo/%s", name))
        return ERR_NOT_FOUND;
    uint8_t *buffer = xmalloc(FILE_BYTES_MAX);
    size_t len = 0;
    enum err e = read_whole(path, buffer, FILE_BYTES_MAX, &len);
    if (e == ERR_OK && (len < 4 || memcmp(buffer, "TZif", 4) != 0))
        e = ERR_NOT_FOUND; /* tzdata's tables of names stand in the same folder */
    if (e == ERR_OK)
        e = zone_parse(buffer, len, out);
    free(buffer);
    return e;
}
