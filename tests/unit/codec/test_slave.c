/* test_slave.c — conversations with one slave, byte for byte.
 *
 * All bytes are written by hand from EN 13757-2 and EN 13757-3; frame() adds start, length, checksum and stop itself.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "protocols/codec/mbus/slave.h"

enum { STEPS_MAX = 16, CHAIN_MAX_HERE = 3 };

struct bytes {
    uint8_t b[FRAME_MAX];
    size_t len;
};

static void add(struct bytes *out, unsigned byte)
{
    assert_true(out->len < sizeof out->b);
    out->b[out->len++] = (uint8_t)byte;
}

static unsigned digit(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : c - 'A' + 10);
}

/* "C A" becomes a short frame, "C A CI …" a long one, "E5" itself, "" nothing. */
static struct bytes frame(const char *text)
{
    struct bytes body = { .len = 0 }, out = { .len = 0 };
    for (; *text; text += text[2] ? 3 : 2)
        add(&body, digit(text[0]) << 4 | digit(text[1]));
    if (body.len < 2)
        return body;
    unsigned sum = 0;
    bool is_long = body.len > 2;
    add(&out, is_long ? 0x68 : 0x10);
    for (int i = 0; is_long && i < 2; i++)
        add(&out, (unsigned)body.len);
    if (is_long)
        add(&out, 0x68);
    for (size_t i = 0; i < body.len; i++) {
        add(&out, body.b[i]);
        sum += body.b[i];
    }
    add(&out, sum & 0xFF);
    add(&out, 0x16);
    return out;
}

/* A heat meter 12345678, KAM, version 1B, at primary address 5, access number 2A, with a chain of up to three. */
#define HEAD(access_no) "08 05 72 78 56 34 12 2D 2C 1B 04 " access_no " 00 00 00 "
#define FIRST           "04 06 11 00 00 00 1F"
#define SECOND          "04 06 22 00 00 00 1F"
#define THIRD           "04 06 33 00 00 00"

static const char *const heat[] = { HEAD("2A") THIRD };
static const char *const chain[] = { HEAD("2A") FIRST, HEAD("2B") SECOND, HEAD("2C") THIRD };
static const char *const unconfigured[] = { "08 00 72 78 56 34 12 2D 2C 1B 04 2A 00 00 00 " THIRD };
static const char *const secondary_only[] = { "18 FD 72 78 56 34 12 2D 2C 1B 04 2A 00 00 00 " THIRD };
static const char *const mode_2[] = { "08 05 76 12 34 56 78 2C 2D 1B 04 2A 00 00 00 04 06 00 00 00 33" };
/* The example of the user group's paper, 6.3.1: fixed data structure, water meter 12345678 */
static const char *const fixed[] = { "08 05 73 78 56 34 12 0A 00 E9 7E 01 00 00 00 35 01 00 00" };
static const char *const no_header[] = { "08 05 78 " THIRD };
static const char *const encrypted[] = { "08 05 72 78 56 34 12 2D 2C 1B 04 2A 00 10 05 "
                                         "00 11 22 33 44 55 66 77 88 99 AA BB CC DD EE FF" };

#define SELECT       "53 FD 52 78 56 34 12 2D 2C 1B 04"
#define SELECT_OTHER "53 FD 52 79 56 34 12 2D 2C 1B 04"

struct step {
    const char *request, *answer;
};

