/* test_port_serial.c — a serial line as a port, on a pseudo terminal: marks, bytes, loss and return.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "io/dns.h"
#include "io/loop.h"
#include "io/port_kind.h"

/* No name is asked for here. */
struct dns_query *dns_resolve(struct dns *d, const char *host, dns_fn *fn, void *ctx)
{
    (void)d, (void)host, (void)fn, (void)ctx;
    fail();
    return NULL;
}
void dns_cancel(struct dns_query *q)
{
    (void)q;
}

static void marks_of_the_line_discipline_are_taken_out(void **state)
{
    (void)state;
    static const struct {
        const char *name, *reads[3], *bytes;
        size_t n_damaged;
    } cases[] = {
        { "plain bytes", { "681010" }, "681010", 0 },
        { "a doubled FF is one FF", { "01FFFF02" }, "01ff02", 0 },
        { "many FF", { "FFFFFFFFFFFF" }, "ffffff", 0 },
        { "a marked byte is damaged", { "01FF004402" }, "014402", 1 },
        { "a break is a damaged zero", { "FF0000" }, "00", 1 },
        { "a damaged FF", { "FF00FF" }, "ff", 1 },
        { "a mark over two reads", { "01FF", "0044" }, "0144", 1 },
        { "a mark over three reads", { "FF", "00", "44E5" }, "44e5", 1 },
        { "a doubled FF over two reads", { "FF", "FF00" }, "ff00", 0 },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        enum port_mark mark = MARK_NONE;
        uint8_t out[32];
        char hex[65];
        size_t n = 0, n_damaged = 0;
        for (size_t k = 0; k < 3 && cases[i].reads[k]; k++) {
            size_t len;
            const char *text = cases[i].reads[k];
            assert_int_equal(str_from_hex(text, strlen(text), out + n, sizeof out - n, &len), ERR_OK);
            n += port_unmark(&mark, out + n, len, &n_damaged);
        }
        str_to_hex(hex, out, n);
        if (!str_eq(hex, cases[i].bytes) || n_damaged != cases[i].n_damaged || mark != MARK_NONE)
            fail_msg("%s: %s, %zu damaged", cases[i].name, hex, n_damaged);
    }
}

struct seen {
    struct loop *loop;
    uint8_t bytes[300];
    size_t len, wanted; /* the loop stops when so many have come */
    int ups, downs;
    char why[100];
};

static void on_bytes(void *ctx, const uint8_t *bytes, size_t len, size_t n_damaged)
{
    struct seen *s = ctx;
    assert_int_equal(n_damaged, 0);
    bytes_copy(s->bytes + s->len, sizeof s->bytes - s->len, bytes, len);
    s->len += len;
    if (s->len >= s->wanted)
        loop_stop(s->loop);
}

static void on_state(void *ctx, bool is_up, const char *why)
{
    struct seen *s = ctx;
    s->ups += is_up;
    s->downs += !is_up;
    str_copy(s->why, sizeof s->why, why);
    loop_stop(s->loop);
}

static int open_pty(char *spec, size_t size)
{
    int fd = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(fd >= 0 && grantpt(fd) == 0 && unlockpt(fd) == 0);
    str_fmt(spec, size, "serial:%s", ptsname(fd));
    return fd;
}

static struct port *open_port(struct seen *s, const char *spec)
{
    *s = (struct seen){ .loop = loop_create(clock_system()), .wanted = 1 };
    struct port_user user = { .on_bytes = on_bytes, .on_state = on_state, .ctx = s };
    struct port *p = port_start(s->loop, NULL, spec, 2400, &user);
    loop_run(s->loop);
    return p;
}

