/* sim_meter.c — one simulated meter: the slave machine and where its telegrams come from.
 *
 * Knows: stored chains, made-up telegrams, keys; how to give a segment meters that differ.
 * Does not know: the line, faults, files.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/sim/sim_meter.h"

#include <stdlib.h>

#include "core/base/bug.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "protocols/codec/mbus/dif.h"
#include "protocols/codec/mbus/telegram.h"
#include "tests/sim/sim_rng.h"

enum { VIF_FABRICATION = 0x78 };

/* Eight decimal digits, four bits each. */
static uint32_t bcd_of(uint64_t n)
{
    uint32_t bcd = 0;
    for (unsigned shift = 0; shift < 32; shift += 4, n /= 10)
        bcd |= (uint32_t)(n % 10) << shift;
    return bcd;
}

/* --- one meter --- */

static void stored_frame(const struct sim_telegram *t, struct frame *out)
{
    BUG_IF(frame_parse(t->bytes, t->len, out, NULL) != ERR_OK); /* checked when it was taken */
}

/* The number that enhanced selection asks for: the record 0C 78 of the telegram. */
static bool find_fabrication(const struct sim_telegram *t, uint32_t *out)
{
    static const uint8_t head[] = { DIF_BCD8, VIF_FABRICATION };
    struct telegram decoded;
    if (telegram_decode(&decoded, LINK_WIRED, t->bytes, t->len, &(struct telegram_env){ 0 }, NULL) != ERR_OK)
        return false; /* encrypted, or odd on purpose: it is sent as it is */
    for (size_t i = 0; i < decoded.n_values; i++) {
        const struct value *v = &decoded.values[i];
        if (v->kind == VALUE_NUMBER && bytes_equal(v->dib_vib, v->dib_vib_len, head, sizeof head)) {
            *out = bcd_of((uint64_t)v->mantissa);
            return true;
        }
    }
    return false;
}

enum err sim_meter_init_stored(struct sim_meter *m, char *name, struct sim_telegram *chain, size_t n, struct err_at *at)
{
    BUG_IF(n == 0);
    struct slave slave, ignored;
    for (size_t i = n; i-- > 0;) { /* the first telegram last: its slave stays */
        enum err e = slave_init(i ? &ignored : &slave, chain[i].bytes, chain[i].len, at);
        if (e != ERR_OK)
            return e;
    }
    *m = (struct sim_meter){ .slave = slave, .name = name, .chain = chain };
    m->slave.n_telegrams = n;
    m->slave.has_fabrication = find_fabrication(&chain[0], &m->slave.fabrication);
    return ERR_OK;
}

void sim_meter_init_made(struct sim_meter *m, const struct sim_made *made)
{
    struct sim_telegram t;
    struct wr w = wr_init(t.bytes, sizeof t.bytes);
    sim_made_put(&w, made, made->installed_utc);
    t.len = wr_len(&w);
    *m = (struct sim_meter){ .name = xstrdup(sim_made_name(made->kind)), .made = *made };
    BUG_IF(slave_init(&m->slave, t.bytes, t.len, NULL) != ERR_OK);
    m->slave.has_fabrication = find_fabrication(&t, &m->slave.fabrication);
}

void sim_meter_fini(struct sim_meter *m)
{
    free(m->name);
    m->name = NULL;
    free(m->chain);
    m->chain = NULL;
}

enum err sim_meter_set_key(struct sim_meter *m, const uint8_t key[static SIM_KEY_LEN], struct err_at *at)
{
    for (size_t i = 0; i < m->slave.n_telegrams; i++) {
        struct frame f;
        struct sim_telegram clear, sealed;
        struct wr w = wr_init(clear.bytes, sizeof clear.bytes), again = wr_init(sealed.bytes, sizeof sealed.bytes);
        stored_frame(&m->chain[i], &f);
        enum err e = sim_open(&w, &f, key, at);
        if (e != ERR_OK)
            return e;
        clear.len = wr_len(&w);
        stored_frame(&clear, &f);
        e = sim_seal(&again, &f, key, at); /* can it be sealed at all? */
        if (e != ERR_OK)
            return e;
        m->chain[i] = clear;
    }
    struct frame first;
    stored_frame(&m->chain[0], &first);
    if (!m->slave.has_fabrication)
        m->slave.has_fabrication = find_fabrication(&m->chain[0], &m->slave.fabrication);
    m->slave.access_no = first.data[8];
    m->has_key = true;
    bytes_copy(m->key, sizeof m->key, key, SIM_KEY_LEN);
    return ERR_OK;
}

