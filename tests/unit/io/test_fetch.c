/* test_fetch.c — what is refused before anything is sent, and transfers that find nobody or are given up.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/mem.h"
#include "io/dns.h"
#include "io/fetch.h"
#include "io/loop.h"

struct fixture {
    struct loop *loop;
    struct dns *dns;
    struct fetch *fetch;
    unsigned n_answers;
    enum err err;
    struct fetch_result result;
};

static void begin(struct fixture *f)
{
    *f = (struct fixture){ .loop = loop_create(clock_system()) };
    f->dns = dns_create(f->loop);
    f->fetch = fetch_create(f->loop, f->dns);
}

static void end(struct fixture *f)
{
    fetch_free(f->fetch);
    dns_free(f->dns);
    loop_free(f->loop);
}

static void on_answer(void *ctx, enum err err, const struct fetch_result *r)
{
    struct fixture *f = ctx;
    f->n_answers++;
    f->err = err;
    f->result = *r;
    loop_stop(f->loop);
}

static struct fetch_job *post(struct fixture *f, const char *url, const char *header, int64_t timeout_ms,
                              struct err_at *at)
{
    const char *const headers[] = { header, NULL };
    const struct fetch_request rq = {
        .url = url, .method = "POST", .headers = headers, .body = "a", .body_len = 1, .timeout_ms = timeout_ms
    };
    return fetch_start(f->fetch, &rq, on_answer, f, at);
}

static void requests_that_cannot_be_sent_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name, *url, *header, *text;
    } cases[] = {
        { "no URL", "", NULL, "cannot be used" },
        { "no scheme", "//host/path", NULL, "cannot be used" },
        { "another scheme", "ftp://host/path", NULL, "does not begin with http:// or https://" },
        { "a file", "file:///etc/passwd", NULL, "the URL file:///etc/passwd " },
        { "a port that is none", "http://host:99999/", NULL, "cannot be used" },
        { "a name beyond ASCII", "http://h\xC3\xA4user.example/", NULL, "must be plain ASCII" },
        { "a name with a dot at its end", "http://host.example./", NULL, "without a dot at its end" },
        { "a line end in a header", "http://127.0.0.1/", "X: a\r\nY: b", "control character" },
    };
    struct fixture f;
    begin(&f);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err_at at = { 0 };
        if (post(&f, cases[i].url, cases[i].header, 1000, &at) || !strstr(at.text, cases[i].text))
            fail_msg("%s: %s", cases[i].name, at.text);
    }
    assert_int_equal(f.n_answers, 0);
    end(&f);
}

static void a_closed_port_refuses(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    assert_non_null(post(&f, "http://127.0.0.1:1/", NULL, 5000, NULL));
    loop_run(f.loop);
    assert_int_equal(f.n_answers, 1);
    assert_int_equal(f.err, ERR_REFUSED);
    assert_int_equal(f.result.status, 0);
    assert_non_null(strstr(f.result.text, "127.0.0.1:1: "));
    end(&f);
}

static void transfers_that_are_given_up_do_not_call_back(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    fetch_cancel(post(&f, "http://127.0.0.1:1/", NULL, -1, NULL));
    fetch_cancel(post(&f, "http://[::1]:1/", NULL, -1, NULL));
    assert_non_null(post(&f, "http://unknown.invalid/", NULL, 5000, NULL));
    assert_non_null(post(&f, "http://127.0.0.1:1/", NULL, 5000, NULL));
    end(&f); /* with two under way */
    assert_int_equal(f.n_answers, 0);
    fetch_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_that_cannot_be_sent_are_refused),
        cmocka_unit_test(a_closed_port_refuses),
        cmocka_unit_test(transfers_that_are_given_up_do_not_call_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
