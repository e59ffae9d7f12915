/* test_vif.c — what VIF and VIFE bytes do to unit, scale and type.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "protocols/codec/mbus/vif.h"

static const struct vif_case {
    const char *name, *hex;
    enum quantity quantity;
    enum unit unit;
    int exp10;
    enum vif_type type;
    const char *modifiers;
} cases[] = {
    { "plain", "13", Q_VOLUME, UNIT_M3, -3, VIF_NUMBER, "" },
    { "date", "6c", Q_DATE, UNIT_NONE, 0, VIF_TIME, "" },
    { "second table", "fb00", Q_ENERGY, UNIT_WH, 5, VIF_NUMBER, "" },
    { "first table", "fd49", Q_VOLTAGE, UNIT_V, 0, VIF_NUMBER, "" },
    { "access number is unsigned", "fd08", Q_ACCESS_NUMBER, UNIT_NONE, 0, VIF_UNSIGNED, "" },
    { "table behind the table", "fdfd02", Q_REMAINING_BATTERY, UNIT_MONTH, 0, VIF_NUMBER, "" },
    { "reserved third table", "ef13", Q_RESERVED, UNIT_NONE, 0, VIF_NUMBER, "" },
    { "positive contributions only", "863b", Q_ENERGY, UNIT_WH, 3, VIF_NUMBER, "positive-accumulation " },
    { "scale 10^-2", "9374", Q_VOLUME, UNIT_M3, -5, VIF_NUMBER, "factor-1e-2 " },
    { "scales multiply", "93f47d", Q_VOLUME, UNIT_M3, -2, VIF_NUMBER, "factor-1e-2 factor-1e3 " },
    { "a scale before the maker's counts", "93f4ff01", Q_VOLUME, UNIT_M3, -5, VIF_NUMBER,
      "factor-1e-2 manufacturer-specific-01 " },
    { "a scale behind it is the maker's", "93ff74", Q_VOLUME, UNIT_M3, -3, VIF_NUMBER, "manufacturer-specific-74 " },
    { "all of a maker's VIF is the maker's", "fff413", Q_MANUFACTURER_SPECIFIC, UNIT_NONE, 0, VIF_NUMBER,
      "manufacturer-specific-74 manufacturer-specific-13 " },
    { "phase L1", "fdc9fc01", Q_VOLTAGE, UNIT_V, 0, VIF_NUMBER, "phase-l1 " },
    { "type C of the second table is unsigned", "83fc11", Q_ENERGY, UNIT_WH, 0, VIF_UNSIGNED, "data-type-c " },
    { "limit keeps its unit", "be40", Q_VOLUME_FLOW, UNIT_M3_PER_H, 0, VIF_NUMBER, "lower-limit " },
    { "number of exceeds keeps unit and scale", "ae49", Q_POWER, UNIT_W, 3, VIF_UNSIGNED, "upper-limit-exceed-count " },
    { "duration of an exceed does", "bb56", Q_VOLUME_FLOW, UNIT_M3_PER_H, -3, VIF_UNSIGNED,
      "last-lower-limit-exceed-hours " },
    { "end of the last exceed does", "da6f", Q_FLOW_TEMPERATURE, UNIT_C, -1, VIF_UNSIGNED, "last-end " },
    { "start of does", "8339", Q_ENERGY, UNIT_WH, 0, VIF_UNSIGNED, "start-date-time " },
    { "start of a date is a date", "ec39", Q_DATE, UNIT_NONE, 0, VIF_TIME, "start-date-time " },
    { "non-metric unit is not the VIF's", "933d", Q_VOLUME, UNIT_NONE, -3, VIF_NUMBER, "non-metric-unit " },
};

static void blocks_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct vif_case *c = &cases[i];
        uint8_t bytes[32], arena[32];
        size_t len;
        assert_int_equal(str_from_hex(c->hex, strlen(c->hex), bytes, sizeof bytes, &len), ERR_OK);
        struct rd r = rd_init(bytes, len);
        struct wr text = wr_init(arena, sizeof arena);
        struct value v;
        struct vif_info info;
        assert_int_equal(vif_read(&r, &text, false, &v, &info), ERR_OK);
        char modifiers[200] = "", buf[MODIFIER_TEXT_MAX];
        for (unsigned m = 0; m < v.n_modifiers; m++) {
            str_copy(modifiers + strlen(modifiers), 100, modifier_name(v.modifiers[m], buf));
            str_copy(modifiers + strlen(modifiers), 2, " ");
        }
        if (v.quantity != c->quantity || v.unit != c->unit || v.exp10 != c->exp10 || info.type != c->type ||
            (c->modifiers && !str_eq(modifiers, c->modifiers)) || rd_left(&r) > 0 || v.unit_text)
            fail_msg("%s: %s %s e%d type %u, %s", c->name, quantity_name((enum quantity)v.quantity),
                     unit_name((enum unit)v.unit), v.exp10, info.type, modifiers);
    }
}

static enum err read_hex(const char *hex, bool is_msb_first, struct value *v, struct vif_info *info, struct wr *text)
{
    uint8_t bytes[300];
    size_t len;
    assert_int_equal(str_from_hex(hex, strlen(hex), bytes, sizeof bytes, &len), ERR_OK);
    struct rd r = rd_init(bytes, len);
    return vif_read(&r, text, is_msb_first, v, info);
}

static void unit_texts_become_utf8_in_reading_order(void **state)
{
    (void)state;
    uint8_t arena[64];
    struct value v;
    struct vif_info info;
    struct wr text = wr_init(arena, sizeof arena);
    assert_int_equal(read_hex("fc0348522574", false, &v, &info, &text),
                     ERR_OK); /* a humidity sensor's unit, then 10^-2 */
    assert_int_equal(v.quantity, Q_TEXT);
    assert_string_equal(v.unit_text, "%RH");
    assert_int_equal(v.exp10, -2);
    assert_int_equal(read_hex("7c0243b0", false, &v, &info, &text), ERR_OK);
    assert_string_equal(v.unit_text, "\xC2\xB0"
                                     "C");
    assert_int_equal(read_hex("7c02b043", true, &v, &info, &text), ERR_OK); /* mode 2: as it is read */
    assert_string_equal(v.unit_text, "\xC2\xB0"
                                     "C");
    assert_int_equal(read_hex("7c00", false, &v, &info, &text), ERR_OK);
    assert_string_equal(v.unit_text, "");
}

