/* keyring_store.c — keeps the gateway's encryption keys in the store, sealed with the device key.
 *
 * Knows: the kind and names of the records. Does not know: what stands in them, how they are sealed.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "protocols/keyring_store.h"

#include <stdlib.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "store/sealed.h"

#define KIND "key"
enum { NAME_MAX_LEN = 12 };

struct keyring_store {
    struct keyring *ring;
    struct sealed *sealed; /* NULL: there is no usable device key */
    size_t n_closed;
};

/* Names sort like the numbers. */
static enum err save(void *ctx, const struct keyring_change *list, size_t n)
{
    const struct keyring_store *ks = ctx;
    if (!ks->sealed)
        return ERR_CORRUPT;
    struct store_change *changes = xcalloc(n + 1, sizeof *changes);
    char(*names)[NAME_MAX_LEN] = xcalloc(n + 1, sizeof *names);
    for (size_t i = 0; i < n; i++) {
        str_fmt(names[i], sizeof names[i], "%08x", (unsigned)list[i].id);
        changes[i] = (struct store_change){ .kind = KIND, .name = names[i], .data = list[i].bytes, .len = list[i].len };
    }
    enum err e = sealed_change(ks->sealed, changes, n);
    free(names);
    free(changes);
    return e;
}

static bool load(void *ctx, const char *name, const void *data, size_t len)
{
    struct keyring_store *ks = ctx;
    uint32_t id = (uint32_t)strtoul(name, NULL, 16);
    ks->n_closed += keyring_load(ks->ring, id, data, len) != ERR_OK;
    return true;
}

static void load_all(struct keyring_store *ks, const char *dir)
{
    enum err e = sealed_each(ks->sealed, KIND, load, ks);
    if (e != ERR_OK)
        log_error("keys", "the encryption keys cannot be read from the store: %s", err_text(e));
    if (ks->n_closed > 0)
        log_error("keys",
                  "%zu of %zu encryption keys cannot be opened: %s/device.key is not the one they were sealed with, or "
                  "they are damaged; they are kept as they are",
                  ks->n_closed, ks->n_closed + keyring_count(ks->ring), dir);
}

struct keyring_store *keyring_store_open(struct keyring *ring, struct store *s, const char *dir)
{
    struct keyring_store *ks = xcalloc(1, sizeof *ks);
    struct err_at at = { 0 };
    ks->ring = ring;
    keyring_set_save(ring, save, ks);
    if (sealed_create(s, dir, &ks->sealed, &at) == ERR_OK)
        load_all(ks, dir);
    else
        log_error("keys", "no encryption key can be used or added: %s", at.text);
    return ks;
}

void keyring_store_close(struct keyring_store *ks)
{
    if (!ks)
        return;
    keyring_set_save(ks->ring, NULL, NULL);
    sealed_free(ks->sealed);
    free(ks);
}
