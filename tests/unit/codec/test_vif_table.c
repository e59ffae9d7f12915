/* test_vif_table.c — the code tables are whole, and single codes say what EN 13757-3 says.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/mem.h"
#include "protocols/codec/mbus/vif_table.h"

static void every_code_has_a_row(void **state)
{
    (void)state;
    const struct vif_row *const tables[] = { vif_primary, vif_fb, vif_fd, vif_fd_fd };
    for (size_t t = 0; t < COUNT_OF(tables); t++) {
        for (size_t code = 0; code < VIF_TABLE_N; code++) {
            const struct vif_row *row = &tables[t][code];
            if (row->quantity == Q_NONE || row->quantity >= Q_N || row->unit >= UNIT_N || row->type > VIF_OPAQUE)
                fail_msg("table %zu, code %02zX", t, code);
            if (row->quantity == Q_RESERVED && (row->unit != UNIT_NONE || row->exp10 != 0))
                fail_msg("table %zu, code %02zX: reserved codes have no unit", t, code);
        }
    }
}

static void codes_mean_what_the_standard_says(void **state)
{
    (void)state;
    static const struct {
        const struct vif_row *table;
        unsigned code;
        enum quantity quantity;
        enum unit unit;
        int exp10;
    } cases[] = {
        { vif_primary, 0x03, Q_ENERGY, UNIT_WH, 0 },
        { vif_primary, 0x07, Q_ENERGY, UNIT_WH, 4 },
        { vif_primary, 0x0F, Q_ENERGY, UNIT_J, 7 },
        { vif_primary, 0x13, Q_VOLUME, UNIT_M3, -3 },
        { vif_primary, 0x1B, Q_MASS, UNIT_KG, 0 },
        { vif_primary, 0x21, Q_ON_TIME, UNIT_MIN, 0 },
        { vif_primary, 0x27, Q_OPERATING_TIME, UNIT_D, 0 },
        { vif_primary, 0x2E, Q_POWER, UNIT_W, 3 },
        { vif_primary, 0x30, Q_POWER, UNIT_J_PER_H, 0 },
        { vif_primary, 0x3E, Q_VOLUME_FLOW, UNIT_M3_PER_H, 0 },
        { vif_primary, 0x40, Q_VOLUME_FLOW, UNIT_M3_PER_MIN, -7 },
        { vif_primary, 0x48, Q_VOLUME_FLOW, UNIT_M3_PER_S, -9 },
        { vif_primary, 0x53, Q_MASS_FLOW, UNIT_KG_PER_H, 0 },
        { vif_primary, 0x5A, Q_FLOW_TEMPERATURE, UNIT_C, -1 },
        { vif_primary, 0x5F, Q_RETURN_TEMPERATURE, UNIT_C, 0 },
        { vif_primary, 0x61, Q_TEMPERATURE_DIFFERENCE, UNIT_K, -2 },
        { vif_primary, 0x67, Q_EXTERNAL_TEMPERATURE, UNIT_C, 0 },
        { vif_primary, 0x6B, Q_PRESSURE, UNIT_BAR, 0 },
        { vif_primary, 0x6E, Q_HCA, UNIT_HCA, 0 },
        { vif_primary, 0x6F, Q_RESERVED, UNIT_NONE, 0 },
        { vif_primary, 0x7F, Q_MANUFACTURER_SPECIFIC, UNIT_NONE, 0 },
        { vif_fb, 0x01, Q_ENERGY, UNIT_WH, 6 },
        { vif_fb, 0x09, Q_ENERGY, UNIT_J, 9 },
        { vif_fb, 0x0D, Q_ENERGY, UNIT_CAL, 6 },
        { vif_fb, 0x10, Q_VOLUME, UNIT_M3, 2 },
        { vif_fb, 0x17, Q_REACTIVE_POWER, UNIT_VAR, 3 },
        { vif_fb, 0x18, Q_MASS, UNIT_KG, 5 },
        { vif_fb, 0x1B, Q_RELATIVE_HUMIDITY, UNIT_PERCENT, 0 },
        { vif_fb, 0x29, Q_POWER, UNIT_W, 6 },
        { vif_fb, 0x2F, Q_FREQUENCY, UNIT_HZ, 0 },
        { vif_fb, 0x31, Q_POWER, UNIT_J_PER_H, 9 },
        { vif_fb, 0x7F, Q_CUMULATED_MAX_POWER, UNIT_W, 4 },
        { vif_fd, 0x03, Q_CREDIT, UNIT_CURRENCY, 0 },
        { vif_fd, 0x28, Q_STORAGE_INTERVAL, UNIT_MONTH, 0 },
        { vif_fd, 0x31, Q_TARIFF_DURATION, UNIT_MIN, 0 },
        { vif_fd, 0x49, Q_VOLTAGE, UNIT_V, 0 },
        { vif_fd, 0x5C, Q_CURRENT, UNIT_A, 0 },
        { vif_fd, 0x6D, Q_BATTERY_TIME, UNIT_D, 0 },
        { vif_fd, 0x74, Q_REMAINING_BATTERY, UNIT_D, 0 },
        { vif_fd_fd, 0x02, Q_REMAINING_BATTERY, UNIT_MONTH, 0 },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct vif_row *row = &cases[i].table[cases[i].code];
        if (row->quantity != cases[i].quantity || row->unit != cases[i].unit || row->exp10 != cases[i].exp10)
            fail_msg("case %zu, code %02X", i, cases[i].code);
    }
}

static void time_points_are_times(void **state)
{
    (void)state;
    assert_int_equal(vif_primary[0x6C].type, VIF_TIME);
    assert_int_equal(vif_primary[0x6D].type, VIF_TIME);
    assert_int_equal(vif_fd[0x30].type, VIF_TIME);
    assert_int_equal(vif_fd[0x70].type, VIF_TIME);
    for (unsigned code = 0x40; code <= 0x6F; code++) { /* begin and end of exceeds */
        bool is_time = (code <= 0x4F && (code & 0x02)) || (code >= 0x60 && (code & 0x0A) == 0x0A);
        bool is_duration = code >= 0x50 && code <= 0x67;
        bool is_count = code == 0x41 || code == 0x49;
        if ((vife_combinable[code].effect == VIFE_MEANING) != (is_time || is_duration || is_count))
            fail_msg("VIFE %02X", code);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_has_a_row),
        cmocka_unit_test(codes_mean_what_the_standard_says),
        cmocka_unit_test(time_points_are_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
