/* addr.c — IP addresses as text.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/base/addr.h"

#include <arpa/inet.h>
#include <string.h>

#include "core/base/str.h"

bool addr_is_ipv4(const char *text)
{
    struct in_addr address;
    return inet_pton(AF_INET, text, &address) == 1;
}

bool addr_is_ipv6(const char *text)
{
    struct in6_addr address;
    return inet_pton(AF_INET6, text, &address) == 1;
}

void addr_network(char out[static ADDR_TEXT_MAX], const char *text)
{
    struct in6_addr address;
    bool is_v6 = inet_pton(AF_INET6, text, &address) == 1;
    if (is_v6 && IN6_IS_ADDR_V4MAPPED(&address)) {
        inet_ntop(AF_INET, address.s6_addr + 12, out, ADDR_TEXT_MAX);
    } else if (is_v6) {
        memset(address.s6_addr + 8, 0, 8);
        inet_ntop(AF_INET6, &address, out, ADDR_TEXT_MAX);
    } else {
        str_copy(out, ADDR_TEXT_MAX, text);
    }
}