/* The telegram that goes out, before C, A and access number are the answer's. */
static void current_telegram(struct sim_meter *m, const struct slave_act *act, int64_t utc, struct sim_telegram *out)
{
    if (m->chain) {
        *out = m->chain[act->telegram];
        return;
    }
    if (!act->is_repeat)
        m->frozen_utc[act->way] = utc;
    struct wr w = wr_init(out->bytes, sizeof out->bytes);
    sim_made_put(&w, &m->made, m->frozen_utc[act->way]);
    out->len = wr_len(&w);
}

static void put_answer(struct sim_meter *m, const struct slave_act *act, int64_t utc, struct wr *w)
{
    struct sim_telegram telegram, plain;
    struct frame f;
    current_telegram(m, act, utc, &telegram);
    stored_frame(&telegram, &f);
    if (!m->has_key) {
        slave_put(w, &m->slave, act, &f);
        return;
    }
    struct wr p = wr_init(plain.bytes, sizeof plain.bytes);
    slave_put(&p, &m->slave, act, &f);
    plain.len = wr_len(&p);
    stored_frame(&plain, &f);
    BUG_IF(sim_seal(w, &f, m->key, NULL) != ERR_OK); /* tried in sim_meter_set_key() */
}

struct slave_act sim_meter_take(struct sim_meter *m, const struct frame *request, int64_t utc, struct wr *w)
{
    struct slave_act act = slave_take(&m->slave, request);
    if (act.what == SLAVE_ACK)
        frame_put_ack(w);
    else if (act.what == SLAVE_SEND)
        put_answer(m, &act, utc, w);
    return act;
}

/* --- a list of them --- */

enum err sim_meters_add(struct sim_meters *ms, struct sim_meter *m, struct err_at *at)
{
    if (ms->n == SIM_METERS_MAX)
        return err_say(at, ERR_TOO_MANY, "more than %d meters", SIM_METERS_MAX);
    ms->at = xrealloc(ms->at, ms->n + 1, sizeof *ms->at);
    ms->at[ms->n++] = *m;
    return ERR_OK;
}

static bool has_ident(const struct sim_meters *ms, uint32_t ident)
{
    for (size_t i = 0; i < ms->n; i++)
        if (ms->at[i].slave.has_address && ms->at[i].slave.address.ident == ident)
            return true;
    return false;
}

static uint32_t free_ident(const struct sim_meters *ms, uint64_t seed)
{
    for (uint64_t attempt = 0;; attempt++) { /* ends: there are 10^8 numbers and few meters */
        uint32_t ident = bcd_of(sim_hash2(seed, 1000 + attempt));
        if (!has_ident(ms, ident))
            return ident;
    }
}

/* The lowest free primary address, or none when all 250 are taken. */
static uint8_t free_primary(const bool taken[static 256])
{
    for (unsigned a = 1; a <= FRAME_A_LAST_SLAVE; a++)
        if (!taken[a])
            return (uint8_t)a;
    return FRAME_A_SELECTED;
}

enum err sim_meters_add_made(struct sim_meters *ms, size_t n, uint64_t seed, struct err_at *at)
{
    bool taken[256] = { false };
    for (size_t i = 0; i < ms->n; i++)
        taken[ms->at[i].slave.a] = true;
    for (size_t i = 0; i < n; i++) {
        uint64_t own_seed = sim_hash2(seed, i);
        uint8_t primary = free_primary(taken);
        taken[primary] = true;
        struct sim_made made;
        struct sim_meter m;
        sim_made_init(&made, (enum sim_made_kind)(i % SIM_MADE_N), free_ident(ms, own_seed), primary, own_seed);
        sim_meter_init_made(&m, &made);
        enum err e = sim_meters_add(ms, &m, at);
        if (e != ERR_OK) {
            sim_meter_fini(&m);
            return e;
        }
    }
    return ERR_OK;
}

void sim_meters_fini(struct sim_meters *ms)
{
    for (size_t i = 0; i < ms->n; i++)
        sim_meter_fini(&ms->at[i]);
    free(ms->at);
    *ms = (struct sim_meters){ 0 };
}