static void bytes_pass_both_ways_unchanged(void **state)
{
    (void)state;
    char spec[64];
    int far = open_pty(spec, sizeof spec);
    struct seen s;
    struct port *p = open_port(&s, spec);
    assert_int_equal(s.ups, 1);
    assert_true(port_is_up(p));

    uint8_t all[256], got[256];
    for (unsigned i = 0; i < 256; i++)
        all[i] = (uint8_t)i;
    s.wanted = sizeof all;
    assert_int_equal(write(far, all, sizeof all), sizeof all);
    loop_run(s.loop);
    assert_int_equal(s.len, sizeof all);
    assert_memory_equal(s.bytes, all, sizeof all);

    int64_t before_us = clock_system()->mono_us(clock_system());
    int64_t end_us = port_write(p, all, sizeof all);
    assert_int_equal((end_us - before_us) / 10000, 256 * 11 * 100 / 2400); /* 1.17 s */
    assert_int_equal(read(far, got, sizeof got), sizeof got);
    assert_memory_equal(got, all, sizeof all);
    assert_false(port_is_stuck(p));

    assert_int_equal(write(far, all, 3), 3);
    assert_int_equal(port_drain(p), 3);
    assert_int_equal(s.len, sizeof all);
    port_stop(p);
    loop_free(s.loop);
    close(far);
}

static void a_line_that_was_unplugged_comes_back(void **state)
{
    (void)state;
    char spec[64], link_spec[80], link_path[] = "/tmp/metergate-line-XXXXXX";
    int far = open_pty(spec, sizeof spec);
    assert_non_null(mkdtemp(link_path));
    str_fmt(link_spec, sizeof link_spec, "serial:%s/line", link_path);
    assert_int_equal(symlink(spec + 7, link_spec + 7), 0);
    struct seen s;
    struct port *p = open_port(&s, link_spec);
    assert_int_equal(s.ups, 1);

    close(far);
    loop_run(s.loop);
    assert_int_equal(s.downs, 1);
    assert_false(port_is_up(p));
    port_retry_now(p);
    loop_run(s.loop);
    assert_int_equal(s.downs, 2); /* still away */

    far = open_pty(spec, sizeof spec);
    unlink(link_spec + 7);
    assert_int_equal(symlink(spec + 7, link_spec + 7), 0);
    port_retry_now(p);
    loop_run(s.loop);
    assert_int_equal(s.ups, 2);
    port_stop(p);
    loop_free(s.loop);
    close(far);
    unlink(link_spec + 7);
    rmdir(link_path);
}

/* As after a restart: the terminal stands as the first run has left it. */
static void a_terminal_is_opened_again_as_it_was_left(void **state)
{
    (void)state;
    struct seen s;
    char spec[64];
    int peer = open_pty(spec, sizeof spec);
    int keeper = open(spec + strlen("serial:"), O_RDWR | O_NOCTTY); /* so that its settings outlive the first port */
    assert_true(keeper >= 0);
    for (int i = 0; i < 3; i++) {
        struct port *p = open_port(&s, spec);
        assert_int_equal(s.ups, 1);
        port_stop(p);
        loop_free(s.loop);
    }
    close(keeper);
    close(peer);
}

static void what_is_no_free_serial_line_is_refused_with_the_reason(void **state)
{
    (void)state;
    char spec[64];
    int far = open_pty(spec, sizeof spec);
    struct seen a, b;
    struct port *first = open_port(&a, spec);
    assert_int_equal(a.ups, 1);
    struct port *second = open_port(&b, spec);
    assert_int_equal(b.downs, 1);
    assert_string_equal(b.why, "another program uses it");
    port_stop(second);
    loop_free(b.loop);
    port_stop(first);
    loop_free(a.loop);
    close(far);

    struct port *null = open_port(&a, "serial:/dev/null");
    assert_string_equal(a.why, "it is no serial line");
    port_stop(null);
    loop_free(a.loop);
    struct port *missing = open_port(&a, "serial:/dev/no-such-line");
    assert_string_equal(a.why, "No such file or directory");
    port_stop(missing);
    loop_free(a.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(marks_of_the_line_discipline_are_taken_out),
        cmocka_unit_test(bytes_pass_both_ways_unchanged),
        cmocka_unit_test(a_line_that_was_unplugged_comes_back),
        cmocka_unit_test(a_terminal_is_opened_again_as_it_was_left),
        cmocka_unit_test(what_is_no_free_serial_line_is_refused_with_the_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