static const struct {
    const char *name;
    const char *const *telegrams;
    size_t n_telegrams;
    const char *fabrication;
    struct step steps[STEPS_MAX];
} cases[] = {
    { "the link reset of its primary address is acknowledged",
      heat,
      1,
      NULL,
      { { "40 05", "E5" }, { "40 06", "" }, { "40 00", "" } } },
    { "a request to its primary address brings its telegram", heat, 1, NULL, { { "7B 05", HEAD("2A") THIRD } } },
    { "an unconfigured slave answers at address 0",
      unconfigured,
      1,
      NULL,
      { { "40 00", "E5" }, { "7B 00", "08 00 72 78 56 34 12 2D 2C 1B 04 2A 00 00 00 " THIRD } } },
    { "every slave answers at 254, with its own address",
      heat,
      1,
      NULL,
      { { "40 FE", "E5" }, { "7B FE", HEAD("2A") THIRD } } },
    { "nobody answers at 255, but it is obeyed",
      heat,
      1,
      NULL,
      { { "40 FF", "" }, { "7B FF", "" }, { "53 FF 51 01 7A 09", "" }, { "40 05", "" }, { "40 09", "E5" } } },
    { "answers and reserved services are not for a slave",
      heat,
      1,
      NULL,
      { { "08 05", "" }, { "49 05", "" }, { "C0 05", "" }, { HEAD("2A") THIRD, "" }, { "E5", "" }, { "53 05", "" } } },
    { "a class 1 request is answered: no alarm", heat, 1, NULL, { { "7A 05", "E5" }, { "5A 05", "E5" } } },

    { "the same frame count bit repeats the last answer",
      heat,
      1,
      NULL,
      { { "40 05", "E5" },
        { "7B 05", HEAD("2A") THIRD },
        { "7B 05", HEAD("2A") THIRD },
        { "5B 05", HEAD("2B") THIRD },
        { "5B 05", HEAD("2B") THIRD },
        { "7B 05", HEAD("2C") THIRD } } },
    { "after a reset any frame count bit begins anew",
      heat,
      1,
      NULL,
      { { "40 05", "E5" },
        { "5B 05", HEAD("2A") THIRD },
        { "5B 05", HEAD("2A") THIRD },
        { "40 05", "E5" },
        { "5B 05", HEAD("2B") THIRD } } },
    { "without FCV the data is always fresh",
      heat,
      1,
      NULL,
      { { "4B 05", HEAD("2A") THIRD }, { "4B 05", HEAD("2B") THIRD }, { "6B 05", HEAD("2C") THIRD } } },
    { "toggled bits walk along the chain and round again",
      chain,
      3,
      NULL,
      { { "40 05", "E5" },
        { "7B 05", HEAD("2A") FIRST },
        { "5B 05", HEAD("2B") SECOND },
        { "5B 05", HEAD("2B") SECOND },
        { "7B 05", HEAD("2C") THIRD },
        { "5B 05", HEAD("2D") FIRST },
        { "7B 05", HEAD("2E") SECOND } } },
    { "without FCV a chain stays where it is",
      chain,
      3,
      NULL,
      { { "7B 05", HEAD("2A") FIRST },
        { "5B 05", HEAD("2B") SECOND },
        { "4B 05", HEAD("2C") SECOND },
        { "7B 05", HEAD("2D") THIRD } } },
    { "a link reset goes back to the first telegram",
      chain,
      3,
      NULL,
      { { "7B 05", HEAD("2A") FIRST },
        { "5B 05", HEAD("2B") SECOND },
        { "40 05", "E5" },
        { "7B 05", HEAD("2C") FIRST } } },
    { "an application reset goes back to the first telegram",
      chain,
      3,
      NULL,
      { { "7B 05", HEAD("2A") FIRST },
        { "5B 05", HEAD("2B") SECOND },
        { "53 05 50", "E5" },
        { "7B 05", HEAD("2C") FIRST },
        { "73 05 50 10", "E5" },
        { "7B 05", HEAD("2D") FIRST } } },
    { "class 1 requests and sent data leave the count of class 2 alone",
      chain,
      3,
      NULL,
      { { "7B 05", HEAD("2A") FIRST },
        { "5A 05", "E5" },
        { "73 05 51 08 7F", "E5" },
        { "53 05 51 08 7F", "E5" },
        { "7B 05", HEAD("2A") FIRST },
        { "5B 05", HEAD("2B") SECOND } } },
    { "primary address and selection count for themselves",
      chain,
      3,
      NULL,
      { { SELECT, "E5" },
        { "7B FD", HEAD("2A") FIRST },
        { "5B 05", HEAD("2B") FIRST },
        { "5B FD", HEAD("2C") SECOND },
        { "5B 05", HEAD("2B") FIRST },
        { "40 05", "E5" },
        { "5B FD", HEAD("2C") SECOND } } },

    { "nobody is selected at first", heat, 1, NULL, { { "7B FD", "" }, { "40 FD", "" }, { "53 FD 51 01 7A 09", "" } } },
    { "the right address selects, mode and bits of C do not matter",
      heat,
      1,
      NULL,
      { { SELECT, "E5" },
        { "73 FD 52 78 56 34 12 2D 2C 1B 04", "E5" },
        { "43 FD 52 78 56 34 12 2D 2C 1B 04", "E5" },
        { "63 FD 52 78 56 34 12 2D 2C 1B 04", "E5" },
        { "7B FD", HEAD("2A") THIRD } } },
    { "a selection that does not fit deselects without a word",
      heat,
      1,
      NULL,
      { { SELECT, "E5" }, { SELECT_OTHER, "" }, { "7B FD", "" } } },
    { "a link reset to 253 deselects without a word",
      heat,
      1,
      NULL,
      { { SELECT, "E5" }, { "40 FD", "" }, { "7B FD", "" }, { "40 05", "E5" } } },
    { "a selection makes the count of 253 anew",
      chain,
      3,
      NULL,
      { { SELECT, "E5" },
        { "7B FD", HEAD("2A") FIRST },
        { "5B FD", HEAD("2B") SECOND },
        { SELECT, "E5" },
        { "5B FD", HEAD("2C") FIRST } } },
    { "each nibble of the number may be a wildcard",
      heat,
      1,
      NULL,
      { { "53 FD 52 FF FF FF FF FF FF FF FF", "E5" },
        { "53 FD 52 FF FF FF 1F FF FF FF FF", "E5" },
        { "53 FD 52 FF FF FF 2F FF FF FF FF", "" },
        { "53 FD 52 F8 5F F4 1F FF FF FF FF", "E5" },
        { "53 FD 52 F9 5F F4 1F FF FF FF FF", "" } } },
    { "maker, version and medium are wild as whole fields only",
      heat,
      1,
      NULL,
      { { "53 FD 52 78 56 34 12 FF FF 1B 04", "E5" },
        { "53 FD 52 78 56 34 12 2D FF 1B 04", "" },
        { "53 FD 52 78 56 34 12 FF 2C 1B 04", "" },
        { "53 FD 52 78 56 34 12 2D 2C FF 04", "E5" },
        { "53 FD 52 78 56 34 12 2D 2C 1F 04", "" },
        { "53 FD 52 78 56 34 12 2D 2C 1B FF", "E5" },
        { "53 FD 52 78 56 34 12 2D 2C 1B 0F", "" },
        { "53 FD 52 78 56 34 12 2D 2C 1C 04", "" },
        { "53 FD 52 78 56 34 12 2D 2C 1B 07", "" },
        { "53 FD 52 78 56 34 12 2E 2C 1B 04", "" } } },
    { "a selection that is too short, or not sent to 253, selects nobody",
      heat,
      1,
      NULL,
      { { SELECT, "E5" }, { "53 FD 52 78 56 34 12 2D 2C 1B", "E5" }, { "53 FE 52 78 56 34 12 2D 2C 1B 04", "E5" } } },
    { "a mode 1 slave is deselected by every mode 2 selection",
      heat,
      1,
      NULL,
      { { SELECT, "E5" }, { "53 FD 56 FF FF FF FF FF FF FF FF", "" }, { "7B FD", "" } } },
    { "a mode 2 slave is selected with the high bytes first",
      mode_2,
      1,
      NULL,
      { { "53 FD 56 12 34 56 78 2C 2D 1B 04", "E5" },
        { "7B FD", "08 05 76 12 34 56 78 2C 2D 1B 04 2A 00 00 00 04 06 00 00 00 33" },
        { "5B FD", "08 05 76 12 34 56 78 2C 2D 1B 04 2B 00 00 00 04 06 00 00 00 33" },
        { "53 FD 56 1F FF FF FF FF FF FF FF", "E5" },
        { "53 FD 56 2F FF FF FF FF FF FF FF", "" },
        { SELECT, "" },
        { "7B FD", "" } } },
    { "a slave without a primary address is reached by selection alone",
      secondary_only,
      1,
      NULL,
      { { "40 FD", "" }, { SELECT, "E5" }, { "7B FD", "08 FD 72 78 56 34 12 2D 2C 1B 04 2A 00 00 00 " THIRD } } },
    { "a fixed data structure is selected by number and medium",
      fixed,
      1,
      NULL,
      { { "53 FD 52 78 56 34 12 FF FF FF FF", "E5" },
        { "53 FD 52 78 56 34 12 FF FF FF 07", "E5" },
        { "53 FD 52 78 56 34 12 FF FF FF 04", "" },
        { "53 FD 52 78 56 34 12 00 00 00 07", "E5" },
        { "7B 05", "08 05 73 78 56 34 12 0A 00 E9 7E 01 00 00 00 35 01 00 00" },
        { "5B 05", "08 05 73 78 56 34 12 0B 00 E9 7E 01 00 00 00 35 01 00 00" } } },
    { "a slave that sends no header is reached by its primary address alone",
      no_header,
      1,
      NULL,
      { { "53 FD 52 FF FF FF FF FF FF FF FF", "" }, { "7B 05", "08 05 78 " THIRD }, { "5B 05", "08 05 78 " THIRD } } },
    { "an encrypted telegram keeps the access number it was encrypted with",
      encrypted,
      1,
      NULL,
      { { "7B 05", "08 05 72 78 56 34 12 2D 2C 1B 04 2A 00 10 05 00 11 22 33 44 55 66 77 88 99 AA BB CC DD EE FF" },
        { "5B 05", "08 05 72 78 56 34 12 2D 2C 1B 04 2A 00 10 05 00 11 22 33 44 55 66 77 88 99 AA BB CC DD EE FF" } } },

    { "enhanced selection asks for the fabrication number, too",
      heat,
      1,
      "87654321",
      { { SELECT " 0C 78 21 43 65 87", "E5" },
        { SELECT " 0C 78 22 43 65 87", "" },
        { SELECT " 0C 78 F1 FF FF 8F", "E5" },
        { SELECT " 0C 78 F1 FF FF 9F", "" },
        { SELECT_OTHER " 0C 78 21 43 65 87", "" },
        { SELECT, "E5" } } },
    { "a slave without fabrication number is deselected by enhanced selection",
      heat,
      1,
      NULL,
      { { SELECT, "E5" }, { SELECT " 0C 78 FF FF FF FF", "" }, { "7B FD", "" } } },
    { "a selection by records that a slave does not know deselects",
      heat,
      1,
      "87654321",
      { { SELECT " 0C 79 21 43 65 87", "" }, { SELECT " 0C 78 21 43", "" } } },

    { "a selected slave takes a new primary address and answers with it",
      heat,
      1,
      NULL,
      { { SELECT, "E5" },
        { "53 FD 51 01 7A 09", "E5" },
        { "40 05", "" },
        { "40 09", "E5" },
        { "7B FD", "08 09 72 78 56 34 12 2D 2C 1B 04 2A 00 00 00 " THIRD } } },
    { "a new address is taken at the test address and in mode 2",
      heat,
      1,
      NULL,
      { { "53 FE 51 01 7A 09", "E5" }, { "40 09", "E5" }, { "73 09 55 01 7A FA", "E5" }, { "40 FA", "E5" } } },
    { "an address that no slave may have is not taken",
      heat,
      1,
      NULL,
      { { "53 05 51 01 7A FB", "E5" }, { "40 05", "E5" }, { "53 05 51 01 7A FD", "E5" }, { "40 05", "E5" } } },
    { "data it does not understand is acknowledged and changes nothing",
      heat,
      1,
      NULL,
      { { "53 05 51 01 7A", "E5" }, { "53 05 51 02 7A 09 00", "E5" }, { "53 05 54 00", "E5" }, { "40 05", "E5" } } },
};

