/* when.h — meters' dates and times: types F, G, I and J (EN 13757-3, Annex A). Local time of the meter, no zone.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CORE_WHEN_H
#define CORE_WHEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/reading.h"

/* Understands `bits`, `len` bytes as one unsigned number, by length: 2 G, 3 J, 4 F, 6 I. False when the meter marks it
 * invalid or it is no moment: day or month 0, year 127 ("any"), 31 February, another length. */
bool when_read(uint64_t bits, size_t len, enum value_kind *kind, int64_t *local_s);

#endif
