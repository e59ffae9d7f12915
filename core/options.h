/* options.h — the command line of metergated.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CORE_OPTIONS_H
#define CORE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

enum { OPTIONS_SET_MAX = 256 };

enum options_do { OPTIONS_RUN, OPTIONS_CHECK_CONFIG, OPTIONS_PASSWD, OPTIONS_WORKER, OPTIONS_EXIT };

struct options {
    enum options_do what;
    int exit_code;      /* with OPTIONS_EXIT: 0 after --help or --version, 2 for a usage error */
    const char *config; /* NULL: DIR/metergate.conf, if it is there */
    const char *data_dir;
    const char *user;                 /* with OPTIONS_PASSWD */
    const char *worker;               /* with OPTIONS_WORKER */
    const char *set[OPTIONS_SET_MAX]; /* KEY=VALUE */
    size_t n_set;
    bool is_verbose; /* debug lines on standard error */
};

/* Prints help, version and usage errors itself. Everything borrows from argv. */
void options_parse(struct options *o, int argc, char **argv);

#endif
