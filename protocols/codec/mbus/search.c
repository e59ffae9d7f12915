/* search.c — finds the meters of one bus, probe by probe.
 *
 * Knows: what the answers to a wildcard mean, what must be doubted, when a meter counts as found.
 * Does not know: descriptors, timers, turns, the meter list; how masks are split (search_tree).
 * SPDX-License-Identifier: Apache-2.0
 */
#include "protocols/codec/mbus/search.h"

#include "core/base/bug.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "protocols/codec/mbus/apdu.h"
#include "protocols/codec/mbus/record.h"

enum {
    LISTENINGS = 2, /* how often all meters are heard before their delay is believed */
    WINDOW_FACTOR = 2,
    WINDOW_EXTRA_US = 20000, /* hosts and networks stutter */
    SPREAD_BYTES = 2,        /* acknowledgements this far apart: the request for data waits for the last */
    C_FUNCTION_MASK = 0x0F,
    HEADER_MIN = 15, /* 68 L L 68 C A CI and the address */
    MAKER_AT = 11,
    FRAME_ACK_BYTE = 0xE5,
};

static const char *const mode_names[] = { "secondary", "primary", "enhanced" };

const char *search_mode_name(enum search_mode m)
{
    return mode_names[m];
}

bool search_mode_parse(const char *text, enum search_mode *out)
{
    for (size_t i = 0; i < COUNT_OF(mode_names); i++) {
        if (str_eq(text, mode_names[i])) {
            *out = (enum search_mode)i;
            return true;
        }
    }
    return false;
}

static struct search_act search_to(struct search *s, enum search_phase next, enum search_do what, int64_t until_us)
{
    s->phase = next; /* the only line that changes the phase */
    return (struct search_act){ what, until_us };
}

static struct search_act from_xchg(struct search *s, struct xchg_act a)
{
    static const enum search_do meaning[] = {
        [XDO_NOTHING] = SEARCH_NOTHING, [XDO_SEND] = SEARCH_SEND, [XDO_WAIT] = SEARCH_WAIT
    };
    BUG_IF(a.what == XDO_FINISH);
    return search_to(s, s->phase, meaning[a.what], a.wait_until_us);
}

static struct search_act from_readout(struct search *s, struct readout_act a)
{
    static const enum search_do meaning[] = {
        [RDO_NOTHING] = SEARCH_NOTHING, [RDO_SEND] = SEARCH_SEND, [RDO_WAIT] = SEARCH_WAIT
    };
    BUG_IF(a.what == RDO_TELEGRAM || a.what == RDO_FINISH);
    return search_to(s, s->phase, meaning[a.what], a.wait_until_us);
}

/* --- how long to wait for an answer --- */

/* The slowest meter has acknowledged after ack_last_us, the network's share included. */
static int64_t window_us(const struct search *s)
{
    int64_t learnt_us = (WINDOW_FACTOR * s->ack_last_us + WINDOW_EXTRA_US) * s->window_scale;
    bool is_second_look = s->depth > 0 && s->nodes[s->depth - 1].is_second_round;
    return s->has_window && !is_second_look && learnt_us < s->timing.window_us ? learnt_us : s->timing.window_us;
}

/* Somebody answers later than was waited for: most likely to the mask that was silent last. That one is next again, where
 * its node is still the present one (true); else the whole walk is to be made again. */
static bool distrust_window(struct search *s)
{
    struct search_node *n = s->depth > 0 ? &s->nodes[s->depth - 1] : NULL;
    s->window_scale *= 2;
    if (n && s->silent_depth == s->depth && s->silent_value < n->next) {
        n->next = s->silent_value;
        s->silent_depth = 0;
        return true;
    }
    s->is_lossy = true;
    return false;
}

static bool is_window_short(const struct search *s)
{
    return s->has_window && window_us(s) < s->timing.window_us;
}

static void note_ack(struct search *s, int64_t now_us)
{
    int64_t delay_us = now_us > s->sent_us ? now_us - s->sent_us : 0;
    if (s->ack_first_us < 0 || delay_us < s->ack_first_us)
        s->ack_first_us = delay_us;
    if (delay_us > s->ack_last_us)
        s->ack_last_us = delay_us;
}

