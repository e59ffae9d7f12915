/* bench_decode.c — how many wired telegrams a core decodes in a second: to values, and to JSON text.
 *
 * Telegrams are those of the shared corpus (rscada-libmbus, all that a decoder must accept), else tests/data/wired. The
 * figure is the best of several runs: others on the machine only ever slow it down.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/json_out.h"
#include "core/base/str.h"
#include "protocols/codec/mbus/frame.h"
#include "protocols/codec/mbus/telegram.h"
#include "protocols/codec/mbus/telegram_json.h"

enum { TELEGRAMS_MAX = 256, RUNS = 7, ROUNDS = 4000, JSON_MAX = 64 * 1024 };

struct input {
    uint8_t bytes[FRAME_MAX];
    size_t len;
};

static struct input inputs[TELEGRAMS_MAX];
static size_t n_inputs, n_values;
static struct telegram telegram;
static char json_text[JSON_MAX];

/* Is this a wired telegram that must be accepted? */
static bool is_wanted(const char *json_path)
{
    json_t *d = json_load_file(json_path, 0, NULL);
    const char *link = json_string_value(json_object_get(d, "link"));
    const char *expect = json_string_value(json_object_get(d, "expect"));
    bool wanted = link && expect && !strcmp(link, "wired") && !strcmp(expect, "ok");
    json_decref(d);
    return wanted;
}

static void load_file(const char *folder, const char *name)
{
    char path[1024], line[2 * FRAME_MAX + 3] = "";
    size_t stem = strlen(name) - strlen(".json");
    if (strlen(name) < 6 || strcmp(name + stem, ".json") || n_inputs == TELEGRAMS_MAX)
        return;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (!is_wanted(path))
        return;
    snprintf(path, sizeof path, "%s/%.*s.hex", folder, (int)stem, name);
    FILE *f = fopen(path, "r");
    if (!f)
        return;
    bool has_line = fgets(line, sizeof line, f);
    fclose(f);
    struct input *in = &inputs[n_inputs];
    if (has_line && str_from_hex(line, strcspn(line, "\r\n "), in->bytes, sizeof in->bytes, &in->len) == ERR_OK)
        n_inputs++;
}

static void load_folder(const char *folder)
{
    DIR *d = opendir(folder);
    if (!d)
        return;
    for (struct dirent *e; (e = readdir(d));)
        load_file(folder, e->d_name);
    closedir(d);
}

static void decode(const struct input *in)
{
    if (telegram_decode(&telegram, LINK_WIRED, in->bytes, in->len, NULL, NULL) == ERR_OK)
        n_values += telegram.n_values;
}

static void decode_to_json(const struct input *in)
{
    struct json_out j;
    struct err_at at = { 0 };
    enum err e = telegram_decode(&telegram, LINK_WIRED, in->bytes, in->len, NULL, &at);
    json_init(&j, json_text, sizeof json_text, NULL, NULL);
    telegram_json(&j, &telegram, e, &at);
    json_finish(&j);
    n_values += json_len(&j);
}

/* Time of this process on a core: what others do on the machine does not count. */
static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double telegrams_per_s(void (*work)(const struct input *), int rounds)
{
    double best = 0;
    for (int run = 0; run < RUNS; run++) {
        double start = now_s();
        for (int round = 0; round < rounds; round++)
            for (size_t i = 0; i < n_inputs; i++)
                work(&inputs[i]);
        double rate = (double)rounds * (double)n_inputs / (now_s() - start);
        best = rate > best ? rate : best;
    }
    return best;
}

static bool is_asked_for(const char *name)
{
    const char *names = getenv("BENCH");
    return !names || !*names || strstr(names, name);
}

static void report(const char *name, double value, int goal, int peer)
{
    printf("{\"name\": \"%s\", \"value\": %.0f, \"unit\": \"telegrams/s\", \"better\": \"higher\", \"goal\": %d, "
           "\"peer\": {\"name\": \"libmbus\", \"value\": %d}}\n",
           name, value, goal, peer);
}

int main(void)
{
    char folder[1024];
    const char *shared = getenv("METERGATE_SHARED");
    snprintf(folder, sizeof folder, "%s/corpus/rscada-libmbus", shared ? shared : "../shared");
    load_folder(folder);
    if (n_inputs == 0)
        load_folder("tests/data/wired");
    if (n_inputs == 0) {
        fputs("bench_decode: no telegrams in ../shared/corpus or tests/data/wired\n", stderr);
        return 1;
    }
    if (is_asked_for("decode_values"))
        report("decode_values", telegrams_per_s(decode, ROUNDS), 1000000, 557000);
    if (is_asked_for("decode_json"))
        report("decode_json", telegrams_per_s(decode_to_json, ROUNDS / 4), 300000, 127000);
    return n_values == 0; /* nothing was decoded: the figures mean nothing */
}
