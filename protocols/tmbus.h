/* tmbus.h — the service Transparent M-Bus: masters elsewhere speak over TCP with the meters on a bus of this gateway.
 *
 * Settings groups: tmbus1, tmbus2. Every connection takes turns on the bus like a readout of our own: it holds the bus from
 * its first byte until the line has been silent for hold_ms, since its master may have a meter selected.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PROTOCOLS_TMBUS_H
#define PROTOCOLS_TMBUS_H

#include "core/service.h"

extern const struct service_ops tmbus_service;

#endif
