/* test_setting_text.c — the grammar of settings files, and editing what people wrote.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/setting_text.h"

struct cfg {
    uint32_t port;
    char name[100], bind[65];
};
static const struct setting rows[] = {
    S_UINT(struct cfg, port, "8080", 1, 65535, S_ADMIN, "", "The port."),
    S_TEXT(struct cfg, name, "", S_ADMIN, "A name."),
    S_HOST(struct cfg, bind, "127.0.0.1", S_ADMIN, "The address."),
};
static const struct setting_table table = { "web", 0, rows, COUNT_OF(rows), sizeof(struct cfg), NULL };
static const struct setting_table *const tables[] = { &table };

static enum err load(struct settings *s, const char *text)
{
    return settings_load_text(s, text, strlen(text), NULL);
}

static void lines_are_read_as_people_write_them(void **state)
{
    static const struct {
        const char *line, *key, *value;
    } cases[] = {
        { "a.b = c", "a.b", "c" },
        { "a.b=c", "a.b", "c" },
        { "  a.b\t=\tc d  ", "a.b", "c d" },
        { "a.b =", "a.b", "" },
        { "a.b = \"\"", "a.b", "" },
        { "a.b = \" x \"", "a.b", " x " },
        { "a.b = \"say \\\"no\\\" \\\\ #1\"  # why", "a.b", "say \"no\" \\ #1" },
        { "a.b = c # why", "a.b", "c" },
        { "a.b = c#d", "a.b", "c#d" },
        { "a.b = # nothing", "a.b", "" },
        { "a.b = */15 * * * *", "a.b", "*/15 * * * *" },
        { "\xEF\xBB\xBF"
          "a.b = c\r",
          "a.b", "c" },
        { "a.b = \xC3\xA5", "a.b", "\xC3\xA5" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct setting_line line = { 0 };
        bool more;
        assert_int_equal(setting_text_next(cases[i].line, strlen(cases[i].line), &line, &more, NULL), ERR_OK);
        assert_true(more && line.has_key);
        assert_string_equal(line.key, cases[i].key);
        assert_string_equal(line.value, cases[i].value);
        assert_int_equal(setting_text_next(cases[i].line, strlen(cases[i].line), &line, &more, NULL), ERR_OK);
        assert_false(more);
    }
}

static void what_is_quoted_reads_back(void **state)
{
    static const char *const values[] = { "",   "plain", " x",         "x\t",   "a#b",          "#",
                                          "\"", "\\",    "say \"no\"", "C:\\x", "*/15 * * * *", "\xC3\xA5" };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        char quoted[2 * SETTING_VALUE_MAX + 3], text[4096];
        struct setting_line line = { 0 };
        bool more;
        setting_text_quote(quoted, values[i]);
        str_fmt(text, sizeof text, "k = %s # c\n", quoted);
        assert_int_equal(setting_text_next(text, strlen(text), &line, &more, NULL), ERR_OK);
        assert_string_equal(line.value, values[i]);
    }
}

static void editing_keeps_comments_and_order(void **state)
{
    static const char old[] = "# the gateway in the cellar\n"
                              "\n"
                              "  web.bind = \"0.0.0.0\"   # all of them\n"
                              "other.key = stays\n"
                              "web.port=8081\r\n"
                              "what is this\n"
                              "# end";
    struct settings *s = settings_create(tables, 1);
    (void)state;
    assert_int_equal(load(s, "web.port = 8081\nweb.bind = \"0.0.0.0\"\n"), ERR_OK);
    char *text = settings_edit_text(s, old);
    assert_string_equal(text, "# the gateway in the cellar\n"
                              "\n"
                              "  web.bind = \"0.0.0.0\"   # all of them\n"
                              "other.key = stays\n"
                              "web.port=8081\r\n"
                              "what is this\n"
                              "# end\n");
    free(text);
    settings_begin(s);
    assert_int_equal(settings_set(s, "web.port", "9", NULL), ERR_OK);
    assert_int_equal(settings_set(s, "web.bind", "::", NULL), ERR_OK);
    assert_int_equal(settings_set(s, "web.name", "a # b", NULL), ERR_OK);
    assert_int_equal(settings_commit(s, NULL), ERR_OK);
    text = settings_edit_text(s, old);
    assert_string_equal(text, "# the gateway in the cellar\n"
                              "\n"
                              "  web.bind = ::   # all of them\n"
                              "other.key = stays\n"
                              "web.port=9\r\n"
                              "what is this\n"
                              "# end\n"
                              "web.name = \"a # b\"\n");
    free(text);
    settings_free(s);
}

static void a_reset_key_leaves_the_file_and_plain_defaults_do_not_enter_it(void **state)
{
    struct settings *s = settings_create(tables, 1);
    (void)state;
    assert_int_equal(load(s, "web.port = 9\n"), ERR_OK);
    settings_begin(s);
    assert_int_equal(settings_reset(s, "web.port", NULL), ERR_OK);
    assert_int_equal(settings_set(s, "web.bind", "127.0.0.1", NULL), ERR_OK);
    assert_int_equal(settings_commit(s, NULL), ERR_OK);
    char *text = settings_edit_text(s, "# a\nweb.port = 9\n# b\n");
    assert_string_equal(text, "# a\n# b\n");
    free(text);
    settings_free(s);
}

static void an_override_is_never_written(void **state)
{
    struct settings *s = settings_create(tables, 1);
    (void)state;
    assert_int_equal(settings_override(s, "web.port", "9", NULL), ERR_OK);
    char *text = settings_edit_text(s, NULL);
    assert_string_equal(text, "");
    free(text);
    settings_free(s);
}

static void too_long_keys_and_values_are_refused(void **state)
{
    char text[4096];
    struct err_at at = { 0 };
    struct setting_line line = { 0 };
    bool more;
    (void)state;
    bytes_fill(text, 'a', sizeof text);
    assert_int_equal(setting_text_next(text, 100, &line, &more, &at), ERR_SYNTAX);
    assert_string_equal(at.text, "the key is too long");
    text[1] = '=';
    line = (struct setting_line){ 0 };
    assert_int_equal(setting_text_next(text, 4000, &line, &more, &at), ERR_SYNTAX);
    assert_string_equal(at.text, "the value is too long");
    text[2] = '"';
    line = (struct setting_line){ 0 };
    assert_int_equal(setting_text_next(text, 4000, &line, &more, &at), ERR_SYNTAX);
    assert_string_equal(at.text, "the value is too long");
    assert_int_equal(line.end, 4000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_read_as_people_write_them),
        cmocka_unit_test(what_is_quoted_reads_back),
        cmocka_unit_test(editing_keeps_comments_and_order),
        cmocka_unit_test(a_reset_key_leaves_the_file_and_plain_defaults_do_not_enter_it),
        cmocka_unit_test(an_override_is_never_written),
        cmocka_unit_test(too_long_keys_and_values_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
