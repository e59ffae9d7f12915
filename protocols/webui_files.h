/* webui_files.h — the built web application as one table, made at build time from webui/ by webui/build.sh.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PROTOCOLS_WEBUI_FILES_H
#define PROTOCOLS_WEBUI_FILES_H

#include <stdbool.h>
#include <stddef.h>

struct webui_file {
    const char *path;          /* "/", "/assets/index-abc123.js" */
    const char *type;          /* Content-Type */
    const char *etag;          /* with its quotes */
    bool is_immutable;         /* the name has a hash of the content: cache for a year */
    const unsigned char *gzip; /* gzip-compressed content */
    size_t gzip_len;
};
extern const struct webui_file webui_files[];
extern const size_t webui_n_files;

#endif
