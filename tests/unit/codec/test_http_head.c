/* test_http_head.c — requests by RFC 9112's text: which are taken, which are refused, and what is read from them.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "protocols/codec/http_head.h"

#define HOST  "Host: x\r\n"
#define GET_X "GET /x HTTP/1.1\r\n" HOST

/* Texts with their NULs: sizeof a literal, less its own end. */
struct request_case {
    const char *name, *bytes;
    size_t len;
    int status; /* 0: taken */
};
#define CASE(name, status, text)                                                                                       \
    {                                                                                                                  \
        name, text, sizeof(text) - 1, status                                                                           \
    }

static const struct request_case requests[] = {
    CASE("the plainest request is taken", 0, GET_X "\r\n"),
    CASE("an empty line before the request line is passed over", 0, "\r\n" GET_X "\r\n"),
    CASE("two empty lines before it are not", 400, "\r\n\r\n" GET_X "\r\n"),
    CASE("HTTP/1.0 needs no Host", 0, "GET /x HTTP/1.0\r\n\r\n"),
    CASE("HTTP/1.1 needs one", 400, "GET /x HTTP/1.1\r\n\r\n"),
    CASE("an empty Host is none", 400, "GET /x HTTP/1.1\r\nHost: \r\n\r\n"),
    CASE("two Hosts are refused", 400, GET_X "Host: y\r\n\r\n"),
    CASE("a Host with a blank is refused", 400, "GET /x HTTP/1.1\r\nHost: a b\r\n\r\n"),
    CASE("a Host with a port and an IPv6 literal is taken", 0, "GET /x HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n"),
    CASE("OPTIONS may ask for the server as a whole", 0, "OPTIONS * HTTP/1.1\r\n" HOST "\r\n"),
    CASE("GET may not", 400, "GET * HTTP/1.1\r\n" HOST "\r\n"),
    CASE("an absolute target is for proxies", 400, "GET http://x/ HTTP/1.1\r\n" HOST "\r\n"),
    CASE("an unknown method is not implemented", 501, "BREW /x HTTP/1.1\r\n" HOST "\r\n"),
    CASE("a method of nine letters is not even read", 501, "ABCDEFGHI /x HTTP/1.1\r\n" HOST "\r\n"),
    CASE("methods in small letters are garbage", 400, "get /x HTTP/1.1\r\n" HOST "\r\n"),
    CASE("a TLS hello is garbage", 400, "\x16\x03\x01\x02\x00\x01"),
    CASE("HTTP/2.0 is not spoken", 505, "GET /x HTTP/2.0\r\n" HOST "\r\n"),
    CASE("HTTP/1.2 is not spoken", 505, "GET /x HTTP/1.2\r\n" HOST "\r\n"),
    CASE("a version must look like one", 400, "GET /x HTTP/1.10\r\n" HOST "\r\n"),
    CASE("HTTP/0.9 has no version", 400, "GET /x\r\n\r\n"),
    CASE("two blanks in the request line are refused", 400, "GET  /x HTTP/1.1\r\n" HOST "\r\n"),
    CASE("a tab is no blank", 400, "GET\t/x HTTP/1.1\r\n" HOST "\r\n"),
    CASE("a bare LF ends no line", 400, "GET /x HTTP/1.1\nHost: x\n\n"),
    CASE("a bare LF ends no header line either", 400, GET_X "A: b\nC: d\r\n\r\n"),
    CASE("a bare CR is refused", 400, GET_X "A: b\rc\r\n\r\n"),
    CASE("NUL in the target is refused", 400, "GET /x\0y HTTP/1.1\r\n" HOST "\r\n"),
    CASE("NUL in a value is refused", 400, GET_X "A: b\0c\r\n\r\n"),
    CASE("other control characters in a value are refused", 400, GET_X "A: b\x01\r\n\r\n"),
    CASE("bytes above 7Fh in a value are opaque", 0, GET_X "A: \xE9\r\n\r\n"),
    CASE("a folded line is refused", 400, GET_X "A: b\r\n c\r\n\r\n"),
    CASE("a blank before the colon is refused", 400, GET_X "Content-Length : 5\r\n\r\n"),
    CASE("a header line without a colon is refused", 400, GET_X "abc\r\n\r\n"),
    CASE("a header line without a name is refused", 400, GET_X ": b\r\n\r\n"),
    CASE("a length is taken", 0, GET_X "Content-Length: 5\r\n\r\n"),
    CASE("a length of 15 digits is taken", 0, GET_X "Content-Length: 999999999999999\r\n\r\n"),
    CASE("one of 16 is not", 400, GET_X "Content-Length: 1000000000000000\r\n\r\n"),
    CASE("an empty length is refused", 400, GET_X "Content-Length: \r\n\r\n"),
    CASE("a signed length is refused", 400, GET_X "Content-Length: +5\r\n\r\n"),
    CASE("a negative length is refused", 400, GET_X "Content-Length: -1\r\n\r\n"),
    CASE("a list of equal lengths is refused", 400, GET_X "Content-Length: 5, 5\r\n\r\n"),
    CASE("two lengths are refused", 400, GET_X "Content-Length: 5\r\nContent-Length: 5\r\n\r\n"),
    CASE("a hexadecimal length is refused", 400, GET_X "Content-Length: 0x5\r\n\r\n"),
    CASE("chunked is taken, in any case", 0, GET_X "Transfer-Encoding: CHUNKED\r\n\r\n"),
    CASE("chunked with a length is refused", 400, GET_X "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"),
    CASE("chunked in HTTP/1.0 is refused", 400, "GET /x HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"),
    CASE("gzip, chunked is not implemented", 501, GET_X "Transfer-Encoding: gzip, chunked\r\n\r\n"),
    CASE("xchunked is not implemented", 501, GET_X "Transfer-Encoding: xchunked\r\n\r\n"),
    CASE("chunked twice is refused", 400, GET_X "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"),
    CASE("two Authorizations are refused", 400, GET_X "Authorization: a\r\nAuthorization: b\r\n\r\n"),
    CASE("an unknown expectation fails", 417, GET_X "Expect: 200-ok\r\n\r\n"),
    CASE("an escaped path is taken", 0, "GET /a%20b HTTP/1.1\r\n" HOST "\r\n"),
    CASE("a broken escape is refused", 400, "GET /a%2 HTTP/1.1\r\n" HOST "\r\n"),
    CASE("an escape of no hex digits is refused", 400, "GET /a%zz HTTP/1.1\r\n" HOST "\r\n"),
    CASE("an escaped NUL is refused", 400, "GET /a%00 HTTP/1.1\r\n" HOST "\r\n"),
    CASE("an escaped slash is refused", 400, "GET /a%2Fb HTTP/1.1\r\n" HOST "\r\n"),
    CASE("an escaped backslash is refused", 400, "GET /a%5Cb HTTP/1.1\r\n" HOST "\r\n"),
    CASE("a path of bad UTF-8 is refused", 400, "GET /a%C0%AF HTTP/1.1\r\n" HOST "\r\n"),
    CASE("going up is refused", 400, "GET /../etc HTTP/1.1\r\n" HOST "\r\n"),
    CASE("going up in escapes is refused", 400, "GET /%2e%2e/etc HTTP/1.1\r\n" HOST "\r\n"),
    CASE("going up at the end is refused", 400, "GET /a/.. HTTP/1.1\r\n" HOST "\r\n"),
    CASE("names with dots are not going up", 0, "GET /a..b/.c HTTP/1.1\r\n" HOST "\r\n"),
    CASE("a quote in the target must be escaped", 400, "GET /\"a HTTP/1.1\r\n" HOST "\r\n"),
    CASE("a fragment does not belong into a request", 400, "GET /a#b HTTP/1.1\r\n" HOST "\r\n"),
};

