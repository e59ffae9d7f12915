/* compact.h — formats learnt from full frames, so that compact frames (CI 79h, 7Bh, 73h) can be read (EN 13757-3 Annex).
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PROTOCOLS_CODEC_MBUS_COMPACT_H
#define PROTOCOLS_CODEC_MBUS_COMPACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"

enum { FORMAT_BYTES_MAX = 255, FORMATS_MAX = 256 };

struct formats;
struct formats *formats_create(void);
void formats_free(struct formats *f);
/* Remembers the DIF…VIFE bytes of a full frame under its signature (CRC over them; with the text of plain-text VIFs,
 * without idle fillers). Over FORMAT_BYTES_MAX: not remembered. At FORMATS_MAX the longest unused one goes. */
void formats_learn(struct formats *f, const uint8_t *headers, size_t len);
/* Borrowed until the next formats_learn(); NULL: not learnt yet. */
const uint8_t *formats_find(struct formats *f, uint16_t signature, size_t *len_out);
/* Rebuilds the full records (headers and data woven together) of a compact frame and checks the data CRC. Bytes behind
 * the last record's data are kept behind it. On failure the offset of *at counts from `data`. */
MUST_USE enum err compact_expand(const uint8_t *headers, size_t headers_len, const uint8_t *data, size_t data_len,
                                 uint16_t data_crc, uint8_t *out, size_t size, size_t *len_out, struct err_at *at);
/* Called for each newly learnt format, to persist it; may be NULL. */
void formats_set_learnt(struct formats *f,
                        void (*fn)(void *ctx, uint16_t signature, const uint8_t *headers, size_t len), void *ctx);

#endif
