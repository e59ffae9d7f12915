/* store_conf.c — the settings file and the data folder on disk.
 *
 * Knows: how to replace a file so that a power cut leaves the old one or the new one. Does not know: what stands in it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/store_conf.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/str.h"

static enum err say_errno(struct err_at *at, const char *what, const char *path)
{
    int e = errno;
    return err_say(at, err_from_errno(e), "%s %s: %s", what, path, strerror(e));
}

enum err conf_make_dir(const char *dir, struct err_at *at)
{
    char path[PATH_MAX];
    if (*dir == '\0' || !str_copy(path, sizeof path, dir))
        return err_say(at, ERR_INVALID, "the data folder's name is empty or too long");
    for (char *p = path + 1; *p; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        if (mkdir(path, 0755) != 0 && errno != EEXIST)
            return say_errno(at, "cannot make", path);
        *p = '/';
    }
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return say_errno(at, "cannot make", path);
    if (access(path, R_OK | W_OK | X_OK) != 0)
        return say_errno(at, "cannot use", path);
    return ERR_OK;
}

static enum err read_all(int fd, char *buffer, size_t size, size_t *len)
{
    size_t n = 0;
    while (n < size) {
        ssize_t got = read(fd, buffer + n, size - n);
        if (got == 0)
            break;
        if (got < 0 && errno != EINTR)
            return ERR_IO;
        n += got > 0 ? (size_t)got : 0;
    }
    *len = n;
    return ERR_OK;
}

enum err conf_read(const char *path, char **text, size_t *len, struct err_at *at)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return say_errno(at, "cannot read", path);
    char *buffer = xmalloc(CONF_BYTES_MAX + 1);
    size_t n = 0;
    enum err e = read_all(fd, buffer, CONF_BYTES_MAX + 1, &n);
    if (e != ERR_OK)
        e = say_errno(at, "cannot read", path);
    else if (n > CONF_BYTES_MAX)
        e = err_say(at, ERR_TOO_BIG, "%s is larger than %d bytes", path, CONF_BYTES_MAX);
    close(fd);
    if (e != ERR_OK) {
        free(buffer);
        return e;
    }
    buffer[n] = '\0';
    *text = buffer;
    *len = n;
    return ERR_OK;
}

static enum err write_all(int fd, const char *text, size_t len)
{
    for (size_t n = 0; n < len;) {
        ssize_t put = write(fd, text + n, len - n);
        if (put < 0 && errno != EINTR)
            return ERR_IO;
        n += put > 0 ? (size_t)put : 0;
    }
    return fsync(fd) == 0 ? ERR_OK : ERR_IO;
}

/* A rename is on disk only when its folder is. */
static void sync_folder_of(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    if (!str_copy_n(folder, sizeof folder, slash ? path : ".", slash ? (size_t)(slash - path) + 1 : 1))
        return;
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
}

enum err conf_replace(const char *path, const char *text, size_t len, struct err_at *at)
{
    char fresh[PATH_MAX];
    struct stat old;
    if (!str_fmt(fresh, sizeof fresh, "%s.new", path))
        return err_say(at, ERR_INVALID, "the name %s is too long", path);
    mode_t mode = stat(path, &old) == 0 ? old.st_mode & 0777 : 0600;
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (fd < 0)
        return say_errno(at, "cannot write", fresh);
    enum err e = write_all(fd, text, len);
    if (e != ERR_OK)
        e = say_errno(at, "cannot write", fresh);
    close(fd);
    if (e == ERR_OK && rename(fresh, path) != 0)
        e = say_errno(at, "cannot replace", path);
    if (e != ERR_OK) {
        (void)unlink(fresh);
        return e;
    }
    sync_folder_of(path);
    return ERR_OK;
}
