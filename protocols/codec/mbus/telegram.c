/* telegram.c — one telegram from bytes to values.
 *
 * Knows: in which order the layers stand on wires and on the radio, what each content leads to.
 * Does not know: the layers themselves (frame, wmbus, apdu, secure, compact, record).
 * SPDX-License-Identifier: Apache-2.0
 */
#include "protocols/codec/mbus/telegram.h"

#include "core/base/rd.h"
#include "core/base/str.h"
#include "protocols/codec/mbus/apdu.h"
#include "protocols/codec/mbus/compact.h"
#include "protocols/codec/mbus/crypt.h"
#include "protocols/codec/mbus/frame.h"
#include "protocols/codec/mbus/record.h"
#include "protocols/codec/mbus/secure.h"
#include "protocols/codec/mbus/wmbus.h"

/* A telegram on its way through the layers. */
struct decode {
    struct telegram *t;
    const struct telegram_env *env;
    struct err_at *at;
    const uint8_t *bytes; /* the whole telegram: the input, or its image in t->clear */
    size_t len;           /* by the link's length field */
    size_t received;      /* len, or more on the radio */
};

/* The big arrays stay as they are: only what n_values and text_len count is ever read. */
void telegram_reset(struct telegram *t)
{
    t->link = LINK_AUTO;
    t->c = t->a = t->ci = 0;
    t->has_head = t->has_access = t->has_status = t->has_radio = false;
    t->head = t->radio = (struct telegram_head){ 0 };
    t->security = SECURITY_NONE;
    t->security_mode = 0;
    t->mac = MAC_NONE;
    t->is_fixed = t->is_msb_first = t->is_compact = t->more_follows = false;
    t->format_signature = 0;
    t->has_app_error = t->has_alarm = false;
    t->app_error = t->alarm = 0;
    t->n_values = t->text_len = t->clear_len = 0;
}

static struct rd rd_from(const struct decode *d, size_t offset)
{
    struct rd r = rd_init(d->bytes, d->len);
    rd_skip(&r, offset);
    return r;
}

static size_t offset_of(const struct decode *d, const struct rd *r)
{
    return d->len - rd_left(r);
}

/* --- content --- */

static enum err read_records(struct decode *d, struct rd r, const uint8_t *origin)
{
    struct telegram *t = d->t;
    struct record_reader x = { r, wr_init(t->text, sizeof t->text), origin, t->is_msb_first };
    enum err e = ERR_OK;
    size_t n = 0;
    while (record_is_next(&x)) {
        if (n == TELEGRAM_VALUES_MAX) {
            e = err_say_offset(d->at, ERR_TOO_MANY, (size_t)(x.r.p - origin), "more than %d records",
                               TELEGRAM_VALUES_MAX);
            break;
        }
        struct value *v = &t->values[n];
        e = record_read(&x, v, d->at);
        if (e != ERR_OK)
            break;
        v->index = (uint8_t)n++;
        t->more_follows |= v->kind == VALUE_MORE_FOLLOWS;
    }
    t->n_values = n;
    t->text_len = wr_len(&x.text);
    return e;
}

/* Full frames of radio meters teach the formats of their compact ones. */
static void learn_format(const struct decode *d)
{
    if (!d->env || !d->env->formats || d->t->link != LINK_WMBUS)
        return;
    uint8_t headers[FORMAT_BYTES_MAX];
    struct wr w = wr_init(headers, sizeof headers);
    for (size_t i = 0; i < d->t->n_values; i++)
        wr_bytes(&w, d->t->values[i].dib_vib, d->t->values[i].dib_vib_len);
    if (wr_ok(&w))
        formats_learn(d->env->formats, headers, wr_len(&w));
}

static enum err read_full(struct decode *d, struct rd r)
{
    enum err e = read_records(d, r, d->bytes);
    if (e == ERR_OK)
        learn_format(d);
    return e;
}

static enum err read_fixed(struct decode *d, struct rd r)
{
    struct telegram *t = d->t;
    if (rd_left(&r) < FIXED_LEN || apdu_read_fixed(&r, t->is_msb_first, &t->head, t->values) != ERR_OK)
        return err_say_offset(d->at, ERR_SHORT, d->len, "the fixed data structure ends before its 16 bytes");
    t->is_fixed = t->has_head = t->has_access = t->has_status = true;
    t->n_values = 2;
    return ERR_OK;
}

