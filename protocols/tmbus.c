/* tmbus.c — the service Transparent M-Bus over TCP: ports, connections, their turns on a bus.
 *
 * Knows: settings, when a connection needs the bus, when the line is free for the next frame, when a turn may end.
 * Does not know: what the bytes mean but for tmbus_pack; how a bus works; other services.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "protocols/tmbus.h"

#include <stdlib.h>
#include <utlist.h>

#include "core/base/addr.h"
#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/meter.h"
#include "io/bus.h"
#include "io/listener.h"
#include "io/loop.h"
#include "io/stream.h"
#include "protocols/tmbus_pack.h"

enum { PORTS = 2, CLIENTS_MAX = 8, IN_MAX = 4096, OUT_MAX = 64 * 1024 };
enum {
    CUT_US = 1000000,   /* a frame whose rest does not come for so long is dropped */
    FAIR_US = 10000000, /* who has held the bus for so long lets others in between two meters */
    WINDOW_BITS = 330,  /* EN 13757-2: the answer begins within 330 bit times + 50 ms */
    WINDOW_US = 50000,
    GAP_BITS = 33,  /* a longer pause ends an answer */
    GAP_US = 20000, /* converters stutter */
    NETWORK_MARGIN_US = 100000,
    BIT_S_US = 1000000,
};

/* --- settings --- */

struct tmbus_cfg {
    bool enabled;
    char bind[256];
    uint32_t port, bus, packing_interval_ms, hold_ms, idle_timeout_s;
    int baud, packing; /* indices into the choices */
};

enum { PACKING_MBUS, PACKING_TRANSPARENT };
static const char *const packing_choices[] = { "mbus", "transparent", NULL };
static const char *const baud_choices[] = { "300", "600", "1200", "2400", "4800", "9600", "19200", "38400", NULL };

#define TMBUS_ROWS(default_port)                                                                                       \
    S_BOOL(                                                                                                            \
        struct tmbus_cfg, enabled, "false", S_ADMIN,                                                                   \
        "Transparent M-Bus over TCP: a master elsewhere speaks with the meters on a bus itself. It and the gateway "   \
        "take turns; for a busy master that may delay readouts of the gateway."),                                      \
        S_HOST(struct tmbus_cfg, bind, "127.0.0.1", S_ADMIN,                                                           \
               "IP address to listen on; 0.0.0.0 or :: for all networks. M-Bus knows no password: open it only where " \
               "every host may read and write the meters."),                                                           \
        S_UINT(struct tmbus_cfg, port, default_port, 1, 65535, S_ADMIN, "", "TCP port of this Transparent M-Bus."),    \
        S_UINT(struct tmbus_cfg, bus, "1", 1, BUS_N, S_ADMIN, "", "The M-Bus interface that masters reach here."),     \
        S_ENUM(struct tmbus_cfg, baud, "2400", baud_choices, S_ADMIN,                                                  \
               "Rate on the bus while a master of this port has its turn. A TCP converter has its own."),              \
        S_ENUM(                                                                                                        \
            struct tmbus_cfg, packing, "mbus", packing_choices, S_ADMIN,                                               \
            "mbus: only well-formed frames pass, one after the answer to the other. transparent: all bytes pass as "   \
            "they are. In both, a request to a selected meter is dropped when others have had the bus since the "      \
            "selection, so that no other meter answers it."),                                                          \
        S_UINT(struct tmbus_cfg, packing_interval_ms, "20", 0, 10000, S_ADMIN, "ms",                                   \
               "Packing transparent: a master must pause for so long before what it sent goes to the bus. With "       \
               "packing mbus a frame goes as soon as it is complete."),                                                \
        S_UINT(                                                                                                        \
            struct tmbus_cfg, hold_ms, "2000", 100, 60000, S_ADMIN | S_EXPERT, "ms",                                   \
            "How long the line must be silent before a connected master's turn on the bus ends. It may have a meter "  \
            "selected, so readouts of the gateway wait until then."),                                                  \
        S_UINT(struct tmbus_cfg, idle_timeout_s, "300", 1, 86400, S_ADMIN, "s",                                        \
               "A connection whose master sends nothing for so long is closed."),
