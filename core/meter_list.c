/* meter_list.c — meter lists as CSV text: every row checked before any is taken.
 *
 * Knows: headings, cells, charsets, duplicates. Does not know: how meters are installed or stored.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/meter_list.h"

#include <csv.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "core/base/bug.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/base/wr.h"

const char meter_list_template[] =
    "Position;SecondaryAddress;BaudRate;AddressingMode;PrimaryAddress;EnhancedAddress\r\n";

enum column { COL_POSITION, COL_SECONDARY, COL_BAUD, COL_MODE, COL_PRIMARY, COL_ENHANCED, COL_N, COL_NONE = COL_N };
static const char *const headings[COL_N] = { "Position",       "SecondaryAddress", "BaudRate",
                                             "AddressingMode", "PrimaryAddress",   "EnhancedAddress" };

enum { CELLS_MAX = 32, CELL_BYTES = 256, DEFAULT_BAUD = 2400 };

/* An address that is taken, by an earlier line or an installed meter. */
struct taken {
    uint64_t key;  /* ident, or the primary address with bit 32 set */
    unsigned line; /* 0: installed */
    uint32_t meter;
    UT_hash_handle hh;
};

struct parse {
    struct csv_parser csv;
    struct meter_list list;
    size_t room;
    struct taken *taken;
    size_t n_installed;
    uint8_t bus;
    unsigned line, row_line; /* being fed; where the present row began */
    bool is_row_over;
    bool has_heading, is_refused; /* is_refused: the rows under a bad heading say nothing */
    enum column columns[CELLS_MAX];
    bool has_column[COL_N];
    size_t column_of[COL_N]; /* the other way round */
    size_t n_cells;          /* of the present row, may be more than are kept */
    char cells[CELLS_MAX][CELL_BYTES];
    bool is_cut[CELLS_MAX]; /* the cell is longer than we keep */
};

/* --- refusals --- */

static bool has_room_for_errors(const struct parse *p)
{
    return p->list.n_errors < METER_LIST_ERRORS_MAX;
}

/* A place in errors[]; the caller says the rest. The row's line; cell counts from 0, or is CELLS_MAX: the whole row. */
static struct err_at *refuse(struct parse *p, size_t cell, const char *field)
{
    static const size_t room_step = 16;
    if (p->list.n_errors % room_step == 0)
        p->list.errors = xrealloc(p->list.errors, p->list.n_errors + room_step, sizeof *p->list.errors);
    struct err_at *at = &p->list.errors[p->list.n_errors++];
    *at = (struct err_at){ .line = p->row_line, .column = cell < CELLS_MAX ? (unsigned)cell + 1 : 0 };
    str_copy(at->field, sizeof at->field, field);
    return at;
}

/* The present row's cell, "" when it or its column is missing. */
static const char *cell_of(const struct parse *p, enum column c)
{
    return p->has_column[c] && p->column_of[c] < p->n_cells ? p->cells[p->column_of[c]] : "";
}

/* Says what is wrong with the cell of this column in the present row. */
static void refuse_cell(struct parse *p, enum column c, const char *what)
{
    size_t cell = p->column_of[c];
    const char *text = cell_of(p, c);
    struct err_at *at = refuse(p, p->has_column[c] ? cell : CELLS_MAX, headings[c]);
    if (*text)
        (void)err_say(at, ERR_INVALID, "\"%.60s\": %s", text, what);
    else
        (void)err_say(at, ERR_INVALID, "%s is empty: %s", headings[c], what);
}

/* --- the heading --- */

static enum column column_named(const char *name)
{
    for (size_t c = 0; c < COL_N; c++) {
        if (str_eq_nocase(name, headings[c]))
            return (enum column)c;
    }
    return COL_NONE;
}

static void take_heading(struct parse *p)
{
    p->has_heading = true;
    for (size_t i = 0; i < CELLS_MAX; i++)
        p->columns[i] = COL_NONE;
    for (size_t i = 0; i < p->n_cells && i < CELLS_MAX; i++) {
        enum column c = p->columns[i] = column_named(p->cells[i]);
        if (c == COL_NONE && p->cells[i][0])
            (void)err_say(
                refuse(p, i, p->cells[i]), ERR_INVALID,
                "there is no column \"%.60s\"; known are Position, SecondaryAddress, BaudRate, AddressingMode, "
                "PrimaryAddress, EnhancedAddress",
                p->cells[i]);
        else if (c != COL_NONE && p->has_column[c])
            (void)err_say(refuse(p, i, headings[c]), ERR_INVALID, "the column %s stands here twice", headings[c]);
        if (c != COL_NONE) {
            p->has_column[c] = true;
            p->column_of[c] = i;
        }
    }
    static const enum column needed[] = { COL_POSITION, COL_SECONDARY, COL_MODE };
    for (size_t i = 0; i < COUNT_OF(needed); i++) {
        if (!p->has_column[needed[i]])
            (void)err_say(refuse(p, CELLS_MAX, headings[needed[i]]), ERR_INVALID, "the heading has no column %s",
                          headings[needed[i]]);
    }
    p->is_refused = p->list.n_errors > 0;
}

