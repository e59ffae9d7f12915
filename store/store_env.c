/* store_env.c — the LMDB environment: opened with care, read through one renewed transaction, grown when full.
 *
 * No WRITEMAP and no NOSYNC: with full syncs a power cut costs the last commit at most, and a full disk is an error code
 * instead of a SIGBUS. The map is address space only; the file grows with what is in it.
 * Does not know: what is in the databases.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "core/base/bug.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "store/store_int.h"

enum { DISK_RESERVE = 256 << 10, PATH_LEN_MAX = 4096, DIR_MODE = 0700, FILE_MODE = 0600 };
static const size_t map_first = (size_t)1 << 30;

static const char *const db_names[DB_N] = {
    [DB_META] = "meta",     [DB_METER] = "meter", [DB_SERIES] = "series", [DB_OWNER] = "owner",
    [DB_LAYOUT] = "layout", [DB_OPEN] = "open",   [DB_BLOCK] = "block",   [DB_CHAIN] = "chain",
    [DB_MARK] = "mark",     [DB_LOG] = "log",     [DB_AUDIT] = "audit",   [DB_RECORD] = "record",
};

static void path_in(const struct store *s, const char *name, char out[static PATH_LEN_MAX])
{
    str_fmt(out, PATH_LEN_MAX, "%s/%s", s->dir, name);
}

/* --- before opening --- */

static enum err dir_make(const struct store *s, struct err_at *at)
{
    if (mkdir(s->dir, DIR_MODE) == 0 || errno == EEXIST)
        return ERR_OK;
    return err_say(at, err_from_errno(errno), "%s cannot be made: %s", s->dir, err_text(err_from_errno(errno)));
}

static enum err lock_take(struct store *s, struct err_at *at)
{
    char path[PATH_LEN_MAX];
    path_in(s, "lock", path);
    s->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, FILE_MODE);
    if (s->lock_fd < 0)
        return err_say(at, err_from_errno(errno), "%s cannot be opened: %s", path, err_text(err_from_errno(errno)));
    if (flock(s->lock_fd, LOCK_EX | LOCK_NB) == 0)
        return ERR_OK;
    return err_say(at, ERR_LOCKED, "%s is in use by another process", s->dir);
}

/* A file that vanished or became empty must not pass for a new store: the marker tells that there was one. */
static enum err marker_check(const struct store *s, struct err_at *at)
{
    char data[PATH_LEN_MAX], marker[PATH_LEN_MAX];
    struct stat st;
    path_in(s, "data.mdb", data);
    path_in(s, "made", marker);
    if ((stat(data, &st) == 0 && st.st_size > 0) || access(marker, F_OK) != 0)
        return ERR_OK;
    return err_say(at, ERR_CORRUPT,
                   "%s is missing or empty, but there was a store: put a backup back, or remove %s to begin anew", data,
                   marker);
}

static enum err marker_make(const struct store *s, struct err_at *at)
{
    char marker[PATH_LEN_MAX];
    path_in(s, "made", marker);
    int fd = open(marker, O_RDWR | O_CREAT | O_CLOEXEC, FILE_MODE);
    if (fd < 0)
        return err_say(at, err_from_errno(errno), "%s cannot be made", marker);
    close(fd);
    return ERR_OK;
}

/* --- opening --- */

static size_t map_round(uint64_t bytes)
{
    const uint64_t unit = 1 << 16;
    uint64_t top = SIZE_MAX / 4 - SIZE_MAX / 4 % unit;
    return bytes >= top ? (size_t)top : (size_t)((bytes + unit - 1) / unit * unit);
}

void env_limit(struct store *s)
{
    enum { MAP_LEAST = 1 << 20 };
    uint64_t quota = s->cfg.max_bytes && s->cfg.max_bytes < MAP_LEAST ? MAP_LEAST : s->cfg.max_bytes;
    s->map_max = map_round(quota ? quota : UINT64_MAX);
}

/* A quota below what is there already: no growth, and retention makes room. */
static void map_choose(struct store *s, uint64_t in_file)
{
    env_limit(s);
    size_t most = s->map_max < in_file ? map_round(in_file) : s->map_max;
    size_t wanted = map_round(in_file + in_file / 4 > map_first ? in_file + in_file / 4 : map_first);
    s->map_size = wanted < most ? wanted : most;
}

static int dbs_open(struct store *s, MDB_txn *txn)
{
    int rc = 0;
    for (size_t i = 0; i < DB_N && !rc; i++)
        rc = mdb_dbi_open(txn, db_names[i], MDB_CREATE, &s->dbi[i]);
    return rc;
}

static int env_start(struct store *s)
{
    char path[PATH_LEN_MAX];
    struct stat st;
    path_in(s, "data.mdb", path);
    map_choose(s, stat(path, &st) == 0 ? (uint64_t)st.st_size : 0);
    int dead, rc = mdb_env_create(&s->env);
    rc = rc ? rc : mdb_env_set_maxdbs(s->env, DB_N);
    rc = rc ? rc : mdb_env_set_mapsize(s->env, s->map_size);
    rc = rc ? rc : mdb_env_open(s->env, s->dir, MDB_NOTLS, FILE_MODE);
    return rc ? rc : mdb_reader_check(s->env, &dead);
}

static enum err say_newer(struct err_at *at, const struct store *s, uint32_t found)
{
    return err_say(at, ERR_UNSUPPORTED, "%s was written by a newer version (schema %u)", s->dir, (unsigned)found);
}