static bool is_spread(const struct search *s)
{
    return s->ack_last_us - s->ack_first_us > SPREAD_BYTES * s->timing.byte_us + WINDOW_EXTRA_US / 2;
}

/* --- who answers --- */

static enum xchg_verdict judge_listen(const void *ctx, const struct frame *f)
{
    (void)ctx, (void)f;
    return VERDICT_STRAY; /* hear them all */
}

static enum xchg_verdict judge_ack(const void *ctx, const struct frame *f)
{
    const struct search *s = ctx;
    if (f->kind != FRAME_ACK)
        return VERDICT_STRAY;
    return is_spread(s) ? VERDICT_TAKE_IF_LAST : VERDICT_TAKE;
}

static enum xchg_verdict judge_data(const void *ctx, const struct frame *f)
{
    (void)ctx;
    if (f->kind == FRAME_ACK)
        return VERDICT_TAKE_IF_LAST;
    bool is_answer = f->kind != FRAME_SHORT && (f->c & C_FUNCTION_MASK) == FRAME_C_RSP_UD;
    return is_answer ? VERDICT_TAKE : VERDICT_STRAY;
}

/* --- requests --- */

static struct search_act begin(struct search *s, enum search_phase phase, xchg_judge_fn *judge,
                               const struct xchg_event *ev)
{
    struct xchg_timing t = s->timing;
    bool is_asking = phase == SEARCH_ASKING;
    t.window_us = is_asking ? s->timing.window_us : window_us(s);
    if (phase == SEARCH_SELECTING && is_spread(s))
        t.gap_us = window_us(s);
    /* Behind a collision the line was seen to be as quick as this; a torn answer would only be split in vain. */
    if (is_asking && s->has_window && window_us(s) + s->timing.collision_us < t.gap_us)
        t.gap_us = window_us(s) + s->timing.collision_us;
    struct xchg_event start = { .what = XEV_START, .now_us = ev->now_us, .at_us = INT64_MIN };
    if (ev->what == XEV_START)
        start.at_us = ev->at_us;
    xchg_init(&s->xchg, &t, 1, judge, s);
    struct wr w = xchg_request(&s->xchg);
    uint8_t a = s->mask.primary >= 0 ? (uint8_t)s->mask.primary : FRAME_A_SELECTED;
    if (is_asking)
        frame_put_short(&w, FRAME_C_REQ_UD2 | FRAME_C_FCB, a);
    else if (s->mask.primary >= 0)
        frame_put_short(&w, FRAME_C_SND_NKE, a);
    else
        selection_put(&w, FRAME_C_SND_UD, &s->mask.selection);
    xchg_request_done(&s->xchg, &w);
    s->n_heard = 0;
    s->phase = phase;
    return from_xchg(s, xchg_step(&s->xchg, &start));
}

static struct search_act begin_verification(struct search *s, const struct xchg_event *ev)
{
    const struct search_meter *c = &s->candidate;
    struct readout_plan p = {
        .is_primary = s->mask.primary >= 0,
        .primary = (uint8_t)(s->mask.primary >= 0 ? s->mask.primary : 0),
        .expected = c->address,
        .selection = { .mask = c->address, .has_fabrication = c->has_fabrication, .fabrication = c->fabrication },
        .selection_tries = s->plan.tries,
        .readout_tries = s->plan.tries,
        .telegrams_max = 1,
    };
    readout_init(&s->readout, &p, &s->timing);
    s->phase = SEARCH_VERIFYING;
    return from_readout(s, readout_step(&s->readout, ev));
}

