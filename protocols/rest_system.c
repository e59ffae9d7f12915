/* rest_system.c — the gateway itself: is it alive, what is it, how is it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "protocols/http_call.h"

#include "core/base/clock.h"
#include "core/base/str.h"
#include "core/meter.h"
#include "io/loop.h"
#include "protocols/rest_calls.h"
#include "store/store.h"

void rest_health_get(struct http_call *c)
{
    json_key_str(call_json(c), "status", "ok");
    call_send_json(c, 200);
}

static void json_meters(struct json_out *j, const struct app *app)
{
    json_key(j, "meters");
    json_object(j);
    json_key_int(j, "active", (int64_t)meters_count_state(app->meters, METER_ACTIVE));
    json_key_int(j, "passive", (int64_t)meters_count_state(app->meters, METER_PASSIVE));
    json_key_int(j, "limit", http_meter_limit(app));
    json_object_end(j);
}

static void json_store(struct json_out *j, const struct app *app)
{
    struct store_stats s;
    store_stats(app->store, &s);
    json_key(j, "store");
    json_object(j);
    json_key_int(j, "bytes", (int64_t)s.bytes);
    json_key_int(j, "values", (int64_t)s.values);
    json_key_int(j, "readings", (int64_t)s.readings);
    json_key_utc(j, "oldest", s.oldest_utc);
    json_key_bool(j, "full", s.is_full);
    json_key_int(j, "commits", (int64_t)s.commits);
    json_key_int(j, "commit_last_us", (int64_t)s.commit_last_us);
    json_key_int(j, "commit_max_us", (int64_t)s.commit_max_us);
    json_object_end(j);
}

static void json_loop(struct json_out *j, const struct app *app)
{
    struct loop_gauge g;
    loop_gauge(app->loop, &g, false);
    json_key(j, "loop");
    json_object(j);
    json_key_int(j, "longest_us", g.longest_us);
    json_key_str(j, "longest", g.longest_name);
    json_key_int(j, "callbacks", (int64_t)g.callbacks);
    json_object_end(j);
}

static void json_services(struct json_out *j, const struct app *app)
{
    json_key(j, "services");
    json_object(j);
    for (size_t i = 0; i < app->n_services; i++) {
        const struct service_ops *ops = app->services[i];
        bool is_running = app->service_self[i] != NULL;
        json_key(j, ops->name);
        json_object(j);
        json_key_str(j, "title", ops->title);
        json_key_bool(j, "running", is_running);
        if (is_running && ops->status)
            ops->status(app->service_self[i], j);
        json_object_end(j);
    }
    json_object_end(j);
}

/* The buses are what the M-Bus master tells of itself. */
void rest_buses_get(struct http_call *c)
{
    const struct app *app = c->app;
    struct json_out *j = call_json(c);
    for (size_t i = 0; i < app->n_services; i++)
        if (str_eq(app->services[i]->name, "mbus") && app->service_self[i])
            app->services[i]->status(app->service_self[i], j);
    call_send_json(c, 200);
}

void rest_system_get(struct http_call *c)
{
    const struct app *app = c->app;
    struct json_out *j = call_json(c);
    json_key_str(j, "product", "Metergate");
    json_key_str(j, "version", app->version);
    json_key_str(j, "serial", app->serial);
    json_key_utc(j, "time", clock_utc(app->clock));
    json_key_int(j, "uptime_s", (clock_mono_ms(app->clock) - app->started_ms) / 1000);
    json_meters(j, app);
    json_store(j, app);
    json_loop(j, app);
    json_services(j, app);
    call_send_json(c, 200);
}