/* As the gate does it: scan, in pieces of `step` bytes, then parse. */
static int judge(const char *bytes, size_t len, size_t step, struct http_head *head, char *text, size_t text_size)
{
    struct http_scan scan = { 0 };
    int status = 0;
    enum http_scan_result r = HTTP_SCAN_MORE;
    for (size_t i = 0; i < len && r == HTTP_SCAN_MORE; i += step) {
        struct rd piece = rd_init(bytes + i, len - i < step ? len - i : step);
        r = http_scan_push(&scan, &piece, &status);
    }
    if (r == HTTP_SCAN_BAD)
        return status;
    if (r == HTTP_SCAN_MORE)
        return -1;
    struct err_at at = { 0 };
    status = http_head_parse(rd_init(bytes, scan.len), text, text_size, head, &at);
    assert_true(status == 0 || at.text[0]);
    return status;
}

static void requests_are_taken_or_refused_however_they_are_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        const struct request_case *c = &requests[i];
        for (size_t step = 1; step <= c->len; step = step < 4 ? step + 1 : step * 3) {
            struct http_head head;
            char text[512];
            int got = judge(c->bytes, c->len, step, &head, text, sizeof text);
            if (got != c->status)
                fail_msg("%s: %d, not %d, in pieces of %zu", c->name, got, c->status, step);
        }
    }
}

