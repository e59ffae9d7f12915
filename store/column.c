/* column.c — integers of one kind, one after the other, in few bytes.
 *
 * Counters and temperatures differ little from one reading to the next: what is kept is how much each difference is
 * off the usual one. Byte planes (all low bytes, then all next bytes …) keep the noise of the low byte away from the
 * quiet high ones, so that each plane gets its own entropy tables and a plane of zeros costs nothing.
 * Does not know: what the integers mean.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/column.h"

#include <stdlib.h>
#include <zstd.h>

#include "core/base/bug.h"
#include "core/base/mem.h"
#include "core/base/str.h"

enum column_mode {
    COLUMN_CONSTANT, /* base */
    COLUMN_LINE,     /* base, step */
    COLUMN_STEPS,    /* base, usual step, planes of the n - 1 zigzag differences to it */
    COLUMN_LEVELS,   /* base, planes of the n zigzag differences to it */
};
enum plane_mode { PLANE_CONSTANT, PLANE_RAW, PLANE_ZSTD };

enum { MODE_BITS = 2, PLANES_MAX = 8, PLANE_TRY = 192, ZSTD_LEVEL = 1, ZSTD_MAGIC_LEN = 4, PACK_MAX = 1 << 20 };
static const uint8_t zstd_magic[ZSTD_MAGIC_LEN] = { 0x28, 0xB5, 0x2F, 0xFD }; /* RFC 8878 3.1.1; not stored */

struct packer {
    ZSTD_CCtx *c;
    ZSTD_DCtx *d;
    uint8_t *plane;  /* one plane as it is */
    uint8_t *packed; /* one plane compressed, with the magic number */
    uint64_t *words; /* what the planes are cut from */
    uint64_t *other; /* the other way to make them */
    size_t cap;
};

struct packer *packer_create(void)
{
    struct packer *p = xcalloc(1, sizeof *p);
    p->c = ZSTD_createCCtx();
    p->d = ZSTD_createDCtx();
    BUG_IF(!p->c || !p->d);
    BUG_IF(ZSTD_isError(ZSTD_CCtx_setParameter(p->c, ZSTD_c_compressionLevel, ZSTD_LEVEL)));
    BUG_IF(ZSTD_isError(ZSTD_CCtx_setParameter(p->c, ZSTD_c_contentSizeFlag, 0)));
    return p;
}

void packer_free(struct packer *p)
{
    if (!p)
        return;
    ZSTD_freeCCtx(p->c);
    ZSTD_freeDCtx(p->d);
    free(p->plane);
    free(p->packed);
    free(p->words);
    free(p->other);
    free(p);
}

static void packer_reserve(struct packer *p, size_t n)
{
    if (p->cap >= n)
        return;
    p->cap = n;
    p->plane = xrealloc(p->plane, n, 1);
    p->packed = xrealloc(p->packed, ZSTD_compressBound(n) + ZSTD_MAGIC_LEN, 1);
    p->words = xrealloc(p->words, n, sizeof *p->words);
    p->other = xrealloc(p->other, n, sizeof *p->other);
}

