/* sim_options.c — the command line of mbus-sim.
 *
 * Knows: the options and their help. Does not know: files and faults (their text is passed on as it stands).
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/sim/sim_options.h"

#include <getopt.h>
#include <stdio.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/meter.h"
#include "tests/sim/sim_bus.h"

enum { BAUD_DEFAULT = 2400, DELAY_BITS_MAX = 100000 };

static const char help_head[] =
    "Usage: mbus-sim (--pty LINK | --tcp HOST:PORT) [OPTION]...\n"
    "A segment of simulated M-Bus meters, to test an M-Bus master with.\n"
    "\n"
    "      --pty LINK        serve on a pseudo terminal; LINK becomes a symbolic link to it\n"
    "      --tcp HOST:PORT   serve on a TCP port, one client at a time; port 0 takes a free one\n"
    "      --telegrams PATH  a meter from a file of telegrams, or one from every *.hex file of a folder;\n"
    "                        may be given several times\n"
    "      --meters N        N made-up heat, water and electricity meters whose values move with time\n"
    "      --seed S          other made-up meters, other chance (default: 1)\n"
    "      --baud N          300 ... 38400: every byte takes 11 bit times; 0: no time at all (default: 2400)\n"
    "      --delay-bits N    bit times from a request to its answer (default: 11, the least of the standard)\n"
    "      --fault NAME=P    something goes wrong with probability P; may be given several times\n"
    "      --stats FILE      write what happened to FILE every second and at the end, as JSON\n"
    "      --list            print the meters as CSV and exit\n"
    "  -v, --verbose         print requests and answers\n"
    "      --help            this text\n"
    "      --version         the version\n"
    "\n"
    "Faults:\n";

static const char help_tail[] =
    "\n"
    "A telegram file has one telegram a line in hex, 68 ... 16; several lines are a chain that is read with toggled\n"
    "frame count bits. # begins a comment. These comments count: '# primary: N', '# enhanced: 12345678' (fabrication\n"
    "number), '# key: HEX32' (the meter answers encrypted, mode 5), '# delay-bits: N' (answers later than the "
    "others).\n"
    "\n"
    "Examples:\n"
    "  mbus-sim --pty /tmp/mbus0 --meters 12\n"
    "  mbus-sim --tcp 127.0.0.1:4001 --telegrams meters/ --baud 0 --stats stats.json\n"
    "  mbus-sim --pty /tmp/mbus0 --meters 5 --fault drop=0.1 --fault flip=0.05 --seed 7 -v\n";

static void end_with(struct sim_options *o, int code)
{
    o->is_over = true;
    o->exit_code = code;
}

static void usage_error(struct sim_options *o, const char *what, const char *word)
{
    fprintf(stderr, "mbus-sim: %s%s\nTry 'mbus-sim --help'.\n", what, word);
    end_with(o, 2);
}

static void print_help(void)
{
    fputs(help_head, stdout);
    for (unsigned i = 0; i < SIM_FAULT_N; i++)
        printf("  %-10s%s\n", sim_fault_name((enum sim_fault)i), sim_fault_help((enum sim_fault)i));
    fputs(help_tail, stdout);
}

/* --- one option --- */

static uint64_t take_number(struct sim_options *o, const char *text, uint64_t max, const char *complaint)
{
    uint64_t n = 0;
    if (str_to_u64(text, max, &n) != ERR_OK)
        usage_error(o, complaint, text);
    return n;
}

static void take_baud(struct sim_options *o, const char *text)
{
    static const char complaint[] = "--baud takes 0, 300, 600, 1200, 2400, 4800, 9600, 19200 or 38400, not ";
    o->baud = (uint32_t)take_number(o, text, UINT32_MAX, complaint);
    if (!o->is_over && o->baud != 0 && !meter_baud_is_valid(o->baud))
        usage_error(o, complaint, text);
}

static void take_word(struct sim_options *o, const char **list, size_t *n, size_t max)
{
    if (*n == max)
        usage_error(o, "given too often: ", optarg);
    else
        list[(*n)++] = optarg;
}

enum {
    O_PTY = 256,
    O_TCP,
    O_TELEGRAMS,
    O_METERS,
    O_SEED,
    O_BAUD,
    O_DELAY,
    O_FAULT,
    O_STATS,
    O_LIST,
    O_HELP,
    O_VERSION
};

static const struct option table[] = {
    { "pty", required_argument, NULL, O_PTY },
    { "tcp", required_argument, NULL, O_TCP },
    { "telegrams", required_argument, NULL, O_TELEGRAMS },
    { "meters", required_argument, NULL, O_METERS },
    { "seed", required_argument, NULL, O_SEED },
    { "baud", required_argument, NULL, O_BAUD },
    { "delay-bits", required_argument, NULL, O_DELAY },
    { "fault", required_argument, NULL, O_FAULT },
    { "stats", required_argument, NULL, O_STATS },
    { "list", no_argument, NULL, O_LIST },
    { "verbose", no_argument, NULL, 'v' },
    { "help", no_argument, NULL, O_HELP },
    { "version", no_argument, NULL, O_VERSION },
    { NULL, 0, NULL, 0 },
};

static void take_option(struct sim_options *o, int option)
{
    switch (option) {
    case O_PTY:
        o->pty = optarg;
        break;
    case O_TCP:
        o->tcp = optarg;
        break;
    case O_TELEGRAMS:
        take_word(o, o->telegrams, &o->n_telegrams, COUNT_OF(o->telegrams));
        break;
    case O_METERS:
        o->n_made = (size_t)take_number(o, optarg, SIM_METERS_MAX, "--meters takes a number from 0 to 5000, not ");
        break;
    case O_SEED:
        o->seed = take_number(o, optarg, UINT64_MAX, "--seed takes a number, not ");
        break;
    case O_BAUD:
        take_baud(o, optarg);
        break;
    case O_DELAY:
        o->delay_bits =
            (uint32_t)take_number(o, optarg, DELAY_BITS_MAX, "--delay-bits takes a number from 0 to 100000, not ");
        break;
    case O_FAULT:
        take_word(o, o->faults, &o->n_faults, COUNT_OF(o->faults));
        break;
    case O_STATS:
        o->stats = optarg;
        break;
    case O_LIST:
        o->is_list = true;
        break;
    case 'v':
        o->is_verbose = true;
        break;
    case O_HELP:
        print_help();
        end_with(o, 0);
        break;
    case O_VERSION:
        puts("mbus-sim " METERGATE_VERSION);
        end_with(o, 0);
        break;
    default: /* getopt has said which option it was */
        fputs("Try 'mbus-sim --help'.\n", stderr);
        end_with(o, 2);
    }
}

/* --- all of them --- */

void sim_options_parse(struct sim_options *o, int argc, char **argv)
{
    bool has_meters = false;
    *o = (struct sim_options){ .baud = BAUD_DEFAULT, .delay_bits = SIM_DELAY_BITS_MIN, .seed = 1 };
    int c;
    while (!o->is_over && (c = getopt_long(argc, argv, "v", table, NULL)) != -1) {
        take_option(o, c);
        has_meters |= c == O_METERS || c == O_TELEGRAMS;
    }
    if (o->is_over)
        return;
    if (optind < argc)
        usage_error(o, "what is this for: ", argv[optind]);
    else if (!has_meters)
        usage_error(o, "no meters: give --telegrams PATH or --meters N", "");
    else if (!o->is_list && !o->pty == !o->tcp)
        usage_error(o, "where to serve? Give one of --pty LINK and --tcp HOST:PORT", "");
}
