/* meter_list.h — meter lists as CSV text: Position, SecondaryAddress, BaudRate, AddressingMode, PrimaryAddress,
 * EnhancedAddress. Separator comma, semicolon or tab, found from the heading; headings and modes in any case, columns in
 * any order; BaudRate, PrimaryAddress and EnhancedAddress may be missing, other columns are refused. UTF-8 with or without
 * BOM, UTF-16 with BOM, else Windows-1252 (hence ISO-8859-1); CRLF, LF or CR; RFC 4180 quotes; empty rows are skipped.
 * Empty BaudRate = 2400. Excel's loss of leading zeros in SecondaryAddress is not guessed at: 8 hex digits are needed.
 * SecondaryAddress may be empty in mode primary only.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CORE_METER_LIST_H
#define CORE_METER_LIST_H

#include "core/meter.h"

enum { METER_LIST_BYTES_MAX = 4 << 20, METER_LIST_ERRORS_MAX = 100 };

struct meter_list {
    struct meter *meters; /* owned; valid when n_errors == 0 */
    size_t n_meters;
    struct err_at *errors; /* owned; in line order, each with line, column and field */
    size_t n_errors;
};

/* Checks every row, also against each other and, if given, against the meters that are installed already (bus is the bus
 * new meters will be on). Returns ERR_OK or ERR_INVALID with at least one error in the list. Pure. */
MUST_USE enum err meter_list_parse(const char *text, size_t len, uint8_t bus, struct meters *installed,
                                   struct meter_list *out);
void meter_list_free(struct meter_list *l);
extern const char meter_list_template[]; /* the heading line, with semicolons, CRLF */

#endif
