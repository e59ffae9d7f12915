/* gateway.mjs — the stories of a user, on the real gateway with simulated meters on a pseudo terminal.
 * SPDX-License-Identifier: Apache-2.0
 */
import { execFileSync, spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newContext, shoot } from "./browser.mjs";
import { check, checkAccessible } from "./stories.mjs";

const PASSWORD = "correct horse 42";
const METERS = 4;

async function freePort() {
    const server = createServer();
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address();
    await new Promise((resolve) => server.close(resolve));
    return port;
}

async function waitFor(what, probe, ms = 10_000) {
    for (const end = Date.now() + ms; Date.now() < end;) {
        if (await probe().catch(() => false))
            return;
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`waited ${ms} ms for ${what}`);
}

/* A program of ours: started, and ended by its own id. */
class Program {
    constructor(path, args, log) {
        const out = openSync(log, "a");
        this.log = log;
        this.process = spawn(path, args, { stdio: ["ignore", out, out] });
        this.ended = new Promise((resolve) => this.process.once("exit", resolve));
        closeSync(out);
    }

    async stop() {
        if (this.process.exitCode === null)
            this.process.kill("SIGTERM");
        await this.ended;
    }
}

/* A new gateway with nothing in it, on a port that stays the same when it starts again. */
class Gateway {
    constructor(build, dir, port, bus) {
        Object.assign(this, { build, dir, port, bus, url: `http://127.0.0.1:${port}` });
    }

    async start() {
        this.program = new Program(join(this.build, "metergated"), [
            "-d", join(this.dir, "data"), "-s", `web.port=${this.port}`, "-s", "bus1.enabled=true", "-s", `bus1.port=${this.bus}`,
            "-s", "readout.enabled=false",
        ], join(this.dir, "gateway.log"));
        await waitFor("the gateway to serve", async () => (await fetch(`${this.url}/healthz`)).ok).catch((e) => {
            throw new Error(`${e.message}: ${readFileSync(this.program.log, "utf8").slice(-800)}`);
        });
    }

    stop() {
        return this.program.stop();
    }
}

/* The simulator's own list (address first, name last) as a meter list. */
function meterList(simulated) {
    const rows = simulated.trim().split("\n").slice(1).map((line, i) => `Room ${i + 1};${line.split(",")[0]};2400;secondary`);
    return ["Position;SecondaryAddress;BaudRate;AddressingMode", ...rows, ""].join("\n");
}

async function logIn(page, password = PASSWORD) {
    await page.getByLabel("User name").fill("admin");
    await page.getByLabel("Password").fill(password);
    await page.getByRole("button", { name: "Log in" }).click();
}

export async function tellGateway(stories, build) {
    const dir = mkdtempSync(join(tmpdir(), "metergate-web-"));
    const link = join(dir, "mbus0");
    const sim = new Program(join(build, "mbus-sim"), ["--pty", link, "--meters", String(METERS), "--baud", "0"], join(dir, "sim.log"));
    const list = meterList(execFileSync(join(build, "mbus-sim"), ["--pty", link, "--meters", String(METERS), "--list"], { encoding: "utf8" }));
    const gateway = new Gateway(build, dir, await freePort(), `serial:${link}`);
    const context = await newContext(stories.browser);
    try {
        await gateway.start();
        await tellStories(stories, gateway, context, list);
    } catch (e) {
        stories.failed++;
        console.log(`FAILED  gateway: ${e.message}`);
    } finally {
        await context.close();
        await gateway.stop();
        await sim.stop();
        rmSync(dir, { recursive: true, force: true });
    }
}