/* --- one row --- */

static bool parse_ident(const char *text, uint32_t *out)
{
    uint8_t bytes[4];
    size_t len;
    if (str_from_hex(text, strlen(text), bytes, sizeof bytes, &len) != ERR_OK || len != sizeof bytes)
        return false;
    *out = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
    return true;
}

static bool is_clean(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7F)
            return false;
    }
    return true;
}

static void take_position(struct parse *p, struct meter *m)
{
    const char *text = cell_of(p, COL_POSITION);
    bool is_cut = p->is_cut[p->column_of[COL_POSITION]];
    if ((*text && is_cut) || !str_copy(m->position, sizeof m->position, text))
        refuse_cell(p, COL_POSITION, "longer than 100 bytes");
    else if (!is_clean(text))
        refuse_cell(p, COL_POSITION, "line breaks and control characters are not allowed");
}

static void take_mode(struct parse *p, struct meter *m)
{
    if (!addressing_parse(cell_of(p, COL_MODE), &m->addressing)) {
        refuse_cell(p, COL_MODE, "the mode is Primary, Secondary or Esecondary");
        m->addressing = ADDRESSING_SECONDARY;
    }
}

static void take_secondary(struct parse *p, struct meter *m)
{
    const char *text = cell_of(p, COL_SECONDARY);
    if (!*text && m->addressing == ADDRESSING_PRIMARY)
        return;
    if (!parse_ident(text, &m->ident))
        refuse_cell(p, COL_SECONDARY, "8 hex digits are needed, leading zeros too");
    else if (strpbrk(text, "fF"))
        refuse_cell(p, COL_SECONDARY, "F stands for any digit, and one meter is meant");
}

static void take_baud(struct parse *p, struct meter *m)
{
    const char *text = cell_of(p, COL_BAUD);
    uint64_t baud = DEFAULT_BAUD;
    if (*text && (str_to_u64(text, UINT32_MAX, &baud) != ERR_OK || !meter_baud_is_valid((uint32_t)baud)))
        refuse_cell(p, COL_BAUD, "the baud rate is 300, 600, 1200, 2400, 4800, 9600, 19200 or 38400");
    else
        m->baud = (uint32_t)baud;
}

static void take_primary(struct parse *p, struct meter *m)
{
    const char *text = cell_of(p, COL_PRIMARY);
    uint64_t address;
    if (!*text && m->addressing == ADDRESSING_PRIMARY)
        refuse_cell(p, COL_PRIMARY, "the mode Primary needs it");
    else if (*text && str_to_u64(text, 255, &address) != ERR_OK)
        refuse_cell(p, COL_PRIMARY, "the primary address is a number from 0 to 255");
    else if (*text)
        m->primary = (int16_t)address;
}

static void take_enhanced(struct parse *p, struct meter *m)
{
    const char *text = cell_of(p, COL_ENHANCED);
    m->has_enhanced = *text && parse_ident(text, &m->enhanced);
    if (*text && !m->has_enhanced)
        refuse_cell(p, COL_ENHANCED, "8 hex digits are needed, leading zeros too");
}

static void take_address(struct parse *p, uint64_t key, enum column c)
{
    struct taken *t;
    char what[96];
    HASH_FIND(hh, p->taken, &key, sizeof key, t);
    if (t && t->line)
        str_fmt(what, sizeof what, "stands in line %u already", t->line);
    else if (t)
        str_fmt(what, sizeof what, "is installed already as meter number %u", t->meter);
    if (t) {
        refuse_cell(p, c, what);
        return;
    }
    t = xcalloc(1, sizeof *t);
    t->key = key;
    t->line = p->row_line;
    HASH_ADD(hh, p->taken, key, sizeof key, t);
}

static uint64_t primary_key(int16_t address)
{
    return UINT64_C(1) << 32 | (uint64_t)address;
}

