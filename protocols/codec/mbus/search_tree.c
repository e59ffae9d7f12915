/* search_tree.c — the tree of masks that a meter search walks.
 *
 * Knows: which wildcards a selection may have, in which order they are filled in.
 * Does not know: who answered (search does), selection telegrams, time.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "protocols/codec/mbus/search_tree.h"

#include "core/base/bug.h"
#include "core/base/mem.h"
#include "core/quantity.h"

enum {
    DECIMALS = 10,
    DIGITS = 15, /* Fh is the wildcard */
    HEX_DIGITS = DIGITS - DECIMALS,
    PLACES = 8,
    BYTE_VALUES = 255, /* FFh is the wildcard */
    LETTERS = 26,
    MAKER_CODES = LETTERS * LETTERS * LETTERS,
    PRIMARIES = FRAME_A_LAST_SLAVE + 1,
};

/* Makers of many wired meters: tried where nothing but the maker tells meters apart. */
static const char *const common_makers[] = {
    "ABB", "ACW", "AMT", "BER", "CAR", "DME", "DZG", "EFE", "ELR", "ELS", "ELV", "EMH", "EMU", "ENG", "FIN", "GMC",
    "GWF", "HYD", "INE", "ISK", "ITR", "ITW", "KAM", "LSE", "LUG", "MAD", "MET", "NZR", "PAD", "QDS", "REL", "SAP",
    "SBC", "SEN", "SIE", "SLB", "SON", "SPX", "SVM", "TCH", "WEP", "WZG", "YTE", "ZAG", "ZRI", "ZRM",
};

void search_makers_add(struct search_makers *m, uint16_t maker)
{
    for (size_t i = 0; i < m->n; i++)
        if (m->at[i] == maker)
            return;
    if (m->n < SEARCH_MAKERS_MAX)
        m->at[m->n++] = maker;
}

/* --- digits of a number --- */

static uint32_t with_digit(uint32_t number, unsigned place, unsigned digit)
{
    return (number & ~(UINT32_C(0xF) << 4 * place)) | (uint32_t)digit << 4 * place;
}

/* The leftmost wildcard; false: there is none. */
static bool open_place(uint32_t number, unsigned *place)
{
    for (unsigned p = PLACES; p-- > 0;) {
        if ((number >> 4 * p & 0xF) == 0xF) {
            *place = p;
            return true;
        }
    }
    return false;
}

enum search_split search_next_split(const struct search_mask *mask)
{
    const struct selection *s = &mask->selection;
    unsigned place;
    if (mask->primary >= 0)
        return SPLIT_NONE;
    if (open_place(s->mask.ident, &place))
        return SPLIT_DIGIT;
    if (s->mask.medium == ADDRESS_ANY_BYTE)
        return SPLIT_MEDIUM;
    if (s->mask.version == ADDRESS_ANY_BYTE)
        return SPLIT_VERSION;
    return !s->has_fabrication || open_place(s->fabrication, &place) ? SPLIT_FABRICATION : SPLIT_NONE;
}

bool search_mask_is_open(const struct search_mask *mask)
{
    return mask->primary < 0 && address_has_wildcard(&mask->selection.mask);
}

/* --- a node --- */

void search_node_init(struct search_node *n, const struct search_mask *mask, enum search_split split)
{
    unsigned n_digits = mask->has_hex ? DIGITS : DECIMALS;
    *n = (struct search_node){ .mask = *mask, .split = split };
    switch (split) {
    case SPLIT_PRIMARY:
        n->n = PRIMARIES;
        break;
    case SPLIT_SWEEP:
        n->n = PLACES * HEX_DIGITS;
        break;
    case SPLIT_DIGIT:
        n->n = n_digits;
        (void)open_place(mask->selection.mask.ident, &n->place);
        break;
    case SPLIT_FABRICATION:
        n->n = n_digits;
        n->place = PLACES - 1;
        if (mask->selection.has_fabrication)
            (void)open_place(mask->selection.fabrication, &n->place);
        break;
    case SPLIT_MEDIUM:
    case SPLIT_VERSION:
        n->n = BYTE_VALUES;
        break;
    case SPLIT_MAKER:
        n->n = SEARCH_MAKERS_MAX + COUNT_OF(common_makers) + MAKER_CODES;
        break;
    case SPLIT_NONE:
        BUG_IF(true);
    }
}

