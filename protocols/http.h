/* http.h — the web service: REST under /api/v1, live events, the web application.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PROTOCOLS_HTTP_H
#define PROTOCOLS_HTTP_H

#include "core/service.h"

struct store;

extern const struct service_ops http_service;

/* For `--passwd`: checks and hashes a new password here and now, and keeps it; on a new store makes the first
 * administrator. The gateway must not be running on this store. */
MUST_USE enum err http_set_password(struct store *s, const char *user, const char *password, struct err_at *at);

/* `metergated --worker hash`: reads a password and its parameters from standard input, writes its hash to standard output.
 * Returns the exit code. */
int http_hash_worker(void);

#endif
