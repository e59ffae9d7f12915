/* quantity.c — the tables of words for what a value is.
 *
 * Knows: EN 13757-3 names of quantities, units, functions, VIFEs and device types, and the words of CSV reports.
 * Does not know: how a VIF is decoded; values.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/quantity.h"

#include <stddef.h>
#include <string.h>

#include "core/base/bug.h"
#include "core/base/mem.h"
#include "core/base/str.h"

struct quantity_row {
    const char *name, *report_word;
};

struct unit_row {
    const char *name, *canonical;
    int32_t factor;
    const char *report_word;
};

#define QUANTITY_ROW(id, name, report) { name, report },
static const struct quantity_row quantities[] = { QUANTITY_LIST(QUANTITY_ROW) };
_Static_assert(COUNT_OF(quantities) == Q_N, "one row for each quantity");

#define UNIT_ROW(id, name, canonical, factor, report) { name, canonical, factor, report },
static const struct unit_row units[] = { UNIT_LIST(UNIT_ROW) };
_Static_assert(COUNT_OF(units) == UNIT_N, "one row for each unit");

const char *quantity_name(enum quantity q)
{
    BUG_IF((unsigned)q >= Q_N);
    return quantities[q].name;
}

const char *quantity_report_word(enum quantity q)
{
    BUG_IF((unsigned)q >= Q_N);
    return quantities[q].report_word;
}

bool quantity_find(const char *name, enum quantity *out)
{
    for (size_t i = 0; i < Q_N; i++) {
        if (str_eq(quantities[i].name, name)) {
            *out = (enum quantity)i;
            return true;
        }
    }
    return false;
}

static const struct unit_row *unit_row(enum unit u)
{
    BUG_IF((unsigned)u >= UNIT_N);
    return &units[u];
}

const char *unit_name(enum unit u)
{
    return unit_row(u)->name;
}

const char *unit_canonical(enum unit u)
{
    return unit_row(u)->canonical;
}

int32_t unit_factor(enum unit u)
{
    return unit_row(u)->factor;
}

const char *unit_report_word(enum unit u)
{
    return unit_row(u)->report_word;
}

bool unit_find(const char *name, enum unit *out)
{
    for (size_t i = 0; i < UNIT_N; i++) {
        if (str_eq(units[i].name, name)) {
            *out = (enum unit)i;
            return true;
        }
    }
    return false;
}

const char *function_name(enum function f)
{
    switch (f) {
    case FUNCTION_INST:
        return "inst";
    case FUNCTION_MAX:
        return "max";
    case FUNCTION_MIN:
        return "min";
    case FUNCTION_ERROR:
        return "error";
    }
    bug_found(__FILE__, __LINE__, "no such function");
}

/* The combinable VIFEs, EN 13757-3 table 15 ff.; 01h…1Fh as a meter sends them. */
static const char *const modifiers[0x80] = {
    [0x00] = "no-error",
    [0x01] = "too-many-difes",
    [0x02] = "storage-not-implemented",
    [0x03] = "unit-not-implemented",
    [0x04] = "tariff-not-implemented",
    [0x05] = "function-not-implemented",
    [0x06] = "data-class-not-supported",
    [0x07] = "data-size-not-supported",
    [0x0B] = "too-many-vifes",
    [0x0C] = "illegal-vif-group",
    [0x0D] = "illegal-vif-exponent",
    [0x0E] = "vif-dif-mismatch",
    [0x0F] = "action-not-implemented",
    [0x12] = "average-value",
    [0x13] = "inverse-compact-profile",
    [0x14] = "relative-deviation",
    [0x15] = "no-data-available",
    [0x16] = "data-overflow",
    [0x17] = "data-underflow",
    [0x18] = "data-error",
    [0x1C] = "premature-end-of-record",
    [0x1D] = "standard-conform-data-content",
    [0x1E] = "compact-profile-with-register-numbers",
    [0x1F] = "compact-profile",
    [0x20] = "per-second",
    [0x21] = "per-minute",
    [0x22] = "per-hour",
    [0x23] = "per-day",
    [0x24] = "per-week",
    [0x25] = "per-month",
    [0x26] = "per-year",
    [0x27] = "per-measurement",
    [0x28] = "per-input-pulse-0",
    [0x29] = "per-input-pulse-1",
    [0x2A] = "per-output-pulse-0",
    [0x2B] = "per-output-pulse-1",
    [0x2C] = "per-liter",
    [0x2D] = "per-m3",
    [0x2E] = "per-kg",
    [0x2F] = "per-kelvin",
    [0x30] = "per-kwh",
    [0x31] = "per-gj",
    [0x32] = "per-kw",
    [0x33] = "per-kelvin-liter",
    [0x34] = "per-volt",
    [0x35] = "per-ampere",
    [0x36] = "times-second",
    [0x37] = "times-second-per-volt",
    [0x38] = "times-second-per-ampere",
    [0x39] = "start-date-time",
    [0x3A] = "uncorrected-unit",
    [0x3B] = "positive-accumulation",
    [0x3C] = "negative-accumulation",
    [0x3D] = "non-metric-unit",
    [0x3E] = "base-condition",
    [0x3F] = "obis-declaration",
    [0x40] = "lower-limit",
    [0x41] = "lower-limit-exceed-count",
    [0x42] = "first-lower-limit-exceed-begin",
    [0x43] = "first-lower-limit-exceed-end",
    [0x46] = "last-lower-limit-exceed-begin",
    [0x47] = "last-lower-limit-exceed-end",
    [0x48] = "upper-limit",
    [0x49] = "upper-limit-exceed-count",
    [0x4A] = "first-upper-limit-exceed-begin",
    [0x4B] = "first-upper-limit-exceed-end",
    [0x4E] = "last-upper-limit-exceed-begin",
    [0x4F] = "last-upper-limit-exceed-end",
    [0x50] = "first-lower-limit-exceed-seconds",
    [0x51] = "first-lower-limit-exceed-minutes",
    [0x52] = "first-lower-limit-exceed-hours",
    [0x53] = "first-lower-limit-exceed-days",
    [0x54] = "last-lower-limit-exceed-seconds",
    [0x55] = "last-lower-limit-exceed-minutes",
    [0x56] = "last-lower-limit-exceed-hours",
    [0x57] = "last-lower-limit-exceed-days",
    [0x58] = "first-upper-limit-exceed-seconds",
    [0x59] = "first-upper-limit-exceed-minutes",
    [0x5A] = "first-upper-limit-exceed-hours",
    [0x5B] = "first-upper-limit-exceed-days",
    [0x5C] = "last-upper-limit-exceed-seconds",
    [0x5D] = "last-upper-limit-exceed-minutes",
    [0x5E] = "last-upper-limit-exceed-hours",
    [0x5F] = "last-upper-limit-exceed-days",
    [0x60] = "first-duration-seconds",
    [0x61] = "first-duration-minutes",
    [0x62] = "first-duration-hours",
    [0x63] = "first-duration-days",
    [0x64] = "last-duration-seconds",
    [0x65] = "last-duration-minutes",
    [0x66] = "last-duration-hours",
    [0x67] = "last-duration-days",
    [0x68] = "lower-limit-exceed-value",
    [0x69] = "leakage",
    [0x6A] = "first-begin",
    [0x6B] = "first-end",
    [0x6C] = "upper-limit-exceed-value",
    [0x6D] = "overflow",
    [0x6E] = "last-begin",
    [0x6F] = "last-end",
    [0x70] = "factor-1e-6",
    [0x71] = "factor-1e-5",
    [0x72] = "factor-1e-4",
    [0x73] = "factor-1e-3",
    [0x74] = "factor-1e-2",
    [0x75] = "factor-1e-1",
    [0x76] = "factor-1e0",
    [0x77] = "factor-1e1",
    [0x78] = "addend-1e-3",
    [0x79] = "addend-1e-2",
    [0x7A] = "addend-1e-1",
    [0x7B] = "addend-1e0",
    [0x7C] = "second-extension",
    [0x7D] = "factor-1e3",
    [0x7E] = "future-value",
    [0x7F] = "manufacturer-specific",
};

