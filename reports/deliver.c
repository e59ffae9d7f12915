/* deliver.c — what the end of a transfer means for a report: did the server take it?
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reports/deliver.h"

enum err delivery_judge(enum err err, const struct fetch_result *r, struct err_at *at)
{
    if (err != ERR_OK)
        return err_say(at, err, "%s", r->text);
    if (r->status >= 200 && r->status < 300)
        return ERR_OK;
    if (r->status >= 300 && r->status < 400)
        return err_say(at, ERR_DELIVERY, "the server answered %ld: redirects are not followed, set the URL it names",
                       r->status);
    if (r->status == 401 || r->status == 403)
        return err_say(at, ERR_DELIVERY, "the server answered %ld: it refuses the user or the password", r->status);
    if (r->status == 413)
        return err_say(at, ERR_DELIVERY, "the server answered 413: the report is too long for it");
    return err_say(at, ERR_DELIVERY, "the server answered %ld", r->status);
}
