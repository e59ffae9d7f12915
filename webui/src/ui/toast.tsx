/* toast.tsx — short messages at the edge, read out politely, that go by themselves.
 * SPDX-License-Identifier: Apache-2.0
 */
import { createStore, useStore } from "../lib/store";
import { t } from "../i18n";
import { Icon } from "./icon";

interface Toast {
    id: number;
    text: string;
    tone: "ok" | "bad";
}

const SHOWN_MS = 6000;
const toasts = createStore<Toast[]>([]);
let lastId = 0;

function dismiss(id: number): void {
    toasts.set(toasts.get().filter((one) => one.id !== id));
}

export function toast(text: string, tone: Toast["tone"] = "ok"): void {
    const id = ++lastId;
    toasts.set([...toasts.get().slice(-3), { id, text, tone }]);
    setTimeout(() => dismiss(id), SHOWN_MS);
}

export function Toasts() {
    return (
        <div class="toasts" role="status" aria-live="polite">
            {useStore(toasts).map((one) => (
                <div key={one.id} class={`toast ${one.tone}`}>
                    <Icon name={one.tone === "ok" ? "check" : "alert"} />
                    <p>{one.text}</p>
                    <button type="button" class="button quiet" aria-label={t("toast.dismiss")} onClick={() => dismiss(one.id)}>
                        <Icon name="close" />
                    </button>
                </div>
            ))}
        </div>
    );
}
