/* quantity.h — the words for what a value is: quantities, units, functions, modifiers, media; one table each.
 *
 * Names are those of EN 13757-3 in lower case with hyphens; they are the words of REST, MQTT and the decoder's JSON.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CORE_QUANTITY_H
#define CORE_QUANTITY_H

#include <stdbool.h>
#include <stdint.h>

/* X(enumerator, "name", "report word"): the report word is the description in CSV reports, where it differs. */
#define QUANTITY_LIST(X)                                                                                               \
    X(Q_NONE, "none", "")                                                                                              \
    X(Q_ENERGY, "energy", "energy")                                                                                    \
    X(Q_VOLUME, "volume", "volume")                                                                                    \
    X(Q_MASS, "mass", "mass")                                                                                          \
    X(Q_ON_TIME, "on-time", "on-time")                                                                                 \
    X(Q_OPERATING_TIME, "operating-time", "operating-time")                                                            \
    X(Q_POWER, "power", "power")                                                                                       \
    X(Q_VOLUME_FLOW, "volume-flow", "volume-flow")                                                                     \
    X(Q_MASS_FLOW, "mass-flow", "mass-flow")                                                                           \
    X(Q_FLOW_TEMPERATURE, "flow-temperature", "flow-temp")                                                             \
    X(Q_RETURN_TEMPERATURE, "return-temperature", "return-temp")                                                       \
    X(Q_TEMPERATURE_DIFFERENCE, "temperature-difference", "diff-temp")                                                 \
    X(Q_EXTERNAL_TEMPERATURE, "external-temperature", "external-temp")                                                 \
    X(Q_PRESSURE, "pressure", "pressure")                                                                              \
    X(Q_DATE, "date", "date")                                                                                          \
    X(Q_DATE_TIME, "date-time", "datetime")                                                                            \
    X(Q_HCA, "hca", "hca")                                                                                             \
    X(Q_AVERAGING_DURATION, "averaging-duration", "averaging-duration")                                                \
    X(Q_ACTUALITY_DURATION, "actuality-duration", "actuality-duration")                                                \
    X(Q_FABRICATION_NUMBER, "fabrication-number", "fabrication-no")                                                    \
    X(Q_ENHANCED_IDENTIFICATION, "enhanced-identification", "enhanced-identification")                                 \
    X(Q_BUS_ADDRESS, "bus-address", "address")                                                                         \
    X(Q_TEXT, "text", "text")                                                                                          \
    X(Q_ANY, "any", "any")                                                                                             \
    X(Q_MANUFACTURER_SPECIFIC, "manufacturer-specific", "manufacturer-specific")                                       \
    X(Q_RESERVED, "reserved", "reserved")                                                                              \
    X(Q_CREDIT, "credit", "credit")                                                                                    \
    X(Q_DEBIT, "debit", "debit")                                                                                       \
    X(Q_ACCESS_NUMBER, "access-number", "access-number")                                                               \
    X(Q_MEDIUM, "medium", "medium")                                                                                    \
    X(Q_MANUFACTURER, "manufacturer", "manufacturer")                                                                  \
    X(Q_PARAMETER_SET, "parameter-set", "parameter-set-id")                                                            \
    X(Q_MODEL_VERSION, "model-version", "model-version")                                                               \
    X(Q_HARDWARE_VERSION, "hardware-version", "hardware-version")                                                      \
    X(Q_FIRMWARE_VERSION, "firmware-version", "firmware-version")                                                      \
    X(Q_SOFTWARE_VERSION, "software-version", "software-version")                                                      \
    X(Q_CUSTOMER_LOCATION, "customer-location", "customer-location")                                                   \
    X(Q_CUSTOMER, "customer", "customer")                                                                              \
    X(Q_ACCESS_CODE_USER, "access-code-user", "access-code-user")                                                      \
    X(Q_ACCESS_CODE_OPERATOR, "access-code-operator", "access-code-operator")                                          \
    X(Q_ACCESS_CODE_SYSTEM_OPERATOR, "access-code-system-operator", "access-code-system-operator")                     \
    X(Q_ACCESS_CODE_DEVELOPER, "access-code-developer", "access-code-developer")                                       \
    X(Q_PASSWORD, "password", "password")                                                                              \
    X(Q_ERROR_FLAGS, "error-flags", "error-flags-dev-spec")                                                            \
    X(Q_ERROR_MASK, "error-mask", "error-mask")                                                                        \
    X(Q_SECURITY_KEY, "security-key", "security-key")                                                                  \
    X(Q_DIGITAL_OUTPUT, "digital-output", "digital-output")                                                            \
    X(Q_DIGITAL_INPUT, "digital-input", "digital-input")                                                               \
    X(Q_BAUD_RATE, "baud-rate", "baud-rate")                                                                           \
    X(Q_RESPONSE_DELAY, "response-delay", "response-delay")                                                            \
    X(Q_RETRY, "retry", "retry")                                                                                       \
    X(Q_REMOTE_CONTROL, "remote-control", "remote-control")                                                            \
    X(Q_FIRST_STORAGE, "first-storage", "first-storage")                                                               \
    X(Q_LAST_STORAGE, "last-storage", "last-storage")                                                                  \
    X(Q_STORAGE_BLOCK_SIZE, "storage-block-size", "storage-block-size")                                                \
    X(Q_TARIFF_DESCRIPTOR, "tariff-descriptor", "tariff-descriptor")                                                   \
    X(Q_STORAGE_INTERVAL, "storage-interval", "storage-interval")                                                      \
    X(Q_OPERATOR_SPECIFIC, "operator-specific", "operator-specific")                                                   \
    X(Q_TIME_POINT, "time-point", "time-point")                                                                        \
    X(Q_SINCE_READOUT, "duration-since-readout", "duration-since-readout")                                             \
    X(Q_TARIFF_START, "tariff-start", "tariff-start")                                                                  \
    X(Q_TARIFF_DURATION, "tariff-duration", "tariff-duration")                                                         \
    X(Q_TARIFF_PERIOD, "tariff-period", "tariff-period")                                                               \
    X(Q_DIMENSIONLESS, "dimensionless", "dimensionless")                                                               \
    X(Q_WIRELESS_CONTAINER, "wireless-container", "wireless-container")                                                \
    X(Q_TRANSMISSION_PERIOD, "transmission-period", "transmission-period")                                             \
    X(Q_VOLTAGE, "voltage", "voltage")                                                                                 \
    X(Q_CURRENT, "current", "current")                                                                                 \
    X(Q_RESET_COUNTER, "reset-counter", "reset-counter")                                                               \
    X(Q_CUMULATION_COUNTER, "cumulation-counter", "cumulation-counter")                                                \
    X(Q_CONTROL_SIGNAL, "control-signal", "control-signal")                                                            \
    X(Q_WEEKDAY, "weekday", "weekday")                                                                                 \
    X(Q_WEEK_NUMBER, "week-number", "week-number")                                                                     \
    X(Q_DAY_CHANGE, "day-change", "day-change")                                                                        \
    X(Q_PARAMETER_ACTIVATION, "parameter-activation", "parameter-activation")                                          \
    X(Q_SUPPLIER_INFO, "supplier-info", "supplier-info")                                                               \
    X(Q_SINCE_CUMULATION, "duration-since-cumulation", "duration-since-cumulation")                                    \
    X(Q_BATTERY_TIME, "battery-operating-time", "battery-operating-time")                                              \
    X(Q_BATTERY_CHANGE, "battery-change", "datetime-of-battery-change")                                                \
    X(Q_RF_LEVEL, "rf-level", "rf-level")                                                                              \
    X(Q_DAYLIGHT_SAVING, "daylight-saving", "daylight-saving")                                                         \
    X(Q_LISTENING_WINDOW, "listening-window", "listening-window")                                                      \
    X(Q_REMAINING_BATTERY, "remaining-battery", "remaining-battery")                                                   \
    X(Q_STOP_COUNT, "stop-count", "stop-count")                                                                        \
    X(Q_MANUFACTURER_CONTAINER, "manufacturer-container", "manufacturer-container")                                    \
    X(Q_REACTIVE_ENERGY, "reactive-energy", "reactive-energy")                                                         \
    X(Q_APPARENT_ENERGY, "apparent-energy", "apparent-energy")                                                         \
    X(Q_REACTIVE_POWER, "reactive-power", "reactive-power")                                                            \
    X(Q_APPARENT_POWER, "apparent-power", "apparent-power")                                                            \
    X(Q_RELATIVE_HUMIDITY, "relative-humidity", "relative-humidity")                                                   \
    X(Q_PHASE_U_U, "phase-voltage-voltage", "phase-u-u")                                                               \
    X(Q_PHASE_U_I, "phase-voltage-current", "phase-u-i")                                                               \
    X(Q_FREQUENCY, "frequency", "frequency")                                                                           \
    X(Q_TEMPERATURE_LIMIT, "temperature-limit", "temperature-limit")                                                   \
    X(Q_CUMULATED_MAX_POWER, "cumulated-max-power", "cumulated-max-power")                                             \
    X(Q_LIMIT_DURATION, "limit-duration", "limit-duration")                                                            \
    X(Q_LIMIT_COUNT, "limit-count", "limit-count")

