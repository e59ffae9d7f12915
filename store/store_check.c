/* store_check.c — is the data file whole? Looked at before LMDB maps it: a page beyond the end of a cut file is a SIGBUS.
 *
 * Knows: the two meta pages of LMDB's file format 1.
 * Does not know: what is in the databases.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/rd.h"
#include "store/store_int.h"

enum { META_READ = 256, PAGE_LEAST = 256, PAGE_MOST = 65536 };
static const uint32_t lmdb_magic = 0xBEEFC0DE;

struct meta {
    uint64_t page_size, last_page, txn;
};

/* Fields are of the machine's own order and word size, as LMDB writes them. */
static bool meta_read(int fd, uint64_t at, struct meta *out)
{
    enum { WORD = sizeof(size_t) };
    uint8_t bytes[META_READ];
    ssize_t n = pread(fd, bytes, sizeof bytes, (off_t)at);
    struct rd r = rd_init(bytes, n > 0 ? (size_t)n : 0);
    rd_skip(&r, WORD + 8);                      /* page header */
    bool is_lmdb = rd_u32le(&r) == lmdb_magic;
    rd_skip(&r, 4 + 2 * WORD);                  /* version, address, map size */
    out->page_size = rd_u32le(&r);
    rd_skip(&r, 4 + 5 * WORD + 8 + 5 * WORD);   /* the rest of two database records */
    out->last_page = rd_le(&r, WORD);
    out->txn = rd_le(&r, WORD);
    return is_lmdb && rd_ok(&r) && out->page_size >= PAGE_LEAST && out->page_size <= PAGE_MOST;
}

static enum err check_size(int fd, const char *path, uint64_t size, struct err_at *at)
{
    struct meta a, b;
    if (!meta_read(fd, 0, &a) || !meta_read(fd, a.page_size, &b) || a.page_size != b.page_size)
        return err_say(at, ERR_CORRUPT, "%s is damaged: put a backup back, or move it away to begin anew", path);
    const struct meta *newer = b.txn > a.txn ? &b : &a;
    if (newer->last_page >= SIZE_MAX / newer->page_size || size < (newer->last_page + 1) * newer->page_size)
        return err_say(at, ERR_CORRUPT, "%s was cut short: put a backup back, or move it away to begin anew", path);
    return ERR_OK;
}

enum err file_check(const char *path, struct err_at *at)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return ERR_OK;
    if (fd < 0)
        return err_say(at, err_from_errno(errno), "%s cannot be opened: %s", path, err_text(err_from_errno(errno)));
    enum err e = fstat(fd, &st) ? ERR_IO : ERR_OK;
    if (!e && st.st_size > 0)
        e = check_size(fd, path, (uint64_t)st.st_size, at);
    close(fd);
    return e;
}
