/* telegram_text.h — a decoded telegram as a table for people: what mbus-decode --text prints.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PROTOCOLS_CODEC_MBUS_TELEGRAM_TEXT_H
#define PROTOCOLS_CODEC_MBUS_TELEGRAM_TEXT_H

#include "core/base/err.h"
#include "core/base/wr.h"
#include "protocols/codec/mbus/telegram.h"

enum { TELEGRAM_TABLE_MAX = 128 * 1024 }; /* room that any telegram fits in */

void telegram_text(struct wr *w, const struct telegram *t, enum err err, const struct err_at *at);

#endif
