/* fetch.c — HTTP(S) transfers by libcurl's multi interface, driven by the loop.
 *
 * Knows: how curl's sockets and timeout become events; that curl must never look up a name itself (that starts a thread).
 * Does not know: what is sent, what a status means, when to try again.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "io/fetch.h"

#include <curl/curl.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "core/base/bug.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/base/wr.h"
#include "io/dns.h"
#include "io/loop.h"

static const char ca_folder[] = "/etc/ssl/certs"; /* with names by hash, as c_rehash and Debian make them */

enum { ANSWER_FLOOD = 16 << 20, HEADER_MAX = 512, RESOLVE_MAX = 1024 };

struct fetch {
    struct loop *loop;
    struct dns *dns;
    CURLM *multi;
    struct timer timer;     /* curl's own timeout */
    struct fetch_job *jobs; /* all that are under way */
};

struct fetch_job {
    struct fetch *fetch;
    fetch_fn *fn;
    void *ctx;
    CURLU *url;
    char *host, *port;       /* curl's; from url */
    struct dns_query *query; /* NULL: answered */
    CURL *easy;              /* complete but for the address; in the multi once that is known */
    bool is_added;
    struct curl_slist *headers, *resolve;
    struct timer deadline;
    int64_t timeout_ms;
    size_t answer_max, answer_seen;
    uint8_t *answer; /* answer_max bytes */
    size_t answer_len;
    char error[CURL_ERROR_SIZE];
    struct fetch_job *prev, *next;
};

/* --- the end of a job --- */

static void job_release(struct fetch_job *j)
{
    if (j->query)
        dns_cancel(j->query);
    if (j->is_added)
        curl_multi_remove_handle(j->fetch->multi, j->easy);
    curl_easy_cleanup(j->easy);
    curl_slist_free_all(j->headers);
    curl_slist_free_all(j->resolve);
    curl_free(j->host);
    curl_free(j->port);
    curl_url_cleanup(j->url);
    timer_fini(&j->deadline);
    free(j->answer);
    free(j);
}

static void job_free(struct fetch_job *j)
{
    DL_DELETE(j->fetch->jobs, j);
    job_release(j);
}

static void finish(struct fetch_job *j, enum err err, const char *why)
{
    struct fetch_result r = { .body = j->answer, .body_len = j->answer_len };
    curl_easy_getinfo(j->easy, CURLINFO_RESPONSE_CODE, &r.status);
    if (err != ERR_OK)
        str_fmt(r.text, sizeof r.text, "%s:%s: %s", j->host, j->port, why);
    timer_stop(&j->deadline);
    j->fn(j->ctx, err, &r);
    job_free(j);
}

static enum err err_from_curl(CURLcode code)
{
    static const struct {
        CURLcode code;
        enum err err;
    } table[] = {
        { CURLE_OK, ERR_OK },
        { CURLE_COULDNT_CONNECT, ERR_REFUSED },
        { CURLE_OPERATION_TIMEDOUT, ERR_TIMEOUT },
        { CURLE_COULDNT_RESOLVE_HOST, ERR_NAME },
        { CURLE_SSL_CONNECT_ERROR, ERR_TLS },
        { CURLE_PEER_FAILED_VERIFICATION, ERR_TLS },
        { CURLE_SSL_CERTPROBLEM, ERR_TLS },
        { CURLE_SSL_CIPHER, ERR_TLS },
        { CURLE_SSL_CACERT_BADFILE, ERR_TLS },
        { CURLE_GOT_NOTHING, ERR_CLOSED },
        { CURLE_SEND_ERROR, ERR_CLOSED },
        { CURLE_RECV_ERROR, ERR_CLOSED },
        { CURLE_PARTIAL_FILE, ERR_CLOSED },
        { CURLE_WEIRD_SERVER_REPLY, ERR_MALFORMED },
        { CURLE_UNSUPPORTED_PROTOCOL, ERR_MALFORMED }, /* HTTP/0.9 */
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        if (table[i].code == code)
            return table[i].err;
    }
    return ERR_IO;
}

