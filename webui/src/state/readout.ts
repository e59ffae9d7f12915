/* readout.ts — reading by hand: the job that was started, followed until it ends, also when the page changes meanwhile.
 * SPDX-License-Identifier: Apache-2.0
 */
import { api, ApiError } from "../api/client";
import { onLive } from "../api/live";
import type { Id, Job } from "../api/types";
import { createStore } from "../lib/store";

export interface Readout {
    /** The meter that is read, or all. */
    target: Id | "all";
    job?: Job;
    error?: ApiError;
}

const LOOK_MS = 700;
const SHOWN_MS = 8000;

export const readout = createStore<Readout | null>(null);

export function isOver(one: Readout | null): boolean {
    return !one || one.error !== undefined || one.job?.state === "done" || one.job?.state === "failed";
}

export async function startReadout(target: Id | "all"): Promise<void> {
    if (!isOver(readout.get()))
        return;
    readout.set({ target });
    try {
        const { job } = await api<{ job: Id }>("/readouts", {
            method: "POST", json: { meters: target === "all" ? "all" : [target] },
        });
        await follow(target, job);
        forgetWhenGood();
    } catch (e) {
        readout.set({ target, error: e as ApiError });
    }
}

/* What went well needs nobody's attention for long. */
function forgetWhenGood(): void {
    const over = readout.get();
    if (over?.job?.state === "done" && over.job.errors.length === 0)
        setTimeout(() => {
            if (readout.get() === over)
                readout.set(null);
        }, SHOWN_MS);
}

async function follow(target: Id | "all", id: Id): Promise<void> {
    for (;;) {
        try {
            const job = await api<Job>(`/jobs/${id}`);
            readout.set({ target, job });
        } catch (e) {
            /* A gateway that is away for a moment has not forgotten the job. */
            if (!(e instanceof ApiError) || e.status !== 0)
                throw e;
        }
        if (isOver(readout.get()))
            return;
        await nextNews(id);
    }
}

function nextNews(id: Id): Promise<void> {
    return new Promise((resolve) => {
        const end = () => {
            clearTimeout(timer);
            stop();
            resolve();
        };
        const timer = setTimeout(end, LOOK_MS);
        const stop = onLive((name, body) => {
            if (name === "job" && String(body["id"]) === String(id))
                end();
        });
    });
}
