/* run.mjs — all browser tests: the pages on the mock, and on the gateway where it is built (BUILD_DIR).
 * SPDX-License-Identifier: Apache-2.0
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { launch, root } from "./browser.mjs";
import { tellGateway } from "./gateway.mjs";
import { tellOffline } from "./offline.mjs";
import { Stories } from "./stories.mjs";

const build = process.env["BUILD_DIR"] ?? join(root, "build");
const programs = ["metergated", "mbus-sim"].map((name) => join(build, name));
const browser = await launch();
const groups = [];
let skipped = 0;
try {
    if (!process.argv.includes("--gateway-only")) {
        groups.push(new Stories(browser, "mock"));
        await tellOffline(groups.at(-1));
    }
    if (programs.every(existsSync)) {
        groups.push(new Stories(browser, "gateway"));
        await tellGateway(groups.at(-1), build);
    } else {
        skipped = 1;
        console.log(`SKIPPED gateway: ${programs.find((p) => !existsSync(p))} is not built`);
    }
} finally {
    await browser.close();
}
const sum = (key) => groups.reduce((total, group) => total + group[key], 0);
console.log(`${sum("passed")} passed, ${sum("failed")} failed, ${skipped} skipped`);
process.exit(sum("failed") > 0 ? 1 : 0);
