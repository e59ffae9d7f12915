import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

function sources(dir: string): string[] {
    return readdirSync(dir).flatMap((name) => {
        const path = join(dir, name);
        return statSync(path).isDirectory() ? sources(path) : [path];
    });
}

const own = [...sources("src"), ...sources("tools"), ...sources("e2e"), ...sources("mock")];

describe("the house rules of this folder", () => {
    it("no host of a registry or a funding page stands in the lock file", () =>
        expect(readFileSync("package-lock.json", "utf8")).not.toMatch(/https?:|"resolved"|"funding"/));
    it("nothing is fetched from elsewhere", () => {
        const named = own.flatMap((f) => [...readFileSync(f, "utf8").matchAll(/https?:\/\/([\w.-]+)/g)].map((m) => [f, m[1]]));
        expect(named.filter(([, host]) => !["127.0.0.1", "localhost", "www.w3.org"].includes(host!))).toEqual([]);
    });
    it("no style or script stands inside the markup, so that a strict policy holds", () => {
        for (const file of own.filter((f) => f.endsWith(".tsx")))
            expect([file, / style=|dangerouslySetInnerHTML|innerHTML/.test(readFileSync(file, "utf8"))]).toEqual([file, false]);
        expect(readFileSync("index.html", "utf8")).not.toMatch(/ style=|<style|<script>(?!<)/);
    });
    it("every file says what it is for", () => {
        for (const file of own.filter((f) => /\.(tsx?|mjs|css)$/.test(f)))
            expect([file, /^\/\* [\w.-]+ — [\s\S]*?SPDX-License-Identifier: Apache-2.0/.test(readFileSync(file, "utf8"))]).toEqual([file, true]);
    });
});
