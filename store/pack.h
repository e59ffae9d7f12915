/* pack.h — small records as bytes and back: meters, series, layouts, raw chains, journal entries. Pure.
 *
 * Each begins with the number of its format. Reading takes every format there ever was, and refuses (false) what is cut
 * short or out of range.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef STORE_PACK_H
#define STORE_PACK_H

#include "core/base/wr.h"
#include "core/meter.h"
#include "core/reading.h"
#include "store/store.h"

enum { UNIT_TEXT_MAX = 255, SERIES_RECORD_MAX = 400, METER_RECORD_MAX = 256 };

struct series_record {
    unsigned nth;      /* of the values of this kind in one reading, from 0 */
    struct value kind; /* unit_text lies in here once unpacked */
    char unit_text[UNIT_TEXT_MAX + 1];
};
void pack_series(struct wr *w, unsigned nth, const struct value *kind);
bool unpack_series(const void *bytes, size_t len, struct series_record *out);

size_t layout_record_max(size_t n_values);
void pack_layout(struct wr *w, uint32_t n_heads, const struct value *values, size_t n);
/* *values is the caller's to free: series, telegram, index, kind, note and exp10 are set. */
bool unpack_layout(const void *bytes, size_t len, uint32_t *n_heads, struct value **values, size_t *n);

void pack_meter(struct wr *w, const struct meter *m);
bool unpack_meter(const void *bytes, size_t len, struct meter *out);

size_t chain_record_max(const struct telegram_raw *telegrams, size_t n);
void pack_chain(struct wr *w, const struct reading *r);
/* Telegrams point into the bytes; at most max of them are given. */
bool unpack_chain(const void *bytes, size_t len, struct reading *head, struct telegram_raw *out, size_t max, size_t *n);

size_t entry_record_max(const struct store_entry *e);
void pack_entry(struct wr *w, const struct store_entry *e);
/* origin and text point into the bytes; utc_us is left alone. */
bool unpack_entry(const void *bytes, size_t len, struct store_entry *out);

#endif
