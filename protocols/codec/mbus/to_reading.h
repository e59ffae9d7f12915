/* to_reading.h — gathers a readout's telegrams into one struct reading that owns all it points to.
 *
 * A bus has one struct to_reading and uses it again for every readout:
 *     to_reading_begin(b);
 *     for each telegram:  to_reading_add(b, …);  more = to_reading_last(b)->more_follows;
 *     reading = to_reading_finish(b, meter, utc, source, status);      publish
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PROTOCOLS_CODEC_MBUS_TO_READING_H
#define PROTOCOLS_CODEC_MBUS_TO_READING_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/reading.h"
#include "protocols/codec/mbus/telegram.h"

struct to_reading;
struct to_reading *to_reading_create(void);
void to_reading_free(struct to_reading *b);

/* Forgets all telegrams. */
void to_reading_begin(struct to_reading *b);

/* Decodes one more telegram and keeps a copy of it, also of one that cannot be decoded, with the values that could.
 * Returns what telegram_decode() gave; ERR_TOO_MANY beyond CHAIN_MAX. */
MUST_USE enum err to_reading_add(struct to_reading *b, enum telegram_link link, const uint8_t *bytes, size_t len,
                                 const struct telegram_env *env, struct err_at *at);

/* The telegram added last, decoded. Borrowed until the next add or begin. */
const struct telegram *to_reading_last(const struct to_reading *b);

/* The reading so far. Borrowed, with all it points to, until the next add or begin. */
const struct reading *to_reading_finish(struct to_reading *b, uint32_t meter, int64_t utc, enum reading_source source,
                                        enum readout_status status);

#endif
