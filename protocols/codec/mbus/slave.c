/* slave.c — one M-Bus meter as the bus sees it: addresses, selection, frame count bits, chains.
 *
 * Knows: EN 13757-2 (link services, FCB), EN 13757-3 (selection, application reset), EN 13757-7 (setting the address).
 * Does not know: records, time, the line, other slaves.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "protocols/codec/mbus/slave.h"

#include "core/base/rd.h"
#include "protocols/codec/mbus/apdu.h"

/* Link services of a master: the low nibble of C. */
enum { SERVICE_MASK = 0x0F, SND_NKE = 0x0, SND_UD = 0x3, REQ_UD1 = 0xA, REQ_UD2 = 0xB };

enum { CI_AT = 6, END_LEN = 2 }; /* of a long frame: CI's offset; checksum and stop */
enum { CI_DATA_SEND_MSB = 0x55, CI_RESPONSE_FIXED_MSB = 0x77, CI_BAUD_FIRST = 0xB8, CI_BAUD_LAST = 0xBF };

/* Offsets behind CI. */
enum { LONG_ACCESS_NO = 8, LONG_SECURITY = 11, FIXED_ACCESS_NO = 4, SHORT_ACCESS_NO = 0, SHORT_SECURITY = 3 };

/* --- what a stored frame says of its meter --- */

/* Where the access number stands behind CI, or -1: there is none, or it must not change. */
static int access_no_offset(const struct frame *f)
{
    int access_no = -1, security = -1;
    if (f->ci == CI_RESPONSE_LONG || f->ci == CI_RESPONSE_LONG_MSB) {
        access_no = LONG_ACCESS_NO;
        security = f->ci == CI_RESPONSE_LONG ? LONG_SECURITY : LONG_SECURITY - 1;
    } else if (f->ci == CI_RESPONSE_SHORT) {
        access_no = SHORT_ACCESS_NO;
        security = SHORT_SECURITY;
    } else if (f->ci == CI_RESPONSE_FIXED || f->ci == CI_RESPONSE_FIXED_MSB) {
        access_no = FIXED_ACCESS_NO;
    }
    if (access_no >= (int)f->data_len || security >= (int)f->data_len)
        return -1;
    bool is_encrypted = security >= 0 && (f->data[security] & 0x1F) != 0;
    return is_encrypted ? -1 : access_no;
}

/* The meter's address and the order of bytes it is written in. A fixed data structure names no maker and no version. */
static void read_header(const struct frame *f, struct slave *s)
{
    struct rd r = rd_init(f->raw, f->raw_len - END_LEN);
    struct apdu apdu;
    struct telegram_head head;
    struct value ignored[2];
    rd_skip(&r, CI_AT);
    if (apdu_read(&r, false, &apdu) != ERR_OK)
        return;
    s->is_msb_first = apdu.is_msb_first;
    if (apdu.header == APDU_HEADER_LONG) {
        s->has_address = true;
        s->address = address_of_head(&apdu.head);
    } else if (apdu.content == APDU_FIXED && apdu_read_fixed(&r, apdu.is_msb_first, &head, ignored) == ERR_OK) {
        s->has_address = true;
        s->address = (struct address){ head.ident, ADDRESS_ANY_MAKER, ADDRESS_ANY_BYTE, head.medium };
    }
}

enum err slave_init(struct slave *s, const uint8_t *frame, size_t len, struct err_at *at)
{
    struct frame f;
    enum err e = frame_parse(frame, len, &f, at);
    if (e != ERR_OK)
        return e;
    if (f.kind == FRAME_ACK || f.kind == FRAME_SHORT)
        return err_say_offset(at, ERR_INVALID, 0, "no telegram of a meter: it begins with %02X instead of 68",
                              f.raw[0]);
    if (f.c & FRAME_C_FROM_MASTER)
        return err_say_offset(at, ERR_INVALID, 4, "a request of a master (C field %02X), no answer of a meter", f.c);
    *s = (struct slave){ .a = f.a, .n_telegrams = 1 };
    read_header(&f, s);
    int access_no = access_no_offset(&f);
    if (access_no >= 0)
        s->access_no = f.data[access_no];
    return ERR_OK;
}

/* --- requests --- */

static struct slave_act act_of(enum slave_do what)
{
    return (struct slave_act){ .what = what };
}

/* Whoever does not match is deselected and says nothing, so that one telegram moves the selection on. */
static struct slave_act take_selection(struct slave *s, struct selection wanted)
{
    if (s->address.maker == ADDRESS_ANY_MAKER) { /* not told apart by what its header does not name */
        wanted.mask.maker = ADDRESS_ANY_MAKER;
        wanted.mask.version = ADDRESS_ANY_BYTE;
    }
    s->is_selected = s->has_address && wanted.is_msb_first == s->is_msb_first &&
                     selection_matches(&wanted, &s->address, s->has_fabrication, s->fabrication);
    if (!s->is_selected)
        return act_of(SLAVE_SILENT);
    s->memory[SLAVE_BY_SELECTION] = (struct slave_memory){ 0 };
    return act_of(SLAVE_ACK);
}