async function tellStories(stories, gateway, context, list) {
    const { url } = gateway;
    const refused = { context, allow: /40[13]|422|429|Failed to load resource/ };

    await stories.tell("a wrong password is told, with what to do", async (page) => {
        await page.goto(url);
        await logIn(page, "guess");
        await page.getByRole("alert").getByText("The user name or the password is wrong.").waitFor();
    }, refused);

    await stories.tell("the first log-in ends in a password of one's own", async (page) => {
        await page.goto(url);
        await logIn(page, "admin");
        await page.getByRole("heading", { name: "Choose your own password" }).waitFor();
        await checkAccessible(page, "change of the password");
        await shoot(page, "password");
        await page.getByLabel("Present password").fill("admin");
        await page.getByLabel("New password", { exact: true }).fill("onlyletters");
        await page.getByLabel("New password, once more").fill("different");
        await page.getByRole("button", { name: "Change the password" }).click();
        await page.getByText("The two new passwords differ.").waitFor();
        await page.getByLabel("New password, once more").fill("onlyletters");
        await page.getByRole("button", { name: "Change the password" }).click();
        await page.getByText(/letters and digits\./).first().waitFor();
        await page.getByLabel("New password", { exact: true }).fill(PASSWORD);
        await page.getByLabel("New password, once more").fill(PASSWORD);
        await page.getByRole("button", { name: "Change the password" }).click();
        await page.getByRole("heading", { name: "No meters yet" }).waitFor();
    }, refused);

    await stories.tell("a list with an error is refused by line and column, then installed", async (page) => {
        await page.goto(`${url}/install`);
        const field = page.getByLabel("Meter list");
        await field.fill(list.replace(/(\d{8})/, "1234"));
        await page.getByRole("button", { name: "Install", exact: true }).click();
        await page.getByText("Nothing is installed yet: 1 place needs your attention.").waitFor();
        await page.getByRole("row", { name: /2.*SecondaryAddress.*1234/ }).waitFor();
        await page.getByRole("button", { name: "Go to line 2" }).click();
        check(await field.evaluate((f) => f.value.slice(f.selectionStart, f.selectionEnd)).then((s) => s.includes("1234")),
              "the line is not selected");
        await checkAccessible(page, "refused list");
        await shoot(page, "install-refused");
        await field.fill(list);
        await page.getByRole("button", { name: "Install", exact: true }).click();
        await page.getByText(`${METERS} meters are installed.`).waitFor();
        await page.locator("tbody tr").nth(METERS - 1).waitFor();
    }, refused);

    await stories.tell("all meters are read, and the list shows it without a reload", async (page) => {
        await page.goto(url);
        await page.getByText("not yet").first().waitFor();
        await page.getByRole("button", { name: "Read all now" }).click();
        await page.getByText(`${METERS} meters have been read.`).waitFor();
        await page.locator("tbody .badge.ok").nth(METERS - 1).waitFor();
    }, { context });

    await stories.tell("a meter is read, its values and its chart appear", async (page) => {
        await page.goto(url);
        await page.locator(".row-link").first().click();
        await page.getByRole("button", { name: "Read now" }).click();
        await page.getByText("The meter has been read.").waitFor();
        await page.getByRole("cell", { name: /^-?[\d\s]+\.?\d* (kWh|m³)$/ }).first().waitFor();
        await page.locator(".plot canvas").waitFor();
        await page.getByRole("button", { name: "24 hours" }).click();
        await page.getByRole("button", { name: "Reading", exact: true }).click();
        await page.getByText(/last [\d\s.]+\s(kWh|m³)\./).waitFor();
        await checkAccessible(page, "meter");
        await shoot(page, "gateway-meter");
    }, { context });

    await stories.tell("a value reads as the gateway sends it, digit for digit", async (page) => {
        await page.goto(url);
        await page.locator(".row-link").first().click();
        await page.locator(".latest .value").first().waitFor();
        const id = page.url().split("/").at(-1);
        const text = await page.evaluate(async (path) => (await fetch(path)).text(), `/api/v1/meters/${id}/latest`);
        const sent = [...text.matchAll(/"unit":"([^"]*)","value":(-?[\d.]+)/g)].map(([, unit, dec]) => `${dec} ${unit}`);
        const titles = await page.locator(".latest .value[title]").evaluateAll((all) => all.map((one) => one.title));
        check(sent.length > 0 && sent.every((one) => titles.some((title) => title.endsWith(one))), "shown:", titles.join(" | "), "sent:", sent.join(" | "));
    }, { context });

    await stories.tell("the log is filtered by severity and saved as CSV", async (page) => {
        await page.goto(`${url}/log`);
        await page.locator("tbody tr").first().waitFor();
        const before = await page.locator("tbody tr").count();
        const asked = page.waitForRequest((r) => r.url().includes("severity=warning"));
        await page.getByRole("button", { name: "Warnings and errors" }).click();
        await asked;
        await page.waitForFunction((n) => document.querySelectorAll("tbody tr").length < n, before);
        const saved = page.waitForEvent("download");
        await page.getByRole("button", { name: "Download as CSV" }).click();
        check((await saved).suggestedFilename() === "metergate-log.csv", "the file has another name");
        await checkAccessible(page, "log");
    }, { context });

    await stories.tell("a reload keeps the session, on a page below the first, too", async (page) => {
        await page.goto(`${url}/log`);
        await page.reload();
        await page.getByRole("heading", { name: "Log" }).waitFor();
    }, { context });

    await stories.tell("a lost gateway is told, and its return heals all", async (page) => {
        await page.goto(url);
        await page.locator(".row-link").first().waitFor();
        await gateway.stop();
        await page.getByText("The gateway does not answer.").waitFor();
        await shoot(page, "lost");
        await gateway.start();
        /* Sessions end with the gateway: the form comes by itself and leads back to the same page. */
        await page.getByText("Your session has ended").waitFor();
        await logIn(page);
        await page.locator(".row-link").first().waitFor();
        check(await page.getByText("The gateway does not answer.").count() === 0, "the banner stays");
        await page.getByRole("button", { name: "Read all now" }).click();
        await page.getByText(`${METERS} meters have been read.`).waitFor();
    }, { context, allow: /Failed to load resource|ERR_/ });

    await stories.tell("who logs out is out, and the cookie with him", async (page) => {
        await page.goto(url);
        await page.getByRole("button", { name: "Log out" }).click();
        await page.getByRole("heading", { name: "Log in" }).waitFor();
        const status = await page.evaluate(async () => (await fetch("/api/v1/system")).status);
        check(status === 401, "the cookie still opens the gateway:", status);
    }, refused);
}