/* Transfers that curl has done with since the last call. */
static void collect_ended(struct fetch *f)
{
    int left;
    for (CURLMsg *m = curl_multi_info_read(f->multi, &left); m; m = curl_multi_info_read(f->multi, &left)) {
        if (m->msg != CURLMSG_DONE)
            continue;
        struct fetch_job *j = NULL;
        CURLcode code = m->data.result;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&j);
        if (code == CURLE_WRITE_ERROR) /* we cut off a flood behind a sound status line */
            code = CURLE_OK;
        finish(j, err_from_curl(code), j->error[0] ? j->error : curl_easy_strerror(code));
    }
}

/* --- curl's events --- */

static void on_socket(evutil_socket_t fd, short what, void *ctx)
{
    struct fetch *f = ctx;
    int64_t entered_us = loop_enter(f->loop);
    int running, bits = (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0);
    curl_multi_socket_action(f->multi, fd, bits, &running);
    collect_ended(f);
    loop_leave(f->loop, entered_us, "fetch");
}

static void on_timer(void *ctx)
{
    struct fetch *f = ctx;
    int running;
    curl_multi_socket_action(f->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    collect_ended(f);
}

/* curl tells which events of a socket it waits for; `ev` is what we gave curl_multi_assign() for it. */
static int want_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *ev)
{
    (void)easy;
    struct fetch *f = ctx;
    if (ev)
        event_free(ev);
    ev = NULL;
    if (what != CURL_POLL_REMOVE) {
        int bits = (what & CURL_POLL_IN ? EV_READ : 0) | (what & CURL_POLL_OUT ? EV_WRITE : 0) | EV_PERSIST;
        ev = event_new(loop_base(f->loop), fd, (short)bits, on_socket, f);
        BUG_IF(!ev || event_add(ev, NULL) != 0);
    }
    curl_multi_assign(f->multi, fd, ev);
    return 0;
}

static int want_timer(CURLM *multi, long timeout_ms, void *ctx)
{
    (void)multi;
    struct fetch *f = ctx;
    if (timeout_ms < 0)
        timer_stop(&f->timer);
    else
        timer_start_ms(&f->timer, timeout_ms);
    return 0;
}

struct fetch *fetch_create(struct loop *l, struct dns *d)
{
    BUG_IF(curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK);
    struct fetch *f = xcalloc(1, sizeof *f);
    f->loop = l;
    f->dns = d;
    f->multi = curl_multi_init();
    BUG_IF(!f->multi);
    timer_init(&f->timer, l, "fetch", on_timer, f);
    curl_multi_setopt(f->multi, CURLMOPT_SOCKETFUNCTION, want_socket);
    curl_multi_setopt(f->multi, CURLMOPT_SOCKETDATA, f);
    curl_multi_setopt(f->multi, CURLMOPT_TIMERFUNCTION, want_timer);
    curl_multi_setopt(f->multi, CURLMOPT_TIMERDATA, f);
    return f;
}

void fetch_free(struct fetch *f)
{
    if (!f)
        return;
    while (f->jobs)
        job_free(f->jobs);
    curl_multi_cleanup(f->multi);
    timer_fini(&f->timer);
    free(f);
    curl_global_cleanup();
}

/* --- the start of a job --- */

static size_t keep_answer(char *bytes, size_t size, size_t n, void *ctx)
{
    (void)size; /* 1, by contract of curl */
    struct fetch_job *j = ctx;
    size_t room = j->answer_max - j->answer_len, take = n < room ? n : room;
    if (take > 0)
        bytes_copy(j->answer + j->answer_len, room, bytes, take);
    j->answer_len += take;
    j->answer_seen += n;
    return j->answer_seen > j->answer_max + ANSWER_FLOOD ? 0 : n;
}

