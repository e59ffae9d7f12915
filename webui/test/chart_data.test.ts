import { describe, expect, it } from "vitest";
import type { Series } from "../src/api/types";
import { askFrom, drawn, isCounter, isDrawn, mainSeries, moveSpan, queryFor, RANGES, sumDecimals } from "../src/lib/chart_data";

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 9, 10, 12, 7);
const last = (name: keyof typeof RANGES) => ({ from: NOW - RANGES[name], to: NOW });
const series = (fields: Partial<Series>): Series =>
    ({ id: 1, quantity: "energy", unit: "Wh", function: "inst", storage: 0, tariff: 0, subunit: 0, modifiers: [], ...fields });

describe("a chart asks for as much as the eye can tell apart", () => {
    it.each([
        ["24h", "consumption", 3600, "delta"],
        ["7d", "consumption", 21_600, "delta"],
        ["30d", "consumption", 86_400, "delta"],
        ["90d", "consumption", 86_400, "delta"],
        ["24h", "reading", undefined, "none"],
        ["7d", "reading", 900, "last"],
        ["90d", "reading", 21_600, "last"],
    ] as const)("%s as %s: steps of %s s, %s", (range, shown, step, aggregate) =>
        expect(queryFor(last(range), shown, true)).toEqual({ step, aggregate }));

    it("takes the mean of what is no counter", () => expect(queryFor(last("30d"), "reading", false).aggregate).toBe("mean"));

    it("begins with a whole step, and asks for the one before where differences are counted", () => {
        const { ask, keep } = askFrom(last("30d"), { step: 86_400, aggregate: "delta" });
        expect(keep).toBe(last("30d").from - DAY);
        expect(ask).toBe(keep - DAY);
        expect(askFrom(last("24h"), { step: undefined, aggregate: "none" })).toEqual({ ask: NOW - DAY, keep: NOW - DAY });
    });
});

describe("zooming", () => {
    it("halves around the middle", () =>
        expect(moveSpan({ from: NOW - 4 * DAY, to: NOW - 2 * DAY }, 0, 0.5, NOW)).toEqual({ from: NOW - 3.5 * DAY, to: NOW - 2.5 * DAY }));
    it("never leads into the future", () => expect(moveSpan(last("7d"), 0.5, 1, NOW)).toEqual(last("7d")));
    it("ends at a quarter of an hour", () => {
        const span = moveSpan({ from: NOW - 1000, to: NOW }, 0, 0.5, NOW);
        expect(span.to - span.from).toBe(900_000);
    });
});

describe("which series", () => {
    it("shows the main counter first", () => {
        const all = [series({ id: 1, tariff: 1 }), series({ id: 2, quantity: "power" }), series({ id: 3, quantity: "volume" })];
        expect(mainSeries(all)?.id).toBe(3);
        expect(mainSeries([])).toBeUndefined();
    });
    it("prefers a counter of a direction to what is no counter", () => {
        const all = [series({ id: 1, quantity: "flow-temperature" }), series({ id: 2, modifiers: ["positive-accumulation"] })];
        expect(mainSeries(all)?.id).toBe(2);
    });
    it("counts only what grows for ever", () => {
        expect(isCounter(series({}))).toBe(true);
        expect(isCounter(series({ storage: 1 }))).toBe(false);
        expect(isCounter(series({ function: "max" }))).toBe(false);
        expect(isCounter(series({ quantity: "power" }))).toBe(false);
    });
    it("leaves dates and serial numbers out", () =>
        expect([series({ quantity: "date-time" }), series({ quantity: "fabrication-number" })].some(isDrawn)).toBe(false));
});

describe("drawing", () => {
    it("keeps the digits beside the numbers", () =>
        expect(drawn([["2026-10-01T00:00:00Z", "12345000"], ["2026-10-01T01:00:00Z", null]], "Wh", false)).toEqual({
            times: [1_790_812_800, 1_790_816_400], numbers: [12345, null], texts: ["12345.000", null], unit: "kWh",
        }));
    it("cuts the noise of a mean", () =>
        expect(drawn([["2026-10-01T00:00:00Z", "67.333333333333329"]], "C", true).texts).toEqual(["67.333"]));
    it("adds decimals exactly", () => {
        expect(sumDecimals(["0.1", "0.2", null])).toBe("0.3");
        expect(sumDecimals(["9007199254740993", "1.50"])).toBe("9007199254740994.50");
        expect(sumDecimals([])).toBe("0");
    });
});
