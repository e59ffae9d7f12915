/* resource.ts — data of the gateway in a component: fetched, kept while it is fetched again, renewed by news.
 * SPDX-License-Identifier: Apache-2.0
 */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { ApiError } from "./client";
import { onLive, type EventName } from "./live";

export interface Resource<T> {
    data: T | undefined;
    error: ApiError | undefined;
    isLoading: boolean;
    reload: () => void;
    /** Puts in what is known already, for instance from an event. */
    patch: (change: (data: T) => T) => void;
}

interface Options {
    /** News that make this data old. */
    on?: EventName[];
    /** Looks closer at such news: false when they are about something else. */
    concerns?: (name: EventName, body: Record<string, unknown>) => boolean;
    /** Many news within this time lead to one request. */
    gatherMs?: number;
}

/** `key` says what is fetched: another key is other data. Null: nothing is wanted now. */
export function useResource<T>(key: string | null, fetcher: (signal: AbortSignal) => Promise<T>,
                               options: Options = {}): Resource<T> {
    const [held, setHeld] = useState<{ key: string | null; data?: T; error?: ApiError }>({ key });
    const [busy, setBusy] = useState(key !== null);
    const latest = useRef({ fetcher, options });
    latest.current = { fetcher, options };
    const cut = useRef<AbortController | null>(null);

    const reload = useCallback(() => {
        cut.current?.abort();
        if (key === null)
            return;
        const mine = new AbortController();
        cut.current = mine;
        setBusy(true);
        latest.current.fetcher(mine.signal).then(
            (data) => {
                if (mine.signal.aborted)
                    return;
                setHeld({ key, data });
                setBusy(false);
            },
            (error: unknown) => {
                if (mine.signal.aborted)
                    return;
                const why = error instanceof ApiError ? error : new ApiError(0, "unreadable", String(error));
                setHeld((was) => ({ ...(was.key === key ? was : {}), key, error: why }));
                setBusy(false);
            });
    }, [key]);

    useEffect(() => {
        reload();
        return () => cut.current?.abort();
    }, [reload]);

    useEffect(() => {
        let timer = 0;
        const stop = onLive((name, body) => {
            const { on = [], concerns, gatherMs = 400 } = latest.current.options;
            if (name !== "refresh" && (!on.includes(name) || (concerns && !concerns(name, body))))
                return;
            if (timer === 0)
                timer = window.setTimeout(() => {
                    timer = 0;
                    reload();
                }, gatherMs);
        });
        return () => {
            stop();
            clearTimeout(timer);
        };
    }, [reload]);

    const patch = useCallback((change: (data: T) => T) =>
        setHeld((was) => (was.data === undefined ? was : { ...was, data: change(was.data) })), []);

    const mine = held.key === key;
    return { data: mine ? held.data : undefined, error: mine ? held.error : undefined, isLoading: busy, reload, patch };
}
