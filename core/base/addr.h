/* addr.h — IP addresses as text: is it one, and which network does it stand for? No sockets.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CORE_BASE_ADDR_H
#define CORE_BASE_ADDR_H

#include <stdbool.h>

enum { ADDR_TEXT_MAX = 46 }; /* with its NUL */

bool addr_is_ipv4(const char *text); /* dotted, four numbers */
bool addr_is_ipv6(const char *text); /* without brackets, without a zone */
/* What stands for one customer: an IPv4 address, also one mapped into IPv6, as it is; of an IPv6 address its /64 network.
 * Any other text is copied. */
void addr_network(char out[static ADDR_TEXT_MAX], const char *text);

#endif
