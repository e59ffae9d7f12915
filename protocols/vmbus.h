/* vmbus.h — the service Virtual M-Bus: masters read over TCP what the gateway has read last, and never touch a bus.
 *
 * Settings group: vmbus. Every meter that was read once is a slave: by secondary and enhanced address, and a meter that is
 * read by primary address by that one, too. Meters of several buses share one wire here.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PROTOCOLS_VMBUS_H
#define PROTOCOLS_VMBUS_H

#include "core/service.h"

extern const struct service_ops vmbus_service;

#endif