static const struct setting rows_1[] = { TMBUS_ROWS("10001") };
static const struct setting rows_2[] = { TMBUS_ROWS("10002") };

static enum err check(const void *cfg, struct err_at *at)
{
    const struct tmbus_cfg *c = cfg;
    if (addr_is_ipv4(c->bind) || addr_is_ipv6(c->bind) || str_eq(c->bind, "localhost"))
        return ERR_OK;
    if (at)
        str_copy(at->field, sizeof at->field, "bind");
    return err_say(at, ERR_INVALID, "%s is no IP address", c->bind);
}

/* Two groups of their own rather than one with two instances: their ports have different defaults. */
static const struct setting_table table_1 = { "tmbus1", 0, rows_1, COUNT_OF(rows_1), sizeof(struct tmbus_cfg), check };
static const struct setting_table table_2 = { "tmbus2", 0, rows_2, COUNT_OF(rows_2), sizeof(struct tmbus_cfg), check };
static const struct setting_table *const tables[] = { &table_1, &table_2, NULL };
static const char *const names[PORTS] = { "tmbus1", "tmbus2" };

/* --- parts --- */

struct session;
struct tmbus_port {
    struct app *app;
    const char *name;
    const struct tmbus_cfg *cfg;
    struct listener *listener; /* NULL: off */
    struct session *sessions;
    size_t n_clients;
    uint64_t n_connections, n_packs, n_lost;
    uint64_t n_unselected;         /* requests that were not sent, since others have had the bus after the selection */
    uint64_t n_dropped, n_repeats; /* of sessions that are over */
};

struct session {
    struct tmbus_port *port;
    struct stream *stream; /* NULL: the master is gone, the line only has to fall silent */
    char peer[ADDR_TEXT_MAX];
    uint32_t hold_ms, interval_ms;
    struct tmbus_pack pack;
    int64_t heard_us; /* the master's last byte */

    struct bus_turn turn;
    uint64_t turn_number; /* of the last turn we had */
    int64_t granted_us;
    bool has_selection;      /* a selection of ours still stands */
    bool must_queue;         /* has had its share: asks behind the others */
    uint8_t last_a;          /* A field of the last frame sent */
    struct framer answer;    /* to see where an answer ends */
    uint8_t sent[FRAME_MAX]; /* last frame, since a converter may echo it */
    size_t sent_len;
    int64_t wire_end_us;  /* the last bit of ours has left … */
    int64_t line_free_us; /* … and its answer is over, or will not come */
    int64_t active_us;    /* last byte on the line, either way */
    struct timer timer;
    struct session *prev, *next;
};

struct tmbus {
    struct app *app;
    struct tmbus_port ports[PORTS];
};

