/* vif_table.c — what each VIF and VIFE code means.
 *
 * Knows: the code tables of EN 13757-3 (2018), with the older codes of the user group's paper where the newer standard
 * only reserves them (gallons, °F) and meters still send them.
 * Does not know: how records are laid out.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "protocols/codec/mbus/vif_table.h"

/* clang-format off */
#define R1(code, quantity, unit, exp10) [code] = { quantity, unit, exp10, VIF_NUMBER }
#define U1(code, quantity)              [code] = { quantity, UNIT_NONE, 0, VIF_UNSIGNED }
#define T1(code, quantity)              [code] = { quantity, UNIT_NONE, 0, VIF_TIME }
#define O1(code, quantity)              [code] = { quantity, UNIT_NONE, 0, VIF_OPAQUE }
/* n codes whose low bits count up the exponent */
#define R2(code, quantity, unit, exp10) R1(code, quantity, unit, exp10), R1((code) + 1, quantity, unit, (exp10) + 1)
#define R4(code, quantity, unit, exp10) R2(code, quantity, unit, exp10), R2((code) + 2, quantity, unit, (exp10) + 2)
#define R8(code, quantity, unit, exp10) R4(code, quantity, unit, exp10), R4((code) + 4, quantity, unit, (exp10) + 4)
#define R16(code, quantity, unit, exp10) R8(code, quantity, unit, exp10), R8((code) + 8, quantity, unit, (exp10) + 8)
/* low bits nn: seconds, minutes, hours, days */
#define D4(code, quantity)  R1(code, quantity, UNIT_S, 0), R1((code) + 1, quantity, UNIT_MIN, 0), \
                            R1((code) + 2, quantity, UNIT_H, 0), R1((code) + 3, quantity, UNIT_D, 0)
/* low bits nn: hours, days, months, years */
#define H4(code, quantity)  R1(code, quantity, UNIT_H, 0), R1((code) + 1, quantity, UNIT_D, 0), \
                            R1((code) + 2, quantity, UNIT_MONTH, 0), R1((code) + 3, quantity, UNIT_YEAR, 0)
/* codes the standard reserves */
#define X1(code) R1(code, Q_RESERVED, UNIT_NONE, 0)
#define X2(code) X1(code), X1((code) + 1)
#define X4(code) X2(code), X2((code) + 2)
#define X8(code) X4(code), X4((code) + 4)
#define X16(code) X8(code), X8((code) + 8)

const struct vif_row vif_reserved = { Q_RESERVED, UNIT_NONE, 0, VIF_NUMBER };

/* EN 13757-3 table 10 */
const struct vif_row vif_primary[VIF_TABLE_N] = {
    R8(0x00, Q_ENERGY, UNIT_WH, -3),
    R8(0x08, Q_ENERGY, UNIT_J, 0),
    R8(0x10, Q_VOLUME, UNIT_M3, -6),
    R8(0x18, Q_MASS, UNIT_KG, -3),
    D4(0x20, Q_ON_TIME),
    D4(0x24, Q_OPERATING_TIME),
    R8(0x28, Q_POWER, UNIT_W, -3),
    R8(0x30, Q_POWER, UNIT_J_PER_H, 0),
    R8(0x38, Q_VOLUME_FLOW, UNIT_M3_PER_H, -6),
    R8(0x40, Q_VOLUME_FLOW, UNIT_M3_PER_MIN, -7),
    R8(0x48, Q_VOLUME_FLOW, UNIT_M3_PER_S, -9),
    R8(0x50, Q_MASS_FLOW, UNIT_KG_PER_H, -3),
    R4(0x58, Q_FLOW_TEMPERATURE, UNIT_C, -3),
    R4(0x5C, Q_RETURN_TEMPERATURE, UNIT_C, -3),
    R4(0x60, Q_TEMPERATURE_DIFFERENCE, UNIT_K, -3),
    R4(0x64, Q_EXTERNAL_TEMPERATURE, UNIT_C, -3),
    R4(0x68, Q_PRESSURE, UNIT_BAR, -3),
    T1(0x6C, Q_DATE),
    T1(0x6D, Q_DATE_TIME),
    R1(0x6E, Q_HCA, UNIT_HCA, 0),
    X1(0x6F),
    D4(0x70, Q_AVERAGING_DURATION),
    D4(0x74, Q_ACTUALITY_DURATION),
    U1(0x78, Q_FABRICATION_NUMBER),
    U1(0x79, Q_ENHANCED_IDENTIFICATION),
    U1(0x7A, Q_BUS_ADDRESS),
    X1(0x7B),                                       /* FBh leads to vif_fb; 7Bh itself is no code */
    R1(0x7C, Q_TEXT, UNIT_TEXT, 0),
    X1(0x7D),                                       /* FDh leads to vif_fd */
    R1(0x7E, Q_ANY, UNIT_NONE, 0),
    R1(0x7F, Q_MANUFACTURER_SPECIFIC, UNIT_NONE, 0),
};

