/* keyring.c — the gateway's encryption keys.
 *
 * Knows: in which order keys are tried, what is kept of a key. Does not know: files, the store, ciphers.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "protocols/codec/mbus/keyring.h"

#include <stdlib.h>

#include "core/base/mem.h"
#include "core/base/rd.h"
#include "core/base/str.h"
#include "core/base/wr.h"

enum { FORMAT = 1, HAS_ADDRESS = 1, BYTES_MAX = 64 };

struct keyring {
    size_t n, room;
    struct keyring_entry *entries; /* in the order they are tried: linked ones, then as key_rule_compare() says */
    uint32_t next_id;
    keyring_save_fn *save;
    void *save_ctx;
};

struct keyring *keyring_create(void)
{
    struct keyring *k = xcalloc(1, sizeof *k);
    k->next_id = 1;
    return k;
}

static void wipe_and_free(struct keyring_entry *entries, size_t room)
{
    if (entries)
        bytes_wipe(entries, room * sizeof *entries);
    free(entries);
}

void keyring_free(struct keyring *k)
{
    if (!k)
        return;
    wipe_and_free(k->entries, k->room);
    free(k);
}

void keyring_set_save(struct keyring *k, keyring_save_fn *fn, void *ctx)
{
    k->save = fn;
    k->save_ctx = ctx;
}

size_t keyring_count(const struct keyring *k)
{
    return k->n;
}

const struct keyring_entry *keyring_after(const struct keyring *k, uint32_t after)
{
    const struct keyring_entry *next = NULL;
    for (size_t i = 0; i < k->n; i++)
        if (k->entries[i].id > after && (!next || k->entries[i].id < next->id))
            next = &k->entries[i];
    return next;
}

const struct keyring_entry *keyring_of_meter(const struct keyring *k, uint32_t meter)
{
    for (size_t i = 0; i < k->n && k->entries[i].meter; i++)
        if (k->entries[i].meter == meter)
            return &k->entries[i];
    return NULL;
}

/* --- order --- */

static bool comes_before(const struct keyring_entry *a, const struct keyring_entry *b)
{
    if (a->meter != b->meter)
        return a->meter && (!b->meter || a->meter < b->meter);
    int by_rule = key_rule_compare(&a->rule, &b->rule);
    return by_rule ? by_rule < 0 : a->id < b->id;
}

