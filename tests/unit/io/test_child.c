/* test_child.c — helper processes: this very program plays the worker.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "io/child.h"
#include "io/loop.h"

struct outcome {
    struct loop *loop;
    int calls;
    enum err err;
    size_t len;
    uint8_t first[64];
};

static void on_done(void *ctx, enum err err, const uint8_t *out, size_t len)
{
    struct outcome *o = ctx;
    o->calls++;
    o->err = err;
    o->len = len;
    bytes_copy(o->first, sizeof o->first, out, len < sizeof o->first ? len : sizeof o->first);
    loop_stop(o->loop);
}

static const char *const shout_args[] = { "shout", NULL };

static void a_worker_ends_as_it_did(void **state)
{
    (void)state;
    static const struct {
        const char *name, *worker;
        const char *const *args;
        size_t input_len;
        enum err err;
        size_t len;
        const char *text;
    } cases[] = {
        { "input comes back as output", "copy", NULL, 5, ERR_OK, 5, "aaaaa" },
        { "no input, no output", "copy", NULL, 0, ERR_OK, 0, "" },
        { "arguments reach the worker", "copy", shout_args, 3, ERR_OK, 3, "AAA" },
        { "a megabyte passes pipes that hold less", "copy", NULL, 1000000, ERR_OK, 1000000, "aaaa" },
        { "more output than allowed", "copy", NULL, 1000001, ERR_TOO_BIG, 0, "" },
        { "an exit status that is not 0", "fail", NULL, 10, ERR_IO, 0, "" },
        { "a crash", "crash", NULL, 10, ERR_IO, 0, "" },
        { "a worker that never ends", "sleep", NULL, 10, ERR_TIMEOUT, 0, "" },
        { "a worker that does not read its input", "ignore", NULL, 1000000, ERR_OK, 4, "done" },
    };
    uint8_t *input = xmalloc(1000001);
    bytes_fill(input, 'a', 1000001);
    log_set_stderr(false, LOG_LEVEL_INFO);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct outcome o = { .loop = loop_create(clock_system()) };
        struct child_spec spec = { .worker = cases[i].worker, .args = cases[i].args, .input = input };
        spec.input_len = cases[i].input_len;
        spec.output_max = 1000000;
        spec.timeout_ms = cases[i].err == ERR_TIMEOUT ? 30 : 20000;
        struct child *c = NULL;
        assert_int_equal(child_start(o.loop, &spec, on_done, &o, &c), ERR_OK);
        loop_run(o.loop);
        loop_free(o.loop);
        if (o.err != cases[i].err || o.len != cases[i].len || o.calls != 1)
            fail_msg("%s: %s, %zu bytes, %d calls", cases[i].name, err_name(o.err), o.len, o.calls);
        assert_memory_equal(o.first, cases[i].text, o.len < 4 ? o.len : 4);
    }
    log_set_stderr(true, LOG_LEVEL_INFO);
    free(input);
}

static void a_killed_worker_says_nothing_and_leaves_nothing(void **state)
{
    (void)state;
    struct outcome o = { .loop = loop_create(clock_system()) };
    struct child_spec spec = { .worker = "sleep", .output_max = 10, .timeout_ms = 20000 };
    struct child *c = NULL;
    assert_int_equal(child_start(o.loop, &spec, on_done, &o, &c), ERR_OK);
    child_kill(c);
    loop_free(o.loop);
    assert_int_equal(o.calls, 0);
}

static int copy(bool loud)
{
    int byte;
    while ((byte = getchar()) != EOF)
        putchar(loud ? byte - 'a' + 'A' : byte);
    return fflush(stdout) == 0 ? 0 : 1;
}

static int work(int argc, char **argv)
{
    if (str_eq(argv[2], "copy"))
        return copy(argc > 3 && str_eq(argv[3], "shout"));
    if (str_eq(argv[2], "crash"))
        raise(SIGKILL);
    if (str_eq(argv[2], "sleep"))
        pause();
    if (str_eq(argv[2], "ignore"))
        return fputs("done", stdout) < 0;
    return 3;
}

int main(int argc, char **argv)
{
    if (argc > 2 && str_eq(argv[1], "--worker"))
        return work(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_worker_ends_as_it_did),
        cmocka_unit_test(a_killed_worker_says_nothing_and_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
