/* main.c — the composition root: creates everything, wires events and timers, lists the services, ends in order.
 *
 * Knows: all floors. Belongs to no library. Decides nothing about meters, reports or requests.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/bug.h"
#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/crypto.h"
#include "core/event.h"
#include "core/gateway_settings.h"
#include "core/job.h"
#include "core/live.h"
#include "core/main_keep.h"
#include "core/main_log.h"
#include "core/meter.h"
#include "core/options.h"
#include "core/schedule.h"
#include "core/service.h"
#include "core/setting.h"
#include "io/dns.h"
#include "io/fetch.h"
#include "io/loop.h"
#include "io/notify.h"
#include "protocols/codec/mbus/compact.h"
#include "protocols/codec/mbus/keyring.h"
#include "protocols/http.h"
#include "protocols/keyring_store.h"
#include "protocols/mbus_master.h"
#include "protocols/tmbus.h"
#include "protocols/vmbus.h"
#include "reports/report.h"
#include "store/store.h"
#include "store/store_conf.h"

/* In the order of their start; they are stopped in reverse. */
static const struct service_ops *const services[] = { &mbus_master_service, &tmbus_service, &vmbus_service,
                                                      &reports_service, &http_service };
enum { N_SERVICES = sizeof services / sizeof services[0] };

enum { DRAIN_MS = 1500, DRAIN_STEP_MS = 10, CLOCK_LOOK_S = 30, CLOCK_JUMP_S = 3 };

struct gateway {
    struct app app;
    const struct options *options;
    char conf_path[PATH_MAX];
    struct zone *zone; /* owned; app.zone points to it or to zone_utc */
    void *self[N_SERVICES];
    size_t n_started;
    struct timer store_timer, jobs_timer, schedule_timer, watchdog_timer, drain_timer;
    int64_t drain_until_ms;    /* 0: running */
    int64_t wall_minus_mono_s; /* to notice that the clock was set */
    struct keyring_store *kept_keys;
    struct main_log *log;
};

/* --- facts --- */

static void on_reading(struct gateway *g, const struct reading *r)
{
    /* One that was kept and is opened only now is no younger for that. */
    int64_t late_s = clock_utc(g->app.clock) - r->utc;
    live_put(g->app.live, r, clock_mono_ms(g->app.clock) - (late_s > 0 ? late_s * 1000 : 0));
    if (r->source == SOURCE_CONTINUOUS)
        return;
    enum err e = store_put_reading(g->app.store, r);
    if (e != ERR_OK && e != ERR_DISK_FULL) /* that the store has said, once for all meters */
        log_error("store", "a reading of meter %" PRIu32 " could not be kept: %s", r->meter, err_text(e));
    struct meter *m = meters_find(g->app.meters, r->meter);
    if (m) {
        m->last_utc = r->utc;
        m->last_status = r->status;
        m->n_readouts++;
        m->n_failed += r->status != READOUT_OK;
    }
    timer_start_ms(&g->store_timer, 0);
}

static void forget_meter(struct gateway *g, uint32_t id)
{
    const struct keyring_entry *key = keyring_of_meter(g->app.keyring, id);
    live_forget(g->app.live, id);
    if (key && keyring_remove(g->app.keyring, key->id) != ERR_OK)
        log_warn("keys", "the key that was linked to the removed meter %" PRIu32 " could not be removed", id);
}

static void on_event(void *ctx, const struct event *ev)
{
    struct gateway *g = ctx;
    if (ev->type == EV_READING)
        on_reading(g, ev->u.reading);
    else if (ev->type == EV_METER && ev->u.meter.what == METER_REMOVED)
        forget_meter(g, ev->u.meter.id);
}

/* --- timers --- */

static void tick_store(void *ctx)
{
    struct gateway *g = ctx;
    int64_t now = clock_mono_ms(g->app.clock), next = store_tick(g->app.store, now);
    if (next != INT64_MAX)
        timer_start_ms(&g->store_timer, next - now);
}