static struct search_act start_turn(struct search *s, const struct xchg_event *ev)
{
    /* Bytes since the last turn: perhaps an answer that was not waited for. */
    bool is_late = s->turn_end_us != INT64_MIN && ev->at_us != INT64_MIN && ev->at_us >= s->turn_end_us;
    if (is_late && s->task == TASK_PROBE && is_window_short(s) && distrust_window(s)) {
        (void)search_node_next(&s->nodes[s->depth - 1], &s->makers, &s->mask, &s->value);
        s->is_again = false;
    }
    s->n_sends = 0;
    s->is_doubtful = false;
    s->n_probes++;
    switch (s->task) {
    case TASK_LISTEN:
        return begin(s, SEARCH_LISTENING, judge_listen, ev);
    case TASK_PROBE:
        return begin(s, SEARCH_SELECTING, judge_ack, ev);
    case TASK_VERIFY:
        return begin_verification(s, ev);
    }
    return search_to(s, SEARCH_DONE, SEARCH_FINISH, 0);
}

/* --- the walk --- */

static struct search_act end_turn(struct search *s, enum search_task next, enum search_do what, int64_t now_us)
{
    s->task = next;
    s->turn_end_us = now_us;
    return search_to(s, SEARCH_BETWEEN, what, 0);
}

static void push(struct search *s, enum search_split split)
{
    BUG_IF(s->depth == SEARCH_DEPTH);
    s->silent_depth = 0;
    search_node_init(&s->nodes[s->depth++], &s->mask, split);
}

static void mask_root(struct search *s)
{
    s->mask = (struct search_mask){ .primary = -1, .has_hex = s->plan.has_hex };
    s->mask.selection.mask = address_any;
    s->mask.selection.mask.ident = s->plan.mask;
    s->is_again = false;
    s->depth = 0;
    s->has_swept = s->plan.has_hex;
}

static void begin_round(struct search *s)
{
    s->round++;
    s->is_lossy = false;
    s->n_unresolved = 0;
    mask_root(s);
    s->task = s->n_listened < LISTENINGS ? TASK_LISTEN : TASK_PROBE;
    if (s->plan.mode == SEARCH_PRIMARY) {
        s->task = TASK_PROBE;
        push(s, SPLIT_PRIMARY);
        (void)search_node_next(&s->nodes[0], &s->makers, &s->mask, &s->value);
    }
}

static void note_unresolved(struct search *s, const struct search_mask *mask)
{
    for (size_t i = 0; i < s->n_unresolved; i++) {
        const struct search_mask *u = &s->unresolved[i];
        if (u->primary == mask->primary && u->selection.mask.ident == mask->selection.mask.ident)
            return;
    }
    if (s->n_unresolved < SEARCH_UNRESOLVED_MAX)
        s->unresolved[s->n_unresolved++] = *mask;
}

/* The node is through. True: it goes on in another way. */
static bool node_goes_on(struct search *s, struct search_node *n)
{
    bool is_split = n->split != SPLIT_SWEEP && n->split != SPLIT_PRIMARY;
    if (!is_split || n->may_be_one || n->n_found >= 2)
        return false;
    if (search_node_again(n))
        return true;
    if (n->split == SPLIT_FABRICATION && !n->mask.selection.has_fabrication) {
        if (n->mask.selection.mask.maker == ADDRESS_ANY_MAKER) {
            struct search_node was = *n;
            search_node_init(n, &was.mask, SPLIT_MAKER);
            n->maker_bits = was.maker_bits;
            n->n_found = was.n_found;
            return true;
        }
        note_unresolved(s, &n->mask);
    }
    if (n->split == SPLIT_MAKER)
        note_unresolved(s, &n->mask);
    return false;
}

/* Nothing is left to split: another round, if the line asks for it. */
static struct search_act end_walk(struct search *s, int64_t now_us)
{
    if (s->is_lossy && s->round < s->plan.rounds) {
        begin_round(s);
        return end_turn(s, s->task, SEARCH_PAUSE, now_us);
    }
    return search_to(s, SEARCH_DONE, SEARCH_FINISH, 0);
}

