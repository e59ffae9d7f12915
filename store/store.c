/* store.c — the store as a whole: opening, the one commit that writes all that is pending, idle work, figures.
 *
 * Knows: when a commit is due, how it may fail, versions of the schema.
 * Does not know: what the pending things are; each of their files writes its own.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/store.h"

#include <stdlib.h>

#include "core/base/bug.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "store/store_int.h"

enum { RETRY_MS = 5000, MERGE_PAUSE_MS = 250, MERGE_OFF_MS = 60000, SQUEEZES = 4 };

/* --- what is pending, by file --- */

static const struct {
    int (*write)(struct store *s, MDB_txn *txn);
    void (*written)(struct store *s); /* the commit succeeded: let go */
} parts[] = {
    { layouts_write, layouts_written }, { open_write, open_written },       { chains_write, chains_written },
    { marks_write, marks_written },     { records_write, records_written }, { journals_write, journals_written },
};

static int write_parts(struct store *s, MDB_txn *txn)
{
    int rc = 0;
    for (size_t i = 0; i < COUNT_OF(parts) && !rc; i++)
        rc = parts[i].write(s, txn);
    return rc;
}

/* Idle work rides on commits that happen anyway, so that it costs no wait for the disk of its own. */
static int write_idle(struct store *s, MDB_txn *txn)
{
    int64_t until_us = s->cfg.clock->mono_us(s->cfg.clock) + SLICE_US;
    int rc = retain_write(s, txn);
    return rc || s->is_full || clock_mono_ms(s->cfg.clock) < s->merge_off_ms ? rc : block_merge_some(s, txn, until_us);
}

static int commit_once(struct store *s, store_write_fn *extra, void *ctx)
{
    MDB_txn *txn;
    int rc = env_begin(s, &txn);
    if (rc)
        return rc;
    rc = write_parts(s, txn);
    rc = rc || !extra ? rc : extra(s, txn, ctx);
    rc = rc ? rc : write_idle(s, txn);
    rc = rc ? rc : counters_write(s, txn);
    if (rc) {
        mdb_txn_abort(txn);
        return rc;
    }
    return mdb_txn_commit(txn);
}

/* A commit of nothing but dropped blocks: their pages can be used from the one after the next on. */
static int squeeze(struct store *s)
{
    MDB_txn *txn;
    int rc = env_begin(s, &txn);
    if (rc)
        return rc;
    rc = retain_squeeze(s, txn);
    rc = rc ? rc : counters_write(s, txn);
    if (rc) {
        mdb_txn_abort(txn);
        return rc;
    }
    return mdb_txn_commit(txn);
}

/* When there is no room: a larger map, then no merging, which takes before it gives, then, with a quota, without the
 * oldest blocks. */
static int commit_with_room(struct store *s, store_write_fn *extra, void *ctx)
{
    struct counters before = s->counters;
    int rc = commit_once(s, extra, ctx);
    while (rc == MDB_MAP_FULL && env_grow(s)) {
        s->counters = before;
        rc = commit_once(s, extra, ctx);
    }
    if (rc && env_err(s, rc) != ERR_DISK_FULL)
        s->counters = before;
    if (!rc || env_err(s, rc) != ERR_DISK_FULL)
        return rc;
    s->merge_off_ms = clock_mono_ms(s->cfg.clock) + MERGE_OFF_MS;
    s->counters = before;
    rc = commit_once(s, extra, ctx);
    for (size_t i = 0; rc == MDB_MAP_FULL && s->cfg.max_bytes && i < SQUEEZES; i++) {
        s->counters = before;
        if ((rc = squeeze(s)))
            break;
        before = s->counters;
        rc = commit_once(s, extra, ctx);
    }
    if (rc)
        s->counters = before;
    return rc;
}

static void commit_done(struct store *s, int64_t took_us)
{
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        parts[i].written(s);
    s->is_dirty = false;
    s->commit_ms = clock_mono_ms(s->cfg.clock);
    s->commits++;
    s->commit_last_us = (uint64_t)took_us;
    if (s->commit_last_us > s->commit_max_us)
        s->commit_max_us = s->commit_last_us;
    if (s->is_full || s->has_failed)
        log_info("store", "writing works again");
    s->is_full = s->has_failed = false;
}

static void commit_failed(struct store *s, enum err e, int rc)
{
    bool was_full = s->is_full, had_failed = s->has_failed;
    s->is_full = e == ERR_DISK_FULL;
    s->has_failed = !s->is_full;
    s->retry_ms = clock_mono_ms(s->cfg.clock) + RETRY_MS;
    if (s->is_full && !was_full)
        log_error("store", "%s is full: readings are not kept until there is room", s->dir);
    if (s->has_failed && !had_failed)
        log_error("store", "writing to %s failed: %s", s->dir, mdb_strerror(rc));
}

enum err store_commit(struct store *s, store_write_fn *extra, void *ctx)
{
    int64_t start_us = s->cfg.clock->mono_us(s->cfg.clock);
    if (s->is_broken && env_restart(s) == ERR_OK)
        s->is_broken = false;
    int rc = commit_with_room(s, extra, ctx);
    s->is_broken = s->is_broken || rc == MDB_PANIC;
    if (rc == 0) {
        commit_done(s, s->cfg.clock->mono_us(s->cfg.clock) - start_us);
        return ERR_OK;
    }
    enum err e = env_err(s, rc);
    if (e != ERR_NOT_FOUND)
        commit_failed(s, e, rc);
    return e;
}

