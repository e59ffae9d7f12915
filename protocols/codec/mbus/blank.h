/* blank.h — a telegram without its values: the header and the layout of the records stay, no record says anything.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PROTOCOLS_CODEC_MBUS_BLANK_H
#define PROTOCOLS_CODEC_MBUS_BLANK_H

#include <stdbool.h>

#include "core/base/wr.h"
#include "protocols/codec/mbus/frame.h"

/* Writes the frame anew: every record keeps its DIF, DIFE, VIF and VIFE, with data field 0 (no data, EN 13757-3, table 4);
 * makers' data is left out; the announcement of another telegram (1Fh) stays. What is encrypted goes, and with it the
 * configuration word. False, and nothing is written: it is no telegram of records behind a header that can be read, so
 * there is nothing to keep. */
MUST_USE bool blank_put(struct wr *w, const struct frame *f);

#endif
