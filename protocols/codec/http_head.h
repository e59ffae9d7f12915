/* http_head.h — which HTTP/1.x requests the gate accepts, and what is in their heads. Pure; RFC 9110 and 9112, strictly.
 *
 * Where a server and another reader of the same bytes could disagree about a request's borders, it is refused: bare CR or
 * LF, NUL, folded lines, a blank before a colon, two lengths, length with chunks, any coding but "chunked", chunk
 * extensions, trailers, no Host or two. Refusals are HTTP status codes; 0 means accepted.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PROTOCOLS_CODEC_HTTP_HEAD_H
#define PROTOCOLS_CODEC_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/base/rd.h"

enum {
    HTTP_HEAD_MAX = 32 * 1024, /* the whole head with its empty line */
    HTTP_TARGET_MAX = 8 * 1024,
    HTTP_FIELDS_MAX = 64,
    HTTP_METHOD_MAX = 8, /* letters of the longest method that is read at all */
};

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_PUT, HTTP_PATCH, HTTP_DELETE, HTTP_OPTIONS, HTTP_N_METHODS };
const char *http_method_name(enum http_method m);

/* Finds the end of a head in bytes that come in pieces, and refuses as early as the bytes allow: no byte is looked at
 * twice. An empty line before the request line is skipped. Zero is the initial state. */
struct http_scan {
    size_t len;     /* bytes taken so far */
    unsigned lines; /* ended lines, the request line counts */
    bool in_target, after_cr, is_blank_line;
    unsigned method_len;
};
enum http_scan_result { HTTP_SCAN_MORE, HTTP_SCAN_DONE, HTTP_SCAN_BAD };
/* Takes bytes up to the end of the head. BAD: *status says why (400, 414, 431, 501). */
enum http_scan_result http_scan_push(struct http_scan *s, struct rd *in, int *status);

struct http_field {
    const char *name, *value; /* value without the blanks around it; may be empty */
};
struct http_head {
    enum http_method method;
    unsigned minor_version; /* HTTP/1.0 or 1.1 */
    const char *path;       /* percent-decoded once, begins with '/', no "." or ".." segment; "*" for OPTIONS */
    const char *query;      /* as sent, without the question mark; empty when none */
    struct http_field fields[HTTP_FIELDS_MAX];
    size_t n_fields;
    uint64_t content_length;
    bool is_chunked;
    bool keep_alive;
    bool expects_continue;
};

/* Reads a whole head, the empty line included. Texts go into `text` (at least as large as the head) and end with NUL; the
 * head borrows from it. Returns 0 or the status to refuse with (400, 414, 417, 431, 501, 505), and *at says why. */
int http_head_parse(struct rd in, char *text, size_t text_size, struct http_head *out, struct err_at *at);

/* The value of a field by its name in any case; NULL when it is not there. */
const char *http_head_field(const struct http_head *h, const char *name);

/* The chunked coding, strictly. Zero is the initial state. */
struct http_chunks {
    enum http_chunk_state {
        HTTP_CHUNK_SIZE, /* hex digits */
        HTTP_CHUNK_SIZE_LF,
        HTTP_CHUNK_DATA,
        HTTP_CHUNK_DATA_CR,
        HTTP_CHUNK_DATA_LF,
        HTTP_CHUNK_LAST_CR, /* after the chunk of size 0: the empty line */
        HTTP_CHUNK_LAST_LF,
        HTTP_CHUNK_END,
    } state;
    uint32_t left; /* DATA: bytes to come; SIZE: the number so far */
    unsigned digits;
};
enum http_chunk_result { HTTP_CHUNKS_MORE, HTTP_CHUNKS_DATA, HTTP_CHUNKS_END, HTTP_CHUNKS_BAD };
/* Takes coding bytes from `in`; DATA: *data is a piece of the content, in place. */
enum http_chunk_result http_chunks_next(struct http_chunks *c, struct rd *in, struct rd *data);

#endif
