/* rest_calls.h — the handlers of the REST calls; http_routes.c says which is which.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PROTOCOLS_REST_CALLS_H
#define PROTOCOLS_REST_CALLS_H

#include <jansson.h>

#include "core/base/err.h"

struct http_call;
struct meter;
struct json_out;
struct value;

/* rest_system.c */
void rest_health_get(struct http_call *c);
void rest_system_get(struct http_call *c);
void rest_buses_get(struct http_call *c);
/* http_openapi.c */
void rest_openapi_get(struct http_call *c);
/* rest_meter.c */
struct meter *rest_meter_find(struct http_call *c);                          /* the meter of the path; NULL: refused */
enum err rest_meter_apply(struct meter *m, json_t *body, struct err_at *at); /* the members of a change */
void rest_meters_get(struct http_call *c);
void rest_meters_post(struct http_call *c);
void rest_meter_get(struct http_call *c);
void rest_meter_patch(struct http_call *c);
void rest_meter_delete(struct http_call *c);
/* rest_key.c */
void rest_keys_get(struct http_call *c);
void rest_keys_template_get(struct http_call *c);
void rest_keys_post(struct http_call *c);
void rest_key_delete(struct http_call *c);
void rest_meter_key_put(struct http_call *c);
void rest_meter_key_delete(struct http_call *c);
/* rest_latest.c */
void rest_latest_get(struct http_call *c);
/* rest_value.c */
void rest_value_json(struct json_out *j, const struct value *v); /* one VALUE */
void rest_readings_get(struct http_call *c);
void rest_series_get(struct http_call *c);
void rest_values_get(struct http_call *c);
/* rest_job.c */
void rest_readouts_post(struct http_call *c);
void rest_jobs_get(struct http_call *c);
void rest_job_get(struct http_call *c);
void rest_job_delete(struct http_call *c);
void rest_report_send_post(struct http_call *c);
/* rest_search.c */
void rest_searches_post(struct http_call *c);
/* rest_log.c */
void rest_log_get(struct http_call *c);
void rest_audit_get(struct http_call *c);
/* rest_setting.c */
void rest_settings_get(struct http_call *c);
void rest_schema_get(struct http_call *c);
void rest_settings_patch(struct http_call *c);
/* rest_session.c: one's own password and sessions */
void rest_password_post(struct http_call *c);
void rest_session_post(struct http_call *c);
void rest_session_get(struct http_call *c);
void rest_session_delete(struct http_call *c);
void rest_sessions_get(struct http_call *c);
void rest_sessions_delete(struct http_call *c);
/* rest_user.c: accounts and tokens */
void rest_users_get(struct http_call *c);
void rest_users_post(struct http_call *c);
void rest_user_patch(struct http_call *c);
void rest_user_delete(struct http_call *c);
void rest_tokens_get(struct http_call *c);
void rest_tokens_post(struct http_call *c);
void rest_token_delete(struct http_call *c);
/* http_events.c */
void rest_events_get(struct http_call *c);

#endif
