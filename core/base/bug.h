/* bug.h — promises we made to ourselves, checked in release builds too.
 * What a peer or a person sent is never a bug: it is an enum err.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CORE_BASE_BUG_H
#define CORE_BASE_BUG_H

/* Logs the broken promise with its place, flushes the log and aborts; the supervisor restarts the process. */
_Noreturn void bug_found(const char *file, int line, const char *what);

#define BUG_IF(cond)                                                                                                   \
    do {                                                                                                               \
        if (__builtin_expect(!!(cond), 0))                                                                             \
            bug_found(__FILE__, __LINE__, #cond);                                                                      \
    } while (0)

#endif