enum err store_flush(struct store *s)
{
    return s->is_dirty ? store_commit(s, NULL, NULL) : ERR_OK;
}

void store_touch(struct store *s)
{
    if (s->is_dirty)
        return;
    s->is_dirty = true;
    s->dirty_ms = clock_mono_ms(s->cfg.clock);
}

enum err store_admit(const struct store *s)
{
    if (s->is_full)
        return ERR_DISK_FULL;
    return s->has_failed && s->batch_rows >= COMMIT_ROWS ? ERR_IO : ERR_OK;
}

void *store_scratch(struct store *s, const void *bytes, size_t len)
{
    if (s->scratch_cap < len + 1) {
        s->scratch_cap = len + 1;
        s->scratch = xrealloc(s->scratch, s->scratch_cap, 1);
    }
    bytes_copy(s->scratch, s->scratch_cap, bytes, len);
    s->scratch[len] = 0;
    return s->scratch;
}

/* --- life --- */

static enum err load(struct store *s)
{
    MDB_txn *txn;
    enum err e = env_read(s, &txn);
    if (e)
        return e;
    e = open_load(s, txn);
    if (!e)
        e = env_err(s, block_oldest(s, txn, &s->oldest_utc));
    env_read_end(s);
    return e;
}

enum err store_open(const struct store_cfg *cfg, struct store **out, struct err_at *at)
{
    struct store *s = xcalloc(1, sizeof *s);
    s->cfg = *cfg;
    s->dir = xstrdup(cfg->dir);
    s->cfg.dir = s->dir;
    s->lock_fd = -1;
    s->packer = packer_create();
    for (size_t i = 0; i < COUNT_OF(s->journals); i++)
        s->journals[i].last_us = INT64_MIN;
    enum err e = env_open(s, at);
    if (!e && (e = load(s)))
        err_say(at, e, "%s: the stored readings cannot be read: %s", s->dir, err_text(e));
    if (e) {
        s->is_dirty = false;
        store_close(s);
        return e;
    }
    *out = s;
    return ERR_OK;
}

void store_close(struct store *s)
{
    if (!s)
        return;
    enum err e = store_flush(s);
    if (e)
        log_error("store", "the last readings could not be written: %s", err_text(e));
    env_close(s);
    meter_rows_free_all(s);
    marks_written(s);
    records_written(s);
    journals_free(s);
    packer_free(s->packer);
    free(s->batch);
    free(s->scratch);
    free(s->dir);
    free(s);
}

void store_configure(struct store *s, const struct store_cfg *cfg)
{
    const char *dir = s->cfg.dir;
    s->cfg = *cfg;
    s->cfg.dir = dir;
    s->age_next_ms = 0;
    env_limit(s);
}

static bool merge_waits(const struct store *s, int64_t now_ms)
{
    if (s->is_full || s->has_failed || now_ms < s->merge_off_ms)
        return false;
    for (const struct meter_rows *m = s->meters; m; m = m->hh.next)
        if (m->wants_merge)
            return true;
    return false;
}

/* Says once that the disk is getting full, before it is. */
static void watch_space(struct store *s, int64_t now_ms)
{
    enum { SPACE_EVERY_MS = 60000, SPACE_LOW = 32 << 20 };
    if (now_ms < s->space_ms)
        return;
    s->space_ms = now_ms + SPACE_EVERY_MS;
    uint64_t left = env_free_bytes(s);
    if (left < SPACE_LOW && !s->is_low)
        log_warn("store", "only %u KiB are left on the disk of %s", (unsigned)(left >> 10), s->dir);
    s->is_low = left < SPACE_LOW;
}

int64_t store_tick(struct store *s, int64_t now_ms)
{
    watch_space(s, now_ms);
    int64_t due = s->is_dirty ? s->dirty_ms + COMMIT_MS : now_ms + COMMIT_MS;
    if (s->is_full || s->has_failed)
        due = s->retry_ms;
    int64_t idle_due = retain_next_ms(s);
    if (merge_waits(s, now_ms))
        idle_due = s->commit_ms + MERGE_PAUSE_MS;
    due = idle_due < due && !s->is_full && !s->has_failed ? idle_due : due;
    if (now_ms < due)
        return due;
    s->dirty_ms = now_ms;
    enum err e = store_commit(s, NULL, NULL);
    return now_ms + (e ? RETRY_MS : merge_waits(s, now_ms) ? MERGE_PAUSE_MS : COMMIT_MS);
}

void store_stats(const struct store *s, struct store_stats *out)
{
    *out = (struct store_stats){
        .bytes = env_used_bytes(s),
        .values = s->counters.values,
        .readings = s->counters.readings,
        .commits = s->commits,
        .commit_last_us = s->commit_last_us,
        .commit_max_us = s->commit_max_us,
        .is_full = s->is_full,
        .oldest_utc = s->oldest_utc,
    };
}
