/* test_bug.c — a broken promise ends the process, and so does memory that is gone.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/bug.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/base/wr.h"

/* How a child that runs fn ends: the signal, or 0. */
static int signal_of(void (*fn)(void))
{
    pid_t child = fork();
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        log_set_stderr(false, LOG_LEVEL_FATAL);
        fn();
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void break_promise(void)
{
    BUG_IF(1 + 1 == 2);
}

static void keep_promise(void)
{
    BUG_IF(1 + 1 == 3);
}

static void copy_too_much(void)
{
    char small[2];
    bytes_copy(small, sizeof small, "abc", 3);
}

static void a_broken_promise_aborts_and_a_kept_one_does_not(void **state)
{
    (void)state;
    assert_int_equal(signal_of(break_promise), SIGABRT);
    assert_int_equal(signal_of(keep_promise), 0);
    assert_int_equal(signal_of(copy_too_much), SIGABRT);
}

static void allocations_are_zeroed_or_copied_whole(void **state)
{
    (void)state;
    char *zeroed = xcalloc(4, 2), *text = xstrndup("abcdef", 3), *all = xstrdup("xyz"), *bytes = xmemdup("a\0b", 3);
    assert_memory_equal(zeroed, "\0\0\0\0\0\0\0\0", 8);
    assert_string_equal(text, "abc");
    assert_string_equal(all, "xyz");
    assert_memory_equal(bytes, "a\0b", 3);
    zeroed = xrealloc(zeroed, 100, 3);
    zeroed[299] = 1;
    free(zeroed);
    free(text);
    free(all);
    free(bytes);
    free(xmalloc(0));
    free(xcalloc(0, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_broken_promise_aborts_and_a_kept_one_does_not),
        cmocka_unit_test(allocations_are_zeroed_or_copied_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
