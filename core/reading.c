/* reading.c — values as numbers and words.
 *
 * Knows: canonical units, what a VIFE makes of a number, the JSON members of a value, when two values are of one series.
 * Does not know: DIF and VIF bytes, meters, time zones.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "core/reading.h"

#include "core/base/bug.h"
#include "core/base/civil.h"
#include "core/base/str.h"
#include "core/when.h"

const char *value_note_name(unsigned note)
{
    static const char *const names[] = {
        [NOTE_NONE] = NULL,
        [NOTE_NO_DATA] = "no-data",
        [NOTE_INVALID_DIGITS] = "invalid-digits",
        [NOTE_INVALID_NUMBER] = "invalid-number",
        [NOTE_INVALID_TIME] = "invalid-time",
        [NOTE_OVERFLOW] = "overflow",
        [NOTE_EXPIRED] = "expired",
    };
    /* Only the codes without a name of their own need the buffer; one word serves for all of these. */
    if (note < NOTE_RECORD_ERROR)
        return names[note];
    BUG_IF(note >= NOTE_N);
    char buf[MODIFIER_TEXT_MAX];
    const char *name = modifier_name(note - NOTE_RECORD_ERROR, buf);
    return name == buf ? "record-error" : name;
}

bool value_canonical(const struct value *v, struct dec *out)
{
    struct dec d = { v->mantissa, v->exp10 };
    if (v->kind != VALUE_NUMBER || v->exp10 < -30 || v->exp10 > 30)
        return false;
    int32_t factor = unit_factor((enum unit)v->unit);
    if (factor != 1 && !dec_scale(&d, factor))
        return false;
    *out = d;
    return true;
}

/* --- what a VIFE makes of a number --- */

enum meaning { MEANS_SAME, MEANS_COUNT, MEANS_DURATION, MEANS_TIME };

/* EN 13757-3, combinable VIFEs 39h…6Fh. */
static enum meaning meaning_of(unsigned modifier)
{
    switch (modifier) {
    case 0x41:
    case 0x49:
        return MEANS_COUNT;
    case 0x39:
    case 0x42:
    case 0x43:
    case 0x46:
    case 0x47:
    case 0x4A:
    case 0x4B:
    case 0x4E:
    case 0x4F:
    case 0x6A:
    case 0x6B:
    case 0x6E:
    case 0x6F:
        return MEANS_TIME;
    default: /* in each group of four: seconds, minutes, hours, days */
        return modifier >= 0x50 && modifier <= 0x67 ? MEANS_DURATION : MEANS_SAME;
    }
}

/* The last VIFE that changes the meaning, and the power of ten of the factors behind it. With an addend the number of the
 * data field is not known any more. */
static enum meaning find_meaning(const struct value *v, unsigned *modifier, int *exp10, bool *is_sum)
{
    enum meaning found = MEANS_SAME;
    *is_sum = false;
    for (unsigned i = 0; i < v->n_modifiers; i++) {
        unsigned m = v->modifiers[i];
        enum meaning means = meaning_of(m);
        if (means != MEANS_SAME) {
            found = means;
            *modifier = m;
            *exp10 = 0;
        } else if ((m >= 0x70 && m <= 0x77) || m == 0x7D) {
            *exp10 += m == 0x7D ? 3 : (int)m - 0x76;
        } else if (m >= 0x78 && m <= 0x7B) {
            *is_sum = true;
        }
    }
    return found;
}

/* The number is a time of type G, F or I. Its size tells which: each has a month, and so none fits where a shorter one has
 * its room; what was sent with a length that does not go with its size has a note. */
static void take_time(struct value *out, int64_t number)
{
    enum value_kind kind;
    size_t len = number <= UINT16_MAX ? 2 : number <= UINT32_MAX ? 4 : 6;
    if (number >= 0 && number >> 48 == 0 && when_read((uint64_t)number, len, &kind, &out->mantissa))
        out->kind = (uint8_t)kind;
    out->quantity = out->kind == VALUE_DATE ? Q_DATE : Q_DATE_TIME;
}

bool value_means(const struct value *v, struct value *out)
{
    static const uint8_t spans[] = { UNIT_S, UNIT_MIN, UNIT_H, UNIT_D };
    unsigned modifier = 0;
    int exp10 = 0;
    bool is_sum;
    if (v->n_modifiers == 0 || (v->kind != VALUE_NUMBER && v->kind != VALUE_NONE))
        return false;
    enum meaning means = find_meaning(v, &modifier, &exp10, &is_sum);
    if (means == MEANS_SAME)
        return false;
    bool is_sound = v->kind == VALUE_NUMBER && v->note == NOTE_NONE && !is_sum;
    *out = (struct value){ .note = v->note };
    if (means == MEANS_TIME) {
        take_time(out, is_sound ? v->mantissa : -1);
        return true;
    }
    out->quantity = means == MEANS_COUNT ? Q_LIMIT_COUNT : Q_LIMIT_DURATION;
    out->unit = means == MEANS_COUNT ? UNIT_NONE : spans[modifier & 3];
    out->kind = is_sound ? VALUE_NUMBER : VALUE_NONE;
    out->mantissa = v->mantissa;
    out->exp10 = (int8_t)exp10;
    return true;
}

/* --- words --- */

const char *value_unit_name(const struct value *v)
{
    return v->unit_text ? v->unit_text : unit_canonical((enum unit)v->unit);
}

