/* keylist.h — encryption keys and for which meters each counts: the key file of the manual (table 6), and matching.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PROTOCOLS_CODEC_MBUS_KEYLIST_H
#define PROTOCOLS_CODEC_MBUS_KEYLIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/reading.h"
#include "protocols/codec/mbus/crypt.h"

enum { KEYLIST_MAX = 8192 };

/* A key and its matching criteria; what is not given matches every meter. */
struct key_rule {
    bool has_address;
    uint32_t address; /* 8 hex digits as printed on the meter */
    uint16_t maker;   /* 0: any */
    int16_t medium;   /* device type 0…255, -1: any */
    int16_t version;  /* 0…255, -1: any */
    uint8_t key[MBUS_KEY_LEN];
};

struct keylist;
struct keylist *keylist_create(void);
void keylist_free(struct keylist *k); /* wipes the keys */

size_t keylist_count(const struct keylist *k);
/* In the order of matching: most specific first. Borrowed until the list changes. */
const struct key_rule *keylist_at(const struct keylist *k, size_t i);
/* ERR_EXISTS: the same criteria and key stand in the list; ERR_TOO_MANY at KEYLIST_MAX. */
MUST_USE enum err keylist_add(struct keylist *k, const struct key_rule *rule);
void keylist_remove(struct keylist *k, size_t i);

/* Reads address,key,manufacturer,deviceType,version: comma or semicolon, heading first in any order and case; "-1", "*"
 * and an empty cell match all. All rows or none are added. *at has line, column (of the cells, from 1), field and what
 * is wrong; never the key itself. Rows that stand in the list already are passed over. */
MUST_USE enum err keylist_parse(struct keylist *k, const char *csv, size_t len, struct err_at *at);

extern const struct key_rule key_rule_any; /* matches every meter; no key */
/* Sets what a column of the key file says: "address", "key", "manufacturer", "deviceType", "version", in any case.
 * ERR_UNKNOWN_KEY: there is no such column. *at is told what is wrong, never the key. */
MUST_USE enum err key_rule_set(struct key_rule *rule, const char *column, const char *text, struct err_at *at);
/* The order in which rules are tried: < 0 when a comes first, being more specific; 0 when the criteria are the same. */
int key_rule_compare(const struct key_rule *a, const struct key_rule *b);
bool key_rule_matches(const struct key_rule *rule, const struct telegram_head *who);
/* A telegram_keys_fn (telegram.h); ctx is the struct keylist. A key counts when it fits the meter or the radio. */
size_t keylist_find_keys(void *ctx, const struct telegram_head *meter, const struct telegram_head *radio,
                         uint8_t keys[][16], size_t max);

#endif
