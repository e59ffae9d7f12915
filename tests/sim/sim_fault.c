/* sim_fault.c — what goes wrong on a simulated bus, each with its probability.
 *
 * Knows: the names of the faults, chance, how to damage the bytes of an answer.
 * Does not know: meters, frames, time; the bus asks at the right moments.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/sim/sim_fault.h"

#include <stdlib.h>

#include "core/base/num.h"
#include "core/base/str.h"

enum { JUNK_MAX = 6 };

#define SIM_FAULT_ROW(id, name, help) [id] = { name, help },
static const struct {
    const char *name, *help;
} rows[SIM_FAULT_N] = { SIM_FAULT_LIST(SIM_FAULT_ROW) };

const char *sim_fault_name(enum sim_fault f)
{
    return rows[f].name;
}

const char *sim_fault_help(enum sim_fault f)
{
    return rows[f].help;
}

void sim_faults_init(struct sim_faults *f, uint64_t seed)
{
    *f = (struct sim_faults){ .rng = { sim_hash2(seed, 0xFA) } };
}

enum err sim_faults_set(struct sim_faults *f, const char *text, struct err_at *at)
{
    for (size_t i = 0; i < SIM_FAULT_N; i++) {
        size_t len = __builtin_strlen(rows[i].name);
        if (!str_starts(text, rows[i].name) || text[len] != '=')
            continue;
        struct dec p;
        if (dec_parse(text + len + 1, &p) != ERR_OK || dec_to_double(p) < 0 || dec_to_double(p) > 1)
            return err_say(at, ERR_RANGE, "fault %s needs a probability from 0 to 1, not \"%s\"", rows[i].name,
                           text + len + 1);
        f->p[i] = dec_to_double(p);
        return ERR_OK;
    }
    return err_say(at, ERR_SYNTAX, "\"%s\" is no fault: NAME=PROBABILITY, as flip=0.05 (see --help for the names)",
                   text);
}

bool sim_faults_strike(struct sim_faults *f, enum sim_fault which)
{
    if (f->p[which] <= 0 || sim_unit(sim_rng_next(&f->rng)) >= f->p[which])
        return false;
    f->count[which]++;
    return true;
}

static size_t put_junk(struct sim_faults *f, uint8_t *bytes, size_t len, size_t size)
{
    size_t n = 1 + (size_t)sim_rng_below(&f->rng, JUNK_MAX);
    if (n > size - len)
        n = size - len;
    bytes_copy(bytes + n, size - n, bytes, len);
    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)sim_rng_next(&f->rng);
    return n + len;
}

size_t sim_faults_damage(struct sim_faults *f, uint8_t *bytes, size_t len, size_t size)
{
    if (len > 0 && sim_faults_strike(f, SIM_FAULT_CUT))
        len = (size_t)sim_rng_below(&f->rng, len);
    if (len > 0 && sim_faults_strike(f, SIM_FAULT_FLIP))
        bytes[sim_rng_below(&f->rng, len)] ^= (uint8_t)(1 + sim_rng_below(&f->rng, 255));
    if (len > 0 && sim_faults_strike(f, SIM_FAULT_JUNK))
        len = put_junk(f, bytes, len, size);
    return len;
}
