/* clock.c — the only place that asks the system for the time.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/base/clock.h"

#include <time.h>

static int64_t read_us(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t system_mono_us(const struct clock *c)
{
    (void)c;
    return read_us(CLOCK_MONOTONIC);
}

static int64_t system_utc_us(const struct clock *c)
{
    (void)c;
    return read_us(CLOCK_REALTIME);
}

const struct clock *clock_system(void)
{
    static const struct clock system_clock = { system_mono_us, system_utc_us };
    return &system_clock;
}

static int64_t fake_mono_us(const struct clock *c)
{
    return ((const struct clock_fake *)(const void *)c)->now_mono_us;
}

static int64_t fake_utc_us(const struct clock *c)
{
    return ((const struct clock_fake *)(const void *)c)->now_utc_us;
}

void clock_fake_init(struct clock_fake *f, int64_t utc)
{
    /* Monotonic time begins at an hour, so that code which takes 0 for "never" meets no real 0. */
    *f = (struct clock_fake){ { fake_mono_us, fake_utc_us }, 3600 * INT64_C(1000000), utc * 1000000 };
}

void clock_fake_advance(struct clock_fake *f, int64_t ms)
{
    f->now_mono_us += ms * 1000;
    f->now_utc_us += ms * 1000;
}
