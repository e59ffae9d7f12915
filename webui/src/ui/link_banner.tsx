/* link_banner.tsx — says that the gateway is out of reach, and that it is back.
 * SPDX-License-Identifier: Apache-2.0
 */
import { useEffect, useRef } from "preact/hooks";
import { liveMode } from "../api/live";
import { t } from "../i18n";
import { useStore } from "../lib/store";
import { isOnline } from "../state/session";
import { Icon } from "./icon";
import { toast } from "./toast";

export function LinkBanner() {
    const online = useStore(isOnline);
    const mode = useStore(liveMode);
    const was = useRef(online);
    useEffect(() => {
        if (online && !was.current)
            toast(t("link.back"));
        was.current = online;
    }, [online]);
    return (
        <div class="banners" role="status" aria-live="polite">
            {!online && <p class="banner bad"><Icon name="alert" />{t("link.lost")}</p>}
            {online && mode === "polling" && <p class="banner quiet"><Icon name="info" />{t("link.polling")}</p>}
        </div>
    );
}
