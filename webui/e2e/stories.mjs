/* stories.mjs — runs stories one after the other and tells how they went; a page that complains fails its story.
 * SPDX-License-Identifier: Apache-2.0
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { newContext, shotsDir } from "./browser.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export function check(condition, ...words) {
    if (!condition)
        throw new Error(words.join(" "));
}

/** No rule of accessibility is broken by what is on the page now. */
export async function checkAccessible(page, where) {
    await page.evaluate(axe);
    const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
    const words = found.violations.map((v) => `${v.id}: ${v.help} — ${v.nodes.map((n) => n.target.join(" ")).slice(0, 3).join(", ")}`);
    check(words.length === 0, `${where}:`, words.join("; "));
}

export class Stories {
    passed = 0;
    failed = 0;

    constructor(browser, title) {
        this.browser = browser;
        this.title = title;
    }

    /** `allow`: what the console may say, since the story provokes it. */
    async tell(name, fn, { context, allow } = {}) {
        const own = context ?? await newContext(this.browser);
        const page = await own.newPage();
        page.setDefaultTimeout(15_000);
        const complaints = [];
        page.on("pageerror", (e) => complaints.push(String(e)));
        page.on("console", (m) => {
            if (m.type() === "error" && !(allow && allow.test(m.text())))
                complaints.push(m.text());
        });
        try {
            await fn(page);
            check(complaints.length === 0, "the browser complained:", complaints.join("; "));
            this.passed++;
            console.log(`ok      ${this.title}: ${name}`);
        } catch (e) {
            this.failed++;
            await page.screenshot({ path: join(shotsDir, `failed-${this.title}-${this.failed}.png`) }).catch(() => undefined);
            console.log(`FAILED  ${this.title}: ${name}\n        ${String(e.message).split("\n").slice(0, 12).join("\n        ")}`);
        } finally {
            await (context ? page.close() : own.close());
        }
    }
}
