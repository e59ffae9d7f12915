/* wr.h — a cursor that writes into a buffer of fixed size. The first write that does not fit makes it full for good
 * and writes nothing more, so a builder writes straight through and asks wr_ok() once.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CORE_BASE_WR_H
#define CORE_BASE_WR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"

struct wr {
    uint8_t *start, *p, *end; /* start <= p <= end */
    bool full;
};

static inline struct wr wr_init(void *buffer, size_t size)
{
    uint8_t *b = buffer;
    return (struct wr){ b, b, b + size, false };
}

static inline bool wr_ok(const struct wr *w)
{
    return !w->full;
}
static inline size_t wr_len(const struct wr *w)
{
    return (size_t)(w->p - w->start);
}
static inline size_t wr_room(const struct wr *w)
{
    return (size_t)(w->end - w->p);
}

/* Room for n bytes that the caller fills, or NULL (and full). */
static inline uint8_t *wr_take(struct wr *w, size_t n)
{
    if (w->full || wr_room(w) < n) {
        w->full = true;
        return NULL;
    }
    uint8_t *at = w->p;
    w->p += n;
    return at;
}

static inline void wr_u8(struct wr *w, uint8_t v)
{
    uint8_t *b = wr_take(w, 1);
    if (b)
        b[0] = v;
}

static inline void wr_le(struct wr *w, uint64_t v, size_t n)
{
    uint8_t *b = wr_take(w, n);
    for (size_t i = 0; b && i < n; i++, v >>= 8)
        b[i] = (uint8_t)v;
}

static inline void wr_be(struct wr *w, uint64_t v, size_t n)
{
    uint8_t *b = wr_take(w, n);
    for (size_t i = n; b && i-- > 0; v >>= 8)
        b[i] = (uint8_t)v;
}

static inline void wr_u16le(struct wr *w, uint16_t v)
{
    wr_le(w, v, 2);
}
static inline void wr_u32le(struct wr *w, uint32_t v)
{
    wr_le(w, v, 4);
}

static inline void wr_varint(struct wr *w, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        wr_u8(w, (uint8_t)(v | 0x80));
    wr_u8(w, (uint8_t)v);
}

static inline void wr_zigzag(struct wr *w, int64_t v)
{
    wr_varint(w, (uint64_t)v << 1 ^ (0 - (uint64_t)(v < 0)));
}

void wr_bytes(struct wr *w, const void *bytes, size_t len);
void wr_str(struct wr *w, const char *text);                       /* without its NUL */
void wr_fmt(struct wr *w, const char *fmt, ...) PRINTF_LIKE(2, 3); /* all of it or nothing, and full */
void wr_hex(struct wr *w, const void *bytes, size_t len);          /* lower case */

#endif
