/* wr.c — the writers that are too long to stand in the header.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/base/wr.h"

#include <stdio.h>
#include <string.h>

void wr_bytes(struct wr *w, const void *bytes, size_t len)
{
    uint8_t *at = wr_take(w, len);
    if (at && len)
        memcpy(at, bytes, len);
}

void wr_str(struct wr *w, const char *text)
{
    wr_bytes(w, text, strlen(text));
}

void wr_fmt(struct wr *w, const char *fmt, ...)
{
    if (w->full)
        return;
    /* vsnprintf() wants room for a NUL that we do not keep: what fits but for it goes through the side buffer. */
    char side[512];
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int n = vsnprintf(side, sizeof side, fmt, args);
    va_end(args);
    if (n < 0 || (size_t)n > wr_room(w)) {
        w->full = true;
    } else if ((size_t)n < sizeof side) {
        wr_bytes(w, side, (size_t)n);
    } else if ((size_t)n < wr_room(w)) {
        vsnprintf((char *)w->p, wr_room(w), fmt, again);
        w->p += n;
    } else {
        w->full = true; /* over 511 bytes and not one byte to spare: refused rather than cut */
    }
    va_end(again);
}

void wr_hex(struct wr *w, const void *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *b = bytes;
    uint8_t *at = len <= SIZE_MAX / 2 ? wr_take(w, 2 * len) : NULL;
    if (!at) {
        w->full = true;
        return;
    }
    for (size_t i = 0; i < len; i++) {
        *at++ = (uint8_t)digits[b[i] >> 4];
        *at++ = (uint8_t)digits[b[i] & 15];
    }
}
