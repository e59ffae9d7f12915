/* fuzz_query.c — queries: what is accepted is UTF-8 without NUL, each name stands once.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/bug.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "protocols/codec/http_query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *query = xstrndup((const char *)data, size);
    size_t room = 2 * strlen(query) + 2;
    char *text = xmalloc(room);
    struct http_query q;
    struct err_at at = { 0 };
    if (http_query_parse(query, text, room, &q, &at) == ERR_OK) {
        for (size_t i = 0; i < q.n_params; i++) {
            const struct http_field *p = &q.params[i];
            BUG_IF(!str_is_utf8(p->name, strlen(p->name)) || !str_is_utf8(p->value, strlen(p->value)));
            BUG_IF(http_query_get(&q, p->name) != p->value);
        }
    } else {
        BUG_IF(!at.text[0]);
    }
    (void)http_accepts(query, "text/csv");
    (void)http_accepts_gzip(query);
    free(text);
    free(query);
    return 0;
}
