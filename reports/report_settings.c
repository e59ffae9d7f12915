/* report_settings.c — what users may set about reports, and what those settings come down to. Pure.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reports/report_settings.h"

#include <stddef.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "reports/template.h"

static const char *const types[] = { "http", "ftp", "email", "sftp", "mqtt", NULL };
static const char *const auths[] = { "basic", "none", NULL };
static const char *const decimal_separators[] = { ",", ".", NULL };
static const char *const report_separators[] = { ";", "tab", "|", NULL };
static const char *const encodings[] = { "iso-8859-1", "utf-8", NULL };

enum { PERIOD_MAX_S = 3660 * 86400 };

enum err duration_parse(const char *text, const char *word_for_0, int64_t *seconds_out)
{
    static const struct {
        char letter;
        int64_t seconds;
    } units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 'w', 7 * 86400 } };
    if (str_eq(text, word_for_0)) {
        *seconds_out = 0;
        return ERR_OK;
    }
    size_t len = strlen(text);
    char digits[16];
    if (len < 2 || !str_copy_n(digits, sizeof digits, text, len - 1))
        return ERR_SYNTAX;
    for (size_t i = 0; i < COUNT_OF(units); i++) {
        int64_t n;
        if (text[len - 1] != units[i].letter)
            continue;
        enum err e = str_to_i64(digits, 1, PERIOD_MAX_S / units[i].seconds, &n);
        if (e == ERR_OK)
            *seconds_out = n * units[i].seconds;
        return e;
    }
    return ERR_SYNTAX;
}

static enum err check_report(const void *cfg, struct err_at *at)
{
    const struct report_cfg *r = cfg;
    int64_t seconds;
    enum err e = duration_parse(r->period, "auto", &seconds);
    if (e)
        return err_say(at, ERR_INVALID, "period = %s: auto or a time such as 24h or 7d is needed", r->period);
    e = duration_parse(r->interval, "all", &seconds);
    if (e)
        return err_say(at, ERR_INVALID, "interval = %s: all or a time such as 15m, 1h or 1d is needed", r->interval);
    if (!r->enabled)
        return ERR_OK;
    if (r->type != REPORT_HTTP)
        return err_say(at, ERR_INVALID, "type = %s: only http reports can be enabled in this version", types[r->type]);
    if (!template_find(r->template))
        return err_say(at, ERR_INVALID, "template = %u: this version has the template 115 only", (unsigned)r->template);
    if (r->cron[0] == '\0')
        return err_say(at, ERR_INVALID, "an enabled report needs a cron pattern");
    return ERR_OK;
}

static const struct setting report_rows[] = {
    S_BOOL(struct report_cfg, enabled, "false", S_ADMIN, "Sends this report by its schedule."),
    S_ENUM(struct report_cfg, type, "http", types, S_ADMIN, "How the report is delivered."),
    S_UINT(struct report_cfg, template, "115", 101, 999, S_ADMIN, "",
           "What the report looks like: the template's number without the digit of the transport (115 of 3115)."),
    S_CRON(
        struct report_cfg, cron, "0 * * * *", S_ADMIN,
        "When the report is sent. One of the presets also waits for the end of a readout that began at the same time."),
    S_URL(struct report_cfg, url, "", S_ADMIN,
          "Server of this report. Empty: the default server with its user, http.url."),
    S_TEXT(struct report_cfg, user, "", S_ADMIN, "User at the server of this report."),
    S_SECRET(struct report_cfg, password, S_ADMIN, "Password at the server of this report."),
    S_ENUM(struct report_cfg, auth, "basic", auths, S_ADMIN,
           "basic sends user and password, if there is a user; none never."),
    S_TEXT(struct report_cfg, period, "auto", S_ADMIN,
           "auto sends what was not delivered yet, the oldest 180 readouts of each meter first, and nothing when there "
           "is nothing. "
           "A time such as 24h or 7d goes exactly that far back, delivered or not."),
    S_TEXT(
        struct report_cfg, interval, "all", S_ADMIN,
        "all sends every readout. A time such as 1h sends the first good readout of each hour, counted from midnight."),
    S_INT(struct report_cfg, retries, "-1", -1, 100, S_EXPERT, "",
          "Further tries when push.adaptive_retries is off. -1: as many as jobs.retries says."),
    S_INT(struct report_cfg, retry_offset_s, "-1", -1, 86400, S_EXPERT, "s",
          "Time between two tries when push.adaptive_retries is off. -1: as jobs.retry_offset_s says."),
};

static const struct setting http_rows[] = {
    S_URL(struct http_cfg, url, "", S_ADMIN, "Default server of HTTP reports."),
    S_TEXT(struct http_cfg, user, "", S_ADMIN, "User at the default server."),
    S_SECRET(struct http_cfg, password, S_ADMIN, "Password at the default server."),
    S_ENUM(struct http_cfg, auth, "basic", auths, S_ADMIN,
           "basic sends user and password, if there is a user; none never."),
    S_INT(struct http_cfg, timeout_s, "60", -1, 3600, S_ADMIN, "s",
          "Longest time for one delivery by HTTP. -1: none, the server decides when to close the connection."),
    S_TEXT(struct http_cfg, ca_file, "", S_ADMIN,
           "File with the certificates (PEM) that servers are checked against. Empty: those of the system."),
    S_BOOL(struct http_cfg, verify, "true", S_ADMIN,
           "Checks the server's certificate and name. Switched off, anyone between can read and change reports."),
};

static const struct setting push_rows[] = {
    S_BOOL(struct push_cfg, adaptive_retries, "true", S_ADMIN,
           "Fits the tries of a failed report to its schedule, so that all are over before the next one: up to 15 min "
           "1 at "
           "once, up to 60 min 2 every 300 s, up to 23 h 3 every 500 s, longer 6 every 3600 s."),
};

static const struct setting jobs_rows[] = {
    S_UINT(struct jobs_cfg, retries, "3", 0, 100, S_ADMIN, "", "Further tries of a job that failed."),
    S_UINT(struct jobs_cfg, retry_offset_s, "300", 0, 86400, S_ADMIN, "s", "Time between two tries of a job."),
};

static const struct setting conventions_rows[] = {
    S_ENUM(struct conventions_cfg, decimal_separator, ",", decimal_separators, S_ADMIN,
           "Decimal separator in reports."),
    S_ENUM(struct conventions_cfg, report_separator, ";", report_separators, S_ADMIN,
           "Separator of the columns of reports."),
    S_ENUM(struct conventions_cfg, encoding, "iso-8859-1", encodings, S_ADMIN,
           "Character encoding of reports; what iso-8859-1 does not have becomes a question mark."),
};

static const struct setting_table report_table = {
    "report", REPORTS_MAX, report_rows, COUNT_OF(report_rows), sizeof(struct report_cfg), check_report
};
static const struct setting_table http_table = { "http", 0, http_rows, COUNT_OF(http_rows), sizeof(struct http_cfg),
                                                 NULL };
static const struct setting_table push_table = { "push", 0, push_rows, COUNT_OF(push_rows), sizeof(struct push_cfg),
                                                 NULL };
static const struct setting_table jobs_table = { "jobs", 0, jobs_rows, COUNT_OF(jobs_rows), sizeof(struct jobs_cfg),
                                                 NULL };
static const struct setting_table conventions_table = {
    "conventions", 0, conventions_rows, COUNT_OF(conventions_rows), sizeof(struct conventions_cfg), NULL
};

const struct setting_table *const report_tables[] = { &report_table, &http_table,        &push_table,
                                                      &jobs_table,   &conventions_table, NULL };

struct report_server report_server(const struct report_cfg *report, const struct http_cfg *http)
{
    bool is_own = report->url[0] != '\0';
    struct report_server s = { is_own ? report->url : http->url, is_own ? report->user : http->user,
                               is_own ? report->password : http->password };
    if (s.url[0] == '\0')
        s.url = NULL;
    if (s.user[0] == '\0' || (is_own ? report->auth : http->auth) == AUTH_NONE)
        s.user = s.password = NULL;
    return s;
}

struct retry_plan report_retries(const struct report_cfg *report, const struct push_cfg *push,
                                 const struct jobs_cfg *jobs, int64_t interval_s)
{
    struct retry_plan own = {
        .retries = report->retries >= 0 ? (unsigned)report->retries : jobs->retries,
        .delay_s = report->retry_offset_s >= 0 ? report->retry_offset_s : jobs->retry_offset_s,
    };
    return retry_plan(push->adaptive_retries, interval_s, own);
}

bool report_cron_is_preset(const char *cron)
{
    static const char *const presets[] = {
        "* * * * *",    "*/2 * * * *",  "*/5 * * * *", "*/10 * * * *", "*/15 * * * *", "*/20 * * * *",
        "*/30 * * * *", "0 * * * *",    "0 */2 * * *", "0 */3 * * *",  "0 */4 * * *",  "0 */6 * * *",
        "0 */8 * * *",  "0 */12 * * *", "0 0 * * *",   "0 0 * * 1",    "0 0 * * mon",  "0 0 1 * *",
    };
    for (size_t i = 0; i < COUNT_OF(presets); i++) {
        if (str_eq_nocase(cron, presets[i]))
            return true;
    }
    return false;
}
