/* child.c — helper processes: our own program with a worker name, input by its standard input, the result from its
 * standard output.
 *
 * Knows: pipes that never block the loop, posix_spawn, the deadline, how a child ended.
 * Does not know: what workers do. A child is ended with SIGKILL and reaped by polling its pidfd, so no SIGCHLD handler
 * is needed and no zombie stays.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "io/child.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/bug.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "io/loop.h"

enum { ARGS_MAX = 16, READ_STEP = 65536, WRITE_STEP = 65536, KILL_WAIT_MS = 20 };

struct child {
    struct loop *loop;
    pid_t pid;
    int pidfd, in_fd, out_fd; /* -1: closed */
    struct event *in_ev, *out_ev, *exit_ev;
    struct timer deadline;
    char worker[32];
    uint8_t *input;
    size_t input_len, input_at;
    uint8_t *output; /* grows by doubling, at most output_max */
    size_t output_len, output_room, output_max;
    enum err err;      /* why we ended it; ERR_OK: by itself */
    child_done_fn *fn; /* NULL: nobody wants to know any more */
    void *ctx;
    bool has_exited, is_over;
    int wait_status;
};

static void drop_event(struct event **ev)
{
    if (*ev)
        event_free(*ev);
    *ev = NULL;
}

static void drop_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void free_child(void *ctx)
{
    struct child *c = ctx;
    drop_event(&c->in_ev);
    drop_event(&c->out_ev);
    drop_event(&c->exit_ev);
    drop_fd(&c->in_fd);
    drop_fd(&c->out_fd);
    drop_fd(&c->pidfd);
    timer_fini(&c->deadline);
    free(c->input);
    free(c->output);
    free(c);
}

static enum err result_of(const struct child *c)
{
    if (c->err)
        return c->err;
    return WIFEXITED(c->wait_status) && WEXITSTATUS(c->wait_status) == 0 ? ERR_OK : ERR_IO;
}

/* Over when the process has gone and its output was read to the end. */
static void check_end(struct child *c)
{
    if (!c->has_exited || c->out_fd >= 0 || c->is_over)
        return;
    c->is_over = true;
    timer_stop(&c->deadline);
    child_done_fn *fn = c->fn;
    c->fn = NULL;
    if (fn) {
        enum err err = result_of(c);
        if (err == ERR_IO && WIFSIGNALED(c->wait_status))
            log_warn("child", "%s: ended by signal %d", c->worker, WTERMSIG(c->wait_status));
        fn(c->ctx, err, c->output, err ? 0 : c->output_len);
    }
    loop_defer(c->loop, free_child, c);
}

static void end_early(struct child *c, enum err err)
{
    if (!c->err)
        c->err = err;
    if (!c->has_exited)
        syscall(SYS_pidfd_send_signal, c->pidfd, SIGKILL, NULL, 0);
    drop_event(&c->in_ev);
    drop_fd(&c->in_fd);
    drop_event(&c->out_ev);
    drop_fd(&c->out_fd);
}

static void on_deadline(void *ctx)
{
    struct child *c = ctx;
    log_warn("child", "%s: ended, it took too long", c->worker);
    end_early(c, ERR_TIMEOUT);
    check_end(c);
}

static void on_input_room(evutil_socket_t fd, short what, void *ctx)
{
    (void)what;
    struct child *c = ctx;
    int64_t entered_us = loop_enter(c->loop);
    size_t left = c->input_len - c->input_at;
    ssize_t n = write(fd, c->input + c->input_at, left < WRITE_STEP ? left : WRITE_STEP);
    if (n > 0)
        c->input_at += (size_t)n;
    /* A worker that wants no more input says so by closing; what counts is how it ends. */
    if (c->input_at == c->input_len || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        drop_event(&c->in_ev);
        drop_fd(&c->in_fd);
    }
    loop_leave(c->loop, entered_us, "child input");
}

/* Room for some more, one byte beyond the limit included so that too much is seen. */
static size_t make_room(struct child *c)
{
    if (c->output_room == c->output_len) {
        size_t want = c->output_room ? 2 * c->output_room : READ_STEP;
        c->output_room = want > c->output_max + 1 ? c->output_max + 1 : want;
        c->output = xrealloc(c->output, c->output_room, 1);
    }
    return c->output_room - c->output_len;
}

static void read_output(struct child *c)
{
    size_t room = make_room(c);
    ssize_t n = read(c->out_fd, c->output + c->output_len, room < READ_STEP ? room : READ_STEP);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n > 0)
        c->output_len += (size_t)n;
    if (c->output_len > c->output_max) {
        end_early(c, ERR_TOO_BIG);
    } else if (n <= 0) {
        drop_event(&c->out_ev);
        drop_fd(&c->out_fd);
    }
}

static void on_output(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd;
    (void)what;
    struct child *c = ctx;
    struct loop *l = c->loop;
    int64_t entered_us = loop_enter(l);
    read_output(c);
    check_end(c);
    loop_leave(l, entered_us, "child output");
}

