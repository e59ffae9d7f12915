/* setting_text.c — the grammar of settings as text, and putting values into a text that people have written.
 *
 * Knows: lines, quotes, comments. Does not know: which keys there are, but for what the registry says.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/setting_text.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"

enum { KEY_LINE_MAX = 2 * SETTING_VALUE_MAX + SETTING_KEY_MAX + 16 };

/* One line's text while it is read; end is before its line end. */
struct cursor {
    const char *text;
    size_t at, end;
    unsigned line;
    size_t line_start;
};

static enum err bad(const struct cursor *c, size_t where, struct err_at *at, const char *what)
{
    if (at) {
        at->line = c->line;
        at->column = (unsigned)(where - c->line_start + 1);
    }
    return err_say(at, ERR_SYNTAX, "%s", what);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static void skip_blanks(struct cursor *c)
{
    while (c->at < c->end && is_blank(c->text[c->at]))
        c->at++;
}

static bool is_key_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
}

static enum err take_key(struct cursor *c, struct setting_line *line, struct err_at *at)
{
    size_t start = c->at;
    while (c->at < c->end && is_key_char(c->text[c->at]))
        c->at++;
    if (c->at == start)
        return bad(c, start, at, "a key is missing: a line is \"key = value\" or begins with #");
    if (!str_copy_n(line->key, sizeof line->key, c->text + start, c->at - start))
        return bad(c, start, at, "the key is too long");
    skip_blanks(c);
    if (c->at == c->end || c->text[c->at] != '=')
        return bad(c, c->at, at, "there is no \"=\" behind the key");
    c->at++;
    skip_blanks(c);
    return ERR_OK;
}

static enum err take_quoted(struct cursor *c, struct setting_line *line, struct err_at *at)
{
    size_t start = c->at++, n = 0;
    for (;; c->at++) {
        if (c->at == c->end)
            return bad(c, start, at, "the quote is not closed");
        char ch = c->text[c->at];
        if (ch == '"')
            break;
        if (ch == '\\') {
            c->at++;
            if (c->at == c->end || (c->text[c->at] != '"' && c->text[c->at] != '\\'))
                return bad(c, c->at - 1, at, "in quotes a backslash stands before \" or \\ only");
            ch = c->text[c->at];
        }
        if (n + 1 == sizeof line->value)
            return bad(c, start, at, "the value is too long");
        line->value[n++] = ch;
    }
    line->value[n] = 0;
    c->at++;
    line->value_end = c->at;
    skip_blanks(c);
    if (c->at < c->end && c->text[c->at] != '#')
        return bad(c, c->at, at, "something stands behind the closing quote");
    return ERR_OK;
}

static enum err take_plain(struct cursor *c, struct setting_line *line, struct err_at *at)
{
    size_t start = c->at, end = start;
    for (; c->at < c->end; c->at++) {
        if (c->text[c->at] == '#' && (c->at == start || is_blank(c->text[c->at - 1])))
            break;
        if (!is_blank(c->text[c->at]))
            end = c->at + 1;
    }
    line->value_end = end;
    if (!str_copy_n(line->value, sizeof line->value, c->text + start, end - start))
        return bad(c, start, at, "the value is too long");
    return ERR_OK;
}

static enum err check_characters(const struct cursor *c, struct err_at *at)
{
    for (size_t i = c->at; i < c->end;) {
        size_t n = str_utf8_char(c->text + i, c->end - i);
        if (n == 0)
            return bad(c, i, at, "this is not UTF-8");
        if ((unsigned char)c->text[i] < ' ' && c->text[i] != '\t')
            return bad(c, i, at, "control characters are not allowed");
        i += n;
    }
    return ERR_OK;
}

static enum err read_line(struct cursor *c, struct setting_line *line, struct err_at *at)
{
    enum err e = check_characters(c, at);
    if (e != ERR_OK)
        return e;
    skip_blanks(c);
    if (c->at == c->end || c->text[c->at] == '#')
        return ERR_OK;
    e = take_key(c, line, at);
    if (e != ERR_OK)
        return e;
    line->value_start = c->at;
    e = c->at < c->end && c->text[c->at] == '"' ? take_quoted(c, line, at) : take_plain(c, line, at);
    line->has_key = e == ERR_OK;
    return e;
}

