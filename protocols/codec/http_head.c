/* http_head.c — which HTTP/1.x requests the gate accepts, and what is in their heads.
 *
 * Knows: RFC 9112's grammar, read as narrowly as it allows. Does not know: connections, time, what a path means.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "protocols/codec/http_head.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/base/wr.h"
#include "protocols/codec/http_bytes.h"

static const char *const method_names[HTTP_N_METHODS] = {
    [HTTP_GET] = "GET",     [HTTP_HEAD] = "HEAD",     [HTTP_POST] = "POST",       [HTTP_PUT] = "PUT",
    [HTTP_PATCH] = "PATCH", [HTTP_DELETE] = "DELETE", [HTTP_OPTIONS] = "OPTIONS",
};

const char *http_method_name(enum http_method m)
{
    return method_names[m];
}

/* --- where a head ends --- */

static enum http_scan_result scan_bad(int *status, int why)
{
    *status = why;
    return HTTP_SCAN_BAD;
}

/* The request line up to its first blank must be capital letters: garbage and TLS hellos fail with their first byte. */
static bool scan_method_byte(struct http_scan *s, uint8_t b)
{
    if (b == ' ' && s->method_len > 0) {
        s->in_target = true;
        return true;
    }
    return b >= 'A' && b <= 'Z' && ++s->method_len <= HTTP_METHOD_MAX;
}

/* Called with the LF of a line's end. */
static enum http_scan_result scan_line_end(struct http_scan *s, int *status)
{
    bool is_blank = s->is_blank_line;
    s->is_blank_line = true;
    if (s->lines == 0 && is_blank) { /* one empty line before the request line is allowed, RFC 9112 2.2 */
        bool is_first = s->len == 2;
        return is_first ? HTTP_SCAN_MORE : scan_bad(status, 400);
    }
    if (is_blank)
        return HTTP_SCAN_DONE;
    return ++s->lines > HTTP_FIELDS_MAX + 1 ? scan_bad(status, 431) : HTTP_SCAN_MORE;
}

static enum http_scan_result scan_byte(struct http_scan *s, uint8_t b, int *status)
{
    if (s->len == 0)
        s->is_blank_line = true;
    if (++s->len > HTTP_HEAD_MAX || (s->lines == 0 && s->len > HTTP_TARGET_MAX + 32))
        return scan_bad(status, s->lines == 0 ? 414 : 431);
    if (s->after_cr) {
        s->after_cr = false;
        return b == '\n' ? scan_line_end(s, status) : scan_bad(status, 400);
    }
    if (b == '\r') {
        s->after_cr = true;
        return HTTP_SCAN_MORE;
    }
    if (b == '\n' || b == 0)
        return scan_bad(status, 400);
    s->is_blank_line = false;
    if (s->lines == 0 && !s->in_target && !scan_method_byte(s, b))
        return scan_bad(status, s->method_len > HTTP_METHOD_MAX ? 501 : 400);
    return HTTP_SCAN_MORE;
}

enum http_scan_result http_scan_push(struct http_scan *s, struct rd *in, int *status)
{
    while (rd_left(in) > 0) {
        enum http_scan_result r = scan_byte(s, rd_u8(in), status);
        if (r != HTTP_SCAN_MORE)
            return r;
    }
    return HTTP_SCAN_MORE;
}

/* --- small grammar --- */

