import { describe, expect, it } from "vitest";
import { pleasant, unitFor } from "../src/lib/units";

describe("units are made pleasant without losing a digit", () => {
    it.each([
        ["12345000", "Wh", "12345.000", "kWh"],
        ["1", "Wh", "0.001", "kWh"],
        ["2345000000", "J", "2345.000000", "MJ"],
        ["850", "W", "850", "W"],
        ["10400", "W", "10.400", "kW"],
        ["-2000", "W", "-2.000", "kW"],
        ["12.345", "m3", "12.345", "m³"],
        ["0.450", "m3/h", "0.450", "m³/h"],
        ["6.70", "C", "6.70", "°C"],
        ["31536000", "s", "8760", "h"],
        ["90", "s", "90", "s"],
        ["120", "s", "2", "min"],
        ["0", "s", "0", "s"],
        ["230.1", "V", "230.1", "V"],
        ["17", "parrots", "17", "parrots"],
    ])("%s %s is %s %s", (dec, unit, text, shown) => expect(pleasant(dec, unit)).toEqual({ text, unit: shown }));

    it("takes one unit for all values of a chart", () => {
        expect(unitFor("W", 999)).toEqual({ symbol: "W", shift: 0 });
        expect(unitFor("W", 1000)).toEqual({ symbol: "kW", shift: -3 });
    });
});
