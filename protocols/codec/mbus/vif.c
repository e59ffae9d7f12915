/* vif.c — unit, quantity and modifiers of a record.
 *
 * Knows: the order of VIF, plain-text unit and VIFE; what a VIFE does to unit, scale and type.
 * Does not know: what single codes mean (vif_table), data fields (record).
 * SPDX-License-Identifier: Apache-2.0
 */
#include "protocols/codec/mbus/vif.h"

enum { VIF_TEXT = 0x7C, VIF_MAKER = 0x7F, VIF_EXTENSION_FB = 0xFB, VIF_EXTENSION_FD = 0xFD, VIF_EXTENSION_EF = 0xEF };
enum { SECOND_TYPE_C = 0x11, SECOND_TYPE_D = 0x12 };
enum { LATIN1_LAST_ASCII = 0x7F };

/* While the VIFEs are walked. */
struct walk {
    struct rd *r;
    struct value *v;
    struct vif_info *info;
    unsigned n_vife;
    bool is_maker; /* all that follows is the maker's own */
};

static void put_latin1_char(struct wr *w, uint8_t c)
{
    if (c > LATIN1_LAST_ASCII) {
        wr_u8(w, (uint8_t)(0xC0 | c >> 6));
        c = (uint8_t)(0x80 | (c & 0x3F));
    }
    wr_u8(w, c);
}

bool vif_put_latin1(struct wr *w, const uint8_t *chars, size_t len, bool last_first)
{
    for (size_t i = 0; i < len; i++)
        put_latin1_char(w, chars[last_first ? len - 1 - i : i]);
    return wr_ok(w);
}

/* The text of a plain-text VIF stands right behind the VIF byte, before any VIFE: so all meters seen do it. */
static enum err read_text(struct rd *r, struct wr *text, bool is_msb_first, struct value *v)
{
    uint8_t len = rd_u8(r);
    const uint8_t *chars = rd_bytes(r, len);
    if (!chars)
        return ERR_SHORT;
    const char *unit = (const char *)text->p;
    vif_put_latin1(text, chars, len, !is_msb_first);
    wr_u8(text, 0);
    if (!wr_ok(text))
        return ERR_TOO_BIG;
    v->unit_text = unit;
    return ERR_OK;
}

static inline void take_row(struct value *v, struct vif_info *info, const struct vif_row *row)
{
    v->quantity = row->quantity;
    v->unit = row->unit;
    v->exp10 = row->exp10;
    info->type = row->type;
}

static void apply_vife(struct walk *w, unsigned code)
{
    const struct vife_row *row = &vife_combinable[code];
    switch ((enum vife_effect)row->effect) {
    case VIFE_ERROR:
        w->info->error = (uint8_t)code;
        return;
    case VIFE_SCALE:
        w->v->exp10 = (int8_t)(w->v->exp10 + row->arg); /* ten of them stay within ±72 */
        return;
    case VIFE_OFFSET:
        w->info->has_offset = true;
        w->info->offset_exp10 = row->arg;
        return;
    case VIFE_MEANING: /* quantity, unit and scale stay; an integer has no sign then */
        w->info->has_meaning = true;
        if (w->info->type == VIF_NUMBER)
            w->info->type = VIF_UNSIGNED;
        return;
    case VIFE_OTHER_UNIT:
        w->v->unit = UNIT_NONE;
        return;
    case VIFE_MAKER:
        w->is_maker = true;
        return;
    case VIFE_PLAIN:
    case VIFE_SECOND_TABLE:
        return;
    }
}

static void add_modifier(struct walk *w, unsigned modifier)
{
    w->v->modifiers[w->v->n_modifiers++] = (uint16_t)modifier; /* n_vife bounds it */
}

/* One VIFE byte that is neither a true VIF nor the maker's. *second: the byte is of the second table. */
static void take_vife(struct walk *w, uint8_t vife, bool *second)
{
    unsigned code = vife & VIF_CODE;
    if (*second) {
        if (code == SECOND_TYPE_C || code == SECOND_TYPE_D)
            w->info->type = VIF_UNSIGNED;
        *second = false;
        add_modifier(w, MODIFIER_SECOND + code);
        return;
    }
    *second = vife_combinable[code].effect == VIFE_SECOND_TABLE && (vife & VIF_EXTENDED);
    if (*second)
        return;
    apply_vife(w, code);
    if (vife_combinable[code].effect != VIFE_MAKER)
        add_modifier(w, code);
}

static enum err read_vifes(struct walk *w)
{
    bool second = false;
    uint8_t vife;
    do {
        if (w->n_vife == VIFE_MAX)
            return ERR_TOO_MANY;
        vife = rd_u8(w->r);
        if (!rd_ok(w->r))
            return ERR_SHORT;
        w->n_vife++;
        if (w->is_maker)
            add_modifier(w, MODIFIER_MAKER + (vife & VIF_CODE));
        else
            take_vife(w, vife, &second);
    } while (vife & VIF_EXTENDED);
    return ERR_OK;
}

/* FBh, FDh and EFh: the true VIF follows as first VIFE. Returns its byte; *r is bad when there is none. */
static uint8_t read_true_vif(struct walk *w, uint8_t vif)
{
    uint8_t code = rd_u8(w->r);
    w->n_vife++;
    if (vif == VIF_EXTENSION_FB) {
        take_row(w->v, w->info, &vif_fb[code & VIF_CODE]);
    } else if (vif == VIF_EXTENSION_EF) {
        take_row(w->v, w->info, &vif_reserved);
    } else if (code == VIF_EXTENSION_FD) {
        code = rd_u8(w->r);
        w->n_vife++;
        take_row(w->v, w->info, &vif_fd_fd[code & VIF_CODE]);
    } else {
        take_row(w->v, w->info, &vif_fd[code & VIF_CODE]);
    }
    return code;
}

/* All but a lone VIF without extension. */
static enum err read_block(struct walk *w, uint8_t vif, struct wr *text, bool is_msb_first)
{
    if ((vif & VIF_CODE) == VIF_TEXT) {
        enum err e = read_text(w->r, text, is_msb_first, w->v);
        if (e != ERR_OK)
            return e;
    } else if (vif == VIF_EXTENSION_FB || vif == VIF_EXTENSION_FD || vif == VIF_EXTENSION_EF) {
        vif = read_true_vif(w, vif);
    }
    w->is_maker = vif == (VIF_MAKER | VIF_EXTENDED) && w->v->quantity == Q_MANUFACTURER_SPECIFIC;
    if (vif & VIF_EXTENDED)
        return read_vifes(w);
    return rd_ok(w->r) ? ERR_OK : ERR_SHORT;
}

enum err vif_read(struct rd *r, struct wr *text, bool is_msb_first, struct value *v, struct vif_info *info)
{
    uint8_t vif = rd_u8(r);
    *info = (struct vif_info){ .type = VIF_NUMBER };
    v->unit_text = NULL;
    v->n_modifiers = 0;
    take_row(v, info, &vif_primary[vif & VIF_CODE]);
    if (!(vif & VIF_EXTENDED) && vif != VIF_TEXT) /* most records */
        return rd_ok(r) ? ERR_OK : ERR_SHORT;
    struct walk w = { .r = r, .v = v, .info = info };
    return read_block(&w, vif, text, is_msb_first);
}
