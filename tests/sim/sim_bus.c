/* sim_bus.c — the wire of a simulated segment: bytes take their time, answers overlay, faults strike.
 *
 * Knows: 11 bits a character (EN 13757-2), that several answers at once are the AND of their bits, when a frame ends.
 * Does not know: terminals, sockets, the clock, what telegrams say.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/sim/sim_bus.h"

#include <stdlib.h>

#include "core/base/bug.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"

enum {
    CHAR_BITS = 11,
    QUEUE_MAX = 4096,
    ANSWER_MAX = FRAME_MAX + 16, /* with noise in front */
    IDLE_BITS = 33,              /* a longer pause inside a frame ends it */
    OUT_MAX = 512,
};

static const int64_t s_ns = 1000000000, ms_ns = 1000000;
static const int64_t idle_min_ns = 20 * ms_ns; /* converters and networks stutter more than a meter would accept */
static const int64_t at_once_ns = 1000;        /* without a line rate the bytes of an answer are this close together */

/* A character that the host sent, until its last bit is on the wire. */
struct queued {
    int64_t end_ns;
    uint8_t byte;
};

/* A meter that answers. Its n-th character ends at start_ns + n * char_ns. */
struct talker {
    int64_t start_ns, char_ns;
    size_t len, sent;
    uint8_t bytes[ANSWER_MAX];
};

struct sim_bus {
    struct sim_bus_cfg cfg;
    struct sim_bus_ops ops;
    struct sim_meters *meters;
    struct sim_faults *faults;
    struct sim_stats *stats;
    bool rates_differ; /* a meter was told another rate: from now on the host's own rate matters */
    /* host to meters: a ring, in order of time */
    struct queued queue[QUEUE_MAX];
    size_t first, n_queued;
    int64_t wire_free_ns; /* when the last queued character is over */
    struct framer framer;
    int64_t last_end_ns; /* of the last character that the meters have seen */
    bool is_quiet;       /* the next character begins a request … */
    bool is_echoing;     /* … and whether this one comes back */
    /* meters to host */
    struct talker *talkers;
    size_t n_talkers, talkers_room;
    /* for the host, collected during one run */
    uint8_t out[OUT_MAX];
    size_t out_len;
};

struct sim_bus *sim_bus_create(const struct sim_bus_cfg *cfg, const struct sim_bus_ops *ops, struct sim_meters *meters,
                               struct sim_faults *faults, struct sim_stats *stats)
{
    struct sim_bus *b = xcalloc(1, sizeof *b);
    b->cfg = *cfg;
    b->ops = *ops;
    b->meters = meters;
    b->faults = faults;
    b->stats = stats;
    for (size_t i = 0; i < meters->n; i++)
        meters->at[i].slave.baud = cfg->baud;
    sim_bus_new_host(b);
    return b;
}

void sim_bus_free(struct sim_bus *b)
{
    if (!b)
        return;
    free(b->talkers);
    free(b);
}

void sim_bus_new_host(struct sim_bus *b)
{
    framer_init(&b->framer);
    b->n_queued = 0;
    b->n_talkers = 0;
    b->is_quiet = true;
    b->is_echoing = false;
}

/* --- time on the wire --- */

/* What the wire runs at: the host's rate as soon as meters have different ones and it can be seen. */
static uint32_t line_baud(const struct sim_bus *b)
{
    uint32_t host = b->rates_differ && b->cfg.baud > 0 ? b->ops.host_baud(b->ops.ctx) : 0;
    return host > 0 ? host : b->cfg.baud;
}

static int64_t bits_ns(const struct sim_bus *b, uint32_t bits)
{
    uint32_t baud = line_baud(b);
    return baud > 0 ? (int64_t)bits * s_ns / baud : 0;
}

static int64_t char_end_ns(const struct talker *t, size_t n_chars)
{
    return t->start_ns + (int64_t)n_chars * t->char_ns;
}

/* When those who talk at that moment have finished. */
static int64_t talk_over_ns(const struct sim_bus *b, int64_t now_ns)
{
    int64_t over_ns = now_ns;
    for (size_t i = 0; i < b->n_talkers; i++) {
        int64_t end_ns = char_end_ns(&b->talkers[i], b->talkers[i].len);
        if (b->talkers[i].start_ns <= now_ns && end_ns > over_ns)
            over_ns = end_ns;
    }
    return over_ns;
}

/* --- to the host --- */

static void flush_out(struct sim_bus *b)
{
    if (b->out_len == 0)
        return;
    b->stats->bytes_out += b->out_len;
    b->ops.out(b->ops.ctx, b->out, b->out_len);
    b->out_len = 0;
}

static void put_out(struct sim_bus *b, uint8_t byte)
{
    if (b->out_len == sizeof b->out)
        flush_out(b);
    b->out[b->out_len++] = byte;
}

