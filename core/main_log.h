/* main_log.h — private to the composition root: log lines on their way to the store and to the event bus.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CORE_MAIN_LOG_H
#define CORE_MAIN_LOG_H

struct app;
struct main_log;

/* From here on lines are taken. Needs loop, store, settings and events of app. */
struct main_log *main_log_create(struct app *app);
/* Once the loop is freed and while the store is open: writes what is left. */
void main_log_free(struct main_log *ml);
void main_log_tick(struct main_log *ml); /* sums up suppressed lines whose minute is over */

#endif
