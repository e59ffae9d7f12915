/* setting.c — the registry of settings: which keys there are and what they are set to.
 *
 * Knows: groups, instances, rows, layers. Does not know: what a setting is for; how text of a type is read
 * (setting_value.c); how values change (setting_change.c); files.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/setting.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "core/base/bug.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/setting_priv.h"
#include "core/setting_value.h"

void setting_key_text(char out[static SETTING_KEY_MAX], const struct setting_table *t, unsigned number,
                      const char *name)
{
    if (t->n_instances)
        str_fmt(out, SETTING_KEY_MAX, "%s%u.%s", t->group, number, name);
    else
        str_fmt(out, SETTING_KEY_MAX, "%s.%s", t->group, name);
}

/* --- creation --- */

/* Every layer was checked when it came in, hence this cannot fail. */
void setting_build_cfg(const struct group *g, const struct instance *in, void *cfg)
{
    for (size_t i = 0; i < g->table->n_rows; i++) {
        const struct setting *row = &g->table->rows[i];
        const struct slot *slot = &in->slots[i];
        const char *file = slot->is_drafted ? slot->draft : slot->file;
        const char *override = slot->ends_override ? NULL : slot->override;
        const char *text = override ? override : file ? file : row->def;
        enum err e = setting_value_parse(row, text, (char *)cfg + row->offset, NULL);
        if (e != ERR_OK && text != row->def) /* its zone file was taken away since */
            e = setting_value_parse(row, row->def, (char *)cfg + row->offset, NULL);
        BUG_IF(e != ERR_OK);
    }
}

static void check_table(const struct settings *s, const struct setting_table *t)
{
    for (size_t i = 0; i < s->n_groups; i++)
        BUG_IF(str_eq(s->groups[i].table->group, t->group));
    for (size_t i = 0; i < t->n_rows; i++) {
        BUG_IF(!t->rows[i].help || !*t->rows[i].help);
        BUG_IF(strlen(t->group) + strlen(t->rows[i].name) + 6 > SETTING_KEY_MAX);
        BUG_IF(t->rows[i].offset + setting_value_size(&t->rows[i]) > t->cfg_size);
        for (size_t k = 0; k < i; k++)
            BUG_IF(str_eq(t->rows[k].name, t->rows[i].name));
    }
}

static void add_group(struct settings *s, const struct setting_table *t)
{
    check_table(s, t);
    struct group *g = &s->groups[s->n_groups++];
    g->table = t;
    g->n = t->n_instances ? t->n_instances : 1;
    g->instances = xcalloc(g->n, sizeof *g->instances);
    for (unsigned i = 0; i < g->n; i++) {
        g->instances[i].slots = xcalloc(t->n_rows, sizeof *g->instances[i].slots);
        g->instances[i].cfg = xcalloc(1, t->cfg_size);
        setting_build_cfg(g, &g->instances[i], g->instances[i].cfg);
    }
    BUG_IF(t->check && t->check(g->instances[0].cfg, NULL) != ERR_OK);
}

struct settings *settings_create(const struct setting_table *const *tables, size_t n_tables)
{
    struct settings *s = xcalloc(1, sizeof *s);
    s->groups = xcalloc(n_tables, sizeof *s->groups);
    for (size_t i = 0; i < n_tables; i++)
        add_group(s, tables[i]);
    return s;
}

void setting_wipe_text(char **text)
{
    if (*text)
        bytes_wipe(*text, strlen(*text));
    free(*text);
    *text = NULL;
}

static void free_group(struct group *g)
{
    struct listener *l, *next;
    for (unsigned i = 0; i < g->n; i++) {
        for (size_t k = 0; k < g->table->n_rows; k++) {
            setting_wipe_text(&g->instances[i].slots[k].file);
            setting_wipe_text(&g->instances[i].slots[k].override);
            setting_wipe_text(&g->instances[i].slots[k].draft);
        }
        free(g->instances[i].slots);
        bytes_wipe(g->instances[i].cfg, g->table->cfg_size);
        free(g->instances[i].cfg);
    }
    free(g->instances);
    DL_FOREACH_SAFE (g->listeners, l, next)
        free(l);
}

void settings_free(struct settings *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->n_groups; i++)
        free_group(&s->groups[i]);
    free(s->groups);
    free(s);
}

/* --- finding keys --- */

static const struct setting *find_row(const struct setting_table *t, const char *name)
{
    for (size_t i = 0; i < t->n_rows; i++) {
        if (str_eq(t->rows[i].name, name))
            return &t->rows[i];
    }
    return NULL;
}

bool setting_find_place(const struct settings *s, const char *key, struct place *p)
{
    *p = (struct place){ 0 };
    const char *dot = strchr(key, '.');
    if (!dot)
        return false;
    size_t word = (size_t)(dot - key), letters = word;
    while (letters > 0 && key[letters - 1] >= '0' && key[letters - 1] <= '9')
        letters--;
    for (size_t i = 0; i < s->n_groups; i++) {
        struct group *g = &s->groups[i];
        size_t len = g->table->n_instances ? letters : word;
        if (strlen(g->table->group) != len || strncmp(g->table->group, key, len) != 0)
            continue;
        p->group = g;
        char digits[12];
        uint64_t number = 0;
        if (!g->table->n_instances)
            p->instance = &g->instances[0];
        else if (str_copy_n(digits, sizeof digits, key + letters, word - letters) && digits[0] != '0' &&
                 str_to_u64(digits, UINT32_MAX, &number) == ERR_OK && number >= 1 && number <= g->n)
            p->instance = &g->instances[number - 1];
        p->number = (unsigned)number;
        p->row = p->instance ? find_row(g->table, dot + 1) : NULL;
        p->slot = p->row ? &p->instance->slots[p->row - g->table->rows] : NULL;
        return p->row != NULL;
    }
    return false;
}