static void record_errors_and_offsets_are_told(void **state)
{
    (void)state;
    uint8_t arena[8];
    struct value v;
    struct vif_info info;
    struct wr text = wr_init(arena, sizeof arena);
    assert_int_equal(read_hex("9315", false, &v, &info, &text), ERR_OK);
    assert_int_equal(info.error, 0x15);
    assert_int_equal(read_hex("9300", false, &v, &info, &text), ERR_OK); /* "no error" is none */
    assert_int_equal(info.error, 0);
    assert_int_equal(read_hex("931e", false, &v, &info, &text), ERR_OK); /* compact profile, no error */
    assert_int_equal(info.error, 0);
    assert_int_equal(read_hex("937a", false, &v, &info, &text), ERR_OK);
    assert_true(info.has_offset);
    assert_int_equal(info.offset_exp10, -1);
}

static void broken_blocks_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        enum err err;
    } bad[] = {
        { "", ERR_SHORT },
        { "93", ERR_SHORT },
        { "fb", ERR_SHORT },
        { "fd", ERR_SHORT },
        { "fdfd", ERR_SHORT },
        { "7c", ERR_SHORT },
        { "7c0341", ERR_SHORT },
        { "fc0141", ERR_SHORT },
        { "7c0c414141414141414141414141", ERR_TOO_BIG }, /* more than the arena holds */
        { "938080808080808080808000", ERR_TOO_MANY },
        { "fbff8080808080808080808000", ERR_TOO_MANY },
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        uint8_t arena[12];
        struct value v;
        struct vif_info info;
        struct wr text = wr_init(arena, sizeof arena);
        enum err e = read_hex(bad[i].hex, false, &v, &info, &text);
        if (e != bad[i].err)
            fail_msg("%s: %s", bad[i].hex, err_name(e));
    }
    struct value v;
    struct vif_info info;
    struct wr text = wr_init(NULL, 0);
    assert_int_equal(read_hex("9380808080808080808000", false, &v, &info, &text), ERR_OK); /* ten are allowed */
    assert_int_equal(v.n_modifiers, 10);
}

static void the_table_and_the_model_agree_on_what_changes_a_number(void **state)
{
    (void)state;
    for (unsigned code = 0; code < VIF_TABLE_N; code++) {
        const struct value v = { .kind = VALUE_NUMBER, .n_modifiers = 1, .modifiers = { (uint16_t)code } };
        struct value means;
        assert_int_equal(value_means(&v, &means), vife_combinable[code].effect == VIFE_MEANING);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_read),
        cmocka_unit_test(unit_texts_become_utf8_in_reading_order),
        cmocka_unit_test(record_errors_and_offsets_are_told),
        cmocka_unit_test(broken_blocks_are_refused),
        cmocka_unit_test(the_table_and_the_model_agree_on_what_changes_a_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
