/* vmbus.c — the service Virtual M-Bus over TCP: its port, its masters, where telegrams come from.
 *
 * Knows: settings, connections, the last readout of a meter (live, else as stored) and how old it is.
 * Does not know: how slaves answer (vmbus_wire); any bus.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "protocols/vmbus.h"

#include <stdlib.h>
#include <utlist.h>

#include "core/base/addr.h"
#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/event.h"
#include "core/live.h"
#include "io/listener.h"
#include "io/loop.h"
#include "io/stream.h"
#include "protocols/vmbus_wire.h"
#include "store/store.h"

enum { CLIENTS_MAX = 16, IN_MAX = 4096, OUT_MAX = 64 * 1024, CUT_MS = 1000 };

static const char origin[] = "vmbus";

struct vmbus_cfg {
    bool enabled;
    char bind[256];
    uint32_t port, expiry_s, idle_timeout_s;
};

static const struct setting rows[] = {
    S_BOOL(struct vmbus_cfg, enabled, "false", S_ADMIN,
           "Virtual M-Bus over TCP: masters read the last telegrams of all installed meters from the gateway; the "
           "buses are "
           "not touched."),
    S_HOST(struct vmbus_cfg, bind, "127.0.0.1", S_ADMIN,
           "IP address to listen on; 0.0.0.0 or :: for all networks. M-Bus knows no password: open it only where every "
           "host "
           "may read the meters."),
    S_UINT(struct vmbus_cfg, port, "10003", 1, 65535, S_ADMIN, "", "TCP port of Virtual M-Bus."),
    S_UINT(
        struct vmbus_cfg, expiry_s, "86400", 0, 31536000, S_ADMIN, "s",
        "How old a readout may be. From then on the meter still answers with its header and all its records, but each "
        "record says \"no data\" (data field 0), so that no master takes an old value for a present one. 0: values "
        "never "
        "expire."),
    S_UINT(struct vmbus_cfg, idle_timeout_s, "300", 1, 86400, S_ADMIN, "s",
           "A connection without a request for so long is closed."),
};

static enum err check(const void *cfg, struct err_at *at)
{
    const struct vmbus_cfg *c = cfg;
    if (addr_is_ipv4(c->bind) || addr_is_ipv6(c->bind) || str_eq(c->bind, "localhost"))
        return ERR_OK;
    if (at)
        str_copy(at->field, sizeof at->field, "bind");
    return err_say(at, ERR_INVALID, "%s is no IP address", c->bind);
}

static const struct setting_table table = { "vmbus", 0, rows, COUNT_OF(rows), sizeof(struct vmbus_cfg), check };
static const struct setting_table *const tables[] = { &table, NULL };

struct client {
    struct vmbus *service;
    struct stream *stream;
    char peer[ADDR_TEXT_MAX];
    int64_t heard_ms;
    struct vmbus_wire wire;
    struct client *prev, *next;
};

struct vmbus {
    struct app *app;
    const struct vmbus_cfg *cfg;
    struct listener *listener; /* NULL: off, and nobody is on the net */
    struct vmbus_net net;
    struct client *clients;
    size_t n_clients;
    uint64_t n_connections, n_requests, n_answers, n_expired; /* of the clients that are gone */
};

/* --- the last readout --- */

static int64_t now_ms(const struct vmbus *v)
{
    return clock_mono_ms(v->app->clock);
}

/* Telegrams and their age: what was read since the start, else what is stored. 0: none. */
static size_t last_readout(struct vmbus *v, uint32_t meter, struct telegram_raw out[CHAIN_MAX], int64_t *age_ms)
{
    const struct live_entry *live = live_get(v->app->live, meter, now_ms(v), -1);
    int64_t utc = 0;
    size_t n = 0;
    enum reading_source source;
    if (live) {
        for (; n < live->n_telegrams && n < CHAIN_MAX; n++)
            out[n] = live->telegrams[n];
        *age_ms = now_ms(v) - live->put_ms;
        return n;
    }
    if (store_chain(v->app->store, meter, &utc, &source, out, CHAIN_MAX, &n) != ERR_OK)
        return 0;
    *age_ms = (clock_utc(v->app->clock) - utc) * 1000;
    return n;
}

static void load(void *ctx, uint32_t meter, int64_t at_ms, struct vmbus_chain *out)
{
    struct vmbus *v = ctx;
    struct telegram_raw raw[CHAIN_MAX];
    int64_t age_ms = 0;
    size_t n = last_readout(v, meter, raw, &age_ms);
    if (n == 0)
        return;
    out->telegrams = xcalloc(n, sizeof *out->telegrams);
    for (size_t i = 0; i < n && raw[i].len <= FRAME_MAX; i++) {
        struct vmbus_telegram *t = &out->telegrams[out->n++];
        t->len = raw[i].len;
        bytes_copy(t->bytes, sizeof t->bytes, raw[i].bytes, raw[i].len);
    }
    out->good_until_ms = v->cfg->expiry_s ? at_ms - age_ms + (int64_t)v->cfg->expiry_s * 1000 : INT64_MAX;
}

static void put_meter(struct vmbus *v, const struct meter *m)
{
    struct telegram_raw raw[CHAIN_MAX];
    int64_t age_ms;
    size_t n = last_readout(v, m->id, raw, &age_ms);
    vmbus_net_put(&v->net, m, n ? raw[0].bytes : NULL, n ? raw[0].len : 0);
}

