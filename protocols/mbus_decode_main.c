/* mbus_decode_main.c — the program mbus-decode: telegrams as hex lines in, values out.
 *
 * Knows: its options, files and lines.
 * Does not know: anything about telegrams; the codec does.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/json_out.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "protocols/codec/mbus/compact.h"
#include "protocols/codec/mbus/keylist.h"
#include "protocols/codec/mbus/telegram.h"
#include "protocols/codec/mbus/telegram_json.h"
#include "protocols/codec/mbus/telegram_text.h"

enum { EXIT_ALL_GOOD = 0, EXIT_SOME_BAD = 1, EXIT_USAGE = 2 };
enum { INPUT_BYTES_MAX = 2048, KEY_FILE_MAX = 1 << 20, JSON_BUFFER = 64 * 1024 };

struct program {
    enum telegram_link link;
    bool is_text;
    bool has_key;
    uint8_t key[MBUS_KEY_LEN]; /* of --key: tried before those of the list */
    struct keylist *keys;
    struct formats *formats;
    struct telegram_env env;
    struct telegram *t;
    struct json_out json;
    char *json_buffer;
    uint8_t *table; /* TELEGRAM_TABLE_MAX */
    bool some_bad;
};

static const char usage[] = "usage: mbus-decode [OPTION]... [FILE]...\n"
                            "Decodes M-Bus telegrams, one a line in hex, from the files or standard input.\n"
                            "Prints one JSON object a line.\n"
                            "\n"
                            "      --key HEX32    AES-128 key of the meters, 32 hex digits\n"
                            "      --keys FILE    key list: CSV with address,key,manufacturer,deviceType,version;\n"
                            "                     -1 and * match all, the most specific row counts first\n"
                            "      --link LINK    auto (default), wired, wmbus or record (data records alone)\n"
                            "      --text         print a table for people\n"
                            "  -h, --help         this text\n"
                            "  -V, --version      the version\n"
                            "\n"
                            "Blanks between digits are allowed, # begins a comment. Exit status: 0 all telegrams\n"
                            "were good, 1 some were not, 2 wrong usage.\n";

static _Noreturn void fail_usage(const char *what, const char *which)
{
    fprintf(stderr, "mbus-decode: %s%s%s\nTry 'mbus-decode --help'.\n", what, which ? ": " : "", which ? which : "");
    exit(EXIT_USAGE);
}

static size_t find_keys(void *ctx, const struct telegram_head *meter, const struct telegram_head *radio,
                        uint8_t keys[][16], size_t max)
{
    const struct program *p = ctx;
    size_t n = 0;
    if (p->has_key && max > 0)
        bytes_copy(keys[n++], MBUS_KEY_LEN, p->key, sizeof p->key);
    return n + keylist_find_keys(p->keys, meter, radio, keys + n, max - n);
}

static void take_key(struct program *p, const char *hex)
{
    size_t len;
    if (str_from_hex(hex, strlen(hex), p->key, sizeof p->key, &len) != ERR_OK || len != sizeof p->key)
        fail_usage("--key takes 32 hex digits", NULL);
    p->has_key = true;
}

static void take_keys(struct program *p, const char *path)
{
    FILE *f = fopen(path, "rb");
    char *text = xmalloc(KEY_FILE_MAX + 1);
    size_t len = f ? fread(text, 1, KEY_FILE_MAX + 1, f) : 0;
    bool is_read = f && !ferror(f);
    int why = errno;
    if (f)
        fclose(f);
    if (!is_read) {
        free(text);
        fprintf(stderr, "mbus-decode: %s: %s\n", path, strerror(why));
        exit(EXIT_USAGE);
    }
    struct err_at at = { 0 };
    enum err e = len > KEY_FILE_MAX ? err_say(&at, ERR_TOO_BIG, "longer than %d bytes", KEY_FILE_MAX)
                                    : keylist_parse(p->keys, text, len, &at);
    bytes_wipe(text, len);
    free(text);
    if (e == ERR_OK)
        return;
    fprintf(stderr, "mbus-decode: %s: line %u, column %u%s%s: %s\n", path, at.line, at.column, at.field[0] ? ", " : "",
            at.field, at.text);
    exit(EXIT_USAGE);
}

static void take_link(struct program *p, const char *name)
{
    static const char *const names[] = {
        [LINK_AUTO] = "auto", [LINK_WIRED] = "wired", [LINK_WMBUS] = "wmbus", [LINK_RECORD] = "record"
    };
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (str_eq(name, names[i])) {
            p->link = (enum telegram_link)i;
            return;
        }
    }
    fail_usage("--link takes auto, wired, wmbus or record, not", name);
}

