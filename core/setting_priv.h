/* setting_priv.h — what the files of the registry share; for setting.c and setting_change.c only.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CORE_SETTING_PRIV_H
#define CORE_SETTING_PRIV_H

#include "core/setting.h"

/* What one key is set to, apart from its default. */
struct slot {
    char *file;         /* text as in the file; NULL: does not stand there */
    char *override;     /* --set; NULL: none */
    bool is_drafted;    /* in a transaction: draft is the file's next text, NULL to reset */
    bool ends_override; /* … and takes the place of the override, too */
    char *draft;
    unsigned draft_line; /* where it stands in the text that is being loaded; 0: not there */
};

struct instance {
    struct slot *slots; /* n_rows */
    void *cfg;          /* committed, at a stable address */
};

struct listener {
    setting_changed_fn *fn;
    void *ctx;
    struct listener *prev, *next;
};

struct group {
    const struct setting_table *table;
    unsigned n; /* instances, at least 1 */
    struct instance *instances;
    struct listener *listeners;
};

struct settings {
    struct group *groups;
    size_t n_groups;
    bool in_transaction;
    setting_save_fn *save;
    void *save_ctx;
};

/* A key, found. */
struct place {
    struct group *group;
    struct instance *instance;
    unsigned number; /* 1…n, 0 for single groups */
    const struct setting *row;
    struct slot *slot;
};

/* Fills *p when there is such a key. Else p->group is the group its first part names, if there is one, and p->number what
 * number stood behind it (0: none). */
bool setting_find_place(const struct settings *s, const char *key, struct place *p);
/* ERR_UNKNOWN_KEY with what might have been meant. */
enum err setting_no_such_key(const struct settings *s, const char *key, const struct place *p, struct err_at *at);
void setting_key_text(char out[static SETTING_KEY_MAX], const struct setting_table *t, unsigned number,
                      const char *name);
/* The config of an instance from its layers, drafts among them, into cfg. */
void setting_build_cfg(const struct group *g, const struct instance *in, void *cfg);
const struct group *setting_find_group(const struct settings *s, const char *name);
void setting_wipe_text(char **text);

#endif