static struct search_act walk(struct search *s, enum search_do what, int64_t now_us)
{
    s->is_again = false;
    while (s->depth > 0) {
        struct search_node *n = &s->nodes[s->depth - 1];
        if (search_node_next(n, &s->makers, &s->mask, &s->value))
            return end_turn(s, TASK_PROBE, what, now_us);
        if (node_goes_on(s, n))
            continue;
        bool was_sweep = n->split == SPLIT_SWEEP || n->split == SPLIT_PRIMARY;
        s->depth--;
        s->silent_depth = 0;
        if (s->depth > 0) {
            s->nodes[s->depth - 1].n_found += n->n_found;
        } else if (!was_sweep && !s->has_swept && s->ack_last_us >= 0) {
            mask_root(s);
            s->has_swept = true;
            push(s, SPLIT_SWEEP);
        }
    }
    struct search_act a = end_walk(s, now_us);
    return what == SEARCH_FOUND ? (struct search_act){ what, 0 } : a;
}

/* --- what a probe has brought --- */

static bool is_same(const struct search_meter *a, const struct search_meter *b)
{
    bool is_same_address = a->address.ident == b->address.ident && a->address.maker == b->address.maker &&
                           a->address.version == b->address.version && a->address.medium == b->address.medium;
    if (a->has_fabrication && b->has_fabrication)
        return is_same_address && a->fabrication == b->fabrication;
    return is_same_address;
}

static bool was_found(const struct search *s, const struct search_meter *m)
{
    for (size_t i = 0; i < s->n_found; i++)
        if (is_same(&s->found[i], m) && (s->mask.primary < 0 || s->found[i].primary == m->primary))
            return true;
    return false;
}

static void count_below(struct search *s)
{
    if (s->depth > 0)
        s->nodes[s->depth - 1].n_found++;
}

static void mark_answered(struct search *s)
{
    if (s->depth > 0 && s->value < 32)
        s->nodes[s->depth - 1].answered |= UINT32_C(1) << s->value;
}

/* The bits that all makers have, when several answers overlay bit by bit: a 1 is left only where all send one. Believed
 * only when each byte of the header stands where it belongs, and used only where nothing else tells meters apart. */
static uint16_t heard_maker(const struct search *s)
{
    const uint8_t *h = s->heard;
    size_t n = s->n_heard;
    if (n > s->xchg.request_len && bytes_equal(h, s->xchg.request_len, s->xchg.request, s->xchg.request_len)) {
        h += s->xchg.request_len; /* an echo */
        n -= s->xchg.request_len;
    }
    bool is_header = n >= HEADER_MIN && h[0] == 0x68 && h[3] == 0x68 && h[1] == h[2] && h[6] == CI_RESPONSE_LONG;
    if (!is_header)
        return 0;
    struct rd maker = rd_init(h + MAKER_AT, 2);
    return rd_u16le(&maker) & 0x7FFF;
}

/* Several answer to the mask: split it. */
static struct search_act descend(struct search *s, int64_t now_us)
{
    enum search_split split = search_next_split(&s->mask);
    if (split == SPLIT_NONE) {
        note_unresolved(s, &s->mask);
        return walk(s, SEARCH_PAUSE, now_us);
    }
    uint16_t bits = heard_maker(s);
    push(s, split);
    s->nodes[s->depth - 1].maker_bits = bits;
    return walk(s, SEARCH_PAUSE, now_us);
}

/* A receiver of radio meters stands for many, and answers for one of those selected: enhanced search goes down to the
 * last digit. */
static bool is_to_be_split(const struct search *s)
{
    bool has_digits = s->mask.primary < 0 && search_next_split(&s->mask) == SPLIT_DIGIT;
    return has_digits && (s->is_crowded || s->plan.mode == SEARCH_ENHANCED);
}

static struct search_act descend_for_caution(struct search *s, int64_t now_us)
{
    push(s, SPLIT_DIGIT);
    s->nodes[s->depth - 1].may_be_one = true;
    return walk(s, SEARCH_PAUSE, now_us);
}

static struct search_act once_more(struct search *s, int64_t now_us)
{
    s->is_again = true;
    return end_turn(s, TASK_PROBE, SEARCH_PAUSE, now_us);
}