static int64_t now_us(const struct session *s)
{
    const struct clock *c = s->port->app->clock;
    return c->mono_us(c);
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t bits_us(const struct session *s, int64_t bits)
{
    return bits * BIT_S_US / bus_baud(&s->turn);
}

static int64_t margin_us(const struct session *s)
{
    return bus_is_network(&s->turn) ? NETWORK_MARGIN_US : 0;
}

/* --- the end of a session --- */

static void session_free(void *ctx)
{
    struct session *s = ctx;
    timer_fini(&s->timer);
    free(s);
}

static void session_end(struct session *s)
{
    struct tmbus_port *p = s->port;
    p->n_dropped += s->pack.n_dropped;
    p->n_repeats += s->pack.n_repeats;
    p->n_clients -= s->stream != NULL;
    DL_DELETE(p->sessions, s);
    timer_stop(&s->timer);
    bus_release(&s->turn);
    stream_stop(s->stream);
    s->stream = NULL;
    loop_defer(p->app->loop, session_free, s);
}

/* --- the turn --- */

static struct bus *bus_of(const struct session *s)
{
    return s->port->app->buses[s->port->cfg->bus - 1];
}

static bool others_wait(const struct session *s)
{
    struct bus_info info;
    bus_info(bus_of(s), &info);
    return info.queued > 0;
}

/* With the turn the selection of our master ends, unless nobody else has had the bus meanwhile. */
static void on_granted(void *ctx)
{
    struct session *s = ctx;
    struct bus_info info;
    uint64_t baud = 2400;
    bus_info(bus_of(s), &info);
    if (info.n_turns != s->turn_number + 1)
        s->has_selection = false;
    s->turn_number = info.n_turns;
    s->granted_us = s->active_us = now_us(s);
    s->must_queue = false;
    s->wire_end_us = s->line_free_us = 0;
    (void)!str_to_u64(baud_choices[s->port->cfg->baud], UINT32_MAX, &baud); /* our own table */
    bus_set_baud(&s->turn, (uint32_t)baud);
    bus_drain(&s->turn);
    timer_start_ms(&s->timer, 0);
}

static void on_lost(void *ctx, const char *why)
{
    struct session *s = ctx;
    log_warn(s->port->name, "a request of %s is lost: bus%u: %s", s->peer, s->port->cfg->bus, why);
    s->port->n_lost++;
    s->has_selection = false;
    s->pack.len = 0;
    timer_start_ms(&s->timer, 0);
}

static void on_bus_bytes(void *ctx, const uint8_t *bytes, size_t len, size_t n_damaged)
{
    (void)n_damaged; /* that is for the master to find out */
    struct session *s = ctx;
    int64_t now = now_us(s);
    s->active_us = now;
    s->line_free_us = later(s->line_free_us, now + bits_us(s, GAP_BITS) + GAP_US + margin_us(s));
    if (s->stream)
        stream_write(s->stream, bytes, len);
    for (size_t n = 0; n < len;) {
        struct frame f;
        enum framer_state state;
        n += framer_feed(&s->answer, bytes + n, len - n);
        while ((state = framer_next(&s->answer, &f)) != FRAMER_NEED_MORE)
            if (state == FRAMER_FRAME && !bytes_equal(f.raw, f.raw_len, s->sent, s->sent_len))
                s->line_free_us = now;
    }
    timer_start_ms(&s->timer, 0);
}

/* --- sending --- */

static void send_pack(struct session *s, enum tmbus_meaning meaning)
{
    s->wire_end_us = bus_write(&s->turn, s->pack.bytes, s->pack.len);
    s->line_free_us = s->wire_end_us + bits_us(s, WINDOW_BITS) + WINDOW_US + margin_us(s);
    s->active_us = s->wire_end_us;
    framer_init(&s->answer);
    s->sent_len = s->pack.len <= sizeof s->sent ? s->pack.len : 0;
    bytes_copy(s->sent, sizeof s->sent, s->pack.bytes, s->sent_len);
    bool may_select = meaning == TMBUS_SELECTS || (meaning == TMBUS_ANY && !s->pack.wants_frames);
    s->has_selection = s->has_selection || may_select;
    s->port->n_packs++;
    tmbus_pack_done(&s->pack);
}

/* When the pack that waits is to go, from the master's side. */
static int64_t pack_ready_us(const struct session *s)
{
    bool is_whole = s->pack.wants_frames || s->pack.len == sizeof s->pack.bytes;
    return is_whole ? 0 : s->heard_us + (int64_t)s->interval_ms * 1000;
}

/* With packing "mbus" a frame waits for the end of the answer before it; else only for the wire. */
static int64_t line_ready_us(const struct session *s)
{
    return s->pack.wants_frames ? later(s->wire_end_us, s->line_free_us) : s->wire_end_us;
}

/* Sends or drops the pack, or gives the turn away. */
static void use_turn(struct session *s)
{
    uint8_t a = s->last_a;
    enum tmbus_meaning meaning = tmbus_pack_meaning(&s->pack, s->last_a, &a);
    bool is_beginning = meaning == TMBUS_BEGINS || meaning == TMBUS_SELECTS;
    if (is_beginning && now_us(s) - s->granted_us > FAIR_US && others_wait(s)) {
        s->must_queue = true;
        bus_release(&s->turn);
        return;
    }
    if (meaning == TMBUS_SELECTED && !s->has_selection) { /* another meter might answer in its place */
        s->port->n_unselected++;
        tmbus_pack_done(&s->pack);
        return;
    }
    s->last_a = a;
    send_pack(s, meaning);
}

static int64_t turn_over_us(const struct session *s)
{
    if (!s->stream)
        return later(s->wire_end_us, s->line_free_us);
    return later(s->active_us, s->heard_us) + (int64_t)s->hold_ms * 1000;
}

/* What is to be done next, and when. INT64_MAX: nothing until something happens; 0: look again at once. */
static int64_t step(struct session *s)
{
    int64_t now = now_us(s), ready = pack_ready_us(s);
    bool has_pack = s->pack.len > 0;
    switch (s->turn.state) {
    case TURN_FREE:
        if (!has_pack)
            return INT64_MAX;
        if (ready <= now)
            bus_request(bus_of(s), &s->turn, s->must_queue ? BUS_SCHEDULED : BUS_TRANSPARENT);
        return ready <= now ? INT64_MAX : ready;
    case TURN_WAITING:
        return INT64_MAX;
    case TURN_HOLDING:
        break;
    }
    int64_t go = later(ready, line_ready_us(s));
    if (has_pack && go > now)
        return go;
    if (has_pack) {
        use_turn(s);
        return 0;
    }
    if (turn_over_us(s) > now)
        return turn_over_us(s);
    bus_release(&s->turn);
    return INT64_MAX;
}

static void on_timer(void *ctx)
{
    struct session *s = ctx;
    int64_t next;
    if (s->turn.state == TURN_HOLDING)
        bus_poll(&s->turn); /* what has come counts before silence is concluded */
    do {
        if (s->stream)
            stream_resume(s->stream);
        next = step(s);
    } while (next == 0);
    if (!s->stream && s->turn.state == TURN_FREE)
        session_end(s);
    else if (next != INT64_MAX)
        timer_start_us(&s->timer, next - now_us(s));
}

/* --- masters --- */

static size_t on_bytes(void *ctx, const uint8_t *bytes, size_t len)
{
    struct session *s = ctx;
    int64_t now = now_us(s);
    if (now - s->heard_us > CUT_US && s->pack.len == 0)
        tmbus_pack_cut(&s->pack);
    size_t n = tmbus_pack_push(&s->pack, bytes, len);
    if (n > 0)
        s->heard_us = now;
    timer_start_ms(&s->timer, 0);
    return n;
}

/* Its last request may be on the wire: the turn goes on until the answer is over, which nobody gets. */
static void on_end(void *ctx, const char *why)
{
    struct session *s = ctx;
    log_info(s->port->name, "%s is gone: %s", s->peer, why);
    s->stream = NULL;
    s->port->n_clients--;
    s->pack.len = 0;
    if (s->turn.state == TURN_HOLDING)
        timer_start_ms(&s->timer, 0);
    else
        session_end(s);
}

static void on_connect(void *ctx, int fd, const char *peer)
{
    struct tmbus_port *p = ctx;
    struct session *s = xcalloc(1, sizeof *s);
    const struct stream_user user = { .on_bytes = on_bytes, .on_end = on_end, .ctx = s };
    const struct stream_limits limits = { (int64_t)p->cfg->idle_timeout_s * 1000, IN_MAX, OUT_MAX };
    s->port = p;
    s->hold_ms = p->cfg->hold_ms;
    s->interval_ms = p->cfg->packing_interval_ms;
    str_copy(s->peer, sizeof s->peer, peer);
    tmbus_pack_init(&s->pack, p->cfg->packing == PACKING_MBUS);
    framer_init(&s->answer);
    s->turn = (struct bus_turn){ .granted = on_granted, .on_bytes = on_bus_bytes, .lost = on_lost, .ctx = s };
    s->turn.holder = "transparent M-Bus";
    timer_init(&s->timer, p->app->loop, "transparent M-Bus", on_timer, s);
    s->stream = stream_start(p->app->loop, fd, &limits, &user);
    DL_APPEND(p->sessions, s);
    p->n_clients++;
    p->n_connections++;
    if (p->n_clients > CLIENTS_MAX) {
        log_warn(p->name, "%s is refused: %d masters are connected already", peer, CLIENTS_MAX);
        session_end(s);
        return;
    }
    log_info(p->name, "%s is connected", peer);
}

/* --- life --- */

static void port_close(struct tmbus_port *p)
{
    while (p->sessions)
        session_end(p->sessions);
    listener_stop(p->listener);
    p->listener = NULL;
}

static void port_open(struct tmbus_port *p)
{
    if (p->cfg->enabled)
        p->listener = listener_start(p->app->loop, p->name, p->cfg->bind, (uint16_t)p->cfg->port, on_connect, p);
}

/* Sessions were made for what it was: they end, and their masters connect anew. */
static void on_changed(void *ctx, unsigned instance, const void *was, const void *now)
{
    (void)instance, (void)was, (void)now;
    port_close(ctx);
    port_open(ctx);
}

static enum err start(struct app *app, void **self, struct err_at *at)
{
    (void)at;
    struct tmbus *t = xcalloc(1, sizeof *t);
    t->app = app;
    for (size_t i = 0; i < PORTS; i++) {
        struct tmbus_port *p = &t->ports[i];
        p->app = app;
        p->name = names[i];
        p->cfg = settings_cfg(app->settings, names[i], 0);
        settings_on_change(app->settings, names[i], on_changed, p);
        port_open(p);
    }
    *self = t;
    return ERR_OK;
}

static void drain(void *self)
{
    struct tmbus *t = self;
    for (size_t i = 0; i < PORTS; i++)
        port_close(&t->ports[i]);
}

static void stop(void *self)
{
    drain(self);
    free(self);
}

static void port_status(const struct tmbus_port *p, struct json_out *j)
{
    uint64_t n_dropped = p->n_dropped, n_repeats = p->n_repeats;
    const struct session *s;
    DL_FOREACH (p->sessions, s) {
        n_dropped += s->pack.n_dropped;
        n_repeats += s->pack.n_repeats;
    }
    json_object(j);
    json_key_str(j, "name", p->name);
    json_key_bool(j, "enabled", p->cfg->enabled);
    json_key_str(j, "why", p->listener ? listener_why(p->listener) : NULL);
    json_key_int(j, "bus", p->cfg->bus);
    json_key_int(j, "clients", (int64_t)p->n_clients);
    json_key_int(j, "connections", (int64_t)p->n_connections);
    json_key_int(j, "sent", (int64_t)p->n_packs);
    json_key_int(j, "lost", (int64_t)p->n_lost);
    json_key_int(j, "dropped_bytes", (int64_t)n_dropped);
    json_key_int(j, "repeats", (int64_t)n_repeats);
    json_key_int(j, "unselected", (int64_t)p->n_unselected);
    json_object_end(j);
}

static void status(void *self, struct json_out *j)
{
    const struct tmbus *t = self;
    json_key(j, "ports");
    json_array(j);
    for (size_t i = 0; i < PORTS; i++)
        port_status(&t->ports[i], j);
    json_array_end(j);
}

const struct service_ops tmbus_service = {
    .name = "tmbus",
    .title = "Transparent M-Bus",
    .tables = tables,
    .start = start,
    .drain = drain,
    .stop = stop,
    .status = status,
};
