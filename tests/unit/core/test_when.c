/* test_when.c — meters' dates and times, valid and not. The bytes of real ones are named with their meter.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/when.h"

static const struct {
    const char *name;
    uint64_t bits;
    size_t len;
    const char *text; /* NULL: no time */
} cases[] = {
    { "type F of an ACW water meter", 0x13CD0E1A, 4, "2014-03-13T14:26:00" },
    { "type F of a Landis+Gyr heat meter", 0x187A1432, 4, "2011-08-26T20:50:00" },
    { "type F, summer time bit set", 0x13CD8E1A, 4, "2014-03-13T14:26:00" },
    { "type F, marked invalid", 0x13CD0E9A, 4, NULL },
    { "type F, hundred-year field 1 is 2000", 0x13CD2E1A, 4, "2014-03-13T14:26:00" },
    { "type F, hundred-year field 2 is 2100", 0x13CD4E1A, 4, "2114-03-13T14:26:00" },
    { "type F, hour 24", 0x13CD181A, 4, NULL },
    { "type F, minute 60", 0x13CD0E3C, 4, NULL },
    { "type F, zeros", 0, 4, NULL },
    { "type F, ones", 0xFFFFFFFF, 4, NULL },
    { "type G", 0x1C9F, 2, "2012-12-31" },
    { "type G, year 0", 0x0101, 2, "2000-01-01" },
    { "type G, year 80 is 2080", 0xA101, 2, "2080-01-01" },
    { "type G, year 81 is 1981", 0xA121, 2, "1981-01-01" },
    { "type G, 29 February of a leap year", 0x129D, 2, "2012-02-29" },
    { "type G, 29 February of another", 0x12BD, 2, NULL },
    { "type G, every year (127)", 0xFCFF, 2, NULL },
    { "type G, year 100", 0xC181, 2, NULL },
    { "type G, month 13", 0x1D9F, 2, NULL },
    { "type G, day 0", 0x1C80, 2, NULL },
    { "type G, FFFF", 0xFFFF, 2, NULL },
    { "type I of an electricity meter", 0x0532220E0937, 6, "2025-02-02T14:09:55" },
    { "type I, marked invalid", 0x0532220E8937, 6, NULL },
    { "type I, second 60", 0x0532220E093C, 6, NULL },
    { "type J", 0x0E0937, 3, "1970-01-01T14:09:55" },
    { "type J, hour 24", 0x180937, 3, NULL },
    { "one byte", 0x01, 1, NULL },
    { "eight bytes", 0x13CD0E1A, 8, NULL },
};

static void times_are_understood_by_length(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        enum value_kind kind = VALUE_NONE;
        struct value v = { 0 };
        char text[24] = "";
        bool ok = when_read(cases[i].bits, cases[i].len, &kind, &v.mantissa);
        v.kind = (uint8_t)kind;
        if (ok)
            value_time_text(text, &v);
        if (ok != (cases[i].text != NULL) || (ok && !str_eq(text, cases[i].text)))
            fail_msg("%s: %s", cases[i].name, text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_understood_by_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
