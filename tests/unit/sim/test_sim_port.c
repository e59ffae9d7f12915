/* test_sim_port.c — the terminal behind its link, and what is refused. Bytes and hosts are tested with the whole program.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "tests/sim/sim_port.h"

static const struct sim_port_ops unused = { NULL, NULL, NULL, NULL };

struct place {
    struct loop *loop;
    char folder[40], link[64];
};

static void place_init(struct place *p)
{
    *p = (struct place){ .loop = loop_create(clock_system()), .folder = "/tmp/test_sim_port-XXXXXX" };
    assert_non_null(mkdtemp(p->folder));
    str_fmt(p->link, sizeof p->link, "%s/mbus0", p->folder);
}

static void place_fini(struct place *p)
{
    unlink(p->link);
    assert_int_equal(rmdir(p->folder), 0); /* nothing else was left there */
    loop_free(p->loop);
}

static bool is_there(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0;
}

static void the_link_leads_to_a_raw_terminal_and_goes_at_the_end(void **state)
{
    (void)state;
    struct place at;
    struct sim_port *port = NULL;
    struct termios t;
    place_init(&at);
    assert_int_equal(sim_port_open_pty(&port, at.loop, &unused, at.link, NULL), ERR_OK);
    sim_port_set_baud(port, 9600);
    int fd = open(at.link, O_RDWR | O_NOCTTY);
    assert_true(fd >= 0 && tcgetattr(fd, &t) == 0);
    assert_int_equal(t.c_lflag & (ICANON | ECHO | ISIG), 0);
    assert_int_equal(t.c_oflag & OPOST, 0);
    assert_int_equal(cfgetospeed(&t), B9600);
    assert_int_equal(sim_port_host_baud(port), 9600);
    assert_int_equal(cfsetspeed(&t, B300), 0);
    assert_int_equal(tcsetattr(fd, TCSANOW, &t), 0);
    assert_int_equal(sim_port_host_baud(port), 300);
    assert_true(strstr(sim_port_name(port), at.link) != NULL);
    close(fd);
    sim_port_close(port);
    assert_false(is_there(at.link));
    place_fini(&at);
}

static void a_left_over_link_is_replaced(void **state)
{
    (void)state;
    struct place at;
    struct sim_port *port = NULL;
    place_init(&at);
    assert_int_equal(symlink("/dev/pts/99999", at.link), 0);
    assert_int_equal(sim_port_open_pty(&port, at.loop, &unused, at.link, NULL), ERR_OK);
    assert_int_equal(access(at.link, R_OK | W_OK), 0);
    sim_port_close(port);
    place_fini(&at);
}

static void the_link_of_a_later_run_is_left_alone(void **state)
{
    (void)state;
    struct place at;
    struct sim_port *first = NULL, *second = NULL;
    place_init(&at);
    assert_int_equal(sim_port_open_pty(&first, at.loop, &unused, at.link, NULL), ERR_OK);
    assert_int_equal(sim_port_open_pty(&second, at.loop, &unused, at.link, NULL), ERR_OK);
    sim_port_close(first);
    assert_int_equal(access(at.link, R_OK | W_OK), 0);
    sim_port_close(second);
    assert_false(is_there(at.link));
    place_fini(&at);
}

static void what_belongs_to_others_is_not_replaced(void **state)
{
    (void)state;
    struct place at;
    struct sim_port *port = NULL;
    struct err_at why = { 0 };
    place_init(&at);
    assert_int_equal(symlink("/etc/hostname", at.link), 0);
    assert_int_equal(sim_port_open_pty(&port, at.loop, &unused, at.link, &why), ERR_EXISTS);
    assert_true(is_there(at.link));
    assert_int_equal(unlink(at.link), 0);
    assert_int_equal(mkdir(at.link, 0700), 0);
    assert_int_equal(sim_port_open_pty(&port, at.loop, &unused, at.link, &why), ERR_EXISTS);
    assert_int_equal(rmdir(at.link), 0);
    assert_null(port);
    place_fini(&at);
}

static void refuses_what_is_no_address(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum err err;
    } cases[] = { { "127.0.0.1", ERR_SYNTAX },      { ":4001", ERR_SYNTAX },         { "127.0.0.1:", ERR_SYNTAX },
                  { "127.0.0.1:65536", ERR_RANGE }, { "127.0.0.1:http", ERR_RANGE }, { "127.0.0.1:-1", ERR_RANGE },
                  { "999.0.0.1.:1", ERR_NAME } };
    struct place at;
    place_init(&at);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct sim_port *port = NULL;
        struct err_at why = { 0 };
        if (sim_port_open_tcp(&port, at.loop, &unused, cases[i].text, &why) != cases[i].err || !why.text[0])
            fail_msg("%s: %s", cases[i].text, why.text);
    }
    place_fini(&at);
}

static void a_free_port_is_taken_and_told(void **state)
{
    (void)state;
    struct place at;
    struct sim_port *port = NULL, *second = NULL;
    struct err_at why = { 0 };
    place_init(&at);
    assert_int_equal(sim_port_open_tcp(&port, at.loop, &unused, "127.0.0.1:0", NULL), ERR_OK);
    assert_true(str_starts(sim_port_name(port), "127.0.0.1:"));
    assert_int_not_equal(sim_port_open_tcp(&second, at.loop, &unused, sim_port_name(port), &why), ERR_OK);
    assert_non_null(strstr(why.text, sim_port_name(port)));
    assert_int_equal(sim_port_host_baud(port), 0);
    sim_port_close(port);
    place_fini(&at);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_link_leads_to_a_raw_terminal_and_goes_at_the_end),
        cmocka_unit_test(a_left_over_link_is_replaced),
        cmocka_unit_test(the_link_of_a_later_run_is_left_alone),
        cmocka_unit_test(what_belongs_to_others_is_not_replaced),
        cmocka_unit_test(refuses_what_is_no_address),
        cmocka_unit_test(a_free_port_is_taken_and_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