/* EN 13757-3 table 14; the codes with feet, gallons and °F are those of the older text */
const struct vif_row vif_fb[VIF_TABLE_N] = {
    R2(0x00, Q_ENERGY, UNIT_WH, 5),                 /* 0.1 MWh */
    R2(0x02, Q_REACTIVE_ENERGY, UNIT_VARH, 3),
    R2(0x04, Q_APPARENT_ENERGY, UNIT_VAH, 3),
    X2(0x06),
    R2(0x08, Q_ENERGY, UNIT_J, 8),                  /* 0.1 GJ */
    X2(0x0A),
    R4(0x0C, Q_ENERGY, UNIT_CAL, 5),                /* 0.1 Mcal */
    R2(0x10, Q_VOLUME, UNIT_M3, 2),
    X2(0x12),
    R4(0x14, Q_REACTIVE_POWER, UNIT_VAR, 0),
    R2(0x18, Q_MASS, UNIT_KG, 5),                   /* 100 t */
    R2(0x1A, Q_RELATIVE_HUMIDITY, UNIT_PERCENT, -1),
    X4(0x1C),
    R1(0x20, Q_VOLUME, UNIT_FT3, 0),
    R1(0x21, Q_VOLUME, UNIT_FT3, -1),
    R2(0x22, Q_VOLUME, UNIT_GAL, -1),
    R1(0x24, Q_VOLUME_FLOW, UNIT_GAL_PER_MIN, -3),
    R1(0x25, Q_VOLUME_FLOW, UNIT_GAL_PER_MIN, 0),
    R1(0x26, Q_VOLUME_FLOW, UNIT_GAL_PER_H, 0),
    X1(0x27),
    R2(0x28, Q_POWER, UNIT_W, 5),                   /* 0.1 MW */
    R1(0x2A, Q_PHASE_U_U, UNIT_DEG, -1),
    R1(0x2B, Q_PHASE_U_I, UNIT_DEG, -1),
    R4(0x2C, Q_FREQUENCY, UNIT_HZ, -3),
    R2(0x30, Q_POWER, UNIT_J_PER_H, 8),             /* 0.1 GJ/h */
    X2(0x32),
    R4(0x34, Q_APPARENT_POWER, UNIT_VA, 0),
    X8(0x38), X16(0x40), X8(0x50),
    R4(0x58, Q_FLOW_TEMPERATURE, UNIT_F, -3),
    R4(0x5C, Q_RETURN_TEMPERATURE, UNIT_F, -3),
    R4(0x60, Q_TEMPERATURE_DIFFERENCE, UNIT_F, -3),
    R4(0x64, Q_EXTERNAL_TEMPERATURE, UNIT_F, -3),
    X8(0x68),
    R4(0x70, Q_TEMPERATURE_LIMIT, UNIT_F, -3),
    R4(0x74, Q_TEMPERATURE_LIMIT, UNIT_C, -3),
    R8(0x78, Q_CUMULATED_MAX_POWER, UNIT_W, -3),
};

