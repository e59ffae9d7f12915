/* decimal.ts — decimals as text: a point is moved, digits are grouped; nothing is ever rounded.
 * SPDX-License-Identifier: Apache-2.0
 */

/** What stands between groups of three digits: narrow and never broken, as the SI brochure asks. */
export const GROUP = "\u202f";

interface Parts {
    sign: string;
    whole: string;
    fraction: string;
}

/* "1.5e3" -> "1500": an exponent only says where the point is. */
function split(text: string): Parts | null {
    const m = /^([+-]?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text);
    if (!m)
        return null;
    const [, sign = "", whole = "0", fraction = "", exponent = "0"] = m;
    const moved = movePoint(whole, fraction, Number(exponent));
    return { sign: sign === "-" ? "-" : "", ...moved };
}

function movePoint(whole: string, fraction: string, by: number): { whole: string; fraction: string } {
    const digits = whole + fraction;
    const at = whole.length + by;
    if (at <= 0)
        return { whole: "0", fraction: "0".repeat(-at) + digits };
    const padded = digits.padEnd(at, "0");
    return { whole: padded.slice(0, at).replace(/^0+(?=\d)/, ""), fraction: padded.slice(at) };
}

function join({ sign, whole, fraction }: Parts): string {
    return sign + whole + (fraction ? `.${fraction}` : "");
}

/** shiftDecimal("12345000", -3) is "12345.000": times a power of ten, with every digit kept. */
export function shiftDecimal(text: string, by: number): string {
    const p = split(text);
    return p ? join({ sign: p.sign, ...movePoint(p.whole, p.fraction, by) }) : text;
}

/** Exact division of a whole number; null when it leaves a rest or the text is not a whole number. */
export function divideWhole(text: string, by: bigint): string | null {
    const p = split(text);
    if (!p || !/^0*$/.test(p.fraction))
        return null;
    const n = BigInt(p.sign + p.whole);
    return n % by === 0n ? (n / by).toString() : null;
}

/** For eyes: grouped in threes, with the language's decimal mark and a real minus sign. */
export function groupDecimal(text: string, mark: string): string {
    const p = split(text);
    if (!p)
        return text;
    const whole = p.whole.length > 4 ? p.whole.replace(/\B(?=(\d{3})+$)/g, GROUP) : p.whole;
    return (p.sign ? "\u2212" : "") + whole + (p.fraction ? mark + p.fraction : "");
}

/** How many digits stand behind the point. */
export function decimalsOf(text: string): number {
    return split(text)?.fraction.length ?? 0;
}