/* The second combinable table, after VIFE FCh. */
static const char *const second_modifiers[0x80] = {
    [0x01] = "phase-l1",
    [0x02] = "phase-l2",
    [0x03] = "phase-l3",
    [0x04] = "neutral-conductor",
    [0x05] = "phase-l1-l2",
    [0x06] = "phase-l2-l3",
    [0x07] = "phase-l3-l1",
    [0x08] = "quadrant-q1",
    [0x09] = "quadrant-q2",
    [0x0A] = "quadrant-q3",
    [0x0B] = "quadrant-q4",
    [0x0C] = "delta",
    [0x0D] = "alternative-non-metric-unit",
    [0x0E] = "secondary-sensor-reading",
    [0x0F] = "binary-to-decimal",
    [0x10] = "absolute",
    [0x11] = "data-type-c",
    [0x12] = "data-type-d",
    [0x13] = "direction-to-meter",
    [0x14] = "direction-from-meter",
};

static const char *numbered(char buf[static MODIFIER_TEXT_MAX], const char *word, unsigned number)
{
    const uint8_t byte = (uint8_t)number;
    size_t len = strlen(word); /* two hex digits behind it; meters with such VIFEs have them in most records */
    str_copy(buf, MODIFIER_TEXT_MAX, word);
    buf[len++] = '-';
    str_to_hex(buf + len, &byte, 1);
    return buf;
}