static void give(struct slave *s, const char *request_text, const struct bytes *telegrams, struct bytes *answer)
{
    struct bytes request = frame(request_text);
    struct frame f;
    assert_int_equal(frame_parse(request.b, request.len, &f, NULL), ERR_OK);
    struct slave_act act = slave_take(s, &f);
    struct wr w = wr_init(answer->b, sizeof answer->b);
    if (act.what == SLAVE_ACK)
        wr_u8(&w, 0xE5);
    if (act.what == SLAVE_SEND) {
        assert_true(act.telegram < s->n_telegrams);
        const struct bytes *t = &telegrams[act.telegram];
        struct frame stored;
        assert_int_equal(frame_parse(t->b, t->len, &stored, NULL), ERR_OK);
        slave_put(&w, s, &act, &stored);
    }
    assert_true(wr_ok(&w));
    answer->len = wr_len(&w);
}

static void answers_as_the_standard_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct bytes telegrams[CHAIN_MAX_HERE];
        struct slave s;
        for (size_t t = 0; t < cases[i].n_telegrams; t++)
            telegrams[t] = frame(cases[i].telegrams[t]);
        assert_int_equal(slave_init(&s, telegrams[0].b, telegrams[0].len, NULL), ERR_OK);
        s.n_telegrams = cases[i].n_telegrams;
        s.has_fabrication = cases[i].fabrication && address_ident_parse(cases[i].fabrication, &s.fabrication);
        for (size_t n = 0; n < STEPS_MAX && cases[i].steps[n].request; n++) {
            struct bytes got, want = frame(cases[i].steps[n].answer);
            give(&s, cases[i].steps[n].request, telegrams, &got);
            if (!bytes_equal(got.b, got.len, want.b, want.len)) {
                char hex[2 * FRAME_MAX + 1];
                str_to_hex(hex, got.b, got.len);
                fail_msg("%s: step %zu (%s) gave \"%s\", not %s", cases[i].name, n, cases[i].steps[n].request, hex,
                         cases[i].steps[n].answer);
            }
        }
    }
}