static void tick_jobs(void *ctx)
{
    struct gateway *g = ctx;
    int64_t now = clock_mono_ms(g->app.clock), next = jobs_tick(g->app.jobs, now);
    if (next != INT64_MAX)
        timer_start_ms(&g->jobs_timer, next - now);
}

static void wake_jobs(void *ctx)
{
    timer_start_ms(&((struct gateway *)ctx)->jobs_timer, 0);
}

static int64_t wall_minus_mono(const struct gateway *g)
{
    return clock_utc(g->app.clock) - clock_mono_ms(g->app.clock) / 1000;
}

static void tick_schedules(void *ctx)
{
    struct gateway *g = ctx;
    int64_t offset = wall_minus_mono(g), jump = offset - g->wall_minus_mono_s;
    if (jump > CLOCK_JUMP_S || jump < -CLOCK_JUMP_S) {
        log_info("clock", "the clock was set %s by %" PRId64 " s", jump > 0 ? "forward" : "back",
                 jump > 0 ? jump : -jump);
        const struct event ev = { .type = EV_CLOCK_JUMP, .u.clock = { jump } };
        events_publish(g->app.events, &ev);
    }
    g->wall_minus_mono_s = offset;
    int64_t now_us = clock_utc_us(g->app.clock), next = schedules_tick(g->app.schedules, now_us / 1000000);
    int64_t wait_us = CLOCK_LOOK_S * INT64_C(1000000);
    if (next != INT64_MAX && next * 1000000 - now_us < wait_us)
        wait_us = next * 1000000 - now_us;
    timer_start_us(&g->schedule_timer, wait_us);
    main_log_tick(g->log); /* sums may be some seconds late */
}

static void tick_watchdog(void *ctx)
{
    struct gateway *g = ctx;
    notify_send("WATCHDOG=1");
    timer_start_ms(&g->watchdog_timer, notify_watchdog_ms());
}

static void tick_drain(void *ctx)
{
    struct gateway *g = ctx;
    bool idle = jobs_drain(g->app.jobs);
    for (size_t i = 0; i < N_SERVICES && i < g->n_started; i++) {
        if (services[i]->is_idle && !services[i]->is_idle(g->self[i]))
            idle = false;
    }
    if (idle || clock_mono_ms(g->app.clock) >= g->drain_until_ms)
        loop_stop(g->app.loop);
    else
        timer_start_ms(&g->drain_timer, DRAIN_STEP_MS);
}

/* --- settings --- */

static enum err save_settings(void *ctx, const struct settings *s, struct err_at *at)
{
    struct gateway *g = ctx;
    char *old = NULL;
    size_t len = 0;
    enum err e = conf_read(g->conf_path, &old, &len, at);
    if (e != ERR_OK && e != ERR_NOT_FOUND)
        return e;
    char *fresh = settings_edit_text(s, old ? old : "");
    e = conf_replace(g->conf_path, fresh, strlen(fresh), at);
    free(fresh);
    free(old);
    return e;
}

/* A missing settings file is fine unless the user named it; *is_there says which. */
static enum err load_settings_file(struct gateway *g, bool *is_there, struct err_at *at)
{
    char *text = NULL;
    size_t len = 0;
    enum err e = conf_read(g->conf_path, &text, &len, at);
    *is_there = e != ERR_NOT_FOUND;
    if (e == ERR_NOT_FOUND && g->options->config == NULL)
        return ERR_OK;
    if (e == ERR_OK)
        e = settings_load_text(g->app.settings, text, len, at);
    free(text);
    return e;
}

static void use_zone(struct gateway *g, const char *name)
{
    struct zone *fresh = NULL;
    if (zone_load(name, &fresh) != ERR_OK)
        log_error("time", "the time zone %s cannot be loaded, UTC is used", name);
    struct zone *old = g->zone;
    g->zone = fresh;
    g->app.zone = fresh ? fresh : &zone_utc;
    schedules_set_zone(g->app.schedules, g->app.zone, clock_utc(g->app.clock));
    zone_free(old);
}

static void on_time_changed(void *ctx, unsigned instance, const void *was, const void *now)
{
    (void)instance, (void)was;
    struct gateway *g = ctx;
    use_zone(g, ((const struct time_cfg *)now)->zone);
    timer_start_ms(&g->schedule_timer, 0);
}

