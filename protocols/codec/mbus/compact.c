/* compact.c — learnt formats of full frames, and compact frames woven back into full records.
 *
 * Knows: how long a record's header and data are (EN 13757-3), the two CRCs of a compact frame.
 * Does not know: what records mean, which meter sends them, where formats are kept for the next start.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "protocols/codec/mbus/compact.h"

#include <stdlib.h>

#include <uthash.h>

#include "core/base/mem.h"
#include "core/base/rd.h"
#include "core/base/str.h"
#include "core/base/wr.h"
#include "protocols/codec/mbus/crypt.h"

struct format {
    UT_hash_handle hh;
    uint16_t signature;
    uint8_t len;
    uint8_t headers[FORMAT_BYTES_MAX];
};

struct formats {
    struct format *by_signature; /* hash; its order of insertion is the order of use, longest unused first */
    void (*learnt)(void *ctx, uint16_t signature, const uint8_t *headers, size_t len);
    void *learnt_ctx;
};

struct formats *formats_create(void)
{
    return xcalloc(1, sizeof(struct formats));
}

static void forget(struct formats *f, struct format *one)
{
    HASH_DEL(f->by_signature, one);
    free(one);
}

void formats_free(struct formats *f)
{
    if (!f)
        return;
    struct format *one, *next;
    HASH_ITER (hh, f->by_signature, one, next)
        forget(f, one);
    free(f);
}

void formats_set_learnt(struct formats *f,
                        void (*fn)(void *ctx, uint16_t signature, const uint8_t *headers, size_t len), void *ctx)
{
    f->learnt = fn;
    f->learnt_ctx = ctx;
}

/* Finds a format and makes it the most recently used one. */
static struct format *use(struct formats *f, uint16_t signature)
{
    struct format *one;
    HASH_FIND(hh, f->by_signature, &signature, sizeof signature, one);
    if (!one)
        return NULL;
    HASH_DEL(f->by_signature, one);
    HASH_ADD(hh, f->by_signature, signature, sizeof one->signature, one);
    return one;
}

const uint8_t *formats_find(struct formats *f, uint16_t signature, size_t *len_out)
{
    const struct format *one = use(f, signature);
    if (!one)
        return NULL;
    *len_out = one->len;
    return one->headers;
}

void formats_learn(struct formats *f, const uint8_t *headers, size_t len)
{
    if (len == 0 || len > FORMAT_BYTES_MAX)
        return;
    uint16_t signature = mbus_crc(headers, len);
    struct format *one = use(f, signature);
    if (one && bytes_equal(one->headers, one->len, headers, len))
        return;
    if (!one) {
        if (HASH_COUNT(f->by_signature) == FORMATS_MAX)
            forget(f, f->by_signature);
        one = xcalloc(1, sizeof *one);
        one->signature = signature;
        HASH_ADD(hh, f->by_signature, signature, sizeof one->signature, one);
    }
    /* Another format of the same signature: the newer one is the likelier; the data CRC tells when it is not. */
    one->len = (uint8_t)len;
    bytes_copy(one->headers, sizeof one->headers, headers, len);
    if (f->learnt)
        f->learnt(f->learnt_ctx, signature, one->headers, len);
}

enum { LEN_VARIABLE = -1, LEN_REST = -2, EXTENSIONS_MAX = 10 };

/* The extensions of a DIF or VIF, until a byte without bit 7. */
static void skip_extensions(struct rd *r, uint8_t first)
{
    unsigned n = 0;
    for (uint8_t b = first; b & 0x80;) {
        b = rd_u8(r);
        if (++n > EXTENSIONS_MAX)
            r->bad = true;
        if (r->bad)
            return;
    }
}

