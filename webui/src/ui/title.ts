/* title.ts — the title of the window follows the page.
 * SPDX-License-Identifier: Apache-2.0
 */
import { useEffect } from "preact/hooks";
import { t } from "../i18n";

export function useTitle(page: string): void {
    useEffect(() => {
        document.title = page ? `${page} – ${t("app.name")}` : t("app.name");
    }, [page]);
}
