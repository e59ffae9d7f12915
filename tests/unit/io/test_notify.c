/* test_notify.c — the notify protocol of service managers, against a real datagram socket.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/str.h"
#include "io/notify.h"

static void ready_reaches_the_named_socket(void **state)
{
    (void)state;
    struct sockaddr_un here = { .sun_family = AF_UNIX };
    char name[64], got[32] = { 0 };
    str_fmt(name, sizeof name, "@metergate-notify-%d", (int)getpid());
    str_copy(here.sun_path + 1, sizeof here.sun_path - 1, name + 1);
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
    assert_int_equal(bind(fd, (const struct sockaddr *)&here, len), 0);
    setenv("NOTIFY_SOCKET", name, 1);
    notify_send("READY=1");
    assert_int_equal(recv(fd, got, sizeof got - 1, MSG_DONTWAIT), 7);
    assert_string_equal(got, "READY=1");
    close(fd);
    notify_send("READY=1"); /* nobody listens any more: no harm */
    unsetenv("NOTIFY_SOCKET");
    notify_send("READY=1");
}

static void the_watchdog_is_fed_at_half_its_time(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } cases[] = { { "30000000", 15000 }, { "1000", 1 }, { "0", 0 }, { "soon", 0 }, { "-5", 0 } };
    unsetenv("WATCHDOG_USEC");
    assert_int_equal(notify_watchdog_ms(), 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        setenv("WATCHDOG_USEC", cases[i].text, 1);
        assert_int_equal(notify_watchdog_ms(), cases[i].ms);
    }
    unsetenv("WATCHDOG_USEC");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ready_reaches_the_named_socket),
        cmocka_unit_test(the_watchdog_is_fed_at_half_its_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
