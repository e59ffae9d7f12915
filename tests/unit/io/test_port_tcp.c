/* test_port_tcp.c — TCP converters: how they are written, names, refusals.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "io/dns.h"
#include "io/loop.h"
#include "io/port.h"

static void port_specs_are_checked(void **state)
{
    (void)state;
    static const struct {
        const char *spec;
        bool is_good;
    } cases[] = {
        { "tcp:192.168.1.20:10001", true },
        { "tcp:converter.example:10001", true },
        { "tcp:[::1]:10001", true },
        { "serial:/dev/ttyUSB0", true },
        { "tcp:::1:10001", false },
        { "tcp:host", false },
        { "tcp:host:", false },
        { "tcp:host:0", false },
        { "tcp:host:65536", false },
        { "tcp::10001", false },
        { "tcp:[]:10001", false },
        { "tcp:host:10001x", false },
        { "serial:ttyUSB0", false },
        { "serial:", false },
        { "udp:host:1", false },
        { "/dev/ttyUSB0", false },
        { "", false },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err_at at = { 0 };
        if ((port_spec_check(cases[i].spec, &at) == ERR_OK) != cases[i].is_good)
            fail_msg("%s", cases[i].spec);
        assert_true(cases[i].is_good == (at.text[0] == '\0'));
    }
}

struct seen {
    struct loop *loop;
    bool is_up;
    int calls;
    char why[100], asked[100];
    enum err answer_err;
    struct dns_answer answer;
    dns_fn *fn;
    void *fn_ctx;
    int cancelled;
};

/* Names are answered by this test, whose struct dns is its struct seen. */
static void answer(void *ctx)
{
    struct seen *s = ctx;
    s->fn(s->fn_ctx, s->answer_err, &s->answer);
}

struct dns_query *dns_resolve(struct dns *d, const char *host, dns_fn *fn, void *ctx)
{
    struct seen *s = (struct seen *)d;
    str_copy(s->asked, sizeof s->asked, host);
    s->fn = fn;
    s->fn_ctx = ctx;
    if (s->answer.n || s->answer_err)
        loop_defer(s->loop, answer, s);
    else
        loop_stop(s->loop);
    return (struct dns_query *)s;
}

void dns_cancel(struct dns_query *q)
{
    ((struct seen *)q)->cancelled++;
}

static void on_bytes(void *ctx, const uint8_t *bytes, size_t len, size_t n_damaged)
{
    (void)ctx, (void)bytes, (void)len, (void)n_damaged;
}

static void on_state(void *ctx, bool is_up, const char *why)
{
    struct seen *s = ctx;
    s->is_up = is_up;
    s->calls++;
    str_copy(s->why, sizeof s->why, why);
    loop_stop(s->loop);
}

static void try_spec(struct seen *s, const char *spec, bool has_dns)
{
    s->loop = loop_create(clock_system());
    struct port_user user = { .on_bytes = on_bytes, .on_state = on_state, .ctx = s };
    struct port *p = port_start(s->loop, has_dns ? (struct dns *)s : NULL, spec, 2400, &user);
    loop_run(s->loop);
    port_stop(p);
    loop_free(s->loop);
}

/* A port of this machine at which nobody listens, held so that nobody will. */
static int closed_port(uint16_t *number)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0 && bind(fd, (struct sockaddr *)&a, len) == 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
    *number = ntohs(a.sin_port);
    return fd;
}

static void a_refused_connection_is_down_with_the_reason(void **state)
{
    (void)state;
    uint16_t number;
    char spec[64];
    int fd = closed_port(&number);
    str_fmt(spec, sizeof spec, "tcp:127.0.0.1:%u", number);
    struct seen s = { .calls = 0 };
    try_spec(&s, spec, false);
    assert_int_equal(s.calls, 1);
    assert_false(s.is_up);
    assert_string_equal(s.why, "Connection refused");
    close(fd);
}

static void a_listening_address_is_up_also_as_the_second_of_a_name(void **state)
{
    (void)state;
    uint16_t number, other;
    char spec[64];
    int fd = closed_port(&number);
    int unused = closed_port(&other);
    assert_int_equal(listen(fd, 1), 0);
    str_fmt(spec, sizeof spec, "tcp:converter.example:%u", number);
    struct seen s = { .answer = { .n = 3, .address = { "::1", "not an address", "127.0.0.1" } } };
    try_spec(&s, spec, true);
    assert_string_equal(s.asked, "converter.example");
    assert_true(s.is_up);
    assert_int_equal(s.calls, 1);
    close(fd);
    close(unused);
}

static void an_unknown_name_is_down_with_the_reason(void **state)
{
    (void)state;
    struct seen s = { .answer_err = ERR_NAME };
    try_spec(&s, "tcp:nobody.example:10001", true);
    assert_string_equal(s.why, "the host name cannot be resolved");
    struct seen without = { .calls = 0 };
    try_spec(&without, "tcp:nobody.example:10001", false);
    assert_string_equal(without.why, "the host name cannot be resolved");
}

static void stopping_ends_a_question_for_a_name(void **state)
{
    (void)state;
    struct seen s = { .calls = 0 };
    try_spec(&s, "tcp:slow.example:10001", true);
    assert_int_equal(s.cancelled, 1);
    assert_int_equal(s.calls, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(port_specs_are_checked),
        cmocka_unit_test(a_refused_connection_is_down_with_the_reason),
        cmocka_unit_test(a_listening_address_is_up_also_as_the_second_of_a_name),
        cmocka_unit_test(an_unknown_name_is_down_with_the_reason),
        cmocka_unit_test(stopping_ends_a_question_for_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
