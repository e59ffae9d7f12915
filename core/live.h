/* live.h — the last reading of every meter, raw, with its age: what REST "latest", Modbus and Virtual M-Bus serve.
 *
 * Raw telegrams are kept and decoded on demand (about 2 µs): 512 meters cost 150 kB instead of a megabyte of values, the
 * bytes stay the meter's own, and a key that arrives later opens them.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CORE_LIVE_H
#define CORE_LIVE_H

#include "core/reading.h"

struct live_entry {
    int64_t utc;    /* time of the reading */
    int64_t put_ms; /* monotonic; age = now - put_ms */
    enum reading_source source;
    size_t n_telegrams;
    struct telegram_raw *telegrams; /* owned by live */
};

struct live;
struct live *live_create(void);
void live_free(struct live *l);
/* Keeps a copy of a reading that has status READOUT_OK or READOUT_NO_KEY and telegrams; others leave the old one. */
void live_put(struct live *l, const struct reading *r, int64_t now_ms);
/* NULL when there is none, or it is older than max_age_ms (< 0: any age). Borrowed until the next live_put/forget. */
const struct live_entry *live_get(const struct live *l, uint32_t meter, int64_t now_ms, int64_t max_age_ms);
void live_forget(struct live *l, uint32_t meter);

#endif
