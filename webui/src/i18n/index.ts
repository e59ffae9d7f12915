/* index.ts — texts in the reader's language: t("key", { name }) and tn("key", n) for what is counted.
 *
 * A language is one file beside this one with the keys of en.ts; it is found by its name and loaded when it is chosen.
 * SPDX-License-Identifier: Apache-2.0
 */
import en, { type TextKey, type Texts } from "./en";
import { createStore } from "../lib/store";

export type { TextKey };

type Params = Record<string, string | number>;
type Counted<K> = K extends `${infer Base}.other` ? Base : never;
export type CountKey = Counted<TextKey>;

const others = import.meta.glob<{ default: Texts }>(["./*.ts", "!./en.ts", "!./index.ts"]);
const KEY = "metergate.language";

/** Codes of the languages there are: "en", and the names of the files beside it. */
export const languages: string[] = ["en", ...Object.keys(others).map((path) => path.slice(2, -3))];

let texts: Texts = en;
export const language = createStore("en");

/** The browser's own variant of the language ("en-AU"), so that dates look as they do elsewhere there. */
export function locale(): string {
    const code = language.get();
    return navigator.languages?.find((l) => l === code || l.startsWith(`${code}-`)) ?? (code === "en" ? "en-GB" : code);
}

function wanted(): string {
    try {
        const kept = localStorage.getItem(KEY);
        if (kept && languages.includes(kept))
            return kept;
    } catch {
        /* no storage: the browser's choice */
    }
    const first = (navigator.languages ?? []).map((l) => l.slice(0, 2)).find((l) => languages.includes(l));
    return first ?? "en";
}

export async function startLanguage(): Promise<void> {
    await useLanguage(wanted());
}

export async function useLanguage(code: string): Promise<void> {
    const load = others[`./${code}.ts`];
    texts = load ? (await load()).default : en;
    document.documentElement.lang = code;
    language.set(code);
}

export function keepLanguage(code: string): void {
    try {
        localStorage.setItem(KEY, code);
    } catch {
        /* no storage: until the next load */
    }
}

function fill(text: string, params: Params): string {
    return text.replace(/\{(\w+)\}/g, (all, name: string) => (name in params ? String(params[name]) : all));
}

export function t(key: TextKey, params: Params = {}): string {
    return fill(texts[key] ?? en[key], params);
}

export function tn(key: CountKey, n: number, params: Params = {}): string {
    const form = `${key}.${new Intl.PluralRules(language.get()).select(n)}` as TextKey;
    const known = form in texts ? form : (`${key}.other` as TextKey);
    return t(known, { n: new Intl.NumberFormat(locale()).format(n), ...params });
}

/** For words that the gateway sends: the text under prefix.word, or null when there is none. */
export function word(prefix: string, name: string | number): string | null {
    const key = `${prefix}.${name}` as TextKey;
    return texts[key] ?? en[key] ?? null;
}
