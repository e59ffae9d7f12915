/* not_found.tsx — an address that no page has.
 * SPDX-License-Identifier: Apache-2.0
 */
import { t } from "../i18n";
import { LinkButton } from "../ui/basics";
import { useTitle } from "../ui/title";

export function NotFound() {
    useTitle(t("app.notFound"));
    return (
        <div class="empty card">
            <h1>{t("app.notFound")}</h1>
            <p class="muted">{t("app.notFoundHelp")}</p>
            <LinkButton href="/" kind="primary">{t("app.toMeters")}</LinkButton>
        </div>
    );
}
