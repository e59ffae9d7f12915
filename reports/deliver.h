/* deliver.h — how a finished report leaves the house. Now by HTTP; each further way is one file deliver_*.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REPORTS_DELIVER_H
#define REPORTS_DELIVER_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/err.h"
#include "io/fetch.h"
#include "reports/report_settings.h"

struct delivery {
    struct report_server server;
    const struct http_cfg *http;
    const char *filename;
    const char *serial, *version; /* of the gateway */
    bool is_utf8;
    const char *body; /* borrowed until the end of the transfer */
    size_t body_len;
};

/* POSTs the report; NULL and *at when it cannot be sent as it is. fn's ERR_OK is not yet a success: ask delivery_judge(). */
struct fetch_job *deliver_http(struct fetch *f, const struct delivery *d, fetch_fn *fn, void *ctx, struct err_at *at);

/* ERR_OK for any 2xx; else *at says for people why the server does not have the report. */
enum err delivery_judge(enum err err, const struct fetch_result *r, struct err_at *at);

#endif