static void a_head_is_read_into_its_parts(void **state)
{
    (void)state;
    static const char bytes[] =
        "POST /api/v1/caf%C3%A9%20x?a=1&b=%26 HTTP/1.1\r\nhost: gw:8080\r\nX-Blank: \t a b \t \r\n"
        "X-Empty:\r\nContent-Length: 17\r\nExpect: 100-Continue\r\n\r\n";
    struct http_head h;
    char text[512];
    assert_int_equal(judge(bytes, sizeof bytes - 1, 1000, &h, text, sizeof text), 0);
    assert_int_equal(h.method, HTTP_POST);
    assert_int_equal(h.minor_version, 1);
    assert_string_equal(h.path, "/api/v1/café x");
    assert_string_equal(h.query, "a=1&b=%26");
    assert_string_equal(http_head_field(&h, "HOST"), "gw:8080");
    assert_string_equal(http_head_field(&h, "x-blank"), "a b");
    assert_string_equal(http_head_field(&h, "x-empty"), "");
    assert_null(http_head_field(&h, "x-none"));
    assert_int_equal(h.content_length, 17);
    assert_true(h.expects_continue && h.keep_alive && !h.is_chunked);
}

static void connections_persist_by_version_and_wish(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        bool keep_alive;
    } cases[] = {
        { "GET / HTTP/1.1\r\nHost: x\r\n\r\n", true },
        { "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", false },
        { "GET / HTTP/1.1\r\nHost: x\r\nConnection: foo, Close ,bar\r\n\r\n", false },
        { "GET / HTTP/1.1\r\nHost: x\r\nConnection: closed\r\n\r\n", true },
        { "GET / HTTP/1.0\r\n\r\n", false },
        { "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true },
        { "GET / HTTP/1.0\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n", false },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct http_head h;
        char text[256];
        assert_int_equal(judge(cases[i].bytes, strlen(cases[i].bytes), 1000, &h, text, sizeof text), 0);
        assert_int_equal(h.keep_alive, cases[i].keep_alive);
    }
}

/* A head of `lines` header lines after Host, each `len` bytes with its end. */
static char *long_head(size_t target_len, size_t lines, size_t len, size_t *out_len)
{
    char *all = xcalloc(1, target_len + lines * len + 100), *p = all;
    p += strlen(strcpy(p, "GET /"));
    memset(p, 'a', target_len - 1);
    p += target_len - 1;
    p += strlen(strcpy(p, " HTTP/1.1\r\n" HOST));
    for (size_t i = 0; i < lines; i++, p += len) {
        memset(p, 'v', len);
        memcpy(p, "n:", 2);
        memcpy(p + len - 2, "\r\n", 2);
    }
    p += strlen(strcpy(p, "\r\n"));
    *out_len = (size_t)(p - all);
    return all;
}