/* How many letters must be put in, taken out or changed; a swap of two neighbours counts once. */
static unsigned edit_distance(const char *a, const char *b)
{
    enum { SIZE = SETTING_KEY_MAX + 1 };
    unsigned rows[3][SIZE];
    size_t n = strlen(b);
    for (size_t j = 0; j <= n; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; a[i - 1]; i++) {
        unsigned *now = rows[i % 3], *one_up = rows[(i + 2) % 3], *two_up = rows[(i + 1) % 3];
        now[0] = (unsigned)i;
        for (size_t j = 1; j <= n; j++) {
            unsigned best = one_up[j - 1] + (a[i - 1] != b[j - 1]);
            best = one_up[j] + 1 < best ? one_up[j] + 1 : best;
            best = now[j - 1] + 1 < best ? now[j - 1] + 1 : best;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && two_up[j - 2] + 1 < best)
                best = two_up[j - 2] + 1;
            now[j] = best;
        }
    }
    return rows[strlen(a) % 3][n];
}

static bool closest_key(const struct settings *s, const char *key, unsigned number, char out[static SETTING_KEY_MAX])
{
    unsigned best = 4; /* more than three slips is another word */
    char candidate[SETTING_KEY_MAX];
    if (strlen(key) >= SETTING_KEY_MAX)
        return false;
    for (size_t i = 0; i < s->n_groups; i++) {
        const struct setting_table *t = s->groups[i].table;
        for (size_t k = 0; k < t->n_rows; k++) {
            setting_key_text(candidate, t, number >= 1 && number <= t->n_instances ? number : 1, t->rows[k].name);
            unsigned distance = edit_distance(key, candidate);
            if (distance < best && distance * 3 <= strlen(key)) {
                best = distance;
                str_copy(out, SETTING_KEY_MAX, candidate);
            }
        }
    }
    return best < 4;
}

static void set_field(struct err_at *at, const char *key)
{
    if (at)
        str_copy(at->field, sizeof at->field, key);
}

enum err setting_no_such_key(const struct settings *s, const char *key, const struct place *p, struct err_at *at)
{
    char near[SETTING_KEY_MAX];
    set_field(at, key);
    if (p->group && !p->instance)
        return err_say(at, ERR_UNKNOWN_KEY, "there is no setting %s: there are %s1 to %s%u", key,
                       p->group->table->group, p->group->table->group, p->group->n);
    if (closest_key(s, key, p->number, near))
        return err_say(at, ERR_UNKNOWN_KEY, "there is no setting %s; did you mean %s?", key, near);
    return err_say(at, ERR_UNKNOWN_KEY, "there is no setting %s", key);
}

const struct setting *settings_find(const struct settings *s, const char *key)
{
    struct place p;
    return setting_find_place(s, key, &p) ? p.row : NULL;
}

/* --- reading --- */

const struct group *setting_find_group(const struct settings *s, const char *name)
{
    for (size_t i = 0; i < s->n_groups; i++) {
        if (str_eq(s->groups[i].table->group, name))
            return &s->groups[i];
    }
    bug_found(__FILE__, __LINE__, "no such group of settings");
}

const void *settings_cfg(const struct settings *s, const char *group, unsigned instance)
{
    const struct group *g = setting_find_group(s, group);
    BUG_IF(g->table->n_instances ? instance < 1 || instance > g->n : instance != 0);
    return g->instances[instance ? instance - 1 : 0].cfg;
}

/* The value of a committed config as it may be shown. */
static const char *shown(const struct setting *row, const void *cfg, char buf[static SETTING_VALUE_MAX])
{
    const char *text = setting_value_text(row, (const char *)cfg + row->offset, buf);
    return row->type == SETTING_SECRET && *text ? SETTING_MASK : text;
}

const char *settings_get(const struct settings *s, const char *key, char buf[static SETTING_VALUE_MAX])
{
    struct place p;
    return setting_find_place(s, key, &p) ? shown(p.row, p.instance->cfg, buf) : NULL;
}

const char *settings_file_value(const struct settings *s, const char *key)
{
    struct place p;
    return setting_find_place(s, key, &p) ? p.slot->file : NULL;
}

/* Do the two texts mean the same value? */
static bool same_value(const struct setting *row, const char *a, const char *b)
{
    uint64_t fields[2][SETTING_VALUE_MAX / sizeof(uint64_t) + 1] = { 0 }; /* aligned for every type */
    return setting_value_parse(row, a, fields[0], NULL) == ERR_OK &&
           setting_value_parse(row, b, fields[1], NULL) == ERR_OK &&
           bytes_equal(fields[0], sizeof fields[0], fields[1], sizeof fields[1]);
}

static void visit(const struct group *g, unsigned i, setting_each_fn *fn, void *ctx)
{
    const struct setting_table *t = g->table;
    char key[SETTING_KEY_MAX], buf[SETTING_VALUE_MAX];
    for (size_t k = 0; k < t->n_rows; k++) {
        const struct slot *slot = &g->instances[i].slots[k];
        setting_key_text(key, t, i + 1, t->rows[k].name);
        const char *text = shown(&t->rows[k], g->instances[i].cfg, buf);
        bool is_default = !slot->override && (!slot->file || same_value(&t->rows[k], slot->file, t->rows[k].def));
        fn(ctx, key, &t->rows[k], text, is_default, slot->override != NULL);
    }
}

void settings_each(const struct settings *s, setting_each_fn *fn, void *ctx)
{
    for (size_t i = 0; i < s->n_groups; i++) {
        for (unsigned k = 0; k < s->groups[i].n; k++)
            visit(&s->groups[i], k, fn, ctx);
    }
}