static struct slave_act take_reset(struct slave *s, uint8_t a)
{
    if (a == FRAME_A_SELECTED) {
        s->is_selected = false;
        return act_of(SLAVE_SILENT);
    }
    if (a == FRAME_A_BROADCAST)
        s->is_selected = false;
    s->memory[SLAVE_BY_PRIMARY] = (struct slave_memory){ 0 };
    return act_of(SLAVE_ACK);
}

static void take_baud(struct slave *s, uint8_t ci)
{
    static const uint32_t rates[] = { 300, 600, 1200, 2400, 4800, 9600, 19200, 38400 };
    s->baud = rates[ci - CI_BAUD_FIRST];
}

/* Record 01 7A aa. An address that no slave may have is acknowledged by the link all the same, and not taken. */
static void take_records(struct slave *s, const struct frame *request)
{
    struct rd r = rd_init(request->data, request->data_len);
    uint16_t head = rd_u16be(&r);
    uint8_t primary = rd_u8(&r);
    if (rd_ok(&r) && rd_left(&r) == 0 && head == 0x017A && primary <= FRAME_A_LAST_SLAVE)
        s->a = primary;
}

static struct slave_act take_data(struct slave *s, const struct frame *request)
{
    if (request->kind == FRAME_SHORT)
        return act_of(SLAVE_SILENT); /* SND_UD has a CI */
    if (request->ci == CI_APPLICATION_RESET)
        for (size_t i = 0; i < SLAVE_N_WAYS; i++)
            s->memory[i] = (struct slave_memory){ 0 };
    else if (request->ci == CI_DATA_SEND || request->ci == CI_DATA_SEND_MSB)
        take_records(s, request);
    else if (request->ci >= CI_BAUD_FIRST && request->ci <= CI_BAUD_LAST)
        take_baud(s, request->ci);
    return act_of(SLAVE_ACK);
}

/* REQ_UD2: the same frame count bit as before asks for the last telegram again, the other one for the next of the chain
 * (behind the last one the first). Without FCV it is always the present one. */
static struct slave_act take_request(struct slave *s, uint8_t c, enum slave_way way)
{
    if (s->n_telegrams == 0)
        return act_of(SLAVE_ACK);
    struct slave_memory *m = &s->memory[way];
    bool has_fcb = (c & FRAME_C_FCV) != 0, fcb = (c & FRAME_C_FCB) != 0;
    bool is_counted = has_fcb && m->has_sent && m->has_fcb;
    bool is_repeat = is_counted && m->fcb == fcb && m->telegram < s->n_telegrams;
    if (!is_repeat) {
        m->telegram = (m->telegram + (is_counted ? 1 : 0)) % s->n_telegrams;
        m->access_no = s->access_no++;
    }
    m->has_sent = true;
    if (has_fcb) {
        m->has_fcb = true;
        m->fcb = fcb;
    }
    return (struct slave_act){ SLAVE_SEND, way, is_repeat, m->access_no, m->telegram };
}

static bool is_asked(const struct slave *s, uint8_t a)
{
    if (a == FRAME_A_SELECTED)
        return s->is_selected;
    return a == FRAME_A_TEST || a == FRAME_A_BROADCAST || (a == s->a && a <= FRAME_A_LAST_SLAVE);
}

struct slave_act slave_take(struct slave *s, const struct frame *request)
{
    if (request->kind == FRAME_ACK || (request->c & 0xC0) != FRAME_C_FROM_MASTER)
        return act_of(SLAVE_SILENT);
    uint8_t service = request->c & SERVICE_MASK;
    struct selection wanted;
    if (service == SND_UD && request->a == FRAME_A_SELECTED && selection_read(request, &wanted))
        return take_selection(s, wanted);
    if (!is_asked(s, request->a))
        return act_of(SLAVE_SILENT);

    enum slave_way way = request->a == FRAME_A_SELECTED ? SLAVE_BY_SELECTION : SLAVE_BY_PRIMARY;
    struct slave_act act = act_of(SLAVE_SILENT);
    if (service == SND_NKE)
        act = take_reset(s, request->a);
    else if (service == SND_UD)
        act = take_data(s, request);
    else if (service == REQ_UD1)
        act = act_of(SLAVE_ACK); /* no alarm */
    else if (service == REQ_UD2 && request->a != FRAME_A_BROADCAST)
        act = take_request(s, request->c, way);
    return request->a == FRAME_A_BROADCAST ? act_of(SLAVE_SILENT) : act;
}

/* --- answers --- */

void slave_put(struct wr *w, const struct slave *s, const struct slave_act *act, const struct frame *stored)
{
    uint8_t data[FRAME_DATA_MAX];
    struct wr d = wr_init(data, sizeof data);
    wr_bytes(&d, stored->data, stored->data_len);
    int access_no = access_no_offset(stored);
    if (access_no >= 0)
        data[access_no] = act->access_no;
    /* No alarm waits and there is always room for data: ACD and DFC stay 0. */
    frame_put_long(w, FRAME_C_RSP_UD, s->a, stored->ci, data, wr_len(&d));
}
