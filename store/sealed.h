/* sealed.h — records of the store that only this device can read: AES-256-GCM under a key in a file of its own.
 *
 * DIR/device.key holds 32 random bytes, mode 0600, made when it is missing. A copy of the database alone tells nothing;
 * a record that was changed, or moved to another name, is not opened. What cannot be opened stays where it is.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef STORE_SEALED_H
#define STORE_SEALED_H

#include "store/store.h"

struct sealed;
/* ERR_CORRUPT: the file does not hold 32 bytes; else why it cannot be read or made. */
MUST_USE enum err sealed_create(struct store *s, const char *dir, struct sealed **out, struct err_at *at);
void sealed_free(struct sealed *se); /* wipes the key; takes NULL */

/* As store_records_change(), the data in clear. */
MUST_USE enum err sealed_change(struct sealed *se, const struct store_change *list, size_t n);
/* All records of a kind by name; data is NULL for one that cannot be opened. What fn was given is wiped behind it. */
MUST_USE enum err sealed_each(struct sealed *se, const char *kind, store_record_fn *fn, void *ctx);

#endif
