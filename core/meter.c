/* meter.c — the meter list in memory.
 *
 * Knows: what makes a meter valid and what makes two meters the same. Does not know: how the list is kept, or read.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/meter.h"

#include <stdlib.h>

#include "core/base/bug.h"
#include "core/base/mem.h"
#include "core/base/str.h"

/* Meters in id order, each an allocation of its own, so that a borrowed pointer outlives a growing list. Ids are given in
 * ascending order, hence a new meter is nearly always the last. */
struct meters {
    struct meter **list;
    size_t n, room;
    uint32_t next_id;
};

static const char *const addressing_names[] = { "primary", "secondary", "esecondary" };

const char *addressing_name(enum addressing a)
{
    BUG_IF((size_t)a >= COUNT_OF(addressing_names));
    return addressing_names[a];
}

bool addressing_parse(const char *text, enum addressing *out)
{
    for (size_t i = 0; i < COUNT_OF(addressing_names); i++) {
        if (str_eq_nocase(text, addressing_names[i])) {
            *out = (enum addressing)i;
            return true;
        }
    }
    return false;
}

const char *meter_state_name(enum meter_state s)
{
    switch (s) {
    case METER_ACTIVE:
        return "active";
    case METER_PASSIVE:
        return "passive";
    }
    bug_found(__FILE__, __LINE__, "no such meter state");
}

bool meter_state_parse(const char *text, enum meter_state *out)
{
    if (!str_eq_nocase(text, "active") && !str_eq_nocase(text, "passive"))
        return false;
    *out = str_eq_nocase(text, "active") ? METER_ACTIVE : METER_PASSIVE;
    return true;
}

bool meter_baud_is_valid(uint32_t baud)
{
    static const uint32_t rates[] = { 300, 600, 1200, 2400, 4800, 9600, 19200, 38400 };
    for (size_t i = 0; i < COUNT_OF(rates); i++) {
        if (rates[i] == baud)
            return true;
    }
    return false;
}

static enum err refuse(struct err_at *at, enum err e, const char *field, const char *text)
{
    if (at)
        str_copy(at->field, sizeof at->field, field);
    return err_say(at, e, "%s", text);
}

enum err meter_check(const struct meter *m, struct err_at *at)
{
    if (!str_is_utf8(m->position, strnlen(m->position, sizeof m->position)))
        return refuse(at, ERR_INVALID, "position", "the position is not valid UTF-8");
    if (!meter_baud_is_valid(m->baud))
        return refuse(at, ERR_RANGE, "baud", "the baud rate is one of 300, 600, 1200, 2400, 4800, 9600, 19200, 38400");
    if (m->bus < 1 || m->bus > BUS_N)
        return refuse(at, ERR_RANGE, "bus", "the bus is a number from 1 to 16");
    if (m->primary < -1 || m->primary > 255)
        return refuse(at, ERR_RANGE, "primary_address", "the primary address is a number from 0 to 255");
    switch (m->addressing) {
    case ADDRESSING_PRIMARY:
        if (m->primary < 0)
            return refuse(at, ERR_INVALID, "primary_address", "primary addressing needs a primary address");
        return ERR_OK;
    case ADDRESSING_SECONDARY:
    case ADDRESSING_ESECONDARY:
        if (m->ident == METER_NO_IDENT)
            return refuse(at, ERR_INVALID, "secondary_address", "secondary addressing needs a secondary address");
        return ERR_OK;
    }
    return refuse(at, ERR_INVALID, "addressing", "the addressing is primary, secondary or esecondary");
}

struct meters *meters_create(void)
{
    struct meters *ms = xcalloc(1, sizeof *ms);
    ms->next_id = 1;
    return ms;
}

void meters_free(struct meters *ms)
{
    if (!ms)
        return;
    for (size_t i = 0; i < ms->n; i++)
        free(ms->list[i]);
    free(ms->list);
    free(ms);
}

size_t meters_count(const struct meters *ms)
{
    return ms->n;
}

size_t meters_count_state(const struct meters *ms, enum meter_state s)
{
    size_t n = 0;
    for (size_t i = 0; i < ms->n; i++)
        n += ms->list[i]->state == s;
    return n;
}

struct meter *meters_at(struct meters *ms, size_t i)
{
    BUG_IF(i >= ms->n);
    return ms->list[i];
}

