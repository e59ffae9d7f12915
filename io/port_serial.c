/* port_serial.c — a serial line as an M-Bus port: 8E1, raw, ours alone, with parity errors marked by the kernel.
 *
 * Knows: termios, the marks of PARMRK, locks against other programs.
 * Does not know: when and what to read or write; that is port.c. A pseudo terminal, which has no rate and no parity, is
 * a serial line like any other.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/serial.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "io/port_kind.h"

static const struct {
    uint32_t baud;
    speed_t speed;
} speeds[] = {
    { 300, B300 },   { 600, B600 },   { 1200, B1200 },   { 2400, B2400 },
    { 4800, B4800 }, { 9600, B9600 }, { 19200, B19200 }, { 38400, B38400 },
};

static speed_t speed_of(uint32_t baud)
{
    for (size_t i = 0; i < COUNT_OF(speeds); i++)
        if (speeds[i].baud == baud)
            return speeds[i].speed;
    return B2400;
}

static enum err serial_check(const char *rest, struct err_at *at)
{
    return rest[0] == '/' ? ERR_OK : err_say(at, ERR_SYNTAX, "a serial port is serial: and an absolute path");
}

/* INPCK with PARMRK and without IGNPAR: a byte with wrong parity arrives as FF 00 and the byte. */
static bool set_line(int fd, uint32_t baud)
{
    struct termios t;
    if (tcgetattr(fd, &t) != 0)
        return false;
    t.c_iflag = INPCK | PARMRK;
    t.c_oflag = 0;
    t.c_lflag = 0;
    t.c_cflag = CS8 | PARENB | CREAD | CLOCAL;
    t.c_cc[VMIN] = 1;
    t.c_cc[VTIME] = 0;
    if (cfsetispeed(&t, speed_of(baud)) != 0 || cfsetospeed(&t, speed_of(baud)) != 0)
        return false;
    if (tcsetattr(fd, TCSANOW, &t) == 0)
        return true;
    /* A pseudo terminal has no parity; the C library refuses when that was the only thing left to change. */
    struct termios now;
    return errno == EINVAL && tcgetattr(fd, &now) == 0 && cfgetospeed(&now) == speed_of(baud) &&
           (now.c_cflag & CSIZE) == CS8 && now.c_lflag == 0 && (now.c_iflag & PARMRK);
}

/* USB adapters gather bytes for 16 ms otherwise; drivers that do not know the flag keep their own ways. */
static void ask_for_low_latency(int fd)
{
    struct serial_struct s;
    if (ioctl(fd, TIOCGSERIAL, &s) == 0) {
        s.flags |= (int)ASYNC_LOW_LATENCY;
        (void)!ioctl(fd, TIOCSSERIAL, &s);
    }
}

/* Returns why the line cannot be used, or NULL. */
static const char *prepare(int fd, uint32_t baud)
{
    if (!isatty(fd))
        return "it is no serial line";
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        return "another program uses it";
    if (ioctl(fd, TIOCEXCL) != 0 || !set_line(fd, baud))
        return strerror(errno);
    ask_for_low_latency(fd);
    tcflush(fd, TCIOFLUSH);
    return NULL;
}

static void serial_open(struct port *p)
{
    /* O_NONBLOCK also keeps open() from waiting for a carrier. */
    int fd = open(port_rest(p, strlen(port_serial.scheme)), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        port_failed(p, strerror(errno));
        return;
    }
    const char *why = prepare(fd, p->baud);
    if (why) {
        char text[PORT_WHY_MAX];
        str_copy(text, sizeof text, why);
        close(fd);
        port_failed(p, text);
        return;
    }
    port_opened(p, fd);
}

static void serial_close(struct port *p)
{
    if (p->fd >= 0) /* the lock ends with the descriptor, the exclusive mode does not always */
        ioctl(p->fd, TIOCNXCL);
}

static void serial_set_baud(struct port *p)
{
    (void)!set_line(p->fd, p->baud); /* a line that is gone says so at the next read */
}

static int serial_queued(int fd)
{
    int n = 0;
    return ioctl(fd, TIOCOUTQ, &n) == 0 ? n : 0;
}

size_t port_unmark(enum port_mark *mark, uint8_t *bytes, size_t len, size_t *n_damaged)
{
    size_t out = 0;
    for (size_t i = 0; i < len; i++) {
        uint8_t b = bytes[i];
        if (*mark == MARK_NONE && b == 0xFF) {
            *mark = MARK_FF;
            continue;
        }
        if (*mark == MARK_FF && b == 0x00) {
            *mark = MARK_FF_00;
            continue;
        }
        if (*mark == MARK_FF_00)
            ++*n_damaged;
        *mark = MARK_NONE;
        bytes[out++] = b;
    }
    return out;
}

static size_t serial_clean(struct port *p, uint8_t *bytes, size_t len, size_t *n_damaged)
{
    return port_unmark(&p->mark, bytes, len, n_damaged);
}

const struct port_kind port_serial = {
    .scheme = "serial:",
    .retry_first_ms = 1000,
    .retry_last_ms = 1000,
    .check = serial_check,
    .open = serial_open,
    .close = serial_close,
    .set_baud = serial_set_baud,
    .queued = serial_queued,
    .clean = serial_clean,
};
