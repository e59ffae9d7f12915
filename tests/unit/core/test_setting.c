/* test_setting.c — the registry: keys, layers, transactions, JSON.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "core/base/json_out.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/setting.h"

struct web {
    bool enabled;
    uint32_t port, tls_port;
    uint64_t max_body;
    char bind[65], password[65], url[257];
    int mode;
    char zone[65];
};
struct bus {
    bool enabled;
    int64_t offset;
    char port[129], cron[256];
};
static const char *const modes[] = { "mbus", "transparent", NULL };

static const struct setting web_rows[] = {
    S_BOOL(struct web, enabled, "true", S_ADMIN, "On or off."),
    S_UINT(struct web, port, "8080", 1, 65535, S_ADMIN, "", "The port."),
    S_UINT(struct web, tls_port, "8443", 1, 65535, S_RESTART, "", "The other port."),
    S_SIZE(struct web, max_body, "64M", 1024, INT64_C(1) << 30, S_EXPERT, "The largest body."),
    S_HOST(struct web, bind, "127.0.0.1", S_ADMIN, "The address."),
    S_SECRET(struct web, password, S_ADMIN, "A secret."),
    S_URL(struct web, url, "", S_OPERATOR, "A server."),
    S_ENUM(struct web, mode, "mbus", modes, S_ADMIN, "A choice."),
    S_ZONE(struct web, zone, "UTC", S_ADMIN, "A zone."),
};
static const struct setting bus_rows[] = {
    S_BOOL(struct bus, enabled, "false", S_ADMIN, "On or off."),
    S_INT(struct bus, offset, "0", -100, 100, S_ADMIN, "ms", "An offset."),
    S_PORT(struct bus, port, "", S_DEVICE, "Where it is."),
    S_CRON(struct bus, cron, "*/15 * * * *", S_ADMIN, "When."),
};

static enum err check_web(const void *cfg, struct err_at *at)
{
    const struct web *w = cfg;
    if (w->port != w->tls_port)
        return ERR_OK;
    if (at)
        str_copy(at->field, sizeof at->field, "tls_port");
    return err_say(at, ERR_INVALID, "two listeners need two ports");
}

static const struct setting_table web_table = { "web", 0, web_rows, COUNT_OF(web_rows), sizeof(struct web), check_web };
static const struct setting_table bus_table = { "bus", 16, bus_rows, COUNT_OF(bus_rows), sizeof(struct bus), NULL };
static const struct setting_table *const tables[] = { &web_table, &bus_table };

static int setup(void **state)
{
    *state = settings_create(tables, COUNT_OF(tables));
    return 0;
}

static int teardown(void **state)
{
    settings_free(*state);
    return 0;
}

static const struct web *web_of(const struct settings *s)
{
    return settings_cfg(s, "web", 0);
}

static void load(struct settings *s, const char *text)
{
    struct err_at at = { 0 };
    if (settings_load_text(s, text, strlen(text), &at) != ERR_OK)
        fail_msg("refused: %s", at.text);
}

static void a_new_registry_has_its_defaults(void **state)
{
    const struct web *w = web_of(*state);
    const struct bus *b = settings_cfg(*state, "bus", 16);
    char buf[SETTING_VALUE_MAX];
    assert_true(w->enabled);
    assert_int_equal(w->port, 8080);
    assert_int_equal(w->max_body, 64 << 20);
    assert_string_equal(w->bind, "127.0.0.1");
    assert_string_equal(b->cron, "*/15 * * * *");
    assert_string_equal(settings_get(*state, "web.max_body", buf), "64M");
    assert_string_equal(settings_get(*state, "web.mode", buf), "mbus");
    assert_null(settings_get(*state, "web.nothing", buf));
}

