/* clean-lock.mjs — takes what names a host out of package-lock.json: run it after every `npm install`.
 * SPDX-License-Identifier: Apache-2.0
 */
import { readFileSync, writeFileSync } from "node:fs";

const lock = JSON.parse(readFileSync("package-lock.json", "utf8"));
for (const entry of Object.values(lock.packages)) {
    delete entry.resolved;
    delete entry.funding;
}
writeFileSync("package-lock.json", JSON.stringify(lock, null, 2) + "\n");
