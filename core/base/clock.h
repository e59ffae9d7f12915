/* clock.h — the two clocks. Monotonic milliseconds (*_ms) for every timeout, age and retry; wall seconds and
 * microseconds since 1970 UTC (*_utc, *_utc_us) for what people and meters see. They never meet in one expression.
 * Only clock.c asks the system; all else is handed a struct clock, and tests hand in a fake.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CORE_BASE_CLOCK_H
#define CORE_BASE_CLOCK_H

#include <stdint.h>

struct clock {
    int64_t (*mono_us)(const struct clock *c);
    int64_t (*utc_us)(const struct clock *c);
};

const struct clock *clock_system(void);

static inline int64_t clock_mono_ms(const struct clock *c)
{
    return c->mono_us(c) / 1000;
}
static inline int64_t clock_utc_us(const struct clock *c)
{
    return c->utc_us(c);
}
static inline int64_t clock_utc(const struct clock *c)
{
    return c->utc_us(c) / 1000000;
}

/* A clock that tests move: both times advance together by clock_fake_advance(); wall time alone by assigning. */
struct clock_fake {
    struct clock clock; /* hand in &fake.clock */
    int64_t now_mono_us, now_utc_us;
};
void clock_fake_init(struct clock_fake *f, int64_t utc);
void clock_fake_advance(struct clock_fake *f, int64_t ms);

#endif