static uint64_t zigzag(int64_t v)
{
    return (uint64_t)v << 1 ^ (uint64_t)(v >> 63);
}
static int64_t zigzag_back(uint64_t v)
{
    return (int64_t)(v >> 1 ^ (0 - (v & 1)));
}
static int64_t minus(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a - (uint64_t)b);
}
static int64_t plus(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

/* --- planes --- */

static void plane_header(struct wr *w, enum plane_mode mode, uint64_t arg)
{
    wr_varint(w, arg << MODE_BITS | mode);
}

/* Length of the compressed plane without its magic number; 0: compressing does not help. */
static size_t plane_pack(struct packer *p, const uint8_t *bytes, size_t n)
{
    size_t len = ZSTD_compress2(p->c, p->packed, ZSTD_compressBound(n), bytes, n);
    if (ZSTD_isError(len) || len < ZSTD_MAGIC_LEN || len - ZSTD_MAGIC_LEN >= n)
        return 0;
    return len - ZSTD_MAGIC_LEN;
}

static bool plane_is_constant(const uint8_t *bytes, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (bytes[i] != bytes[0])
            return false;
    return true;
}

static void plane_write(struct wr *w, struct packer *p, const uint8_t *bytes, size_t n, bool is_small)
{
    if (n == 0 || plane_is_constant(bytes, n)) {
        plane_header(w, PLANE_CONSTANT, n ? bytes[0] : 0);
        return;
    }
    size_t len = is_small ? 0 : plane_pack(p, bytes, n);
    if (len) {
        plane_header(w, PLANE_ZSTD, len);
        wr_bytes(w, p->packed + ZSTD_MAGIC_LEN, len);
    } else {
        plane_header(w, PLANE_RAW, n);
        wr_bytes(w, bytes, n);
    }
}

static enum err plane_unpack(struct packer *p, const uint8_t *bytes, size_t len, uint8_t *out, size_t n)
{
    if (len > ZSTD_compressBound(n))
        return ERR_CORRUPT;
    bytes_copy(p->packed, ZSTD_MAGIC_LEN, zstd_magic, ZSTD_MAGIC_LEN);
    bytes_copy(p->packed + ZSTD_MAGIC_LEN, ZSTD_compressBound(p->cap), bytes, len);
    return ZSTD_decompressDCtx(p->d, out, n, p->packed, len + ZSTD_MAGIC_LEN) == n ? ERR_OK : ERR_CORRUPT;
}

/* The plane's bytes in place, in p->plane, or in *constant with NULL. */
static enum err plane_read(struct rd *r, struct packer *p, size_t n, const uint8_t **out, uint8_t *constant)
{
    uint64_t word = rd_varint(r), arg = word >> MODE_BITS;
    enum plane_mode mode = word & ((1 << MODE_BITS) - 1);
    *out = NULL;
    *constant = (uint8_t)arg;
    if (mode == PLANE_CONSTANT)
        return rd_ok(r) ? ERR_OK : ERR_CORRUPT;
    const uint8_t *bytes = arg <= SIZE_MAX ? rd_bytes(r, (size_t)arg) : NULL;
    if (!bytes)
        return ERR_CORRUPT;
    *out = mode == PLANE_ZSTD ? p->plane : bytes;
    if (mode == PLANE_ZSTD)
        return plane_unpack(p, bytes, (size_t)arg, p->plane, n);
    return mode == PLANE_RAW && arg == n ? ERR_OK : ERR_CORRUPT;
}

void bytes_write(struct wr *w, struct packer *p, const uint8_t *bytes, size_t len)
{
    packer_reserve(p, len);
    plane_write(w, p, bytes, len, len < PLANE_TRY);
}

enum err bytes_read(struct rd *r, struct packer *p, uint8_t *bytes, size_t len)
{
    const uint8_t *plane;
    uint8_t constant;
    if (len > PACK_MAX)
        return ERR_CORRUPT;
    packer_reserve(p, len);
    enum err e = plane_read(r, p, len, &plane, &constant);
    if (e)
        return e;
    if (plane)
        bytes_copy(bytes, len, plane, len);
    else
        bytes_fill(bytes, constant, len);
    return ERR_OK;
}

/* --- writing --- */

/* The middle one of up to 15 steps spread over the column: what a step usually is, whatever single ones do. */
static int64_t usual_step(const int64_t *v, size_t n)
{
    enum { SAMPLES = 15 };
    int64_t sample[SAMPLES] = { 0 };
    size_t n_samples = n - 1 < SAMPLES ? n - 1 : SAMPLES;
    for (size_t i = 0; i < n_samples; i++) {
        size_t at = 1 + i * (n - 1) / n_samples, k = i;
        int64_t step = minus(v[at], v[at - 1]);
        for (; k > 0 && sample[k - 1] > step; k--)
            sample[k] = sample[k - 1];
        sample[k] = step;
    }
    return sample[n_samples / 2];
}

/* Constant or line? The two that need no planes. */
static bool write_simple(struct wr *w, const int64_t *v, size_t n)
{
    int64_t step = n > 1 ? minus(v[1], v[0]) : 0;
    for (size_t i = 2; i < n; i++)
        if (minus(v[i], v[i - 1]) != step)
            return false;
    wr_u8(w, step ? COLUMN_LINE : COLUMN_CONSTANT);
    wr_zigzag(w, n ? v[0] : 0);
    if (step)
        wr_zigzag(w, step);
    return true;
}

static uint64_t make_steps(uint64_t *out, const int64_t *v, size_t n, int64_t usual)
{
    uint64_t all = 0;
    for (size_t i = 1; i < n; i++)
        all |= out[i - 1] = zigzag(minus(minus(v[i], v[i - 1]), usual));
    return all;
}

static uint64_t make_levels(uint64_t *out, const int64_t *v, size_t n, int64_t base)
{
    uint64_t all = 0;
    for (size_t i = 0; i < n; i++)
        all |= out[i] = zigzag(minus(v[i], base));
    return all;
}

static unsigned planes_of(uint64_t all)
{
    unsigned n = 1;
    while (n < PLANES_MAX && all >> 8 * n)
        n++;
    return n;
}

static int64_t middle_level(const int64_t *v, size_t n)
{
    int64_t low = v[0], high = v[0];
    for (size_t i = 1; i < n; i++) {
        low = v[i] < low ? v[i] : low;
        high = v[i] > high ? v[i] : high;
    }
    return low + (int64_t)((uint64_t)minus(high, low) / 2);
}

/* About how many bits the words need, each for itself. */
static uint64_t words_cost(const uint64_t *words, size_t n)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < n; i++)
        bits += 64U - (unsigned)__builtin_clzll(words[i] | 1);
    return bits;
}

