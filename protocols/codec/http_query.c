/* http_query.c — parameters of a query, and what a client would like to be sent.
 *
 * Knows: percent-decoding, weights of Accept lists. Does not know: which parameters a call takes.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "protocols/codec/http_query.h"

#include <string.h>
#include <strings.h>

#include "core/base/str.h"
#include "core/base/wr.h"
#include "protocols/codec/http_bytes.h"

/* One name or value up to its separator; NULL when it cannot be decoded. */
static const char *query_text(struct rd raw, struct wr *w)
{
    const char *at = (const char *)w->p;
    size_t began = wr_len(w);
    while (rd_left(&raw) > 0) {
        int c = rd_u8(&raw);
        if (c == '+')
            c = ' ';
        else if (c == '%')
            c = http_read_escape(&raw);
        if (c <= 0)
            return NULL;
        wr_u8(w, (uint8_t)c);
    }
    bool is_good = str_is_utf8(at, wr_len(w) - began);
    wr_u8(w, 0);
    return is_good && wr_ok(w) ? at : NULL;
}

static enum err query_param(struct rd part, struct wr *w, struct http_query *q, struct err_at *at)
{
    if (q->n_params == HTTP_PARAMS_MAX)
        return err_say(at, ERR_TOO_MANY, "The query has more than %d parameters.", HTTP_PARAMS_MAX);
    struct rd raw_name = http_read_until(&part, '=');
    part.bad = false;
    const char *name = query_text(raw_name, w);
    const char *value = query_text(part, w);
    if (!name || !value)
        return err_say(at, ERR_SYNTAX, "The query cannot be decoded.");
    if (http_query_get(q, name))
        return err_say(at, ERR_SYNTAX, "The query has a parameter twice.");
    q->params[q->n_params++] = (struct http_field){ name, value };
    return ERR_OK;
}

enum err http_query_parse(const char *query, char *text, size_t text_size, struct http_query *out, struct err_at *at)
{
    struct http_query q = { 0 };
    struct wr w = wr_init(text, text_size);
    struct rd in = rd_init(query, strlen(query));
    while (rd_left(&in) > 0) {
        struct rd part = http_read_until(&in, '&');
        in.bad = false;
        if (rd_left(&part) == 0)
            continue;
        enum err e = query_param(part, &w, &q, at);
        if (e != ERR_OK)
            return e;
    }
    *out = q;
    return ERR_OK;
}

const char *http_query_get(const struct http_query *q, const char *name)
{
    for (size_t i = 0; i < q->n_params; i++)
        if (str_eq(q->params[i].name, name))
            return q->params[i].value;
    return NULL;
}

/* --- content negotiation, as far as two answers need it --- */

/* The weight in thousandths of an element "name;q=0.8"; -1 when the element is another one. */
static int element_weight(const char *element, size_t len, const char *wanted)
{
    size_t name_len = strcspn(element, ";,");
    if (name_len > len)
        name_len = len;
    size_t used = name_len;
    while (used > 0 && http_is_blank(element[used - 1]))
        used--;
    if (used != strlen(wanted) || strncasecmp(element, wanted, used) != 0)
        return -1;
    for (size_t i = name_len; i + 3 <= len; i++) {
        if ((element[i] != 'q' && element[i] != 'Q') || element[i + 1] != '=')
            continue;
        int weight = (element[i + 2] - '0') * 1000;
        for (size_t d = 0, unit = 100; d < 3 && i + 4 + d < len && http_is_digit(element[i + 4 + d]); d++, unit /= 10)
            weight += (element[i + 4 + d] - '0') * (int)unit;
        return weight;
    }
    return 1000;
}

static int list_weight(const char *list, const char *wanted)
{
    while (list && *list) {
        list += strspn(list, " \t,");
        size_t n = strcspn(list, ",");
        int weight = element_weight(list, n, wanted);
        if (weight >= 0)
            return weight;
        list += n;
    }
    return -1;
}

bool http_accepts(const char *accept, const char *wanted)
{
    int weight = list_weight(accept, wanted);
    return weight > 0 && weight >= list_weight(accept, "application/json");
}

bool http_accepts_gzip(const char *accept_encoding)
{
    int weight = list_weight(accept_encoding, "gzip");
    return weight > 0 || (weight < 0 && list_weight(accept_encoding, "*") > 0);
}
