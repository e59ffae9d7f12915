/* test_addr.c — IP addresses as text.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/base/addr.h"
#include "core/base/mem.h"

static void addresses_are_told_from_what_is_none(void **state)
{
    static const struct {
        const char *text;
        bool is_v4, is_v6;
    } cases[] = {
        { "127.0.0.1", true, false },   { "255.255.255.255", true, false },
        { "256.1.1.1", false, false },  { "1.2.3", false, false },
        { "01.2.3.4", false, false },   { "::", false, true },
        { "2001:db8::1", false, true }, { "::ffff:1.2.3.4", false, true },
        { "[::1]", false, false },      { "fe80::1%eth0", false, false },
        { "", false, false },           { "host", false, false },
        { "1::2::3", false, false },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(addr_is_ipv4(cases[i].text), cases[i].is_v4);
        assert_int_equal(addr_is_ipv6(cases[i].text), cases[i].is_v6);
    }
}

static void a_network_stands_for_its_addresses(void **state)
{
    static const struct {
        const char *text, *network;
    } cases[] = {
        { "10.1.2.3", "10.1.2.3" },
        { "::ffff:10.1.2.3", "10.1.2.3" },
        { "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::" },
        { "2001:db8:1:2::1", "2001:db8:1:2::" },
        { "::1", "::" },
        { "local", "local" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char out[ADDR_TEXT_MAX];
        addr_network(out, cases[i].text);
        assert_string_equal(out, cases[i].network);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_told_from_what_is_none),
        cmocka_unit_test(a_network_stands_for_its_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
