/* test_tpl_115.c — the text of report 115 from readouts; the lines are written by hand after the description of the format.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/mem.h"
#include "reports/template.h"

enum { TIME = 1790884800 }; /* 2026-10-01T20:00:00Z */

#define FIXED                                                                                                          \
    "#serial-number;device-position;primary-address;device-identification;created;value-data-count;manufacturer;"      \
    "version;device-type;access-number;status;signature"

static const struct telegram_head kamstrup = { .ident = 0x72569463,
                                               .maker = 0x2C2D,
                                               .version = 52,
                                               .medium = 0x0D,
                                               .access_no = 17,
                                               .status = 4,
                                               .signature = 0x0102 };
static const struct meter meter = { .id = 7, .position = "0A", .primary = 63, .ident = 0x72569463 };

struct fixture {
    struct sheet sheet;
    struct render render;
};

static void begin(struct fixture *f)
{
    sheet_init(&f->sheet, (struct sheet_conventions){ .separator = ';', .decimal = ',', .is_utf8 = true });
    f->render = (struct render){ .sheet = &f->sheet, .serial = "0016012345", .zone = &zone_utc };
}

static void add(struct fixture *f, const struct meter *m, size_t n_heads, const struct value *values, size_t n)
{
    const struct telegram_head heads[] = { kamstrup, kamstrup };
    struct value numbered[16];
    assert_true(n <= COUNT_OF(numbered));
    for (size_t i = 0; i < n; i++) {
        numbered[i] = values[i];
        numbered[i].series = 1 + values[i].quantity; /* as the store gives one to each kind of value */
    }
    const struct store_reading r = {
        .utc = TIME, .status = READOUT_OK, .n_telegrams = n_heads, .heads = heads, .values = numbered, .n_values = n
    };
    template_find(115)->add_reading(&f->render, m, &r);
}

static void assert_report(struct fixture *f, const char *text)
{
    sheet_append(&f->sheet, "", 1);
    assert_string_equal(f->sheet.bytes, text);
    sheet_fini(&f->sheet);
}

static void one_readout_is_a_heading_and_a_line(void **state)
{
    (void)state;
    const struct value values[] = {
        { .kind = VALUE_NUMBER, .quantity = Q_ENERGY, .unit = UNIT_WH, .mantissa = 4138, .exp10 = 3 },
        { .kind = VALUE_NUMBER,
          .quantity = Q_ENERGY,
          .unit = UNIT_WH,
          .exp10 = 3,
          .n_modifiers = 1,
          .modifiers = { MODIFIER_MAKER + 2 } },
        { .kind = VALUE_NUMBER,
          .quantity = Q_MANUFACTURER_SPECIFIC,
          .mantissa = 12,
          .n_modifiers = 1,
          .modifiers = { MODIFIER_MAKER + 7 } },
        { .kind = VALUE_NUMBER, .quantity = Q_VOLUME, .unit = UNIT_M3, .mantissa = 959160, .exp10 = -3 },
        { .kind = VALUE_NUMBER, .quantity = Q_VOLUME, .unit = UNIT_M3, .mantissa = 0, .exp10 = -3, .subunit = 1 },
        { .kind = VALUE_NUMBER, .quantity = Q_ON_TIME, .unit = UNIT_H, .mantissa = 999999, .function = FUNCTION_ERROR },
        { .kind = VALUE_NUMBER, .quantity = Q_FLOW_TEMPERATURE, .unit = UNIT_C, .mantissa = -130, .exp10 = -2 },
        { .kind = VALUE_MINUTE, .quantity = Q_DATE_TIME, .mantissa = TIME - 61 },
        { .kind = VALUE_NUMBER,
          .quantity = Q_ENERGY,
          .unit = UNIT_WH,
          .mantissa = 41,
          .exp10 = 5,
          .storage = 1,
          .tariff = 3 },
        { .kind = VALUE_DATE, .quantity = Q_DATE, .mantissa = 1790812800, .storage = 1 },
        { .kind = VALUE_NUMBER,
          .quantity = Q_POWER,
          .unit = UNIT_W,
          .mantissa = 100,
          .exp10 = 2,
          .function = FUNCTION_MAX },
        { .kind = VALUE_TEXT, .quantity = Q_FABRICATION_NUMBER, .bytes = (const uint8_t *)"AB;1", .len = 4 },
        { .kind = VALUE_MAKER_BLOCK,
          .quantity = Q_MANUFACTURER_SPECIFIC,
          .bytes = (const uint8_t *)"\x0F\xA0",
          .len = 2 },
    };
    struct fixture f;
    begin(&f);
    add(&f, &meter, 1, values, COUNT_OF(values));
    assert_report(&f, FIXED
                  ";energy,Wh,inst-value,0,0,0;energy manufacturer-specific-02,Wh,inst-value,0,0,0;"
                  "manufacturer-specific-ff-07,,inst-value,0,0,0;volume,m3,inst-value,0,0,0;volume,m3,inst-value,0,1,0;"
                  "on-time,hour(s),err-value,0,0,0;flow-temp,\xC2\xB0"
                  "C,inst-value,0,0,0;datetime,,inst-value,0,0,0;"
                  "energy,Wh,inst-value,3,0,1;date,,inst-value,0,0,1;power,W,max-value,0,0,0;"
                  "fabrication-no,,inst-value,0,0,0;manufacturer-specific,,inst-value,0,0,0\r\n"
                  "0016012345;0A;63;72569463;2026-10-01 20:00:00;00;KAM;52;heat/cooling load;17;4;258"
                  ";4138000;0;12;959,160;0,000;999999;-1,30;2026-10-01 19:58:59;4100000;2026-10-01 00:00:00;10000;"
                  "AB 1;0fa0\r\n");
}