/* Passes over one record's DIF…VIFE. Gives the length of the data that belongs to it, or LEN_VARIABLE, LEN_REST. */
static int skip_header(struct rd *r)
{
    static const int8_t data_len[16] = { 0, 1, 2, 3, 4, 4, 6, 8, 0, 1, 2, 3, 4, LEN_VARIABLE, 6, 0 };
    enum { DIF_MAKER = 0x0F, DIF_MORE = 0x1F, VIF_PLAIN_TEXT = 0x7C };
    uint8_t dif = rd_u8(r);
    if (dif == DIF_MAKER || dif == DIF_MORE)
        return LEN_REST;
    if ((dif & 0x0F) == 0x0F) /* filler and reserved: a byte on its own */
        return 0;
    skip_extensions(r, dif);
    uint8_t vif = rd_u8(r);
    if ((vif & 0x7F) == VIF_PLAIN_TEXT)
        rd_skip(r, rd_u8(r));
    skip_extensions(r, vif);
    return data_len[dif & 0x0F];
}

/* Length of variable data with its LVAR byte; 0: the LVAR is reserved or missing. */
static size_t variable_len(const struct rd *data)
{
    int lvar = rd_peek(data);
    if (lvar < 0)
        return 0;
    size_t n = (size_t)lvar;
    if (n <= 0xBF)
        return 1 + n;
    if (n >= 0xF0) /* F0…F4: 4·(n − ECh) bytes; F5 48, F6 64 */
        return n <= 0xF4 ? 1 + 4 * (n - 0xEC) : n == 0xF5 ? 1 + 48 : n == 0xF6 ? 1 + 64 : 0;
    return 1 + (n & 0x0F); /* BCD C0…DF, binary E0…EF */
}

static enum err weave_record(struct rd *headers, struct rd *data, struct wr *w)
{
    const uint8_t *header = headers->p;
    int len = skip_header(headers);
    if (!rd_ok(headers))
        return ERR_MALFORMED;
    size_t data_len = (size_t)len;
    if (len == LEN_VARIABLE && (data_len = variable_len(data)) == 0)
        return rd_left(data) ? ERR_UNSUPPORTED : ERR_SHORT;
    if (len == LEN_REST)
        data_len = rd_left(data);
    const uint8_t *bytes = rd_bytes(data, data_len);
    if (!bytes)
        return ERR_SHORT;
    wr_bytes(w, header, (size_t)(headers->p - header));
    wr_bytes(w, bytes, data_len);
    return wr_ok(w) ? ERR_OK : ERR_TOO_BIG;
}

static enum err say_weave(struct err_at *at, enum err e, size_t offset, unsigned record)
{
    const char *why = e == ERR_MALFORMED     ? "the format's header breaks off or has over 10 extensions"
                      : e == ERR_UNSUPPORTED ? "reserved LVAR"
                      : e == ERR_SHORT       ? "the data ends too early"
                                             : "the full frame would be too long";
    return err_say_offset(at, e, offset, "compact frame, record %u: %s", record, why);
}

enum err compact_expand(const uint8_t *headers, size_t headers_len, const uint8_t *data, size_t data_len,
                        uint16_t data_crc, uint8_t *out, size_t size, size_t *len_out, struct err_at *at)
{
    struct rd h = rd_init(headers, headers_len), d = rd_init(data, data_len);
    struct wr w = wr_init(out, size);
    for (unsigned record = 0; rd_left(&h) > 0; record++) {
        size_t offset = data_len - rd_left(&d);
        enum err e = weave_record(&h, &d, &w);
        if (e)
            return say_weave(at, e, offset, record);
    }
    uint16_t crc = mbus_crc(out, wr_len(&w));
    if (crc != data_crc)
        return err_say_offset(at, ERR_CHECKSUM, 0, "compact frame: CRC of the full records is %04Xh, %04Xh was sent",
                              (unsigned)crc, (unsigned)data_crc);
    /* What follows the last record is fill, or for the record parser to complain about. */
    wr_bytes(&w, d.p, rd_left(&d));
    if (!wr_ok(&w))
        return say_weave(at, ERR_TOO_BIG, data_len - rd_left(&d), 0);
    *len_out = wr_len(&w);
    return ERR_OK;
}
