/* vmbus_wire.c — a wire that does not exist, with every meter as a slave on it.
 *
 * Knows: who is asked by a frame, when a chain is copied anew, how answers overlay, that nothing can be written.
 * Does not know: connections, the store, how old values may be (a chain says until when it is good).
 * SPDX-License-Identifier: Apache-2.0
 */
#include "protocols/vmbus_wire.h"

#include <stdlib.h>
#include <uthash.h>

#include "core/base/mem.h"
#include "core/base/rd.h"
#include "core/base/str.h"
#include "protocols/codec/mbus/apdu.h"
#include "protocols/codec/mbus/blank.h"
#include "protocols/codec/mbus/record.h"

enum { SERVICE_MASK = 0x0F, SND_NKE = 0x0, SND_UD = 0x3, REQ_UD2 = 0xB };
enum { CI_AT = 6, END_LEN = 2, DIF_BCD8 = 0x0C, VIF_FABRICATION = 0x78, TEXT_MAX = 1024, CHECKSUM_FROM_END = 2 };
enum { CHAIN_KEPT_MS = 30000 };

/* --- the net --- */

struct vmbus_member {
    uint32_t meter;     /* the key */
    struct slave slave; /* at rest: nobody has asked it anything */
    UT_hash_handle hh;
};

static struct vmbus_member *find(const struct vmbus_net *net, uint32_t meter)
{
    struct vmbus_member *m;
    HASH_FIND(hh, net->members, &meter, sizeof meter, m);
    return m;
}

/* The fabrication number that the telegram itself has, record 0C 78. */
static void find_fabrication(const struct frame *f, struct slave *s)
{
    struct rd r = rd_init(f->raw, f->raw_len - END_LEN);
    struct apdu apdu;
    struct value v;
    uint8_t text[TEXT_MAX];
    rd_skip(&r, CI_AT);
    if (apdu_read(&r, false, &apdu) != ERR_OK || apdu.content != APDU_RECORDS || apdu.head.signature != 0)
        return;
    struct record_reader x = { r, wr_init(text, sizeof text), f->raw, apdu.is_msb_first };
    while (record_is_next(&x) && record_read(&x, &v, NULL) == ERR_OK) {
        if (v.dib_vib_len != 2 || v.dib_vib[0] != DIF_BCD8 || v.dib_vib[1] != VIF_FABRICATION)
            continue;
        struct rd digits = rd_init(v.dib_vib + 2, 4);
        s->has_fabrication = true;
        s->fabrication = apdu.is_msb_first ? rd_u32be(&digits) : rd_u32le(&digits);
        return;
    }
}

static bool slave_of(struct slave *s, const struct meter *m, const uint8_t *telegram, size_t len)
{
    struct frame f;
    if (slave_init(s, telegram, len, NULL) != ERR_OK || frame_parse(telegram, len, &f, NULL) != ERR_OK)
        return false;
    s->a = m->addressing == ADDRESSING_PRIMARY && m->primary >= 0 ? (uint8_t)m->primary : FRAME_A_SELECTED;
    if (m->has_enhanced) {
        s->has_fabrication = true;
        s->fabrication = m->enhanced;
    } else {
        find_fabrication(&f, s);
    }
    return true;
}

void vmbus_net_put(struct vmbus_net *net, const struct meter *m, const uint8_t *telegram, size_t len)
{
    struct slave s;
    if (!telegram || !slave_of(&s, m, telegram, len)) {
        vmbus_net_remove(net, m->id);
        return;
    }
    struct vmbus_member *member = find(net, m->id);
    if (!member) {
        member = xcalloc(1, sizeof *member);
        member->meter = m->id;
        HASH_ADD(hh, net->members, meter, sizeof member->meter, member);
    }
    member->slave = s;
}

void vmbus_net_remove(struct vmbus_net *net, uint32_t meter)
{
    struct vmbus_member *m = find(net, meter);
    if (!m)
        return;
    HASH_DEL(net->members, m);
    free(m);
}

void vmbus_net_clear(struct vmbus_net *net)
{
    struct vmbus_member *m, *next;
    HASH_ITER (hh, net->members, m, next) {
        HASH_DEL(net->members, m);
        free(m);
    }
}

size_t vmbus_net_count(const struct vmbus_net *net)
{
    return HASH_COUNT(net->members);
}

/* --- slots --- */

static void drop_chain(struct vmbus_chain *c)
{
    free(c->telegrams);
    *c = (struct vmbus_chain){ 0 };
}

