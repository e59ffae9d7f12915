import { describe, expect, it } from "vitest";
import { decimalsOf, divideWhole, groupDecimal, shiftDecimal } from "../src/lib/decimal";

describe("a decimal point is moved as text", () => {
    it.each([
        ["12345000", -3, "12345.000"],
        ["6.70", 0, "6.70"],
        ["6.70", 3, "6700"],
        ["5", -3, "0.005"],
        ["-1.5", -1, "-0.15"],
        ["0", -3, "0.000"],
        ["123456789012345678901234567890", -3, "123456789012345678901234567.890"],
        ["1.50e3", 0, "1500"],
        ["1.5e-7", 0, "0.00000015"],
        ["0012", 0, "12"],
        ["not a number", -3, "not a number"],
        ["", 1, ""],
    ])("%s times 10^%i is %s", (text, by, expected) => expect(shiftDecimal(text, by)).toBe(expected));
});

describe("whole numbers are divided only where nothing is left over", () => {
    it.each([
        ["7200", 3600n, "2"],
        ["7201", 3600n, null],
        ["7200.00", 3600n, "2"],
        ["0.5", 60n, null],
        ["-120", 60n, "-2"],
        ["9007199254740993000", 1000n, "9007199254740993"],
    ])("%s by %s is %s", (text, by, expected) => expect(divideWhole(text, by)).toBe(expected));
});

describe("digits are grouped for eyes", () => {
    it.each([
        ["12345.000", ".", "12\u202f345.000"],
        ["1234", ".", "1234"],
        ["1234567", ",", "1\u202f234\u202f567"],
        ["-0.5", ",", "\u22120,5"],
        ["0.0012345", ".", "0.0012345"],
    ])("%s with %s reads %s", (text, mark, expected) => expect(groupDecimal(text, mark)).toBe(expected));

    it("tells how many digits stand behind the point", () =>
        expect(["1", "1.0", "6.700", "1e-3", "x"].map(decimalsOf)).toEqual([0, 1, 3, 3, 0]));
});
