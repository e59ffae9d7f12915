/* sim_options.h — the command line of mbus-sim.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SIM_SIM_OPTIONS_H
#define TESTS_SIM_SIM_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SIM_PATHS_MAX = 1024, SIM_FAULT_OPTIONS_MAX = 32 };

struct sim_options {
    bool is_over;          /* nothing is to be run: exit_code says how it ended */
    int exit_code;         /* 0 after --help or --version, 2 for a usage error */
    const char *pty, *tcp; /* one of them; both NULL with is_list */
    const char *stats;     /* NULL: none */
    bool is_list, is_verbose;
    uint32_t baud, delay_bits;
    size_t n_made;
    uint64_t seed;
    const char *telegrams[SIM_PATHS_MAX];
    size_t n_telegrams;
    const char *faults[SIM_FAULT_OPTIONS_MAX];
    size_t n_faults;
};

/* Prints help, version and usage errors itself. Everything borrows from argv. */
void sim_options_parse(struct sim_options *o, int argc, char **argv);

#endif
