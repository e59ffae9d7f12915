/* test_telegram_json.c — the object that mbus-decode prints.
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
#include "protocols/codec/mbus/telegram_json.h"

static void objects_say_what_is_known(void **state)
{
    (void)state;
    static const struct {
        const char *name, *hex, *want;
        enum telegram_link link;
    } cases[] = {
        { "a wired meter", "681414680802727856341224400107550000000313153100ad16",
          "{\"ok\":true,\"link\":\"wired\",\"c\":\"08\",\"address\":2,\"ci\":\"72\",\"header\":{\"id\":\"12345678\","
          "\"manufacturer\":\"PAD\",\"version\":1,\"medium\":7,\"medium_name\":\"water\",\"access_no\":85,\"status\":0,"
          "\"signature\":\"0000\"},\"records\":[{\"index\":0,\"telegram\":0,\"quantity\":\"volume\",\"unit\":\"m3\","
          "\"value\":12.565,\"function\":\"inst\",\"storage\":0,\"tariff\":0,\"subunit\":0,\"modifiers\":[]}]}",
          LINK_WIRED },
        { "a fixed structure has no maker", "68131368080573785634120a00e97e01000000350100003c16",
          "{\"ok\":true,\"link\":\"wired\",\"c\":\"08\",\"address\":5,\"ci\":\"73\",\"header\":{\"id\":\"12345678\","
          "\"manufacturer\":null,\"version\":null,\"medium\":7,\"medium_name\":\"water\",\"access_no\":10,\"status\":0}"
          ","
          "\"records\":[{\"index\":0,\"telegram\":0,\"quantity\":\"volume\",\"unit\":\"l\",\"value\":1,\"function\":"
          "\"inst\","
          "\"storage\":0,\"tariff\":0,\"subunit\":0,\"modifiers\":[]},{\"index\":1,\"telegram\":0,\"quantity\":"
          "\"volume\","
          "\"unit\":\"l\",\"value\":135,\"function\":\"inst\",\"storage\":1,\"tariff\":0,\"subunit\":0,\"modifiers\":[]"
          "}]}",
          LINK_WIRED },
        { "an application error", "68040468080170088116",
          "{\"ok\":true,\"link\":\"wired\",\"c\":\"08\",\"address\":1,\"ci\":\"70\",\"application_error\":{\"code\":8,"
          "\"text\":\"application too busy\"},\"records\":[]}",
          LINK_WIRED },
        { "an alarm", "680404680801710f8916",
          "{\"ok\":true,\"link\":\"wired\",\"c\":\"08\",\"address\":1,\"ci\":\"71\",\"alarm\":15,\"records\":[]}",
          LINK_WIRED },
        { "a refusal names its byte", "3f",
          "{\"ok\":false,\"error\":\"byte 0: reserved DIF 3F\",\"error_code\":\"malformed\",\"offset\":0,"
          "\"link\":\"record\",\"records\":[]}",
          LINK_RECORD },
        { "a closed radio telegram shows its header",
          "2e4493157856341233037a2a0020255923c95aaa26d1b2e7493b013ec4a6f6d3529b520edff0ea6defc99d6d69ebf3",
          "{\"ok\":false,\"error\":\"byte 15: security mode 5: no key is known for this "
          "meter\",\"error_code\":\"no_key\","
          "\"offset\":15,\"link\":\"wireless\",\"c\":\"44\",\"ci\":\"7A\",\"header\":{\"id\":\"12345678\","
          "\"manufacturer\":"
          "\"ELS\",\"version\":51,\"medium\":3,\"medium_name\":\"gas\",\"access_no\":42,\"status\":0,\"signature\":"
          "\"2520\"},"
          "\"encryption\":\"closed\",\"security_mode\":5,\"records\":[]}",
          LINK_WMBUS },
        { "a chain goes on", "1f",
          "{\"ok\":true,\"link\":\"record\",\"more_follows\":true,\"records\":[{\"index\":0,\"telegram\":0,"
          "\"quantity\":"
          "\"manufacturer-specific\",\"unit\":\"\",\"value\":\"\",\"function\":\"inst\",\"storage\":0,\"tariff\":0,"
          "\"subunit\":0,\"modifiers\":[],\"special\":\"more-follows\"}]}",
          LINK_RECORD },
    };
    static struct telegram t;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint8_t bytes[300];
        char text[4000];
        size_t len;
        struct err_at at = { 0 };
        struct json_out j;
        assert_int_equal(str_from_hex(cases[i].hex, strlen(cases[i].hex), bytes, sizeof bytes, &len), ERR_OK);
        enum err e = telegram_decode(&t, cases[i].link, bytes, len, NULL, &at);
        json_init(&j, text, sizeof text - 1, NULL, NULL);
        telegram_json(&j, &t, e, &at);
        json_finish(&j);
        text[json_len(&j)] = '\0';
        if (!str_eq(text, cases[i].want))
            fail_msg("%s:\n%s\n%s", cases[i].name, text, cases[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_say_what_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
