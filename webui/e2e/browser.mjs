/* browser.mjs — Debian's Chromium for the browser tests, and the screenshots of a page.
 * SPDX-License-Identifier: Apache-2.0
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

export const root = fileURLToPath(new URL("../..", import.meta.url));
export const shotsDir = join(process.env["BUILD_DIR"] ?? join(root, "build"), "screenshots");

/** What a page must look right at: a phone, a laptop, a large screen. */
export const SIZES = [
    { name: "360", width: 360, height: 740 },
    { name: "1280", width: 1280, height: 800 },
    { name: "2560", width: 2560, height: 1440 },
];

export function launch() {
    return chromium.launch({
        executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
        args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
               "--disable-component-update", "--no-first-run", "--lang=en-GB"],
    });
}

export function newContext(browser, options = {}) {
    return browser.newContext({ viewport: { width: 1280, height: 800 }, locale: "en-GB", timezoneId: "Europe/Stockholm",
                                reducedMotion: "reduce", ...options });
}

/** The page at every size, light and dark. */
export async function shoot(page, name, { fullPage = false } = {}) {
    mkdirSync(shotsDir, { recursive: true });
    for (const colorScheme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
        for (const { name: size, width, height } of SIZES) {
            await page.setViewportSize({ width, height });
            await page.waitForTimeout(150);
            await page.screenshot({ path: join(shotsDir, `${name}-${colorScheme}-${size}.png`), fullPage });
        }
    }
    await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
    await page.setViewportSize({ width: 1280, height: 800 });
}
