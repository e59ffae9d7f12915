/* sim_main.c — mbus-sim: a segment of simulated M-Bus meters on a pseudo terminal or a TCP port.
 *
 * Knows: how options, meters, wire, port and clock fit together.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/quantity.h"
#include "io/loop.h"
#include "tests/sim/sim_bus.h"
#include "tests/sim/sim_files.h"
#include "tests/sim/sim_options.h"
#include "tests/sim/sim_port.h"

enum { SECOND_MS = 1000 };

struct sim {
    struct sim_options options;
    const struct clock *clock;
    struct loop *loop;
    struct sim_meters meters;
    struct sim_faults faults;
    struct sim_stats stats;
    struct sim_bus *bus;
    struct sim_port *port;
    struct timer bus_timer, second_timer;
    int64_t started_us;
    int64_t second_due_ms; /* the moments are counted from the start, so that they do not drift */
};

/* --- the bus on the loop --- */

static int64_t now_ns(const struct sim *s)
{
    return s->clock->mono_us(s->clock) * 1000;
}

/* Does what is due and sets the timer for what comes next. */
static void run_bus(void *ctx)
{
    struct sim *s = ctx;
    sim_bus_run(s->bus, now_ns(s), clock_utc(s->clock));
    int64_t next_ns = sim_bus_next_ns(s->bus);
    if (next_ns == INT64_MAX)
        timer_stop(&s->bus_timer);
    else
        timer_start_us(&s->bus_timer, (next_ns - now_ns(s) + 999) / 1000);
    if (sim_bus_room(s->bus) > 0)
        sim_port_resume(s->port);
}

static size_t on_room(void *ctx)
{
    const struct sim *s = ctx;
    return sim_bus_room(s->bus);
}

static void on_bytes(void *ctx, const uint8_t *bytes, size_t len)
{
    struct sim *s = ctx;
    sim_bus_push(s->bus, now_ns(s), bytes, len);
    run_bus(s);
}

static void on_new_host(void *ctx)
{
    struct sim *s = ctx;
    sim_bus_new_host(s->bus);
}

static void on_out(void *ctx, const uint8_t *bytes, size_t len)
{
    struct sim *s = ctx;
    sim_port_write(s->port, bytes, len);
}

static uint32_t on_host_baud(void *ctx)
{
    const struct sim *s = ctx;
    return sim_port_host_baud(s->port);
}

/* --- every second --- */

static void write_stats(struct sim *s)
{
    char text[SIM_STATS_TEXT_MAX];
    struct err_at at = { 0 };
    if (!s->options.stats)
        return;
    sim_stats_text(text, &s->stats, &s->faults, s->clock->mono_us(s->clock) - s->started_us);
    if (sim_stats_write(s->options.stats, text, &at) != ERR_OK)
        log_error("mbus-sim", "%s", at.text);
}

static void on_second(void *ctx)
{
    struct sim *s = ctx;
    write_stats(s);
    sim_port_unlock(s->port);
    int64_t now_ms = clock_mono_ms(s->clock);
    while (s->second_due_ms <= now_ms)
        s->second_due_ms += SECOND_MS;
    timer_start_ms(&s->second_timer, s->second_due_ms - now_ms);
}

static void on_end(void *ctx, int signal_number)
{
    struct sim *s = ctx;
    (void)signal_number;
    loop_stop(s->loop);
}

/* --- start and end --- */

static enum err load_meters(struct sim *s, struct err_at *at)
{
    enum err e = ERR_OK;
    for (size_t i = 0; i < s->options.n_telegrams && e == ERR_OK; i++)
        e = sim_files_load(&s->meters, s->options.telegrams[i], at);
    if (e == ERR_OK)
        e = sim_meters_add_made(&s->meters, s->options.n_made, s->options.seed, at);
    sim_faults_init(&s->faults, s->options.seed);
    for (size_t i = 0; i < s->options.n_faults && e == ERR_OK; i++)
        e = sim_faults_set(&s->faults, s->options.faults[i], at);
    return e;
}

