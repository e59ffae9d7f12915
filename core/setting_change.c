/* setting_change.c — how settings change: drafts, checks, saving, telling.
 *
 * Knows: transactions over the layers; the text of a file as one transaction. Does not know: who calls, where the file is.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "core/base/bug.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/setting_priv.h"
#include "core/setting_text.h"
#include "core/setting_value.h"

/* One instance whose config will be another. */
struct change {
    struct group *group;
    struct instance *instance;
    unsigned number; /* 1…n, 0 for single groups */
    void *cfg;       /* the new config; after the change the old one */
    struct change *prev, *next;
};

void settings_on_change(struct settings *s, const char *group, setting_changed_fn *fn, void *ctx)
{
    struct group *g = (struct group *)(uintptr_t)setting_find_group(s, group);
    struct listener *l = xcalloc(1, sizeof *l);
    l->fn = fn;
    l->ctx = ctx;
    DL_APPEND(g->listeners, l);
}

void settings_set_save(struct settings *s, setting_save_fn *fn, void *ctx)
{
    s->save = fn;
    s->save_ctx = ctx;
}

/* --- drafts --- */

typedef void slot_fn(struct slot *slot, const struct setting *row);

static void each_slot(struct settings *s, slot_fn *fn)
{
    for (size_t i = 0; i < s->n_groups; i++) {
        const struct group *g = &s->groups[i];
        for (unsigned k = 0; k < g->n; k++) {
            for (size_t r = 0; r < g->table->n_rows; r++)
                fn(&g->instances[k].slots[r], &g->table->rows[r]);
        }
    }
}

static void drop_draft(struct slot *slot, const struct setting *row)
{
    (void)row;
    setting_wipe_text(&slot->draft);
    slot->is_drafted = slot->ends_override = false;
    slot->draft_line = 0;
}

static void draft_default(struct slot *slot, const struct setting *row)
{
    drop_draft(slot, row);
    slot->is_drafted = true;
}

void settings_begin(struct settings *s)
{
    BUG_IF(s->in_transaction);
    s->in_transaction = true;
}

void settings_abort(struct settings *s)
{
    each_slot(s, drop_draft);
    s->in_transaction = false;
}

/* Holds value against the row; on a refusal *at says key, value and what is allowed. */
static enum err check_value(const struct place *p, const char *key, const char *value, struct err_at *at)
{
    uint64_t scratch[SETTING_VALUE_MAX / sizeof(uint64_t) + 1];
    struct err_at why = { 0 };
    BUG_IF(setting_value_size(p->row) > sizeof scratch);
    enum err e = setting_value_parse(p->row, value, scratch, &why);
    bytes_wipe(scratch, sizeof scratch);
    if (e == ERR_OK)
        return ERR_OK;
    if (at)
        str_copy(at->field, sizeof at->field, key);
    if (p->row->type == SETTING_SECRET)
        return err_say(at, e, "%s: %s", key, why.text);
    return err_say(at, e, "%s = %.60s: %s", key, value, why.text);
}

enum err settings_set(struct settings *s, const char *key, const char *value, struct err_at *at)
{
    struct place p;
    BUG_IF(!s->in_transaction);
    if (!setting_find_place(s, key, &p))
        return setting_no_such_key(s, key, &p, at);
    if (p.row->type == SETTING_SECRET && str_eq(value, SETTING_MASK))
        return ERR_OK;
    enum err e = check_value(&p, key, value, at);
    if (e != ERR_OK)
        return e;
    draft_default(p.slot, p.row);
    p.slot->draft = xstrdup(value);
    p.slot->ends_override = true;
    return ERR_OK;
}

enum err settings_reset(struct settings *s, const char *key, struct err_at *at)
{
    struct place p;
    BUG_IF(!s->in_transaction);
    if (!setting_find_place(s, key, &p))
        return setting_no_such_key(s, key, &p, at);
    draft_default(p.slot, p.row);
    p.slot->ends_override = true;
    return ERR_OK;
}

/* --- from drafts to changes --- */

static enum err check_cfg(const struct group *g, const struct instance *in, unsigned number, const void *cfg,
                          struct err_at *at)
{
    struct err_at why = { 0 };
    char key[SETTING_KEY_MAX];
    enum err e = g->table->check ? g->table->check(cfg, &why) : ERR_OK;
    if (e == ERR_OK || !at)
        return e;
    setting_key_text(key, g->table, number, why.field[0] ? why.field : "*");
    for (size_t i = 0; i < g->table->n_rows; i++) {
        if (str_eq(g->table->rows[i].name, why.field))
            at->line = in->slots[i].draft_line;
    }
    str_copy(at->field, sizeof at->field, key);
    return err_say(at, e, "%s: %s", key, why.text);
}

enum err settings_check(const struct settings *s, struct err_at *at)
{
    for (size_t i = 0; i < s->n_groups; i++) {
        const struct group *g = &s->groups[i];
        for (unsigned k = 0; k < g->n; k++) {
            enum err e = check_cfg(g, &g->instances[k], k + 1, g->instances[k].cfg, at);
            if (e != ERR_OK)
                return e;
        }
    }
    return ERR_OK;
}

static void drop_changes(struct change **changes)
{
    struct change *c, *next;
    DL_FOREACH_SAFE (*changes, c, next) {
        bytes_wipe(c->cfg, c->group->table->cfg_size);
        free(c->cfg);
        free(c);
    }
    *changes = NULL;
}