/* The number of record 0C 78, eight digits as they were sent. */
static bool fabrication_of(const struct frame *f, uint32_t *out)
{
    struct rd r = rd_init(f->raw + 6, f->data_len + 1);
    struct apdu a;
    uint8_t text[FRAME_MAX];
    if (apdu_read(&r, false, &a) != ERR_OK || a.content != APDU_RECORDS)
        return false;
    struct record_reader x = { r, wr_init(text, sizeof text), f->raw, a.is_msb_first };
    struct value v;
    while (record_is_next(&x) && record_read(&x, &v, NULL) == ERR_OK) {
        static const uint8_t wanted[] = { 0x0C, 0x78 };
        if (!bytes_equal(v.dib_vib, v.dib_vib_len, wanted, sizeof wanted) || v.kind != VALUE_NUMBER || v.note)
            continue;
        int64_t left = v.mantissa;
        *out = 0;
        for (unsigned shift = 0; shift < 32 && left >= 0; shift += 4, left /= 10)
            *out |= (uint32_t)(left % 10) << shift;
        return true;
    }
    return false;
}

static struct search_meter meter_of(const struct search *s, const struct frame *f)
{
    struct search_meter m = { .address = address_any, .primary = f->a <= FRAME_A_LAST_SLAVE ? f->a : -1 };
    struct apdu a;
    struct telegram_head head;
    struct value values[2];
    if (s->mask.primary >= 0)
        m.primary = s->mask.primary;
    if (f->kind == FRAME_ACK)
        return m;
    struct rd r = rd_init(f->raw + 6, f->data_len + 1);
    if (apdu_read(&r, false, &a) != ERR_OK)
        return m;
    m.is_known = a.header == APDU_HEADER_LONG && a.head.maker != ADDRESS_ANY_MAKER;
    if (a.header == APDU_HEADER_LONG)
        m.address = address_of_head(&a.head);
    else if (a.content == APDU_FIXED && apdu_read_fixed(&r, a.is_msb_first, &head, values) == ERR_OK)
        m.address.ident = head.ident;
    bool wants_fabrication = s->plan.mode == SEARCH_ENHANCED || s->mask.selection.has_fabrication;
    m.has_fabrication = s->mask.primary < 0 && wants_fabrication && fabrication_of(f, &m.fabrication);
    return m;
}

static bool has_open_digit(uint32_t number)
{
    for (unsigned shift = 0; shift < 32; shift += 4)
        if ((number >> shift & 0xF) == 0xF)
            return true;
    return false;
}

/* What the answer leaves open, the mask may know. False: it does not, or the answer fits no such mask. */
static bool complete(const struct search *s, struct search_meter *m)
{
    const struct selection *asked = &s->mask.selection;
    struct address *a = &m->address;
    if (s->mask.primary >= 0)
        return true;
    if (a->ident == address_any.ident) {
        a->ident = asked->mask.ident;
        if (has_open_digit(a->ident))
            return false;
    }
    if (!m->is_known) {
        a->maker = asked->mask.maker;
        a->version = asked->mask.version;
        a->medium = asked->mask.medium;
    }
    /* The record may tell another number than the one that selects. */
    bool is_told = m->has_fabrication && address_ident_matches(asked->fabrication, m->fabrication);
    if (asked->has_fabrication && !is_told) {
        m->has_fabrication = true;
        m->fabrication = asked->fabrication;
        if (has_open_digit(m->fabrication))
            return false;
    }
    return address_matches(&asked->mask, a);
}

/* Somebody has answered in full. */
static struct search_act take_answer(struct search *s, const struct frame *f, int64_t now_us)
{
    struct search_meter m = meter_of(s, f);
    if (!complete(s, &m))
        return descend(s, now_us);
    if (s->is_doubtful && !s->is_again)
        return once_more(s, now_us);
    s->candidate = m;
    s->is_crowded = s->is_doubtful;
    if (was_found(s, &m)) {
        count_below(s);
        return is_to_be_split(s) ? descend_for_caution(s, now_us) : walk(s, SEARCH_PAUSE, now_us);
    }
    return end_turn(s, TASK_VERIFY, SEARCH_PAUSE, now_us);
}

