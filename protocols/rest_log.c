/* rest_log.c — the log and the audit trail, newest first.
 *
 * The store looks at a bounded number of entries a call; a filter that finds little is answered over many of them, one a
 * turn of the loop.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "protocols/http_call.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/civil.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "protocols/rest_calls.h"
#include "store/store.h"

struct journal { /* an answer under way */
    struct store *store;
    struct http_request *rq;
    enum store_journal which;
    int64_t before_us, from_us; /* what is still to come; before_us 0: nothing */
    int64_t last_us;            /* of the entry that was written last */
    size_t left;
    uint32_t levels; /* bit (level + 2): wanted */
    bool is_csv, has_begun;
};

enum { ALL_LEVELS = 0x1FF, LEVEL_SHIFT = 2 };

static void json_entry(struct journal *jn, const struct store_entry *e)
{
    struct json_out *j = http_json(jn->rq);
    json_object(j);
    json_key_utc(j, "time", e->utc_us / 1000000);
    if (jn->which == JOURNAL_AUDIT) { /* the text begins with the address */
        size_t peer = strcspn(e->text, " ");
        json_key_str(j, "user", e->origin);
        json_key(j, "from");
        json_str_n(j, e->text, peer);
        json_key_str(j, "text", e->text[peer] ? e->text + peer + 1 : "");
    } else {
        json_key_str(j, "severity", log_level_name((enum log_level)e->level));
        json_key_str(j, "origin", e->origin);
        json_key_str(j, "text", e->text);
    }
    json_object_end(j);
}

static void csv_entry(struct journal *jn, const struct store_entry *e)
{
    char time[CIVIL_TEXT_MAX];
    civil_utc_text(time, e->utc_us / 1000000);
    csv_cell(jn->rq, time, ';');
    csv_cell(jn->rq, log_level_name((enum log_level)e->level), ';');
    csv_cell(jn->rq, e->origin, ';');
    csv_cell(jn->rq, e->text, '\n');
}

static bool on_entry(void *ctx, const struct store_entry *e)
{
    struct journal *jn = ctx;
    if (!(jn->levels & 1u << (e->level + LEVEL_SHIFT)))
        return true;
    jn->is_csv ? csv_entry(jn, e) : json_entry(jn, e);
    jn->last_us = e->utc_us;
    return --jn->left > 0;
}

static void begin(struct journal *jn)
{
    jn->has_begun = true;
    if (jn->is_csv) {
        static const char heading[] = "time;severity;origin;text\r\n";
        http_write(jn->rq, heading, sizeof heading - 1);
        return;
    }
    struct json_out *j = http_json(jn->rq);
    json_object(j);
    json_key(j, "entries");
    json_array(j);
}

static void end(struct journal *jn)
{
    if (jn->is_csv)
        return;
    struct json_out *j = http_json(jn->rq);
    json_array_end(j);
    json_key(j, "next");
    jn->before_us ? json_int(j, jn->before_us) : json_null(j);
    json_object_end(j);
}

static bool step(void *ctx, struct http_request *rq)
{
    struct journal *jn = ctx;
    (void)rq;
    if (!jn->has_begun)
        begin(jn);
    int64_t next_us = 0;
    enum err e = store_journal_read(jn->store, jn->which, jn->before_us, jn->from_us, on_entry, jn, &next_us);
    if (e != ERR_OK)
        log_error("web", "the journal cannot be read: %s", err_text(e));
    bool is_full = jn->left == 0;
    jn->before_us = is_full ? jn->last_us : next_us;
    bool goes_on = e == ERR_OK && !is_full && next_us != 0;
    if (!goes_on)
        end(jn);
    return goes_on;
}

static int64_t to_us(int64_t utc)
{
    return utc > INT64_MAX / 1000000 ? INT64_MAX : utc * 1000000;
}

static void send_journal(struct http_call *c, enum store_journal which, uint32_t levels)
{
    struct page page;
    if (!call_page(c, &page))
        return;
    struct journal *jn = xcalloc(1, sizeof *jn);
    int64_t to_utc_us = to_us(page.to_utc);
    *jn = (struct journal){
        .store = c->app->store,
        .rq = c->rq,
        .which = which,
        .before_us = page.cursor && page.cursor < to_utc_us ? page.cursor : to_utc_us,
        .from_us = to_us(page.from_utc),
        .left = page.limit,
        .levels = levels,
        .is_csv = which == JOURNAL_LOG && call_has_csv(c),
    };
    if (jn->is_csv) {
        http_field(c->rq, "Content-Disposition", "attachment; filename=\"log.csv\"");
        if (!page.has_limit)
            jn->left = SIZE_MAX;
    }
    const struct http_produce p = { step, free, jn };
    http_send_pieces(c->rq, 200, jn->is_csv ? "text/csv; charset=utf-8" : NULL, &p);
}

/* One severity: that one and those above it. A list of several: exactly these. False: refused. */
static bool read_severity(struct http_call *c, uint32_t *out)
{
    const char *text = http_query_get(&c->query, "severity");
    uint32_t levels = 0;
    unsigned n = 0;
    enum log_level level = LOG_LEVEL_DEBUG;
    while (text && *text) {
        char word[16];
        size_t len = strcspn(text, ",");
        if (!str_copy_n(word, sizeof word, text, len) || log_level_parse(word, &level) != ERR_OK) {
            call_fail_field(c, ERR_INVALID, "severity",
                            "severity is one of debug, info, warning, error, critical, fatal, exception, event; or "
                            "several with commas between");
            return false;
        }
        levels |= 1u << ((int)level + LEVEL_SHIFT);
        n++;
        text += len + (text[len] == ',');
    }
    if (n == 1)
        levels = ALL_LEVELS & ~((1u << ((int)level + LEVEL_SHIFT)) - 1);
    *out = n > 0 ? levels : ALL_LEVELS;
    return true;
}

void rest_log_get(struct http_call *c)
{
    uint32_t levels;
    if (read_severity(c, &levels))
        send_journal(c, JOURNAL_LOG, levels);
}

void rest_audit_get(struct http_call *c)
{
    send_journal(c, JOURNAL_AUDIT, ALL_LEVELS);
}
