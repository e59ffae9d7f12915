/* report_run.h — one try to make and deliver one report: wait for the readout, collect and render, deliver, mark.
 *
 * Works in slices of a few milliseconds on the loop. Ends in exactly one call of run_end, also after run_cancel();
 * run_abandon_all() ends all without.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REPORTS_REPORT_RUN_H
#define REPORTS_REPORT_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/job.h"
#include "core/service.h"

struct run_result { /* borrowed for the call */
    enum err err;
    const char *text; /* why it failed */
    bool is_hopeless; /* another try cannot help: a setting is wrong */
    bool is_sent;     /* false with ERR_OK: there was nothing to send */
    uint64_t readouts;
    unsigned meters;
    size_t bytes;
    const char *filename;
    const char *json; /* the same for the job's result */
};
struct run_end {
    void (*fn)(void *ctx, uint64_t job_id, const struct run_result *r);
    void *ctx;
};

struct run;

/* Stands in *list until its end. waits_for_readout: first lets a readout that is under way end, for ten minutes at most. */
struct run *run_start(struct app *app, struct run **list, const struct job *j, bool waits_for_readout,
                      struct run_end end);
void run_cancel(struct run *r);
void run_abandon_all(struct run **list);

#endif