static void take_options(struct program *p, int argc, char **argv)
{
    enum { OPT_KEY = 256, OPT_KEYS, OPT_LINK, OPT_TEXT };
    static const struct option options[] = {
        { "key", required_argument, NULL, OPT_KEY },
        { "keys", required_argument, NULL, OPT_KEYS },
        { "link", required_argument, NULL, OPT_LINK },
        { "text", no_argument, NULL, OPT_TEXT },
        { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'V' },
        { NULL, 0, NULL, 0 },
    };
    for (int o; (o = getopt_long(argc, argv, "hV", options, NULL)) != -1;) {
        switch (o) {
        case OPT_KEY:
            take_key(p, optarg);
            break;
        case OPT_KEYS:
            take_keys(p, optarg);
            break;
        case OPT_LINK:
            take_link(p, optarg);
            break;
        case OPT_TEXT:
            p->is_text = true;
            break;
        case 'h':
            fputs(usage, stdout);
            exit(EXIT_ALL_GOOD);
        case 'V':
            puts("mbus-decode (Metergate) " METERGATE_VERSION);
            exit(EXIT_ALL_GOOD);
        default: /* getopt_long() has said what is wrong */
            fprintf(stderr, "Try 'mbus-decode --help'.\n");
            exit(EXIT_USAGE);
        }
    }
}

static void flush_stdout(void *ctx, const char *bytes, size_t len)
{
    (void)ctx;
    fwrite(bytes, 1, len, stdout);
}

static void print(struct program *p, enum err e, const struct err_at *at)
{
    if (p->is_text) {
        struct wr w = wr_init(p->table, TELEGRAM_TABLE_MAX);
        telegram_text(&w, p->t, e, at);
        fwrite(p->table, 1, wr_len(&w), stdout);
        putchar('\n');
        return;
    }
    json_init(&p->json, p->json_buffer, JSON_BUFFER, flush_stdout, NULL);
    telegram_json(&p->json, p->t, e, at);
    json_finish(&p->json);
    putchar('\n');
}

/* Removes blanks and the comment, in place; returns the length. */
static size_t squeeze(char *line)
{
    size_t n = 0;
    for (const char *c = line; *c && *c != '#'; c++)
        if (!strchr(" \t\r\n\v\f", *c))
            line[n++] = *c;
    line[n] = '\0';
    return n;
}

static void decode_line(struct program *p, char *line)
{
    size_t digits = squeeze(line), len = 0;
    if (digits == 0)
        return;
    uint8_t bytes[INPUT_BYTES_MAX];
    struct err_at at = { 0 };
    enum err e = str_from_hex(line, digits, bytes, sizeof bytes, &len);
    if (e == ERR_TOO_BIG)
        e = err_say_offset(&at, e, sizeof bytes, "longer than %d bytes, which no telegram is", INPUT_BYTES_MAX);
    else if (e != ERR_OK)
        e = err_say_offset(&at, e, strspn(line, "0123456789abcdefABCDEF") / 2, "the line is not hex digits in pairs");
    if (e != ERR_OK)
        telegram_reset(p->t);
    else
        e = telegram_decode(p->t, p->link, bytes, len, &p->env, &at);
    p->some_bad |= e != ERR_OK;
    print(p, e, &at);
}

static bool decode_file(struct program *p, FILE *f)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t len;
    while ((len = getline(&line, &room, f)) >= 0) {
        if (memchr(line, '\0', (size_t)len)) /* no text: refused as what it is, not cut short */
            line[0] = '?';
        decode_line(p, line);
    }
    free(line);
    return !ferror(f);
}

static void decode_path(struct program *p, const char *path)
{
    bool is_stdin = str_eq(path, "-");
    FILE *f = is_stdin ? stdin : fopen(path, "r");
    if (!f || !decode_file(p, f)) {
        fprintf(stderr, "mbus-decode: %s: %s\n", path, strerror(errno));
        p->some_bad = true;
    }
    if (f && !is_stdin)
        fclose(f);
}

int main(int argc, char **argv)
{
    struct program p = { .link = LINK_AUTO, .keys = keylist_create(), .formats = formats_create() };
    take_options(&p, argc, argv);
    p.env = (struct telegram_env){ .find_keys = find_keys, .keys_ctx = &p, .formats = p.formats };
    p.t = xmalloc(sizeof *p.t);
    p.json_buffer = xmalloc(JSON_BUFFER);
    p.table = xmalloc(TELEGRAM_TABLE_MAX);
    if (optind == argc)
        decode_path(&p, "-");
    for (int i = optind; i < argc; i++)
        decode_path(&p, argv[i]);
    bool is_written = fflush(stdout) == 0 && !ferror(stdout);
    if (!is_written)
        fprintf(stderr, "mbus-decode: cannot write: %s\n", strerror(errno));
    keylist_free(p.keys);
    formats_free(p.formats);
    free(p.t);
    free(p.json_buffer);
    free(p.table);
    bytes_wipe(p.key, sizeof p.key);
    return p.some_bad || !is_written ? EXIT_SOME_BAD : EXIT_ALL_GOOD;
}
