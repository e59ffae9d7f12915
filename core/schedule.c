/* schedule.c — named cron patterns that fire on time, also when the clock jumps.
 *
 * Knows: when each schedule is due. Does not know: timers; what firing means.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/schedule.h"

#include <stdlib.h>
#include <utlist.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/cron.h"

enum { NAME_MAX_LEN = 32, GAPS = 6 };

/* A clock set back by more is a new time, not a correction: schedules follow it. */
enum { BACK_MAX_S = 3 * 3600 };

struct schedule {
    char name[NAME_MAX_LEN];
    unsigned instance;
    struct cron cron;
    schedule_fn *fn;
    void *ctx;
    int64_t due_utc;    /* INT64_MAX: never */
    int64_t firing_utc; /* due in this tick and not told yet; 0: no */
    struct schedule *prev, *next;
};

struct schedules {
    uint64_t seed;
    const struct zone *zone;
    int64_t last_utc; /* of the last tick; 0: none yet */
    struct schedule *list;
};

struct schedules *schedules_create(uint64_t seed)
{
    struct schedules *s = xcalloc(1, sizeof *s);
    s->seed = seed;
    s->zone = &zone_utc;
    return s;
}

void schedules_free(struct schedules *s)
{
    struct schedule *one, *next;
    if (!s)
        return;
    DL_FOREACH_SAFE (s->list, one, next)
        free(one);
    free(s);
}

/* Each schedule draws for itself, so that several reports with "?" do not all go at once. FNV-1a over its name. */
static uint64_t seed_of(const struct schedules *s, const struct schedule *one)
{
    uint64_t h = s->seed ^ UINT64_C(0xcbf29ce484222325);
    for (const char *p = one->name; *p; p++)
        h = (h ^ (uint8_t)*p) * UINT64_C(0x100000001b3);
    return (h ^ one->instance) * UINT64_C(0x100000001b3);
}

static int64_t next_of(const struct schedules *s, const struct schedule *one, int64_t after_utc)
{
    int64_t next;
    return cron_next(&one->cron, s->zone, seed_of(s, one), after_utc, &next) ? next : INT64_MAX;
}

static void compute_all(struct schedules *s, int64_t after_utc)
{
    struct schedule *one;
    DL_FOREACH (s->list, one)
        one->due_utc = next_of(s, one, after_utc);
}

void schedules_set_zone(struct schedules *s, const struct zone *z, int64_t now_utc)
{
    s->zone = z;
    compute_all(s, now_utc);
}

static struct schedule *find(const struct schedules *s, const char *name, unsigned instance)
{
    struct schedule *one;
    DL_FOREACH (s->list, one) {
        if (one->instance == instance && str_eq(one->name, name))
            return one;
    }
    return NULL;
}

enum err schedules_put(struct schedules *s, const char *name, unsigned instance, const char *pattern, int64_t now_utc,
                       schedule_fn *fn, void *ctx, struct err_at *at)
{
    struct schedule *one = find(s, name, instance);
    struct cron cron;
    if (!pattern || !*pattern) {
        if (one) {
            DL_DELETE(s->list, one);
            free(one);
        }
        return ERR_OK;
    }
    enum err e = cron_parse(&cron, pattern, at);
    if (e != ERR_OK)
        return e;
    if (!one) {
        one = xcalloc(1, sizeof *one);
        str_copy(one->name, sizeof one->name, name);
        one->instance = instance;
        DL_APPEND(s->list, one);
    }
    one->cron = cron;
    one->fn = fn;
    one->ctx = ctx;
    one->firing_utc = 0;
    one->due_utc = next_of(s, one, now_utc);
    return ERR_OK;
}

/* Callbacks may put and remove schedules, hence each search begins anew. */
static struct schedule *find_firing(const struct schedules *s)
{
    struct schedule *one;
    DL_FOREACH (s->list, one) {
        if (one->firing_utc)
            return one;
    }
    return NULL;
}

int64_t schedules_tick(struct schedules *s, int64_t now_utc)
{
    struct schedule *one;
    if (s->last_utc && now_utc < s->last_utc - BACK_MAX_S)
        compute_all(s, now_utc);
    s->last_utc = now_utc;
    DL_FOREACH (s->list, one) {
        if (one->due_utc <= now_utc) {
            one->firing_utc = one->due_utc;
            one->due_utc = next_of(s, one, now_utc);
        }
    }
    while ((one = find_firing(s))) {
        int64_t due_utc = one->firing_utc;
        one->firing_utc = 0;
        one->fn(one->ctx, one->instance, due_utc);
    }
    int64_t next = INT64_MAX;
    DL_FOREACH (s->list, one) {
        if (one->due_utc < next)
            next = one->due_utc;
    }
    return next;
}

int64_t schedules_next(const struct schedules *s, const char *name, unsigned instance)
{
    const struct schedule *one = find(s, name, instance);
    return one && one->due_utc != INT64_MAX ? one->due_utc : 0;
}

int64_t schedules_interval_s(const struct schedules *s, const char *name, unsigned instance, int64_t now_utc)
{
    const struct schedule *one = find(s, name, instance);
    int64_t smallest = 0, at = one ? next_of(s, one, now_utc) : INT64_MAX;
    for (int i = 0; i < GAPS && at != INT64_MAX; i++) {
        int64_t next = next_of(s, one, at);
        if (next != INT64_MAX && (smallest == 0 || next - at < smallest))
            smallest = next - at;
        at = next;
    }
    return smallest;
}
