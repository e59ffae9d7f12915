/* dns.c — host names to addresses on libevent's evdns, so that no resolver thread and no waiting is needed.
 *
 * Knows: when the system's resolver files changed, and how to end queries whose asker has gone.
 * Does not know: who asks, ports, which of several addresses works.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "io/dns.h"

#include <event2/dns.h>
#include <event2/event.h>
#include <event2/util.h>
#include <arpa/inet.h>
#include <netdb.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <utlist.h>

#include "core/base/bug.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "io/loop.h"

static const char resolv_conf[] = "/etc/resolv.conf", hosts[] = "/etc/hosts";

struct dns_query {
    struct dns *dns; /* NULL: freed, only tell() is to come */
    dns_fn *fn;      /* NULL: cancelled */
    void *ctx;
    struct evdns_getaddrinfo_request *asked; /* NULL: answered, tell() is to come */
    enum err err;
    struct dns_answer answer;
    struct dns_query *prev, *next;
};

struct dns {
    struct loop *loop;
    struct evdns_base *base;
    struct timespec resolv_changed, hosts_changed; /* what was read last */
    struct dns_query *open;
};

/* --- the system's files --- */

static bool has_changed(const char *path, struct timespec *seen)
{
    struct stat st = { 0 };
    if (stat(path, &st) != 0)
        return false; /* being replaced: what was read last still stands */
    if (st.st_mtim.tv_sec == seen->tv_sec && st.st_mtim.tv_nsec == seen->tv_nsec)
        return false;
    *seen = st.st_mtim;
    return true;
}

static void read_system_files(struct dns *d)
{
    bool resolv = has_changed(resolv_conf, &d->resolv_changed), names = has_changed(hosts, &d->hosts_changed);
    if (names) {
        evdns_base_clear_host_addresses(d->base);
        evdns_base_load_hosts(d->base, hosts);
    }
    if (!resolv)
        return;
    evdns_base_clear_nameservers_and_suspend(d->base);
    evdns_base_search_clear(d->base);
    int refused = evdns_base_resolv_conf_parse(d->base, DNS_OPTIONS_ALL & ~DNS_OPTION_HOSTSFILE, resolv_conf);
    evdns_base_resume(d->base);
    if (refused)
        log_warn("dns", "%s could not be used: %s", resolv_conf,
                 refused == 6 ? "no name server in it" : "it cannot be read");
}

static void say_evdns(int is_warning, const char *text)
{
    if (is_warning)
        log_debug("dns", "%s", text);
}

struct dns *dns_create(struct loop *l)
{
    struct dns *d = xcalloc(1, sizeof *d);
    d->loop = l;
    evdns_set_log_fn(say_evdns);
    d->base = evdns_base_new(loop_base(l), EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    BUG_IF(!d->base);
    /* Two tries of 3 s per server: an answer that is later than that comes to the next report. */
    evdns_base_set_option(d->base, "timeout:", "3");
    evdns_base_set_option(d->base, "attempts:", "2");
    read_system_files(d);
    return d;
}

/* --- queries --- */

static void query_free(struct dns_query *q)
{
    if (q->dns)
        DL_DELETE(q->dns->open, q);
    free(q);
}

static void tell(void *ctx)
{
    struct dns_query *q = ctx;
    if (q->fn)
        q->fn(q->ctx, q->err, &q->answer);
    query_free(q);
}

static void add_address(struct dns_answer *a, const struct addrinfo *ai)
{
    if (a->n == DNS_ADDRESSES_MAX)
        return;
    char *text = a->address[a->n];
    const void *bytes = NULL;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    if (ai->ai_family == AF_INET) {
        bytes_copy(&in, sizeof in, ai->ai_addr, sizeof in);
        bytes = &in.sin_addr;
    } else if (ai->ai_family == AF_INET6) {
        bytes_copy(&in6, sizeof in6, ai->ai_addr, sizeof in6);
        bytes = &in6.sin6_addr;
    }
    if (bytes && inet_ntop(ai->ai_family, bytes, text, DNS_ADDRESS_TEXT))
        a->n++;
}

/* evdns calls this before evdns_getaddrinfo() returns (literals, the hosts file), or later. */
static void on_answer(int result, struct evutil_addrinfo *list, void *ctx)
{
    struct dns_query *q = ctx;
    for (const struct evutil_addrinfo *ai = list; ai; ai = ai->ai_next)
        add_address(&q->answer, ai);
    if (list)
        evutil_freeaddrinfo(list);
    q->asked = NULL;
    q->err = q->answer.n > 0 ? ERR_OK : result == EVUTIL_EAI_AGAIN ? ERR_TIMEOUT : ERR_NAME;
    loop_defer(q->dns->loop, tell, q);
}

struct dns_query *dns_resolve(struct dns *d, const char *host, dns_fn *fn, void *ctx)
{
    read_system_files(d);
    struct dns_query *q = xcalloc(1, sizeof *q);
    q->dns = d;
    q->fn = fn;
    q->ctx = ctx;
    DL_APPEND(d->open, q);
    /* Without AI_ADDRCONFIG: on a network without a way to the Internet it would guess wrongly. */
    const struct evutil_addrinfo hints = { .ai_family = AF_UNSPEC,
                                           .ai_socktype = SOCK_STREAM,
                                           .ai_protocol = IPPROTO_TCP };
    struct evdns_getaddrinfo_request *asked = evdns_getaddrinfo(d->base, host, NULL, &hints, on_answer, q);
    if (asked)
        q->asked = asked;
    return q;
}

void dns_cancel(struct dns_query *q)
{
    q->fn = NULL;
    if (q->asked)
        evdns_getaddrinfo_cancel(q->asked); /* on_answer() comes with EVUTIL_EAI_CANCEL */
}

void dns_free(struct dns *d)
{
    if (!d)
        return;
    bool had_asked = false;
    struct dns_query *q;
    DL_FOREACH (d->open, q) {
        had_asked |= q->asked != NULL;
        dns_cancel(q);
    }
    evdns_base_free(d->base, 1);
    /* evdns gives back what it holds for cancelled queries in callbacks: one turn lets them come. */
    if (had_asked)
        event_base_loop(loop_base(d->loop), EVLOOP_NONBLOCK);
    DL_FOREACH (d->open, q)
        q->dns = NULL;
    free(d);
}