static void asks_for_the_rate_it_was_told(void **state)
{
    (void)state;
    static const struct {
        const char *request;
        uint32_t baud;
    } rates[] = { { "53 05 B8", 300 },   { "53 05 B9", 600 },   { "73 05 BA", 1200 },  { "53 05 BB", 2400 },
                  { "53 05 BC", 4800 },  { "53 05 BD", 9600 },  { "53 05 BE", 19200 }, { "53 05 BF", 38400 },
                  { "53 05 B7", 38400 }, { "53 06 B8", 38400 }, { "53 05 C0", 38400 } };
    struct bytes telegram = frame(heat[0]), answer;
    struct slave s;
    assert_int_equal(slave_init(&s, telegram.b, telegram.len, NULL), ERR_OK);
    assert_int_equal(s.baud, 0);
    for (size_t i = 0; i < COUNT_OF(rates); i++) {
        give(&s, rates[i].request, &telegram, &answer);
        assert_int_equal(s.baud, rates[i].baud);
    }
}

static void says_by_its_act_which_answer_is_a_repeat(void **state)
{
    (void)state;
    struct bytes telegram = frame(heat[0]);
    struct slave s;
    assert_int_equal(slave_init(&s, telegram.b, telegram.len, NULL), ERR_OK);
    static const struct {
        const char *request;
        bool is_repeat;
    } steps[] = { { "7B 05", false }, { "7B 05", true }, { "5B 05", false }, { "4B 05", false }, { "5B 05", true } };
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        struct bytes request = frame(steps[i].request);
        struct frame f;
        assert_int_equal(frame_parse(request.b, request.len, &f, NULL), ERR_OK);
        struct slave_act act = slave_take(&s, &f);
        assert_int_equal(act.what, SLAVE_SEND);
        assert_int_equal(act.is_repeat, steps[i].is_repeat);
    }
}

