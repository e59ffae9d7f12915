/* options.c — the command line of metergated.
 *
 * Knows: the options and their help. Does not know: settings (a KEY=VALUE is passed on as it stands).
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/options.h"

#include <getopt.h>
#include <stdio.h>

static const char help[] =
    "Usage: metergated [OPTION]...\n"
    "The Metergate M-Bus gateway: reads meters, keeps their values, shows and delivers them.\n"
    "\n"
    "  -c, --config FILE     settings file (default: metergate.conf in the data folder, if it is there)\n"
    "  -d, --data DIR        data folder; made when missing (default: /var/lib/metergate)\n"
    "  -s, --set KEY=VALUE   a setting for this run only; may be given several times\n"
    "      --check-config    check the settings, then exit: 0 when all is well, 2 when not\n"
    "      --passwd USER     read USER's new password from standard input, store it, then exit\n"
    "  -v, --verbose         debug lines on standard error, too\n"
    "      --help            this text\n"
    "      --version         the version\n"
    "\n"
    "SIGTERM or SIGINT ends it cleanly, SIGHUP reads the settings file again.\n"
    "After the first start log in at http://127.0.0.1:8080/ as admin with the password admin.\n";

static void end_with(struct options *o, int code)
{
    o->what = OPTIONS_EXIT;
    o->exit_code = code;
}

static void usage_error(struct options *o, const char *what, const char *word)
{
    fprintf(stderr, "metergated: %s%s\nTry 'metergated --help'.\n", what, word);
    end_with(o, 2);
}

static void add_setting(struct options *o, const char *pair)
{
    if (o->n_set == OPTIONS_SET_MAX)
        usage_error(o, "too many settings: ", pair);
    else
        o->set[o->n_set++] = pair;
}

void options_parse(struct options *o, int argc, char **argv)
{
    enum { OPT_CHECK = 256, OPT_PASSWD, OPT_WORKER, OPT_HELP, OPT_VERSION };
    static const struct option table[] = {
        { "config", required_argument, NULL, 'c' },
        { "data", required_argument, NULL, 'd' },
        { "set", required_argument, NULL, 's' },
        { "check-config", no_argument, NULL, OPT_CHECK },
        { "passwd", required_argument, NULL, OPT_PASSWD },
        { "worker", required_argument, NULL, OPT_WORKER },
        { "verbose", no_argument, NULL, 'v' },
        { "help", no_argument, NULL, OPT_HELP },
        { "version", no_argument, NULL, OPT_VERSION },
        { NULL, 0, NULL, 0 },
    };
    *o = (struct options){ .what = OPTIONS_RUN, .data_dir = "/var/lib/metergate" };
    int c;
    while (o->what != OPTIONS_EXIT && (c = getopt_long(argc, argv, "c:d:s:v", table, NULL)) != -1) {
        switch (c) {
        case 'c':
            o->config = optarg;
            break;
        case 'd':
            o->data_dir = optarg;
            break;
        case 's':
            add_setting(o, optarg);
            break;
        case 'v':
            o->is_verbose = true;
            break;
        case OPT_CHECK:
            o->what = OPTIONS_CHECK_CONFIG;
            break;
        case OPT_PASSWD:
            o->what = OPTIONS_PASSWD;
            o->user = optarg;
            break;
        case OPT_WORKER:
            o->what = OPTIONS_WORKER;
            o->worker = optarg;
            break;
        case OPT_HELP:
            fputs(help, stdout);
            end_with(o, 0);
            break;
        case OPT_VERSION:
            puts("metergated " METERGATE_VERSION);
            end_with(o, 0);
            break;
        default: /* getopt has said which option it was */
            end_with(o, 2);
            fputs("Try 'metergated --help'.\n", stderr);
            break;
        }
    }
    if (o->what != OPTIONS_EXIT && optind < argc)
        usage_error(o, "takes no such argument: ", argv[optind]);
}
