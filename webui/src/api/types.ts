/* types.ts — the shapes of the gateway's answers, as far as the pages use them.
 * SPDX-License-Identifier: Apache-2.0
 */
import type { Exact } from "./exact";

export type Id = number | string;
export type Role = "viewer" | "operator" | "admin";
export type ReadoutStatus = "ok" | "no_answer" | "collision" | "garbled" | "wrong_meter" | "undecodable" | "no_key";
export type Severity = "error" | "warning" | "info" | "debug";

export interface Session {
    user: string;
    role: Role;
    csrf: string;
    /** The factory password is still in use: nothing else works until it is changed. */
    password_change_required: boolean;
}

export interface System {
    product: string;
    version: string;
    serial: string;
    time: string;
    uptime_s: number;
    meters: { active: number; passive: number; limit: number };
    store: { bytes: number; values: number };
}

/** Both null: never read. */
export type Readout = { time: string; status: ReadoutStatus } | { time: null; status: null };

export interface Meter {
    id: Id;
    position: string;
    secondary_address: string;
    manufacturer: string | null;
    version: number | null;
    medium: number | null;
    medium_name: string | null;
    addressing: string;
    primary_address: number | null;
    enhanced_address: string | null;
    baud: number;
    bus: number;
    state: string;
    last_readout: Readout;
}

export interface Value {
    index: number;
    telegram: number;
    series: Id | null;
    quantity: string;
    unit: string;
    value: Exact | string | null;
    function: string;
    storage: number;
    tariff: number;
    subunit: number;
    modifiers: string[];
    /** What a VIFE makes of the number where it is not what quantity and unit say. */
    means?: Pick<Value, "quantity" | "unit" | "value">;
    special?: string;
    note?: string;
}

export interface Latest {
    time: string;
    telegrams: number;
    source?: string;
    age_s?: number;
    header: Record<string, unknown>;
    values: Value[];
}

export interface Series {
    id: Id;
    quantity: string;
    unit: string;
    function: string;
    storage: number;
    tariff: number;
    subunit: number;
    modifiers: string[];
}

/** Time and the number as it was written; null where the meter gave none. */
export type Point = [time: string, value: string | null];
export type Aggregate = "none" | "mean" | "min" | "max" | "last" | "delta";

export interface JobError {
    subject?: string;
    message: string;
}

export interface Job {
    id: Id;
    kind: string;
    state: "waiting" | "running" | "done" | "failed";
    progress: { done: number; total: number };
    errors: JobError[];
}

export interface LogEntry {
    time: string;
    severity: Severity;
    origin: string;
    text: string;
}


/** One complaint of a refused request: where, and what is wrong. */
export interface Detail {
    line?: number;
    column?: number;
    field?: string;
    message: string;
}