/* The end of the next character that some meter sends, or INT64_MAX. */
static int64_t next_talk_ns(const struct sim_bus *b)
{
    int64_t next_ns = INT64_MAX;
    for (size_t i = 0; i < b->n_talkers; i++) {
        int64_t end_ns = char_end_ns(&b->talkers[i], b->talkers[i].sent + 1);
        next_ns = end_ns < next_ns ? end_ns : next_ns;
    }
    return next_ns;
}

/* One character arrives at the host: the AND of what all meters send that talk at that time. Idle is all ones. */
static void hear_talkers(struct sim_bus *b, int64_t end_ns)
{
    uint8_t byte = 0xFF;
    for (size_t i = 0; i < b->n_talkers;) {
        struct talker *t = &b->talkers[i];
        if (char_end_ns(t, t->sent + 1) > end_ns + t->char_ns / 2) {
            i++;
            continue;
        }
        byte &= t->bytes[t->sent++];
        if (t->sent == t->len)
            *t = b->talkers[--b->n_talkers];
        else
            i++;
    }
    b->stats->busy_ns += bits_ns(b, CHAR_BITS);
    put_out(b, byte);
}

static void add_talker(struct sim_bus *b, int64_t start_ns, const struct wr *answer)
{
    if (b->n_talkers == b->talkers_room) {
        b->talkers_room = b->talkers_room > 0 ? 2 * b->talkers_room : 16;
        b->talkers = xrealloc(b->talkers, b->talkers_room, sizeof *b->talkers);
    }
    struct talker *t = &b->talkers[b->n_talkers++];
    t->start_ns = start_ns;
    t->char_ns = b->cfg.baud > 0 ? bits_ns(b, CHAR_BITS) : 1; /* apart even when no time passes, to keep their order */
    t->len = wr_len(answer);
    t->sent = 0;
    bytes_copy(t->bytes, sizeof t->bytes, answer->start, t->len);
}

/* --- requests --- */

/* Past the limit of the standard, 330 bits and 50 ms, at 2400 baud when there is no rate. */
static int64_t too_late_ns(const struct sim_bus *b)
{
    uint32_t baud = line_baud(b) > 0 ? line_baud(b) : 2400;
    return (330 * s_ns / baud + 50 * ms_ns) * 5 / 4;
}

/* The answer announces another telegram behind it: DIF 1Fh as its last byte. */
static void make_endless(struct wr *answer)
{
    uint8_t data[FRAME_DATA_MAX];
    struct wr d = wr_init(data, sizeof data);
    struct frame f;
    if (frame_parse(answer->start, wr_len(answer), &f, NULL) != ERR_OK || f.kind != FRAME_LONG ||
        f.data_len >= sizeof data)
        return;
    wr_bytes(&d, f.data, f.data_len);
    if (data[f.data_len - 1] != 0x1F)
        wr_u8(&d, 0x1F);
    *answer = wr_init(answer->start, (size_t)(answer->end - answer->start));
    frame_put_long(answer, f.c, f.a, f.ci, data, wr_len(&d));
}

/* Application error 8, "too busy", in place of the data. */
static void make_busy(struct wr *answer, uint8_t a)
{
    static const uint8_t code[] = { 8 };
    *answer = wr_init(answer->start, (size_t)(answer->end - answer->start));
    frame_put_long(answer, FRAME_C_RSP_UD, a, 0x70, code, sizeof code);
}

static bool hears(const struct sim_bus *b, const struct sim_meter *m)
{
    return b->cfg.baud == 0 || m->slave.baud == line_baud(b);
}

static void trace(const char *what, const uint8_t *bytes, size_t len)
{
    char hex[2 * ANSWER_MAX + 1];
    if (!log_wants_debug())
        return;
    str_to_hex(hex, bytes, len);
    log_debug("bus", "%s %s", what, hex);
}

