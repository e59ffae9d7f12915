/* expect.h — holds a decoded telegram against the JSON of an expectation (tests/data/README.md).
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_LIB_EXPECT_H
#define TESTS_LIB_EXPECT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/base/err.h"
#include "protocols/codec/mbus/telegram.h"

/* True when all that `want` states is so. Else `why` says the first difference. */
bool expect_telegram(const json_t *want, const struct telegram *t, enum err err, const struct err_at *at, char *why,
                     size_t size);

/* Reads line `n` of a hex file; false when there is none. */
bool expect_load_hex(const char *path, unsigned n, uint8_t *out, size_t size, size_t *len_out);

#endif
