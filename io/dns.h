/* dns.h — host names to addresses without a thread and without waiting: evdns.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef IO_DNS_H
#define IO_DNS_H

#include <stddef.h>

#include "core/base/err.h"

struct loop;
struct dns;
struct dns_query;

enum { DNS_ADDRESSES_MAX = 8, DNS_ADDRESS_TEXT = 46 };
struct dns_answer {
    size_t n;
    char address[DNS_ADDRESSES_MAX][DNS_ADDRESS_TEXT]; /* numeric, IPv4 or IPv6 without brackets */
};
typedef void dns_fn(void *ctx, enum err err, const struct dns_answer *answer);

struct dns *dns_create(struct loop *l);
void dns_free(struct dns *d); /* open queries end without callback */
/* A literal address answers too, like all answers from a later turn of the loop. */
struct dns_query *dns_resolve(struct dns *d, const char *host, dns_fn *fn, void *ctx);
void dns_cancel(struct dns_query *q);

#endif