/* Lets one meter take the request. True when bytes of it come on the wire. */
static bool ask_meter(struct sim_bus *b, struct sim_meter *m, const struct frame *request, int64_t end_ns, int64_t utc)
{
    uint8_t bytes[ANSWER_MAX];
    struct wr answer = wr_init(bytes, sizeof bytes);
    struct frame asked = *request;
    if (asked.c & FRAME_C_FCV && sim_faults_strike(b->faults, SIM_FAULT_FCB))
        asked.c ^= FRAME_C_FCB;
    uint32_t baud = m->slave.baud;
    struct slave_act act = sim_meter_take(m, &asked, utc, &answer);
    if (m->slave.baud != baud)
        b->rates_differ = true;
    if (act.what == SLAVE_SILENT || sim_faults_strike(b->faults, SIM_FAULT_DROP))
        return false;
    if (act.what == SLAVE_SEND && sim_faults_strike(b->faults, SIM_FAULT_BUSY))
        make_busy(&answer, m->slave.a);
    else if (act.what == SLAVE_SEND && sim_faults_strike(b->faults, SIM_FAULT_ENDLESS))
        make_endless(&answer);
    int64_t start_ns = end_ns + bits_ns(b, b->cfg.delay_bits + m->delay_bits);
    if (sim_faults_strike(b->faults, SIM_FAULT_LATE))
        start_ns = end_ns + too_late_ns(b);
    answer.p = bytes + sim_faults_damage(b->faults, bytes, wr_len(&answer), sizeof bytes);
    if (wr_len(&answer) == 0)
        return false;
    trace("answer ", bytes, wr_len(&answer));
    b->stats->answers++;
    b->stats->readouts += act.what == SLAVE_SEND;
    add_talker(b, start_ns, &answer);
    return true;
}

static void take_request(struct sim_bus *b, const struct frame *request, int64_t end_ns, int64_t utc)
{
    struct selection ignored;
    size_t n_answers = 0;
    trace("request", request->raw, request->raw_len);
    b->stats->requests++;
    b->stats->selections += selection_read(request, &ignored);
    for (size_t i = 0; i < b->meters->n; i++)
        if (hears(b, &b->meters->at[i]))
            n_answers += ask_meter(b, &b->meters->at[i], request, end_ns, utc);
    b->stats->collisions += n_answers > 1;
}

/* --- from the host --- */

size_t sim_bus_room(const struct sim_bus *b)
{
    return QUEUE_MAX - b->n_queued;
}

void sim_bus_push(struct sim_bus *b, int64_t now_ns, const uint8_t *bytes, size_t len)
{
    BUG_IF(len > sim_bus_room(b));
    int64_t free_ns = b->n_queued > 0 && b->wire_free_ns > now_ns ? b->wire_free_ns : talk_over_ns(b, now_ns);
    for (size_t i = 0; i < len; i++) {
        free_ns += bits_ns(b, CHAR_BITS);
        b->queue[(b->first + b->n_queued++) % QUEUE_MAX] = (struct queued){ free_ns, bytes[i] };
    }
    b->wire_free_ns = free_ns;
    b->stats->bytes_in += len;
}

/* A pause since the last character: what was incomplete stays so. */
static void notice_pause(struct sim_bus *b, int64_t end_ns)
{
    int64_t limit_ns = bits_ns(b, IDLE_BITS);
    limit_ns = limit_ns > idle_min_ns ? limit_ns : idle_min_ns;
    if (end_ns - bits_ns(b, CHAR_BITS) - b->last_end_ns > limit_ns) {
        framer_init(&b->framer);
        b->is_quiet = true;
    }
    b->last_end_ns = end_ns;
}

/* The meters see one more character of the host. */
static void hear_host(struct sim_bus *b, int64_t utc)
{
    struct queued q = b->queue[b->first];
    b->first = (b->first + 1) % QUEUE_MAX;
    b->n_queued--;
    notice_pause(b, q.end_ns);
    b->stats->busy_ns += bits_ns(b, CHAR_BITS);
    if (b->is_quiet)
        b->is_echoing = sim_faults_strike(b->faults, SIM_FAULT_ECHO);
    b->is_quiet = false;
    if (b->is_echoing)
        put_out(b, q.byte);

    struct frame f;
    enum framer_state state;
    BUG_IF(framer_feed(&b->framer, &q.byte, 1) != 1);
    while ((state = framer_next(&b->framer, &f)) != FRAMER_NEED_MORE) {
        if (state != FRAMER_FRAME || f.kind == FRAME_ACK)
            continue;
        b->is_quiet = true;
        take_request(b, &f, q.end_ns, utc);
    }
}

/* --- the present --- */

void sim_bus_run(struct sim_bus *b, int64_t now_ns, int64_t utc)
{
    int64_t due_ns = b->cfg.baud > 0 ? now_ns : now_ns + at_once_ns;
    for (;;) {
        int64_t host_ns = b->n_queued > 0 ? b->queue[b->first].end_ns : INT64_MAX;
        int64_t talk_ns = next_talk_ns(b);
        if (host_ns > due_ns && talk_ns > due_ns)
            break;
        if (host_ns <= talk_ns)
            hear_host(b, utc);
        else
            hear_talkers(b, talk_ns);
    }
    flush_out(b);
}

int64_t sim_bus_next_ns(const struct sim_bus *b)
{
    int64_t host_ns = b->n_queued > 0 ? b->queue[b->first].end_ns : INT64_MAX;
    int64_t talk_ns = next_talk_ns(b);
    return host_ns < talk_ns ? host_ns : talk_ns;
}
