/* num.h — checked integer arithmetic, and exact decimal numbers: mantissa × 10^exp10.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CORE_BASE_NUM_H
#define CORE_BASE_NUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"

static inline bool num_add(int64_t a, int64_t b, int64_t *out)
{
    return !__builtin_add_overflow(a, b, out);
}
static inline bool num_sub(int64_t a, int64_t b, int64_t *out)
{
    return !__builtin_sub_overflow(a, b, out);
}
static inline bool num_mul(int64_t a, int64_t b, int64_t *out)
{
    return !__builtin_mul_overflow(a, b, out);
}

enum { NUM_TEXT_MAX = 20 };
/* Decimal digits of v without a NUL; returns how many. */
size_t num_text(char out[static NUM_TEXT_MAX], uint64_t v);

struct dec {
    int64_t mantissa;
    int exp10; /* -30…30; callers clamp what comes from outside */
};

enum { DEC_TEXT_MAX = 56 };

/* Plain decimal text, never exponent form: 670e-2 -> "6.70", 5e3 -> "5000", -3e-4 -> "-0.0003". The decimals are the
 * exponent's: nothing is rounded or trimmed. Returns the length; out gets a NUL. */
size_t dec_text(char out[static DEC_TEXT_MAX], struct dec d);

MUST_USE enum err dec_parse(const char *text, struct dec *out); /* "-12.50" -> -1250e-2 */
double dec_to_double(struct dec d);                             /* correctly rounded; for output only */
bool dec_scale(struct dec *d, int64_t factor);                  /* × factor; false on overflow, untouched */
int dec_compare(struct dec a, struct dec b);                    /* <0, 0, >0, exact */

/* The shortest decimal that reads back as the same binary32: how a meter's 32-bit float becomes an exact value.
 * False for NaN and infinities. Of numbers so small that they need an exponent below -30, the digits below are lost. */
bool dec_from_float(float f, struct dec *out);

#endif