static void reap(struct child *c)
{
    if (!c->has_exited && waitpid(c->pid, &c->wait_status, WNOHANG) == c->pid) {
        c->has_exited = true;
        drop_event(&c->exit_ev);
    }
    check_end(c);
}

static void on_exit_of_child(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd;
    (void)what;
    struct child *c = ctx;
    struct loop *l = c->loop;
    int64_t entered_us = loop_enter(l);
    reap(c);
    loop_leave(l, entered_us, "child exit");
}

/* --- start --- */

static enum err open_pipes(int in[2], int out[2])
{
    if (pipe2(in, O_CLOEXEC) != 0)
        return err_from_errno(errno);
    if (pipe2(out, O_CLOEXEC) != 0) {
        int e = errno;
        close(in[0]);
        close(in[1]);
        return err_from_errno(e);
    }
    fcntl(in[1], F_SETFL, O_NONBLOCK);
    fcntl(out[0], F_SETFL, O_NONBLOCK);
    return ERR_OK;
}

static enum err spawn(const struct child_spec *spec, int in_fd, int out_fd, pid_t *pid)
{
    char *argv[ARGS_MAX + 4] = { (char *)"metergate-worker", (char *)"--worker", (char *)spec->worker };
    size_t n = 3;
    for (size_t i = 0; spec->args && spec->args[i]; i++) {
        BUG_IF(i == ARGS_MAX);
        argv[n++] = (char *)spec->args[i];
    }
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t none, defaults;
    sigemptyset(&none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, in_fd, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&files, out_fd, STDOUT_FILENO);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &defaults);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    int e = posix_spawn(pid, "/proc/self/exe", &files, &attr, argv, environ);
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&files);
    return e ? err_from_errno(e) : ERR_OK;
}

/* The limit is set from outside, at once after the start: the worker has hardly begun, and a limit that comes a moment
 * late still bounds it. */
static void limit_memory(pid_t pid, uint64_t bytes)
{
    struct rlimit limit = { .rlim_cur = bytes, .rlim_max = bytes };
    if (bytes && prlimit(pid, RLIMIT_AS, &limit, NULL) != 0)
        log_warn("child", "the memory limit of a worker cannot be set");
}

static void watch(struct child *c, int64_t timeout_ms)
{
    struct event_base *base = loop_base(c->loop);
    c->in_ev = event_new(base, c->in_fd, EV_WRITE | EV_PERSIST, on_input_room, c);
    c->out_ev = event_new(base, c->out_fd, EV_READ | EV_PERSIST, on_output, c);
    c->exit_ev = event_new(base, c->pidfd, EV_READ | EV_PERSIST, on_exit_of_child, c);
    BUG_IF(!c->in_ev || !c->out_ev || !c->exit_ev);
    BUG_IF(event_add(c->out_ev, NULL) != 0 || event_add(c->exit_ev, NULL) != 0 || event_add(c->in_ev, NULL) != 0);
    timer_init(&c->deadline, c->loop, "child deadline", on_deadline, c);
    timer_start_ms(&c->deadline, timeout_ms);
}

enum err child_start(struct loop *l, const struct child_spec *spec, child_done_fn *fn, void *ctx, struct child **out)
{
    int in[2] = { -1, -1 }, pipe_out[2] = { -1, -1 };
    enum err err = open_pipes(in, pipe_out);
    if (err)
        return err;
    pid_t pid = -1;
    int pidfd = -1;
    err = spawn(spec, in[0], pipe_out[1], &pid);
    close(in[0]);
    close(pipe_out[1]);
    if (!err && (pidfd = (int)syscall(SYS_pidfd_open, pid, 0)) < 0) {
        err = err_from_errno(errno);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
    if (err) {
        close(in[1]);
        close(pipe_out[0]);
        return err;
    }
    limit_memory(pid, spec->memory_max);
    struct child *c = xcalloc(1, sizeof *c);
    *c = (struct child){ .loop = l, .pid = pid, .pidfd = pidfd, .in_fd = in[1], .out_fd = pipe_out[0] };
    c->output_max = spec->output_max;
    c->fn = fn;
    c->ctx = ctx;
    str_copy(c->worker, sizeof c->worker, spec->worker);
    c->input_len = spec->input_len;
    c->input = c->input_len ? xmemdup(spec->input, spec->input_len) : NULL;
    watch(c, spec->timeout_ms);
    *out = c;
    return ERR_OK;
}

/* A killed process is gone in well under a millisecond. Waiting for that, shortly and with a bound, leaves nothing behind
 * when the loop ends next; one that hangs in the kernel is reaped later. */
void child_kill(struct child *c)
{
    c->fn = NULL;
    end_early(c, ERR_CANCELLED);
    struct pollfd gone = { .fd = c->pidfd, .events = POLLIN };
    if (!c->has_exited)
        poll(&gone, 1, KILL_WAIT_MS);
    reap(c);
}
