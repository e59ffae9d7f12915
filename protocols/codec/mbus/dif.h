/* dif.h — the data information block that begins a record: DIF and up to ten DIFE (EN 13757-3, 6.3).
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PROTOCOLS_CODEC_MBUS_DIF_H
#define PROTOCOLS_CODEC_MBUS_DIF_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/base/rd.h"
#include "core/reading.h"

enum { DIF_EXTENDED = 0x80, DIF_FIELD = 0x0F, DIFE_MAX = 10 };

/* DIF that stand alone */
enum { DIF_MAKER = 0x0F, DIF_MAKER_MORE = 0x1F, DIF_FILLER = 0x2F, DIF_READOUT_ALL = 0x7F };

/* The data field, low four bits of a DIF. */
enum dif_field {
    DIF_NO_DATA = 0x0,
    DIF_INT8 = 0x1,
    DIF_INT16 = 0x2,
    DIF_INT24 = 0x3,
    DIF_INT32 = 0x4,
    DIF_REAL32 = 0x5,
    DIF_INT48 = 0x6,
    DIF_INT64 = 0x7,
    DIF_SELECTION = 0x8,
    DIF_BCD2 = 0x9,
    DIF_BCD4 = 0xA,
    DIF_BCD6 = 0xB,
    DIF_BCD8 = 0xC,
    DIF_LVAR = 0xD,
    DIF_BCD12 = 0xE,
    DIF_SPECIAL = 0xF,
};

/* Reads the DIFEs that follow an extended DIF: adds storage, tariff and subunit to *v, which has those of the DIF. False
 * when there are more than ten; *r is bad when they end too early. */
MUST_USE bool dif_read_extensions(struct rd *r, struct value *v);

#endif