static bool is_alnum(int c)
{
    return http_is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
static bool is_token(int c)
{
    return is_alnum(c) || (c > 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

/* The next line without its CRLF; bad when there is none. */
static struct rd rd_line(struct rd *in)
{
    struct rd ahead = *in;
    size_t n = 0;
    while (rd_left(&ahead) > 0 && rd_peek(&ahead) != '\r') {
        rd_skip(&ahead, 1);
        n++;
    }
    struct rd line = rd_sub(in, n);
    if (rd_be(in, 2) != ('\r' << 8 | '\n'))
        in->bad = true;
    return line;
}

static const char *wr_text(struct wr *w, struct rd part)
{
    const char *at = (const char *)w->p;
    wr_bytes(w, part.p, rd_left(&part));
    wr_u8(w, 0);
    return at;
}

/* --- the request line --- */

static int parse_method(struct rd word, struct http_head *h, struct err_at *at)
{
    for (unsigned i = 0; i < HTTP_N_METHODS; i++) {
        if (bytes_equal(word.p, rd_left(&word), method_names[i], strlen(method_names[i]))) {
            h->method = (enum http_method)i;
            return 0;
        }
    }
    err_say(at, ERR_UNSUPPORTED, "This method is not known here.");
    return 501;
}

/* "." and ".." have no business in a path that is a name, not a place in a file system. */
static bool has_dot_segment(const char *path)
{
    for (const char *s = path; s; s = strchr(s, '/')) {
        s += *s == '/';
        size_t n = strcspn(s, "/");
        if ((n == 1 && s[0] == '.') || (n == 2 && s[0] == '.' && s[1] == '.'))
            return true;
    }
    return false;
}

/* Decodes once; an escaped '/' would change the segments, so it is refused with '\' and control characters. */
static bool wr_path(struct wr *w, struct rd raw)
{
    while (rd_left(&raw) > 0) {
        int c = rd_u8(&raw);
        bool is_escaped = c == '%';
        if (is_escaped)
            c = http_read_escape(&raw);
        if (c < 0x20 || c == 0x7F || c == '\\' || (is_escaped && c == '/'))
            return false;
        wr_u8(w, (uint8_t)c);
    }
    wr_u8(w, 0);
    return wr_ok(w);
}

static bool is_target_byte(int c)
{
    return c > 0x20 && c < 0x7F && strchr("\"#<>\\^`{}", c) == NULL;
}

static int parse_target(struct rd raw, struct wr *text, struct http_head *h, struct err_at *at)
{
    if (rd_left(&raw) > HTTP_TARGET_MAX) {
        err_say(at, ERR_TOO_BIG, "The request target is longer than %d bytes.", HTTP_TARGET_MAX);
        return 414;
    }
    for (struct rd r = raw; rd_left(&r) > 0;) {
        if (!is_target_byte(rd_u8(&r))) {
            err_say(at, ERR_SYNTAX, "The request target has a character that must be escaped.");
            return 400;
        }
    }
    bool is_star = rd_left(&raw) == 1 && rd_peek(&raw) == '*' && h->method == HTTP_OPTIONS;
    if (rd_peek(&raw) != '/' && !is_star) {
        err_say(at, ERR_SYNTAX, "The request target does not begin with a slash.");
        return 400;
    }
    struct rd path = http_read_until(&raw, '?');
    raw.bad = false; /* no question mark: no query */
    h->path = (const char *)text->p;
    size_t began = wr_len(text);
    if (!wr_path(text, path) || !str_is_utf8(h->path, wr_len(text) - began - 1) || has_dot_segment(h->path)) {
        err_say(at, ERR_SYNTAX, "The path is not a plain one.");
        return 400;
    }
    h->query = wr_text(text, raw);
    return 0;
}

static int parse_version(struct rd word, struct http_head *h, struct err_at *at)
{
    const uint8_t *v = rd_left(&word) == 8 ? word.p : NULL;
    if (!v || !bytes_equal(v, 5, "HTTP/", 5) || !http_is_digit(v[5]) || v[6] != '.' || !http_is_digit(v[7])) {
        err_say(at, ERR_SYNTAX, "The request line does not end in an HTTP version.");
        return 400;
    }
    if (v[5] != '1' || v[7] > '1') {
        err_say(at, ERR_UNSUPPORTED, "Only HTTP/1.0 and HTTP/1.1 are spoken here.");
        return 505;
    }
    h->minor_version = (unsigned)(v[7] - '0');
    return 0;
}

static int parse_request_line(struct rd line, struct wr *text, struct http_head *h, struct err_at *at)
{
    struct rd method = http_read_until(&line, ' ');
    struct rd target = http_read_until(&line, ' ');
    if (!rd_ok(&line) || rd_left(&method) == 0 || rd_left(&target) == 0) {
        err_say(at, ERR_SYNTAX, "The request line is not method, target and version.");
        return 400;
    }
    int status = parse_version(line, h, at);
    if (!status)
        status = parse_method(method, h, at);
    return status ? status : parse_target(target, text, h, at);
}

/* --- the fields --- */

static struct rd trim(struct rd value)
{
    while (rd_left(&value) > 0 && http_is_blank(rd_peek(&value)))
        rd_skip(&value, 1);
    size_t keep = 0, n = 0;
    for (struct rd r = value; rd_left(&r) > 0;) {
        n++;
        if (!http_is_blank(rd_u8(&r)))
            keep = n;
    }
    return rd_sub(&value, keep);
}

static bool is_field_value(struct rd value)
{
    while (rd_left(&value) > 0) {
        int c = rd_u8(&value);
        if ((c < 0x20 && c != '\t') || c == 0x7F)
            return false;
    }
    return true;
}

static int parse_field(struct rd line, struct wr *text, struct http_head *h, struct err_at *at)
{
    if (h->n_fields == HTTP_FIELDS_MAX) {
        err_say(at, ERR_TOO_MANY, "There are more than %d header lines.", HTTP_FIELDS_MAX);
        return 431;
    }
    struct rd name = http_read_until(&line, ':');
    bool is_good = rd_ok(&line) && rd_left(&name) > 0 && is_field_value(line);
    for (struct rd r = name; is_good && rd_left(&r) > 0;)
        is_good = is_token(rd_u8(&r)); /* also refuses folded lines and a blank before the colon */
    if (!is_good) {
        err_say(at, ERR_SYNTAX, "Header line %zu is not a name, a colon and a value.", h->n_fields + 1);
        return 400;
    }
    struct http_field *f = &h->fields[h->n_fields++];
    f->name = wr_text(text, name);
    f->value = wr_text(text, trim(line));
    return 0;
}

/* --- what the fields say about the request's borders --- */

static size_t count_field(const struct http_head *h, const char *name)
{
    size_t n = 0;
    for (size_t i = 0; i < h->n_fields; i++)
        n += str_eq_nocase(h->fields[i].name, name);
    return n;
}

const char *http_head_field(const struct http_head *h, const char *name)
{
    for (size_t i = 0; i < h->n_fields; i++)
        if (str_eq_nocase(h->fields[i].name, name))
            return h->fields[i].value;
    return NULL;
}

/* Fields that steer us must stand once: a proxy in front might take the other one. */
static int check_single_fields(const struct http_head *h, struct err_at *at)
{
    static const char *const singles[] = { "Host",         "Content-Length", "Transfer-Encoding", "Authorization",
                                           "Content-Type", "Cookie",         "X-CSRF-Token",      "Expect" };
    for (size_t i = 0; i < COUNT_OF(singles); i++) {
        if (count_field(h, singles[i]) > 1) {
            err_say(at, ERR_MALFORMED, "The header has more than one %s.", singles[i]);
            return 400;
        }
    }
    return 0;
}

static int check_host(const struct http_head *h, struct err_at *at)
{
    const char *host = http_head_field(h, "Host");
    if (!host && h->minor_version == 0)
        return 0;
    bool is_good = host && *host;
    for (const char *p = host; is_good && *p; p++)
        is_good = is_alnum(*p) || strchr("-._~%!$&'()*+,;=:[]", *p);
    if (is_good)
        return 0;
    err_say(at, ERR_MALFORMED, "The header has no usable Host.");
    return 400;
}

static int read_length(struct http_head *h, struct err_at *at)
{
    const char *text = http_head_field(h, "Content-Length");
    if (!text)
        return 0;
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 15 || text[digits] || str_to_u64(text, UINT64_MAX, &h->content_length) != ERR_OK) {
        err_say(at, ERR_MALFORMED, "Content-Length is not a plain number of at most 15 digits.");
        return 400;
    }
    return 0;
}

static int read_coding(struct http_head *h, struct err_at *at)
{
    const char *coding = http_head_field(h, "Transfer-Encoding");
    if (!coding)
        return 0;
    if (http_head_field(h, "Content-Length") || h->minor_version == 0) {
        err_say(at, ERR_MALFORMED, "Transfer-Encoding must not come with Content-Length or in HTTP/1.0.");
        return 400;
    }
    if (!str_eq_nocase(coding, "chunked")) {
        err_say(at, ERR_UNSUPPORTED, "The only transfer coding read here is chunked.");
        return 501;
    }
    h->is_chunked = true;
    return 0;
}

/* Is `word` an element of a comma-separated list? Case does not count. */
static bool list_has(const char *list, const char *word)
{
    size_t len = strlen(word);
    while (list && *list) {
        list += strspn(list, " \t,");
        size_t n = strcspn(list, ",");
        size_t used = n;
        while (used > 0 && http_is_blank(list[used - 1]))
            used--;
        if (used == len && strncasecmp(list, word, len) == 0)
            return true;
        list += n;
    }
    return false;
}

static int read_connection(struct http_head *h, struct err_at *at)
{
    h->keep_alive = h->minor_version == 1;
    for (size_t i = 0; i < h->n_fields; i++) {
        if (!str_eq_nocase(h->fields[i].name, "Connection"))
            continue;
        if (list_has(h->fields[i].value, "close")) {
            h->keep_alive = false;
            break;
        }
        h->keep_alive |= list_has(h->fields[i].value, "keep-alive");
    }
    const char *expect = http_head_field(h, "Expect");
    if (!expect)
        return 0;
    if (!str_eq_nocase(expect, "100-continue")) {
        err_say(at, ERR_UNSUPPORTED, "The only expectation met here is 100-continue.");
        return 417;
    }
    h->expects_continue = h->minor_version == 1;
    return 0;
}

int http_head_parse(struct rd in, char *text, size_t text_size, struct http_head *out, struct err_at *at)
{
    struct http_head h = { 0 };
    struct wr w = wr_init(text, text_size);
    struct rd line = rd_line(&in);
    if (rd_ok(&in) && rd_left(&line) == 0)
        line = rd_line(&in);
    int status = parse_request_line(line, &w, &h, at);
    while (!status) {
        line = rd_line(&in);
        if (!rd_ok(&in)) {
            err_say(at, ERR_SHORT, "The head does not end in an empty line.");
            status = 400;
        } else if (rd_left(&line) == 0) {
            break;
        } else {
            status = parse_field(line, &w, &h, at);
        }
    }
    static int (*const checks[])(struct http_head *, struct err_at *) = { read_length, read_coding, read_connection };
    if (!status)
        status = check_single_fields(&h, at);
    if (!status)
        status = check_host(&h, at);
    for (size_t i = 0; !status && i < COUNT_OF(checks); i++)
        status = checks[i](&h, at);
    if (!status && (!wr_ok(&w) || rd_left(&in) > 0)) {
        err_say(at, ERR_TOO_BIG, "The head is too large.");
        status = 431;
    }
    if (!status)
        *out = h;
    return status;
}

/* --- the chunked coding --- */

static enum http_chunk_result chunk_size_byte(struct http_chunks *c, uint8_t b)
{
    if (b == '\r' && c->digits > 0) {
        c->state = HTTP_CHUNK_SIZE_LF;
        return HTTP_CHUNKS_MORE;
    }
    int digit = http_hex_digit(b);
    if (digit < 0 || ++c->digits > 8)
        return HTTP_CHUNKS_BAD;
    c->left = c->left << 4 | (uint32_t)digit;
    return HTTP_CHUNKS_MORE;
}

/* Every byte of the coding but the content's own. */
static enum http_chunk_result chunk_byte(struct http_chunks *c, uint8_t b)
{
    switch (c->state) {
    case HTTP_CHUNK_SIZE:
        return chunk_size_byte(c, b);
    case HTTP_CHUNK_SIZE_LF:
        c->state = c->left > 0 ? HTTP_CHUNK_DATA : HTTP_CHUNK_LAST_CR;
        return b == '\n' ? HTTP_CHUNKS_MORE : HTTP_CHUNKS_BAD;
    case HTTP_CHUNK_DATA_CR:
        c->state = HTTP_CHUNK_DATA_LF;
        return b == '\r' ? HTTP_CHUNKS_MORE : HTTP_CHUNKS_BAD;
    case HTTP_CHUNK_DATA_LF:
        *c = (struct http_chunks){ 0 };
        return b == '\n' ? HTTP_CHUNKS_MORE : HTTP_CHUNKS_BAD;
    case HTTP_CHUNK_LAST_CR:
        c->state = HTTP_CHUNK_LAST_LF;
        return b == '\r' ? HTTP_CHUNKS_MORE : HTTP_CHUNKS_BAD;
    case HTTP_CHUNK_LAST_LF:
        c->state = HTTP_CHUNK_END;
        return b == '\n' ? HTTP_CHUNKS_END : HTTP_CHUNKS_BAD;
    case HTTP_CHUNK_DATA:
    case HTTP_CHUNK_END:
        break;
    }
    return HTTP_CHUNKS_BAD;
}

enum http_chunk_result http_chunks_next(struct http_chunks *c, struct rd *in, struct rd *data)
{
    while (c->state != HTTP_CHUNK_END && rd_left(in) > 0) {
        if (c->state == HTTP_CHUNK_DATA) {
            size_t n = rd_left(in) < c->left ? rd_left(in) : c->left;
            *data = rd_sub(in, n);
            c->left -= (uint32_t)n;
            if (c->left == 0)
                c->state = HTTP_CHUNK_DATA_CR;
            return HTTP_CHUNKS_DATA;
        }
        enum http_chunk_result r = chunk_byte(c, rd_u8(in));
        if (r != HTTP_CHUNKS_MORE)
            return r;
    }
    return c->state == HTTP_CHUNK_END ? HTTP_CHUNKS_END : HTTP_CHUNKS_MORE;
}
