/* format.ts — what the gateway says, as people of a language read it: numbers, units, times, words.
 * SPDX-License-Identifier: Apache-2.0
 */
import { isExact } from "../api/exact";
import type { Meter, Value } from "../api/types";
import { locale, t, word } from "../i18n";
import { groupDecimal } from "./decimal";
import { pleasant } from "./units";

const NBSP = "\u00a0";

export function decimalMark(): string {
    return new Intl.NumberFormat(locale()).formatToParts(1.5).find((p) => p.type === "decimal")?.value ?? ".";
}

/** A number that came as text, with all its digits. */
export function formatDecimal(text: string): string {
    return groupDecimal(text, decimalMark());
}

export function formatCount(n: number): string {
    return groupDecimal(String(n), decimalMark());
}

export function formatAmount(dec: string, unit: string): string {
    const { text, unit: shown } = pleasant(dec, unit);
    return formatDecimal(text) + (shown ? NBSP + shown : "");
}

export function formatBytes(n: number): string {
    const names = ["B", "kB", "MB", "GB", "TB"];
    let step = 0;
    while (n >= 1000 && step < names.length - 1) {
        n /= 1000;
        step++;
    }
    const digits = step > 0 && n < 10 ? 1 : 0;
    return groupDecimal(n.toFixed(digits), decimalMark()) + NBSP + names[step];
}

export function formatTime(iso: string | Date, style: "full" | "short" | "seconds" = "short"): string {
    const date = typeof iso === "string" ? new Date(iso) : iso;
    if (Number.isNaN(date.getTime()))
        return String(iso);
    const withSeconds = style !== "short";
    return new Intl.DateTimeFormat(locale(), {
        year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit",
        second: withSeconds ? "2-digit" : undefined, timeZoneName: style === "full" ? "short" : undefined,
    }).format(date);
}

/** A meter's own date or time has no zone: it is shown as it stands. */
function formatMeterTime(text: string): string | null {
    const m = /^(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2}))?)?$/.exec(text);
    if (!m)
        return null;
    const [, y, mo, d, h, mi, s] = m.map(Number) as number[];
    const date = new Date(Date.UTC(y!, mo! - 1, d!, h || 0, mi || 0, s || 0));
    const clock = m[4] ? { hour: "2-digit", minute: "2-digit", second: m[6] && s ? "2-digit" : undefined } as const : {};
    return new Intl.DateTimeFormat(locale(), { year: "numeric", month: "2-digit", day: "2-digit", timeZone: "UTC", ...clock })
        .format(date);
}

const AGES: [Intl.RelativeTimeFormatUnit, number][] = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

export function formatAge(iso: string, nowMs: number): string {
    const age = Math.max(0, Math.round((nowMs - Date.parse(iso)) / 1000));
    if (Number.isNaN(age))
        return iso;
    if (age < 5)
        return t("age.now");
    const [unit, seconds] = AGES.find(([, s]) => age >= s)!;
    return new Intl.RelativeTimeFormat(locale(), { numeric: "always", style: "short" })
        .format(-Math.floor(age / seconds), unit);
}

/** "return-temperature" -> "Return temperature", where the language file has no better word. */
function plainWord(name: string): string {
    const spaced = name.replace(/[-_]/g, " ");
    return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

export function quantityWord(name: string, unit = ""): string {
    if (name === "text" && unit)
        return unit;
    return word("quantity", name) ?? plainWord(name);
}

export function mediumWord(m: Meter): string {
    return m.medium_name === null ? "" : (word("medium", m.medium_name) ?? plainWord(m.medium_name));
}

export function functionWord(name: string): string {
    return word("function", name) ?? plainWord(name);
}

export function modifierWords(modifiers: string[]): string {
    return modifiers.map((m) => word("modifier", m) ?? m.replace(/-/g, " ")).join(", ");
}

/** What makes one series of a meter different from the others of the same quantity. */
export function seriesDetails(s: Pick<Value, "function" | "storage" | "tariff" | "subunit" | "modifiers">): string {
    const parts = [
        s.function !== "inst" && functionWord(s.function),
        s.storage > 0 && t("values.storageN", { n: s.storage }),
        s.tariff > 0 && t("values.tariffN", { n: s.tariff }),
        s.subunit > 0 && t("values.subunit", { n: s.subunit }),
        s.modifiers.length > 0 && modifierWords(s.modifiers),
    ];
    return parts.filter(Boolean).join(", ");
}

/* Numbers that name something: they are not counted, so not grouped. */
const IDENTITIES = new Set(["fabrication-number", "enhanced-identification", "bus-address", "access-number", "error-flags", "error-mask",
                            "parameter-set", "model-version", "hardware-version", "firmware-version", "software-version",
                            "customer-location", "customer", "manufacturer", "medium"]);

/** The value cell: number with unit, text, the meter's own date; null when the meter gave none. */
export function formatValue(v: Pick<Value, "quantity" | "unit" | "value">): string | null {
    if (v.value === null || v.value === undefined)
        return null;
    if (isExact(v.value) && IDENTITIES.has(v.quantity))
        return v.value.dec;
    if (isExact(v.value))
        return formatAmount(v.value.dec, v.quantity === "text" ? "" : v.unit);
    return formatMeterTime(v.value) ?? (v.value || null);
}

export function noteWord(note: string): string {
    return word("note", note) ?? plainWord(note).toLowerCase();
}

export function meterName(m: Meter): string {
    return m.position || t("meters.unnamed", { address: m.secondary_address });
}
