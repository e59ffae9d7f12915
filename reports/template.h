/* template.h — what reports look like, by number: one file tpl_NNN.c and one row in template.c each.
 *
 * A template turns one stored readout at a time into text, so a report is as long in time slices as the caller wants.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REPORTS_TEMPLATE_H
#define REPORTS_TEMPLATE_H

#include <stdint.h>

#include "core/base/civil.h"
#include "core/meter.h"
#include "reports/sheet.h"
#include "store/store.h"

/* A report under way; set all but the head, which is the template's, and is given back by render_fini(). */
struct render {
    struct sheet *sheet;
    const char *serial; /* of the gateway */
    const struct zone *zone;
    struct sheet head;   /* the newest heading line of head_meter */
    uint32_t head_meter; /* 0: none yet */
};
static inline void render_fini(struct render *r)
{
    sheet_fini(&r->head);
}

struct template
{
    unsigned number;  /* without the digit of the transport */
    const char *kind; /* in file names: "valuereport" */
    /* Appends the rows of a readout, with headings where they are needed. */
    void (*add_reading)(struct render * r, const struct meter *m, const struct store_reading *reading);
};

const struct template *template_find(unsigned number); /* NULL: there is none */

void tpl_115_add_reading(struct render *r, const struct meter *m, const struct store_reading *reading);

#endif
