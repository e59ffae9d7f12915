/* job.h — work that takes longer than a call: queued, watched, retried, cancelled, surviving a restart where asked.
 *
 * WAITING → RUNNING → DONE | FAILED, or back to WAITING for a retry. Pure: jobs_tick(now) starts what is due and returns
 * the next moment it wants to be called. One job of a kind and `lane` runs at a time (lane: a bus number, a report number).
 * Ended jobs are kept for an hour, at most 200.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CORE_JOB_H
#define CORE_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/clock.h"
#include "core/base/err.h"
#include "core/base/json_out.h"

enum job_state { JOB_WAITING, JOB_RUNNING, JOB_DONE, JOB_FAILED };
const char *job_state_name(enum job_state s);

enum { JOB_ERRORS_MAX = 1000, JOB_ARGS_MAX = 65536 };

struct job {
    uint64_t id;
    const struct job_kind *kind;
    enum job_state state;
    unsigned lane;
    char *args;           /* JSON text, owned; what start() needs to know, also after a restart */
    uint64_t done, total; /* progress; total 0: not known yet */
    struct job_error {
        char *subject, *text;
    } * errors; /* subject: "meter 13001651", "bus1"; owned */
    size_t n_errors;
    unsigned attempts;     /* started so often */
    int64_t not_before_ms; /* WAITING for a retry until then (monotonic) */
    int64_t created_utc, started_utc, ended_utc;
    char *result;        /* JSON text or NULL, owned */
    char by[40];         /* user or "schedule" */
    void *state_of_kind; /* the kind's own, between start and job_end */
    bool is_cancelled;
};

struct job_kind {
    const char *name;                         /* "readout" */
    void (*start)(void *ctx, struct job *j);  /* ends, now or later, in exactly one job_end() */
    void (*cancel)(void *ctx, struct job *j); /* asked to stop soon; still ends in job_end(); NULL: cannot */
    void *ctx;
    bool persist;      /* waiting and running ones start again after a restart */
    bool is_exclusive; /* one per lane at a time; else side by side */
};

struct events;
struct jobs;
struct jobs *jobs_create(const struct clock *clock, struct events *events);
void jobs_free(struct jobs *js);
void jobs_add_kind(struct jobs *js, const struct job_kind *kind);
/* Persistence hook: keeps the job, or forgets it when it is over. */
typedef void job_save_fn(void *ctx, const struct job *j, bool is_over);
void jobs_set_save(struct jobs *js, job_save_fn *fn, void *ctx);
void jobs_restore(struct jobs *js, uint64_t id, const char *kind, unsigned lane, const char *args, const char *by);
void jobs_set_wake(struct jobs *js, void (*wake)(void *ctx), void *ctx); /* called when a tick is wanted soon */

/* Returns the id, or 0 with *at filled: unknown kind, queue full (1000). */
uint64_t jobs_add(struct jobs *js, const char *kind, unsigned lane, const char *args, const char *by,
                  struct err_at *at);
struct job *jobs_find(struct jobs *js, uint64_t id);         /* borrowed until the next return to the loop */
struct job *jobs_next(struct jobs *js, uint64_t after_id);   /* in id order; NULL at the end */
MUST_USE enum err jobs_cancel(struct jobs *js, uint64_t id); /* NOT_FOUND; CONFLICT when over; UNSUPPORTED */
int64_t jobs_tick(struct jobs *js, int64_t now_ms);          /* INT64_MAX: nothing to wait for */
/* No new starts; cancels the running ones, persisted kinds stay saved. True when none runs any more. */
bool jobs_drain(struct jobs *js);

/* For kinds. */
void job_progress(struct jobs *js, struct job *j, uint64_t done, uint64_t total);
void job_error(struct jobs *js, struct job *j, const char *subject, const char *fmt, ...) PRINTF_LIKE(4, 5);
void job_result(struct jobs *js, struct job *j, const char *json);
void job_end(struct jobs *js, struct job *j, enum err err); /* ERR_OK: DONE, also with errors of single meters */
void job_retry_in(struct jobs *js, struct job *j, int64_t delay_ms); /* instead of job_end: back to WAITING */

void job_json(struct json_out *j, const struct job *job);

#endif
