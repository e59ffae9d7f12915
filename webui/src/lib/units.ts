/* units.ts — units as people like to read them: kWh for Wh, m³ for m3, hours for seconds that are whole hours.
 *
 * A change of prefix moves the decimal point and keeps every digit; a change that would round is not made.
 * SPDX-License-Identifier: Apache-2.0
 */
import { divideWhole, shiftDecimal } from "./decimal";

interface Pleasing {
    /** What is shown. */
    symbol: string;
    /** The value times 10^shift is in that unit. */
    shift: number;
    /** Only from this size on; smaller ones stay as they are under `small`. */
    from?: number;
    small?: string;
}

const PLEASING: Record<string, Pleasing> = {
    Wh: { symbol: "kWh", shift: -3 },
    varh: { symbol: "kvarh", shift: -3 },
    VAh: { symbol: "kVAh", shift: -3 },
    J: { symbol: "MJ", shift: -6 },
    cal: { symbol: "kcal", shift: -3 },
    W: { symbol: "kW", shift: -3, from: 1000 },
    var: { symbol: "kvar", shift: -3, from: 1000 },
    VA: { symbol: "kVA", shift: -3, from: 1000 },
    "J/h": { symbol: "MJ/h", shift: -6, from: 1_000_000 },
    m3: { symbol: "m³", shift: 0 },
    "m3/h": { symbol: "m³/h", shift: 0 },
    ft3: { symbol: "ft³", shift: 0 },
    C: { symbol: "°C", shift: 0 },
    F: { symbol: "°F", shift: 0 },
    deg: { symbol: "°", shift: 0 },
};

/* Seconds, as minutes or hours where they are whole ones. */
const TIME_STEPS: [seconds: number, symbol: string][] = [[3600, "h"], [60, "min"]];

export interface Amount {
    text: string;
    unit: string;
}

/** The unit for a series whose largest value is `largest`: one for all its values. */
export function unitFor(unit: string, largest: number): { symbol: string; shift: number } {
    const p = PLEASING[unit];
    if (!p)
        return { symbol: unit, shift: 0 };
    if (p.from !== undefined && Math.abs(largest) < p.from)
        return { symbol: unit, shift: 0 };
    return { symbol: p.symbol, shift: p.shift };
}

/** One value and its unit: pleasant("12345000", "Wh") is 12345.000 kWh. */
export function pleasant(dec: string, unit: string): Amount {
    if (unit === "s")
        return pleasantTime(dec);
    const { symbol, shift } = unitFor(unit, Number(dec));
    return { text: shiftDecimal(dec, shift), unit: symbol };
}

function pleasantTime(dec: string): Amount {
    for (const [seconds, symbol] of TIME_STEPS) {
        const whole = divideWhole(dec, BigInt(seconds));
        if (whole !== null && whole !== "0")
            return { text: whole, unit: symbol };
    }
    return { text: dec, unit: "s" };
}