/* Adds a change when the instance's config would be another one. */
static enum err plan_instance(struct group *g, unsigned i, struct change **changes, struct err_at *at)
{
    struct instance *in = &g->instances[i];
    void *cfg = xcalloc(1, g->table->cfg_size);
    setting_build_cfg(g, in, cfg);
    enum err e = check_cfg(g, in, i + 1, cfg, at);
    if (e != ERR_OK || bytes_equal(cfg, g->table->cfg_size, in->cfg, g->table->cfg_size)) {
        bytes_wipe(cfg, g->table->cfg_size);
        free(cfg);
        return e;
    }
    struct change *c = xcalloc(1, sizeof *c);
    *c = (struct change){ .group = g, .instance = in, .number = g->table->n_instances ? i + 1 : 0, .cfg = cfg };
    DL_APPEND(*changes, c);
    return ERR_OK;
}

static bool has_draft(const struct group *g, const struct instance *in)
{
    for (size_t i = 0; i < g->table->n_rows; i++) {
        if (in->slots[i].is_drafted)
            return true;
    }
    return false;
}

static enum err plan(struct settings *s, struct change **changes, struct err_at *at)
{
    for (size_t i = 0; i < s->n_groups; i++) {
        struct group *g = &s->groups[i];
        for (unsigned k = 0; k < g->n; k++) {
            enum err e = has_draft(g, &g->instances[k]) ? plan_instance(g, k, changes, at) : ERR_OK;
            if (e != ERR_OK) {
                drop_changes(changes);
                return e;
            }
        }
    }
    return ERR_OK;
}

/* The drafts become the file layer, and what it was the drafts: done again, it is undone. */
static void swap_draft(struct slot *slot, const struct setting *row)
{
    (void)row;
    if (!slot->is_drafted)
        return;
    char *was = slot->file;
    slot->file = slot->draft;
    slot->draft = was;
}

static void end_override(struct slot *slot, const struct setting *row)
{
    (void)row;
    if (slot->ends_override)
        setting_wipe_text(&slot->override);
}

/* A value at its default does not begin to stand in the file. */
static void drop_plain_default(struct slot *slot, const struct setting *row)
{
    if (slot->is_drafted && slot->draft && !slot->file && str_eq(slot->draft, row->def))
        setting_wipe_text(&slot->draft);
}

/* Puts the new configs in place, and then tells: every listener sees all of the new state. */
static void apply(struct settings *s, struct change **changes)
{
    struct change *c;
    struct listener *l;
    each_slot(s, end_override);
    each_slot(s, drop_draft);
    s->in_transaction = false;
    DL_FOREACH (*changes, c) {
        size_t size = c->group->table->cfg_size;
        void *was = xmemdup(c->instance->cfg, size);
        bytes_copy(c->instance->cfg, size, c->cfg, size);
        bytes_wipe(c->cfg, size);
        free(c->cfg);
        c->cfg = was;
    }
    DL_FOREACH (*changes, c) {
        DL_FOREACH (c->group->listeners, l)
            l->fn(l->ctx, c->number, c->cfg, c->instance->cfg);
    }
    drop_changes(changes);
}

enum err settings_commit(struct settings *s, struct err_at *at)
{
    struct change *changes = NULL;
    BUG_IF(!s->in_transaction);
    enum err e = plan(s, &changes, at);
    if (e == ERR_OK) {
        each_slot(s, drop_plain_default);
        each_slot(s, swap_draft);
        e = s->save ? s->save(s->save_ctx, s, at) : ERR_OK;
        if (e != ERR_OK)
            each_slot(s, swap_draft);
    }
    if (e != ERR_OK) {
        drop_changes(&changes);
        settings_abort(s);
        return e;
    }
    apply(s, &changes);
    return ERR_OK;
}

/* --- whole layers --- */

static enum err draft_line(struct settings *s, const struct setting_line *line, struct err_at *at)
{
    struct place p;
    enum err e = ERR_OK;
    if (!setting_find_place(s, line->key, &p)) {
        e = setting_no_such_key(s, line->key, &p, at);
    } else if (p.slot->draft_line) {
        if (at)
            str_copy(at->field, sizeof at->field, line->key);
        e = err_say(at, ERR_INVALID, "%s stands in line %u already", line->key, p.slot->draft_line);
    } else {
        e = check_value(&p, line->key, line->value, at);
    }
    if (e != ERR_OK) {
        if (at)
            at->line = line->number;
        return e;
    }
    p.slot->draft = xstrdup(line->value);
    p.slot->draft_line = line->number;
    return ERR_OK;
}

static enum err draft_text(struct settings *s, const char *text, size_t len, struct err_at *at)
{
    struct setting_line line = { 0 };
    for (;;) {
        bool more;
        enum err e = setting_text_next(text, len, &line, &more, at);
        if (e == ERR_OK && more && line.has_key)
            e = draft_line(s, &line, at);
        if (e != ERR_OK || !more)
            return e;
    }
}

enum err settings_load_text(struct settings *s, const char *text, size_t len, struct err_at *at)
{
    struct change *changes = NULL;
    settings_begin(s);
    each_slot(s, draft_default);
    enum err e = draft_text(s, text, len, at);
    if (e == ERR_OK)
        e = plan(s, &changes, at);
    if (e != ERR_OK) {
        settings_abort(s);
        return e;
    }
    each_slot(s, swap_draft);
    apply(s, &changes);
    return ERR_OK;
}

enum err settings_override(struct settings *s, const char *key, const char *value, struct err_at *at)
{
    struct place p;
    BUG_IF(s->in_transaction);
    if (!setting_find_place(s, key, &p))
        return setting_no_such_key(s, key, &p, at);
    enum err e = check_value(&p, key, value, at);
    if (e != ERR_OK)
        return e;
    setting_wipe_text(&p.slot->override);
    p.slot->override = xstrdup(value);
    setting_build_cfg(p.group, p.instance, p.instance->cfg);
    return ERR_OK;
}