static void planes_write(struct wr *w, struct packer *p, const uint64_t *words, size_t n, unsigned n_planes,
                         bool is_small)
{
    for (unsigned k = 0; k < n_planes; k++) {
        for (size_t i = 0; i < n; i++)
            p->plane[i] = (uint8_t)(words[i] >> 8 * k);
        plane_write(w, p, p->plane, n, is_small);
    }
}

void column_write(struct wr *w, struct packer *p, const int64_t *v, size_t n, bool is_small)
{
    if (write_simple(w, v, n))
        return;
    packer_reserve(p, n);
    int64_t usual = usual_step(v, n), base = middle_level(v, n);
    uint64_t steps = make_steps(p->words, v, n, usual), levels = make_levels(p->other, v, n, base);
    bool by_level = words_cost(p->other, n) < words_cost(p->words, n - 1);
    unsigned n_planes = planes_of(by_level ? levels : steps);
    wr_u8(w, (uint8_t)((by_level ? COLUMN_LEVELS : COLUMN_STEPS) | (n_planes - 1) << MODE_BITS));
    wr_zigzag(w, by_level ? base : v[0]);
    if (!by_level)
        wr_zigzag(w, usual);
    if (by_level)
        planes_write(w, p, p->other, n, n_planes, is_small);
    else
        planes_write(w, p, p->words, n - 1, n_planes, is_small);
}

/* --- reading --- */

static enum err planes_read(struct rd *r, struct packer *p, size_t n, unsigned n_planes)
{
    for (unsigned k = 0; k < n_planes; k++) {
        const uint8_t *plane;
        uint8_t constant;
        enum err e = plane_read(r, p, n, &plane, &constant);
        if (e)
            return e;
        uint64_t *words = p->words;
        if (k == 0 && plane)
            for (size_t i = 0; i < n; i++)
                words[i] = plane[i];
        else if (k == 0)
            for (size_t i = 0; i < n; i++)
                words[i] = constant;
        else if (plane)
            for (size_t i = 0; i < n; i++)
                words[i] |= (uint64_t)plane[i] << 8 * k;
        else if (constant)
            for (size_t i = 0; i < n; i++)
                words[i] |= (uint64_t)constant << 8 * k;
    }
    return ERR_OK;
}

