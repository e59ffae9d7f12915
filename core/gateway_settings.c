/* gateway_settings.c — the settings that belong to the gateway as a whole, not to one service.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/gateway_settings.h"

#include <stddef.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/crypto.h"
#include "core/meter.h"

static enum err check_device(const void *cfg, struct err_at *at)
{
    const char *p = ((const struct device_cfg *)cfg)->serial;
    size_t n = 0;
    for (; p[n]; n++) {
        if (p[n] < '0' || p[n] > '9')
            break;
    }
    if (p[0] == '\0' || (n == 10 && p[10] == '\0'))
        return ERR_OK;
    str_copy(at->field, sizeof at->field, "device.serial");
    return err_say(at, ERR_INVALID, "device.serial = %s: 10 digits are needed", p);
}

static const struct setting device_rows[] = {
    S_TEXT(struct device_cfg, serial, "", S_DEVICE,
           "Serial number: 10 digits. Empty: 0016 and six digits made from the machine id."),
};
static const struct setting time_rows[] = {
    S_ZONE(struct time_cfg, zone, "UTC", S_ADMIN,
           "Time zone of schedules and reports, an IANA name such as Europe/Stockholm."),
};
static const struct setting meters_rows[] = {
    S_UINT(struct meters_cfg, limit, "512", 1, METERS_MAX, S_ADMIN, "meters",
           "So many meters are read; the newest ones above it are installed as passive."),
};
static const struct setting store_rows[] = {
    S_SIZE(struct store_settings, max_bytes, "0", 0, INT64_MAX, S_ADMIN,
           "Most bytes the store may take; the oldest readings go first. 0: only the disk bounds it."),
    S_UINT(struct store_settings, max_age_days, "0", 0, 36500, S_ADMIN, "days",
           "Readings older than this are removed. 0: they are kept."),
};
static const char *const severities[] = { "debug", "info", "warning", "error", NULL };
static const struct setting log_rows[] = {
    S_ENUM(struct log_cfg, min_severity, "info", severities, S_ADMIN,
           "The least severity that the system log keeps. Keep debug for fault finding only: it fills the log."),
    S_UINT(struct log_cfg, max_days, "31", 1, 3650, S_ADMIN, "days", "Log entries older than this are removed."),
    S_SIZE(struct log_cfg, max_bytes, "100M", 65536, INT64_MAX, S_ADMIN,
           "Most bytes the log may take; the oldest entries go first."),
};

int log_cfg_level(const struct log_cfg *cfg)
{
    static const enum log_level levels[] = { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };
    return levels[cfg->min_severity];
}

static const struct setting_table device_table = {
    "device", 0, device_rows, COUNT_OF(device_rows), sizeof(struct device_cfg), check_device
};
static const struct setting_table time_table = { "time", 0, time_rows, COUNT_OF(time_rows), sizeof(struct time_cfg),
                                                 NULL };
static const struct setting_table meters_table = {
    "meters", 0, meters_rows, COUNT_OF(meters_rows), sizeof(struct meters_cfg), NULL
};
static const struct setting_table store_table = {
    "store", 0, store_rows, COUNT_OF(store_rows), sizeof(struct store_settings), NULL
};
static const struct setting_table log_table = { "log", 0, log_rows, COUNT_OF(log_rows), sizeof(struct log_cfg), NULL };

const struct setting_table *const gateway_tables[] = { &device_table, &time_table, &meters_table,
                                                       &store_table,  &log_table,  NULL };

void device_serial(const struct device_cfg *cfg, const char *machine_id, char out[static 11])
{
    if (cfg->serial[0] != '\0') {
        str_copy(out, 11, cfg->serial);
        return;
    }
    uint8_t hash[32];
    size_t len = 0;
    while (machine_id[len] != '\0')
        len++;
    crypto_sha256(hash, machine_id, len);
    uint32_t n = ((uint32_t)hash[0] << 16 | (uint32_t)hash[1] << 8 | hash[2]) % 1000000U;
    str_fmt(out, 11, "0016%06u", n);
}
