/* search_tree.h — the tree of masks that a meter search walks: how a mask under which several meters answer is split
 * into narrower ones. Pure; knows nothing of the line.
 *
 * Order: the eight digits from the left, medium, version, fabrication number (enhanced selection), maker. A selection has
 * wildcards for single digits, but for a maker only as a whole: makers come last, those known first.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PROTOCOLS_CODEC_MBUS_SEARCH_TREE_H
#define PROTOCOLS_CODEC_MBUS_SEARCH_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocols/codec/mbus/address.h"

enum search_split {
    SPLIT_PRIMARY, /* 1…250, then 0 */
    SPLIT_SWEEP, /* one digit A…E at one place, wildcards around: 40 masks that no meter with such a digit escapes */
    SPLIT_DIGIT,
    SPLIT_MEDIUM,
    SPLIT_VERSION,
    SPLIT_FABRICATION,
    SPLIT_MAKER,
    SPLIT_NONE, /* nothing is left to tell meters apart by */
};

/* What is asked: a selection, or with primary >= 0 that address. */
struct search_mask {
    struct selection selection;
    int16_t primary;
    bool has_hex; /* below a digit A…E all digits are tried, since such a meter may have more of them */
};

enum { SEARCH_MAKERS_MAX = 64 };
struct search_makers { /* candidates, beyond those of a table */
    uint16_t at[SEARCH_MAKERS_MAX];
    size_t n;
};
void search_makers_add(struct search_makers *m, uint16_t maker); /* once each; a full list takes no more */

/* A mask under which several answered, and how far its splitting is. */
struct search_node {
    struct search_mask mask;
    enum search_split split;
    unsigned place;       /* of the digit from the right, in DIGIT and FABRICATION */
    uint16_t maker_bits;  /* bits that all makers below have; 0: not known */
    unsigned next, n;     /* value to be tried next, of so many */
    uint32_t answered;    /* digits that have answered, a bit each */
    unsigned n_found;     /* meters below */
    bool is_second_round; /* its silent digits once more, A…E as well */
    bool may_be_one;      /* split for caution: a single meter below is no reason for a second round */
};

void search_node_init(struct search_node *n, const struct search_mask *mask, enum search_split split);
enum search_split search_next_split(const struct search_mask *mask);
/* The next mask, of value number *value; false when all were tried. */
bool search_node_next(struct search_node *n, const struct search_makers *makers, struct search_mask *out,
                      unsigned *value);
/* Its silent digits again. False: this split has no second round, or had it. */
bool search_node_again(struct search_node *n);
bool search_mask_is_open(const struct search_mask *mask); /* some digit or field is a wildcard */

#endif