#define QUANTITY_ENUMERATOR(id, name, report) id,
enum quantity { QUANTITY_LIST(QUANTITY_ENUMERATOR) Q_N };

/* X(enumerator, "name as sent", "canonical name", factor to the canonical unit, "report word") */
#define UNIT_LIST(X)                                                                                                   \
    X(UNIT_NONE, "", "", 1, "")                                                                                        \
    X(UNIT_WH, "Wh", "Wh", 1, "Wh")                                                                                    \
    X(UNIT_J, "J", "J", 1, "J")                                                                                        \
    X(UNIT_CAL, "cal", "cal", 1, "cal")                                                                                \
    X(UNIT_M3, "m3", "m3", 1, "m3")                                                                                    \
    X(UNIT_L, "l", "l", 1, "l") /* only the fixed data structure counts in litres */                                   \
    X(UNIT_FT3, "ft3", "ft3", 1, "ft3")                                                                                \
    X(UNIT_GAL, "gal", "gal", 1, "gal")                                                                                \
    X(UNIT_KG, "kg", "kg", 1, "kg")                                                                                    \
    X(UNIT_W, "W", "W", 1, "W")                                                                                        \
    X(UNIT_J_PER_H, "J/h", "J/h", 1, "J/h")                                                                            \
    X(UNIT_M3_PER_H, "m3/h", "m3/h", 1, "m3/h")                                                                        \
    X(UNIT_L_PER_H, "l/h", "l/h", 1, "l/h")                                                                            \
    X(UNIT_M3_PER_MIN, "m3/min", "m3/h", 60, "m3/min")                                                                 \
    X(UNIT_M3_PER_S, "m3/s", "m3/h", 3600, "m3/s")                                                                     \
    X(UNIT_GAL_PER_MIN, "gal/min", "gal/min", 1, "gal/min")                                                            \
    X(UNIT_GAL_PER_H, "gal/h", "gal/h", 1, "gal/h")                                                                    \
    X(UNIT_KG_PER_H, "kg/h", "kg/h", 1, "kg/h")                                                                        \
    X(UNIT_C, "C", "C", 1, "°C")                                                                                       \
    X(UNIT_F, "F", "F", 1, "°F")                                                                                       \
    X(UNIT_K, "K", "K", 1, "K")                                                                                        \
    X(UNIT_BAR, "bar", "bar", 1, "bar")                                                                                \
    X(UNIT_V, "V", "V", 1, "V")                                                                                        \
    X(UNIT_A, "A", "A", 1, "A")                                                                                        \
    X(UNIT_HZ, "Hz", "Hz", 1, "Hz")                                                                                    \
    X(UNIT_VAR, "var", "var", 1, "var")                                                                                \
    X(UNIT_VARH, "varh", "varh", 1, "varh")                                                                            \
    X(UNIT_VA, "VA", "VA", 1, "VA")                                                                                    \
    X(UNIT_VAH, "VAh", "VAh", 1, "VAh")                                                                                \
    X(UNIT_S, "s", "s", 1, "second(s)")                                                                                \
    X(UNIT_MIN, "min", "s", 60, "minute(s)")                                                                           \
    X(UNIT_H, "h", "s", 3600, "hour(s)")                                                                               \
    X(UNIT_D, "d", "s", 86400, "day(s)")                                                                               \
    X(UNIT_MONTH, "month", "month", 1, "month(s)")                                                                     \
    X(UNIT_YEAR, "year", "year", 1, "year(s)")                                                                         \
    X(UNIT_BIT_TIME, "bit-time", "bit-time", 1, "bit time(s)")                                                         \
    X(UNIT_BAUD, "baud", "baud", 1, "baud")                                                                            \
    X(UNIT_PERCENT, "%", "%", 1, "%")                                                                                  \
    X(UNIT_DEG, "deg", "deg", 1, "°")                                                                                  \
    X(UNIT_DBM, "dBm", "dBm", 1, "dBm")                                                                                \
    X(UNIT_HCA, "hca", "hca", 1, "hca")                                                                                \
    X(UNIT_CURRENCY, "currency", "currency", 1, "currency")                                                            \
    X(UNIT_TEXT, "", "", 1, "") /* plain-text VIF: value.unit_text */

