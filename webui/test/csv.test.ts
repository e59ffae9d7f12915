import { describe, expect, it } from "vitest";
import { cellAt, cellsOf, EXAMPLE, lineSpan, meterLines, separatorOf, TEMPLATE } from "../src/lib/csv";

const LIST = 'Position;SecondaryAddress;BaudRate\r\n"Hall; east";1300165;2400\r\n\r\nOffice;14290591;\r\n';

describe("the place of a complaint is found again", () => {
    it.each([
        [1, 2, "SecondaryAddress"],
        [2, 1, "Hall; east"],
        [2, 2, "1300165"],
        [4, 3, ""],
        [4, 9, null],
        [99, 1, null],
        [undefined, 1, null],
        [4, undefined, "Office;14290591;"],
    ])("line %s column %s holds %s", (line, column, expected) => expect(cellAt(LIST, line, column)).toBe(expected));

    it.each([
        ["a,b", ","],
        ["a;b,c", ";"],
        ["a\tb", "\t"],
        ["alone", ";"],
    ])("the separator of %j is %j", (text, expected) => expect(separatorOf(text)).toBe(expected));

    it("keeps a doubled quote out of the way", () => expect(cellsOf('"say ""hi""";2', ";")).toHaveLength(2));

    it("selects a whole line without its end", () => {
        const [start, end] = lineSpan(LIST, 2)!;
        expect(LIST.slice(start, end)).toBe('"Hall; east";1300165;2400');
        expect(lineSpan(LIST, 50)).toBeNull();
        expect(lineSpan(LIST, 0)).toBeNull();
    });

    it("counts meters, not empty lines", () => {
        expect(meterLines(LIST)).toBe(2);
        expect(meterLines(TEMPLATE)).toBe(0);
        expect(meterLines(EXAMPLE)).toBe(3);
        expect(meterLines("Position;SecondaryAddress\n;;;\n ; \n")).toBe(0);
    });
});