static struct store_cfg store_cfg_of(const struct gateway *g)
{
    const struct store_settings *st = settings_cfg(g->app.settings, "store", 0);
    const struct log_cfg *lg = settings_cfg(g->app.settings, "log", 0);
    return (struct store_cfg){
        .dir = g->app.data_dir,
        .clock = g->app.clock,
        .max_bytes = st->max_bytes,
        .max_age_days = st->max_age_days,
        .log_max_days = lg->max_days,
        .log_max_bytes = lg->max_bytes,
    };
}

static void on_store_changed(void *ctx, unsigned instance, const void *was, const void *now)
{
    (void)instance, (void)was, (void)now;
    struct gateway *g = ctx;
    const struct store_cfg cfg = store_cfg_of(g);
    store_configure(g->app.store, &cfg);
}

static void reload_settings(struct gateway *g)
{
    static const char as_they_were[] = "the settings stay as they were";
    struct err_at at = { 0 };
    bool is_there;
    if (load_settings_file(g, &is_there, &at) != ERR_OK) {
        if (at.line)
            log_error("settings", "%s line %u: %s; %s", g->conf_path, at.line, at.text, as_they_were);
        else
            log_error("settings", "%s; %s", at.text, as_they_were);
        return;
    }
    if (!is_there) {
        log_warn("settings", "%s is not there; %s", g->conf_path, as_they_were);
        return;
    }
    log_info("settings", "%s was read again", g->conf_path);
    events_publish(g->app.events, &(struct event){ .type = EV_SETTINGS });
}

static void on_signal(void *ctx, int signal)
{
    struct gateway *g = ctx;
    if (signal == SIGHUP) {
        reload_settings(g);
        return;
    }
    if (g->drain_until_ms != 0) {
        loop_stop(g->app.loop); /* asked twice: at once */
        return;
    }
    log_info("gateway", "stopping");
    notify_send("STOPPING=1");
    g->drain_until_ms = clock_mono_ms(g->app.clock) + DRAIN_MS;
    for (size_t i = g->n_started; i-- > 0;) {
        if (services[i]->drain)
            services[i]->drain(g->self[i]);
    }
    timer_start_ms(&g->drain_timer, 0);
}

/* --- start and end --- */

static struct settings *make_settings(void)
{
    const struct setting_table *all[64];
    size_t n = 0;
    for (const struct setting_table *const *t = gateway_tables; *t; t++)
        all[n++] = *t;
    for (size_t i = 0; i < N_SERVICES; i++) {
        for (const struct setting_table *const *t = services[i]->tables; t && *t; t++) {
            BUG_IF(n == COUNT_OF(all));
            all[n++] = *t;
        }
    }
    return settings_create(all, n);
}

static int say_refused(const char *where, const struct err_at *at)
{
    if (at->line)
        fprintf(stderr, "metergated: %s line %u: %s\n", where, at->line, at->text);
    else
        fprintf(stderr, "metergated: %s\n", at->text);
    return 2;
}

static int use_overrides(struct gateway *g)
{
    for (size_t i = 0; i < g->options->n_set; i++) {
        struct err_at at = { 0 };
        char key[SETTING_KEY_MAX];
        const char *pair = g->options->set[i], *eq = strchr(pair, '=');
        if (eq == NULL || !str_copy_n(key, sizeof key, pair, (size_t)(eq - pair))) {
            fprintf(stderr, "metergated: --set %s: KEY=VALUE is needed\n", pair);
            return 2;
        }
        if (settings_override(g->app.settings, key, eq + 1, &at) != ERR_OK)
            return say_refused(NULL, &at);
    }
    return 0;
}

/* Defaults, overrides, file: the file is held against the overrides, which may complete it. Returns an exit code, 0 to go
 * on. */
