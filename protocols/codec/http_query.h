/* http_query.h — parameters of a query, and what a client would like to be sent. Pure.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PROTOCOLS_CODEC_HTTP_QUERY_H
#define PROTOCOLS_CODEC_HTTP_QUERY_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/err.h"
#include "protocols/codec/http_head.h"

/* Parameters of a query or a form, percent-decoded, '+' read as a blank. */
enum { HTTP_PARAMS_MAX = 32 };
struct http_query {
    struct http_field params[HTTP_PARAMS_MAX];
    size_t n_params;
};
/* Texts go into `text` (at least 2 · strlen(query) + 2 bytes). Refuses broken escapes, NUL, bad UTF-8, a name twice. */
MUST_USE enum err http_query_parse(const char *query, char *text, size_t text_size, struct http_query *out,
                                   struct err_at *at);
const char *http_query_get(const struct http_query *q, const char *name); /* NULL when it is not there */

/* Is `wanted` ("text/csv") what an Accept field asks for before JSON? A missing field accepts JSON. */
bool http_accepts(const char *accept, const char *wanted);
/* Does an Accept-Encoding field allow gzip? */
bool http_accepts_gzip(const char *accept_encoding);

#endif
