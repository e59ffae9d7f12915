/* exact.ts — JSON in which a meter's number keeps its own decimals: 6.70 stays "6.70".
 *
 * A number of JavaScript would make 6.7 of it, and round what has more than 15 digits. So the numbers of a VALUE and of a
 * series' points are wrapped as text before the rest is parsed.
 * SPDX-License-Identifier: Apache-2.0
 */

/** A number as it was written. */
export interface Exact {
    dec: string;
}

const STRING = '"(?:[^"\\\\]|\\\\.)*"';
const NUMBER = "-?\\d[\\d.eE+-]*";

/* Strings are matched as a whole, so that what stands inside them is left alone. */
const MEMBER = new RegExp(`("value"\\s*:\\s*)(${NUMBER})|${STRING}`, "g");
const POINT = new RegExp(`(\\[\\s*${STRING}\\s*,\\s*)(${NUMBER})(\\s*\\])|${STRING}`, "g");

/** Parses an answer whose `value` members are numbers of a meter; each becomes an Exact. */
export function parseValues(json: string): unknown {
    return JSON.parse(json.replace(MEMBER, (all, key?: string, number?: string) =>
        number === undefined ? all : `${key}{"dec":"${number}"}`));
}

/** Parses an answer with `[time, value]` pairs; the value of each becomes text. */
export function parsePoints(json: string): unknown {
    return JSON.parse(json.replace(POINT, (all, head?: string, number?: string, tail?: string) =>
        number === undefined ? all : `${head}"${number}"${tail}`));
}

export function isExact(value: unknown): value is Exact {
    return typeof value === "object" && value !== null && "dec" in value;
}