bool value_same_series(const struct value *a, const struct value *b)
{
    if (a->quantity != b->quantity || a->unit != b->unit || a->function != b->function || a->storage != b->storage ||
        a->tariff != b->tariff || a->subunit != b->subunit || a->n_modifiers != b->n_modifiers)
        return false;
    for (unsigned i = 0; i < a->n_modifiers; i++) {
        if (a->modifiers[i] != b->modifiers[i])
            return false;
    }
    return str_eq(a->unit_text, b->unit_text);
}

void value_time_text(char out[static 24], const struct value *v)
{
    struct civil c;
    civil_from_seconds(v->mantissa, &c);
    if (!civil_is_valid(&c)) {
        out[0] = 0;
        return;
    }
    civil_iso_text(out, &c);
    if (v->kind == VALUE_DATE)
        out[10] = 0;
}

static void time_json(struct json_out *j, const struct value *v)
{
    char text[24];
    value_time_text(text, v);
    if (text[0])
        json_plain(j, text);
    else
        json_null(j);
}

void value_json(struct json_out *j, const struct value *v)
{
    struct dec number;
    switch ((enum value_kind)v->kind) {
    case VALUE_NONE:
        json_null(j);
        return;
    case VALUE_NUMBER:
        if (value_canonical(v, &number))
            json_dec(j, number);
        else
            json_null(j);
        return;
    case VALUE_TEXT:
        json_str_n(j, (const char *)v->bytes, v->len);
        return;
    case VALUE_DATE:
    case VALUE_MINUTE:
    case VALUE_SECOND:
        time_json(j, v);
        return;
    case VALUE_BYTES:
    case VALUE_MAKER_BLOCK:
    case VALUE_MORE_FOLLOWS:
        json_hex(j, v->bytes, v->len);
        return;
    }
    bug_found(__FILE__, __LINE__, "no such kind of value");
}

static void modifiers_json(struct json_out *j, const struct value *v)
{
    char buf[MODIFIER_TEXT_MAX];
    json_piece(j, ",\"modifiers\":[");
    j->comma = false;
    for (unsigned i = 0; i < v->n_modifiers; i++)
        json_plain(j, modifier_name(v->modifiers[i], buf));
    json_array_end(j);
}

static void unit_json(struct json_out *j, const struct value *v)
{
    json_piece(j, ",\"unit\":");
    j->comma = false;
    if (v->unit_text)
        json_str(j, v->unit_text);
    else
        json_plain(j, unit_canonical((enum unit)v->unit));
}

static void function_json(struct json_out *j, enum function f)
{
    switch (f) {
    case FUNCTION_INST:
        json_piece(j, ",\"function\":\"inst\"");
        return;
    case FUNCTION_MAX:
        json_piece(j, ",\"function\":\"max\"");
        return;
    case FUNCTION_MIN:
        json_piece(j, ",\"function\":\"min\"");
        return;
    case FUNCTION_ERROR:
        json_piece(j, ",\"function\":\"error\"");
        return;
    }
    bug_found(__FILE__, __LINE__, "no such function");
}

static void means_json(struct json_out *j, const struct value *v)
{
    struct value means;
    if (!value_means(v, &means))
        return;
    json_piece(j, ",\"means\":{\"quantity\":");
    j->comma = false;
    json_plain(j, quantity_name((enum quantity)means.quantity));
    unit_json(j, &means);
    json_piece(j, ",\"value\":");
    j->comma = false;
    value_json(j, &means);
    json_object_end(j);
}

/* This runs for every value that leaves the gateway or the decoder: in pieces rather than in keys and values. */
void value_json_members(struct json_out *j, const struct value *v)
{
    json_key(j, "index");
    json_piece_uint(j, v->index);
    json_piece(j, ",\"telegram\":");
    json_piece_uint(j, v->telegram);
    if (v->series) {
        json_piece(j, ",\"series\":");
        json_piece_uint(j, v->series);
    }
    json_piece(j, ",\"quantity\":");
    json_plain(j, quantity_name((enum quantity)v->quantity));
    unit_json(j, v);
    json_piece(j, ",\"value\":");
    j->comma = false;
    value_json(j, v);
    function_json(j, (enum function)v->function);
    json_piece(j, ",\"storage\":");
    json_piece_uint(j, v->storage);
    json_piece(j, ",\"tariff\":");
    json_piece_uint(j, v->tariff);
    json_piece(j, ",\"subunit\":");
    json_piece_uint(j, v->subunit);
    modifiers_json(j, v);
    means_json(j, v);
    if (v->kind == VALUE_MAKER_BLOCK || v->kind == VALUE_MORE_FOLLOWS) {
        json_key(j, "special");
        json_plain(j, v->kind == VALUE_MAKER_BLOCK ? "manufacturer" : "more-follows");
    }
    if (v->note) {
        json_key(j, "note");
        json_plain(j, value_note_name(v->note));
    }
}

const char *readout_status_name(enum readout_status s)
{
    static const char *const names[] = { "ok",          "no_answer",   "collision", "garbled",
                                         "wrong_meter", "undecodable", "no_key" };
    _Static_assert(sizeof names / sizeof names[0] == READOUT_N_STATUS, "one name for each status");
    BUG_IF((unsigned)s >= READOUT_N_STATUS);
    return names[s];
}

const char *reading_source_name(enum reading_source s)
{
    switch (s) {
    case SOURCE_SCHEDULED:
        return "scheduled";
    case SOURCE_MANUAL:
        return "manual";
    case SOURCE_CONTINUOUS:
        return "continuous";
    case SOURCE_PUSH:
        return "push";
    }
    bug_found(__FILE__, __LINE__, "no such source");
}
