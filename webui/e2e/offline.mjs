/* offline.mjs — stories that need a gateway of a certain kind: huge, empty, without a stream; and the look of every page.
 * SPDX-License-Identifier: Apache-2.0
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createMock } from "../mock/server.mjs";
import { newContext, root, shoot } from "./browser.mjs";
import { check, checkAccessible } from "./stories.mjs";

const dist = join(root, "webui/dist");

async function serve(options) {
    check(existsSync(join(dist, "index.html")), "webui/dist is missing: run webui/build.sh first");
    const server = createMock({ dist, ready: true, ...options });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    return {
        url: `http://127.0.0.1:${server.address().port}`,
        stop: () => {
            server.close();
            server.closeAllConnections();
        },
    };
}

async function logIn(page, url, path = "/") {
    await page.goto(url + path);
    await page.getByLabel("User name").fill("admin");
    await page.getByLabel("Password").fill("metergate1");
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByRole("navigation").waitFor();
}

async function withMock(options, fn) {
    const mock = await serve(options);
    try {
        await fn(mock.url);
    } finally {
        mock.stop();
    }
}

export async function tellOffline(stories) {
    await stories.tell("512 meters are listed, filtered and sorted without a wait", (page) => withMock({ meters: 512 }, async (url) => {
        await logIn(page, url);
        const rows = page.locator("tbody tr");
        await rows.first().waitFor();
        check(await rows.count() === 100, "100 rows at once, not", await rows.count());
        await page.getByRole("button", { name: "Show 200 more" }).click();
        check(await rows.count() === 300, "300 rows, not", await rows.count());
        const began = Date.now();
        await page.getByLabel("Filter").fill("boiler electricity");
        await page.getByText(/of 512 meters/).waitFor();
        check(Date.now() - began < 1000, "filtering took", Date.now() - began, "ms");
        await page.getByLabel("Filter").fill("");
        await page.getByRole("button", { name: "Address" }).click();
        await page.getByRole("button", { name: "Address" }).click();
        const shown = await page.locator("tbody td:nth-child(2) .mono").allTextContents();
        check(shown.every((a, i) => i === 0 || shown[i - 1] >= a), "addresses are not in falling order");
        check(await page.locator("th[aria-sort=descending]").count() === 1, "the heading does not say how it is sorted");
        await checkAccessible(page, "meter list");
    }));

    await stories.tell("all meters are read, with progress and the ones that failed", (page) => withMock({ meters: 60 }, async (url) => {
        await logIn(page, url);
        await page.getByRole("button", { name: "Read all now" }).click();
        await page.getByRole("progressbar").waitFor();
        await page.getByText(/meters did not do as they should/).waitFor();
        check(await page.locator(".readout li").count() >= 2, "the failed meters are not named");
        await page.getByRole("button", { name: "Close" }).click();
        await page.getByRole("button", { name: /could not be read/ }).click();
        await page.getByText(/of 60 meters/).waitFor();
    }));

    await stories.tell("an empty gateway teaches what to do", (page) => withMock({ meters: 0 }, async (url) => {
        await logIn(page, url);
        await page.getByRole("heading", { name: "No meters yet" }).waitFor();
        await checkAccessible(page, "empty list");
        await shoot(page, "empty");
        await page.getByRole("link", { name: "Install meters" }).click();
        await page.getByRole("button", { name: "Put in an example" }).click();
        await page.getByRole("button", { name: "Install", exact: true }).click();
        await page.getByText("3 meters are installed.").waitFor();
        await page.getByRole("link", { name: "Cafeteria" }).waitFor();
    }));

    await stories.tell("without an event stream the page asks every few seconds", (page) => withMock({ events: false }, async (url) => {
        await logIn(page, url);
        await page.getByText("Live updates are not available").waitFor();
        const asked = page.waitForRequest((r) => r.url().includes("/api/v1/meters?"), { timeout: 10_000 });
        await asked;
    }), { allow: /404/ });

    await stories.tell("the keyboard alone leads from logging in to a chart", (page) => withMock({}, async (url) => {
        await page.goto(url);
        await page.getByLabel("User name").waitFor();
        await page.keyboard.type("admin");
        await page.keyboard.press("Tab");
        await page.keyboard.type("metergate1");
        await page.keyboard.press("Enter");
        await page.locator(".row-link").first().waitFor();
        await page.keyboard.press("Tab");
        check(await page.evaluate(() => document.activeElement?.className) === "skip", "the first stop is not the skip link");
        await page.locator(".row-link").first().focus();
        await page.keyboard.press("Enter");
        await page.locator(".plot canvas").waitFor();
        check(await page.evaluate(() => document.activeElement?.id) === "content", "a new page does not take the focus");
        await page.getByRole("button", { name: "30 days" }).focus();
        await page.keyboard.press("Space");
        await page.getByRole("button", { name: "30 days", pressed: true }).waitFor();
    }));

    await stories.tell("a chart is zoomed, and told in words and in a table", (page) => withMock({}, async (url) => {
        await logIn(page, url, "/meters/4");
        const plot = page.locator(".plot .u-over");
        await plot.waitFor();
        const box = await plot.boundingBox();
        await page.mouse.move(box.x + box.width * 0.3, box.y + 50);
        await page.mouse.down();
        await page.mouse.move(box.x + box.width * 0.5, box.y + 60, { steps: 5 });
        const asked = page.waitForRequest((r) => r.url().includes("/values?"));
        await page.mouse.up();
        const query = new URL((await asked).url()).searchParams;
        const hours = (Date.parse(query.get("to")) - Date.parse(query.get("from"))) / 3_600_000;
        check(hours > 24 && hours < 48, "zooming into a fifth of 7 days asks for", hours, "hours");
        await page.getByRole("button", { name: "7 days" }).click();
        await page.getByRole("button", { name: "Reading", exact: true }).click();
        await page.getByText("The values as a table").click();
        await page.getByRole("cell", { name: /^[\d\s]+\.000\skWh$/ }).first().waitFor();
        await page.getByLabel("Values of").selectOption({ label: "Flow temperature" });
        await page.getByText(/Flow temperature, .* last [\d.]+.°C/).waitFor();
        await checkAccessible(page, "chart");
    }));

    await tellLook(stories);
}

/* Every page in light and dark on three screens; no rule of accessibility is broken in either. */
async function tellLook(stories) {
    const pages = [
        ["meters", "/", ".row-link"], ["meter", "/meters/4", ".plot canvas"], ["log", "/log", "tbody tr"], ["install", "/install", "textarea"],
        ["not-found", "/nowhere", ".empty"],
    ];
    await stories.tell("every page looks right in light and dark, from phone to wall", (page) => withMock({ meters: 40 }, async (url) => {
        await page.goto(url);
        await page.getByLabel("User name").waitFor();
        await checkAccessible(page, "log in");
        await shoot(page, "login");
        await logIn(page, url);
        for (const [name, path, sign] of pages) {
            await page.goto(url + path);
            await page.locator(sign).first().waitFor();
            for (const colorScheme of ["light", "dark"]) {
                await page.emulateMedia({ colorScheme });
                await page.waitForTimeout(100);
                await checkAccessible(page, `${name} in ${colorScheme}`);
            }
            await shoot(page, name);
            await page.setViewportSize({ width: 360, height: 740 });
            const wide = await page.evaluate(() => document.documentElement.scrollWidth);
            check(wide <= 360, name, "is", wide, "px wide on a phone of 360");
            await checkAccessible(page, `${name} on a phone`);
            await page.setViewportSize({ width: 1280, height: 800 });
        }
    }));
    await stories.tell("a viewer sees no button that would be refused", (page) => withMock({ role: "viewer" }, async (url) => {
        await logIn(page, url);
        await page.locator(".row-link").first().waitFor();
        check(await page.getByRole("button", { name: /Read all/ }).count() === 0, "a viewer is offered to read");
        check(await page.getByRole("link", { name: /Install/ }).count() === 0, "a viewer is offered to install");
    }));
    await stories.tell("the colours switch by hand and stay", async (page) => withMock({}, async (url) => {
        await logIn(page, url);
        await page.getByRole("button", { name: "Colours: As the system" }).click();
        await page.getByRole("button", { name: "Colours: Light" }).click();
        check(await page.evaluate(() => getComputedStyle(document.body).backgroundColor) === "rgb(14, 20, 24)", "dark is not dark");
        await page.reload();
        await page.getByRole("button", { name: "Colours: Dark" }).waitFor();
    }));
    const phone = await newContext(stories.browser, { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
    await stories.tell("a phone reads a meter", (page) => withMock({}, async (url) => {
        await logIn(page, url);
        await page.locator(".row-link").nth(1).tap();
        await page.getByRole("button", { name: "Read now" }).tap();
        await page.getByText("The meter has been read.").waitFor();
    }), { context: phone });
    await phone.close();
}
