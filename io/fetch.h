/* fetch.h — transfers by libcurl's multi interface in the loop: names resolved first, TLS verified, redirects not followed.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef IO_FETCH_H
#define IO_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"

struct loop;
struct dns;
struct fetch;
struct fetch_job;

struct fetch_request {
    const char *url;            /* http, https; all strings are copied */
    const char *method;         /* "POST" */
    const char *const *headers; /* "Name: value", NULL-terminated; control characters are refused */
    const void *body;           /* borrowed until the callback or fetch_cancel() */
    size_t body_len;
    const char *user, *password; /* Basic; NULL: none */
    int64_t timeout_ms;          /* < 0: none */
    const char *ca_file;         /* NULL: the system's */
    bool insecure;               /* take any certificate; said in the log */
    size_t answer_max;           /* bytes of the answer's body that are kept; the rest is dropped, a flood cut off */
};
struct fetch_result {
    long status;         /* HTTP status; 0 when there was no answer */
    char text[200];      /* why it failed, for people: names host and cause */
    const uint8_t *body; /* borrowed for the call */
    size_t body_len;
};
typedef void fetch_fn(void *ctx, enum err err, const struct fetch_result *r); /* ERR_OK: any answer came, see status */

struct fetch *fetch_create(struct loop *l, struct dns *d);
void fetch_free(struct fetch *f);
/* NULL and *at filled: the request cannot be sent as it is. Host names must be ASCII (IDNA names as xn--…). */
struct fetch_job *fetch_start(struct fetch *f, const struct fetch_request *rq, fetch_fn *fn, void *ctx,
                              struct err_at *at);
void fetch_cancel(struct fetch_job *j); /* no callback comes any more; not from the callback itself */

#endif