const char *modifier_name(unsigned modifier, char buf[static MODIFIER_TEXT_MAX])
{
    BUG_IF(modifier >= MODIFIER_N);
    if (modifier >= MODIFIER_MAKER)
        return numbered(buf, "manufacturer-specific", modifier - MODIFIER_MAKER);
    if (modifier >= MODIFIER_SECOND) {
        unsigned vife = modifier - MODIFIER_SECOND;
        return second_modifiers[vife] ? second_modifiers[vife] : numbered(buf, "second-extension", vife);
    }
    if (modifiers[modifier])
        return modifiers[modifier];
    return numbered(buf, modifier < 0x20 ? "record-error" : "reserved", modifier);
}

/* EN 13757-3 device types. */
static const char *const media[0x40] = {
    [0x00] = "other",
    [0x01] = "oil",
    [0x02] = "electricity",
    [0x03] = "gas",
    [0x04] = "heat",
    [0x05] = "steam",
    [0x06] = "warm-water",
    [0x07] = "water",
    [0x08] = "heat-cost-allocator",
    [0x09] = "compressed-air",
    [0x0A] = "cooling-return",
    [0x0B] = "cooling-flow",
    [0x0C] = "heat-flow",
    [0x0D] = "heat-cooling",
    [0x0E] = "bus-system",
    [0x0F] = "unknown",
    [0x10] = "irrigation",
    [0x11] = "water-logger",
    [0x12] = "gas-logger",
    [0x13] = "gas-converter",
    [0x14] = "calorific-value",
    [0x15] = "hot-water",
    [0x16] = "cold-water",
    [0x17] = "dual-water",
    [0x18] = "pressure",
    [0x19] = "ad-converter",
    [0x1A] = "smoke-detector",
    [0x1B] = "room-sensor",
    [0x1C] = "gas-detector",
    [0x20] = "breaker",
    [0x21] = "valve",
    [0x25] = "customer-unit",
    [0x28] = "waste-water",
    [0x29] = "waste",
    [0x2A] = "carbon-dioxide",
    [0x30] = "service-tool",
    [0x31] = "communication-controller",
    [0x32] = "unidirectional-repeater",
    [0x33] = "bidirectional-repeater",
    [0x36] = "radio-converter-system",
    [0x37] = "radio-converter-meter",
    [0x38] = "bus-converter",
};

const char *medium_name(uint8_t medium)
{
    if (medium >= COUNT_OF(media))
        return "manufacturer-specific";
    return media[medium] ? media[medium] : "reserved";
}

void maker_text(uint16_t maker, char out[static 4])
{
    for (int i = 0; i < 3; i++) {
        unsigned letter = (unsigned)maker >> (10 - 5 * i) & 31;
        out[i] = letter <= 26 ? (char)('@' + letter) : '?'; /* 0, no maker, is @@@ */
    }
    out[3] = 0;
}

bool maker_parse(const char *text, uint16_t *out)
{
    unsigned maker = 0;
    for (int i = 0; i < 3; i++) {
        unsigned letter = (unsigned char)text[i] & 0xDFu; /* upper case */
        if (letter < 'A' || letter > 'Z' || (unsigned char)text[i] < 'A')
            return false;
        maker = maker << 5 | (letter - 'A' + 1);
    }
    if (text[3])
        return false;
    *out = (uint16_t)maker;
    return true;
}