static void limits_of_size_are_met_exactly(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t target_len, lines, len;
        int status;
    } cases[] = {
        { "64 header lines are taken", 2, 63, 10, 0 },
        { "65 are not", 2, 64, 10, 431 },
        { "a target of 8 KiB is taken", HTTP_TARGET_MAX, 1, 10, 0 },
        { "a longer one is not", HTTP_TARGET_MAX + 1, 1, 10, 414 },
        { "a head of 32 KiB is taken", 2, 1, HTTP_HEAD_MAX - 28, 0 },
        { "one byte more is not", 2, 1, HTTP_HEAD_MAX - 27, 431 },
    };
    char *text = xmalloc(HTTP_HEAD_MAX + 1);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        size_t len;
        char *head = long_head(cases[i].target_len, cases[i].lines, cases[i].len, &len);
        struct http_head h;
        int got = judge(head, len, 1000, &h, text, HTTP_HEAD_MAX + 1);
        if (got != cases[i].status)
            fail_msg("%s: %d, %zu bytes", cases[i].name, got, len);
        free(head);
    }
    free(text);
}

static void chunks_are_read_strictly_however_they_are_cut(void **state)
{
    (void)state;
    static const struct {
        const char *name, *coded, *content; /* content NULL: refused */
    } cases[] = {
        { "one chunk", "5\r\nhello\r\n0\r\n\r\n", "hello" },
        { "two chunks, capital digits", "1\r\na\r\nA\r\n0123456789\r\n0\r\n\r\n", "a0123456789" },
        { "no content", "0\r\n\r\n", "" },
        { "zeros before the size", "0005\r\nhello\r\n00\r\n\r\n", "hello" },
        { "a size of nine digits", "000000005\r\nhello\r\n0\r\n\r\n", NULL },
        { "a size that wraps at 64 bits", "10000000000000005\r\nhello\r\n0\r\n\r\n", NULL },
        { "no size", "\r\nhello\r\n0\r\n\r\n", NULL },
        { "an extension", "5;a=b\r\nhello\r\n0\r\n\r\n", NULL },
        { "a blank after the size", "5 \r\nhello\r\n0\r\n\r\n", NULL },
        { "a signed size", "+5\r\nhello\r\n0\r\n\r\n", NULL },
        { "0x before the size", "0x5\r\nhello\r\n0\r\n\r\n", NULL },
        { "a bare LF after the size", "5\nhello\r\n0\r\n\r\n", NULL },
        { "content longer than its size", "4\r\nhello\r\n0\r\n\r\n", NULL },
        { "a trailer", "5\r\nhello\r\n0\r\nA: b\r\n\r\n", NULL },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        size_t len = strlen(cases[i].coded);
        for (size_t step = 1; step <= len; step++) {
            struct http_chunks c = { 0 };
            enum http_chunk_result r = HTTP_CHUNKS_MORE;
            char got[64] = "";
            for (size_t k = 0; k < len && r != HTTP_CHUNKS_END && r != HTTP_CHUNKS_BAD; k += step) {
                struct rd in = rd_init(cases[i].coded + k, len - k < step ? len - k : step), data;
                while ((r = http_chunks_next(&c, &in, &data)) == HTTP_CHUNKS_DATA)
                    strncat(got, (const char *)data.p, rd_left(&data));
            }
            if (cases[i].content ? r != HTTP_CHUNKS_END || strcmp(got, cases[i].content) != 0 : r != HTTP_CHUNKS_BAD)
                fail_msg("%s: %d \"%s\" in pieces of %zu", cases[i].name, r, got, step);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_taken_or_refused_however_they_are_cut),
        cmocka_unit_test(a_head_is_read_into_its_parts),
        cmocka_unit_test(connections_persist_by_version_and_wish),
        cmocka_unit_test(limits_of_size_are_met_exactly),
        cmocka_unit_test(chunks_are_read_strictly_however_they_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
