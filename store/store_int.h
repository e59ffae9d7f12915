/* store_int.h — what the files of the store share. Nobody else includes it.
 *
 * Puts change memory only: open rows, pending records. store_commit() writes all that is pending in one transaction and
 * lets go of it when that succeeded; so a commit may fail at any point and be tried again. No write transaction is open
 * outside of it. Reads join what is stored and what is pending.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef STORE_STORE_INT_H
#define STORE_STORE_INT_H

#include <lmdb.h>
#include <uthash.h>

#include "store/block.h"
#include "store/row.h"
#include "store/store.h"

/* Databases; keys are big-endian, so that their order is that of numbers and time. */
enum db {
    DB_META,   /* "schema" -> version · "counters" -> struct counters */
    DB_METER,  /* meter -> record */
    DB_SERIES, /* meter, series -> kind */
    DB_OWNER,  /* series -> meter */
    DB_LAYOUT, /* meter, layout -> series, telegram, index and usual shape of each value */
    DB_OPEN,   /* batch -> the rows and seals of one commit, in order */
    DB_BLOCK,  /* meter, first utc -> sealed readings */
    DB_CHAIN,  /* meter -> the last telegrams, raw */
    DB_MARK,   /* meter, report -> utc */
    DB_LOG,    /* utc µs -> entry */
    DB_AUDIT,
    DB_RECORD, /* kind NUL name -> bytes */
    DB_N,
};

enum {
    COMMIT_ROWS = 256, /* a batch of so many readings is committed at once */
    COMMIT_MS = 2000,
    SLICE_US = 2000, /* idle work of one commit ends after so long */
};

struct counters { /* stored with every commit */
    uint64_t values, readings;
    uint64_t next_batch;
    uint32_t next_series, next_meter;
};

struct layout {  /* the values of a telegram chain: which series stands where */
    uint32_t no; /* from 1, per meter */
    uint32_t n_heads;
    size_t n;
    struct value *values; /* series, telegram, index, kind, note, exp10 and what makes a series; owned */
    bool has_texts;       /* some value is usually a text */
    bool is_stored;
    struct layout *prev, *next;
};

struct meter_rows { /* what is in memory of one meter's readings */
    uint32_t meter;
    uint32_t next_layout;
    int64_t last_utc; /* of its newest reading; INT64_MIN: none */
    struct rows open;
    uint64_t first_batch; /* of the oldest open row */
    bool has_blocks;      /* it has sealed readings */
    bool wants_seal, wants_merge;
    struct layout *layouts; /* the last used ones, newest first */
    uint8_t *chain;         /* pending record of the raw telegrams, or NULL */
    size_t chain_len;
    UT_hash_handle hh;
};

struct pending_mark {
    uint64_t key; /* meter << 32 | report */
    int64_t utc;
    UT_hash_handle hh;
};

struct pending_record {
    uint8_t *data; /* NULL: to be removed */
    size_t len, key_len;
    UT_hash_handle hh;
    char key[]; /* kind NUL name */
};

struct pending_entry {
    int64_t utc_us;
    uint8_t *data;
    size_t len;
};

struct journal {
    struct pending_entry *pending; /* in the order of their keys */
    size_t n, cap;
    int64_t last_us; /* the newest key given; INT64_MIN: not known yet */
};

struct store {
    struct store_cfg cfg; /* dir: see below */
    char *dir;
    int lock_fd;
    MDB_env *env;
    MDB_dbi dbi[DB_N];
    size_t map_size, map_max;
    MDB_txn *reader; /* renewed by the first, reset by the last of nested reads */
    unsigned n_readers;

    struct counters counters;
    int64_t oldest_utc; /* 0: none */
    struct packer *packer;
    struct meter_rows *meters;
    size_t n_layouts_pending;

    uint8_t *batch; /* rows since the last commit */
    size_t batch_len, batch_cap, batch_rows;
    bool is_dirty;        /* something is pending */
    int64_t dirty_ms;     /* since when, by the monotonic clock */
    int64_t commit_ms;    /* when the last commit was done */
    int64_t merge_off_ms; /* no merging until then: there was no room for it */
    struct pending_mark *marks;
    struct pending_record *records;
    struct journal journals[JOURNAL_AUDIT + 1];

    uint32_t age_meter; /* where the pass over the meters for old blocks goes on */
    int64_t age_next_ms;
    uint8_t *scratch; /* what store_chain() and store_record_get() lend */
    size_t scratch_cap;

    uint64_t commits, commit_last_us, commit_max_us;
    bool is_full, has_failed;
    bool is_low;      /* it was said that the disk will be full soon */
    int64_t space_ms; /* when to look at it next */
    bool is_broken;   /* LMDB does not get over its last fault: it is to be opened anew */
    int64_t retry_ms; /* not before: the next try after a failure */
};

/* --- store_env.c: the file and its transactions --- */
MUST_USE enum err env_open(struct store *s, struct err_at *at);
void env_close(struct store *s);
void env_limit(struct store *s);                /* to the quota, when it has changed */
MUST_USE enum err env_restart(struct store *s); /* after a fault that LMDB does not get over */
int env_begin(struct store *s, MDB_txn **txn);  /* to write; an LMDB result */
bool env_grow(struct store *s);                 /* false: the quota is reached, or a read is going on */
enum err env_err(struct store *s, int rc);      /* an LMDB result as ours; knows a full disk behind EIO */
uint64_t env_free_bytes(const struct store *s);
uint64_t env_used_bytes(const struct store *s);
MUST_USE enum err env_read(struct store *s, MDB_txn **txn);
void env_read_end(struct store *s);

