/* rd.h — a cursor over received bytes. The first short read makes it bad for good; from then on it gives zeros and
 * moves nothing, so a parser reads straight through like the standard's field list and asks rd_ok() once.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CORE_BASE_RD_H
#define CORE_BASE_RD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rd {
    const uint8_t *p, *end; /* p <= end, always */
    bool bad;
};

static inline struct rd rd_init(const void *bytes, size_t len)
{
    const uint8_t *p = bytes;
    return (struct rd){ p, p ? p + len : p, false };
}

static inline bool rd_ok(const struct rd *r)
{
    return !r->bad;
}
static inline size_t rd_left(const struct rd *r)
{
    return (size_t)(r->end - r->p);
}

/* n bytes in place, or NULL (and bad) when fewer are left. */
static inline const uint8_t *rd_bytes(struct rd *r, size_t n)
{
    if (r->bad || rd_left(r) < n) {
        r->bad = true;
        return NULL;
    }
    const uint8_t *at = r->p;
    r->p += n;
    return at;
}

/* A cursor over the next n bytes; both are bad when fewer are left. */
static inline struct rd rd_sub(struct rd *r, size_t n)
{
    const uint8_t *at = rd_bytes(r, n);
    return (struct rd){ at, at ? at + n : at, at == NULL };
}

static inline bool rd_skip(struct rd *r, size_t n)
{
    return rd_bytes(r, n) != NULL;
}

/* The next byte without taking it, or -1 at the end. */
static inline int rd_peek(const struct rd *r)
{
    return r->bad || r->p == r->end ? -1 : *r->p;
}

static inline uint8_t rd_u8(struct rd *r)
{
    const uint8_t *b = rd_bytes(r, 1);
    return b ? b[0] : 0;
}

/* n (0…8) bytes as an unsigned integer, low byte first. */
static inline uint64_t rd_le(struct rd *r, size_t n)
{
    const uint8_t *b = rd_bytes(r, n);
    uint64_t v = 0;
    for (size_t i = n; b && i-- > 0;)
        v = v << 8 | b[i];
    return v;
}

/* n (0…8) bytes as an unsigned integer, high byte first. */
static inline uint64_t rd_be(struct rd *r, size_t n)
{
    const uint8_t *b = rd_bytes(r, n);
    uint64_t v = 0;
    for (size_t i = 0; b && i < n; i++)
        v = v << 8 | b[i];
    return v;
}

static inline uint16_t rd_u16le(struct rd *r)
{
    return (uint16_t)rd_le(r, 2);
}
static inline uint32_t rd_u32le(struct rd *r)
{
    return (uint32_t)rd_le(r, 4);
}
static inline uint16_t rd_u16be(struct rd *r)
{
    return (uint16_t)rd_be(r, 2);
}
static inline uint32_t rd_u32be(struct rd *r)
{
    return (uint32_t)rd_be(r, 4);
}

/* LEB128-like variable length integers as wr_varint() writes them: 7 bits a byte, low group first, at most 10 bytes. */
static inline uint64_t rd_varint(struct rd *r)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t b = rd_u8(r);
        v |= (uint64_t)(b & 0x7F) << shift;
        if (!(b & 0x80))
            return v;
    }
    r->bad = true;
    return 0;
}

static inline int64_t rd_zigzag(struct rd *r)
{
    uint64_t v = rd_varint(r);
    return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

#endif
