/* gateway_settings.h — the settings that belong to the gateway as a whole, not to one service.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CORE_GATEWAY_SETTINGS_H
#define CORE_GATEWAY_SETTINGS_H

#include <stdint.h>

#include "core/setting.h"

struct device_cfg {
    char serial[11];
};
struct time_cfg {
    char zone[64];
};
struct meters_cfg {
    uint32_t limit;
};
struct store_settings {
    uint64_t max_bytes;
    uint32_t max_age_days;
};
struct log_cfg {
    int min_severity; /* index into the choices; log_cfg_level() gives the level */
    uint32_t max_days;
    uint64_t max_bytes;
};
int log_cfg_level(const struct log_cfg *cfg); /* enum log_level */

extern const struct setting_table *const gateway_tables[]; /* NULL-terminated */

/* The serial number in use: the setting, or 0016 and six digits made from the machine id (any text; may be empty). */
void device_serial(const struct device_cfg *cfg, const char *machine_id, char out[static 11]);

#endif
