/* apdu.c — the application layer's CI field and the header behind it.
 *
 * Knows: which CI has which header and content, the two header layouts (EN 13757-3, 5).
 * Does not know: links, security, records.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "protocols/codec/mbus/apdu.h"

#include "core/base/mem.h"

struct ci_row {
    uint8_t header;  /* enum apdu_header */
    uint8_t content; /* enum apdu_content */
    bool is_msb_first;
};

#define NONE  APDU_HEADER_NONE
#define SHORT APDU_HEADER_SHORT
#define LONG  APDU_HEADER_LONG
#define MAKER4(ci)                                                                                                     \
    [ci] = { NONE, APDU_MAKER, false }, [(ci) + 1] = { NONE, APDU_MAKER, false },                                      \
    [(ci) + 2] = { NONE, APDU_MAKER, false }, [(ci) + 3] = { NONE, APDU_MAKER, false }
#define COMMAND4(ci)                                                                                                   \
    [ci] = { NONE, APDU_COMMAND, false }, [(ci) + 1] = { NONE, APDU_COMMAND, false },                                  \
    [(ci) + 2] = { NONE, APDU_COMMAND, false }, [(ci) + 3] = { NONE, APDU_COMMAND, false }

/* EN 13757-7 table 2; 73h on wires is the fixed structure and told apart by apdu_read(). */
static const struct ci_row ci_rows[256] = {
    [0x50] = { NONE, APDU_COMMAND, false }, /* application reset or select */
    [0x51] = { NONE, APDU_RECORDS, false }, /* data to the meter */
    [0x52] = { NONE, APDU_COMMAND, false }, /* selection by secondary address */
    [0x53] = { LONG, APDU_COMMAND, false }, /* application reset or select */
    [0x54] = { NONE, APDU_COMMAND, false }, /* synchronise */
    [0x55] = { NONE, APDU_RECORDS, true },
    [0x56] = { NONE, APDU_COMMAND, true },
    [0x5A] = { SHORT, APDU_RECORDS, false }, /* data to the meter */
    [0x5B] = { LONG, APDU_RECORDS, false },
    [0x60] = { LONG, APDU_FOREIGN, false }, /* COSEM to the meter */
    [0x61] = { SHORT, APDU_FOREIGN, false },
    [0x64] = { LONG, APDU_FOREIGN, false }, /* OBIS to the meter */
    [0x65] = { SHORT, APDU_FOREIGN, false },
    [0x66] = { NONE, APDU_FOREIGN, false }, /* answer to an application select */
    [0x67] = { SHORT, APDU_FOREIGN, false },
    [0x68] = { LONG, APDU_FOREIGN, false },
    [0x69] = { NONE, APDU_FORMAT, false },
    [0x6A] = { SHORT, APDU_FORMAT, false },
    [0x6B] = { LONG, APDU_FORMAT, false },
    [0x6C] = { LONG, APDU_COMMAND, false }, /* set the clock */
    [0x6D] = { LONG, APDU_COMMAND, false },
    [0x6E] = { SHORT, APDU_APP_ERROR, false },
    [0x6F] = { LONG, APDU_APP_ERROR, false },
    [0x70] = { NONE, APDU_APP_ERROR, false },
    [0x71] = { NONE, APDU_ALARM, false },
    [0x72] = { LONG, APDU_RECORDS, false },
    [0x73] = { LONG, APDU_COMPACT, false },
    [0x74] = { SHORT, APDU_ALARM, false },
    [0x75] = { LONG, APDU_ALARM, false },
    [0x76] = { LONG, APDU_RECORDS, true },
    [0x77] = { NONE, APDU_FIXED, true },
    [0x78] = { NONE, APDU_RECORDS, false },
    [0x79] = { NONE, APDU_COMPACT, false },
    [0x7A] = { SHORT, APDU_RECORDS, false },
    [0x7B] = { SHORT, APDU_COMPACT, false },
    [0x7C] = { LONG, APDU_FOREIGN, false }, /* COSEM from the meter */
    [0x7D] = { SHORT, APDU_FOREIGN, false },
    [0x7E] = { LONG, APDU_FOREIGN, false }, /* OBIS from the meter */
    [0x7F] = { SHORT, APDU_FOREIGN, false },
    [0x80] = { LONG, APDU_TRANSPORT, false },
    [0x81] = { NONE, APDU_FOREIGN, false }, /* network layer */
    [0x8A] = { SHORT, APDU_TRANSPORT, false },
    [0x8B] = { LONG, APDU_TRANSPORT, false },
    MAKER4(0xA0),
    MAKER4(0xA4),
    MAKER4(0xA8),
    MAKER4(0xAC),
    MAKER4(0xB0),
    MAKER4(0xB4),
    COMMAND4(0xB8),
    COMMAND4(0xBC), /* baud rate */
};

static uint64_t read_uint(struct rd *r, bool is_msb_first, size_t n)
{
    return is_msb_first ? rd_be(r, n) : rd_le(r, n);
}

enum err apdu_read(struct rd *r, bool is_wireless, struct apdu *out)
{
    struct apdu a = { .ci = rd_u8(r) };
    const struct ci_row *row = &ci_rows[a.ci];
    a.header = (enum apdu_header)row->header;
    a.content = (enum apdu_content)row->content;
    a.is_msb_first = row->is_msb_first;
    if (a.ci == CI_RESPONSE_FIXED && !is_wireless && rd_left(r) <= FIXED_LEN) {
        a.header = APDU_HEADER_NONE;
        a.content = APDU_FIXED;
    }
    if (a.header == APDU_HEADER_LONG) {
        a.head.ident = (uint32_t)read_uint(r, a.is_msb_first, 4);
        a.head.maker = (uint16_t)read_uint(r, a.is_msb_first, 2);
        a.head.version = rd_u8(r);
        a.head.medium = rd_u8(r);
    }
    if (a.header != APDU_HEADER_NONE) {
        a.head.access_no = rd_u8(r);
        a.head.status = rd_u8(r);
        a.head.signature = (uint16_t)read_uint(r, a.is_msb_first, 2);
    }
    if (!rd_ok(r))
        return ERR_SHORT;
    *out = a;
    return ERR_OK;
}

const char *apdu_error_text(uint8_t code)
{
    static const char *const texts[] = {
        [0x00] = "unspecified error",
        [0x01] = "CI field not implemented",
        [0x02] = "buffer too long, truncated",
        [0x03] = "too many records",
        [0x04] = "premature end of record",
        [0x05] = "more than 10 DIFE",
        [0x06] = "more than 10 VIFE",
        [0x07] = "reserved",
        [0x08] = "application too busy",
        [0x09] = "too many readouts",
        [0x10] = "access denied",
        [0x11] = "application or command unknown",
        [0x12] = "parameter missing or wrong",
        [0x13] = "unknown receiver address",
        [0x14] = "decryption failed",
        [0x15] = "encryption method not supported",
        [0x16] = "signature method not supported",
    };
    if (code >= 0xF0)
        return "error of the maker's own";
    return code < COUNT_OF(texts) && texts[code] ? texts[code] : "reserved";
}