/* The place of the first meter whose id is at least this; ms->n when there is none. */
static size_t place_of(const struct meters *ms, uint32_t id)
{
    size_t low = 0, high = ms->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (ms->list[middle]->id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct meter *meters_find(struct meters *ms, uint32_t id)
{
    size_t i = place_of(ms, id);
    return i < ms->n && ms->list[i]->id == id ? ms->list[i] : NULL;
}

struct meter *meters_after(struct meters *ms, uint32_t id)
{
    size_t i = id == UINT32_MAX ? ms->n : place_of(ms, id + 1);
    return i < ms->n ? ms->list[i] : NULL;
}

bool meter_same_address(const struct meter *a, const struct meter *b)
{
    if (a->bus != b->bus)
        return false;
    /* Two that answer to one primary address cannot both be read. */
    if (a->addressing == ADDRESSING_PRIMARY && b->addressing == ADDRESSING_PRIMARY && a->primary == b->primary)
        return true;
    if (a->ident == METER_NO_IDENT || b->ident == METER_NO_IDENT)
        return false;
    if (a->ident != b->ident)
        return false;
    if (!a->is_known || !b->is_known)
        return true;
    return a->maker == b->maker && a->version == b->version && a->medium == b->medium;
}

struct meter *meters_find_same(struct meters *ms, const struct meter *m)
{
    for (size_t i = 0; i < ms->n; i++) {
        if (ms->list[i]->id != m->id && meter_same_address(ms->list[i], m))
            return ms->list[i];
    }
    return NULL;
}

static enum err check_new(struct meters *ms, const struct meter *m, struct err_at *at)
{
    enum err e = meter_check(m, at);
    if (e != ERR_OK)
        return e;
    const struct meter *same = meters_find_same(ms, m);
    if (!same)
        return ERR_OK;
    bool by_primary = same->ident != m->ident || m->ident == METER_NO_IDENT;
    if (at)
        str_copy(at->field, sizeof at->field, by_primary ? "primary_address" : "secondary_address");
    if (by_primary)
        return err_say(at, ERR_EXISTS, "primary address %d on bus %d is meter number %u already", same->primary,
                       same->bus, same->id);
    return err_say(at, ERR_EXISTS, "%08X on bus %d is meter number %u already", same->ident, same->bus, same->id);
}

enum err meters_add(struct meters *ms, const struct meter *m, struct meter **out, struct err_at *at)
{
    if (ms->n >= METERS_MAX)
        return err_say(at, ERR_TOO_MANY, "at most %d meters can be installed", METERS_MAX);
    enum err e = check_new(ms, m, at);
    if (e != ERR_OK)
        return e;
    struct meter *copy = xmemdup(m, sizeof *m);
    if (copy->id == 0)
        copy->id = ms->next_id;
    BUG_IF(meters_find(ms, copy->id) != NULL);
    if (copy->id >= ms->next_id)
        ms->next_id = copy->id + 1;
    if (ms->n == ms->room) {
        ms->room = ms->room ? 2 * ms->room : 64;
        ms->list = xrealloc(ms->list, ms->room, sizeof *ms->list);
    }
    size_t place = place_of(ms, copy->id);
    for (size_t i = ms->n++; i > place; i--)
        ms->list[i] = ms->list[i - 1];
    ms->list[place] = copy;
    if (out)
        *out = copy;
    return ERR_OK;
}

enum err meters_update(struct meters *ms, const struct meter *m, struct err_at *at)
{
    struct meter *old = meters_find(ms, m->id);
    if (!old)
        return err_say(at, ERR_NOT_FOUND, "there is no meter number %u", m->id);
    enum err e = check_new(ms, m, at);
    if (e == ERR_OK && old != m)
        *old = *m;
    return e;
}

enum err meters_remove(struct meters *ms, uint32_t id)
{
    struct meter *m = meters_find(ms, id);
    if (!m)
        return ERR_NOT_FOUND;
    for (size_t i = place_of(ms, id); i + 1 < ms->n; i++)
        ms->list[i] = ms->list[i + 1];
    ms->n--;
    free(m);
    return ERR_OK;
}

void meters_set_next_id(struct meters *ms, uint32_t next)
{
    if (next > ms->next_id)
        ms->next_id = next;
}

uint32_t meters_next_id(const struct meters *ms)
{
    return ms->next_id;
}