static int env_prepare(struct store *s, uint32_t *newer)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(s->env, NULL, 0, &txn);
    if (rc)
        return rc;
    rc = dbs_open(s, txn);
    rc = rc ? rc : schema_up(s, txn, newer);
    rc = rc ? rc : counters_read(s, txn);
    if (rc || *newer) {
        mdb_txn_abort(txn);
        return rc;
    }
    return mdb_txn_commit(txn);
}

enum err env_open(struct store *s, struct err_at *at)
{
    char path[PATH_LEN_MAX];
    path_in(s, "data.mdb", path);
    enum err e = dir_make(s, at);
    e = e ? e : lock_take(s, at);
    e = e ? e : marker_check(s, at);
    e = e ? e : file_check(path, at);
    if (e)
        return e;
    uint32_t newer = 0;
    int rc = env_start(s);
    rc = rc ? rc : env_prepare(s, &newer);
    if (newer)
        return say_newer(at, s, newer);
    if (!rc)
        rc = mdb_txn_begin(s->env, NULL, MDB_RDONLY, &s->reader);
    if (rc) {
        e = env_err(s, rc);
        return err_say(at, e, "%s cannot be opened: %s (%s)", path, err_text(e), mdb_strerror(rc));
    }
    mdb_txn_reset(s->reader);
    return marker_make(s, at);
}

/* Lets go of what LMDB has; the lock stays. */
static void env_drop(struct store *s)
{
    if (s->reader)
        mdb_txn_abort(s->reader);
    s->reader = NULL;
    if (s->env)
        mdb_env_close(s->env);
    s->env = NULL;
}

void env_close(struct store *s)
{
    env_drop(s);
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    s->lock_fd = -1;
}

enum err env_restart(struct store *s)
{
    uint32_t newer = 0;
    struct counters counters = s->counters; /* of what is pending, too */
    if (s->n_readers)
        return ERR_BUSY;
    env_drop(s);
    int rc = env_start(s);
    rc = rc ? rc : env_prepare(s, &newer);
    s->counters = counters;
    rc = rc ? rc : mdb_txn_begin(s->env, NULL, MDB_RDONLY, &s->reader);
    if (rc) {
        env_drop(s);
        return env_err(s, rc);
    }
    mdb_txn_reset(s->reader);
    return ERR_OK;
}

int env_begin(struct store *s, MDB_txn **txn)
{
    if (!s->env)
        return EIO;
    return mdb_txn_begin(s->env, NULL, 0, txn);
}

/* --- in use --- */

bool env_grow(struct store *s)
{
    if (!s->env || s->n_readers || s->map_size >= s->map_max)
        return false;
    size_t wanted = s->map_size > s->map_max / 2 ? s->map_max : s->map_size * 2;
    if (mdb_env_set_mapsize(s->env, wanted) != 0)
        return false;
    s->map_size = wanted;
    return true;
}

static uint64_t file_bytes(const struct store *s)
{
    int fd;
    struct stat st;
    return s->env && mdb_env_get_fd(s->env, &fd) == 0 && fstat(fd, &st) == 0 ? (uint64_t)st.st_size : 0;
}

/* The disk and a limit on files alike; UINT64_MAX when neither can be asked. */
uint64_t env_free_bytes(const struct store *s)
{
    struct statvfs fs;
    struct rlimit limit;
    uint64_t free_bytes = statvfs(s->dir, &fs) == 0 ? (uint64_t)fs.f_bavail * fs.f_frsize : UINT64_MAX;
    if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
        uint64_t size = file_bytes(s), room = limit.rlim_cur > size ? limit.rlim_cur - size : 0;
        free_bytes = room < free_bytes ? room : free_bytes;
    }
    return free_bytes;
}

/* LMDB reports a write that was cut short as EIO: was it for lack of room? */
static bool disk_is_full(const struct store *s)
{
    return env_free_bytes(s) < DISK_RESERVE;
}

enum err env_err(struct store *s, int rc)
{
    switch (rc) {
    case 0:
        return ERR_OK;
    case MDB_NOTFOUND:
        return ERR_NOT_FOUND;
    case MDB_MAP_FULL:
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return ERR_DISK_FULL;
    case EIO:
        return s->env && disk_is_full(s) ? ERR_DISK_FULL : ERR_IO;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
    case MDB_INCOMPATIBLE:
        return ERR_CORRUPT;
    default:
        return rc > 0 ? err_from_errno(rc) : ERR_IO;
    }
}

uint64_t env_used_bytes(const struct store *s)
{
    MDB_envinfo info;
    MDB_stat st;
    if (!s->env || mdb_env_info(s->env, &info) || mdb_env_stat(s->env, &st))
        return 0;
    return (uint64_t)(info.me_last_pgno + 1) * st.ms_psize;
}

enum err env_read(struct store *s, MDB_txn **txn)
{
    if (!s->reader)
        return ERR_IO;
    if (s->n_readers == 0) {
        int rc = mdb_txn_renew(s->reader);
        if (rc)
            return env_err(s, rc);
    }
    s->n_readers++;
    *txn = s->reader;
    return ERR_OK;
}

void env_read_end(struct store *s)
{
    BUG_IF(s->n_readers == 0);
    if (--s->n_readers == 0)
        mdb_txn_reset(s->reader);
}
