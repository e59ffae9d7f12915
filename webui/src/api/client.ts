/* client.ts — the one way to the gateway's REST interface: a request goes out, an answer or an ApiError comes back.
 *
 * Knows: the cross-site token, how refusals look, what a lost connection is. Does not know: pages, texts for people.
 * SPDX-License-Identifier: Apache-2.0
 */
import { isOnline, session, sessionHasEnded } from "../state/session";
import type { Detail } from "./types";

/** Why a request brought nothing. `code` is the gateway's word, or one of: offline, timeout, unreadable. */
export class ApiError extends Error {
    constructor(
        readonly status: number,
        readonly code: string,
        message: string,
        readonly details: Detail[] = [],
        readonly retryAfterS: number = 0,
    ) {
        super(message);
    }
}

export interface Request {
    method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
    query?: Record<string, string | number | undefined>;
    json?: unknown;
    csv?: string;
    /** What kind of answer is wanted; JSON when absent. */
    accept?: string;
    /** How to read the answer; JSON.parse when absent. */
    parse?: (text: string) => unknown;
    signal?: AbortSignal;
}

const TIMEOUT_MS = 30_000;

export function apiUrl(path: string, query: Request["query"] = {}): string {
    const given = Object.entries(query).filter(([, v]) => v !== undefined && v !== "");
    const search = new URLSearchParams(given.map(([k, v]) => [k, String(v)])).toString();
    return `/api/v1${path}${search ? `?${search}` : ""}`;
}

export async function api<T>(path: string, request: Request = {}): Promise<T> {
    const { text } = await send(path, request);
    if (text === "")
        return undefined as T;
    try {
        return (request.parse ?? JSON.parse)(text) as T;
    } catch {
        throw new ApiError(0, "unreadable", "");
    }
}

/** Fetches every page of a list: `next` is followed until it is missing. */
export async function apiAll<T>(path: string, key: string, request: Request = {}): Promise<T[]> {
    const all: T[] = [];
    let cursor: string | undefined;
    do {
        const page = await api<Record<string, unknown>>(path, {
            ...request, query: { limit: 1000, ...request.query, cursor },
        });
        all.push(...(page[key] as T[]));
        cursor = (page["next"] as string | null | undefined) ?? undefined;
    } while (cursor !== undefined);
    return all;
}

async function send(path: string, request: Request): Promise<{ text: string }> {
    const cut = new AbortController();
    const timer = setTimeout(() => cut.abort(), TIMEOUT_MS);
    request.signal?.addEventListener("abort", () => cut.abort());
    try {
        const answer = await fetch(apiUrl(path, request.query), init(request, cut.signal));
        const text = await answer.text();
        isOnline.set(true);
        if (!answer.ok)
            throw refusal(answer, text);
        return { text };
    } catch (e) {
        if (e instanceof ApiError)
            throw e;
        if (request.signal?.aborted)
            throw new ApiError(0, "aborted", "");
        isOnline.set(false);
        throw new ApiError(0, cut.signal.aborted ? "timeout" : "offline", "");
    } finally {
        clearTimeout(timer);
    }
}

function init(request: Request, signal: AbortSignal): RequestInit {
    const method = request.method ?? "GET";
    const headers: Record<string, string> = { Accept: request.accept ?? "application/json" };
    const csrf = session.get()?.csrf;
    if (method !== "GET" && csrf)
        headers["X-CSRF-Token"] = csrf;
    if (request.json !== undefined)
        headers["Content-Type"] = "application/json";
    if (request.csv !== undefined)
        headers["Content-Type"] = "text/csv; charset=utf-8";
    const body = request.csv ?? (request.json === undefined ? undefined : JSON.stringify(request.json));
    return { method, headers, body, signal, credentials: "same-origin", cache: "no-store" };
}

function refusal(answer: Response, text: string): ApiError {
    let said: { error?: string; message?: string; details?: Detail[] } = {};
    try {
        said = JSON.parse(text);
    } catch {
        /* A proxy in between may answer with a page of its own: the status has to do. */
    }
    const error = new ApiError(answer.status, said.error ?? `http_${answer.status}`, said.message ?? "",
                               Array.isArray(said.details) ? said.details : [],
                               Number(answer.headers.get("Retry-After")) || 0);
    /* A session that has ended leads to the log-in form, but a wrong password typed there stays there. */
    const now = session.get();
    if (error.status === 401 && now) {
        sessionHasEnded.set(true);
        session.set(null);
    }
    if (error.code === "password_change_required" && now && !now.password_change_required)
        session.set({ ...now, password_change_required: true });
    return error;
}
