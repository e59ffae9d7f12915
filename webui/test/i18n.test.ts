import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import en from "../src/i18n/en";

const keys = Object.keys(en) as (keyof typeof en)[];
const languages = readdirSync("src/i18n").map((f) => f.replace(/\.ts$/, "")).filter((name) => name !== "en" && name !== "index");

function sources(dir: string): string[] {
    return readdirSync(dir).flatMap((name) => {
        const path = join(dir, name);
        return statSync(path).isDirectory() ? sources(path) : [path];
    });
}

const code = sources("src").filter((f) => !f.startsWith("src/i18n/")).map((f) => readFileSync(f, "utf8")).join("\n");
const placesIn = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort();
/* Words that the gateway sends, and texts that are chosen by a name: nobody writes their keys out. */
const BY_NAME = /^(medium|quantity|modifier|special|note|function|status|statusHelp|error|log\.word|log\.severity|meter\.source|theme|install\.col|chart\.(24h|7d|30d|90d))/;

describe("texts", () => {
    it("are all used", () => {
        const unused = keys.filter((key) => !BY_NAME.test(key) && !code.includes(`"${key.replace(/\.(one|other)$/, "")}"`));
        expect(unused).toEqual([]);
    });
    it("are all there", () => {
        const asked = [...code.matchAll(/\bt\("([\w.-]+)"/g)].map((m) => m[1]!);
        expect(asked.filter((key) => !(key in en))).toEqual([]);
        const counted = [...code.matchAll(/\btn\("([\w.-]+)"/g)].map((m) => m[1]!);
        expect(counted.filter((key) => !(`${key}.one` in en && `${key}.other` in en))).toEqual([]);
    });
    it("are not empty, and no markup", () => expect(keys.filter((key) => en[key].trim() === "" || /<\w/.test(en[key]))).toEqual([]));
    it("have a word for every status of a readout, and what to do", () => {
        for (const status of ["no_answer", "collision", "garbled", "wrong_meter", "undecodable", "no_key"]) {
            expect(keys).toContain(`status.${status}`);
            expect(keys).toContain(`statusHelp.${status}`);
        }
    });
});

describe.each(languages)("%s", (name) => {
    it("has every text, with the same places to fill", async () => {
        const texts = (await import(`../src/i18n/${name}.ts`)).default as typeof en;
        expect(Object.keys(en).filter((key) => !(key in texts))).toEqual([]);
        for (const key of keys)
            expect([key, placesIn(texts[key])]).toEqual([key, placesIn(en[key])]);
    });
});
