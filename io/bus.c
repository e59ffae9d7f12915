/* bus.c — one M-Bus interface and the arbiter of its turns.
 *
 * Knows: the port, who holds it, who waits with which priority, how busy the wire was.
 * Does not know: M-Bus; what a turn is used for.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "io/bus.h"

#include <stdlib.h>
#include <utlist.h>

#include "core/base/bug.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "io/loop.h"
#include "io/port.h"

enum { CLIMB_MS = 60000, BUSY_SLOTS = 60, WHY_MAX = 200, SPEC_MAX = 300 };

struct bus {
    struct loop *loop;
    struct dns *dns;
    unsigned number;
    char origin[LOG_ORIGIN_MAX]; /* "bus1" */
    bus_state_fn *on_state;
    void *ctx;

    enum bus_state state;
    int64_t since_utc;
    char why[WHY_MAX]; /* of BUS_DOWN */
    char spec[SPEC_MAX];
    uint32_t baud;     /* of the settings */
    uint32_t baud_now; /* of the holder's turn */
    struct port *port; /* NULL: off. Its rate changes only between turns */

    struct bus_turn *holder;  /* NULL, or in no queue; only the holder writes to port */
    struct bus_turn *waiting; /* in the order of asking */
    struct timer pump;        /* gives the next turn, or takes them all, from the loop */
    uint64_t n_turns;
    int64_t stray_us;

    int64_t busy_us[BUSY_SLOTS]; /* bits on the wire in each second of the last minute */
    int64_t busy_second;         /* the newest of these */
};

static const char *const state_names[] = { "off", "down", "up", "down" };
const char *bus_state_name(enum bus_state s)
{
    return state_names[s];
}

static int64_t now_us(const struct bus *b)
{
    const struct clock *c = loop_clock(b->loop);
    return c->mono_us(c);
}

static void bus_check(const struct bus *b)
{
    BUG_IF(b->holder && (b->holder->state != TURN_HOLDING || b->holder->bus != b));
    BUG_IF(b->holder && b->state != BUS_UP);
}

/* --- how busy the wire is --- */

static void busy_roll(struct bus *b, int64_t second)
{
    if (second - b->busy_second >= BUSY_SLOTS)
        b->busy_second = second - BUSY_SLOTS;
    while (b->busy_second < second)
        b->busy_us[++b->busy_second % BUSY_SLOTS] = 0;
}

static void busy_add(struct bus *b, size_t n_bytes)
{
    int64_t second = now_us(b) / 1000000;
    busy_roll(b, second);
    b->busy_us[second % BUSY_SLOTS] += (int64_t)n_bytes * PORT_BITS_OF_BYTE * 1000000 / b->baud_now;
}

static double busy_share(const struct bus *b)
{
    int64_t second = now_us(b) / 1000000, sum = 0;
    for (int64_t s = second - BUSY_SLOTS + 1; s <= b->busy_second; s++)
        sum += s >= 0 ? b->busy_us[s % BUSY_SLOTS] : 0;
    double share = (double)sum / (BUSY_SLOTS * 1e6);
    return share > 1 ? 1 : share;
}

/* --- turns --- */

static void leave_queue(struct bus_turn *t)
{
    if (t->state == TURN_WAITING)
        DL_DELETE(t->bus->waiting, t);
    t->state = TURN_FREE;
}

static int prio_now(const struct bus_turn *t, int64_t now_ms)
{
    int64_t climbed = (now_ms - t->asked_ms) / CLIMB_MS;
    return climbed >= (int64_t)t->prio ? 0 : (int)t->prio - (int)climbed;
}

static struct bus_turn *choose(struct bus *b)
{
    int64_t now_ms = now_us(b) / 1000;
    struct bus_turn *best = NULL, *t;
    DL_FOREACH (b->waiting, t)
        if (!best || prio_now(t, now_ms) < prio_now(best, now_ms))
            best = t;
    return best;
}

static void give(struct bus *b, struct bus_turn *t)
{
    leave_queue(t);
    t->state = TURN_HOLDING;
    b->holder = t;
    b->n_turns++;
    t->granted(t->ctx);
}

static void take(struct bus *b, struct bus_turn *t, const char *why)
{
    if (b->holder == t)
        b->holder = NULL;
    leave_queue(t);
    t->lost(t->ctx, why);
}

/* Those who ask again while they are told belong to the next try, so only the turns of this moment are taken. */
static void take_all(struct bus *b, const char *why)
{
    size_t n;
    struct bus_turn *t;
    DL_COUNT(b->waiting, t, n);
    if (b->holder)
        take(b, b->holder, why);
    while (n-- > 0 && b->waiting)
        take(b, b->waiting, why);
}

static void on_pump(void *ctx)
{
    struct bus *b = ctx;
    if (b->state == BUS_OFF)
        take_all(b, "it is switched off");
    else if (b->state == BUS_UP && !b->holder && b->waiting)
        give(b, choose(b));
    bus_check(b);
}

void bus_request(struct bus *b, struct bus_turn *t, enum bus_prio prio)
{
    BUG_IF(t->state != TURN_FREE);
    t->bus = b;
    t->prio = prio;
    t->asked_ms = now_us(b) / 1000;
    t->state = TURN_WAITING;
    DL_APPEND(b->waiting, t);
    if (b->state == BUS_DOWN)
        port_retry_now(b->port);
    else
        timer_start_ms(&b->pump, 0);
}