static enum err read_compact(struct decode *d, struct rd r)
{
    struct telegram *t = d->t;
    uint16_t signature = rd_u16le(&r), crc = rd_u16le(&r);
    if (!rd_ok(&r))
        return err_say_offset(d->at, ERR_SHORT, d->len, "compact frame without signature and CRC");
    t->is_compact = true;
    t->format_signature = signature;
    size_t headers_len, offset = offset_of(d, &r);
    const uint8_t *headers = NULL;
    if (d->env && d->env->formats)
        headers = formats_find(d->env->formats, signature, &headers_len);
    if (!headers)
        return err_say_offset(d->at, ERR_NO_FORMAT, offset - 4, "no full frame with format signature %04X came before",
                              signature);
    uint8_t *full = t->clear + t->clear_len; /* behind the telegram's own image */
    size_t full_len = 0;
    enum err e = compact_expand(headers, headers_len, r.p, rd_left(&r), crc, full, sizeof t->clear - t->clear_len,
                                &full_len, d->at);
    t->clear_len += full_len;
    if (e == ERR_OK)
        e = read_records(d, rd_init(full, full_len), full);
    if (e != ERR_OK && d->at && d->at->has_offset)
        d->at->offset = offset; /* offsets inside the rebuilt records would mislead */
    return e;
}

/* Length, signature, headers: what a compact frame leaves out. */
static enum err read_format(struct decode *d, struct rd r)
{
    size_t offset = offset_of(d, &r);
    uint8_t len = rd_u8(&r);
    uint16_t signature = rd_u16le(&r);
    size_t headers_len = len > 2 && len - 2u <= rd_left(&r) ? len - 2u : rd_left(&r);
    const uint8_t *headers = rd_bytes(&r, headers_len);
    if (!rd_ok(&r))
        return err_say_offset(d->at, ERR_SHORT, d->len, "format frame without length and signature");
    d->t->format_signature = signature;
    if (mbus_crc(headers, headers_len) != signature)
        return err_say_offset(d->at, ERR_CHECKSUM, offset, "format signature %04X does not fit the headers", signature);
    if (d->env && d->env->formats)
        formats_learn(d->env->formats, headers, headers_len);
    return ERR_OK;
}

/* A payload of the maker's own becomes one value that keeps its bytes. */
static enum err read_maker_payload(struct decode *d, struct rd r)
{
    struct value *v = &d->t->values[0];
    *v = (struct value){ .kind = VALUE_MAKER_BLOCK, .quantity = Q_MANUFACTURER_SPECIFIC };
    v->len = (uint16_t)rd_left(&r);
    v->bytes = rd_bytes(&r, v->len);
    d->t->n_values = 1;
    return ERR_OK;
}

static enum err read_content(struct decode *d, const struct apdu *a, size_t payload)
{
    struct rd r = rd_from(d, payload);
    switch (a->content) {
    case APDU_RECORDS:
        return read_full(d, r);
    case APDU_FIXED:
        return read_fixed(d, r);
    case APDU_COMPACT:
        return read_compact(d, r);
    case APDU_FORMAT:
        return read_format(d, r);
    case APDU_APP_ERROR:
        d->t->has_app_error = true;
        d->t->app_error = rd_u8(&r); /* without a byte: unspecified, which is 0 */
        return ERR_OK;
    case APDU_ALARM:
        d->t->has_alarm = true;
        d->t->alarm = rd_u8(&r);
        return ERR_OK;
    case APDU_COMMAND:
    case APDU_TRANSPORT:
        return ERR_OK;
    case APDU_MAKER:
        return read_maker_payload(d, r);
    case APDU_FOREIGN:
        return err_say_offset(d->at, ERR_UNSUPPORTED, payload, "CI %02X: this application layer is not supported",
                              a->ci);
    case APDU_UNKNOWN:
        return err_say_offset(d->at, ERR_UNSUPPORTED, payload - 1, "CI %02X is not known", a->ci);
    }
    return ERR_INTERNAL;
}

/* --- header and security --- */

static void take_header(struct telegram *t, const struct apdu *a)
{
    t->ci = a->ci;
    t->is_msb_first = a->is_msb_first;
    if (a->header == APDU_HEADER_NONE)
        return;
    if (a->header == APDU_HEADER_LONG) {
        t->head = a->head;
        t->has_head = true;
    } else {
        t->head.access_no = a->head.access_no;
        t->head.status = a->head.status;
        t->head.signature = a->head.signature;
    }
    t->has_access = t->has_status = true;
}

/* Layers are opened in place, so what came by wire must leave the caller's buffer first. */
static bool move_to_clear(struct decode *d)
{
    if (d->bytes == d->t->clear)
        return true;
    if (d->len > sizeof d->t->clear)
        return false;
    bytes_copy(d->t->clear, sizeof d->t->clear, d->bytes, d->len);
    d->bytes = d->t->clear;
    d->t->clear_len = d->len;
    return true;
}