/* EN 13757-3 table 12 */
const struct vif_row vif_fd[VIF_TABLE_N] = {
    R4(0x00, Q_CREDIT, UNIT_CURRENCY, -3),
    R4(0x04, Q_DEBIT, UNIT_CURRENCY, -3),
    U1(0x08, Q_ACCESS_NUMBER),
    U1(0x09, Q_MEDIUM),
    U1(0x0A, Q_MANUFACTURER),
    U1(0x0B, Q_PARAMETER_SET),
    U1(0x0C, Q_MODEL_VERSION),
    U1(0x0D, Q_HARDWARE_VERSION),
    U1(0x0E, Q_FIRMWARE_VERSION),
    U1(0x0F, Q_SOFTWARE_VERSION),
    U1(0x10, Q_CUSTOMER_LOCATION),
    U1(0x11, Q_CUSTOMER),
    U1(0x12, Q_ACCESS_CODE_USER),
    U1(0x13, Q_ACCESS_CODE_OPERATOR),
    U1(0x14, Q_ACCESS_CODE_SYSTEM_OPERATOR),
    U1(0x15, Q_ACCESS_CODE_DEVELOPER),
    U1(0x16, Q_PASSWORD),
    U1(0x17, Q_ERROR_FLAGS),
    U1(0x18, Q_ERROR_MASK),
    U1(0x19, Q_SECURITY_KEY),
    U1(0x1A, Q_DIGITAL_OUTPUT),
    U1(0x1B, Q_DIGITAL_INPUT),
    [0x1C] = { Q_BAUD_RATE, UNIT_BAUD, 0, VIF_UNSIGNED },
    [0x1D] = { Q_RESPONSE_DELAY, UNIT_BIT_TIME, 0, VIF_UNSIGNED },
    U1(0x1E, Q_RETRY),
    U1(0x1F, Q_REMOTE_CONTROL),
    U1(0x20, Q_FIRST_STORAGE),
    U1(0x21, Q_LAST_STORAGE),
    U1(0x22, Q_STORAGE_BLOCK_SIZE),
    U1(0x23, Q_TARIFF_DESCRIPTOR),
    D4(0x24, Q_STORAGE_INTERVAL),
    R1(0x28, Q_STORAGE_INTERVAL, UNIT_MONTH, 0),
    R1(0x29, Q_STORAGE_INTERVAL, UNIT_YEAR, 0),
    R1(0x2A, Q_OPERATOR_SPECIFIC, UNIT_NONE, 0),
    R1(0x2B, Q_TIME_POINT, UNIT_S, 0),
    D4(0x2C, Q_SINCE_READOUT),
    T1(0x30, Q_TARIFF_START),
    R1(0x31, Q_TARIFF_DURATION, UNIT_MIN, 0),
    R1(0x32, Q_TARIFF_DURATION, UNIT_H, 0),
    R1(0x33, Q_TARIFF_DURATION, UNIT_D, 0),
    D4(0x34, Q_TARIFF_PERIOD),
    R1(0x38, Q_TARIFF_PERIOD, UNIT_MONTH, 0),
    R1(0x39, Q_TARIFF_PERIOD, UNIT_YEAR, 0),
    R1(0x3A, Q_DIMENSIONLESS, UNIT_NONE, 0),
    O1(0x3B, Q_WIRELESS_CONTAINER),
    D4(0x3C, Q_TRANSMISSION_PERIOD),
    R16(0x40, Q_VOLTAGE, UNIT_V, -9),
    R16(0x50, Q_CURRENT, UNIT_A, -12),
    U1(0x60, Q_RESET_COUNTER),
    U1(0x61, Q_CUMULATION_COUNTER),
    U1(0x62, Q_CONTROL_SIGNAL),
    U1(0x63, Q_WEEKDAY),
    U1(0x64, Q_WEEK_NUMBER),
    U1(0x65, Q_DAY_CHANGE),
    U1(0x66, Q_PARAMETER_ACTIVATION),
    U1(0x67, Q_SUPPLIER_INFO),
    H4(0x68, Q_SINCE_CUMULATION),
    H4(0x6C, Q_BATTERY_TIME),
    T1(0x70, Q_BATTERY_CHANGE),
    R1(0x71, Q_RF_LEVEL, UNIT_DBM, 0),
    O1(0x72, Q_DAYLIGHT_SAVING),
    O1(0x73, Q_LISTENING_WINDOW),
    R1(0x74, Q_REMAINING_BATTERY, UNIT_D, 0),
    U1(0x75, Q_STOP_COUNT),
    O1(0x76, Q_MANUFACTURER_CONTAINER),
    X1(0x77), X8(0x78),
};

