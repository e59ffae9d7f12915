/* child.h — helper processes for what is long or parses hostile files: our own program started again with a worker name,
 * input on its standard input, the result from its standard output. Bounded in time and output; never blocks the loop.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef IO_CHILD_H
#define IO_CHILD_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"

struct loop;
struct child;

/* Exactly once; out is borrowed. err: OK (exit 0), TIMEOUT, TOO_BIG, IO (exit status not 0, signal). */
typedef void child_done_fn(void *ctx, enum err err, const uint8_t *out, size_t len);

struct child_spec {
    const char *worker;      /* argv[1] = "--worker", argv[2] = this */
    const char *const *args; /* NULL-terminated further arguments, or NULL */
    const void *input;       /* copied */
    size_t input_len;
    size_t output_max;
    int64_t timeout_ms;
    uint64_t memory_max; /* RLIMIT_AS; 0: none */
};
MUST_USE enum err child_start(struct loop *l, const struct child_spec *spec, child_done_fn *fn, void *ctx,
                              struct child **out);
void child_kill(struct child *c); /* no callback comes any more */

#endif