/* From the CI field on. `w`: the radio layers, or NULL. */
static enum err decode_apdu(struct decode *d, size_t ci_offset, struct wmbus *w)
{
    struct telegram *t = d->t;
    struct rd r = rd_from(d, ci_offset);
    struct apdu a;
    if (apdu_read(&r, w != NULL, &a) != ERR_OK)
        return err_say_offset(d->at, ERR_SHORT, d->len, "the telegram ends in its header");
    take_header(t, &a);
    size_t payload = offset_of(d, &r);
    if (a.header != APDU_HEADER_NONE && secure_is_announced(a.head.signature, w != NULL)) {
        if (!move_to_clear(d))
            return err_say_offset(d->at, ERR_TOO_BIG, 0, "the telegram is too long");
        struct opening o = { t, d->env, t->clear, d->len, d->received, w, a.header == APDU_HEADER_LONG, d->at };
        enum err e = secure_open_transport(&o, &payload);
        d->len = o.len;
        if (e != ERR_OK)
            return e;
    }
    return read_content(d, &a, payload);
}

/* --- links --- */

static enum err decode_wired(struct decode *d)
{
    enum { CI_OFFSET = 6, TAIL_LEN = 2 };
    struct frame f;
    d->t->link = LINK_WIRED;
    enum err e = frame_parse(d->bytes, d->len, &f, d->at);
    if (e != ERR_OK)
        return e;
    d->t->c = f.c;
    d->t->a = f.a;
    if (f.kind == FRAME_ACK || f.kind == FRAME_SHORT)
        return ERR_OK;
    d->len = d->received = d->len - TAIL_LEN;
    return decode_apdu(d, CI_OFFSET, NULL);
}

static enum err decode_wmbus(struct decode *d)
{
    enum { WMBUS_L_MIN = 10 };
    struct telegram *t = d->t;
    struct wmbus w;
    t->link = LINK_WMBUS;
    if (d->len > WMBUS_RAW_MAX)
        return err_say_offset(d->at, ERR_TOO_BIG, WMBUS_RAW_MAX, "longer than any radio telegram");
    d->len = wmbus_strip(d->bytes, d->len, t->clear);
    d->bytes = t->clear;
    t->clear_len = d->len;
    enum err e = wmbus_parse(d->bytes, d->len, &w, d->at);
    t->c = w.c;
    t->has_radio = t->has_head = w.payload > 0; /* read as far as the link header */
    t->radio = t->head = w.radio;
    if (e != ERR_OK)
        return e;
    d->received = d->len;
    if (w.l >= WMBUS_L_MIN && d->len > w.l + 1u)
        d->len = w.l + 1u; /* receivers append what is not the meter's: signal strength, a CRC, the next telegram */
    if (w.has_ell) {
        t->head.access_no = w.ell_access;
        t->has_access = true;
    }
    if (w.has_ell_crc) {
        struct opening o = { t, d->env, t->clear, d->len, d->len, &w, false, d->at };
        e = secure_open_ell(&o);
        if (e == ERR_OK)
            e = wmbus_parse_afl(d->bytes, d->len, w.payload, &w, d->at);
        if (e != ERR_OK)
            return e;
    }
    return decode_apdu(d, w.payload, &w);
}

/* 68 L L 68, E5 and five bytes from 10h to 16h are wired; all else comes by radio. */
static enum telegram_link guess_link(const uint8_t *bytes, size_t len)
{
    struct rd r = rd_init(bytes, len);
    uint8_t start = rd_u8(&r), l = rd_u8(&r), l_again = rd_u8(&r), again = rd_u8(&r);
    bool is_long = start == 0x68 && (rd_ok(&r) ? again == 0x68 || l == l_again : true);
    bool is_short = start == 0x10 && len == FRAME_SHORT_LEN;
    bool is_ack = start == 0xE5 && len == 1;
    return is_long || is_short || is_ack ? LINK_WIRED : LINK_WMBUS;
}

enum err telegram_decode(struct telegram *t, enum telegram_link link, const uint8_t *bytes, size_t len,
                         const struct telegram_env *env, struct err_at *at)
{
    struct decode d = { t, env, at, bytes, len, len };
    telegram_reset(t);
    if (len == 0)
        return err_say_offset(at, ERR_SHORT, 0, "no bytes");
    if (link == LINK_AUTO)
        link = guess_link(bytes, len);
    switch (link) {
    case LINK_WIRED:
        return decode_wired(&d);
    case LINK_WMBUS:
        return decode_wmbus(&d);
    case LINK_RECORD:
        t->link = LINK_RECORD;
        return read_records(&d, rd_init(bytes, len), bytes);
    case LINK_AUTO:
        break;
    }
    return ERR_INTERNAL;
}
