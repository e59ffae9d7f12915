/* deliver_http.c — reports by HTTP: one POST per report, the CSV as its body.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/base/str.h"
#include "reports/deliver.h"

struct fetch_job *deliver_http(struct fetch *f, const struct delivery *d, fetch_fn *fn, void *ctx, struct err_at *at)
{
    char filename[160], agent[160];
    str_fmt(filename, sizeof filename, "filename: %s", d->filename);
    str_fmt(agent, sizeof agent, "User-Agent: Model/Metergate Serial/%s Application/%s", d->serial, d->version);
    const char *const headers[] = { filename, agent,
                                    d->is_utf8 ? "Content-Type: text/plain; charset=utf-8"
                                               : "Content-Type: text/plain; charset=iso-8859-1",
                                    NULL };
    const struct fetch_request rq = {
        .url = d->server.url,
        .method = "POST",
        .headers = headers,
        .body = d->body,
        .body_len = d->body_len,
        .user = d->server.user,
        .password = d->server.password,
        .timeout_ms = d->http->timeout_s < 0 ? -1 : d->http->timeout_s * 1000,
        .ca_file = d->http->ca_file,
        .insecure = !d->http->verify,
    };
    return fetch_start(f, &rq, fn, ctx, at);
}
