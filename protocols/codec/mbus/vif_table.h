/* vif_table.h — what each VIF and VIFE code means: one row a code, looked up by its low seven bits (EN 13757-3, 6.4 ff.).
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PROTOCOLS_CODEC_MBUS_VIF_TABLE_H
#define PROTOCOLS_CODEC_MBUS_VIF_TABLE_H

#include <stdint.h>

#include "core/quantity.h"

/* How the data of a record is to be read, beyond what its DIF says. */
enum vif_type {
    VIF_NUMBER,   /* as the DIF says: types A (BCD), B (signed integer), H (real) */
    VIF_UNSIGNED, /* integers are types C or D */
    VIF_TIME,     /* types F, G, I, J by length */
    VIF_OPAQUE,   /* bytes of a structure of its own: types K, L, containers */
};

struct vif_row {
    uint16_t quantity; /* enum quantity */
    uint8_t unit;      /* enum unit */
    int8_t exp10;      /* value = data × 10^exp10 in the unit */
    uint8_t type;      /* enum vif_type */
};

enum vife_effect {
    VIFE_PLAIN,        /* a modifier, the value stays as it is */
    VIFE_ERROR,        /* the meter reports an error with this record; the code is the VIFE's */
    VIFE_SCALE,        /* × 10^arg */
    VIFE_OFFSET,       /* + 10^arg in the unit of the VIF */
    VIFE_MEANING,      /* the number is a count, a duration or a time instead: value_means() says which */
    VIFE_OTHER_UNIT,   /* the unit is not the one of the VIF */
    VIFE_SECOND_TABLE, /* the next VIFE is of the second combinable table */
    VIFE_MAKER,        /* all that follows is the maker's own */
};

struct vife_row {
    uint8_t effect; /* enum vife_effect */
    int8_t arg;     /* exponent */
};

enum { VIF_TABLE_N = 128 };

extern const struct vif_row vif_primary[VIF_TABLE_N];
extern const struct vif_row vif_fb[VIF_TABLE_N];
extern const struct vif_row vif_fd[VIF_TABLE_N];
extern const struct vif_row vif_fd_fd[VIF_TABLE_N]; /* FDh FDh */
extern const struct vif_row vif_reserved;
extern const struct vife_row vife_combinable[VIF_TABLE_N];

#endif