static struct search_act after_asking(struct search *s, int64_t now_us)
{
    const struct xchg *x = &s->xchg;
    bool has_late_ack = s->n_heard > 1 && s->heard[0] == FRAME_ACK_BYTE && s->mask.primary < 0;
    if (has_late_ack && is_window_short(s))
        (void)distrust_window(s);
    s->is_doubtful = s->is_doubtful || x->has_noise || has_late_ack;
    if (x->err == ERR_OK && x->frame.kind != FRAME_SHORT)
        return take_answer(s, &x->frame, now_us);
    /* An acknowledgement of the mask before, or a lost answer. */
    if (x->err == ERR_NO_ANSWER && is_window_short(s) && distrust_window(s))
        return walk(s, SEARCH_PAUSE, now_us);
    if (x->err == ERR_NO_ANSWER && !s->is_again) {
        s->is_lossy = true;
        return once_more(s, now_us);
    }
    if (s->mask.primary >= 0 && !s->is_again)
        return once_more(s, now_us);
    if (x->err != ERR_NO_ANSWER || search_next_split(&s->mask) == SPLIT_DIGIT)
        return descend(s, now_us);
    note_unresolved(s, &s->mask); /* somebody has this number, and is mute */
    count_below(s);
    return walk(s, SEARCH_PAUSE, now_us);
}

static struct search_act after_selecting(struct search *s, const struct xchg_event *ev)
{
    bool is_root = s->depth == 0 && s->ack_last_us >= 0; /* somebody has acknowledged it before */
    bool is_silent = s->xchg.err == ERR_NO_ANSWER;
    s->silent_depth = is_silent ? s->depth : s->silent_depth;
    s->silent_value = is_silent ? s->value : s->silent_value;
    if (is_silent)
        return is_root ? descend(s, ev->now_us) : walk(s, SEARCH_PAUSE, ev->now_us);
    s->is_doubtful = s->xchg.err != ERR_OK || s->xchg.has_noise;
    mark_answered(s);
    return begin(s, SEARCH_ASKING, judge_data, &(struct xchg_event){ .what = XEV_TIMER, .now_us = ev->now_us });
}

/* All were listened to; when nobody was heard, the window stays the standard's and the first digits are tried. */
static struct search_act after_listening(struct search *s, int64_t now_us)
{
    s->n_listened++;
    if (s->n_listened < LISTENINGS)
        return end_turn(s, TASK_LISTEN, SEARCH_PAUSE, now_us);
    s->has_window = s->ack_last_us >= 0;
    if (s->has_window || !search_mask_is_open(&s->mask))
        return end_turn(s, TASK_PROBE, SEARCH_PAUSE, now_us);
    s->n_heard = 0;
    return descend(s, now_us);
}

static struct search_act verified(struct search *s, int64_t now_us)
{
    count_below(s);
    if (s->n_found < SEARCH_FOUND_MAX)
        s->found[s->n_found++] = s->candidate;
    if (s->candidate.is_known)
        search_makers_add(&s->makers, s->candidate.address.maker);
    bool is_full = s->n_found >= s->plan.found_max || s->n_found == SEARCH_FOUND_MAX;
    if (is_full) { /* nothing is left to do */
        s->depth = 0;
        s->is_lossy = false;
    }
    if (is_full || !is_to_be_split(s))
        return walk(s, SEARCH_FOUND, now_us);
    (void)descend_for_caution(s, now_us);
    return (struct search_act){ SEARCH_FOUND, 0 };
}

static struct search_act after_verifying(struct search *s, bool is_there, int64_t now_us)
{
    unsigned needed = 2; /* a selection and a request */
    if (is_there) {
        s->is_lossy = s->is_lossy || s->n_sends > needed;
        return verified(s, now_us);
    }
    if (s->candidate.has_fabrication && !s->mask.selection.has_fabrication) {
        s->candidate.has_fabrication = false; /* it does not know enhanced selection */
        return end_turn(s, TASK_VERIFY, SEARCH_PAUSE, now_us);
    }
    return descend(s, now_us); /* a ghost: several answers that overlaid to a good one */
}

/* --- the machine --- */