static void says_no_data_without_a_telegram(void **state)
{
    (void)state;
    struct bytes telegram = frame(heat[0]), answer;
    struct slave s;
    assert_int_equal(slave_init(&s, telegram.b, telegram.len, NULL), ERR_OK);
    s.n_telegrams = 0;
    give(&s, "7B 05", &telegram, &answer);
    assert_int_equal(answer.len, 1);
    assert_int_equal(answer.b[0], 0xE5);
}

static void goes_on_when_its_chain_has_become_shorter(void **state)
{
    (void)state;
    struct bytes telegrams[] = { frame(chain[0]), frame(chain[1]), frame(chain[2]) }, answer;
    struct slave s;
    assert_int_equal(slave_init(&s, telegrams[0].b, telegrams[0].len, NULL), ERR_OK);
    s.n_telegrams = 3;
    give(&s, "7B 05", telegrams, &answer);
    give(&s, "5B 05", telegrams, &answer);
    give(&s, "7B 05", telegrams, &answer);
    s.n_telegrams = 1;
    give(&s, "7B 05", telegrams, &answer); /* a repeat of what is no longer there */
    assert_int_equal(answer.b[21], 0x11);
}

static void refuses_what_no_meter_sends(void **state)
{
    (void)state;
    struct slave s = { .a = 77 };
    struct err_at at = { 0 };
    struct bytes request = frame("53 05 50"), cut = frame(heat[0]), ack = frame("E5"), reset = frame("40 05");
    assert_int_equal(slave_init(&s, request.b, request.len, &at), ERR_INVALID);
    assert_int_equal(at.offset, 4);
    assert_int_equal(slave_init(&s, cut.b, cut.len - 1, &at), ERR_SHORT);
    assert_int_equal(slave_init(&s, ack.b, ack.len, &at), ERR_INVALID);
    assert_int_equal(slave_init(&s, reset.b, reset.len, &at), ERR_INVALID);
    cut.b[cut.len - 2] ^= 1;
    assert_int_equal(slave_init(&s, cut.b, cut.len, &at), ERR_CHECKSUM);
    assert_int_equal(s.a, 77);
}