const struct vif_row vif_fd_fd[VIF_TABLE_N] = {
    X2(0x00),
    R1(0x02, Q_REMAINING_BATTERY, UNIT_MONTH, 0),
    X1(0x03), X4(0x04), X8(0x08),
    X16(0x10), X16(0x20), X16(0x30), X16(0x40), X16(0x50), X16(0x60), X16(0x70),
};

#define V1(code, effect, arg) [code] = { effect, arg }
#define V2(code, effect, arg) V1(code, effect, arg), V1((code) + 1, effect, arg)
#define V4(code, effect, arg) V2(code, effect, arg), V2((code) + 2, effect, arg)
#define V8(code, effect, arg) V4(code, effect, arg), V4((code) + 4, effect, arg)

/* EN 13757-3 tables 15 and 18; the rows that are missing are plain modifiers */
const struct vife_row vife_combinable[VIF_TABLE_N] = {
    V1(0x01, VIFE_ERROR, 0), V2(0x02, VIFE_ERROR, 0), V4(0x04, VIFE_ERROR, 0), V8(0x08, VIFE_ERROR, 0),
    V1(0x15, VIFE_ERROR, 0), V2(0x16, VIFE_ERROR, 0), V4(0x18, VIFE_ERROR, 0), V1(0x1C, VIFE_ERROR, 0),
    V1(0x39, VIFE_MEANING, 0),                            /* start of … */
    V1(0x3D, VIFE_OTHER_UNIT, 0),                         /* the non-metric unit that a national annex couples to the VIF */
    V1(0x41, VIFE_MEANING, 0), V1(0x49, VIFE_MEANING, 0), /* how often a limit was exceeded */
    V2(0x42, VIFE_MEANING, 0), V2(0x46, VIFE_MEANING, 0), /* begin and end of first and last exceed, lower limit */
    V2(0x4A, VIFE_MEANING, 0), V2(0x4E, VIFE_MEANING, 0), /* … upper limit */
    V8(0x50, VIFE_MEANING, 0), V8(0x58, VIFE_MEANING, 0), /* how long these took */
    V8(0x60, VIFE_MEANING, 0),                            /* how long the quantity itself was there */
    V2(0x6A, VIFE_MEANING, 0), V2(0x6E, VIFE_MEANING, 0), /* its begin and end */
    V1(0x70, VIFE_SCALE, -6), V1(0x71, VIFE_SCALE, -5), V1(0x72, VIFE_SCALE, -4), V1(0x73, VIFE_SCALE, -3),
    V1(0x74, VIFE_SCALE, -2), V1(0x75, VIFE_SCALE, -1), V1(0x76, VIFE_SCALE, 0), V1(0x77, VIFE_SCALE, 1),
    V1(0x78, VIFE_OFFSET, -3), V1(0x79, VIFE_OFFSET, -2), V1(0x7A, VIFE_OFFSET, -1), V1(0x7B, VIFE_OFFSET, 0),
    V1(0x7C, VIFE_SECOND_TABLE, 0),
    V1(0x7D, VIFE_SCALE, 3),
    V1(0x7F, VIFE_MAKER, 0),
};
/* clang-format on */