#define UNIT_ENUMERATOR(id, name, canonical, factor, report) id,
enum unit { UNIT_LIST(UNIT_ENUMERATOR) UNIT_N };

enum function { FUNCTION_INST, FUNCTION_MAX, FUNCTION_MIN, FUNCTION_ERROR }; /* DIF bits 5..4 */

/* A modifier is a VIFE as a number: 0x000…0x07F combinable (orthogonal) table, 0x080…0x0FF second combinable table
 * (after FCh), 0x100…0x1FF a maker's VIFE (after FFh). */
enum { MODIFIER_SECOND = 0x080, MODIFIER_MAKER = 0x100, MODIFIER_N = 0x200 };

const char *quantity_name(enum quantity q);
bool quantity_find(const char *name, enum quantity *out);
const char *quantity_report_word(enum quantity q);
const char *unit_name(enum unit u);      /* as the meter sent it: "h" */
const char *unit_canonical(enum unit u); /* "s" */
int32_t unit_factor(enum unit u);        /* 3600 */
bool unit_find(const char *name, enum unit *out);
const char *unit_report_word(enum unit u);  /* UTF-8 */
const char *function_name(enum function f); /* inst, max, min, error */
/* "per-hour", "phase-l1", "no-error", "manufacturer-specific-02"; buf is used where a number is part of the name. */
enum { MODIFIER_TEXT_MAX = 40 };
const char *modifier_name(unsigned modifier, char buf[static MODIFIER_TEXT_MAX]);
const char *medium_name(uint8_t medium); /* EN 13757-3 device types: "heat", "water", …; never NULL */

/* Three letters of a maker code, bit 15 masked (EN 13757-3 5.6); a letter code 0 is '@', those above Z become '?'. */
void maker_text(uint16_t maker, char out[static 4]);
bool maker_parse(const char *text, uint16_t *out); /* "KAM", any case */

#endif
