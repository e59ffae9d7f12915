/* rest_job.c — what takes longer than a call: readouts and reports are started here and watched, not done here.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "protocols/http_call.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/str.h"
#include "core/job.h"
#include "core/meter.h"
#include "protocols/rest_calls.h"

enum { REPORTS_N = 32 };

/* --- watching --- */

static struct job *find_job(struct http_call *c)
{
    uint64_t id;
    if (!call_number(c, c->arg[0], UINT64_MAX, &id))
        return NULL;
    struct job *job = jobs_find(c->app->jobs, id);
    if (!job)
        call_no_such(c, "job");
    return job;
}

void rest_jobs_get(struct http_call *c)
{
    struct page page;
    if (!call_page(c, &page))
        return;
    struct json_out *j = call_json(c);
    uint64_t last = (uint64_t)page.cursor;
    const struct job *job = jobs_next(c->app->jobs, last);
    json_key(j, "jobs");
    json_array(j);
    for (size_t n = 0; job && n < page.limit; n++) {
        job_json(j, job);
        last = job->id;
        job = jobs_next(c->app->jobs, last);
    }
    json_array_end(j);
    json_key(j, "next");
    job ? json_uint(j, last) : json_null(j);
    call_send_json(c, 200);
}

void rest_job_get(struct http_call *c)
{
    const struct job *job = find_job(c);
    if (!job)
        return;
    job_json(http_json(c->rq), job);
    http_send(c->rq, 200, NULL);
}

void rest_job_delete(struct http_call *c)
{
    const struct job *job = find_job(c);
    if (!job)
        return;
    uint64_t id = job->id;
    char kind[32];
    str_copy(kind, sizeof kind, job->kind->name);
    struct err_at at = { 0 };
    enum err e = jobs_cancel(c->app->jobs, id);
    if (e != ERR_OK) {
        err_say(&at, e, "this job %s", e == ERR_UNSUPPORTED ? "cannot be cancelled" : "is over already");
        call_fail(c, e, &at);
        return;
    }
    call_audit(c, "cancelled job %llu (%s)", (unsigned long long)id, kind);
    call_send_job(c, id, NULL);
}

/* --- starting --- */

/* A number of a meter, also as text. 0: neither. */
static uint32_t meter_number(const json_t *v)
{
    uint64_t id = 0;
    if (json_is_integer(v) && json_integer_value(v) > 0)
        id = (uint64_t)json_integer_value(v);
    else if (json_is_string(v) && str_to_u64(json_string_value(v), UINT32_MAX, &id) != ERR_OK)
        return 0;
    return id <= UINT32_MAX ? (uint32_t)id : 0;
}

/* {"meters": "all"} or a list of installed meters, whose numbers are made numbers here. False: refused. */
static bool check_meters(struct http_call *c, json_t *meters)
{
    if (json_is_string(meters) && str_eq(json_string_value(meters), "all"))
        return true;
    if (!json_is_array(meters) || json_array_size(meters) == 0) {
        call_fail_field(c, ERR_INVALID, "meters", "meters is neither \"all\" nor a list of meter numbers");
        return false;
    }
    size_t i;
    json_t *v;
    json_array_foreach(meters, i, v)
    {
        uint32_t id = meter_number(v);
        if (id && meters_find(c->app->meters, id) && json_array_set_new(meters, i, json_integer(id)) == 0)
            continue;
        call_fail_field(c, ERR_INVALID, "meters", "element %zu of meters is not an installed meter", i);
        return false;
    }
    return true;
}

void rest_readouts_post(struct http_call *c)
{
    static const char *const members[] = { "meters", NULL };
    if (!call_only(c, members) || !check_meters(c, json_object_get(c->body, "meters")))
        return;
    struct err_at at = { 0 };
    char *args = json_dumps(c->body, JSON_COMPACT);
    uint64_t id = jobs_add(c->app->jobs, "readout", 0, args, c->who.name, &at);
    free(args);
    if (id)
        call_audit(c, "started readout job %llu", (unsigned long long)id);
    call_send_job(c, id, &at);
}

void rest_report_send_post(struct http_call *c)
{
    uint64_t n;
    char key[32], buffer[SETTING_VALUE_MAX];
    if (!call_number(c, c->arg[0], REPORTS_N, &n))
        return;
    str_fmt(key, sizeof key, "report%llu.enabled", (unsigned long long)n);
    if (!str_eq(settings_get(c->app->settings, key, buffer), "true")) {
        call_fail_all(c, ERR_CONFLICT, "this report is not enabled", NULL, 0);
        return;
    }
    struct err_at at = { 0 };
    uint64_t id = jobs_add(c->app->jobs, "report", (unsigned)n, "{}", c->who.name, &at);
    if (id)
        call_audit(c, "started report %llu as job %llu", (unsigned long long)n, (unsigned long long)id);
    call_send_job(c, id, &at);
}
