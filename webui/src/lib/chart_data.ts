/* chart_data.ts — which values a chart asks for, and what is said about them.
 *
 * Knows: ranges, steps, which quantities only grow. Does not know: drawing.
 * SPDX-License-Identifier: Apache-2.0
 */
import type { Aggregate, Point, Series } from "../api/types";
import { decimalsOf, shiftDecimal } from "./decimal";
import { unitFor } from "./units";

export interface Span {
    from: number;
    to: number;
}

export type RangeName = "24h" | "7d" | "30d" | "90d";
export type Shown = "consumption" | "reading";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
export const RANGES: Record<RangeName, number> = { "24h": DAY, "7d": 7 * DAY, "30d": 30 * DAY, "90d": 90 * DAY };

const STEPS_S = [60, 300, 900, 3600, 6 * 3600, 86_400, 7 * 86_400, 30 * 86_400];
const BARS_MAX = 95;
const DOTS_MAX = 800;
const SHORTEST = HOUR / 4;
const LONGEST = 3660 * DAY;

/* Counters of these grow for ever: people ask how much was used. */
const COUNTED = new Set(["energy", "volume", "mass", "hca", "reactive-energy", "apparent-energy"]);
const NOT_DRAWN = new Set(["date", "date-time", "time-point", "fabrication-number", "enhanced-identification", "manufacturer",
                           "model-version", "hardware-version", "firmware-version", "software-version", "medium",
                           "parameter-set", "bus-address", "error-flags", "error-mask", "access-number", "customer", "customer-location", "tariff-start",
                           "battery-change", "manufacturer-specific", "supplier-info"]);

export function isDrawn(s: Series): boolean {
    return !NOT_DRAWN.has(s.quantity);
}

export function isCounter(s: Series): boolean {
    return COUNTED.has(s.quantity) && s.function === "inst" && s.storage === 0;
}

/** What a meter is about is shown first: its main counter, else its first present value. */
export function mainSeries(all: Series[]): Series | undefined {
    const plain = (s: Series) => s.tariff === 0 && s.subunit === 0 && s.modifiers.length === 0;
    const whole = (s: Series) => s.tariff === 0 && s.subunit === 0;
    return all.find((s) => isCounter(s) && plain(s)) ?? all.find((s) => isCounter(s) && whole(s)) ?? all.find((s) => s.function === "inst" && s.storage === 0 && plain(s)) ?? all[0];
}

export interface Query {
    step: number | undefined;
    aggregate: Aggregate;
}

/** Bars for consumption, dots for readings: as fine as the eye can tell apart. */
export function queryFor(span: Span, shown: Shown, isCounted: boolean): Query {
    const seconds = (span.to - span.from) / 1000;
    const most = shown === "consumption" ? BARS_MAX : DOTS_MAX;
    const step = STEPS_S.find((s) => seconds / s <= most) ?? STEPS_S[STEPS_S.length - 1]!;
    if (shown === "consumption")
        return { step: Math.max(step, 300), aggregate: "delta" };
    if (seconds * 1000 <= 1.1 * DAY)
        return { step: undefined, aggregate: "none" };
    return { step, aggregate: isCounted ? "last" : "mean" };
}

/** Where to begin asking: the gateway cuts the steps by its own clock, so one may begin anywhere within the step before the
 *  span. It must come whole, and before it the one from which the first difference is counted. */
export function askFrom(span: Span, query: Query): { ask: number; keep: number } {
    const step = (query.step ?? 0) * 1000;
    const keep = span.from - step;
    return { ask: query.aggregate === "delta" ? keep - step : keep, keep };
}

/** Moves a span by its share `by`, or makes it `times` as long around its middle; never into the future. */
export function moveSpan(span: Span, by: number, times: number, now: number): Span {
    const length = Math.min(Math.max((span.to - span.from) * times, SHORTEST), LONGEST);
    const middle = (span.from + span.to) / 2 + (span.to - span.from) * by;
    const to = Math.min(middle + length / 2, now);
    return { from: to - length, to };
}

export interface Drawn {
    times: number[];
    numbers: (number | null)[];
    /** The same values as text in the shown unit, with all their digits. */
    texts: (string | null)[];
    unit: string;
}

/* A mean has as many digits as the division gives; three more than its inputs are noise. */
const MEAN_DIGITS = 3;

function trim(text: string, digits: number): string {
    return decimalsOf(text) > digits ? Number(text).toFixed(digits) : text;
}

export function drawn(points: Point[], unit: string, isMean: boolean): Drawn {
    const largest = points.reduce((max, [, v]) => Math.max(max, v === null ? 0 : Math.abs(Number(v))), 0);
    const { symbol, shift } = unitFor(unit, largest);
    const texts = points.map(([, v]) => (v === null ? null : shiftDecimal(isMean ? trim(v, MEAN_DIGITS) : v, shift)));
    return {
        times: points.map(([time]) => Date.parse(time) / 1000),
        numbers: texts.map((v) => (v === null ? null : Number(v))),
        texts,
        unit: symbol,
    };
}

/** Adds decimals as text, exactly. */
export function sumDecimals(texts: (string | null)[]): string {
    const given = texts.filter((v): v is string => v !== null);
    const digits = given.reduce((most, v) => Math.max(most, decimalsOf(v)), 0);
    const sum = given.reduce((total, v) => total + BigInt(shiftDecimal(v, digits)), 0n);
    return shiftDecimal(sum.toString(), -digits);
}
