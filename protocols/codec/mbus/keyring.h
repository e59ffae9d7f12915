/* keyring.h — the gateway's encryption keys: numbered, linked to one meter or counting for all that a rule matches.
 *
 * A change is given to the saver first and counts only when that succeeded. A key is handed to nobody but the ciphers
 * and the saver.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PROTOCOLS_CODEC_MBUS_KEYRING_H
#define PROTOCOLS_CODEC_MBUS_KEYRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "protocols/codec/mbus/keylist.h"

struct keyring_entry {
    uint32_t id;    /* from 1, never given twice */
    uint32_t meter; /* its number, when the key is linked to one; the rule matches all then. 0: the rule counts */
    int64_t created_utc;
    struct key_rule rule;
};

/* What is to be kept or, with bytes NULL, to be forgotten. The bytes hold the key. */
struct keyring_change {
    uint32_t id;
    const uint8_t *bytes;
    size_t len;
};
typedef enum err keyring_save_fn(void *ctx, const struct keyring_change *list, size_t n); /* all or none */

struct keyring;
struct keyring *keyring_create(void);
void keyring_free(struct keyring *k); /* wipes the keys */
void keyring_set_save(struct keyring *k, keyring_save_fn *fn, void *ctx);
/* What the saver was given; NULL when it cannot be read any more: its number is not given again. */
MUST_USE enum err keyring_load(struct keyring *k, uint32_t id, const uint8_t *bytes, size_t len);

size_t keyring_count(const struct keyring *k);
/* By number: the first one with id > after; NULL: none. Borrowed until the next change. */
const struct keyring_entry *keyring_after(const struct keyring *k, uint32_t after);
const struct keyring_entry *keyring_of_meter(const struct keyring *k, uint32_t meter); /* the linked one */

/* Adds all rules of a list that are not there yet, or none; the new ones have the numbers *first and up, *n of them. */
MUST_USE enum err keyring_add(struct keyring *k, const struct keylist *rules, int64_t now_utc, uint32_t *first,
                              size_t *n);
/* Replaces the key that is linked to the meter, if any. */
MUST_USE enum err keyring_link(struct keyring *k, uint32_t meter, const uint8_t key[static MBUS_KEY_LEN],
                               int64_t now_utc);
MUST_USE enum err keyring_remove(struct keyring *k, uint32_t id); /* ERR_NOT_FOUND */

/* Whose telegram is to be opened: the context of keyring_find_keys(), a telegram_keys_fn (telegram.h). Candidates are
 * the key linked to the meter, then those whose rules match: most specific first, of like criteria older ones first.
 */
struct keyring_search {
    const struct keyring *ring; /* NULL: no keys */
    uint32_t meter;             /* 0: not in the meter list */
};
size_t keyring_find_keys(void *ctx, const struct telegram_head *meter, const struct telegram_head *radio,
                         uint8_t keys[][16], size_t max);

#endif
