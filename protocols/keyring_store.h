/* keyring_store.h — keeps the gateway's encryption keys in the store, sealed with the device key.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PROTOCOLS_KEYRING_STORE_H
#define PROTOCOLS_KEYRING_STORE_H

#include "protocols/codec/mbus/keyring.h"

struct store;
struct keyring_store;

/* Loads all keys and keeps every change from now on. What cannot be opened stays in the store, and the log says why;
 * without a usable device key no new key is taken. */
struct keyring_store *keyring_store_open(struct keyring *ring, struct store *s, const char *dir);
void keyring_store_close(struct keyring_store *ks); /* takes NULL */

#endif
