/* search.h — finds the meters of one bus: by primary address, or by secondary address with wildcards (EN 13757-7), down
 * to the fabrication number. A pure machine around xchg and readout: event in, action out.
 *
 * The search goes in probes. Each is a conversation of its own (select, ask; or select in full, ask again), so between
 * two of them the bus may serve others. The driver treats SEARCH_SEND and SEARCH_WAIT as xchg.h says, and
 *   SEARCH_PAUSE   gives up its turn; with the next one it steps with XEV_START
 *   SEARCH_FOUND   the same, and found[n_found - 1] is new
 *   SEARCH_FINISH  the search is over; this, too, may be the answer to XEV_START
 * XEV_START also begins a probe anew that was broken off.
 *
 * Nothing is believed unverified: what a wildcard brought counts when a selection without wildcards brings it again.
 * Silence is what nearly all wildcards give, so it is believed at once; what is doubted is tried again: a branch where
 * several answered and less than two were found (also with digits A…E), an answer amid noise, and the whole walk when
 * the line was seen to lose answers, `rounds` times at most.
 *
 * The answer window is the standard's until two selections of everybody have shown how long the slowest meter takes to
 * acknowledge; then it is a multiple of that. Any sign of a later answer doubles it, up to the standard's, and the mask
 * that was silent last is asked again.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PROTOCOLS_CODEC_MBUS_SEARCH_H
#define PROTOCOLS_CODEC_MBUS_SEARCH_H

#include "protocols/codec/mbus/readout.h"
#include "protocols/codec/mbus/search_tree.h"
#include "protocols/codec/mbus/xchg.h"

enum search_mode { SEARCH_SECONDARY, SEARCH_PRIMARY, SEARCH_ENHANCED };
const char *search_mode_name(enum search_mode m); /* secondary, primary, enhanced */
bool search_mode_parse(const char *text, enum search_mode *out);

enum { SEARCH_FOUND_MAX = 2048, SEARCH_UNRESOLVED_MAX = 16, SEARCH_DEPTH = 24, SEARCH_HEARD_MAX = 48 };

struct search_meter {
    struct address
        address;   /* wildcards where it does not say: maker, version and medium, by primary address also ident */
    bool is_known; /* maker, version, medium */
    bool has_fabrication; /* it is selected by it, too */
    uint32_t fabrication;
    int16_t primary; /* -1: none that could be used */
};

struct search_plan {
    enum search_mode mode;
    uint32_t mask;   /* of secondary addresses; all wildcards: FFFFFFFF */
    bool has_hex;    /* digits A…E everywhere: slower */
    unsigned tries;  /* of a verification, >= 1 */
    unsigned rounds; /* of the whole walk on a line that loses answers, >= 1 */
    size_t found_max;
};

enum search_do { SEARCH_NOTHING, SEARCH_SEND, SEARCH_WAIT, SEARCH_FOUND, SEARCH_PAUSE, SEARCH_FINISH };
struct search_act {
    enum search_do what;
    int64_t wait_until_us;
};

enum search_task { TASK_LISTEN, TASK_PROBE, TASK_VERIFY };
enum search_phase {
    SEARCH_BETWEEN, /* waits for its turn */
    SEARCH_LISTENING,
    SEARCH_SELECTING,
    SEARCH_ASKING,
    SEARCH_VERIFYING,
    SEARCH_DONE,
};

struct search {
    struct search_plan plan;
    struct xchg_timing timing; /* as set; the window of silence may be shorter */
    enum search_phase phase;
    enum search_task task; /* of this turn or the next */
    struct xchg xchg;
    struct readout readout; /* of a verification */

    struct search_mask mask;         /* that is probed */
    unsigned value;                  /* its number in the node above */
    bool is_again;                   /* the mask is probed for the second time, because the first was doubtful */
    bool is_doubtful;                /* this try: noise, or somebody acknowledged late */
    bool is_crowded;                 /* the candidate may not be the only one under the mask */
    unsigned n_sends;                /* of this turn */
    uint8_t heard[SEARCH_HEARD_MAX]; /* what the request for data brought */
    size_t n_heard;
    struct search_meter candidate;

    struct search_node nodes[SEARCH_DEPTH];
    size_t depth;
    bool has_swept;
    struct search_makers makers;
    struct search_mask unresolved[SEARCH_UNRESOLVED_MAX]; /* several meters that nothing tells apart */
    size_t n_unresolved;

    unsigned n_listened, round;
    bool is_lossy; /* this walk has missed answers of meters that are there */
    int64_t sent_us, turn_end_us;
    int64_t ack_first_us, ack_last_us; /* behind the request, of all acknowledgements; -1: none yet */
    bool has_window;                   /* ack_last_us tells how long to wait */
    int64_t window_scale;              /* doubled by each answer that came later */
    size_t silent_depth;               /* of the node whose mask was silent last; 0: that node is left */
    unsigned silent_value;

    uint64_t n_probes;
    size_t n_found;
    struct search_meter found[SEARCH_FOUND_MAX];
};

void search_init(struct search *s, const struct search_plan *plan); /* 100 KB: on the heap */
/* Between turns: rate and settings may have changed. Must be called before the first XEV_START. */
void search_set_timing(struct search *s, const struct xchg_timing *timing);
struct search_act search_step(struct search *s, const struct xchg_event *ev);
const uint8_t *search_request(const struct search *s, size_t *len); /* at SEARCH_SEND */
unsigned search_permille(const struct search *s);                   /* how much of all addresses is done */
const char *search_phase_name(enum search_phase p);

#endif
