/* bug.c — the end of a process that broke its own promise.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/base/bug.h"

#include <stdlib.h>

#include "core/base/log.h"

_Noreturn void bug_found(const char *file, int line, const char *what)
{
    log_at(LOG_LEVEL_FATAL, "bug", "%s:%d: this should never happen: %s", file, line, what);
    abort();
}