static void a_number_that_a_vife_makes_something_else_stands_as_that(void **state)
{
    (void)state;
    const struct value values[] = {
        { .kind = VALUE_NUMBER,
          .quantity = Q_VOLUME_FLOW,
          .unit = UNIT_M3_PER_H,
          .mantissa = 5,
          .exp10 = -3,
          .n_modifiers = 1,
          .modifiers = { 0x56 } },
        { .kind = VALUE_NUMBER,
          .quantity = Q_FLOW_TEMPERATURE,
          .unit = UNIT_C,
          .mantissa = 0x187A1432,
          .exp10 = -1,
          .n_modifiers = 1,
          .modifiers = { 0x6F } },
        { .kind = VALUE_NUMBER,
          .quantity = Q_POWER,
          .unit = UNIT_W,
          .note = NOTE_INVALID_TIME,
          .n_modifiers = 1,
          .modifiers = { 0x6F } },
    };
    struct fixture f;
    begin(&f);
    add(&f, &meter, 1, values, COUNT_OF(values));
    assert_report(&f, FIXED ";volume-flow last-lower-limit-exceed-hours,hour(s),inst-value,0,0,0;"
                            "flow-temp last-end,,inst-value,0,0,0;power last-end,,inst-value,0,0,0\r\n"
                            "0016012345;0A;63;72569463;2026-10-01 20:00:00;00;KAM;52;heat/cooling load;17;4;258"
                            ";5;2011-08-26 20:50:00;\r\n");
}

static void values_that_are_none_leave_their_cell_empty(void **state)
{
    (void)state;
    const struct value values[] = {
        { .kind = VALUE_NONE, .quantity = Q_VOLUME, .unit = UNIT_M3, .note = NOTE_INVALID_DIGITS },
        { .kind = VALUE_NUMBER, .quantity = Q_POWER, .unit = UNIT_W, .mantissa = 5, .note = NOTE_RECORD_ERROR + 0x15 },
        { .kind = VALUE_DATE, .quantity = Q_DATE, .note = NOTE_INVALID_TIME },
    };
    struct fixture f;
    begin(&f);
    add(&f, &meter, 1, values, COUNT_OF(values));
    assert_report(&f,
                  FIXED ";volume,m3,inst-value,0,0,0;power,W,inst-value,0,0,0;date,,inst-value,0,0,0\r\n"
                        "0016012345;0A;63;72569463;2026-10-01 20:00:00;00;KAM;52;heat/cooling load;17;4;258;;;\r\n");
}

#define CELLS           "0016012345;0A;63;72569463;2026-10-01 20:00:00;00;KAM;52;heat/cooling load;17;4;258"
#define CELLS_OF_SECOND "0016012345;0A;63;72569463;2026-10-01 20:00:00;01;KAM;52;heat/cooling load;17;4;258"

