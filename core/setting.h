/* setting.h — the one registry of settings: declared in tables, checked, changed in transactions.
 *
 * A key is "group.name", or "groupN.name" for groups with several instances (N from 1). Each group has one config struct per
 * instance, owned by the registry; services read it through settings_cfg() and get old and new at a change.
 * Layers, later ones win: default, file, this run's overrides (--set; never written back).
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CORE_SETTING_H
#define CORE_SETTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/base/json_out.h"

enum setting_type {
    SETTING_BOOL,   /* bool */
    SETTING_INT,    /* int64_t */
    SETTING_UINT,   /* uint32_t */
    SETTING_SIZE,   /* uint64_t bytes; text takes K, M, G */
    SETTING_TEXT,   /* char[max + 1] */
    SETTING_SECRET, /* char[max + 1]; never given out */
    SETTING_ENUM,   /* int: index into choices */
    SETTING_HOST,   /* char[]: name or address */
    SETTING_URL,    /* char[]: http, https, ftp, ftps, sftp, mqtt, mqtts; may be empty */
    SETTING_CRON,   /* char[]: cron.h */
    SETTING_PORT,   /* char[]: "serial:/dev/…" or "tcp:HOST:PORT"; may be empty */
    SETTING_ZONE,   /* char[]: IANA name */
};

enum setting_flag {
    S_ADMIN = 0, /* who may change: administrators (default) */
    S_OPERATOR = 1,
    S_DEVICE = 2,  /* belongs to this device: in a backup, not in a configuration file */
    S_RESTART = 4, /* takes effect at the next start */
    S_EXPERT = 8,  /* hidden from forms until asked for */
};

struct setting {
    const char *name; /* after the dot */
    enum setting_type type;
    size_t offset;              /* in the config struct */
    const char *def;            /* default, as text */
    int64_t min, max;           /* INT, UINT, SIZE; for text types max is the longest length in bytes */
    const char *const *choices; /* ENUM: NULL-terminated */
    unsigned flags;
    const char *unit; /* "ms", "s", "" */
    const char *help; /* one or two sentences, with how "0" is computed where it means something */
};

struct setting_table {
    const char *group;
    unsigned n_instances; /* 0: single, keys "group.name" */
    const struct setting *rows;
    size_t n_rows;
    size_t cfg_size;
    /* Checks one instance's config as a whole; pure; may be NULL. It may set at->field to the row's name. */
    enum err (*check)(const void *cfg, struct err_at *at);
};

/* Row makers: S_BOOL(struct web_cfg, enabled, "false", S_ADMIN, "help") makes the row "enabled". */
#define S_ROW(s, f, t, d, lo, hi, ch, fl, un, he)                                                                      \
    {                                                                                                                  \
        .name = #f, .type = t, .offset = offsetof(s, f), .def = d, .min = lo, .max = hi, .choices = ch, .flags = fl,   \
        .unit = un, .help = he                                                                                         \
    }
#define S_BOOL(s, f, d, fl, he)             S_ROW(s, f, SETTING_BOOL, d, 0, 1, NULL, fl, "", he)
#define S_UINT(s, f, d, lo, hi, fl, un, he) S_ROW(s, f, SETTING_UINT, d, lo, hi, NULL, fl, un, he)
#define S_INT(s, f, d, lo, hi, fl, un, he)  S_ROW(s, f, SETTING_INT, d, lo, hi, NULL, fl, un, he)
#define S_SIZE(s, f, d, lo, hi, fl, he)     S_ROW(s, f, SETTING_SIZE, d, lo, hi, NULL, fl, "bytes", he)
#define S_ENUM(s, f, d, ch, fl, he)         S_ROW(s, f, SETTING_ENUM, d, 0, 0, ch, fl, "", he)
#define S_TEXTLIKE(s, f, t, d, fl, he)      S_ROW(s, f, t, d, 0, (int64_t)sizeof(((s *)0)->f) - 1, NULL, fl, "", he)
#define S_TEXT(s, f, d, fl, he)             S_TEXTLIKE(s, f, SETTING_TEXT, d, fl, he)
#define S_SECRET(s, f, fl, he)              S_TEXTLIKE(s, f, SETTING_SECRET, "", fl, he)
#define S_HOST(s, f, d, fl, he)             S_TEXTLIKE(s, f, SETTING_HOST, d, fl, he)
#define S_URL(s, f, d, fl, he)              S_TEXTLIKE(s, f, SETTING_URL, d, fl, he)
#define S_CRON(s, f, d, fl, he)             S_TEXTLIKE(s, f, SETTING_CRON, d, fl, he)
#define S_PORT(s, f, d, fl, he)             S_TEXTLIKE(s, f, SETTING_PORT, d, fl, he)
#define S_ZONE(s, f, d, fl, he)             S_TEXTLIKE(s, f, SETTING_ZONE, d, fl, he)

