/* telegram_json.h — a decoded telegram as one JSON object: what mbus-decode prints.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PROTOCOLS_CODEC_MBUS_TELEGRAM_JSON_H
#define PROTOCOLS_CODEC_MBUS_TELEGRAM_JSON_H

#include "core/base/err.h"
#include "core/base/json_out.h"
#include "protocols/codec/mbus/telegram.h"

/* ok, error, link, header, records, application_error, … `err` and *at are what telegram_decode() gave. */
void telegram_json(struct json_out *j, const struct telegram *t, enum err err, const struct err_at *at);

/* The header alone, as an object: id, manufacturer, version, medium and, where they were sent, access_no, status … */
void telegram_head_json(struct json_out *j, const struct telegram *t);

#endif