static void on_event(void *ctx, const struct event *ev)
{
    struct vmbus *v = ctx;
    if (!v->listener)
        return;
    uint32_t id = ev->type == EV_READING ? ev->u.reading->meter : ev->u.meter.id;
    bool is_news = ev->type == EV_METER || (ev->u.reading->n_telegrams > 0);
    const struct meter *m = meters_find(v->app->meters, id);
    if (!m)
        vmbus_net_remove(&v->net, id);
    else if (is_news)
        put_meter(v, m);
}

/* --- masters --- */

static void client_free(struct client *c)
{
    struct vmbus *v = c->service;
    v->n_requests += c->wire.n_requests;
    v->n_answers += c->wire.n_answers;
    v->n_expired += c->wire.n_expired;
    v->n_clients--;
    DL_DELETE(v->clients, c);
    stream_stop(c->stream);
    vmbus_wire_fini(&c->wire);
    free(c);
}

static void send_answer(void *ctx, const uint8_t *bytes, size_t len)
{
    struct client *c = ctx;
    stream_write(c->stream, bytes, len);
}

static size_t on_bytes(void *ctx, const uint8_t *bytes, size_t len)
{
    struct client *c = ctx;
    int64_t now = now_ms(c->service);
    if (now - c->heard_ms > CUT_MS)
        vmbus_wire_idle(&c->wire);
    c->heard_ms = now;
    vmbus_wire_push(&c->wire, now, rd_init(bytes, len), send_answer, c);
    return len;
}

static void on_end(void *ctx, const char *why)
{
    struct client *c = ctx;
    log_info(origin, "%s is gone: %s", c->peer, why);
    c->stream = NULL;
    client_free(c);
}

static void on_connect(void *ctx, int fd, const char *peer)
{
    struct vmbus *v = ctx;
    struct client *c = xcalloc(1, sizeof *c);
    const struct stream_user user = { .on_bytes = on_bytes, .on_end = on_end, .ctx = c };
    const struct stream_limits limits = { (int64_t)v->cfg->idle_timeout_s * 1000, IN_MAX, OUT_MAX };
    c->service = v;
    c->heard_ms = now_ms(v);
    str_copy(c->peer, sizeof c->peer, peer);
    vmbus_wire_init(&c->wire, &v->net);
    c->stream = stream_start(v->app->loop, fd, &limits, &user);
    DL_APPEND(v->clients, c);
    v->n_clients++;
    v->n_connections++;
    if (v->n_clients > CLIENTS_MAX) {
        log_warn(origin, "%s is refused: %d masters are connected already", peer, CLIENTS_MAX);
        client_free(c);
        return;
    }
    log_info(origin, "%s is connected", peer);
}

/* --- life --- */

static void close_all(struct vmbus *v)
{
    while (v->clients)
        client_free(v->clients);
    listener_stop(v->listener);
    v->listener = NULL;
    vmbus_net_clear(&v->net);
}

static void open_all(struct vmbus *v)
{
    if (!v->cfg->enabled)
        return;
    for (size_t i = 0; i < meters_count(v->app->meters); i++)
        put_meter(v, meters_at(v->app->meters, i));
    v->listener = listener_start(v->app->loop, origin, v->cfg->bind, (uint16_t)v->cfg->port, on_connect, v);
}

/* A new expiry holds for what is read from then on; all else opens anew. */
static void on_changed(void *ctx, unsigned instance, const void *was, const void *now)
{
    (void)instance;
    struct vmbus *v = ctx;
    const struct vmbus_cfg *a = was, *b = now;
    if (a->enabled == b->enabled && a->port == b->port && str_eq(a->bind, b->bind))
        return;
    close_all(v);
    open_all(v);
}

static enum err start(struct app *app, void **self, struct err_at *at)
{
    (void)at;
    struct vmbus *v = xcalloc(1, sizeof *v);
    v->app = app;
    v->cfg = settings_cfg(app->settings, "vmbus", 0);
    v->net = (struct vmbus_net){ .load = load, .ctx = v };
    settings_on_change(app->settings, "vmbus", on_changed, v);
    events_subscribe(app->events, EV_BIT(EV_METER) | EV_BIT(EV_READING), on_event, v);
    open_all(v);
    *self = v;
    return ERR_OK;
}

static void drain(void *self)
{
    struct vmbus *v = self;
    close_all(v);
}

static void stop(void *self)
{
    struct vmbus *v = self;
    events_unsubscribe(v->app->events, on_event, v);
    close_all(v);
    free(v);
}

static void status(void *self, struct json_out *j)
{
    const struct vmbus *v = self;
    uint64_t n_requests = v->n_requests, n_answers = v->n_answers, n_expired = v->n_expired;
    const struct client *c;
    DL_FOREACH (v->clients, c) {
        n_requests += c->wire.n_requests;
        n_answers += c->wire.n_answers;
        n_expired += c->wire.n_expired;
    }
    json_key_bool(j, "enabled", v->cfg->enabled);
    json_key_str(j, "why", v->listener ? listener_why(v->listener) : NULL);
    json_key_int(j, "meters", (int64_t)vmbus_net_count(&v->net));
    json_key_int(j, "clients", (int64_t)v->n_clients);
    json_key_int(j, "connections", (int64_t)v->n_connections);
    json_key_int(j, "requests", (int64_t)n_requests);
    json_key_int(j, "answers", (int64_t)n_answers);
    json_key_int(j, "expired", (int64_t)n_expired);
}

const struct service_ops vmbus_service = {
    .name = "vmbus",
    .title = "Virtual M-Bus",
    .tables = tables,
    .start = start,
    .drain = drain,
    .stop = stop,
    .status = status,
};