static void refusals_name_key_value_and_what_is_allowed(void **state)
{
    static const struct {
        const char *key, *value, *text;
        enum err err;
    } cases[] = {
        { "web.port", "70000", "web.port = 70000: a number from 1 to 65535", ERR_RANGE },
        { "web.port", "80x", "web.port = 80x: a number from 1 to 65535", ERR_SYNTAX },
        { "web.port", "", "web.port = : a number from 1 to 65535", ERR_SYNTAX },
        { "bus3.offset", "-101", "bus3.offset = -101: a number of ms from -100 to 100", ERR_RANGE },
        { "web.enabled", "maybe", "web.enabled = maybe: true or false", ERR_SYNTAX },
        { "web.max_body", "1000", "web.max_body = 1000: a size in bytes, or with K, M or G, from 1K to 1G", ERR_RANGE },
        { "web.max_body", "99999999999999999999M",
          "web.max_body = 99999999999999999999M: a size in bytes, or with K, M or G, from 1K to 1G", ERR_RANGE },
        { "web.mode", "clear", "web.mode = clear: one of mbus, transparent", ERR_INVALID },
        { "web.bind", "300.1.1.1", "web.bind = 300.1.1.1: a host name or an IP address", ERR_INVALID },
        { "bus1.port", "tcp:host", "bus1.port = tcp:host: serial:/dev/NAME, tcp:HOST:PORT, or empty", ERR_INVALID },
        { "bus1.cron", "61 * * * *", "bus1.cron = 61 * * * *: a cron pattern; minute: out of range (0 to 59)",
          ERR_SYNTAX },
        { "web.zone", "Europe/Atlantis", "web.zone = Europe/Atlantis: a time zone such as UTC or Europe/Stockholm",
          ERR_INVALID },
        { "web.password", "0123456789012345678901234567890123456789012345678901234567890123456789",
          "web.password: a text of at most 64 bytes", ERR_TOO_BIG },
        { "web.prot", "1", "there is no setting web.prot; did you mean web.port?", ERR_UNKNOWN_KEY },
        { "bus5.enabeld", "1", "there is no setting bus5.enabeld; did you mean bus5.enabled?", ERR_UNKNOWN_KEY },
        { "bus99.enabled", "true", "there is no setting bus99.enabled: there are bus1 to bus16", ERR_UNKNOWN_KEY },
        { "bus0.enabled", "true", "there is no setting bus0.enabled: there are bus1 to bus16", ERR_UNKNOWN_KEY },
        { "bus01.enabled", "true", "there is no setting bus01.enabled: there are bus1 to bus16", ERR_UNKNOWN_KEY },
        { "bus.enabled", "true", "there is no setting bus.enabled: there are bus1 to bus16", ERR_UNKNOWN_KEY },
        { "nonsense", "1", "there is no setting nonsense", ERR_UNKNOWN_KEY },
        { "something.quite.different", "1", "there is no setting something.quite.different", ERR_UNKNOWN_KEY },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err_at at = { 0 };
        assert_int_equal(settings_override(*state, cases[i].key, cases[i].value, &at), cases[i].err);
        assert_string_equal(at.text, cases[i].text);
        assert_string_equal(at.field, cases[i].key);
    }
}

