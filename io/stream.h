/* stream.h — one open connection: bytes both ways, bounded, with an idle timeout.
 *
 * The user takes as many of the offered bytes as he can use now; what he leaves waits, and when much waits the peer has to.
 * Bytes written that the peer does not fetch are bounded, too: he is given up.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef IO_STREAM_H
#define IO_STREAM_H

#include <stddef.h>
#include <stdint.h>

struct loop;
struct stream;

struct stream_user {
    /* All bytes that wait, in one piece; returns how many it took. */
    size_t (*on_bytes)(void *ctx, const uint8_t *bytes, size_t len);
    /* The connection is gone, and the stream with it. Not after stream_stop(). */
    void (*on_end)(void *ctx, const char *why);
    void *ctx;
};

struct stream_limits {
    int64_t idle_ms; /* without a byte of the peer */
    size_t in_max;   /* bytes that may wait for the user */
    size_t out_max;  /* bytes that may wait for the peer */
};

/* Takes fd. Calls come from the loop, never from inside a call of ours but stream_resume(). */
struct stream *stream_start(struct loop *l, int fd, const struct stream_limits *limits, const struct stream_user *user);
void stream_stop(struct stream *s); /* no call comes any more; NULL is allowed */
void stream_write(struct stream *s, const uint8_t *bytes, size_t len);
void stream_resume(struct stream *s); /* offers again what was left */

#endif