static void note_bytes(struct search *s, const struct xchg_event *ev)
{
    bool is_ack = s->phase == SEARCH_LISTENING || s->phase == SEARCH_SELECTING;
    if (is_ack && s->xchg.echo_at > FRAME_MAX) /* beyond the echo */
        note_ack(s, ev->now_us);
    for (size_t i = 0; s->phase == SEARCH_ASKING && i < ev->len && s->n_heard < SEARCH_HEARD_MAX; i++)
        s->heard[s->n_heard++] = ev->bytes[i];
}

static struct search_act step_xchg(struct search *s, const struct xchg_event *ev)
{
    struct xchg_act a = xchg_step(&s->xchg, ev);
    if (ev->what == XEV_BYTES)
        note_bytes(s, ev);
    if (a.what != XDO_FINISH)
        return from_xchg(s, a);
    if (s->phase == SEARCH_LISTENING)
        return after_listening(s, ev->now_us);
    return s->phase == SEARCH_SELECTING ? after_selecting(s, ev) : after_asking(s, ev->now_us);
}

/* Selected in full, it acknowledges and has no data: there is a meter, of which only the number is known. */
static bool is_blank(const struct search *s)
{
    return s->readout.has_no_data && !s->candidate.is_known;
}

static struct search_act step_readout(struct search *s, const struct xchg_event *ev)
{
    struct readout_act a = readout_step(&s->readout, ev);
    if (a.what == RDO_TELEGRAM || a.what == RDO_FINISH)
        return after_verifying(s, a.what == RDO_TELEGRAM || is_blank(s), ev->now_us);
    return from_readout(s, a);
}

void search_init(struct search *s, const struct search_plan *plan)
{
    BUG_IF(plan->tries == 0 || plan->rounds == 0);
    *s = (struct search){
        .plan = *plan, .turn_end_us = INT64_MIN, .ack_first_us = -1, .ack_last_us = -1, .window_scale = 1
    };
    begin_round(s);
}

void search_set_timing(struct search *s, const struct xchg_timing *timing)
{
    s->timing = *timing;
}

struct search_act search_step(struct search *s, const struct xchg_event *ev)
{
    if (s->phase == SEARCH_DONE)
        return (struct search_act){ ev->what == XEV_START ? SEARCH_FINISH : SEARCH_NOTHING, 0 };
    if (ev->what == XEV_START)
        return start_turn(s, ev);
    if (ev->what == XEV_SENT) {
        s->n_sends++;
        s->sent_us = ev->at_us;
    }
    switch (s->phase) {
    case SEARCH_LISTENING:
    case SEARCH_SELECTING:
    case SEARCH_ASKING:
        return step_xchg(s, ev);
    case SEARCH_VERIFYING:
        return step_readout(s, ev);
    case SEARCH_BETWEEN:
    case SEARCH_DONE:
        break;
    }
    return (struct search_act){ SEARCH_NOTHING, 0 };
}

const uint8_t *search_request(const struct search *s, size_t *len)
{
    const struct xchg *x = s->phase == SEARCH_VERIFYING ? &s->readout.xchg : &s->xchg;
    *len = x->request_len;
    return x->request;
}

/* Each level divides what one value of the level above stands for; the sweep is the last tenth. */
unsigned search_permille(const struct search *s)
{
    double done = 0, share = 1;
    bool is_sweep = s->depth > 0 && s->nodes[0].split == SPLIT_SWEEP;
    if (s->phase == SEARCH_DONE)
        return 1000;
    for (size_t i = 0; i < s->depth; i++) {
        const struct search_node *n = &s->nodes[i];
        share /= n->n;
        done += share * (n->next > 0 ? n->next - 1 : 0);
    }
    done = is_sweep ? 0.9 + done / 10 : s->plan.mode == SEARCH_PRIMARY ? done : done * 0.9;
    return (unsigned)(done * 999);
}

const char *search_phase_name(enum search_phase p)
{
    static const char *const names[] = { "BETWEEN", "LISTENING", "SELECTING", "ASKING", "VERIFYING", "DONE" };
    return names[p];
}
