/* fuzz_pack.c — any bytes as a small record: what is understood is packed and understood again the same.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>

#include "core/base/bug.h"
#include "core/base/mem.h"
#include "core/base/rd.h"
#include "core/base/str.h"
#include "store/pack.h"

static void try_series(const uint8_t *data, size_t size)
{
    struct series_record a, b;
    uint8_t bytes[SERIES_RECORD_MAX];
    struct wr w = wr_init(bytes, sizeof bytes);
    if (!unpack_series(data, size, &a))
        return;
    if (a.kind.unit_text)
        a.kind.unit_text = a.unit_text;
    pack_series(&w, a.nth, &a.kind);
    BUG_IF(!wr_ok(&w) || !unpack_series(bytes, wr_len(&w), &b));
    BUG_IF(a.nth != b.nth || !value_same_series(&a.kind, &b.kind));
}

static void try_layout(const uint8_t *data, size_t size)
{
    struct value *a, *b;
    uint32_t heads, heads_again;
    size_t n, n_again;
    if (!unpack_layout(data, size, &heads, &a, &n))
        return;
    size_t room = layout_record_max(n);
    uint8_t *bytes = xmalloc(room);
    struct wr w = wr_init(bytes, room);
    pack_layout(&w, heads, a, n);
    BUG_IF(!wr_ok(&w) || !unpack_layout(bytes, wr_len(&w), &heads_again, &b, &n_again));
    BUG_IF(heads != heads_again || n != n_again);
    for (size_t i = 0; i < n; i++)
        BUG_IF(a[i].series != b[i].series || a[i].telegram != b[i].telegram || a[i].index != b[i].index);
    free(bytes);
    free(a);
    free(b);
}

static void try_meter(const uint8_t *data, size_t size)
{
    struct meter a, b;
    uint8_t bytes[METER_RECORD_MAX], again[METER_RECORD_MAX];
    struct wr w = wr_init(bytes, sizeof bytes), x = wr_init(again, sizeof again);
    if (!unpack_meter(data, size, &a))
        return;
    pack_meter(&w, &a);
    BUG_IF(!wr_ok(&w) || !unpack_meter(bytes, wr_len(&w), &b));
    pack_meter(&x, &b);
    BUG_IF(!bytes_equal(bytes, wr_len(&w), again, wr_len(&x)));
}

static void try_chain(const uint8_t *data, size_t size)
{
    struct reading a = { 0 }, b = { 0 };
    struct telegram_raw telegrams[CHAIN_MAX], again[CHAIN_MAX];
    size_t n;
    if (!unpack_chain(data, size, &a, telegrams, CHAIN_MAX, &a.n_telegrams))
        return;
    a.telegrams = telegrams;
    size_t room = chain_record_max(telegrams, a.n_telegrams);
    uint8_t *bytes = xmalloc(room);
    struct wr w = wr_init(bytes, room);
    pack_chain(&w, &a);
    BUG_IF(!wr_ok(&w) || !unpack_chain(bytes, wr_len(&w), &b, again, CHAIN_MAX, &n));
    BUG_IF(a.n_telegrams != n || a.utc != b.utc || a.source != b.source);
    for (size_t i = 0; i < n; i++)
        BUG_IF(!bytes_equal(telegrams[i].bytes, telegrams[i].len, again[i].bytes, again[i].len));
    free(bytes);
}

static void try_entry(const uint8_t *data, size_t size)
{
    struct store_entry a = { 0 }, b = { 0 };
    if (!unpack_entry(data, size, &a))
        return;
    size_t room = entry_record_max(&a);
    uint8_t *bytes = xmalloc(room);
    struct wr w = wr_init(bytes, room);
    pack_entry(&w, &a);
    BUG_IF(!wr_ok(&w) || !unpack_entry(bytes, wr_len(&w), &b));
    BUG_IF(a.level != b.level || !str_eq(a.origin, b.origin) || !str_eq(a.text, b.text));
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const tries[])(const uint8_t *data, size_t size) = { try_series, try_layout, try_meter, try_chain,
                                                                       try_entry };
    struct rd r = rd_init(data, size);
    uint8_t what = rd_u8(&r);
    if (rd_ok(&r))
        tries[what % COUNT_OF(tries)](r.p, rd_left(&r));
    return 0;
}