static void on_deadline(void *ctx)
{
    struct fetch_job *j = ctx;
    char why[64];
    str_fmt(why, sizeof why, "no answer within %lld s", (long long)(j->timeout_ms / 1000));
    finish(j, ERR_TIMEOUT, why);
}

/* HOST:PORT:ADDRESS,ADDRESS: with this entry curl has nothing to look up. */
static void on_resolved(void *ctx, enum err err, const struct dns_answer *answer)
{
    struct fetch_job *j = ctx;
    j->query = NULL;
    if (err != ERR_OK) {
        finish(j, err, err == ERR_NAME ? err_text(err) : "the name servers do not answer");
        return;
    }
    char entry[RESOLVE_MAX];
    struct wr w = wr_init(entry, sizeof entry - 1);
    wr_fmt(&w, "%s:%s:", j->host, j->port);
    for (size_t i = 0; i < answer->n; i++)
        wr_fmt(&w, i ? ",%s" : "%s", answer->address[i]);
    BUG_IF(!wr_ok(&w));
    entry[wr_len(&w)] = '\0';
    j->resolve = curl_slist_append(NULL, entry);
    BUG_IF(!j->resolve);
    curl_easy_setopt(j->easy, CURLOPT_RESOLVE, j->resolve);
    curl_multi_add_handle(j->fetch->multi, j->easy);
    j->is_added = true;
}

static bool is_plain_ascii(const char *text)
{
    for (; *text; text++) {
        if (*text <= ' ' || *text >= 0x7F)
            return false;
    }
    return true;
}

static enum err read_url(struct fetch_job *j, const char *text, struct err_at *at)
{
    enum { HOST_MAX = 253 };
    char *scheme = NULL;
    j->url = curl_url();
    BUG_IF(!j->url);
    CURLUcode bad = curl_url_set(j->url, CURLUPART_URL, text, 0);
    if (!bad)
        bad = curl_url_get(j->url, CURLUPART_SCHEME, &scheme, 0);
    if (!bad)
        bad = curl_url_get(j->url, CURLUPART_HOST, &j->host, 0);
    if (!bad)
        bad = curl_url_get(j->url, CURLUPART_PORT, &j->port, CURLU_DEFAULT_PORT);
    bool is_http = !bad && (str_eq(scheme, "http") || str_eq(scheme, "https"));
    curl_free(scheme);
    if (bad)
        return err_say(at, ERR_INVALID, "the URL %s cannot be used: %s", text, curl_url_strerror(bad));
    if (!is_http)
        return err_say(at, ERR_INVALID, "the URL %s does not begin with http:// or https://", text);
    /* curl would convert other names, or cut the dot, and then look up what we did not give it. */
    size_t len = strlen(j->host);
    if (len == 0 || len > HOST_MAX || !is_plain_ascii(j->host) || j->host[len - 1] == '.')
        return err_say(at, ERR_INVALID, "the host name of %s must be plain ASCII, without a dot at its end", text);
    return ERR_OK;
}

static enum err add_headers(struct fetch_job *j, const char *const *headers, struct err_at *at)
{
    j->headers =
        curl_slist_append(NULL, "Expect:"); /* no 100-continue: it costs a round trip, and servers get it wrong */
    BUG_IF(!j->headers);
    for (; headers && *headers; headers++) {
        for (const char *p = *headers; *p; p++) {
            if ((unsigned char)*p < ' ' || *p == 0x7F)
                return err_say(at, ERR_INVALID, "a header holds a control character");
        }
        if (strlen(*headers) > HEADER_MAX)
            return err_say(at, ERR_TOO_BIG, "a header is longer than %d bytes", (int)HEADER_MAX);
        BUG_IF(!curl_slist_append(j->headers, *headers));
    }
    return ERR_OK;
}