struct settings;
/* Tables are borrowed for life. BUG on a double key, a default that its own row refuses, or an empty help. */
struct settings *settings_create(const struct setting_table *const *tables, size_t n_tables);
void settings_free(struct settings *s);

/* The committed config struct of a group; instance 0 for single groups, else 1…n. Stable address, contents change at
 * commit only. */
const void *settings_cfg(const struct settings *s, const char *group, unsigned instance);

/* Told once per changed group instance at commit, after the new values are in place; `was` is the old struct. */
typedef void setting_changed_fn(void *ctx, unsigned instance, const void *was, const void *now);
void settings_on_change(struct settings *s, const char *group, setting_changed_fn *fn, void *ctx);

/* Called by commit with all keys that are not at their default or stood in the file (overrides excluded); writes the file.
 * On an error nothing is changed. */
typedef enum err setting_save_fn(void *ctx, const struct settings *s, struct err_at *at);
void settings_set_save(struct settings *s, setting_save_fn *fn, void *ctx);

/* A change is a transaction: begin, set…, commit or abort. One at a time. A set ends the override of its key: what a person
 * asks for now takes effect now. A commit that is refused aborts. A secret set to its own mask stays as it is. */
void settings_begin(struct settings *s);
MUST_USE enum err settings_set(struct settings *s, const char *key, const char *value, struct err_at *at);
MUST_USE enum err settings_reset(struct settings *s, const char *key, struct err_at *at); /* to the default */
MUST_USE enum err settings_commit(struct settings *s, struct err_at *at);                 /* check all, save, tell */
void settings_abort(struct settings *s);

/* Fill the layers before anything runs; these do not save or tell. A later settings_load_text() (SIGHUP) replaces the file
 * layer as one transaction and tells. Errors carry line, and key in field; text says what is allowed. */
MUST_USE enum err settings_load_text(struct settings *s, const char *text, size_t len, struct err_at *at);
MUST_USE enum err settings_override(struct settings *s, const char *key, const char *value, struct err_at *at);
/* After the last override: each table's own check of what came out. */
MUST_USE enum err settings_check(const struct settings *s, struct err_at *at);

/* The file's text with our values put in: known lines are replaced in place, comments and order stay, new keys are appended,
 * values at default that did not stand there are left out. Allocated, caller frees. */
char *settings_edit_text(const struct settings *s, const char *old_text);

/* The committed value as text (secrets: "" or "********"), NULL for an unknown key. buf is used for numbers. */
enum { SETTING_VALUE_MAX = 1024, SETTING_KEY_MAX = 64 };
const char *settings_get(const struct settings *s, const char *key, char buf[static SETTING_VALUE_MAX]);
/* What the file layer says of a key, secrets in clear; NULL when it does not stand there. Borrowed until the next change. */
const char *settings_file_value(const struct settings *s, const char *key);
const struct setting *settings_find(const struct settings *s, const char *key);
typedef void setting_each_fn(void *ctx, const char *key, const struct setting *row, const char *value, bool is_default,
                             bool is_overridden);
void settings_each(const struct settings *s, setting_each_fn *fn, void *ctx);
void settings_json(const struct settings *s, struct json_out *j); /* {"web.port": 8080, …}, secrets masked */
/* An array of rows: key, group, name, instances (0: single; else the key has an N where the number goes), type, default,
 * min, max, choices, unit, help, role, device, restart, expert. */
void settings_schema_json(const struct settings *s, struct json_out *j);

#endif
