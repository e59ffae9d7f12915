/* num.c — exact decimal numbers as text, and back.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/base/num.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bug.h"

enum { EXP_MAX = 30, DIGITS_MAX = 20 };

static const char pairs[] =
    "00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445464748"
    "49505152535455565758596061626364656667686970717273747576777879808182838485868788899091929394959697"
    "9899";

size_t num_text(char out[static NUM_TEXT_MAX], uint64_t v)
{
    char digits[DIGITS_MAX];
    char *p = digits + sizeof digits;
    for (; v >= 100; v /= 100) {
        p -= 2;
        memcpy(p, pairs + 2 * (v % 100), 2);
    }
    if (v >= 10) {
        p -= 2;
        memcpy(p, pairs + 2 * v, 2);
    } else {
        *--p = (char)('0' + v);
    }
    size_t n = (size_t)(digits + sizeof digits - p);
    memcpy(out, p, n);
    return n;
}

size_t dec_text(char out[static DEC_TEXT_MAX], struct dec d)
{
    BUG_IF(d.exp10 < -EXP_MAX || d.exp10 > EXP_MAX);
    char *p = out;
    if (d.mantissa < 0)
        *p++ = '-';
    size_t n = num_text(p, d.mantissa < 0 ? 0 - (uint64_t)d.mantissa : (uint64_t)d.mantissa);
    if (d.exp10 >= 0) {
        size_t zeros = d.mantissa ? (size_t)d.exp10 : 0;
        memset(p + n, '0', zeros);
        p += n + zeros;
    } else {
        size_t decimals = (size_t)-d.exp10;
        if (n <= decimals) { /* "5" with 3 decimals: move right behind 0.00 */
            size_t zeros = decimals - n + 1;
            memmove(p + zeros, p, n);
            memset(p, '0', zeros);
            n += zeros;
        }
        memmove(p + n - decimals + 1, p + n - decimals, decimals);
        p[n - decimals] = '.';
        p += n + 1;
    }
    *p = 0;
    return (size_t)(p - out);
}

enum err dec_parse(const char *text, struct dec *out)
{
    bool is_negative = *text == '-', too_big = false;
    const char *p = text + is_negative;
    int64_t v = 0;
    int decimals = -1; /* digits after the point; -1: no point yet */
    if (*p < '0' || *p > '9')
        return ERR_SYNTAX;
    for (; *p; p++) {
        if (*p == '.' && decimals < 0 && p[1]) {
            decimals = 0;
            continue;
        }
        if (*p < '0' || *p > '9')
            return ERR_SYNTAX;
        int64_t digit = is_negative ? '0' - *p : *p - '0';
        too_big |= !num_mul(v, 10, &v) || !num_add(v, digit, &v);
        if (decimals >= 0)
            too_big |= ++decimals > EXP_MAX;
    }
    if (too_big)
        return ERR_RANGE;
    *out = (struct dec){ v, decimals > 0 ? -decimals : 0 };
    return ERR_OK;
}

static const double tens[] = { 1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                               1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };

double dec_to_double(struct dec d)
{
    int64_t limit = INT64_C(1) << 53;
    if (d.mantissa > -limit && d.mantissa < limit && d.exp10 >= -22 && d.exp10 <= 22) {
        /* Both are exact doubles, so the one operation rounds rightly. */
        double m = (double)d.mantissa;
        return d.exp10 < 0 ? m / tens[-d.exp10] : m * tens[d.exp10];
    }
    char text[48];
    snprintf(text, sizeof text, "%lldE%d", (long long)d.mantissa, d.exp10);
    return strtod(text, NULL);
}

bool dec_scale(struct dec *d, int64_t factor)
{
    int64_t v;
    if (!num_mul(d->mantissa, factor, &v))
        return false;
    d->mantissa = v;
    return true;
}

static int sign_of(int64_t v)
{
    return (v > 0) - (v < 0);
}

__extension__ typedef __int128 wide_int;

int dec_compare(struct dec a, struct dec b)
{
    if (a.exp10 < b.exp10)
        return -dec_compare(b, a);
    int apart = a.exp10 - b.exp10;
    if (sign_of(a.mantissa) != sign_of(b.mantissa) || a.mantissa == 0)
        return sign_of(a.mantissa) - sign_of(b.mantissa);
    if (apart >= 19) /* 10^19 is more than any mantissa */
        return sign_of(a.mantissa);
    wide_int x = a.mantissa, y = b.mantissa;
    for (int i = 0; i < apart; i++)
        x *= 10;
    return (x > y) - (x < y);
}

/* The usual floats of meters, without text: the least number of decimals that reads back. */
static bool dec_from_common_float(float f, struct dec *out)
{
    double v = (double)f;
    if (fabs(v) >= 16777216 || fabs(v) < 1e-3) /* from 2^24 on whole numbers have shorter forms, too */
        return false;
    for (int decimals = 0; decimals <= 9; decimals++) {
        double m = nearbyint(v * tens[decimals]); /* exact product: 24 + 21 bits */
        double back = m / tens[decimals];
        uint64_t bits;
        memcpy(&bits, &back, sizeof bits);
        /* Halfway between two floats the second rounding could go wrong: leave it to the text way. */
        if ((bits & 0x1FFFFFFF) == 0x10000000)
            return false;
        if ((float)back == f) {
            *out = (struct dec){ (int64_t)m, -decimals };
            return true;
        }
    }
    return false;
}

bool dec_from_float(float f, struct dec *out)
{
    if (!isfinite(f))
        return false;
    if (f == 0.0F) {
        *out = (struct dec){ 0, 0 };
        return true;
    }
    if (dec_from_common_float(f, out))
        return true;
    char text[32];
    int precision = 0;
    do
        snprintf(text, sizeof text, "%.*e", precision, (double)f);
    while (strtof(text, NULL) != f && ++precision < 9);
    /* "-1.2345e+10": the digits without their point are the mantissa */
    int64_t mantissa = 0;
    for (const char *p = text; *p != 'e'; p++) {
        if (*p >= '0' && *p <= '9')
            mantissa = mantissa * 10 + (*p - '0');
    }
    int exp10 = atoi(strchr(text, 'e') + 1) - precision;
    for (; exp10 > 0 && mantissa < INT64_MAX / 10; exp10--)
        mantissa *= 10;
    for (; exp10 < -EXP_MAX; exp10++)
        mantissa /= 10;
    *out = (struct dec){ text[0] == '-' ? -mantissa : mantissa, exp10 };
    return true;
}
