/* notify.c — tells a supervisor that we are ready, alive, or stopping (sd_notify's protocol: one datagram).
 * SPDX-License-Identifier: Apache-2.0
 */
#include "io/notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/str.h"

void notify_send(const char *text)
{
    const char *name = getenv("NOTIFY_SOCKET");
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    if (name == NULL || (name[0] != '/' && name[0] != '@') || !str_copy(to.sun_path, sizeof to.sun_path, name))
        return;
    socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
    if (to.sun_path[0] == '@')
        to.sun_path[0] = '\0'; /* an abstract name */
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return;
    (void)sendto(fd, text, strlen(text), MSG_NOSIGNAL, (const struct sockaddr *)&to, len);
    close(fd);
}

int64_t notify_watchdog_ms(void)
{
    const char *text = getenv("WATCHDOG_USEC");
    int64_t us = 0;
    if (text == NULL || str_to_i64(text, 1, INT64_MAX, &us) != ERR_OK)
        return 0;
    return us / 2000 > 0 ? us / 2000 : 1;
}