static void every_type_takes_what_is_right(void **state)
{
    static const struct {
        const char *key, *value, *shown;
    } cases[] = {
        { "web.enabled", "No", "false" },
        { "web.enabled", "on", "true" },
        { "web.port", "1", "1" },
        { "bus2.offset", "-100", "-100" },
        { "web.max_body", "2048k", "2M" },
        { "web.max_body", "1025", "1025" },
        { "web.mode", "Transparent", "transparent" },
        { "web.bind", "::1", "::1" },
        { "web.bind", "meter-gw.example.org", "meter-gw.example.org" },
        { "web.url", "https://user:p%40ss@[2001:db8::1]:8443/in?x=1", "https://user:p%40ss@[2001:db8::1]:8443/in?x=1" },
        { "web.url", "mqtts://broker:8883", "mqtts://broker:8883" },
        { "web.url", "", "" },
        { "bus16.port", "tcp:[::1]:10001", "tcp:[::1]:10001" },
        { "bus16.port", "serial:/dev/ttyUSB0", "serial:/dev/ttyUSB0" },
        { "bus16.cron", "0 5 * * * | 8 10 * * *", "0 5 * * * | 8 10 * * *" },
        { "web.zone", "Europe/Stockholm", "Europe/Stockholm" },
        { "web.password", "secret", "********" },
        { "web.password", "", "" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char buf[SETTING_VALUE_MAX];
        struct err_at at = { 0 };
        if (settings_override(*state, cases[i].key, cases[i].value, &at) != ERR_OK)
            fail_msg("%s", at.text);
        assert_string_equal(settings_get(*state, cases[i].key, buf), cases[i].shown);
    }
}

static void bad_hosts_and_urls_are_refused(void **state)
{
    static const char *const urls[] = { "gopher://x",   "http://",          "http://host:0/", "http://host:65536/",
                                        "http://ho st", "http://[::1",      "http://-host/",  "host/path",
                                        "http://a@/",   "http://1.2.3.4.5/" };
    for (size_t i = 0; i < COUNT_OF(urls); i++)
        assert_int_equal(settings_override(*state, "web.url", urls[i], NULL), ERR_INVALID);
    static const char *const ports[] = { "serial:ttyUSB0", "serial:/",       "tcp::1",     "tcp:host:",
                                         "tcp:host:0",     "tcp:host:70000", "udp:host:1", "tcp:::1:10001" };
    for (size_t i = 0; i < COUNT_OF(ports); i++)
        assert_int_equal(settings_override(*state, "bus1.port", ports[i], NULL), ERR_INVALID);
}

static void the_layers_win_in_order(void **state)
{
    load(*state, "web.port = 8081\nweb.bind = \"0.0.0.0\"\n");
    assert_int_equal(web_of(*state)->port, 8081);
    assert_int_equal(settings_override(*state, "web.port", "8082", NULL), ERR_OK);
    assert_int_equal(web_of(*state)->port, 8082);
    load(*state, "web.port = 8090\n"); /* read again: the override stays, the other line is gone */
    assert_int_equal(web_of(*state)->port, 8082);
    assert_string_equal(web_of(*state)->bind, "127.0.0.1");
    settings_begin(*state);
    assert_int_equal(settings_set(*state, "web.port", "8083", NULL), ERR_OK);
    assert_int_equal(settings_commit(*state, NULL), ERR_OK);
    assert_int_equal(web_of(*state)->port, 8083);
}

static void errors_in_a_file_name_the_line_and_change_nothing(void **state)
{
    static const struct {
        const char *text;
        unsigned line, column;
        const char *field;
    } cases[] = {
        { "web.port = 8081\nweb.bind = \"unterminated\n", 2, 12, "" },
        { "# fine\n\nweb.prot = 1\n", 3, 0, "web.prot" },
        { "web.port = 8081\r\nweb.port = 8082\r\n", 2, 0, "web.port" },
        { "web.port = 8443\n", 0, 0, "web.tls_port" },
        { "web.port = 1\nweb.tls_port = 1\n", 2, 0, "web.tls_port" },
        { "web.port\n", 1, 9, "" },
        { "= 3\n", 1, 1, "" },
        { "web.port = 1\n\xff\n", 2, 1, "" },
        { "web.bind = \"a\" b\n", 1, 16, "" },
        { "web.bind = \"\\n\"\n", 1, 13, "" },
        { "web.bind = a\001\n", 1, 13, "" },
    };
    load(*state, "web.port = 8088\n");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err_at at = { 0 };
        assert_int_not_equal(settings_load_text(*state, cases[i].text, strlen(cases[i].text), &at), ERR_OK);
        assert_int_equal(at.line, cases[i].line);
        assert_int_equal(at.column, cases[i].column);
        assert_string_equal(at.field, cases[i].field);
        assert_true(at.text[0] != 0);
        assert_int_equal(web_of(*state)->port, 8088);
    }
}

struct told {
    int n;
    unsigned instance;
    uint32_t was, now;
};

static void note_web(void *ctx, unsigned instance, const void *was, const void *now)
{
    struct told *t = ctx;
    t->n++;
    t->instance = instance;
    t->was = ((const struct web *)was)->port;
    t->now = ((const struct web *)now)->port;
}

static void note_bus(void *ctx, unsigned instance, const void *was, const void *now)
{
    struct told *t = ctx;
    t->n++;
    t->instance = instance;
    t->was = ((const struct bus *)was)->enabled;
    t->now = ((const struct bus *)now)->enabled;
}

static void changes_are_told_once_with_old_and_new(void **state)
{
    struct told web = { 0 }, bus = { 0 };
    const void *address = web_of(*state);
    settings_on_change(*state, "web", note_web, &web);
    settings_on_change(*state, "bus", note_bus, &bus);
    settings_begin(*state);
    assert_int_equal(settings_set(*state, "web.port", "1", NULL), ERR_OK);
    assert_int_equal(settings_set(*state, "web.port", "2", NULL), ERR_OK);
    assert_int_equal(settings_set(*state, "bus7.enabled", "true", NULL), ERR_OK);
    assert_int_equal(settings_set(*state, "bus8.enabled", "false", NULL), ERR_OK);
    assert_int_equal(web.n, 0);
    assert_int_equal(web_of(*state)->port, 8080);
    assert_int_equal(settings_commit(*state, NULL), ERR_OK);
    assert_int_equal(web.n, 1);
    assert_int_equal(web.was, 8080);
    assert_int_equal(web.now, 2);
    assert_int_equal(web.instance, 0);
    assert_int_equal(bus.n, 1);
    assert_int_equal(bus.instance, 7);
    assert_ptr_equal(web_of(*state), address);
}

static enum err refuse_to_save(void *ctx, const struct settings *s, struct err_at *at)
{
    (void)ctx;
    (void)s;
    return err_say(at, ERR_DISK_FULL, "the disk is full");
}