static void headings_stand_once_while_the_records_are_the_same(void **state)
{
    (void)state;
    const struct value energy = { .kind = VALUE_NUMBER, .quantity = Q_ENERGY, .unit = UNIT_WH, .mantissa = 1 };
    const struct value more = { .kind = VALUE_NUMBER, .quantity = Q_ENERGY, .unit = UNIT_WH, .mantissa = 2 };
    const struct value both[] = { energy,
                                  { .kind = VALUE_NUMBER, .quantity = Q_VOLUME, .unit = UNIT_M3, .mantissa = 3 } };
    struct fixture f;
    begin(&f);
    add(&f, &meter, 1, &energy, 1);
    add(&f, &meter, 1, &more, 1);
    add(&f, &meter, 1, both, 2);
    add(&f, &meter, 1, both, 2);
    assert_report(&f,
                  FIXED ";energy,Wh,inst-value,0,0,0\r\n" CELLS ";1\r\n" CELLS ";2\r\n" FIXED
                        ";energy,Wh,inst-value,0,0,0;volume,m3,inst-value,0,0,0\r\n" CELLS ";1;3\r\n" CELLS ";1;3\r\n");
}

static void each_meter_has_its_own_headings(void **state)
{
    (void)state;
    const struct value energy = { .kind = VALUE_NUMBER, .quantity = Q_ENERGY, .unit = UNIT_WH, .mantissa = 1 };
    const struct meter other = { .id = 8, .position = "=cmd", .primary = -1, .ident = 0x72569463 };
    struct fixture f;
    begin(&f);
    add(&f, &meter, 1, &energy, 1);
    add(&f, &other, 1, &energy, 1);
    assert_report(&f,
                  FIXED ";energy,Wh,inst-value,0,0,0\r\n" CELLS ";1\r\n" FIXED ";energy,Wh,inst-value,0,0,0\r\n"
                        "0016012345;'=cmd;253;72569463;2026-10-01 20:00:00;00;KAM;52;heat/cooling load;17;4;258;1\r\n");
}

static void each_telegram_of_a_chain_has_its_line(void **state)
{
    (void)state;
    const struct value values[] = {
        { .kind = VALUE_NUMBER, .quantity = Q_ENERGY, .unit = UNIT_WH, .mantissa = 1 },
        { .kind = VALUE_MORE_FOLLOWS, .quantity = Q_MANUFACTURER_SPECIFIC },
        { .kind = VALUE_NUMBER,
          .quantity = Q_VOLUME,
          .unit = UNIT_TEXT,
          .unit_text = "a,b;c",
          .mantissa = 2,
          .telegram = 1 },
    };
    struct fixture f;
    begin(&f);
    add(&f, &meter, 2, values, COUNT_OF(values));
    assert_report(&f, FIXED ";energy,Wh,inst-value,0,0,0;manufacturer-specific,,inst-value,0,0,0\r\n" CELLS
                            ";1;\r\n" FIXED ";volume,a b c,inst-value,0,0,0\r\n" CELLS_OF_SECOND ";2\r\n");
}

static void a_telegram_without_header_takes_the_address_of_the_list(void **state)
{
    (void)state;
    const struct telegram_head none = { 0 };
    const struct store_reading r = { .utc = TIME, .n_telegrams = 1, .heads = &none };
    struct fixture f;
    begin(&f);
    tpl_115_add_reading(&f.render, &meter, &r);
    assert_report(&f, FIXED "\r\n0016012345;0A;63;72569463;2026-10-01 20:00:00;00;;0;other;0;0;0\r\n");
}

static void other_templates_are_not_known(void **state)
{
    (void)state;
    assert_null(template_find(101));
    assert_null(template_find(3115));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_readout_is_a_heading_and_a_line),
        cmocka_unit_test(a_number_that_a_vife_makes_something_else_stands_as_that),
        cmocka_unit_test(values_that_are_none_leave_their_cell_empty),
        cmocka_unit_test(headings_stand_once_while_the_records_are_the_same),
        cmocka_unit_test(each_meter_has_its_own_headings),
        cmocka_unit_test(each_telegram_of_a_chain_has_its_line),
        cmocka_unit_test(a_telegram_without_header_takes_the_address_of_the_list),
        cmocka_unit_test(other_templates_are_not_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
