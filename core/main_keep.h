/* main_keep.h — private to the composition root: what outlives a restart, between the store and the model.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CORE_MAIN_KEEP_H
#define CORE_MAIN_KEEP_H

#include "core/base/err.h"

struct app;

/* Meters with their last readouts, and learnt formats; formats learnt from now on are kept. */
MUST_USE enum err main_keep_load(struct app *app, struct err_at *at);

void main_keep_jobs(struct app *app); /* from now on jobs are kept */
/* Jobs that were waiting or running; once their kinds are registered. */
MUST_USE enum err main_keep_load_jobs(struct app *app, struct err_at *at);

#endif