static void set_body(struct fetch_job *j, const struct fetch_request *rq)
{
    if (rq->body) {
        curl_easy_setopt(j->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)rq->body_len);
        curl_easy_setopt(j->easy, CURLOPT_POSTFIELDS, rq->body);
    }
    curl_easy_setopt(j->easy, CURLOPT_CUSTOMREQUEST, rq->method);
    curl_easy_setopt(j->easy, CURLOPT_WRITEFUNCTION, keep_answer);
    curl_easy_setopt(j->easy, CURLOPT_WRITEDATA, j);
}

static bool is_https(const struct fetch_job *j)
{
    char *scheme = NULL;
    bool yes = !curl_url_get(j->url, CURLUPART_SCHEME, &scheme, 0) && str_eq(scheme, "https");
    curl_free(scheme);
    return yes;
}

static void set_security(struct fetch_job *j, const struct fetch_request *rq)
{
    if (rq->user && rq->user[0]) {
        curl_easy_setopt(j->easy, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
        curl_easy_setopt(j->easy, CURLOPT_USERNAME, rq->user);
        curl_easy_setopt(j->easy, CURLOPT_PASSWORD, rq->password ? rq->password : "");
    }
    /* Of the folder only the certificate that is asked for is read; the system's bundle file would cost some 50 ms. */
    bool has_own = rq->ca_file && rq->ca_file[0];
    curl_easy_setopt(j->easy, CURLOPT_CAINFO, has_own ? rq->ca_file : NULL);
    curl_easy_setopt(j->easy, CURLOPT_CAPATH, has_own ? NULL : ca_folder);
    if (rq->insecure && is_https(j)) {
        curl_easy_setopt(j->easy, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(j->easy, CURLOPT_SSL_VERIFYHOST, 0L);
        log_warn("fetch", "%s: its certificate is not checked, by setting", j->host);
    }
    curl_easy_setopt(j->easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
}

/* What holds for every transfer. No proxy and no redirect: each would be another name to look up, and another server. */
static void set_common(struct fetch_job *j)
{
    curl_easy_setopt(j->easy, CURLOPT_PRIVATE, j);
    curl_easy_setopt(j->easy, CURLOPT_CURLU, j->url);
    curl_easy_setopt(j->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(j->easy, CURLOPT_PROXY, "");
    curl_easy_setopt(j->easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(j->easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(j->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(j->easy, CURLOPT_FORBID_REUSE, 1L); /* the next report is minutes away */
    curl_easy_setopt(j->easy, CURLOPT_HTTPHEADER, j->headers);
    curl_easy_setopt(j->easy, CURLOPT_ERRORBUFFER, j->error);
}

struct fetch_job *fetch_start(struct fetch *f, const struct fetch_request *rq, fetch_fn *fn, void *ctx,
                              struct err_at *at)
{
    struct fetch_job *j = xcalloc(1, sizeof *j);
    j->fetch = f;
    j->fn = fn;
    j->ctx = ctx;
    j->timeout_ms = rq->timeout_ms;
    j->answer_max = rq->answer_max;
    j->answer = xcalloc(1, rq->answer_max + 1);
    j->easy = curl_easy_init();
    BUG_IF(!j->easy);
    timer_init(&j->deadline, f->loop, "fetch", on_deadline, j);
    if (read_url(j, rq->url, at) != ERR_OK || add_headers(j, rq->headers, at) != ERR_OK) {
        job_release(j);
        return NULL;
    }
    DL_APPEND(f->jobs, j);
    set_common(j);
    set_body(j, rq);
    set_security(j, rq);
    if (j->timeout_ms >= 0)
        timer_start_ms(&j->deadline, j->timeout_ms);
    if (j->host[0] == '[') { /* an IPv6 address: nothing to look up */
        curl_multi_add_handle(f->multi, j->easy);
        j->is_added = true;
    } else {
        j->query = dns_resolve(f->dns, j->host, on_resolved, j);
    }
    return j;
}

void fetch_cancel(struct fetch_job *j)
{
    job_free(j);
}
