/* fuzz_http_head.c — a connection's bytes, whole and byte by byte, are judged alike; what is accepted is plain text.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/bug.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "protocols/codec/http_head.h"

static void check_text(const char *text)
{
    for (; *text; text++)
        BUG_IF((unsigned char)*text < 0x20 && *text != '\t');
}

static void check_head(const struct http_head *h)
{
    BUG_IF(h->n_fields > HTTP_FIELDS_MAX);
    BUG_IF(h->is_chunked && http_head_field(h, "Content-Length"));
    BUG_IF(h->path[0] != '/' && !(h->method == HTTP_OPTIONS && str_eq(h->path, "*")));
    BUG_IF(strstr(h->path, "/../") || strchr(h->path, '\\'));
    check_text(h->path);
    check_text(h->query);
    for (size_t i = 0; i < h->n_fields; i++) {
        check_text(h->fields[i].name);
        check_text(h->fields[i].value);
    }
}

/* The content of a chunked body; returns how many bytes, or SIZE_MAX when it is refused or not complete. */
static size_t content_of(const uint8_t *data, size_t size, size_t step)
{
    struct http_chunks c = { 0 };
    size_t n = 0;
    for (size_t at = 0; at < size; at += step) {
        struct rd in = rd_init(data + at, size - at < step ? size - at : step), piece;
        enum http_chunk_result r;
        while ((r = http_chunks_next(&c, &in, &piece)) == HTTP_CHUNKS_DATA) {
            BUG_IF(rd_left(&piece) == 0);
            n += rd_left(&piece);
        }
        if (r == HTTP_CHUNKS_END)
            return n;
        if (r == HTTP_CHUNKS_BAD)
            return SIZE_MAX;
    }
    return SIZE_MAX;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct http_scan whole = { 0 }, bytewise = { 0 };
    int status = 0, status_bytewise = 0;
    struct rd in = rd_init(data, size);
    enum http_scan_result r = http_scan_push(&whole, &in, &status), s = HTTP_SCAN_MORE;
    for (size_t i = 0; i < size && s == HTTP_SCAN_MORE; i++) {
        struct rd one = rd_init(data + i, 1);
        s = http_scan_push(&bytewise, &one, &status_bytewise);
    }
    BUG_IF(r != s || status != status_bytewise || whole.len != bytewise.len);
    BUG_IF(content_of(data, size, 1) != content_of(data, size, size + 1));
    if (r != HTTP_SCAN_DONE)
        return 0;
    char *text = xmalloc(whole.len + 1);
    struct http_head h;
    struct err_at at = { 0 };
    status = http_head_parse(rd_init(data, whole.len), text, whole.len + 1, &h, &at);
    BUG_IF(status != 0 && !at.text[0]);
    if (status == 0)
        check_head(&h);
    free(text);
    return 0;
}
