/* store.h — all that is kept: one LMDB environment, crash-safe at any instant. Nobody outside store/ says LMDB.
 *
 * Writes gather in memory and commit together: at once for the meter list, settings-like records and marks asked to be
 * synced, else within 2 s or 256 readings. Only a commit waits for the disk. Reads see everything put before, committed
 * or not. Reads are bounded per call; long scans go on from where the last call ended. Times are UTC seconds.
 * A full disk: puts return ERR_DISK_FULL (the log says so once), what was stored stays readable, oldest blocks may be
 * dropped to make room, and the store heals by itself.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/clock.h"
#include "core/base/err.h"
#include "core/meter.h"
#include "core/reading.h"

struct store;

struct store_cfg {
    const char *dir; /* made with mode 0700 when missing */
    const struct clock *clock;
    uint64_t max_bytes;     /* quota of the file; 0: only the disk bounds it */
    uint32_t max_age_days;  /* readings older than this go; 0: keep */
    uint32_t log_max_days;  /* 31 */
    uint64_t log_max_bytes; /* 100 MB */
};

/* ERR_LOCKED: another process has it; ERR_CORRUPT names what is wrong and how to go on; ERR_IO. */
MUST_USE enum err store_open(const struct store_cfg *cfg, struct store **out, struct err_at *at);
void store_close(struct store *s);                                  /* commits first */
void store_configure(struct store *s, const struct store_cfg *cfg); /* quotas; dir is ignored */
/* Commits what is due, seals, ages and compacts in slices of a few ms; returns when it wants to be called next (mono ms). */
int64_t store_tick(struct store *s, int64_t now_ms);
MUST_USE enum err store_flush(struct store *s); /* commit now */

struct store_stats {
    uint64_t bytes;  /* used in the file */
    uint64_t values; /* values of all stored readings */
    uint64_t readings;
    uint64_t commits;
    uint64_t commit_last_us, commit_max_us;
    bool is_full;       /* the disk or the quota is full */
    int64_t oldest_utc; /* of all readings; 0: none */
};
void store_stats(const struct store *s, struct store_stats *out);

/* --- meters (synced at once) --- */
typedef void store_meter_fn(void *ctx, const struct meter *m);
MUST_USE enum err store_meters_load(struct store *s, store_meter_fn *fn, void *ctx, uint32_t *next_id);
MUST_USE enum err store_meters_put(struct store *s, const struct meter *ms, size_t n,
                                   uint32_t next_id); /* all or none */
MUST_USE enum err store_meter_remove(struct store *s, uint32_t id, bool with_history);

/* --- readings --- */
/* Keeps a reading with its values, headers and status; a failed one keeps time and status. The raw chain of the last
 * READOUT_OK/NO_KEY reading is kept, too. A second reading of one meter in the same second gets the next free second.
 * Assigns series numbers: to new ones as they appear. */
MUST_USE enum err store_put_reading(struct store *s, const struct reading *r);

struct store_reading { /* borrowed during the callback */
    int64_t utc;
    enum readout_status status;
    size_t n_telegrams;
    const struct telegram_head *heads; /* of each telegram */
    const struct value *values;        /* with .series set, in telegram order */
    size_t n_values;
};
typedef bool store_reading_fn(void *ctx, const struct store_reading *r); /* false stops */
/* Readings of one meter with from <= utc < to, oldest first, at most limit. *next is the utc to go on from, 0 at the end. */
MUST_USE enum err store_readings(struct store *s, uint32_t meter, int64_t from, int64_t to, size_t limit,
                                 store_reading_fn *fn, void *ctx, int64_t *next);
/* As above, newest first. */
MUST_USE enum err store_readings_newest(struct store *s, uint32_t meter, int64_t from, int64_t to, size_t limit,
                                        store_reading_fn *fn, void *ctx);

/* The raw chain of the last readout that brought telegrams: NOT_FOUND when none. Borrowed until the next store call. */
MUST_USE enum err store_chain(struct store *s, uint32_t meter, int64_t *utc, enum reading_source *source,
                              struct telegram_raw *out, size_t max, size_t *n);

/* --- series: one per meter and kind of value (quantity, unit, function, storage, tariff, subunit, modifiers, nth) --- */
struct store_series {
    uint32_t id; /* store-wide, from 1 */
    uint32_t meter;
    struct value kind; /* the fields that value_same_series() compares; no value */
    uint64_t n_values; /* about */
};
typedef bool store_series_fn(void *ctx, const struct store_series *s);
MUST_USE enum err store_series_of(struct store *s, uint32_t meter, store_series_fn *fn, void *ctx);
MUST_USE enum err store_series_find(struct store *s, uint32_t id, struct store_series *out);
/* Numeric and time values of one series, from <= utc < to, oldest first, at most limit; *next as above. The exponent may
 * differ from value to value. `note` is 0 for a sound value. */
typedef bool store_value_fn(void *ctx, int64_t utc, const struct value *v);
MUST_USE enum err store_values(struct store *s, uint32_t series, int64_t from, int64_t to, size_t limit,
                               store_value_fn *fn, void *ctx, int64_t *next);

/* --- delivery marks: newest utc that a report has delivered of a meter --- */
int64_t store_mark(struct store *s, unsigned report, uint32_t meter);                            /* 0: none */
MUST_USE enum err store_mark_put(struct store *s, unsigned report, uint32_t meter, int64_t utc); /* group commit */

/* --- journals: log and audit --- */
enum store_journal { JOURNAL_LOG, JOURNAL_AUDIT };
struct store_entry {
    int64_t utc_us; /* unique: the key */
    int level;      /* enum log_level */
    const char *origin, *text;
};
MUST_USE enum err store_journal_put(struct store *s, enum store_journal j, const struct store_entry *e);
typedef bool store_entry_fn(void *ctx, const struct store_entry *e); /* false stops */
/* Newest first, utc_us < before_us (INT64_MAX: from the newest) and >= from_us. Looks at 2000 entries at most;
 * *next_us is where to go on, 0 at the end. */
MUST_USE enum err store_journal_read(struct store *s, enum store_journal j, int64_t before_us, int64_t from_us,
                                     store_entry_fn *fn, void *ctx, int64_t *next_us);

/* --- small records by kind and name: users, tokens, jobs, keys, formats, … (synced at once unless told) --- */
typedef bool store_record_fn(void *ctx, const char *name, const void *data, size_t len);
MUST_USE enum err store_record_put(struct store *s, const char *kind, const char *name, const void *data, size_t len,
                                   bool sync);
MUST_USE enum err store_record_get(struct store *s, const char *kind, const char *name, const void **data, size_t *len);
struct store_change {
    const char *kind, *name;
    const void *data; /* NULL: the record goes */
    size_t len;
};
/* Many changes as one, synced: all or none. Each name at most once. */
MUST_USE enum err store_records_change(struct store *s, const struct store_change *list, size_t n);
MUST_USE enum err store_record_remove(struct store *s, const char *kind, const char *name);
MUST_USE enum err store_record_each(struct store *s, const char *kind, store_record_fn *fn, void *ctx);

#endif
