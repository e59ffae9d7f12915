/* mem.c — allocation that does not fail.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/base/mem.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/log.h"

static void *checked(void *p, size_t size)
{
    if (!p) {
        log_at(LOG_LEVEL_FATAL, "memory", "no memory for %zu bytes", size);
        abort();
    }
    return p;
}

void *xcalloc(size_t count, size_t size)
{
    return checked(calloc(count ? count : 1, size ? size : 1), size);
}

void *xmalloc(size_t size)
{
    return checked(malloc(size ? size : 1), size);
}

void *xrealloc(void *old, size_t count, size_t size)
{
    return checked(reallocarray(old, count ? count : 1, size ? size : 1), size);
}

char *xstrdup(const char *text)
{
    return xstrndup(text, strlen(text));
}

char *xstrndup(const char *text, size_t len)
{
    size_t n = strnlen(text, len);
    char *copy = xmalloc(n + 1);
    memcpy(copy, text, n);
    copy[n] = 0;
    return copy;
}

void *xmemdup(const void *bytes, size_t len)
{
    void *copy = xmalloc(len);
    if (len)
        memcpy(copy, bytes, len);
    return copy;
}