void bus_release(struct bus_turn *t)
{
    if (t->state == TURN_FREE)
        return;
    struct bus *b = t->bus;
    if (b->holder == t)
        b->holder = NULL;
    leave_queue(t);
    if (b->waiting)
        timer_start_ms(&b->pump, 0);
}

/* --- the holder's --- */

static struct bus *held(const struct bus_turn *t)
{
    BUG_IF(t->state != TURN_HOLDING || t->bus->holder != t);
    return t->bus;
}

void bus_set_baud(struct bus_turn *t, uint32_t baud)
{
    struct bus *b = held(t);
    b->baud_now = baud == 0 || port_is_network(b->port) ? b->baud : baud;
    port_set_baud(b->port, b->baud_now);
}

int64_t bus_write(struct bus_turn *t, const uint8_t *bytes, size_t len)
{
    struct bus *b = held(t);
    busy_add(b, len);
    return port_write(b->port, bytes, len);
}

void bus_drain(struct bus_turn *t)
{
    struct bus *b = held(t);
    if (port_drain(b->port) > 0)
        b->stray_us = now_us(b);
}

void bus_poll(struct bus_turn *t)
{
    port_poll(held(t)->port);
}
bool bus_is_stuck(const struct bus_turn *t)
{
    return port_is_stuck(held(t)->port);
}
uint32_t bus_baud(const struct bus_turn *t)
{
    return held(t)->baud_now;
}
bool bus_is_network(const struct bus_turn *t)
{
    return port_is_network(held(t)->port);
}
int64_t bus_stray_us(const struct bus_turn *t)
{
    return held(t)->stray_us;
}

/* --- the port's calls --- */

static void on_port_bytes(void *ctx, const uint8_t *bytes, size_t len, size_t n_damaged)
{
    struct bus *b = ctx;
    busy_add(b, len);
    if (b->holder)
        b->holder->on_bytes(b->holder->ctx, bytes, len, n_damaged);
    else
        b->stray_us = now_us(b);
}

static void set_state(struct bus *b, enum bus_state state, const char *why)
{
    bool was_up = b->state == BUS_UP;
    if (state != b->state)
        b->since_utc = clock_utc(loop_clock(b->loop));
    b->state = state;
    str_copy(b->why, sizeof b->why, why);
    if (state == BUS_DOWN)
        take_all(b, b->why);
    if (was_up != (state == BUS_UP))
        b->on_state(b->ctx, b, state);
}

/* Said once for each change: tries that fail for the same reason again are not news. */
static void on_port_state(void *ctx, bool is_up, const char *why)
{
    struct bus *b = ctx;
    if (is_up)
        log_info(b->origin, "%s is up", b->spec);
    else if (b->state != BUS_DOWN || !str_eq(why, b->why))
        log_warn(b->origin, "%s is down: %s", b->spec, why);
    set_state(b, is_up ? BUS_UP : BUS_DOWN, why);
    if (is_up)
        timer_start_ms(&b->pump, 0);
}

/* --- life --- */

struct bus *bus_create(struct loop *l, struct dns *dns, unsigned number, bus_state_fn *fn, void *ctx)
{
    struct bus *b = xcalloc(1, sizeof *b);
    *b = (struct bus){ .loop = l, .dns = dns, .number = number, .on_state = fn, .ctx = ctx };
    str_fmt(b->origin, sizeof b->origin, "bus%u", number);
    b->baud = b->baud_now = 2400;
    b->stray_us = INT64_MIN;
    b->since_utc = clock_utc(loop_clock(l));
    timer_init(&b->pump, l, "bus turn", on_pump, b);
    return b;
}

void bus_free(struct bus *b)
{
    if (!b)
        return;
    BUG_IF(b->holder || b->waiting);
    port_stop(b->port);
    timer_fini(&b->pump);
    free(b);
}

static void shut_port(struct bus *b)
{
    port_stop(b->port);
    b->port = NULL;
    set_state(b, BUS_OFF, "");
    if (b->holder)
        take(b, b->holder, "the interface was changed");
}

void bus_configure(struct bus *b, bool is_enabled, const char *port_spec, uint32_t baud)
{
    bool is_wanted = is_enabled && port_spec[0] != '\0';
    bool is_same = str_eq(b->spec, port_spec) && is_wanted == (b->port != NULL);
    b->baud = baud;
    if (is_same)
        return;
    if (b->port)
        shut_port(b);
    str_copy(b->spec, sizeof b->spec, port_spec);
    if (is_wanted) {
        const struct port_user user = { .on_bytes = on_port_bytes, .on_state = on_port_state, .ctx = b };
        b->port = port_start(b->loop, b->dns, b->spec, baud, &user);
        b->baud_now = baud;
        set_state(b, BUS_TRYING, "");
    } else if (b->waiting) {
        timer_start_ms(&b->pump, 0); /* tells them */
    }
}

void bus_info(const struct bus *b, struct bus_info *out)
{
    const struct bus_turn *t;
    *out = (struct bus_info){ .number = b->number, .port = b->spec, .state = b->state, .since_utc = b->since_utc };
    out->why = b->why;
    out->holder = b->holder ? b->holder->holder : NULL;
    DL_COUNT(b->waiting, t, out->queued);
    out->n_turns = b->n_turns;
    out->wire_busy = busy_share(b);
}
