/* keylist.c — encryption keys and for which meters each counts.
 *
 * Knows: the columns of a key file, which of two matching rules is the more specific one.
 * Does not know: files, where keys are stored, ciphers.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "protocols/codec/mbus/keylist.h"

#include <csv.h>
#include <stdlib.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "protocols/codec/mbus/address.h"

struct keylist {
    size_t n, room;
    struct key_rule *rules; /* as key_rule_compare() says; of the same criteria older ones before newer ones */
};

struct keylist *keylist_create(void)
{
    return xcalloc(1, sizeof(struct keylist));
}

void keylist_free(struct keylist *k)
{
    if (!k)
        return;
    if (k->rules)
        bytes_wipe(k->rules, k->room * sizeof *k->rules);
    free(k->rules);
    free(k);
}

size_t keylist_count(const struct keylist *k)
{
    return k->n;
}

const struct key_rule *keylist_at(const struct keylist *k, size_t i)
{
    return i < k->n ? &k->rules[i] : NULL;
}

const struct key_rule key_rule_any = { .medium = -1, .version = -1 };

/* An address names one meter, a maker a family, version and type a model. */
static int rank(const struct key_rule *rule)
{
    return (rule->has_address ? 8 : 0) + (rule->maker ? 4 : 0) + (rule->version >= 0 ? 2 : 0) +
           (rule->medium >= 0 ? 1 : 0);
}

int key_rule_compare(const struct key_rule *a, const struct key_rule *b)
{
    int by_rank = rank(b) - rank(a);
    if (by_rank)
        return by_rank;
    if (a->has_address && a->address != b->address)
        return a->address < b->address ? -1 : 1;
    if (a->maker != b->maker)
        return a->maker - b->maker;
    return a->medium != b->medium ? a->medium - b->medium : a->version - b->version;
}

