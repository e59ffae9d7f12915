/* http_bytes.h — the small grammar that heads and queries share; private to http_head.c and http_query.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PROTOCOLS_CODEC_HTTP_BYTES_H
#define PROTOCOLS_CODEC_HTTP_BYTES_H

#include <stdbool.h>

#include "core/base/rd.h"

static inline bool http_is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static inline bool http_is_blank(int c)
{
    return c == ' ' || c == '\t';
}

static inline int http_hex_digit(int c)
{
    if (http_is_digit(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The byte after a '%', or -1. */
static inline int http_read_escape(struct rd *r)
{
    int high = http_hex_digit(rd_u8(r));
    int low = http_hex_digit(rd_u8(r));
    return rd_ok(r) && high >= 0 && low >= 0 ? high << 4 | low : -1;
}

/* Bytes up to `stop`, which is taken but not given; bad when it does not come. */
static inline struct rd http_read_until(struct rd *in, int stop)
{
    struct rd ahead = *in;
    size_t n = 0;
    while (rd_left(&ahead) > 0 && rd_peek(&ahead) != stop) {
        rd_skip(&ahead, 1);
        n++;
    }
    struct rd part = rd_sub(in, n);
    rd_skip(in, 1);
    return part;
}

#endif
