/* report_settings.h — what users may set about reports, and what those settings come down to.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REPORTS_REPORT_SETTINGS_H
#define REPORTS_REPORT_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/retry.h"
#include "core/setting.h"

enum { REPORTS_MAX = 32 };
enum report_type { REPORT_HTTP, REPORT_FTP, REPORT_EMAIL, REPORT_SFTP, REPORT_MQTT };
enum report_encoding { ENCODING_ISO_8859_1, ENCODING_UTF8 };
enum report_auth { AUTH_BASIC, AUTH_NONE };

struct report_cfg { /* group reportN */
    bool enabled;
    int type;          /* enum report_type */
    uint32_t template; /* without its transport digit */
    char cron[256];
    char url[512];
    char user[128];
    char password[128];
    int auth; /* enum report_auth */
    char period[16];
    char interval[16];
    int64_t retries, retry_offset_s; /* without adaptive retries; -1: as the jobs group says */
};
struct http_cfg { /* group http: the default server */
    char url[512];
    char user[128];
    char password[128];
    int auth; /* enum report_auth */
    int64_t timeout_s;
    char ca_file[256];
    bool verify;
};
struct push_cfg {
    bool adaptive_retries;
};
struct jobs_cfg {
    uint32_t retries, retry_offset_s;
};
struct conventions_cfg {
    int decimal_separator; /* index into: comma, point */
    int report_separator;  /* semicolon, tab, bar */
    int encoding;          /* enum report_encoding */
};

extern const struct setting_table *const report_tables[]; /* NULL-terminated */

/* "auto" and "all" give 0; else a number and s, m, h, d or w: "24h" gives 86400. */
MUST_USE enum err duration_parse(const char *text, const char *word_for_0, int64_t *seconds_out);

/* Where an HTTP report goes: its own server, or else the default one; NULL url: there is none. */
struct report_server {
    const char *url, *user, *password; /* user NULL: without */
};
struct report_server report_server(const struct report_cfg *report, const struct http_cfg *http);

struct retry_plan report_retries(const struct report_cfg *report, const struct push_cfg *push,
                                 const struct jobs_cfg *jobs, int64_t interval_s);

/* Schedules that come in step with readouts: such a report waits for the end of the readout that began with it. */
bool report_cron_is_preset(const char *cron);

#endif
