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

enum { RENDER_SERIES_MAX = 256 };

/* A report under way; the head is the template's own. */
struct render {
    struct sheet *sheet;
    const char *serial; /* of the gateway */
    const struct zone *zone;
    struct {            /* what the newest heading line stands for */
        uint32_t meter; /* 0: none yet */
        size_t n_series;
        uint32_t series[RENDER_SERIES_MAX];
    } head;
};

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
