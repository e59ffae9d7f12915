/* theme.ts — light, dark, or as the system says.
 * SPDX-License-Identifier: Apache-2.0
 */
import { createStore } from "../lib/store";

export type Theme = "auto" | "light" | "dark";

const KEY = "metergate.theme";

function restore(): Theme {
    try {
        const kept = localStorage.getItem(KEY);
        return kept === "light" || kept === "dark" ? kept : "auto";
    } catch {
        return "auto";
    }
}

export const theme = createStore<Theme>(restore());

function apply(next: Theme): void {
    if (next === "auto")
        delete document.documentElement.dataset["theme"];
    else
        document.documentElement.dataset["theme"] = next;
}

theme.watch((next) => {
    apply(next);
    try {
        localStorage.setItem(KEY, next);
    } catch {
        /* no storage: until the next load */
    }
});
apply(theme.get());

/** Calls fn when the colours change, by the switch or by the system. */
export function onColours(fn: () => void): () => void {
    const system = window.matchMedia("(prefers-color-scheme: dark)");
    system.addEventListener("change", fn);
    const stop = theme.watch(fn);
    return () => {
        system.removeEventListener("change", fn);
        stop();
    };
}