enum err setting_text_next(const char *text, size_t len, struct setting_line *line, bool *more, struct err_at *at)
{
    size_t start = line->end;
    *more = start < len;
    if (!*more)
        return ERR_OK;
    const char *newline = memchr(text + start, '\n', len - start);
    size_t end = newline ? (size_t)(newline - text) : len;
    struct cursor c = { text, start, end, line->number + 1, start };
    *line = (struct setting_line){ .number = c.line, .start = start, .end = newline ? end + 1 : len };
    if (c.line == 1 && len >= 3 && strncmp(text, "\xEF\xBB\xBF", 3) == 0)
        c.at += 3;
    if (c.end > c.at && text[c.end - 1] == '\r')
        c.end--;
    return read_line(&c, line, at);
}

void setting_text_quote(char out[static 2 * SETTING_VALUE_MAX + 3], const char *value)
{
    size_t len = strlen(value);
    bool needs = len == 0 || is_blank(value[0]) || is_blank(value[len - 1]) || strpbrk(value, "#\"\\") != NULL;
    char *p = out;
    if (needs)
        *p++ = '"';
    for (; *value; value++) {
        if (needs && (*value == '"' || *value == '\\'))
            *p++ = '\\';
        *p++ = *value;
    }
    if (needs)
        *p++ = '"';
    *p = 0;
}

/* --- values into an old text --- */

struct edit {
    const struct settings *settings;
    char *out;
    size_t len, room;
    const char *old_text;
    size_t old_len;
};

static void put(struct edit *e, const char *bytes, size_t len)
{
    if (e->len + len + 1 > e->room) {
        e->room = 2 * (e->len + len + 1);
        e->out = xrealloc(e->out, e->room, 1);
    }
    bytes_copy(e->out + e->len, e->room - e->len, bytes, len);
    e->len += len;
    e->out[e->len] = 0;
}

static void put_line(struct edit *e, const char *old, const struct setting_line *line)
{
    char quoted[2 * SETTING_VALUE_MAX + 3];
    const char *value = line->has_key ? settings_file_value(e->settings, line->key) : NULL;
    bool is_ours = line->has_key && settings_find(e->settings, line->key);
    if (is_ours && !value)
        return; /* back at its default */
    if (!is_ours || str_eq(value, line->value)) {
        put(e, old + line->start, line->end - line->start);
        return;
    }
    setting_text_quote(quoted, value);
    put(e, old + line->start, line->value_start - line->start);
    put(e, quoted, strlen(quoted));
    put(e, old + line->value_end, line->end - line->value_end);
}

static bool stands_in(const char *text, size_t len, const char *key)
{
    struct setting_line line = { 0 };
    bool more = true;
    while (more) {
        if (setting_text_next(text, len, &line, &more, NULL) == ERR_OK && line.has_key && str_eq(line.key, key))
            return true;
    }
    return false;
}

static void put_new(void *ctx, const char *key, const struct setting *row, const char *shown, bool is_default,
                    bool is_overridden)
{
    struct edit *e = ctx;
    char quoted[2 * SETTING_VALUE_MAX + 3], line[KEY_LINE_MAX];
    const char *value = settings_file_value(e->settings, key);
    (void)row;
    (void)shown;
    (void)is_default;
    (void)is_overridden;
    if (!value || stands_in(e->old_text, e->old_len, key))
        return;
    setting_text_quote(quoted, value);
    str_fmt(line, sizeof line, "%s = %s\n", key, quoted);
    put(e, line, strlen(line));
}

char *settings_edit_text(const struct settings *s, const char *old_text)
{
    const char *old = old_text ? old_text : "";
    struct edit e = { .settings = s, .old_text = old, .old_len = strlen(old) };
    struct setting_line line = { 0 };
    put(&e, "", 0);
    for (;;) {
        bool more;
        /* A line that cannot be read is none of ours: it stays as it is. */
        enum err ignored = setting_text_next(old, e.old_len, &line, &more, NULL);
        (void)ignored;
        if (!more)
            break;
        put_line(&e, old, &line);
    }
    if (e.len > 0 && e.out[e.len - 1] != '\n')
        put(&e, "\n", 1);
    settings_each(s, put_new, &e);
    return e.out;
}
