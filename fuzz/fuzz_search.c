/* fuzz_search.c — the meter search against a hostile line: the input is a script of events.
 *
 * First byte: mode, mask and limits. Then events: a byte under 128 and that many bytes arrive (damaged when it is odd), one
 * from 128 on lets time pass to the timer or a part of it, FDh breaks the probe off, as a lost turn does. Behind the
 * script the line is silent. Holds: the search ends, requests are whole frames, progress stays within its bounds, what is
 * found was told and never twice.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>

#include "core/base/bug.h"
#include "core/base/mem.h"
#include "core/base/rd.h"
#include "protocols/codec/mbus/search.h"

enum { STEPS_MAX = 400000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct line {
    struct search *s;
    struct rd script;
    int64_t now_us;
    size_t n_told;
};

static struct search_act begin(struct line *l)
{
    struct xchg_event start = { .what = XEV_START, .now_us = l->now_us, .at_us = INT64_MIN };
    return search_step(l->s, &start);
}

static struct search_act sent(struct line *l)
{
    struct frame f;
    size_t len;
    const uint8_t *request = search_request(l->s, &len);
    BUG_IF(frame_parse(request, len, &f, NULL) != ERR_OK);
    struct xchg_event ev = { .what = XEV_SENT, .now_us = l->now_us, .at_us = l->now_us + 20000 };
    return search_step(l->s, &ev);
}

static struct search_act wait(struct line *l, int64_t until_us)
{
    struct xchg_event ev = { .what = XEV_TIMER };
    uint8_t what = rd_left(&l->script) > 0 ? rd_u8(&l->script) : 0xFF;
    if (what == 0xFD)
        return begin(l);
    if (what < 128) {
        ev.what = XEV_BYTES;
        ev.len = what < rd_left(&l->script) ? what : rd_left(&l->script);
        ev.bytes = rd_bytes(&l->script, ev.len);
        ev.n_damaged = what & 1;
        l->now_us += 1000;
    } else if (until_us > l->now_us) {
        l->now_us = what == 0xFE ? until_us - 1 : until_us;
    }
    ev.now_us = l->now_us;
    return search_step(l->s, &ev);
}

static void check_found(const struct line *l)
{
    const struct search *s = l->s;
    BUG_IF(s->n_found != l->n_told || s->n_unresolved > SEARCH_UNRESOLVED_MAX || s->n_found > s->plan.found_max);
    for (size_t i = 0; i < s->n_found; i++) {
        for (size_t k = 0; k < i; k++) {
            const struct search_meter *a = &s->found[i], *b = &s->found[k];
            bool is_same = a->address.ident == b->address.ident && a->address.maker == b->address.maker &&
                           a->address.version == b->address.version && a->address.medium == b->address.medium;
            bool is_other = a->has_fabrication && b->has_fabrication && a->fabrication != b->fabrication;
            BUG_IF(is_same && !is_other && s->plan.mode != SEARCH_PRIMARY);
        }
    }
}

static void run(struct line *l)
{
    struct search_act a = begin(l);
    int64_t until_us = a.wait_until_us;
    for (size_t steps = 0; a.what != SEARCH_FINISH; steps++) {
        BUG_IF(steps > STEPS_MAX || search_permille(l->s) > 1000);
        switch (a.what) {
        case SEARCH_SEND:
            a = sent(l);
            break;
        case SEARCH_FOUND:
            l->n_told++;
            a = begin(l);
            break;
        case SEARCH_PAUSE:
            a = begin(l);
            break;
        case SEARCH_NOTHING:
        case SEARCH_WAIT:
            a = wait(l, until_us);
            break;
        case SEARCH_FINISH:
            break;
        }
        if (a.what == SEARCH_WAIT)
            until_us = a.wait_until_us;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct line l = { .s = xcalloc(1, sizeof *l.s), .script = rd_init(data, size), .now_us = 1000000 };
    uint8_t how = rd_u8(&l.script);
    struct xchg_timing timing = xchg_timing(&(struct xchg_settings){ .baud = how & 4 ? 2400 : 300 });
    const struct search_plan plan = {
        .mode = (enum search_mode)(how % 3),
        .mask = how & 8 ? 0x1234567F : UINT32_MAX,
        .has_hex = (how & 16) != 0,
        .tries = 1 + (how >> 5 & 1),
        .rounds = 1 + (how >> 6 & 1),
        .found_max = how & 128 ? 2 : SIZE_MAX,
    };
    search_init(l.s, &plan);
    search_set_timing(l.s, &timing);
    run(&l);
    check_found(&l);
    free(l.s);
    return 0;
}
