/* sim_files.c — meters from telegram files: hex, one telegram a line, several lines a chain; directives in comments.
 *
 * Knows: the form of the files, folders.
 * Does not know: what telegrams mean; the slave machine reads their address.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/sim/sim_files.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/bug.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"

enum { FILE_MAX = 1 << 20, LINE_BYTES_MAX = 4 * FRAME_MAX };

/* What the directives of a file ask for. */
struct directives {
    int64_t primary; /* -1: as in the telegram */
    int64_t delay_bits;
    bool has_enhanced, has_key;
    uint32_t enhanced;
    uint8_t key[SIM_KEY_LEN];
    unsigned key_line;
};

struct draft {
    struct sim_telegram *chain;
    size_t n;
    struct directives d;
};

/* --- a line --- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* The text without blanks, or false when it is longer than any telegram. */
static bool squeeze(char *out, size_t size, const char *text, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        if (is_blank(text[i]))
            continue;
        if (n + 1 == size)
            return false;
        out[n++] = text[i];
    }
    out[n] = '\0';
    return true;
}

static enum err take_directive(struct directives *d, const char *name, const char *value, struct err_at *at)
{
    size_t len = 0;
    if (str_eq(name, "primary")) {
        if (str_to_i64(value, 0, FRAME_A_LAST_SLAVE, &d->primary) != ERR_OK)
            return err_say(at, ERR_RANGE, "primary needs an address from 0 to 250, not \"%s\"", value);
    } else if (str_eq(name, "enhanced")) {
        if (!address_ident_parse(value, &d->enhanced))
            return err_say(at, ERR_SYNTAX, "enhanced needs a fabrication number of 8 digits, not \"%s\"", value);
        d->has_enhanced = true;
    } else if (str_eq(name, "key")) {
        if (str_from_hex(value, strlen(value), d->key, sizeof d->key, &len) != ERR_OK || len != SIM_KEY_LEN)
            return err_say(at, ERR_SYNTAX, "key needs 32 hex digits"); /* a key is not repeated on a screen */
        d->has_key = true;
    } else if (str_eq(name, "delay-bits")) {
        if (str_to_i64(value, 0, 100000, &d->delay_bits) != ERR_OK)
            return err_say(at, ERR_RANGE, "delay-bits needs a number from 0 to 100000, not \"%s\"", value);
    }
    return ERR_OK; /* any other comment is a comment */
}

/* A comment of the form "name: value" may be a directive. */
static enum err take_comment(struct directives *d, const char *text, size_t len, unsigned line, struct err_at *at)
{
    const char *colon = memchr(text, ':', len);
    char name[16], value[64];
    if (!colon || !squeeze(name, sizeof name, text, (size_t)(colon - text)) ||
        !squeeze(value, sizeof value, colon + 1, len - (size_t)(colon + 1 - text)))
        return ERR_OK;
    enum err e = take_directive(d, name, value, at);
    if (e == ERR_OK && str_eq(name, "key"))
        d->key_line = line;
    return e;
}

static enum err take_telegram(struct draft *draft, const char *text, size_t len, struct err_at *at)
{
    char hex[LINE_BYTES_MAX];
    struct sim_telegram t;
    struct slave slave;
    if (!squeeze(hex, sizeof hex, text, len))
        return err_say(at, ERR_TOO_BIG, "longer than any telegram");
    if (hex[0] == '\0')
        return ERR_OK;
    if (draft->n == SIM_CHAIN_MAX)
        return err_say(at, ERR_TOO_MANY, "more than %d telegrams in one chain", SIM_CHAIN_MAX);
    enum err e = str_from_hex(hex, strlen(hex), t.bytes, sizeof t.bytes, &t.len);
    if (e == ERR_TOO_BIG)
        return err_say(at, e, "longer than the longest telegram, %d bytes", FRAME_MAX);
    if (e != ERR_OK)
        return err_say(at, e, "no telegram in hex: pairs of hex digits, # begins a comment");
    e = slave_init(&slave, t.bytes, t.len, at);
    if (e != ERR_OK)
        return e;
    draft->chain = xrealloc(draft->chain, draft->n + 1, sizeof *draft->chain);
    draft->chain[draft->n++] = t;
    return ERR_OK;
}

static enum err take_line(struct draft *draft, const char *text, size_t len, unsigned line, struct err_at *at)
{
    const char *comment = memchr(text, '#', len);
    size_t before = comment ? (size_t)(comment - text) : len;
    enum err e = take_telegram(draft, text, before, at);
    if (e == ERR_OK && comment)
        e = take_comment(&draft->d, comment + 1, len - before - 1, line, at);
    return e;
}

/* --- a file --- */