/* Most columns have one plane: straight from its bytes. */
static enum err read_single_plane(struct rd *r, struct packer *p, const uint8_t **plane, size_t n)
{
    uint8_t constant;
    enum err e = plane_read(r, p, n, plane, &constant);
    if (e || *plane)
        return e;
    bytes_fill(p->plane, constant, n);
    *plane = p->plane;
    return ERR_OK;
}

static enum err read_steps(struct rd *r, struct packer *p, int64_t *v, size_t n, unsigned n_planes)
{
    const uint8_t *plane = NULL;
    int64_t base = rd_zigzag(r), step = rd_zigzag(r);
    size_t n_steps = n ? n - 1 : 0;
    enum err e = n_planes == 1 ? read_single_plane(r, p, &plane, n_steps) : planes_read(r, p, n_steps, n_planes);
    if (e || n == 0)
        return e;
    v[0] = base;
    for (size_t i = 0; plane && i < n_steps; i++)
        v[i + 1] = base = plus(base, plus(step, zigzag_back(plane[i])));
    for (size_t i = 0; !plane && i < n_steps; i++)
        v[i + 1] = base = plus(base, plus(step, zigzag_back(p->words[i])));
    return ERR_OK;
}

static enum err read_levels(struct rd *r, struct packer *p, int64_t *v, size_t n, unsigned n_planes)
{
    const uint8_t *plane = NULL;
    int64_t base = rd_zigzag(r);
    enum err e = n_planes == 1 ? read_single_plane(r, p, &plane, n) : planes_read(r, p, n, n_planes);
    if (e)
        return e;
    for (size_t i = 0; plane && i < n; i++)
        v[i] = plus(base, zigzag_back(plane[i]));
    for (size_t i = 0; !plane && i < n; i++)
        v[i] = plus(base, zigzag_back(p->words[i]));
    return ERR_OK;
}

enum err column_read(struct rd *r, struct packer *p, int64_t *v, size_t n)
{
    uint8_t head = rd_u8(r);
    enum column_mode mode = head & ((1 << MODE_BITS) - 1);
    unsigned n_planes = 1U + (head >> MODE_BITS);
    if (!rd_ok(r) || n_planes > PLANES_MAX)
        return ERR_CORRUPT;
    packer_reserve(p, n + 1);
    if (mode == COLUMN_STEPS)
        return read_steps(r, p, v, n, n_planes);
    if (mode == COLUMN_LEVELS)
        return read_levels(r, p, v, n, n_planes);
    int64_t base = rd_zigzag(r), step = mode == COLUMN_LINE ? rd_zigzag(r) : 0;
    for (size_t i = 0; i < n; i++, base = plus(base, step))
        v[i] = base;
    return rd_ok(r) ? ERR_OK : ERR_CORRUPT;
}

bool column_read_constant(struct rd *r, int64_t *v)
{
    struct rd ahead = *r;
    if (rd_u8(&ahead) != COLUMN_CONSTANT)
        return false;
    int64_t base = rd_zigzag(&ahead);
    if (!rd_ok(&ahead))
        return false;
    *r = ahead;
    *v = base;
    return true;
}

enum err column_skip(struct rd *r)
{
    uint8_t head = rd_u8(r);
    enum column_mode mode = head & ((1 << MODE_BITS) - 1);
    unsigned n_planes = 1U + (head >> MODE_BITS);
    rd_varint(r);
    if (mode == COLUMN_LINE || mode == COLUMN_STEPS)
        rd_varint(r);
    if (mode == COLUMN_CONSTANT || mode == COLUMN_LINE)
        return rd_ok(r) ? ERR_OK : ERR_CORRUPT;
    for (unsigned k = 0; k < n_planes; k++) {
        uint64_t word = rd_varint(r);
        if ((word & ((1 << MODE_BITS) - 1)) != PLANE_CONSTANT)
            rd_skip(r, word >> MODE_BITS);
    }
    return rd_ok(r) ? ERR_OK : ERR_CORRUPT;
}
