/* http_hash.c — passwords are looked at off the loop: one helper process at a time, a short queue before it.
 *
 * Knows: the worker's wire format, whose turn it is. Does not know: requests; access.h judges what comes out.
 * A hash takes some 30 ms on purpose, so a flood of guesses must neither stop the loop nor grow a queue: beyond the queue
 * callers are told to come again.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "protocols/http_call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/rd.h"
#include "core/base/str.h"
#include "core/base/wr.h"
#include "core/crypto.h"
#include "core/password.h"
#include "io/child.h"
#include "io/loop.h"
#include "protocols/http.h"

enum { QUEUE_MAX = 16, HASH_TIMEOUT_MS = 10000, WORKER_INPUT_MAX = 3 + ACCESS_SALT_BYTES + PASSWORD_MAX };

struct hash_job {
    struct hash_queue *queue;
    char password[PASSWORD_MAX + 1];
    struct access_try try;
    hash_try_fn *try_fn;
    struct access_kdf kdf; /* of a new password */
    hash_new_fn *new_fn;
    void *ctx;
    bool is_try, is_forgotten;
    struct hash_job *prev, *next;
};

struct hash_queue {
    struct loop *loop;
    struct access *access;
    struct hash_job *jobs; /* the first is with the child, when there is one */
    size_t n_jobs;
    struct child *child;
    bool is_starting; /* the next job is being started from a later turn of the loop */
};

static void start_next(struct hash_queue *q);

static void job_free(struct hash_job *job)
{
    bytes_wipe(job->password, sizeof job->password);
    free(job);
}

static void unlink_job(struct hash_queue *q, struct hash_job *job)
{
    DL_DELETE(q->jobs, job);
    q->n_jobs--;
}

/* The end of a job whose result is known; the next one starts a turn later, since callbacks may queue, too. */
static void finish_job(struct hash_job *job, enum err e, const uint8_t *hash)
{
    struct hash_queue *q = job->queue;
    unlink_job(q, job);
    if (!job->is_forgotten && job->is_try)
        job->try_fn(job->ctx, e, &job->try);
    else if (!job->is_forgotten)
        job->new_fn(job->ctx, e, &job->kdf, hash);
    job_free(job);
    start_next(q);
}

static enum err verdict_err(enum access_verdict v)
{
    switch (v) {
    case ACCESS_YES:
        return ERR_OK;
    case ACCESS_NO:
        return ERR_AUTH;
    case ACCESS_THROTTLED:
        return ERR_THROTTLED;
    case ACCESS_HASH:
        break;
    }
    return ERR_BUSY;
}

static void on_hashed(void *ctx, enum err e, const uint8_t *out, size_t len)
{
    struct hash_queue *q = ctx;
    struct hash_job *job = q->jobs;
    q->child = NULL;
    if (e == ERR_OK && len != ACCESS_HASH_BYTES)
        e = ERR_INTERNAL;
    if (e != ERR_OK)
        log_error("web", "a password could not be hashed: %s", err_text(e));
    if (e == ERR_OK && job->is_try)
        e = verdict_err(access_finish(q->access, &job->try, out));
    finish_job(job, e, out);
}

static enum err start_child(struct hash_queue *q, const struct hash_job *job)
{
    const struct access_kdf *kdf = job->is_try ? &job->try.kdf : &job->kdf;
    uint8_t input[WORKER_INPUT_MAX];
    struct wr w = wr_init(input, sizeof input);
    wr_u8(&w, kdf->log2_n);
    wr_u8(&w, kdf->r);
    wr_u8(&w, kdf->p);
    wr_bytes(&w, kdf->salt, sizeof kdf->salt);
    wr_str(&w, job->password);
    const struct child_spec spec = {
        .worker = "hash",
        .input = input,
        .input_len = wr_len(&w),
        .output_max = ACCESS_HASH_BYTES,
        .timeout_ms = HASH_TIMEOUT_MS,
    };
    enum err e = child_start(q->loop, &spec, on_hashed, q, &q->child);
    bytes_wipe(input, sizeof input);
    return e;
}