static void check_duplicates(struct parse *p, const struct meter *m)
{
    if (m->addressing == ADDRESSING_PRIMARY && m->primary >= 0)
        take_address(p, primary_key(m->primary), COL_PRIMARY);
    if (m->ident != METER_NO_IDENT)
        take_address(p, m->ident, COL_SECONDARY);
}

static void add_meter(struct parse *p, const struct meter *m)
{
    if (p->n_installed + p->list.n_meters >= METERS_MAX) {
        (void)err_say(refuse(p, CELLS_MAX, ""), ERR_TOO_MANY, "at most %d meters can be installed", METERS_MAX);
        return;
    }
    if (p->list.n_meters == p->room) {
        p->room = p->room ? 2 * p->room : 64;
        p->list.meters = xrealloc(p->list.meters, p->room, sizeof *p->list.meters);
    }
    p->list.meters[p->list.n_meters++] = *m;
}

/* Nothing may stand where no heading is. */
static void check_stray_cells(struct parse *p)
{
    for (size_t i = 0; i < p->n_cells && i < CELLS_MAX; i++) {
        if (p->columns[i] == COL_NONE && p->cells[i][0])
            (void)err_say(refuse(p, i, ""), ERR_INVALID, "\"%.60s\" stands in a column without a heading", p->cells[i]);
    }
    if (p->n_cells > CELLS_MAX)
        (void)err_say(refuse(p, CELLS_MAX, ""), ERR_INVALID, "the line has %zu cells", p->n_cells);
}

static void take_row(struct parse *p)
{
    size_t errors_before = p->list.n_errors;
    struct meter m = {
        .ident = METER_NO_IDENT, .primary = -1, .bus = p->bus, .state = METER_ACTIVE, .multi_telegram = true
    };
    check_stray_cells(p);
    take_position(p, &m);
    take_mode(p, &m);
    take_secondary(p, &m);
    take_baud(p, &m);
    take_primary(p, &m);
    take_enhanced(p, &m);
    if (p->list.n_errors == errors_before)
        check_duplicates(p, &m);
    if (p->list.n_errors == errors_before)
        add_meter(p, &m);
}

static bool row_is_empty(const struct parse *p)
{
    for (size_t i = 0; i < p->n_cells && i < CELLS_MAX; i++) {
        if (p->cells[i][0])
            return false;
    }
    return p->n_cells <= CELLS_MAX;
}

/* --- libcsv's callbacks and feeding it --- */

static void on_cell(void *bytes, size_t len, void *ctx)
{
    struct parse *p = ctx;
    if (p->n_cells < CELLS_MAX)
        p->is_cut[p->n_cells] = !str_copy_n(p->cells[p->n_cells], CELL_BYTES, bytes, len);
    p->n_cells++;
}

static void on_row(int end, void *ctx)
{
    struct parse *p = ctx;
    (void)end;
    p->is_row_over = true;
    if (has_room_for_errors(p) && !row_is_empty(p) && !p->is_refused) {
        if (p->has_heading)
            take_row(p);
        else
            take_heading(p);
    }
    p->n_cells = 0;
}

static size_t line_length(const char *text, size_t len)
{
    size_t n = 0;
    while (n < len && text[n] != '\n' && text[n] != '\r')
        n++;
    if (n + 1 < len && text[n] == '\r' && text[n + 1] == '\n')
        return n + 2;
    return n < len ? n + 1 : n;
}

/* The separator that stands most often in the first line with any. */
static char find_separator(const char *text, size_t len)
{
    static const char separators[] = { ';', ',', '\t' };
    size_t counts[COUNT_OF(separators)] = { 0 }, best = 0;
    for (size_t i = 0; i < len; i++) {
        for (size_t s = 0; s < COUNT_OF(separators); s++)
            counts[s] += text[i] == separators[s];
        if (text[i] == '\n' && (counts[0] || counts[1] || counts[2]))
            break;
    }
    for (size_t s = 1; s < COUNT_OF(separators); s++)
        best = counts[s] > counts[best] ? s : best;
    return separators[best];
}

static bool is_blank_line(const char *text, size_t len)
{
    size_t i = 0;
    while (i < len && strchr(" \t\r\n", text[i]))
        i++;
    return i == len;
}

static void refuse_quotes(struct parse *p)
{
    (void)err_say(
        refuse(p, CELLS_MAX, ""), ERR_SYNTAX,
        "the quotes of this line do not match: a cell with quotes stands in quotes, and those inside are doubled");
}