static void a_refused_commit_changes_nothing(void **state)
{
    struct told web = { 0 };
    struct err_at at = { 0 };
    settings_on_change(*state, "web", note_web, &web);
    settings_begin(*state);
    assert_int_equal(settings_set(*state, "web.port", "8443", NULL), ERR_OK);
    assert_int_equal(settings_commit(*state, &at), ERR_INVALID);
    assert_string_equal(at.field, "web.tls_port");
    settings_set_save(*state, refuse_to_save, NULL);
    settings_begin(*state);
    assert_int_equal(settings_set(*state, "web.port", "9", NULL), ERR_OK);
    assert_int_equal(settings_commit(*state, &at), ERR_DISK_FULL);
    assert_int_equal(web.n, 0);
    assert_int_equal(web_of(*state)->port, 8080);
    assert_null(settings_file_value(*state, "web.port"));
    settings_begin(*state); /* the one before is over */
    settings_abort(*state);
}

static void a_reset_goes_back_to_the_default(void **state)
{
    load(*state, "web.port = 8081\n");
    settings_begin(*state);
    assert_int_equal(settings_reset(*state, "web.port", NULL), ERR_OK);
    assert_int_equal(settings_commit(*state, NULL), ERR_OK);
    assert_int_equal(web_of(*state)->port, 8080);
    assert_null(settings_file_value(*state, "web.port"));
}

static void a_secret_set_to_its_mask_stays(void **state)
{
    load(*state, "web.password = hush\n");
    settings_begin(*state);
    assert_int_equal(settings_set(*state, "web.password", "********", NULL), ERR_OK);
    assert_int_equal(settings_commit(*state, NULL), ERR_OK);
    assert_string_equal(web_of(*state)->password, "hush");
}

static void overrides_are_checked_as_a_whole_at_the_end(void **state)
{
    struct err_at at = { 0 };
    assert_int_equal(settings_check(*state, &at), ERR_OK);
    assert_int_equal(settings_override(*state, "web.port", "8443", NULL), ERR_OK);
    assert_int_equal(settings_check(*state, &at), ERR_INVALID);
    assert_string_equal(at.text, "web.tls_port: two listeners need two ports");
}

static void json_masks_secrets_and_types_values(void **state)
{
    char text[16384];
    struct json_out j;
    load(*state, "web.password = hush\nweb.port = 99\n");
    json_init(&j, text, sizeof text - 1, NULL, NULL);
    settings_json(*state, &j);
    *j.p = 0;
    assert_false(j.full);
    assert_non_null(strstr(text, "{\"web.enabled\":true,\"web.port\":99,"));
    assert_non_null(strstr(text, "\"web.password\":\"********\""));
    assert_null(strstr(text, "hush"));
    json_init(&j, text, sizeof text - 1, NULL, NULL);
    settings_schema_json(*state, &j);
    *j.p = 0;
    assert_non_null(strstr(text, "{\"key\":\"busN.offset\",\"group\":\"bus\",\"name\":\"offset\",\"instances\":16,"
                                 "\"type\":\"int\",\"default\":0,\"min\":-100,\"max\":100,\"unit\":\"ms\","));
    assert_non_null(strstr(text, "\"choices\":[\"mbus\",\"transparent\"]"));
}

struct seen {
    int n, n_changed, n_overridden;
};

static void count(void *ctx, const char *key, const struct setting *row, const char *value, bool is_default,
                  bool is_over)
{
    struct seen *s = ctx;
    (void)key;
    (void)row;
    assert_non_null(value);
    s->n++;
    s->n_changed += !is_default;
    s->n_overridden += is_over;
}

static void a_walk_meets_every_key_once(void **state)
{
    struct seen s = { 0 };
    load(*state, "web.port = 8080\nweb.bind = ::1\n");
    assert_int_equal(settings_override(*state, "bus3.offset", "5", NULL), ERR_OK);
    settings_each(*state, count, &s);
    assert_int_equal(s.n, COUNT_OF(web_rows) + 16 * COUNT_OF(bus_rows));
    assert_int_equal(s.n_changed, 2);
    assert_int_equal(s.n_overridden, 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_registry_has_its_defaults),
        TEST(refusals_name_key_value_and_what_is_allowed),
        TEST(every_type_takes_what_is_right),
        TEST(bad_hosts_and_urls_are_refused),
        TEST(the_layers_win_in_order),
        TEST(errors_in_a_file_name_the_line_and_change_nothing),
        TEST(changes_are_told_once_with_old_and_new),
        TEST(a_refused_commit_changes_nothing),
        TEST(a_reset_goes_back_to_the_default),
        TEST(a_secret_set_to_its_mask_stays),
        TEST(overrides_are_checked_as_a_whole_at_the_end),
        TEST(json_masks_secrets_and_types_values),
        TEST(a_walk_meets_every_key_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
