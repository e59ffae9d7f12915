/* template.c — the table of report templates.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reports/template.h"

#include <stddef.h>

#include "core/base/mem.h"

static const struct template templates[] = {
    { 115, "valuereport", tpl_115_add_reading },
};

const struct template *template_find(unsigned number)
{
    for (size_t i = 0; i < COUNT_OF(templates); i++) {
        if (templates[i].number == number)
            return &templates[i];
    }
    return NULL;
}
