/* http_routes.c — every REST call in one table: what it is called, who may call it, what goes in and out.
 *
 * The API document is made from the same rows, so the two cannot part.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "protocols/http_call.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "protocols/rest_calls.h"

#define API   "/api/v1"
#define RANGE "from to limit cursor"

const struct http_route http_routes[] = {
    { HTTP_GET, "/healthz", OPEN_TO_ALL, BODY_NONE, rest_health_get, "Is the gateway serving?", "", NULL, 200,
      "Health" },
    { HTTP_GET, API "/openapi.json", OPEN_TO_ALL, BODY_NONE, rest_openapi_get, "This document", "", NULL, 200,
      "Document" },
    { HTTP_GET, API "/system", FOR_VIEWER, BODY_NONE, rest_system_get, "The gateway itself", "", NULL, 200, "System" },
    { HTTP_GET, API "/buses", FOR_VIEWER, BODY_NONE, rest_buses_get, "M-Bus interfaces in use", "", NULL, 200,
      "BusList" },

    { HTTP_GET, API "/meters", FOR_VIEWER, BODY_NONE, rest_meters_get, "Installed meters", "limit cursor", NULL, 200,
      "MeterPage" },
    { HTTP_POST, API "/meters", FOR_OPERATOR, BODY_CSV, rest_meters_post, "Install a meter list; all rows or none", "",
      "text/csv", 201, "Installed" },
    { HTTP_GET, API "/meters/{id}", FOR_VIEWER, BODY_NONE, rest_meter_get, "One meter", "", NULL, 200, "Meter" },
    { HTTP_PATCH, API "/meters/{id}", FOR_OPERATOR, BODY_JSON, rest_meter_patch, "Change a meter", "", "MeterChange",
      200, "Meter" },
    { HTTP_DELETE, API "/meters/{id}", FOR_OPERATOR, BODY_NONE, rest_meter_delete,
      "Remove a meter; history=delete removes its readings, too", "history", NULL, 204, NULL },
    { HTTP_PUT, API "/meters/{id}/key", FOR_ADMIN, BODY_JSON, rest_meter_key_put,
      "Link an encryption key to a meter, in place of the one before", "", "LinkedKey", 200, "Key" },
    { HTTP_DELETE, API "/meters/{id}/key", FOR_ADMIN, BODY_NONE, rest_meter_key_delete,
      "Remove the key that is linked to a meter", "", NULL, 204, NULL },
    { HTTP_GET, API "/meters/{id}/latest", FOR_VIEWER, BODY_NONE, rest_latest_get,
      "The last telegrams of a meter, decoded", "", NULL, 200, "Latest" },
    { HTTP_GET, API "/meters/{id}/readings", FOR_VIEWER, BODY_NONE, rest_readings_get,
      "Stored readouts, oldest first; also as text/csv", RANGE, NULL, 200, "ReadingPage" },
    { HTTP_GET, API "/meters/{id}/series", FOR_VIEWER, BODY_NONE, rest_series_get,
      "What a meter measures, a series each", "", NULL, 200, "SeriesList" },
    { HTTP_GET, API "/series/{id}/values", FOR_VIEWER, BODY_NONE, rest_values_get,
      "Values of one series, as stored or by steps", RANGE " step aggregate", NULL, 200, "ValuePage" },

    { HTTP_GET, API "/keys", FOR_ADMIN, BODY_NONE, rest_keys_get, "Encryption keys, without the keys themselves",
      "limit cursor", NULL, 200, "KeyPage" },
    { HTTP_GET, API "/keys/template", FOR_ADMIN, BODY_NONE, rest_keys_template_get, "An example of a key file", "",
      NULL, 200, "text/csv" },
    { HTTP_POST, API "/keys", FOR_ADMIN, BODY_CSV, rest_keys_post,
      "Add encryption keys: a key file, one key, or {\"keys\": [key, …]}; all or none", "", "text/csv NewKey", 201,
      "KeysAdded" },
    { HTTP_DELETE, API "/keys/{id}", FOR_ADMIN, BODY_NONE, rest_key_delete, "Remove an encryption key", "", NULL, 204,
      NULL },

    { HTTP_POST, API "/readouts", FOR_OPERATOR, BODY_JSON, rest_readouts_post, "Read meters now", "", "ReadoutWish",
      202, "JobStarted" },
    { HTTP_POST, API "/searches", FOR_OPERATOR, BODY_JSON, rest_searches_post,
      "Search the buses for meters and install what is found", "", "SearchWish", 202, "JobStarted" },
    { HTTP_GET, API "/jobs", FOR_VIEWER, BODY_NONE, rest_jobs_get, "Jobs of the last hour", "limit cursor", NULL, 200,
      "JobPage" },
    { HTTP_GET, API "/jobs/{id}", FOR_VIEWER, BODY_NONE, rest_job_get, "One job", "", NULL, 200, "Job" },
    { HTTP_DELETE, API "/jobs/{id}", FOR_OPERATOR, BODY_NONE, rest_job_delete,
      "Cancel a job; what it brought so far is kept", "", NULL, 202, "JobStarted" },
    { HTTP_POST, API "/reports/{n}/send", FOR_OPERATOR, BODY_JSON, rest_report_send_post, "Send a push report now", "",
      "Nothing", 202, "JobStarted" },

    { HTTP_GET, API "/log", FOR_VIEWER, BODY_NONE, rest_log_get, "The log, newest first; also as text/csv",
      "severity " RANGE, NULL, 200, "LogPage" },
    { HTTP_GET, API "/audit", FOR_ADMIN, BODY_NONE, rest_audit_get, "Who changed what, when, from where; newest first",
      RANGE, NULL, 200, "AuditPage" },
    { HTTP_GET, API "/events", FOR_VIEWER, BODY_NONE, rest_events_get, "Server-sent events; Last-Event-ID resumes", "",
      NULL, 200, "text/event-stream" },

    { HTTP_GET, API "/settings", FOR_VIEWER, BODY_NONE, rest_settings_get, "All settings", "", NULL, 200, "Settings" },
    { HTTP_GET, API "/settings/schema", FOR_VIEWER, BODY_NONE, rest_schema_get, "What each setting is", "", NULL, 200,
      "SettingRows" },
    { HTTP_PATCH, API "/settings", FOR_OPERATOR, BODY_JSON, rest_settings_patch,
      "Change settings, all or none; null is the default", "", "Settings", 200, "Settings" },

    { HTTP_POST, API "/password", FOR_ANY_USER, BODY_JSON, rest_password_post, "Change one's own password", "",
      "PasswordChange", 204, NULL },
    { HTTP_POST, API "/session", OPEN_TO_ALL, BODY_JSON, rest_session_post, "Log in: sets the session's cookie", "",
      "Login", 200, "Session" },
    { HTTP_GET, API "/session", FOR_ANY_USER, BODY_NONE, rest_session_get, "Who am I?", "", NULL, 200, "Session" },
    { HTTP_DELETE, API "/session", FOR_ANY_USER, BODY_NONE, rest_session_delete, "Log out", "", NULL, 204, NULL },
    { HTTP_GET, API "/sessions", FOR_VIEWER, BODY_NONE, rest_sessions_get,
      "Open sessions: one's own, an administrator sees all", "", NULL, 200, "SessionList" },
    { HTTP_DELETE, API "/sessions/{id}", FOR_VIEWER, BODY_NONE, rest_sessions_delete, "End a session", "", NULL, 204,
      NULL },
    { HTTP_GET, API "/users", FOR_ADMIN, BODY_NONE, rest_users_get, "Accounts", "", NULL, 200, "UserList" },
    { HTTP_POST, API "/users", FOR_ADMIN, BODY_JSON, rest_users_post, "Make an account", "", "NewUser", 201, "User" },
    { HTTP_PATCH, API "/users/{name}", FOR_ADMIN, BODY_JSON, rest_user_patch, "Change an account's role or password",
      "", "UserChange", 200, "User" },
    { HTTP_DELETE, API "/users/{name}", FOR_ADMIN, BODY_NONE, rest_user_delete,
      "Remove an account; the last administrator stays", "", NULL, 204, NULL },
    { HTTP_GET, API "/tokens", FOR_ADMIN, BODY_NONE, rest_tokens_get, "Tokens, without their secrets", "", NULL, 200,
      "TokenList" },
    { HTTP_POST, API "/tokens", FOR_ADMIN, BODY_JSON, rest_tokens_post, "Make a token; it is shown this once", "",
      "NewToken", 201, "TokenMade" },
    { HTTP_DELETE, API "/tokens/{id}", FOR_ADMIN, BODY_NONE, rest_token_delete, "Take a token back", "", NULL, 204,
      NULL },
};
const size_t http_n_routes = COUNT_OF(http_routes);

/* Path and pattern segment by segment; an {id} takes one segment, whole. */
static bool match(const char *pattern, char *path, const char *arg[CALL_ARGS_MAX])
{
    size_t n = 0;
    while (*pattern && *path) {
        if (*pattern != '{') {
            if (*pattern++ != *path++)
                return false;
            continue;
        }
        size_t len = strcspn(path, "/");
        if (len == 0 || n == CALL_ARGS_MAX)
            return false;
        arg[n++] = path;
        path += len;
        pattern = strchr(pattern, '}') + 1;
    }
    return !*pattern && !*path;
}

