/* live.ts — what happens at the gateway, told to the pages as it happens.
 *
 * The event stream is used where there is one; without it everyone is asked to look again every few seconds. When the
 * gateway is gone it is knocked at until it answers, then everyone looks again once.
 * SPDX-License-Identifier: Apache-2.0
 */
import { createStore } from "../lib/store";
import { isOnline, session } from "../state/session";

export type EventName = "reading" | "job" | "meter" | "bus" | "log" | "report" | "settings";
export type LiveFn = (name: EventName | "refresh", body: Record<string, unknown>) => void;

export const EVENT_NAMES: EventName[] = ["reading", "job", "meter", "bus", "log", "report", "settings"];
const POLL_MS = 4000;
const KNOCK_MS = 2000;
const STREAM_RETRY_MS = 30_000;

/** How news come: by the stream, by asking, or not at all. */
export const liveMode = createStore<"stream" | "polling" | "off">("off");

const listeners = new Set<LiveFn>();
let stream: EventSource | null = null;
let timer = 0;

export function onLive(fn: LiveFn): () => void {
    listeners.add(fn);
    return () => void listeners.delete(fn);
}

function tell(name: EventName | "refresh", body: Record<string, unknown> = {}): void {
    for (const fn of [...listeners])
        fn(name, body);
}

function parseBody(data: string): Record<string, unknown> {
    try {
        return JSON.parse(data) as Record<string, unknown>;
    } catch {
        return {};
    }
}

function openStream(): void {
    stream?.close();
    const next = new EventSource("/api/v1/events");
    stream = next;
    next.onopen = () => {
        clearTimeout(timer);
        const wasAway = liveMode.get() !== "stream";
        liveMode.set("stream");
        isOnline.set(true);
        if (wasAway)
            tell("refresh");
    };
    next.onerror = () => {
        next.close();
        if (stream === next)
            fallBack();
    };
    for (const name of EVENT_NAMES)
        next.addEventListener(name, (e) => tell(name, parseBody((e as MessageEvent<string>).data)));
}

/* No stream: is the gateway gone, or has it just none to give? */
function fallBack(): void {
    liveMode.set("polling");
    const since = Date.now();
    const look = async () => {
        const alive = await knock();
        const wasGone = !isOnline.get();
        isOnline.set(alive);
        if (alive && (wasGone || Date.now() - since > STREAM_RETRY_MS))
            return openStream();
        if (alive)
            tell("refresh");
        timer = window.setTimeout(look, alive ? POLL_MS : KNOCK_MS);
    };
    clearTimeout(timer);
    timer = window.setTimeout(look, 500);
}

async function knock(): Promise<boolean> {
    try {
        const answer = await fetch("/healthz", { cache: "no-store", signal: AbortSignal.timeout(5000) });
        return answer.ok;
    } catch {
        return false;
    }
}

function stop(): void {
    stream?.close();
    stream = null;
    clearTimeout(timer);
    liveMode.set("off");
}

/** Follows the session: news come while somebody is logged in. */
export function startLive(): void {
    const follow = () => {
        const who = session.get();
        const wanted = who !== null && !who.password_change_required;
        if (wanted && liveMode.get() === "off")
            openStream();
        if (!wanted)
            stop();
    };
    session.watch(follow);
    /* A request that failed knows sooner than the stream that the gateway is gone. */
    isOnline.watch((online) => {
        if (!online && liveMode.get() === "stream") {
            stream?.close();
            fallBack();
        }
    });
    window.addEventListener("pagehide", stop);
    window.addEventListener("pageshow", follow);
    follow();
}