/* --- store_check.c: is the file whole? --- */
MUST_USE enum err file_check(const char *path, struct err_at *at);

/* --- keys --- */
struct key {
    uint8_t bytes[16];
    MDB_val val; /* borrows the key: it must stay where it is */
};
MDB_val *key_u32(struct key *k, uint32_t a);
MDB_val *key_u64(struct key *k, uint64_t a);
MDB_val *key_u32_u32(struct key *k, uint32_t a, uint32_t b);
MDB_val *key_u32_utc(struct key *k, uint32_t a, int64_t utc);
MDB_val *key_utc(struct key *k, int64_t utc);
uint32_t key_get_u32(const MDB_val *key, size_t at); /* 0 when the key is too short */
uint64_t key_get_u64(const MDB_val *key, size_t at);
int64_t key_get_utc(const MDB_val *key, size_t at);

/* --- store.c: commit --- */
typedef int store_write_fn(struct store *s, MDB_txn *txn, void *ctx); /* an LMDB result */
/* Writes all that is pending, and what extra writes (may be NULL), in one transaction. */
MUST_USE enum err store_commit(struct store *s, store_write_fn *extra, void *ctx);
void store_touch(struct store *s);                                   /* something is pending from now on */
MUST_USE enum err store_admit(const struct store *s);                /* ERR_DISK_FULL while full */
void *store_scratch(struct store *s, const void *bytes, size_t len); /* a copy, until the next */

/* --- store_open.c: open rows --- */
MUST_USE enum err meter_rows_get(struct store *s, uint32_t meter, struct meter_rows **out);
void meter_rows_free_all(struct store *s);
void meter_rows_free(struct store *s, struct meter_rows *m);
MUST_USE enum err open_load(struct store *s, MDB_txn *txn); /* replays the journal of open rows */
void open_put(struct store *s, struct meter_rows *m, const struct row *row);
int open_write(struct store *s, MDB_txn *txn);                /* the batch, seals, journal's tail */
void open_written(struct store *s);                           /* after the commit */
int open_drop(struct store *s, MDB_txn *txn, uint32_t meter); /* journals that its rows are gone */

/* --- store_block.c: sealed blocks --- */
size_t block_rows_max(const struct table *t);
int block_put(struct store *s, MDB_txn *txn, uint32_t meter, const struct table *t);
int block_drop(struct store *s, MDB_txn *txn, MDB_cursor *c); /* the block at the cursor; counts it off */
uint64_t block_values(const struct block *b);
int block_last(struct store *s, MDB_txn *txn, uint32_t meter, int64_t *last_utc); /* MDB_NOTFOUND: none */
int block_insert(struct store *s, MDB_txn *txn, uint32_t meter, const struct table *one);
int block_merge_some(struct store *s, MDB_txn *txn, int64_t until_us);
/* The meter's last block that begins before a time. */
int block_last_seek(MDB_cursor *c, uint32_t meter, int64_t before, MDB_val *key, MDB_val *val);
int block_oldest(struct store *s, MDB_txn *txn, int64_t *utc);
/* Puts the cursor on the first block that may hold readings at or after utc. */
int block_seek(const struct store *s, MDB_cursor *c, uint32_t meter, int64_t utc, MDB_val *key, MDB_val *data);

/* --- store_series.c --- */
MUST_USE enum err layout_of_reading(struct store *s, struct meter_rows *m, const struct reading *r,
                                    struct layout **out);
/* Stays while a read goes on, else until the meter's next one. */
MUST_USE enum err layout_get(struct store *s, struct meter_rows *m, uint32_t no, struct layout **out);
void layouts_free(struct store *s, struct meter_rows *m);
MUST_USE enum err series_owner(struct store *s, uint32_t series, uint32_t *meter);
/* About how many values a series has: those of all readings whose layout has it. */
int series_count(struct store *s, MDB_txn *txn, uint32_t meter, uint32_t series, uint64_t *out);
int layouts_write(struct store *s, MDB_txn *txn);
void layouts_written(struct store *s);

/* --- store_value.c --- */
MUST_USE enum err reading_is_at(struct store *s, struct meter_rows *m, int64_t utc, bool *found);

/* --- pending things of the other files --- */
int chains_write(struct store *s, MDB_txn *txn);
void chains_written(struct store *s);
void chain_keep(struct meter_rows *m, const struct reading *r);
int marks_write(struct store *s, MDB_txn *txn);
void marks_written(struct store *s);
int records_write(struct store *s, MDB_txn *txn);
void records_written(struct store *s);
int journals_write(struct store *s, MDB_txn *txn);
void journals_written(struct store *s);
void journals_free(struct store *s);
int retain_write(struct store *s, MDB_txn *txn);
int retain_squeeze(struct store *s, MDB_txn *txn); /* drops some of the oldest blocks */
int64_t retain_next_ms(const struct store *s);

/* --- versions --- */
int schema_up(struct store *s, MDB_txn *txn, uint32_t *newer);
int counters_read(struct store *s, MDB_txn *txn);
int counters_write(struct store *s, MDB_txn *txn);

#endif
