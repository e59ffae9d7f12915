/* address.h — secondary addresses: eight digits, maker, version, medium; wildcards, selection telegrams, records that
 * set an address (EN 13757-3, EN 13757-7).
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PROTOCOLS_CODEC_MBUS_ADDRESS_H
#define PROTOCOLS_CODEC_MBUS_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/base/rd.h"
#include "core/base/wr.h"
#include "core/reading.h"
#include "protocols/codec/mbus/frame.h"

/* A meter's address, or a mask of addresses: a nibble Fh of ident, a maker FFFFh, a version or medium FFh stand for any. */
struct address {
    uint32_t ident; /* 0x12345678 is printed as 12345678; digits A…F occur in the field */
    uint16_t maker;
    uint8_t version, medium;
};

enum { ADDRESS_LEN = 8, ADDRESS_TEXT_MAX = 9 };
enum { ADDRESS_ANY_MAKER = 0xFFFF, ADDRESS_ANY_BYTE = 0xFF };
extern const struct address address_any;

struct address address_of_head(const struct telegram_head *head);
bool address_ident_matches(uint32_t mask, uint32_t ident);
bool address_matches(const struct address *mask, const struct address *meter);
bool address_has_wildcard(const struct address *a);
void address_ident_text(char out[static ADDRESS_TEXT_MAX], uint32_t ident); /* "12345678" */
bool address_ident_parse(const char *text, uint32_t *out);                  /* 8 hex digits */

/* Eight bytes: id, maker, version, medium; wired order. Mode 2 has the high byte of each field first. */
void address_read(struct rd *r, bool is_msb_first, struct address *out);
void address_put(struct wr *w, bool is_msb_first, const struct address *a);

/* What a selection telegram (CI 52h, mode 2: 56h) asks for. */
struct selection {
    struct address mask;
    bool is_msb_first;
    bool has_fabrication; /* enhanced selection: record 0C 78 */
    uint32_t fabrication; /* 8 digits with nibble wildcards, like ident */
    bool has_other;       /* read only: appended records that we do not know; such a selection matches nobody */
};

/* The whole frame; c is FRAME_C_SND_UD, with or without FRAME_C_FCB. */
void selection_put(struct wr *w, uint8_t c, const struct selection *s);
/* False when the frame is no selection or too short for one. */
bool selection_read(const struct frame *f, struct selection *out);
bool selection_matches(const struct selection *s, const struct address *meter, bool has_fabrication,
                       uint32_t fabrication);

/* SND_UD frames that set a meter's addresses; `a` is its primary address, FRAME_A_SELECTED or FRAME_A_TEST. */
void address_put_set_primary(struct wr *w, uint8_t c, uint8_t a, uint8_t primary);            /* record 01 7A */
void address_put_set_ident(struct wr *w, uint8_t c, uint8_t a, uint32_t ident);               /* record 0C 79 */
void address_put_set_secondary(struct wr *w, uint8_t c, uint8_t a, const struct address *to); /* record 07 79 */

#endif
