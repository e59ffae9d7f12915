/* reading.h — what a meter said: values exactly as sent, gathered into a reading.
 *
 * A value is mantissa × 10^exp10 in the unit the meter used; nothing is rounded and no double occurs. Scaling to the
 * canonical unit (hours to seconds) happens at the last step, by value_canonical().
 *
 * Quantity, unit and number are what DIF and VIF say; the modifiers name what each VIFE makes of it. Some VIFEs make the
 * number something else: how often or how long a limit of the quantity was exceeded, or when. The number stays that of the
 * VIF even then, the data field scaled as the VIF says, and value_means() tells what it is.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CORE_READING_H
#define CORE_READING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/json_out.h"
#include "core/base/num.h"
#include "core/quantity.h"

enum value_kind {
    VALUE_NONE,         /* no value: note says why */
    VALUE_NUMBER,       /* mantissa × 10^exp10 */
    VALUE_TEXT,         /* bytes, len: UTF-8 in reading order */
    VALUE_BYTES,        /* bytes, len: opaque; binary LVAR high byte first */
    VALUE_DATE,         /* mantissa: local seconds since 1970, at 00:00 (type G) */
    VALUE_MINUTE,       /* … with minutes (type F) */
    VALUE_SECOND,       /* … with seconds (types I, J within day 0, M) */
    VALUE_MAKER_BLOCK,  /* special record 0Fh / 1Fh: bytes, len */
    VALUE_MORE_FOLLOWS, /* 1Fh: as MAKER_BLOCK, and another telegram follows */
};

enum value_note {
    NOTE_NONE,
    NOTE_NO_DATA,        /* DIF data field 0 */
    NOTE_INVALID_DIGITS, /* hex digits in BCD */
    NOTE_INVALID_NUMBER, /* NaN; beside the number: the most negative integer */
    NOTE_INVALID_TIME,   /* marked invalid, or an impossible date; beside the number where a VIFE makes it a time */
    NOTE_OVERFLOW,       /* does not fit 64 bits */
    NOTE_EXPIRED,        /* older than asked for */
    NOTE_RECORD_ERROR,   /* VIFE 01h…1Fh: add the code, NOTE_RECORD_ERROR + code; 15h = no data available */
    NOTE_N = NOTE_RECORD_ERROR + 0x20,
};
const char *value_note_name(unsigned note); /* "invalid-digits", "no-data-available"; NULL for NOTE_NONE */

enum { VALUE_MODIFIERS_MAX = 10, DIB_VIB_MAX = 2 * 11 };

struct value {
    uint8_t kind;      /* enum value_kind */
    uint8_t note;      /* enum value_note; may stand beside a number that the meter marked unsafe */
    uint8_t function;  /* enum function */
    uint8_t unit;      /* enum unit, as sent */
    uint16_t quantity; /* enum quantity */
    int8_t exp10;
    uint8_t n_modifiers;
    uint8_t telegram; /* of the chain, from 0 */
    uint8_t index;    /* of the record in its telegram, from 0 */
    uint16_t subunit; /* 0…1023 */
    uint32_t tariff;  /* 0…2^20-1 */
    uint32_t series;  /* number the store gave; 0 = none yet */
    uint64_t storage; /* 0…2^41-1 */
    int64_t mantissa;
    const uint8_t *bytes;   /* borrowed, like unit_text and dib_vib, as long as the reading that holds the value */
    const char *unit_text;  /* of a plain-text VIF, else NULL */
    const uint8_t *dib_vib; /* DIF…VIFE bytes of the record, or NULL */
    uint16_t len;
    uint8_t dib_vib_len;
    uint16_t modifiers[VALUE_MODIFIERS_MAX];
};

/* The number in its canonical unit. False when there is none, or it does not fit. */
bool value_canonical(const struct value *v, struct dec *out);
/* What VIFEs make of the number where it is something else than its VIF says: false when they do not. *out is a limit-count,
 * a limit-duration in s, min, h or d, a date or a date-time; its kind is VALUE_NONE when v has no number or is noted. */
bool value_means(const struct value *v, struct value *out);
const char *value_unit_name(const struct value *v);                   /* canonical, or unit_text */
bool value_same_series(const struct value *a, const struct value *b); /* all but what was measured and its place */
enum { VALUE_TEXT_MAX = 600 };
/* One JSON value for "value": number, text, ISO local time, hex text, or null. */
void value_json(struct json_out *j, const struct value *v);
/* The members of the interfaces' VALUE (index … special, note) into an object that is open already. */
void value_json_members(struct json_out *j, const struct value *v);
/* 2014-03-13T11:11:00, or a date alone, from a VALUE_DATE/MINUTE/SECOND. */
void value_time_text(char out[static 24], const struct value *v);

/* The fixed header of one telegram (EN 13757-3 5.4 ff.). */
struct telegram_head {
    uint32_t ident; /* 8 hex digits as printed: 0x12345678 shows as 12345678 */
    uint16_t maker;
    uint8_t version, medium;
    uint8_t access_no, status;
    uint16_t signature; /* configuration word */
};

struct telegram_raw {
    struct telegram_head head;
    const uint8_t *bytes; /* the whole frame as received (wired: 68h … 16h; wireless: from L, CRCs removed) */
    uint16_t len;
};

enum readout_status {
    READOUT_OK,
    READOUT_NO_ANSWER,
    READOUT_COLLISION,
    READOUT_GARBLED,
    READOUT_WRONG_METER,
    READOUT_UNDECODABLE,
    READOUT_NO_KEY,
    READOUT_N_STATUS,
};
const char *readout_status_name(enum readout_status s); /* "no_answer" */

enum reading_source { SOURCE_SCHEDULED, SOURCE_MANUAL, SOURCE_CONTINUOUS, SOURCE_PUSH };
const char *reading_source_name(enum reading_source s);

enum { CHAIN_MAX = 64 }; /* telegrams of one readout that we ever keep */

struct reading {
    uint32_t meter; /* number in the meter list */
    int64_t utc;    /* when its first telegram was asked for */
    enum readout_status status;
    enum reading_source source;
    const struct telegram_raw *telegrams; /* what came, also of a failed readout; borrowed */
    size_t n_telegrams;
    const struct value *values; /* borrowed, in telegram order */
    size_t n_values;
};

#endif