/* Ends each argument where its segment ends. */
static void cut_args(const char *arg[CALL_ARGS_MAX], char *texts)
{
    for (size_t i = 0; i < CALL_ARGS_MAX && arg[i]; i++)
        texts[(size_t)(arg[i] - texts) + strcspn(arg[i], "/")] = 0;
}

/* A path that stands in the table as it is belongs to nobody's {id}. */
static bool is_literal(char *path)
{
    const char *arg[CALL_ARGS_MAX];
    for (size_t i = 0; i < http_n_routes; i++)
        if (!strchr(http_routes[i].path, '{') && match(http_routes[i].path, path, arg))
            return true;
    return false;
}

const struct http_route *http_route_find(enum http_method m, const char *path, const char *arg[CALL_ARGS_MAX],
                                         char **texts, unsigned *allow)
{
    char *copy = xstrdup(path);
    bool wants_literal = is_literal(copy);
    *allow = 0;
    for (size_t i = 0; i < http_n_routes; i++) {
        const char *found[CALL_ARGS_MAX] = { NULL };
        if ((wants_literal && strchr(http_routes[i].path, '{')) || !match(http_routes[i].path, copy, found))
            continue;
        *allow |= 1u << http_routes[i].method;
        if (http_routes[i].method != m)
            continue;
        cut_args(found, copy);
        for (size_t k = 0; k < CALL_ARGS_MAX; k++)
            arg[k] = found[k];
        *texts = copy;
        return &http_routes[i];
    }
    free(copy);
    return NULL;
}
