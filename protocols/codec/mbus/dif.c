/* dif.c — storage, tariff and subunit of a record, spread over its DIFE.
 *
 * Knows: the bit layout of DIFE (EN 13757-3, 6.3.5).
 * Does not know: VIF and data.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "protocols/codec/mbus/dif.h"

bool dif_read_extensions(struct rd *r, struct value *v)
{
    for (unsigned k = 0; k < DIFE_MAX; k++) {
        uint8_t dife = rd_u8(r);
        v->storage |= (uint64_t)(dife & 0x0F) << (1 + 4 * k);
        v->tariff |= (uint32_t)(dife >> 4 & 0x03) << (2 * k);
        v->subunit = (uint16_t)(v->subunit | (dife >> 6 & 0x01) << k);
        if (!(dife & DIF_EXTENDED))
            return true; /* also after a short read, which gives zeros */
    }
    return false;
}
