/* csv.ts — a meter list that is being written: its template, and what stands at a place that was refused.
 *
 * The gateway checks the list; this only finds the place again, so that it can be shown and jumped to.
 * SPDX-License-Identifier: Apache-2.0
 */

export const COLUMNS = ["Position", "SecondaryAddress", "BaudRate", "AddressingMode", "PrimaryAddress", "EnhancedAddress"] as const;

export const TEMPLATE = COLUMNS.join(";") + "\r\n";
export const EXAMPLE = [
    COLUMNS.join(";"),
    "Cafeteria;13001651;2400;secondary;;",
    "Sales office;14290591;2400;primary;221;",
    "Reception;67690871;2400;secondary;;",
    "",
].join("\n");

/** Comma, semicolon or tab: whichever the heading has. */
export function separatorOf(text: string): string {
    const heading = text.split(/\r?\n/, 1)[0] ?? "";
    return [";", "\t", ","].find((s) => heading.includes(s)) ?? ";";
}

/** The cells of one line; quotes may hold separators. */
export function cellsOf(line: string, separator: string): string[] {
    const cells: string[] = [];
    let cell = "";
    let quoted = false;
    for (const c of line) {
        if (c === '"')
            quoted = !quoted;
        else if (c === separator && !quoted) {
            cells.push(cell);
            cell = "";
        } else
            cell += c;
    }
    return [...cells, cell].map((s) => s.trim());
}

/** What stands at a line and column (both count from 1); null when there is no such place. */
export function cellAt(text: string, line: number | undefined, column: number | undefined): string | null {
    const row = line === undefined ? undefined : text.split(/\r?\n/)[line - 1];
    if (row === undefined)
        return null;
    if (column === undefined)
        return row;
    return cellsOf(row, separatorOf(text))[column - 1] ?? null;
}

/** Where a line begins and ends in the text, for the selection of a text field. */
export function lineSpan(text: string, line: number): [start: number, end: number] | null {
    const rows = text.split("\n");
    if (line < 1 || line > rows.length)
        return null;
    const start = rows.slice(0, line - 1).reduce((sum, row) => sum + row.length + 1, 0);
    return [start, start + rows[line - 1]!.replace(/\r$/, "").length];
}

/** How many lines below the headings hold anything. */
export function meterLines(text: string): number {
    return text.split(/\r?\n/).slice(1).filter((line) => line.replace(/[;,\t\s]/g, "") !== "").length;
}