/* Line by line, so that each row knows where it began; a quoted cell may go over several. */
static void feed(struct parse *p, const char *text, size_t len)
{
    bool is_inside = false;
    while (len > 0 && has_room_for_errors(p)) {
        size_t n = line_length(text, len);
        p->line++;
        if (!is_inside)
            p->row_line = p->line;
        p->is_row_over = false;
        if (csv_parse(&p->csv, text, n, on_cell, on_row, p) != n) {
            refuse_quotes(p);
            return;
        }
        is_inside = !p->is_row_over && (is_inside || !is_blank_line(text, n));
        text += n;
        len -= n;
    }
    if (has_room_for_errors(p) && csv_fini(&p->csv, on_cell, on_row, p) != 0)
        refuse_quotes(p);
}

/* --- the whole text --- */

/* As UTF-8 without BOM: an allocation of the caller's, or NULL when it is no text in any charset we know. */
static char *to_utf8(const char *text, size_t len, size_t *out_len)
{
    bool is_utf16 = len >= 2 && (str_starts(text, "\xFF\xFE") || str_starts(text, "\xFE\xFF"));
    size_t bom = len >= 3 && strncmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    if (str_is_utf8(text + bom, len - bom)) {
        *out_len = len - bom;
        return xmemdup(text + bom, len - bom);
    }
    iconv_t converter = iconv_open("UTF-8", is_utf16 ? "UTF-16" : "WINDOWS-1252");
    if (converter == (iconv_t)-1)
        return NULL;
    size_t room = 3 * len + 4, in_left = len, left = room;
    char *utf8 = xmalloc(room), *in = (char *)(uintptr_t)text, *out = utf8; /* iconv does not write to its input */
    size_t result = iconv(converter, &in, &in_left, &out, &left);
    iconv_close(converter);
    *out_len = room - left;
    if (result == (size_t)-1 || !str_is_utf8(utf8, *out_len)) {
        free(utf8);
        return NULL;
    }
    return utf8;
}

static void note_address(struct parse *p, uint64_t key, uint32_t meter)
{
    struct taken *t;
    HASH_FIND(hh, p->taken, &key, sizeof key, t);
    if (t)
        return;
    t = xcalloc(1, sizeof *t);
    t->key = key;
    t->meter = meter;
    HASH_ADD(hh, p->taken, key, sizeof t->key, t);
}

static void note_installed(struct parse *p, struct meters *installed)
{
    p->n_installed = installed ? meters_count(installed) : 0;
    for (size_t i = 0; i < p->n_installed; i++) {
        const struct meter *m = meters_at(installed, i);
        if (m->bus != p->bus)
            continue;
        if (m->addressing == ADDRESSING_PRIMARY)
            note_address(p, primary_key(m->primary), m->id);
        if (m->ident != METER_NO_IDENT)
            note_address(p, m->ident, m->id);
    }
}

static void parse_text(struct parse *p, const char *text, size_t len)
{
    size_t utf8_len = 0;
    p->row_line = 1;
    if (len > METER_LIST_BYTES_MAX) {
        (void)err_say(refuse(p, CELLS_MAX, ""), ERR_TOO_BIG, "the list is larger than %d MB",
                      METER_LIST_BYTES_MAX >> 20);
        return;
    }
    char *utf8 = to_utf8(text, len, &utf8_len);
    if (!utf8) {
        (void)err_say(refuse(p, CELLS_MAX, ""), ERR_INVALID, "this is not text: save the list as CSV");
        return;
    }
    BUG_IF(csv_init(&p->csv, CSV_STRICT | CSV_STRICT_FINI) != 0);
    csv_set_delim(&p->csv, (unsigned char)find_separator(utf8, utf8_len));
    feed(p, utf8, utf8_len);
    csv_free(&p->csv);
    free(utf8);
    if (p->list.n_errors == 0 && p->list.n_meters == 0)
        (void)err_say(refuse(p, CELLS_MAX, ""), ERR_INVALID, "there is no meter in the list");
}

enum err meter_list_parse(const char *text, size_t len, uint8_t bus, struct meters *installed, struct meter_list *out)
{
    struct parse *p = xcalloc(1, sizeof *p);
    struct taken *t, *next;
    p->bus = bus;
    note_installed(p, installed);
    parse_text(p, text, len);
    HASH_ITER (hh, p->taken, t, next) {
        HASH_DEL(p->taken, t);
        free(t);
    }
    *out = p->list;
    free(p);
    return out->n_errors ? ERR_INVALID : ERR_OK;
}

void meter_list_free(struct meter_list *l)
{
    free(l->meters);
    free(l->errors);
    *l = (struct meter_list){ 0 };
}
