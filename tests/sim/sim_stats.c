/* sim_stats.c — what happened on a simulated bus, as a JSON file that is replaced as a whole.
 *
 * Knows: the names of the figures, how to replace a file.
 * Does not know: who counts them, when they are written.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/sim/sim_stats.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/bug.h"
#include "core/base/json_out.h"
#include "core/base/str.h"

static void put_count(struct json_out *j, const char *key, uint64_t n)
{
    json_key(j, key);
    json_uint(j, n);
}

static void put_seconds(struct json_out *j, const char *key, int64_t us)
{
    json_key(j, key);
    json_dec(j, (struct dec){ us, -6 });
}

void sim_stats_text(char out[static SIM_STATS_TEXT_MAX], const struct sim_stats *s, const struct sim_faults *f,
                    int64_t elapsed_us)
{
    struct json_out j;
    json_init(&j, out, SIM_STATS_TEXT_MAX - 2, NULL, NULL);
    json_object(&j);
    put_seconds(&j, "elapsed_s", elapsed_us);
    put_seconds(&j, "busy_s", s->busy_ns / 1000);
    put_count(&j, "requests", s->requests);
    put_count(&j, "selections", s->selections);
    put_count(&j, "answers", s->answers);
    put_count(&j, "readouts", s->readouts);
    put_count(&j, "collisions", s->collisions);
    put_count(&j, "bytes_in", s->bytes_in);
    put_count(&j, "bytes_out", s->bytes_out);
    json_key(&j, "faults");
    json_object(&j);
    for (unsigned i = 0; i < SIM_FAULT_N; i++)
        put_count(&j, sim_fault_name((enum sim_fault)i), f->count[i]);
    json_object_end(&j);
    json_object_end(&j);
    BUG_IF(j.full);
    out[json_len(&j)] = '\n';
    out[json_len(&j) + 1] = '\0';
}

static enum err fail(const char *path, struct err_at *at)
{
    int why = errno;
    return err_say(at, err_from_errno(why), "%s: %s", path, strerror(why));
}

/* A reader sees the old text or the new one, never a half: written beside, then renamed. */
enum err sim_stats_write(const char *path, const char *text, struct err_at *at)
{
    char beside[4096];
    if (!str_fmt(beside, sizeof beside, "%s.new", path))
        return err_say(at, ERR_TOO_BIG, "the path is too long: %s", path);
    FILE *file = fopen(beside, "we");
    if (!file)
        return fail(beside, at);
    bool is_written = fputs(text, file) >= 0;
    if (fclose(file) != 0 || !is_written || rename(beside, path) != 0) {
        enum err e = fail(path, at);
        remove(beside);
        return e;
    }
    return ERR_OK;
}
