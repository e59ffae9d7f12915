/* column.h — a column of integers as bytes: a constant, a line, or differences cut into planes of bytes, each plane
 * compressed where that helps. Pure but for the compressor's working memory.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef STORE_COLUMN_H
#define STORE_COLUMN_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/base/rd.h"
#include "core/base/wr.h"

struct packer; /* compressor, decompressor and their buffers */
struct packer *packer_create(void);
void packer_free(struct packer *p);

enum { COLUMN_SPARE = 64 }; /* a column of n takes at most 9·n + COLUMN_SPARE bytes */

/* is_small: as quick as can be, without compression. */
void column_write(struct wr *w, struct packer *p, const int64_t *v, size_t n, bool is_small);
MUST_USE enum err column_read(struct rd *r, struct packer *p, int64_t *v, size_t n);
/* True, and the column taken, when all of it is one number. */
bool column_read_constant(struct rd *r, int64_t *v);
MUST_USE enum err column_skip(struct rd *r);

/* Bytes as they are, compressed where that helps. */
void bytes_write(struct wr *w, struct packer *p, const uint8_t *bytes, size_t len);
MUST_USE enum err bytes_read(struct rd *r, struct packer *p, uint8_t *bytes, size_t len);

#endif
