/* vif.h — the value information block of a record: VIF, plain-text unit and up to ten VIFE (EN 13757-3, 6.4).
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PROTOCOLS_CODEC_MBUS_VIF_H
#define PROTOCOLS_CODEC_MBUS_VIF_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/base/rd.h"
#include "core/base/wr.h"
#include "core/reading.h"
#include "protocols/codec/mbus/vif_table.h"

enum { VIF_EXTENDED = 0x80, VIF_CODE = 0x7F, VIFE_MAX = 10 };

/* What the VIF block says about the data, beyond what stands in struct value. */
struct vif_info {
    uint8_t type;     /* enum vif_type */
    uint8_t error;    /* record error code, 0: none */
    bool has_meaning; /* a VIFE makes the number something else: value_means() says what */
    bool has_offset;
    int8_t offset_exp10; /* + 10^offset_exp10 in the unit */
};

/* Reads VIF, text and VIFEs: sets quantity, unit, unit_text, exp10 and the modifiers of *v. Text goes to `text` as UTF-8
 * with a NUL. ERR_SHORT: *r ended; ERR_TOO_MANY: more than ten VIFE; ERR_TOO_BIG: no room for the text. */
MUST_USE enum err vif_read(struct rd *r, struct wr *text, bool is_msb_first, struct value *v, struct vif_info *info);

/* ISO 8859-1 to UTF-8; `last_first`: the characters come in reverse. False when w is full. */
bool vif_put_latin1(struct wr *w, const uint8_t *chars, size_t len, bool last_first);

#endif