static enum err take_lines(struct draft *draft, const char *text, struct err_at *at)
{
    BUG_IF(!text);
    for (unsigned line = 1; *text; line++) {
        size_t len = strcspn(text, "\n");
        enum err e = take_line(draft, text, len, line, at);
        if (e != ERR_OK) {
            if (at)
                at->line = line;
            return e;
        }
        text += len + (text[len] == '\n');
    }
    if (draft->n == 0)
        return err_say(at, ERR_INVALID, "no telegram in it");
    return ERR_OK;
}

/* The meter has the chain from here on. */
static enum err finish(struct sim_meter *m, struct draft *draft, const char *name, struct err_at *at)
{
    char *own_name = xstrdup(name);
    enum err e = sim_meter_init_stored(m, own_name, draft->chain, draft->n, at);
    if (e != ERR_OK) {
        free(own_name);
        return e;
    }
    draft->chain = NULL;
    if (draft->d.primary >= 0)
        m->slave.a = (uint8_t)draft->d.primary;
    m->delay_bits = (uint32_t)draft->d.delay_bits;
    if (draft->d.has_key)
        e = sim_meter_set_key(m, draft->d.key, at);
    if (draft->d.has_enhanced) {
        m->slave.has_fabrication = true;
        m->slave.fabrication = draft->d.enhanced;
    }
    if (e != ERR_OK) {
        if (at)
            at->line = draft->d.key_line;
        sim_meter_fini(m);
    }
    return e;
}

enum err sim_file_parse(struct sim_meter *out, const char *name, const char *text, struct err_at *at)
{
    struct draft draft = { .d = { .primary = -1 } };
    enum err e = take_lines(&draft, text, at);
    if (e == ERR_OK)
        e = finish(out, &draft, name, at);
    free(draft.chain);
    return e;
}

static enum err fail(const char *path, struct err_at *at)
{
    int why = errno;
    return err_say(at, err_from_errno(why), "%s: %s", path, strerror(why));
}

static enum err read_file(const char *path, char **out, struct err_at *at)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return fail(path, at);
    char *text = xmalloc(FILE_MAX + 1);
    size_t len = fread(text, 1, FILE_MAX + 1, file);
    enum err e = ERR_OK;
    if (ferror(file))
        e = fail(path, at);
    else if (len > FILE_MAX || memchr(text, '\0', len))
        e = err_say(at, ERR_INVALID, "%s: no text file of telegrams", path);
    fclose(file);
    if (e != ERR_OK) {
        free(text);
        return e;
    }
    text[len] = '\0';
    *out = text;
    return ERR_OK;
}

static enum err load_file(struct sim_meters *ms, const char *path, struct err_at *at)
{
    char *text = NULL;
    struct sim_meter m;
    struct err_at where = { 0 };
    enum err e = read_file(path, &text, at);
    if (e != ERR_OK)
        return e;
    e = sim_file_parse(&m, path, text, &where);
    free(text);
    if (e != ERR_OK) {
        char offset[32] = "";
        if (where.has_offset)
            str_fmt(offset, sizeof offset, "byte %zu: ", where.offset);
        if (where.line > 0)
            return err_say(at, e, "%s:%u: %s%s", path, where.line, offset, where.text);
        return err_say(at, e, "%s: %s%s", path, offset, where.text);
    }
    e = sim_meters_add(ms, &m, at);
    if (e != ERR_OK)
        sim_meter_fini(&m);
    return e;
}

/* --- a folder --- */

static int is_hex_file(const struct dirent *d)
{
    size_t len = strlen(d->d_name);
    return len > 4 && d->d_name[0] != '.' && str_eq(d->d_name + len - 4, ".hex");
}

static enum err load_listed(struct sim_meters *ms, const char *folder, const char *name, struct err_at *at)
{
    char path[4096];
    if (!str_fmt(path, sizeof path, "%s/%s", folder, name))
        return err_say(at, ERR_TOO_BIG, "%s/%s: the path is too long", folder, name);
    return load_file(ms, path, at);
}

static enum err load_folder(struct sim_meters *ms, const char *folder, struct err_at *at)
{
    struct dirent **names = NULL;
    int n = scandir(folder, &names, is_hex_file, alphasort);
    if (n < 0)
        return fail(folder, at);
    size_t before = ms->n;
    enum err e = ERR_OK;
    for (int i = 0; i < n; i++) {
        struct err_at why = { 0 };
        if (e == ERR_OK && load_listed(ms, folder, names[i]->d_name, &why) != ERR_OK) {
            if (ms->n == SIM_METERS_MAX)
                e = err_say(at, ERR_TOO_MANY, "%s", why.text);
            else
                log_warn("mbus-sim", "left out: %s", why.text);
        }
        free(names[i]);
    }
    free(names);
    if (e == ERR_OK && ms->n == before)
        return err_say(at, ERR_NOT_FOUND, "%s: no telegram file (*.hex) of a wired meter in this folder", folder);
    return e;
}

enum err sim_files_load(struct sim_meters *ms, const char *path, struct err_at *at)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return fail(path, at);
    return S_ISDIR(st.st_mode) ? load_folder(ms, path, at) : load_file(ms, path, at);
}
