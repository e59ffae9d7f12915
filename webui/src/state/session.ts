/* session.ts — who is logged in, and whether the gateway can be reached.
 *
 * The cookie is out of scripts' reach; what is kept here (name, role, cross-site token) lets a reload or a second tab go on.
 * SPDX-License-Identifier: Apache-2.0
 */
import type { Session } from "../api/types";
import { createStore } from "../lib/store";

const KEY = "metergate.session";

function restore(): Session | null {
    try {
        const kept = JSON.parse(localStorage.getItem(KEY) ?? "null") as Session | null;
        return kept && typeof kept.user === "string" && typeof kept.csrf === "string" ? kept : null;
    } catch {
        return null;
    }
}

function keep(next: Session | null): void {
    try {
        if (next)
            localStorage.setItem(KEY, JSON.stringify(next));
        else
            localStorage.removeItem(KEY);
    } catch {
        /* Without storage a reload asks for the password again; nothing else is lost. */
    }
}

export const session = createStore<Session | null>(restore());
export const isOnline = createStore(true);
/** The gateway ended the session, not the user: the log-in form tells why it is there again. */
export const sessionHasEnded = createStore(false);

session.watch((next) => {
    keep(next);
    if (next)
        sessionHasEnded.set(false);
});
/* Logging in or out in one tab does so in all. */
window.addEventListener("storage", (e) => {
    if (e.key === KEY)
        session.set(restore());
});

export function mayOperate(who: Session | null): boolean {
    return who !== null && who.role !== "viewer";
}