static int configure(struct gateway *g)
{
    struct err_at at = { 0 };
    bool fits = g->options->config
                    ? str_copy(g->conf_path, sizeof g->conf_path, g->options->config)
                    : str_fmt(g->conf_path, sizeof g->conf_path, "%s/metergate.conf", g->options->data_dir);
    if (!fits) {
        fputs("metergated: the name of the settings file is too long\n", stderr);
        return 2;
    }
    int code = use_overrides(g);
    if (code != 0)
        return code;
    bool is_there;
    if (load_settings_file(g, &is_there, &at) != ERR_OK)
        return say_refused(g->conf_path, &at);
    at = (struct err_at){ 0 };
    if (settings_check(g->app.settings, &at) != ERR_OK)
        return say_refused(NULL, &at);
    return 0;
}

static enum err open_store(struct gateway *g, struct err_at *at)
{
    const struct store_cfg cfg = store_cfg_of(g);
    enum err e = conf_make_dir(g->app.data_dir, at);
    if (e == ERR_OK)
        e = store_open(&cfg, &g->app.store, at);
    return e;
}

static void read_machine_id(char *out, size_t size)
{
    FILE *f = fopen("/etc/machine-id", "re");
    if (f == NULL || fgets(out, (int)size, f) == NULL)
        out[0] = '\0';
    if (f)
        (void)fclose(f);
}

static void create_model(struct gateway *g)
{
    struct app *app = &g->app;
    char machine_id[64];
    read_machine_id(machine_id, sizeof machine_id);
    device_serial(settings_cfg(app->settings, "device", 0), machine_id, app->serial);
    app->loop = loop_create(app->clock);
    app->events = events_create();
    app->meters = meters_create();
    app->live = live_create();
    app->jobs = jobs_create(app->clock, app->events);
    uint64_t seed = strtoull(app->serial, NULL, 10);
    app->schedules = schedules_create(seed);
    app->formats = formats_create();
    app->keyring = keyring_create();
    app->started_ms = clock_mono_ms(app->clock);
    timer_init(&g->store_timer, app->loop, "store", tick_store, g);
    timer_init(&g->jobs_timer, app->loop, "jobs", tick_jobs, g);
    timer_init(&g->schedule_timer, app->loop, "schedules", tick_schedules, g);
    timer_init(&g->watchdog_timer, app->loop, "watchdog", tick_watchdog, g);
    timer_init(&g->drain_timer, app->loop, "drain", tick_drain, g);
}

static void wire(struct gateway *g)
{
    struct app *app = &g->app;
    app->dns = dns_create(app->loop);
    app->fetch = fetch_create(app->loop, app->dns);
    g->log = main_log_create(app);
    events_subscribe(app->events, EV_BIT(EV_READING) | EV_BIT(EV_METER), on_event, g);
    settings_set_save(app->settings, save_settings, g);
    settings_on_change(app->settings, "time", on_time_changed, g);
    settings_on_change(app->settings, "store", on_store_changed, g);
    settings_on_change(app->settings, "log", on_store_changed, g);
    jobs_set_wake(app->jobs, wake_jobs, g);
    main_keep_jobs(app);
    g->wall_minus_mono_s = wall_minus_mono(g);
    use_zone(g, ((const struct time_cfg *)settings_cfg(app->settings, "time", 0))->zone);
    loop_on_signal(app->loop, SIGTERM, on_signal, g);
    loop_on_signal(app->loop, SIGINT, on_signal, g);
    loop_on_signal(app->loop, SIGHUP, on_signal, g);
}

static enum err start_services(struct gateway *g, struct err_at *at)
{
    for (; g->n_started < N_SERVICES; g->n_started++) {
        enum err e = services[g->n_started]->start(&g->app, &g->self[g->n_started], at);
        if (e != ERR_OK)
            return e;
    }
    return main_keep_load_jobs(&g->app, at);
}

static void run(struct gateway *g)
{
    timer_start_ms(&g->store_timer, 0);
    timer_start_ms(&g->jobs_timer, 0);
    timer_start_ms(&g->schedule_timer, 0);
    if (notify_watchdog_ms() > 0)
        timer_start_ms(&g->watchdog_timer, 0);
    notify_send("READY=1");
    log_info("gateway", "Metergate %s serves, serial number %s, %zu meters", g->app.version, g->app.serial,
             meters_count(g->app.meters));
    loop_run(g->app.loop);
}

