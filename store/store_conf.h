/* store_conf.h — the settings file and the data folder on disk.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef STORE_STORE_CONF_H
#define STORE_STORE_CONF_H

#include <stddef.h>

#include "core/base/err.h"

enum { CONF_BYTES_MAX = 1 << 20 };

/* Makes the folder with mode 0700, its parents as needed. ERR_OK when it is there and can be written. */
MUST_USE enum err conf_make_dir(const char *dir, struct err_at *at);

/* The whole file, NUL-terminated; *text is the caller's to free. NOT_FOUND, TOO_BIG, PERMISSION, IO. */
MUST_USE enum err conf_read(const char *path, char **text, size_t *len, struct err_at *at);

/* Replaces the file as a whole: new file beside it, fsync, rename, fsync of the folder. Mode 0600, or the old file's. */
MUST_USE enum err conf_replace(const char *path, const char *text, size_t len, struct err_at *at);

#endif
