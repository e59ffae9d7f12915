/* test_sim_files.c — telegram files: chains, directives, and refusals that name the line.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "tests/sim/sim_files.h"

#define METER "68 15 15 68 08 05 72 78 56 34 12 2D 2C 1B 04 2A 00 00 00 04 06 0A 00 00 00 49 16"
#define METER_DENSE                                                                                                    \
    "6815156808057278563412"                                                                                           \
    "2d2c1b042a00000004060a0000004916"
#define NO_HEADER "68 09 09 68 08 05 78 04 06 0A 00 00 00 99 16"

static void reads_good_files(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t n_telegrams;
        uint8_t primary;
        uint32_t fabrication, delay_bits;
    } cases[] = {
        { METER, 1, 5, 0, 0 },
        { METER_DENSE "\r\n", 1, 5, 0, 0 },
        { "\n# a heat meter\n\n" METER "\n", 1, 5, 0, 0 },
        { METER " # primary: 7\n", 1, 7, 0, 0 },
        { METER "\n" METER "\n" METER, 3, 5, 0, 0 },
        { "#primary:250\n" METER, 1, 250, 0, 0 },
        { "# primary: 0\n" METER, 1, 0, 0, 0 },
        { "# enhanced: 87654321\n" METER, 1, 5, 0x87654321, 0 },
        { "# delay-bits: 330\n" METER, 1, 5, 0, 330 },
        { "# primaryx: 999\n# note: primary: 3\n# http://example.com/\n" METER, 1, 5, 0, 0 },
        { NO_HEADER, 1, 5, 0, 0 },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct sim_meter m;
        struct err_at at = { 0 };
        if (sim_file_parse(&m, "name", cases[i].text, &at) != ERR_OK)
            fail_msg("case %zu is refused: %s", i, at.text);
        assert_int_equal(m.slave.n_telegrams, cases[i].n_telegrams);
        assert_int_equal(m.slave.a, cases[i].primary);
        assert_int_equal(m.slave.has_fabrication, cases[i].fabrication != 0);
        assert_int_equal(m.slave.fabrication, cases[i].fabrication);
        assert_int_equal(m.delay_bits, cases[i].delay_bits);
        assert_string_equal(m.name, "name");
        sim_meter_fini(&m);
    }
}

static void refuses_bad_files_with_the_line(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum err err;
        unsigned line;
        const char *word;
    } cases[] = {
        { "", ERR_INVALID, 0, "no telegram" },
        { "# primary: 5\n", ERR_INVALID, 0, "no telegram" },
        { "hello", ERR_SYNTAX, 1, "hex" },
        { METER "\n6", ERR_SYNTAX, 2, "hex" },
        { "\n\n68 15 15 68", ERR_SHORT, 3, "" },
        { "68 15 15 68 08 05 72 78 56 34 12 2D 2C 1B 04 2A 00 00 00 04 06 0A 00 00 00 48 16", ERR_CHECKSUM, 1,
          "checksum" },
        { METER "\n10 40 05 45 16", ERR_INVALID, 2, "no telegram of a meter" },
        { "68 0B 0B 68 53 FD 52 FF FF FF FF FF FF FF FF 9A 16", ERR_INVALID, 1, "request of a master" },
        { "# primary: 251\n" METER, ERR_RANGE, 1, "251" },
        { "# primary: x\n" METER, ERR_RANGE, 1, "primary" },
        { METER "\n\n# enhanced: 123456789", ERR_SYNTAX, 3, "enhanced" },
        { METER "\n# delay-bits: -1", ERR_RANGE, 2, "delay-bits" },
        { METER "\n# key: 0102", ERR_SYNTAX, 2, "key" },
        { NO_HEADER "\n\n# key: 0102030405060708090A0B0C0D0E0F11", ERR_UNSUPPORTED, 3, "CI" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct sim_meter m;
        struct err_at at = { 0 };
        enum err e = sim_file_parse(&m, "name", cases[i].text, &at);
        if (e != cases[i].err || at.line != cases[i].line || !strstr(at.text, cases[i].word))
            fail_msg("case %zu: %s, line %u, \"%s\"", i, err_name(e), at.line, at.text);
    }
}

static void a_chain_is_bounded(void **state)
{
    (void)state;
    char *text = xcalloc(SIM_CHAIN_MAX + 1, sizeof METER + 1);
    for (size_t i = 0; i <= SIM_CHAIN_MAX; i++)
        str_copy(text + i * sizeof METER, sizeof METER + 1, METER "\n");
    struct sim_meter m;
    struct err_at at = { 0 };
    assert_int_equal(sim_file_parse(&m, "name", text, &at), ERR_TOO_MANY);
    assert_int_equal(at.line, SIM_CHAIN_MAX + 1);
    text[SIM_CHAIN_MAX * sizeof METER] = '\0';
    assert_int_equal(sim_file_parse(&m, "name", text, &at), ERR_OK);
    assert_int_equal(m.slave.n_telegrams, SIM_CHAIN_MAX);
    sim_meter_fini(&m);
    free(text);
}

static void a_path_that_is_not_there_is_named(void **state)
{
    (void)state;
    struct sim_meters ms = { 0 };
    struct err_at at = { 0 };
    assert_int_equal(sim_files_load(&ms, "/nowhere/at/all", &at), ERR_NOT_FOUND);
    assert_non_null(strstr(at.text, "/nowhere/at/all"));
    assert_int_equal(ms.n, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_good_files),
        cmocka_unit_test(refuses_bad_files_with_the_line),
        cmocka_unit_test(a_chain_is_bounded),
        cmocka_unit_test(a_path_that_is_not_there_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