static void print_list(const struct sim_meters *ms)
{
    puts("secondary_address,manufacturer,version,medium,primary_address,enhanced_address,telegrams,name");
    for (size_t i = 0; i < ms->n; i++) {
        const struct slave *sl = &ms->at[i].slave;
        char ident[ADDRESS_TEXT_MAX] = "", maker[4] = "", fabrication[ADDRESS_TEXT_MAX] = "", primary[4] = "";
        char version[4] = "", medium[4] = "";
        if (sl->has_address) {
            address_ident_text(ident, sl->address.ident);
            if (sl->address.maker != ADDRESS_ANY_MAKER) { /* a fixed data structure names none */
                maker_text(sl->address.maker, maker);
                str_fmt(version, sizeof version, "%u", sl->address.version);
            }
            str_fmt(medium, sizeof medium, "%u", sl->address.medium);
        }
        if (sl->has_fabrication)
            address_ident_text(fabrication, sl->fabrication);
        if (sl->a <= FRAME_A_LAST_SLAVE)
            str_fmt(primary, sizeof primary, "%u", sl->a);
        printf("%s,%s,%s,%s,%s,%s,%zu,\"%s\"\n", ident, maker, version, medium, primary, fabrication, sl->n_telegrams,
               ms->at[i].name);
    }
}

static enum err open_port(struct sim *s, struct err_at *at)
{
    const struct sim_port_ops ops = { s, on_room, on_bytes, on_new_host };
    if (s->options.tcp)
        return sim_port_open_tcp(&s->port, s->loop, &ops, s->options.tcp, at);
    enum err e = sim_port_open_pty(&s->port, s->loop, &ops, s->options.pty, at);
    if (e == ERR_OK)
        sim_port_set_baud(s->port, s->options.baud);
    return e;
}

static int serve(struct sim *s)
{
    struct err_at at = { 0 };
    const struct sim_bus_cfg cfg = { s->options.baud, s->options.delay_bits };
    const struct sim_bus_ops ops = { s, on_out, on_host_baud };
    int code = 1;
    s->loop = loop_create(s->clock);
    s->bus = sim_bus_create(&cfg, &ops, &s->meters, &s->faults, &s->stats);
    timer_init(&s->bus_timer, s->loop, "wire", run_bus, s);
    timer_init(&s->second_timer, s->loop, "second", on_second, s);
    s->started_us = s->clock->mono_us(s->clock);
    s->second_due_ms = clock_mono_ms(s->clock);
    loop_on_signal(s->loop, SIGTERM, on_end, s);
    loop_on_signal(s->loop, SIGINT, on_end, s);
    if (open_port(s, &at) == ERR_OK) {
        on_second(s);
        log_info("mbus-sim", "%zu meters at %u baud on %s", s->meters.n, s->options.baud, sim_port_name(s->port));
        loop_run(s->loop);
        write_stats(s);
        code = 0;
    } else {
        log_error("mbus-sim", "%s", at.text);
    }
    sim_port_close(s->port);
    timer_fini(&s->bus_timer);
    timer_fini(&s->second_timer);
    sim_bus_free(s->bus);
    loop_free(s->loop);
    return code;
}

int main(int argc, char **argv)
{
    struct sim *s = xcalloc(1, sizeof *s);
    struct err_at at = { 0 };
    int code;
    s->clock = clock_system();
    sim_options_parse(&s->options, argc, argv);
    log_set_stderr(true, s->options.is_verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
    if (s->options.is_over) {
        code = s->options.exit_code;
    } else if (load_meters(s, &at) != ERR_OK) {
        fprintf(stderr, "mbus-sim: %s\n", at.text);
        code = 2;
    } else if (s->options.is_list) {
        print_list(&s->meters);
        code = 0;
    } else {
        code = serve(s);
    }
    sim_meters_fini(&s->meters);
    free(s);
    return code;
}
