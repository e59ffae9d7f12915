import { describe, expect, it } from "vitest";
import { parsePoints, parseValues } from "../src/api/exact";

describe("a meter's number keeps its decimals", () => {
    it.each([
        ['{"value": 6.70}', { value: { dec: "6.70" } }],
        ['{"value":-12345678901234567890.10}', { value: { dec: "-12345678901234567890.10" } }],
        ['{"value":1.5e-7,"index":3}', { value: { dec: "1.5e-7" }, index: 3 }],
        ['{"value":null}', { value: null }],
        ['{"value":"6.70"}', { value: "6.70" }],
        ['{"value":"say \\"value\\": 7"}', { value: 'say "value": 7' }],
        ['{"text":"\\\\","value":8}', { text: "\\", value: { dec: "8" } }],
        ['{"values":[{"value":1},{"value":2.0}]}', { values: [{ value: { dec: "1" } }, { value: { dec: "2.0" } }] }],
    ])("%s", (json, expected) => expect(parseValues(json)).toEqual(expected));
});

describe("the points of a series keep theirs", () => {
    it.each([
        ['{"values":[["2026-10-01T20:00:00Z",6.70],["2026-10-01T21:00:00Z", -1e3 ]],"next":null}',
         { values: [["2026-10-01T20:00:00Z", "6.70"], ["2026-10-01T21:00:00Z", "-1e3"]], next: null }],
        ['{"values":[["2026-10-01T20:00:00Z",null]]}', { values: [["2026-10-01T20:00:00Z", null]] }],
        ['{"values":[]}', { values: [] }],
    ])("%s", (json, expected) => expect(parsePoints(json)).toEqual(expected));
});
