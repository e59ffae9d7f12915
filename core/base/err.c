/* err.c — the table behind enum err, the kernel's errors translated, and refusals that say where and what.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "core/base/bug.h"
#include "core/base/mem.h"
#include "core/base/str.h"

struct err_row {
    const char *name, *text;
    enum err_blame blame;
};

#define ERR_ROW(id, name, blame, text) { name, text, blame },
static const struct err_row rows[] = { ERR_LIST(ERR_ROW) };
_Static_assert(COUNT_OF(rows) == ERR_N, "one row for each error");

static const struct err_row *err_row(enum err e)
{
    BUG_IF((unsigned)e >= ERR_N);
    return &rows[e];
}

const char *err_name(enum err e)
{
    return err_row(e)->name;
}

const char *err_text(enum err e)
{
    return err_row(e)->text;
}

enum err_blame err_blame(enum err e)
{
    return err_row(e)->blame;
}

enum err err_from_errno(int errno_value)
{
    static const struct {
        int number;
        enum err err;
    } map[] = {
        { 0, ERR_OK },
        { ENOENT, ERR_NOT_FOUND },
        { ENODEV, ERR_PORT_DOWN },
        { ENXIO, ERR_PORT_DOWN },
        { EEXIST, ERR_EXISTS },
        { EADDRINUSE, ERR_CONFLICT },
        { ENOSPC, ERR_DISK_FULL },
        { EDQUOT, ERR_DISK_FULL },
        { EFBIG, ERR_TOO_BIG },
        { EMSGSIZE, ERR_TOO_BIG },
        { EMFILE, ERR_TOO_MANY },
        { ENFILE, ERR_TOO_MANY },
        { EACCES, ERR_PERMISSION },
        { EPERM, ERR_PERMISSION },
        { EROFS, ERR_PERMISSION },
        { EAGAIN, ERR_BUSY },
        { EBUSY, ERR_BUSY },
        { ETIMEDOUT, ERR_TIMEOUT },
        { ECONNREFUSED, ERR_REFUSED },
        { EHOSTUNREACH, ERR_REFUSED },
        { ENETUNREACH, ERR_REFUSED },
        { ECONNRESET, ERR_CLOSED },
        { EPIPE, ERR_CLOSED },
        { ENOTCONN, ERR_CLOSED },
        { ECANCELED, ERR_CANCELLED },
    };
    for (size_t i = 0; i < COUNT_OF(map); i++) {
        if (map[i].number == errno_value)
            return map[i].err;
    }
    return ERR_IO;
}

static void say(struct err_at *at, const char *fmt, va_list args)
{
    char line[512];
    if (vsnprintf(line, sizeof line, fmt, args) < 0)
        line[0] = 0;
    str_copy(at->text, sizeof at->text, line);
}

enum err err_say(struct err_at *at, enum err e, const char *fmt, ...)
{
    if (!at)
        return e;
    va_list args;
    va_start(args, fmt);
    say(at, fmt, args);
    va_end(args);
    return e;
}

enum err err_say_offset(struct err_at *at, enum err e, size_t offset, const char *fmt, ...)
{
    if (!at)
        return e;
    at->offset = offset;
    at->has_offset = true;
    va_list args;
    va_start(args, fmt);
    say(at, fmt, args);
    va_end(args);
    return e;
}