static void takes_a_telegram_that_ends_in_its_header(void **state)
{
    (void)state;
    static const char *const shorts[] = { "08 05 72 78 56 34 12", "08 05 72",
                                          "08 05 73 78 56",       "08 05 7A",
                                          "08 05 7A 11",          "08 05 72 78 56 34 12 2D 2C 1B 04 2A 00 10" };
    for (size_t i = 0; i < COUNT_OF(shorts); i++) {
        struct bytes telegram = frame(shorts[i]), answer;
        struct slave s;
        assert_int_equal(slave_init(&s, telegram.b, telegram.len, NULL), ERR_OK);
        give(&s, "7B 05", &telegram, &answer);
        give(&s, "5B 05", &telegram, &answer);
        assert_memory_equal(answer.b, telegram.b, telegram.len); /* nothing in it counts on */
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_as_the_standard_says),
        cmocka_unit_test(asks_for_the_rate_it_was_told),
        cmocka_unit_test(says_by_its_act_which_answer_is_a_repeat),
        cmocka_unit_test(says_no_data_without_a_telegram),
        cmocka_unit_test(goes_on_when_its_chain_has_become_shorter),
        cmocka_unit_test(refuses_what_no_meter_sends),
        cmocka_unit_test(takes_a_telegram_that_ends_in_its_header),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