static uint16_t maker_code(unsigned i)
{
    return (uint16_t)((i / LETTERS / LETTERS + 1) << 10 | (i / LETTERS % LETTERS + 1) << 5 | (i % LETTERS + 1));
}

static bool is_common(uint16_t maker)
{
    uint16_t code;
    for (size_t i = 0; i < COUNT_OF(common_makers); i++)
        if (maker_parse(common_makers[i], &code) && code == maker)
            return true;
    return false;
}

static bool is_known(const struct search_makers *makers, uint16_t maker)
{
    for (size_t i = 0; i < makers->n; i++)
        if (makers->at[i] == maker)
            return true;
    return false;
}

/* Known makers, those of the table, then all others that have the bits: without bits there are too many of them. Each
 * maker once; false where value i gives none. */
static bool maker_of(const struct search_node *n, const struct search_makers *makers, unsigned i, uint16_t *out)
{
    if (i < SEARCH_MAKERS_MAX) {
        *out = i < makers->n ? makers->at[i] : 0;
        return i < makers->n;
    }
    i -= SEARCH_MAKERS_MAX;
    if (i < COUNT_OF(common_makers))
        return maker_parse(common_makers[i], out) && !is_known(makers, *out);
    *out = maker_code(i - (unsigned)COUNT_OF(common_makers));
    bool fits = n->maker_bits != 0 && (*out & n->maker_bits) == n->maker_bits;
    return fits && !is_known(makers, *out) && !is_common(*out);
}

static bool child(const struct search_node *n, const struct search_makers *makers, unsigned i, struct search_mask *out)
{
    struct selection *s = &out->selection;
    unsigned place;
    *out = n->mask;
    switch (n->split) {
    case SPLIT_PRIMARY:
        out->primary = (int16_t)((i + 1) % PRIMARIES);
        return true;
    case SPLIT_SWEEP:
        place = PLACES - 1 - i / HEX_DIGITS;
        if ((s->mask.ident >> 4 * place & 0xF) != 0xF)
            return false;
        s->mask.ident = with_digit(s->mask.ident, place, DECIMALS + i % HEX_DIGITS);
        out->has_hex = true;
        return true;
    case SPLIT_DIGIT:
        s->mask.ident = with_digit(s->mask.ident, n->place, i);
        break;
    case SPLIT_FABRICATION:
        if (!s->has_fabrication)
            s->fabrication = UINT32_MAX;
        s->has_fabrication = true;
        s->fabrication = with_digit(s->fabrication, n->place, i);
        break;
    case SPLIT_MEDIUM:
        s->mask.medium = (uint8_t)i;
        return true;
    case SPLIT_VERSION:
        s->mask.version = (uint8_t)i;
        return true;
    case SPLIT_MAKER:
        return maker_of(n, makers, i, &s->mask.maker);
    case SPLIT_NONE:
        return false;
    }
    out->has_hex = n->mask.has_hex || i >= DECIMALS;
    return !(n->is_second_round && (n->answered >> i & 1));
}

bool search_node_next(struct search_node *n, const struct search_makers *makers, struct search_mask *out,
                      unsigned *value)
{
    while (n->next < n->n) {
        *value = n->next++;
        if (child(n, makers, *value, out))
            return true;
    }
    return false;
}

bool search_node_again(struct search_node *n)
{
    bool has_digits = n->split == SPLIT_DIGIT || (n->split == SPLIT_FABRICATION && n->answered != 0);
    if (!has_digits || n->is_second_round)
        return false;
    n->is_second_round = true;
    n->next = 0;
    n->n = DIGITS;
    return true;
}
