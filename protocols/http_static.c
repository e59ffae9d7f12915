/* http_static.c — the web application's files, from memory, compressed as they were built.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "protocols/http_call.h"

#include <string.h>
#define ZLIB_CONST /* its input is const, then */
#include <zlib.h>

#include "core/base/bug.h"
#include "core/base/str.h"
#include "protocols/webui_files.h"

/* Scripts and styles come from files of our own only; nobody may frame the page. */
static const char page_policy[] = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
                                  "font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; "
                                  "form-action 'self'; frame-ancestors 'none'";

static const struct webui_file *find_file(const char *path)
{
    for (size_t i = 0; i < webui_n_files; i++)
        if (str_eq(webui_files[i].path, path))
            return &webui_files[i];
    return NULL;
}

/* A path that the application shows itself: no file, and a person at a browser asks. */
static bool is_page(const struct http_request *rq)
{
    const char *accept = http_head_field(&rq->head, "Accept");
    return !strchr(rq->head.path, '.') && accept && strstr(accept, "text/html");
}

/* For the rare client that does not take gzip, such as a script. */
static void write_inflated(struct http_request *rq, const struct webui_file *f)
{
    z_stream z = { .next_in = f->gzip, .avail_in = (uInt)f->gzip_len };
    BUG_IF(inflateInit2(&z, 16 + MAX_WBITS) != Z_OK);
    unsigned char piece[16384];
    int r;
    do {
        z.next_out = piece;
        z.avail_out = sizeof piece;
        r = inflate(&z, Z_NO_FLUSH);
        BUG_IF(r != Z_OK && r != Z_STREAM_END); /* it is our own data */
        http_write(rq, piece, sizeof piece - z.avail_out);
    } while (r != Z_STREAM_END);
    inflateEnd(&z);
}

void http_send_file(struct http_request *rq)
{
    const struct webui_file *f = find_file(rq->head.path);
    if (!f && is_page(rq))
        f = find_file("/");
    http_field(rq, "Content-Security-Policy", page_policy);
    if (!f) {
        http_field(rq, "Cache-Control", "no-store");
        http_send_error(rq, 404, "not_found", "There is nothing of this name.", NULL, 0);
        return;
    }
    http_field(rq, "ETag", f->etag);
    http_field(rq, "Vary", "Accept-Encoding");
    http_field(rq, "Cache-Control", f->is_immutable ? "public, max-age=31536000, immutable" : "no-cache");
    if (str_eq(http_head_field(&rq->head, "If-None-Match"), f->etag)) {
        http_send(rq, 304, f->type);
        return;
    }
    const char *encodings = http_head_field(&rq->head, "Accept-Encoding");
    if (encodings && http_accepts_gzip(encodings)) {
        http_field(rq, "Content-Encoding", "gzip");
        http_send_static(rq, 200, f->type, f->gzip, f->gzip_len);
        return;
    }
    write_inflated(rq, f);
    http_send(rq, 200, f->type);
}
