/* apdu.h — the application layer's CI field and the header behind it (EN 13757-3, 5; EN 13757-7).
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PROTOCOLS_CODEC_MBUS_APDU_H
#define PROTOCOLS_CODEC_MBUS_APDU_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/base/rd.h"
#include "core/reading.h"

/* CI fields that others name. */
enum {
    CI_APPLICATION_RESET = 0x50,
    CI_DATA_SEND = 0x51,
    CI_SELECT = 0x52,
    CI_SELECT_MSB = 0x56,
    CI_APPLICATION_ERROR = 0x70,
    CI_ALARM = 0x71,
    CI_RESPONSE_LONG = 0x72,
    CI_RESPONSE_FIXED = 0x73, /* on wires; on the radio a compact frame with long header */
    CI_RESPONSE_LONG_MSB = 0x76,
    CI_RESPONSE_NONE = 0x78,
    CI_RESPONSE_SHORT = 0x7A,
};

enum apdu_header { APDU_HEADER_NONE, APDU_HEADER_SHORT, APDU_HEADER_LONG };

enum apdu_content {
    APDU_UNKNOWN, /* a CI that no table lists */
    APDU_RECORDS, /* data records to the end */
    APDU_FIXED,   /* the fixed data structure, its own header included */
    APDU_COMPACT, /* format signature, CRC, data without headers */
    APDU_FORMAT,  /* the headers of a compact frame */
    APDU_APP_ERROR,
    APDU_ALARM,
    APDU_COMMAND,   /* from the master, without records: selection, reset, baud rate … */
    APDU_TRANSPORT, /* nothing but the header */
    APDU_MAKER,     /* payload of the maker's own */
    APDU_FOREIGN,   /* payload of another standard: COSEM, OBIS, network management */
};

struct apdu {
    uint8_t ci;
    enum apdu_header header;
    enum apdu_content content;
    bool is_msb_first;         /* mode 2: multi-byte fields come high byte first */
    struct telegram_head head; /* of a long header all; of a short one access_no, status, signature */
};

/* Reads CI and header; *r then stands at what follows. `is_wireless` tells the two meanings of CI 73h apart; on wires the
 * length does. ERR_SHORT: *r is bad. */
MUST_USE enum err apdu_read(struct rd *r, bool is_wireless, struct apdu *out);

/* Bits of the status byte. */
enum {
    STATUS_APPLICATION = 0x03,
    STATUS_POWER_LOW = 0x04,
    STATUS_PERMANENT_ERROR = 0x08,
    STATUS_TEMPORARY_ERROR = 0x10
};

/* The text of an application error: 8 -> "application busy". */
const char *apdu_error_text(uint8_t code);

/* --- fixed data structure --- */

enum { FIXED_LEN = 16 };

/* The 16 bytes behind CI 73h or 77h: header and two counters. The header has no maker, version is 0. */
MUST_USE enum err apdu_read_fixed(struct rd *r, bool is_msb_first, struct telegram_head *head, struct value values[2]);

#endif