/* Where the first entry stands that comes behind this one. */
static size_t place_behind(const struct keyring *k, const struct keyring_entry *entry)
{
    size_t low = 0, high = k->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (comes_before(entry, &k->entries[middle]))
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* By hand, so that no copy of the keys stays behind in freed memory. */
static void make_room(struct keyring *k)
{
    size_t room = k->room ? 2 * k->room : 16;
    struct keyring_entry *entries = xcalloc(room, sizeof *entries);
    if (k->entries)
        bytes_copy(entries, room * sizeof *entries, k->entries, k->n * sizeof *entries);
    wipe_and_free(k->entries, k->room);
    k->entries = entries;
    k->room = room;
}

static void insert(struct keyring *k, const struct keyring_entry *entry)
{
    size_t at = place_behind(k, entry);
    if (k->n == k->room)
        make_room(k);
    bytes_copy(&k->entries[at + 1], (k->room - at - 1) * sizeof *entry, &k->entries[at], (k->n - at) * sizeof *entry);
    k->entries[at] = *entry;
    k->n++;
    if (entry->id >= k->next_id)
        k->next_id = entry->id + 1;
}

static struct keyring_entry *find(const struct keyring *k, uint32_t id)
{
    for (size_t i = 0; i < k->n; i++)
        if (k->entries[i].id == id)
            return &k->entries[i];
    return NULL;
}

static void drop(struct keyring *k, uint32_t id)
{
    struct keyring_entry *entry = find(k, id);
    if (!entry)
        return;
    size_t at = (size_t)(entry - k->entries);
    bytes_copy(entry, (k->room - at) * sizeof *entry, entry + 1, (k->n - at - 1) * sizeof *entry);
    k->n--;
    bytes_wipe(&k->entries[k->n], sizeof *entry);
}

/* --- what is kept --- */

static size_t pack(uint8_t out[static BYTES_MAX], const struct keyring_entry *entry)
{
    const struct key_rule *r = &entry->rule;
    struct wr w = wr_init(out, BYTES_MAX);
    wr_u8(&w, FORMAT);
    wr_be(&w, entry->meter, 4);
    wr_be(&w, (uint64_t)entry->created_utc, 8);
    wr_u8(&w, r->has_address ? HAS_ADDRESS : 0);
    wr_be(&w, r->address, 4);
    wr_be(&w, r->maker, 2);
    wr_be(&w, (uint16_t)r->medium, 2);
    wr_be(&w, (uint16_t)r->version, 2);
    wr_bytes(&w, r->key, sizeof r->key);
    return wr_len(&w);
}

static bool unpack(const uint8_t *bytes, size_t len, struct keyring_entry *out)
{
    struct rd r = rd_init(bytes, len);
    uint8_t format = rd_u8(&r);
    out->meter = (uint32_t)rd_be(&r, 4);
    out->created_utc = (int64_t)rd_be(&r, 8);
    out->rule.has_address = rd_u8(&r) == HAS_ADDRESS;
    out->rule.address = (uint32_t)rd_be(&r, 4);
    out->rule.maker = (uint16_t)rd_be(&r, 2);
    out->rule.medium = (int16_t)rd_be(&r, 2);
    out->rule.version = (int16_t)rd_be(&r, 2);
    const uint8_t *key = rd_bytes(&r, sizeof out->rule.key);
    if (!key || rd_left(&r) > 0 || format != FORMAT)
        return false;
    bytes_copy(out->rule.key, sizeof out->rule.key, key, sizeof out->rule.key);
    return true;
}

enum err keyring_load(struct keyring *k, uint32_t id, const uint8_t *bytes, size_t len)
{
    struct keyring_entry entry = { .id = id };
    bool is_good = bytes && unpack(bytes, len, &entry) && !find(k, id);
    if (is_good)
        insert(k, &entry);
    else if (id >= k->next_id)
        k->next_id = id + 1;
    bytes_wipe(&entry, sizeof entry);
    return is_good ? ERR_OK : ERR_CORRUPT;
}

/* --- changes --- */

/* Saves the new entries, and forgets the one with the number `gone` (0: none) with them. */
static enum err save(struct keyring *k, const struct keyring_entry *fresh, size_t n, uint32_t gone)
{
    if (!k->save)
        return ERR_OK;
    struct keyring_change *list = xcalloc(n + 1, sizeof *list);
    uint8_t(*bytes)[BYTES_MAX] = xcalloc(n + 1, sizeof *bytes);
    for (size_t i = 0; i < n; i++)
        list[i] = (struct keyring_change){ fresh[i].id, bytes[i], pack(bytes[i], &fresh[i]) };
    list[n] = (struct keyring_change){ .id = gone };
    enum err e = k->save(k->save_ctx, list, gone ? n + 1 : n);
    bytes_wipe(bytes, (n + 1) * sizeof *bytes);
    free(bytes);
    free(list);
    return e;
}

/* A newer key of the same criteria would stand behind all of them. */
static bool has_rule(const struct keyring *k, const struct keyring_entry *fresh)
{
    for (size_t i = place_behind(k, fresh); i > 0; i--) {
        const struct keyring_entry *e = &k->entries[i - 1];
        if (e->meter || key_rule_compare(&e->rule, &fresh->rule) != 0)
            break;
        if (bytes_equal_secret(e->rule.key, fresh->rule.key, sizeof e->rule.key))
            return true;
    }
    return false;
}

enum err keyring_add(struct keyring *k, const struct keylist *rules, int64_t now_utc, uint32_t *first, size_t *n)
{
    size_t n_rules = keylist_count(rules), n_fresh = 0;
    struct keyring_entry *fresh = xcalloc(n_rules + 1, sizeof *fresh);
    for (size_t i = 0; i < n_rules; i++) {
        fresh[n_fresh] = (struct keyring_entry){ .id = k->next_id + (uint32_t)n_fresh, .created_utc = now_utc };
        fresh[n_fresh].rule = *keylist_at(rules, i);
        n_fresh += !has_rule(k, &fresh[n_fresh]);
    }
    enum err e = k->n + n_fresh > KEYLIST_MAX ? ERR_TOO_MANY : ERR_OK;
    if (e == ERR_OK && n_fresh > 0)
        e = save(k, fresh, n_fresh, 0);
    if (e == ERR_OK) {
        *first = k->next_id;
        *n = n_fresh;
        for (size_t i = 0; i < n_fresh; i++)
            insert(k, &fresh[i]);
    }
    wipe_and_free(fresh, n_rules + 1);
    return e;
}

enum err keyring_link(struct keyring *k, uint32_t meter, const uint8_t key[static MBUS_KEY_LEN], int64_t now_utc)
{
    const struct keyring_entry *was = keyring_of_meter(k, meter);
    uint32_t gone = was ? was->id : 0;
    struct keyring_entry fresh = { .id = k->next_id, .meter = meter, .created_utc = now_utc, .rule = key_rule_any };
    bytes_copy(fresh.rule.key, sizeof fresh.rule.key, key, MBUS_KEY_LEN);
    enum err e = !gone && k->n == KEYLIST_MAX ? ERR_TOO_MANY : save(k, &fresh, 1, gone);
    if (e == ERR_OK) {
        drop(k, gone);
        insert(k, &fresh);
    }
    bytes_wipe(&fresh, sizeof fresh);
    return e;
}

enum err keyring_remove(struct keyring *k, uint32_t id)
{
    if (!find(k, id))
        return ERR_NOT_FOUND;
    enum err e = save(k, NULL, 0, id);
    if (e == ERR_OK)
        drop(k, id);
    return e;
}

/* --- candidates --- */

static bool counts(const struct keyring_entry *entry, uint32_t number, const struct telegram_head *meter,
                   const struct telegram_head *radio)
{
    if (entry->meter)
        return entry->meter == number;
    return (meter && key_rule_matches(&entry->rule, meter)) || (radio && key_rule_matches(&entry->rule, radio)) ||
           (!meter && !radio);
}

size_t keyring_find_keys(void *ctx, const struct telegram_head *meter, const struct telegram_head *radio,
                         uint8_t keys[][16], size_t max)
{
    const struct keyring_search *s = ctx;
    size_t n = 0;
    for (size_t i = 0; s->ring && i < s->ring->n && n < max; i++)
        if (counts(&s->ring->entries[i], s->meter, meter, radio))
            bytes_copy(keys[n++], MBUS_KEY_LEN, s->ring->entries[i].rule.key, MBUS_KEY_LEN);
    return n;
}