/* By the time of its turn a try may be known, or one too many. */
static void start_first(void *ctx)
{
    struct hash_queue *q = ctx;
    struct hash_job *job = q->jobs;
    q->is_starting = false;
    if (!job || q->child)
        return;
    enum err e = ERR_BUSY;
    if (job->is_try) {
        char user[ACCESS_NAME_MAX + 1], peer[ACCESS_PEER_MAX + 1];
        str_copy(user, sizeof user, job->try.user);
        str_copy(peer, sizeof peer, job->try.peer);
        e = verdict_err(access_begin(q->access, user, job->password, peer, &job->try));
    }
    if (e == ERR_BUSY && (e = start_child(q, job)) == ERR_OK)
        return;
    finish_job(job, e, NULL);
}

static void start_next(struct hash_queue *q)
{
    if (q->is_starting || q->child || !q->jobs)
        return;
    q->is_starting = true;
    loop_defer(q->loop, start_first, q);
}

static struct hash_job *add_job(struct hash_queue *q, const char *password, void *ctx)
{
    if (q->n_jobs > QUEUE_MAX)
        return NULL;
    struct hash_job *job = xcalloc(1, sizeof *job);
    job->queue = q;
    job->ctx = ctx;
    str_copy(job->password, sizeof job->password, password);
    DL_APPEND(q->jobs, job);
    q->n_jobs++;
    start_next(q);
    return job;
}

enum err hash_try(struct hash_queue *q, const char *user, const char *password, const char *peer, struct access_try *t,
                  hash_try_fn *fn, void *ctx, struct hash_job **job)
{
    enum err e = verdict_err(access_begin(q->access, user, password, peer, t));
    if (e != ERR_BUSY)
        return e;
    struct hash_job *fresh = add_job(q, password, ctx);
    if (!fresh) {
        t->retry_after_s = 1;
        return ERR_THROTTLED;
    }
    fresh->is_try = true;
    fresh->try = *t;
    fresh->try_fn = fn;
    *job = fresh;
    return ERR_BUSY;
}

struct hash_job *hash_new(struct hash_queue *q, const char *password, hash_new_fn *fn, void *ctx)
{
    struct hash_job *job = add_job(q, password, ctx);
    if (!job)
        return NULL;
    job->kdf = access_new_kdf();
    job->new_fn = fn;
    return job;
}

void hash_forget(struct hash_job *job)
{
    if (!job)
        return;
    job->is_forgotten = true;
    bool is_running = job->queue->child && job->queue->jobs == job;
    if (is_running)
        return;
    unlink_job(job->queue, job);
    job_free(job);
}

struct hash_queue *hash_queue_create(struct loop *l, struct access *a)
{
    struct hash_queue *q = xcalloc(1, sizeof *q);
    *q = (struct hash_queue){ .loop = l, .access = a };
    return q;
}

void hash_queue_free(struct hash_queue *q)
{
    if (!q)
        return;
    if (q->child)
        child_kill(q->child);
    q->child = NULL;
    struct hash_job *job, *next;
    DL_FOREACH_SAFE (q->jobs, job, next) {
        unlink_job(q, job);
        job_free(job);
    }
    loop_defer(q->loop, free, q); /* start_first() may be due */
}

/* --- the helper process --- */

int http_hash_worker(void)
{
    uint8_t input[WORKER_INPUT_MAX + 1];
    struct rd r = rd_init(input, fread(input, 1, WORKER_INPUT_MAX, stdin));
    unsigned log2_n = rd_u8(&r), rr = rd_u8(&r), p = rd_u8(&r);
    const uint8_t *salt = rd_bytes(&r, ACCESS_SALT_BYTES);
    char password[PASSWORD_MAX + 1];
    size_t len = rd_left(&r);
    if (!rd_ok(&r) || !str_copy_n(password, sizeof password, (const char *)r.p, len))
        return 1;
    uint8_t hash[ACCESS_HASH_BYTES];
    enum err e = crypto_scrypt(password, salt, ACCESS_SALT_BYTES, log2_n, rr, p, hash, sizeof hash);
    bytes_wipe(input, sizeof input);
    bytes_wipe(password, sizeof password);
    if (e != ERR_OK)
        return 1;
    bool is_written = fwrite(hash, sizeof hash, 1, stdout) == 1 && fflush(stdout) == 0;
    return is_written ? 0 : 1;
}
