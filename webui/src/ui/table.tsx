/* table.tsx — a table that sorts by its headings; on a phone each row becomes a card.
 * SPDX-License-Identifier: Apache-2.0
 */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { locale, t } from "../i18n";
import { Icon } from "./icon";

export interface Column<Row> {
    key: string;
    title: string;
    cell: (row: Row) => ComponentChildren;
    /** What rows are sorted by; without it the column does not sort. */
    sortBy?: (row: Row) => string | number | null;
    isNumber?: boolean;
    /** Its place on a phone's card: first line, first line's end, below with its heading, a line of its own, the end. */
    onCard?: "head" | "aside" | "label" | "wide" | "end";
}

export interface Sorting {
    key: string;
    isDown: boolean;
}

interface Props<Row> {
    /** Says what the table holds, for those who do not see it. */
    caption: string;
    columns: Column<Row>[];
    rows: Row[];
    rowKey: (row: Row) => string | number;
    rowClass?: (row: Row) => string | undefined;
    sorting?: Sorting;
    onSort?: (next: Sorting) => void;
    /** Only so many rows are drawn until more are asked for. */
    atOnce?: number;
    more?: (left: number) => string;
}

function compare(a: string | number | null, b: string | number | null, words: Intl.Collator): number {
    if (a === null || b === null)
        return a === b ? 0 : a === null ? 1 : -1;
    return typeof a === "number" && typeof b === "number" ? a - b : words.compare(String(a), String(b));
}

/** Rows in the order of a column; what has no value stays last either way. */
export function sortRows<Row>(rows: Row[], columns: Column<Row>[], sorting: Sorting | undefined): Row[] {
    const by = columns.find((c) => c.key === sorting?.key)?.sortBy;
    if (!by || !sorting)
        return rows;
    const words = new Intl.Collator(locale(), { numeric: true, sensitivity: "base" });
    const sign = sorting.isDown ? -1 : 1;
    return [...rows].sort((x, y) => {
        const a = by(x);
        const b = by(y);
        return compare(a, b, words) * (a === null || b === null ? 1 : sign);
    });
}

export function Table<Row>({ caption, columns, rows, rowKey, rowClass, sorting, onSort, atOnce, more }: Props<Row>) {
    const [shown, setShown] = useState(atOnce ?? Infinity);
    const sorted = sortRows(rows, columns, sorting);
    const left = rows.length - shown;
    return (
        <>
            <div class="table-box" role="group" aria-label={caption} tabIndex={0}>
                <table class="cards" role="table" aria-label={caption} aria-rowcount={left > 0 ? rows.length + 1 : undefined}>
                    <thead role="rowgroup">
                        <tr role="row">
                            {columns.map((c) => <Heading key={c.key} column={c} sorting={sorting} onSort={onSort} />)}
                        </tr>
                    </thead>
                    <tbody role="rowgroup">
                        {sorted.slice(0, shown).map((row) => (
                            <tr key={rowKey(row)} role="row" class={rowClass?.(row)}>
                                {columns.map((c) => (
                                    <td key={c.key} role="cell" data-label={c.title}
                                        class={[c.isNumber && "number", c.onCard && `at-${c.onCard}`].filter(Boolean).join(" ") || undefined}>
                                        {c.cell(row)}
                                    </td>
                                ))}
                            </tr>
                        ))}
                    </tbody>
                </table>
            </div>
            {left > 0 && atOnce && (
                <p class="table-more">
                    <button type="button" class="button" onClick={() => setShown(shown + Math.max(atOnce, 200))}>
                        {more?.(Math.min(left, Math.max(atOnce, 200)))}
                    </button>
                </p>
            )}
        </>
    );
}

function Heading<Row>({ column, sorting, onSort }:
                      { column: Column<Row>; sorting?: Sorting; onSort?: (next: Sorting) => void }) {
    const isBy = sorting?.key === column.key;
    const order = isBy ? (sorting.isDown ? "descending" : "ascending") : undefined;
    const title = column.title || <span class="hidden">{t("values.chart")}</span>;
    return (
        <th scope="col" role="columnheader" aria-sort={order} class={column.isNumber ? "number" : undefined}>
            {column.sortBy && onSort
                ? <button type="button" class="sort" title={t("table.sortBy", { column: column.title })}
                          onClick={() => onSort({ key: column.key, isDown: isBy && !sorting.isDown })}>
                    {title}
                    <span class={isBy ? undefined : "idle"}><Icon name={isBy && sorting.isDown ? "down" : "up"} /></span>
                </button>
                : title}
        </th>
    );
}