static void free_all(struct gateway *g)
{
    struct app *app = &g->app;
    while (g->n_started > 0) {
        g->n_started--;
        services[g->n_started]->stop(g->self[g->n_started]);
    }
    if (app->loop) {
        fetch_free(app->fetch);
        dns_free(app->dns);
        struct timer *const timers[] = { &g->store_timer, &g->jobs_timer, &g->schedule_timer, &g->watchdog_timer,
                                         &g->drain_timer };
        for (size_t i = 0; i < COUNT_OF(timers); i++)
            timer_fini(timers[i]);
        jobs_free(app->jobs);
        schedules_free(app->schedules);
        live_free(app->live);
        meters_free(app->meters);
        loop_free(app->loop);
        main_log_free(g->log);
        formats_free(app->formats);
        keyring_store_close(g->kept_keys);
        keyring_free(app->keyring);
    }
    if (app->store)
        store_close(app->store);
    events_free(app->events);
    zone_free(g->zone);
    settings_free(app->settings);
}

static int set_password(struct gateway *g)
{
    char line[512];
    struct err_at at = { 0 };
    if (fgets(line, sizeof line, stdin) == NULL) {
        fputs("metergated: --passwd: a password is needed on standard input\n", stderr);
        return 2;
    }
    line[strcspn(line, "\r\n")] = '\0';
    enum err e = open_store(g, &at);
    if (e == ERR_OK)
        e = http_set_password(g->app.store, g->options->user, line, &at);
    bytes_wipe(line, sizeof line);
    if (e != ERR_OK)
        fprintf(stderr, "metergated: %s\n", at.text);
    return e == ERR_OK ? 0 : 1;
}

static int serve(struct gateway *g)
{
    struct err_at at = { 0 };
    create_model(g);
    enum err e = open_store(g, &at);
    if (e == ERR_OK)
        e = main_keep_load(&g->app, &at);
    if (e == ERR_OK) {
        wire(g);
        g->kept_keys = keyring_store_open(g->app.keyring, g->app.store, g->app.data_dir);
        e = start_services(g, &at);
    }
    if (e != ERR_OK) {
        fprintf(stderr, "metergated: %s\n", at.text[0] ? at.text : err_text(e));
        return 1;
    }
    run(g);
    return 0;
}

static int run_worker(const char *name)
{
    if (str_eq(name, "hash"))
        return http_hash_worker();
    fprintf(stderr, "metergated: there is no worker %s\n", name);
    return 2;
}

/* Whoever starts us with closed standard descriptors must not make the store's file our standard error. */
static bool fill_standard_descriptors(void)
{
    int fd;
    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

int main(int argc, char **argv)
{
    if (!fill_standard_descriptors())
        return 1;
    struct options options;
    options_parse(&options, argc, argv);
    if (options.what == OPTIONS_EXIT)
        return options.exit_code;
    if (options.what == OPTIONS_WORKER)
        return run_worker(options.worker);
    /* Large buffers go back to the system at once, so that one big report does not stay resident. */
    (void)mallopt(M_MMAP_THRESHOLD, 128 * 1024);
    (void)mallopt(M_TRIM_THRESHOLD, 256 * 1024);
    log_set_stderr(true, options.is_verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);

    struct gateway g = {
        .app = { .clock = clock_system(),
                 .zone = &zone_utc,
                 .data_dir = options.data_dir,
                 .version = METERGATE_VERSION,
                 .services = services,
                 .n_services = N_SERVICES },
        .options = &options,
    };
    g.app.service_self = g.self;
    g.app.settings = make_settings();
    int code = configure(&g);
    if (code == 0 && options.what == OPTIONS_CHECK_CONFIG)
        printf("%s: the settings are fine\n", g.conf_path);
    else if (code == 0 && options.what == OPTIONS_PASSWD)
        code = set_password(&g);
    else if (code == 0)
        code = serve(&g);
    free_all(&g);
    return code;
}
