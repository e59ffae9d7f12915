/* test_dns.c — answers that need no name server, answers that come late, and queries that are given up.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "io/dns.h"
#include "io/loop.h"

struct fixture {
    struct loop *loop;
    struct dns *dns;
    unsigned n_answers;
    enum err err;
    struct dns_answer answer;
};

static void begin(struct fixture *f)
{
    *f = (struct fixture){ .loop = loop_create(clock_system()) };
    f->dns = dns_create(f->loop);
}

static void end(struct fixture *f)
{
    dns_free(f->dns);
    loop_free(f->loop);
}

static void on_answer(void *ctx, enum err err, const struct dns_answer *answer)
{
    struct fixture *f = ctx;
    f->n_answers++;
    f->err = err;
    f->answer = *answer;
    loop_stop(f->loop);
}

static void addresses_and_the_hosts_file_answer_without_a_server(void **state)
{
    (void)state;
    static const struct {
        const char *host, *address;
    } cases[] = {
        { "127.0.0.1", "127.0.0.1" }, { "192.0.2.7", "192.0.2.7" }, { "::1", "::1" }, { "localhost", "127.0.0.1" }
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct fixture f;
        begin(&f);
        assert_non_null(dns_resolve(f.dns, cases[i].host, on_answer, &f));
        assert_int_equal(f.n_answers, 0); /* never from within the call */
        loop_run(f.loop);
        assert_int_equal(f.err, ERR_OK);
        bool is_there = false;
        for (size_t k = 0; k < f.answer.n; k++)
            is_there |= str_eq(f.answer.address[k], cases[i].address);
        assert_true(is_there);
        end(&f);
    }
}

static void what_is_no_name_is_unknown(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    dns_resolve(f.dns, "a name with blanks and \xC3\xA4", on_answer, &f);
    dns_cancel(dns_resolve(f.dns, "127.0.0.1", on_answer, &f));
    end(&f);
    assert_int_equal(f.n_answers, 0);
}

static void a_cancelled_query_does_not_call_back(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    dns_cancel(dns_resolve(f.dns, "192.0.2.1", on_answer, &f));
    dns_cancel(dns_resolve(f.dns, "unknown.invalid", on_answer, &f));
    dns_resolve(f.dns, "192.0.2.2", on_answer, &f);
    loop_run(f.loop);
    assert_int_equal(f.n_answers, 1);
    assert_string_equal(f.answer.address[0], "192.0.2.2");
    end(&f);
}

static void open_queries_end_with_the_resolver(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    dns_resolve(f.dns, "unknown.invalid", on_answer, &f);
    dns_resolve(f.dns, "192.0.2.2", on_answer, &f);
    end(&f);
    assert_int_equal(f.n_answers, 0);
    dns_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_and_the_hosts_file_answer_without_a_server),
        cmocka_unit_test(what_is_no_name_is_unknown),
        cmocka_unit_test(a_cancelled_query_does_not_call_back),
        cmocka_unit_test(open_queries_end_with_the_resolver),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
