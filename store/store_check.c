/* store_check.c — is the data file whole? Looked at before LMDB maps it: a page beyond the end of a cut file is a SIGBUS.
 *
 * A sound file may end before its last page: pages that were taken and given back in one transaction are not written.
 * So when the file is shorter than the meta page says, its trees are walked: is every page that is in use there?
 * Knows: meta, branch and leaf pages of LMDB's file format 1, in the machine's own byte order and word size.
 * Does not know: what is in the databases.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/rd.h"
#include "store/store_int.h"

enum { WORD = sizeof(size_t), PAGE_HEAD = WORD + 8 };
enum { META_READ = 256, PAGE_LEAST = 256, PAGE_MOST = 65536, DEPTH_MAX = 40 };
static const uint32_t lmdb_magic = 0xBEEFC0DE;

struct meta {
    uint64_t page_size, last_page, txn;
    uint64_t roots[2]; /* of the free pages and of the names of databases */
};

static uint64_t read_db_root(struct rd *r)
{
    rd_skip(r, 8 + 4 * WORD); /* flags, depth, counts of pages and entries */
    return rd_le(r, WORD);
}

static bool meta_read(int fd, uint64_t at, struct meta *out)
{
    uint8_t bytes[META_READ];
    ssize_t n = pread(fd, bytes, sizeof bytes, (off_t)at);
    struct rd r = rd_init(bytes, n > 0 ? (size_t)n : 0);
    rd_skip(&r, PAGE_HEAD);
    bool is_lmdb = rd_u32le(&r) == lmdb_magic;
    rd_skip(&r, 4 + 2 * WORD); /* version, address, map size */
    struct rd first = r;
    out->page_size = rd_u32le(&first); /* stands where a database has its pad */
    out->roots[0] = read_db_root(&r);
    out->roots[1] = read_db_root(&r);
    out->last_page = rd_le(&r, WORD);
    out->txn = rd_le(&r, WORD);
    return is_lmdb && rd_ok(&r) && out->page_size >= PAGE_LEAST && out->page_size <= PAGE_MOST;
}

/* --- the walk --- */

struct walk {
    int fd;
    uint64_t page_size, n_pages; /* n_pages: whole ones in the file */
    uint64_t budget;             /* visits left: a damaged tree may have circles */
};

static bool walk_page(struct walk *w, uint64_t page, unsigned depth);

/* A value on pages of its own: how many is said on the first. */
static bool overflow_is_there(struct walk *w, uint64_t page)
{
    uint8_t head[PAGE_HEAD];
    if (page >= w->n_pages || pread(w->fd, head, sizeof head, (off_t)(page * w->page_size)) != (ssize_t)sizeof head)
        return false;
    struct rd r = rd_init(head, sizeof head);
    rd_skip(&r, WORD + 4);
    return page + rd_u32le(&r) <= w->n_pages;
}

static bool walk_leaf_node(struct walk *w, struct rd *r, unsigned depth)
{
    enum { NODE_BIG = 1, NODE_DATABASE = 2 };
    rd_skip(r, 4);
    uint16_t flags = rd_u16le(r), key_len = rd_u16le(r);
    rd_skip(r, key_len);
    if (flags & NODE_BIG)
        return overflow_is_there(w, rd_le(r, WORD)) && rd_ok(r);
    if (!(flags & NODE_DATABASE))
        return rd_ok(r);
    uint64_t root = read_db_root(r);
    return rd_ok(r) && walk_page(w, root, depth + 1);
}

static bool walk_branch_node(struct walk *w, struct rd *r, unsigned depth)
{
    uint64_t page = rd_u32le(r);
    if (WORD > 4)
        page |= (uint64_t)rd_u16le(r) << 32; /* where leaves have their flags */
    return rd_ok(r) && walk_page(w, page, depth + 1);
}

static bool walk_nodes(struct walk *w, const uint8_t *bytes, unsigned depth)
{
    enum { PAGE_BRANCH = 1, PAGE_LEAF = 2 };
    struct rd head = rd_init(bytes, (size_t)w->page_size);
    rd_skip(&head, WORD + 2);
    uint16_t flags = rd_u16le(&head), lower = rd_u16le(&head);
    if (!(flags & (PAGE_BRANCH | PAGE_LEAF)) || lower < PAGE_HEAD)
        return false;
    rd_skip(&head, 2);
    for (size_t n = (lower - (size_t)PAGE_HEAD) / 2; n > 0; n--) {
        struct rd node = rd_init(bytes, (size_t)w->page_size);
        rd_skip(&node, rd_u16le(&head));
        if (!rd_ok(&head) || !(flags & PAGE_LEAF ? walk_leaf_node(w, &node, depth) : walk_branch_node(w, &node, depth)))
            return false;
    }
    return true;
}

static bool walk_page(struct walk *w, uint64_t page, unsigned depth)
{
    const uint64_t none = WORD == 8 ? UINT64_MAX : UINT32_MAX;
    if (page == none)
        return true; /* an empty tree */
    if (page >= w->n_pages || depth > DEPTH_MAX || w->budget-- == 0)
        return false;
    uint8_t *bytes = xmalloc((size_t)w->page_size);
    bool ok = pread(w->fd, bytes, (size_t)w->page_size, (off_t)(page * w->page_size)) == (ssize_t)w->page_size &&
              walk_nodes(w, bytes, depth);
    free(bytes);
    return ok;
}

static enum err check_size(int fd, const char *path, uint64_t size, struct err_at *at)
{
    struct meta a, b;
    if (!meta_read(fd, 0, &a) || !meta_read(fd, a.page_size, &b) || a.page_size != b.page_size)
        return err_say(at, ERR_CORRUPT, "%s is damaged: put a backup back, or move it away to begin anew", path);
    const struct meta *newer = b.txn > a.txn ? &b : &a;
    struct walk w = { fd, newer->page_size, size / newer->page_size, size / newer->page_size + 2 };
    if (newer->last_page < w.n_pages || (walk_page(&w, newer->roots[0], 0) && walk_page(&w, newer->roots[1], 0)))
        return ERR_OK;
    return err_say(at, ERR_CORRUPT, "%s was cut short: put a backup back, or move it away to begin anew", path);
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
