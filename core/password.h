/* password.h — which passwords are good enough: 8 to 128 bytes, letters and digits, not the user's name, not one of those
 * that everybody tries first.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CORE_PASSWORD_H
#define CORE_PASSWORD_H

#include "core/base/err.h"

enum { PASSWORD_MIN = 8, PASSWORD_MAX = 128 };

/* ERR_PASSWORD_WEAK with a whole sentence in *at, or ERR_OK. */
MUST_USE enum err password_check(const char *user, const char *password, struct err_at *at);

#endif