static void empty_slots(struct vmbus_wire *w, enum slave_way way)
{
    for (size_t i = 0; i < VMBUS_TALKERS; i++) {
        drop_chain(&w->slots[way][i].chain);
        w->slots[way][i].meter = 0;
    }
}

/* False when that was the last one of interest. */
static bool fill_slot(struct vmbus_slot slots[VMBUS_TALKERS], size_t at, uint32_t meter, const struct slave *s)
{
    slots[at].meter = meter;
    slots[at].slave = *s;
    return at + 1 < VMBUS_TALKERS;
}

/* Whoever answers the selection is selected; all others are not, as the standard wants it. */
static void select_members(struct vmbus_wire *w, const struct frame *request)
{
    size_t n = 0;
    const struct vmbus_member *m;
    empty_slots(w, SLAVE_BY_SELECTION);
    for (m = w->net->members; m; m = m->hh.next) {
        struct slave trial = m->slave;
        bool is_selected = slave_take(&trial, request).what == SLAVE_ACK;
        if (is_selected && !fill_slot(w->slots[SLAVE_BY_SELECTION], n++, m->meter, &trial))
            return;
    }
}

static bool has_primary(const struct slave *s, uint8_t a)
{
    return a == FRAME_A_TEST || (s->a == a && a <= FRAME_A_LAST_SLAVE);
}

static void turn_to_primary(struct vmbus_wire *w, uint8_t a)
{
    size_t n = 0;
    const struct vmbus_member *m;
    if (w->primary == a && w->slots[SLAVE_BY_PRIMARY][0].meter)
        return;
    empty_slots(w, SLAVE_BY_PRIMARY);
    w->primary = a;
    for (m = w->net->members; m; m = m->hh.next)
        if (has_primary(&m->slave, a) && !fill_slot(w->slots[SLAVE_BY_PRIMARY], n++, m->meter, &m->slave))
            return;
}

/* --- what a slave answers --- */

/* What a data request asks for, by its frame count bit. */
enum wish { WISH_PRESENT, WISH_NEXT, WISH_REPEAT };

static enum wish wish_of(const struct slave_memory *m, uint8_t c)
{
    bool fcb = (c & FRAME_C_FCB) != 0;
    if (!(c & FRAME_C_FCV) || !m->has_sent || !m->has_fcb)
        return WISH_PRESENT;
    return fcb == m->fcb ? WISH_REPEAT : WISH_NEXT;
}

/* A master in the midst of a chain, or who asks for the same telegram again, gets what he began with. But to repeat is
 * a matter of seconds: a master that never toggles the bit must not be given the same old data for ever. */
static bool is_chain_kept(const struct vmbus_slot *s, enum wish wish, size_t telegram, int64_t now_ms)
{
    if (s->chain.n == 0 || now_ms - s->chain.loaded_ms > CHAIN_KEPT_MS)
        return false;
    return wish == WISH_REPEAT || (wish == WISH_NEXT && telegram + 1 < s->chain.n);
}

/* Brings the copy of the meter's telegrams up to date where it should be; the first of them comes next then. */
static void refresh(const struct vmbus_wire *w, struct vmbus_slot *s, enum slave_way way, uint8_t c, int64_t now_ms)
{
    struct slave_memory *m = &s->slave.memory[way];
    enum wish wish = wish_of(m, c);
    if (is_chain_kept(s, wish, m->telegram, now_ms))
        return;
    drop_chain(&s->chain);
    if (find(w->net, s->meter))
        w->net->load(w->net->ctx, s->meter, now_ms, &s->chain);
    s->chain.loaded_ms = now_ms;
    s->slave.n_telegrams = s->chain.n;
    if (wish != WISH_REPEAT)
        m->telegram = wish == WISH_NEXT && s->chain.n > 0 ? s->chain.n - 1 : 0; /* the one before the first */
}

static void put_telegram(struct vmbus_wire *w, const struct vmbus_slot *s, const struct slave_act *act, int64_t now_ms,
                         struct wr *out)
{
    uint8_t bytes[FRAME_MAX];
    struct wr blank = wr_init(bytes, sizeof bytes);
    struct frame f;
    const struct vmbus_telegram *t = &s->chain.telegrams[act->telegram];
    if (frame_parse(t->bytes, t->len, &f, NULL) != ERR_OK)
        return; /* net and chain were looked at before: never */
    w->n_answers++;
    if (now_ms > s->chain.good_until_ms) {
        w->n_expired++;
        if (!blank_put(&blank, &f) || frame_parse(bytes, wr_len(&blank), &f, NULL) != ERR_OK) {
            frame_put_ack(out); /* no data */
            return;
        }
    }
    slave_put(out, &s->slave, act, &f);
}