/* Where the first rule stands that comes behind this one. */
static size_t place_behind(const struct keylist *k, const struct key_rule *rule)
{
    size_t low = 0, high = k->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (key_rule_compare(&k->rules[middle], rule) > 0)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* By hand, so that no copy of the keys stays behind in freed memory. */
static void make_room(struct keylist *k)
{
    size_t room = k->room ? 2 * k->room : 16;
    struct key_rule *rules = xcalloc(room, sizeof *rules);
    if (k->rules) {
        bytes_copy(rules, room * sizeof *rules, k->rules, k->n * sizeof *rules);
        bytes_wipe(k->rules, k->room * sizeof *rules);
        free(k->rules);
    }
    k->rules = rules;
    k->room = room;
}

enum err keylist_add(struct keylist *k, const struct key_rule *rule)
{
    if (k->n == KEYLIST_MAX)
        return ERR_TOO_MANY;
    size_t at = place_behind(k, rule);
    for (size_t i = at; i > 0 && key_rule_compare(&k->rules[i - 1], rule) == 0; i--)
        if (bytes_equal_secret(k->rules[i - 1].key, rule->key, sizeof rule->key))
            return ERR_EXISTS;
    if (k->n == k->room)
        make_room(k);
    bytes_copy(&k->rules[at + 1], (k->room - at - 1) * sizeof *rule, &k->rules[at], (k->n - at) * sizeof *rule);
    k->rules[at] = *rule;
    k->n++;
    return ERR_OK;
}

void keylist_remove(struct keylist *k, size_t i)
{
    if (i >= k->n)
        return;
    bytes_copy(&k->rules[i], (k->room - i) * sizeof *k->rules, &k->rules[i + 1], (k->n - i - 1) * sizeof *k->rules);
    k->n--;
    bytes_wipe(&k->rules[k->n], sizeof *k->rules);
}

bool key_rule_matches(const struct key_rule *rule, const struct telegram_head *who)
{
    enum { MAKER_LETTERS = 0x7FFF };
    return (!rule->has_address || rule->address == who->ident) &&
           (!rule->maker || rule->maker == (who->maker & MAKER_LETTERS)) &&
           (rule->medium < 0 || rule->medium == who->medium) && (rule->version < 0 || rule->version == who->version);
}

size_t keylist_find_keys(void *ctx, const struct telegram_head *meter, const struct telegram_head *radio,
                         uint8_t keys[][16], size_t max)
{
    const struct keylist *k = ctx;
    size_t n = 0;
    for (size_t i = 0; i < k->n && n < max; i++) {
        const struct key_rule *rule = &k->rules[i];
        if ((meter && key_rule_matches(rule, meter)) || (radio && key_rule_matches(rule, radio)) || (!meter && !radio))
            bytes_copy(keys[n++], MBUS_KEY_LEN, rule->key, sizeof rule->key);
    }
    return n;
}

/* --- the file --- */

enum column { COLUMN_ADDRESS, COLUMN_KEY, COLUMN_MANUFACTURER, COLUMN_DEVICE_TYPE, COLUMN_VERSION, COLUMN_N };

static const char *const headings[COLUMN_N + 1] = { "address", "key", "manufacturer", "deviceType", "version", "" };

enum { COLUMNS_MAX = 16 };

struct reading_csv {
    struct keylist *rows; /* what was read so far */
    struct err_at *at;
    enum err err; /* the first refusal; the rest is passed over then */
    unsigned line;
    unsigned cell; /* of the line, from 0 */
    bool is_heading_done;
    bool has_cells; /* the line is not blank */
    unsigned n_columns;
    enum column columns[COLUMNS_MAX];
    bool has_key;
    int last_end; /* character that ended the line before */
    struct key_rule rule;
};

static void refuse(struct reading_csv *c, unsigned cell, const char *field, enum err e, const char *why)
{
    c->err = err_say(c->at, e, "%s", why);
    if (!c->at)
        return;
    c->at->line = c->line;
    c->at->column = cell + 1;
    str_copy(c->at->field, sizeof c->at->field, field);
}

static void take_heading(struct reading_csv *c, const char *text)
{
    if (c->cell >= COLUMNS_MAX) {
        refuse(c, c->cell, "", ERR_TOO_MANY, "too many columns");
        return;
    }
    for (unsigned i = 0; i < COLUMN_N; i++) {
        if (!str_eq_nocase(text, headings[i]))
            continue;
        for (unsigned before = 0; before < c->n_columns; before++)
            if (c->columns[before] == (enum column)i)
                refuse(c, c->cell, headings[i], ERR_SYNTAX, "this column stands there twice");
        c->columns[c->n_columns++] = (enum column)i;
        return;
    }
    refuse(c, c->cell, "", ERR_SYNTAX, "unknown heading; address, key, manufacturer, deviceType and version are known");
}

static bool is_any(const char *text)
{
    return str_eq(text, "") || str_eq(text, "-1") || str_eq(text, "*");
}

static enum err set_key(struct key_rule *rule, const char *text, struct err_at *at)
{
    size_t len = 0, got;
    while (text[len])
        len++;
    if (str_from_hex(text, len, rule->key, sizeof rule->key, &got) != ERR_OK || got != sizeof rule->key)
        return err_say(at, ERR_SYNTAX, "a key has 32 hex digits");
    return ERR_OK;
}

static enum err set_byte(int16_t *out, const char *text, struct err_at *at)
{
    int64_t number = 0;
    if (str_to_i64(text, 0, UINT8_MAX, &number) != ERR_OK)
        return err_say(at, ERR_RANGE, "a number from 0 to 255; -1 stands for all");
    *out = (int16_t)number;
    return ERR_OK;
}

static enum err set_column(struct key_rule *rule, enum column column, const char *text, struct err_at *at)
{
    if (column != COLUMN_KEY && is_any(text))
        return ERR_OK;
    switch (column) {
    case COLUMN_ADDRESS:
        rule->has_address = true;
        return address_ident_parse(text, &rule->address)
                   ? ERR_OK
                   : err_say(at, ERR_SYNTAX, "an address has 8 hex digits; -1 stands for all");
    case COLUMN_KEY:
        return set_key(rule, text, at);
    case COLUMN_MANUFACTURER:
        return maker_parse(text, &rule->maker)
                   ? ERR_OK
                   : err_say(at, ERR_SYNTAX, "a manufacturer has three letters; * stands for all");
    case COLUMN_DEVICE_TYPE:
        return set_byte(&rule->medium, text, at);
    case COLUMN_VERSION:
        return set_byte(&rule->version, text, at);
    case COLUMN_N:
        break;
    }
    return ERR_UNKNOWN_KEY;
}

enum err key_rule_set(struct key_rule *rule, const char *column, const char *text, struct err_at *at)
{
    for (unsigned i = 0; i < COLUMN_N; i++)
        if (str_eq_nocase(column, headings[i]))
            return set_column(rule, (enum column)i, text, at);
    return err_say(at, ERR_UNKNOWN_KEY, "address, key, manufacturer, deviceType and version are known");
}

static void take_cell(struct reading_csv *c, const char *text, size_t len)
{
    if (c->cell >= c->n_columns) {
        if (len > 0)
            refuse(c, c->cell, "", ERR_SYNTAX, "more cells than the heading has");
        return;
    }
    enum column column = c->columns[c->cell];
    struct err_at at = { 0 };
    enum err e = set_column(&c->rule, column, text, &at);
    if (e != ERR_OK)
        refuse(c, c->cell, headings[column], e, at.text);
    c->has_key |= column == COLUMN_KEY;
}

static void begin_line(struct reading_csv *c)
{
    c->line++;
    c->cell = 0;
    c->has_cells = c->has_key = false;
    c->rule = key_rule_any;
}

/* libcsv calls back with every cell, blanks around it removed … */
static void on_cell(void *cell, size_t len, void *ctx)
{
    struct reading_csv *c = ctx;
    const char *text = cell; /* with CSV_APPEND_NULL it ends in a NUL */
    if (len > 0)
        c->has_cells = true;
    if (c->err == ERR_OK && !c->is_heading_done)
        take_heading(c, text);
    else if (c->err == ERR_OK)
        take_cell(c, text, len);
    c->cell++;
}

/* … and at every end of a line. */
static void on_line(int end, void *ctx)
{
    struct reading_csv *c = ctx;
    bool is_rest_of_crlf = end == '\n' && c->last_end == '\r' && c->cell == 0;
    c->last_end = end;
    if (is_rest_of_crlf)
        return;
    if (c->err == ERR_OK && !c->is_heading_done && c->cell > 0) {
        bool has_key = false;
        for (unsigned i = 0; i < c->n_columns; i++)
            has_key |= c->columns[i] == COLUMN_KEY;
        if (!has_key)
            refuse(c, 0, "key", ERR_SYNTAX, "the heading has no column \"key\"");
        c->is_heading_done = true;
    } else if (c->err == ERR_OK && c->has_cells) {
        if (!c->has_key)
            refuse(c, 0, "key", ERR_SYNTAX, "the line has no key");
        else if (keylist_add(c->rows, &c->rule) == ERR_TOO_MANY)
            refuse(c, 0, "", ERR_TOO_MANY, "too many keys");
    }
    begin_line(c);
}

static enum err parse_rows(struct reading_csv *c, const char *csv, size_t len)
{
    struct csv_parser parser;
    if (csv_init(&parser, CSV_APPEND_NULL | CSV_REPALL_NL | CSV_STRICT | CSV_STRICT_FINI) != 0)
        return ERR_INTERNAL;
    size_t heading_len = 0;
    bool has_semicolon = false;
    for (; heading_len < len && csv[heading_len] != '\n'; heading_len++)
        has_semicolon |= csv[heading_len] == ';';
    if (has_semicolon)
        csv_set_delim(&parser, ';');
    begin_line(c);
    if (csv_parse(&parser, csv, len, on_cell, on_line, c) != len || csv_fini(&parser, on_cell, on_line, c) != 0)
        if (c->err == ERR_OK)
            refuse(c, c->cell, "", ERR_SYNTAX, "a quote stands where none may, or one is missing");
    csv_free(&parser);
    if (c->err == ERR_OK && !c->is_heading_done)
        refuse(c, 0, "", ERR_SYNTAX, "the file is empty");
    return c->err;
}

enum err keylist_parse(struct keylist *k, const char *csv, size_t len, struct err_at *at)
{
    static const char utf8_bom[] = "\xEF\xBB\xBF";
    struct reading_csv c = { .rows = keylist_create(), .at = at };
    size_t skip = len >= 3 && bytes_equal(csv, 3, utf8_bom, 3) ? 3 : 0;
    enum err e = parse_rows(&c, csv + skip, len - skip);
    if (e == ERR_OK && k->n + c.rows->n > KEYLIST_MAX)
        e = err_say(at, ERR_TOO_MANY, "more than %d keys in all", KEYLIST_MAX);
    for (size_t i = 0; e == ERR_OK && i < c.rows->n; i++) {
        enum err added = keylist_add(k, &c.rows->rules[i]);
        if (added != ERR_EXISTS)
            e = added;
    }
    bytes_wipe(&c.rule, sizeof c.rule);
    keylist_free(c.rows);
    return e;
}
