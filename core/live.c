/* live.c — the last reading of every meter, raw.
 *
 * Knows: copies of telegrams and when they came. Does not know: what they mean; the meter list; the time.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/live.h"

#include <stdlib.h>
#include <uthash.h>

#include "core/base/mem.h"
#include "core/base/str.h"

struct live_meter {
    uint32_t meter;          /* the key */
    struct live_entry entry; /* telegrams and their bytes are one allocation */
    UT_hash_handle hh;
};

struct live {
    struct live_meter *meters;
};

struct live *live_create(void)
{
    return xcalloc(1, sizeof(struct live));
}

static void meter_free(struct live *l, struct live_meter *m)
{
    HASH_DEL(l->meters, m);
    free(m->entry.telegrams);
    free(m);
}

void live_free(struct live *l)
{
    struct live_meter *m, *next;
    if (!l)
        return;
    HASH_ITER (hh, l->meters, m, next)
        meter_free(l, m);
    free(l);
}

static struct live_meter *find(const struct live *l, uint32_t meter)
{
    struct live_meter *m;
    HASH_FIND(hh, l->meters, &meter, sizeof meter, m);
    return m;
}

/* The heads of all telegrams and behind them all their bytes, in one piece. */
static struct telegram_raw *copy_chain(const struct telegram_raw *from, size_t n)
{
    size_t n_bytes = 0;
    for (size_t i = 0; i < n; i++)
        n_bytes += from[i].len;
    struct telegram_raw *chain = xmalloc(n * sizeof *chain + n_bytes);
    uint8_t *at = (uint8_t *)(chain + n);
    for (size_t i = 0; i < n; i++) {
        chain[i] = from[i];
        chain[i].bytes = at;
        bytes_copy(at, n_bytes, from[i].bytes, from[i].len);
        at += from[i].len;
        n_bytes -= from[i].len;
    }
    return chain;
}

void live_put(struct live *l, const struct reading *r, int64_t now_ms)
{
    if ((r->status != READOUT_OK && r->status != READOUT_NO_KEY) || r->n_telegrams == 0)
        return;
    struct live_meter *m = find(l, r->meter);
    if (!m) {
        m = xcalloc(1, sizeof *m);
        m->meter = r->meter;
        HASH_ADD(hh, l->meters, meter, sizeof m->meter, m);
    }
    struct telegram_raw *chain = copy_chain(r->telegrams, r->n_telegrams); /* may be a copy of our own */
    free(m->entry.telegrams);
    m->entry = (struct live_entry){ r->utc, now_ms, r->source, r->n_telegrams, chain };
}

const struct live_entry *live_get(const struct live *l, uint32_t meter, int64_t now_ms, int64_t max_age_ms)
{
    const struct live_meter *m = find(l, meter);
    if (!m || (max_age_ms >= 0 && now_ms - m->entry.put_ms > max_age_ms))
        return NULL;
    return &m->entry;
}

void live_forget(struct live *l, uint32_t meter)
{
    struct live_meter *m = find(l, meter);
    if (m)
        meter_free(l, m);
}
