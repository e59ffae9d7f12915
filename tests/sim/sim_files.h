/* sim_files.h — meters from telegram files: hex, one telegram a line, several lines a chain; directives in comments.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SIM_SIM_FILES_H
#define TESTS_SIM_SIM_FILES_H

#include "core/base/err.h"
#include "tests/sim/sim_meter.h"

/* One meter from the text of a file. Refusals carry the line. */
MUST_USE enum err sim_file_parse(struct sim_meter *out, const char *name, const char *text, struct err_at *at);

/* Adds the meter of a file, or of every *.hex file of a folder, in order of their names. A named file must be right.
 * In a folder, which may hold other things, what is no meter is left out with a warning; it must hold at least one. */
MUST_USE enum err sim_files_load(struct sim_meters *ms, const char *path, struct err_at *at);

#endif