static void ask(struct vmbus_wire *w, struct vmbus_slot *s, const struct frame *request, int64_t now_ms, struct wr *out)
{
    bool is_data_request = (request->c & SERVICE_MASK) == REQ_UD2;
    if (is_data_request)
        refresh(w, s, request->a == FRAME_A_SELECTED ? SLAVE_BY_SELECTION : SLAVE_BY_PRIMARY, request->c, now_ms);
    if (is_data_request && s->chain.n == 0)
        return; /* the meter was removed meanwhile */
    struct slave_act act = slave_take(&s->slave, request);
    if (act.what == SLAVE_ACK)
        frame_put_ack(out);
    else if (act.what == SLAVE_SEND)
        put_telegram(w, s, &act, now_ms, out);
}

/* The wire is idle at 1: who sends 0 wins. A right checksum by chance would make a meter that is not there. */
static void overlay(struct wr *out, const struct wr *other)
{
    struct frame f;
    size_t len = wr_len(out), other_len = wr_len(other);
    bool is_alone = len == 0 || other_len == 0, is_same = bytes_equal(out->start, len, other->start, other_len);
    for (size_t i = 0; i < len && i < other_len; i++)
        out->start[i] &= other->start[i];
    if (other_len > len)
        wr_bytes(out, other->start + len, other_len - len);
    if (!is_alone && !is_same && frame_parse(out->start, wr_len(out), &f, NULL) == ERR_OK)
        out->start[wr_len(out) - CHECKSUM_FROM_END] ^= 0x01;
}

/* --- requests --- */

/* Nothing can be written to a meter from here: no address, no rate, no selection of records. To stay silent is to say so.
 * An application reset only begins the chain anew. */
static bool is_refused(const struct frame *request)
{
    return (request->c & SERVICE_MASK) == SND_UD && request->ci != CI_APPLICATION_RESET;
}

static void reset_all(struct vmbus_wire *w)
{
    empty_slots(w, SLAVE_BY_SELECTION);
    empty_slots(w, SLAVE_BY_PRIMARY);
    w->primary = -1;
}

static void take(struct vmbus_wire *w, const struct frame *request, int64_t now_ms, struct wr *out)
{
    struct selection ignored;
    enum slave_way way = request->a == FRAME_A_SELECTED ? SLAVE_BY_SELECTION : SLAVE_BY_PRIMARY;
    uint8_t service = request->c & SERVICE_MASK;
    if (service == SND_UD && request->a == FRAME_A_SELECTED && selection_read(request, &ignored)) {
        select_members(w, request);
        if (w->slots[way][0].meter)
            frame_put_ack(out);
        return;
    }
    if (request->a == FRAME_A_BROADCAST) {
        if (service == SND_NKE)
            reset_all(w);
        return;
    }
    if (is_refused(request))
        return;
    if (way == SLAVE_BY_PRIMARY)
        turn_to_primary(w, request->a);
    for (size_t i = 0; i < VMBUS_TALKERS && w->slots[way][i].meter; i++) {
        uint8_t bytes[FRAME_MAX];
        struct wr answer = wr_init(bytes, sizeof bytes);
        ask(w, &w->slots[way][i], request, now_ms, &answer);
        overlay(out, &answer);
    }
    if (service == SND_NKE && way == SLAVE_BY_SELECTION)
        empty_slots(w, way);
}

void vmbus_wire_push(struct vmbus_wire *w, int64_t now_ms, struct rd bytes, vmbus_out_fn *out, void *ctx)
{
    while (rd_left(&bytes) > 0) {
        enum framer_state state;
        struct frame f;
        rd_skip(&bytes, framer_feed(&w->framer, bytes.p, rd_left(&bytes)));
        while ((state = framer_next(&w->framer, &f)) != FRAMER_NEED_MORE) {
            uint8_t answer[FRAME_MAX];
            struct wr a = wr_init(answer, sizeof answer);
            if (state != FRAMER_FRAME || f.kind == FRAME_ACK || !(f.c & FRAME_C_FROM_MASTER))
                continue;
            w->n_requests++;
            take(w, &f, now_ms, &a);
            if (wr_len(&a) > 0)
                out(ctx, answer, wr_len(&a));
        }
    }
}

void vmbus_wire_idle(struct vmbus_wire *w)
{
    framer_init(&w->framer);
}

void vmbus_wire_init(struct vmbus_wire *w, const struct vmbus_net *net)
{
    *w = (struct vmbus_wire){ .net = net, .primary = -1 };
    framer_init(&w->framer);
}

void vmbus_wire_fini(struct vmbus_wire *w)
{
    reset_all(w);
}
