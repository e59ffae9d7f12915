/* service.h — what every service looks like to the composition root: one file and one line in main.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CORE_SERVICE_H
#define CORE_SERVICE_H

#include "core/base/err.h"
#include "core/base/json_out.h"
#include "core/setting.h"

struct app;
struct service;
struct bus;

struct service_ops {
    const char *name, *title;
    const struct setting_table *const *tables; /* NULL-terminated; the settings groups it owns */
    /* Allocates its own state into *self. Settings come from app->settings; changes through settings_on_change(). */
    MUST_USE enum err (*start)(struct app *app, void **self, struct err_at *at);
    void (*drain)(void *self);                      /* take no new work; may be NULL */
    bool (*is_idle)(void *self);                    /* nothing under way any more; NULL: always */
    void (*stop)(void *self);                       /* frees all */
    void (*status)(void *self, struct json_out *j); /* members of an open object; may be NULL */
};

/* Borrowed handles, given to a service at start; it copies those it needs. Created and freed by main.c. */
struct app {
    const struct clock *clock;
    struct loop *loop; /* io/loop.h */
    struct settings *settings;
    struct events *events;
    struct meters *meters;
    struct live *live;
    struct jobs *jobs;
    struct schedules *schedules;
    struct store *store;     /* store/store.h */
    struct dns *dns;         /* io/dns.h */
    struct fetch *fetch;     /* io/fetch.h */
    struct formats *formats; /* learnt compact-frame formats, protocols/codec/mbus/compact.h */
    struct keyring *keyring; /* encryption keys, protocols/codec/mbus/keyring.h */
    const struct zone *zone; /* local time; replaced when time.zone changes: read it through app each time */
    /* io/bus.h, those of bus1, bus2 …: BUS_N of them. The M-Bus master, first of the services to start, sets this at his
     * start; so whoever shares a bus finds it from his own start to his own stop. */
    struct bus *const *buses;
    const char *data_dir;
    const char *version; /* "0.1.0" */
    char serial[11];     /* 10 digits */
    int64_t started_ms;
    /* services of this process, for status pages; n_services entries */
    const struct service_ops *const *services;
    void **service_self;
    size_t n_services;
};

#endif
