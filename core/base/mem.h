/* mem.h — allocation that ends the process when memory is gone (a supervised restart beats branches nobody ran).
 * Sizes that come from outside are capped before they reach these.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CORE_BASE_MEM_H
#define CORE_BASE_MEM_H

#include <stddef.h>

#define MEM_OWNED __attribute__((malloc, returns_nonnull, warn_unused_result))

MEM_OWNED void *xcalloc(size_t count, size_t size); /* zeroed */
MEM_OWNED void *xmalloc(size_t size);
__attribute__((returns_nonnull, warn_unused_result)) void *xrealloc(void *old, size_t count, size_t size);
MEM_OWNED char *xstrdup(const char *text);
MEM_OWNED char *xstrndup(const char *text, size_t len);
MEM_OWNED void *xmemdup(const void *bytes, size_t len);

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#endif
