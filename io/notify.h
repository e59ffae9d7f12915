/* notify.h — tells a supervisor that we are ready, alive, or stopping (sd_notify's protocol: one datagram).
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef IO_NOTIFY_H
#define IO_NOTIFY_H

#include <stdint.h>

/* Sends text such as "READY=1" to $NOTIFY_SOCKET; does nothing without it. Never blocks. */
void notify_send(const char *text);
/* How often "WATCHDOG=1" is wanted, in ms; 0: never. Half of $WATCHDOG_USEC. */
int64_t notify_watchdog_ms(void);

#endif
