/* pack.mjs — the built files as one C table (protocols/webui_files.h): node tools/pack.mjs DIST OUT.c
 *
 * The same files give the same bytes: sorted by path, compressed without time or name. An ETag is a hash of the content.
 * SPDX-License-Identifier: Apache-2.0
 */
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname, extname, join, relative } from "node:path";
import { gzipSync } from "node:zlib";

/* What the first page may weigh, compressed, in bytes: the page, its scripts and its style. */
const BUDGET = 120 * 1024;

const TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".txt": "text/plain; charset=utf-8",
};

function filesBelow(dir) {
    return readdirSync(dir).flatMap((name) => {
        const path = join(dir, name);
        return statSync(path).isDirectory() ? filesBelow(path) : [path];
    });
}

function describe(root, file) {
    const content = readFileSync(file);
    const type = TYPES[extname(file)];
    if (!type)
        throw new Error(`${file}: no content type is known for this kind of file; add it to TYPES`);
    const gzip = gzipSync(content, { level: 9 });
    gzip[9] = 255; /* the byte that names the operating system: "unknown" everywhere */
    const url = "/" + relative(root, file).replace(/\\/g, "/");
    return {
        path: url === "/index.html" ? "/" : url,
        type,
        etag: createHash("sha256").update(content).digest("hex").slice(0, 20),
        immutable: /^\/assets\/.+-[\w-]{8}\.\w+$/.test(url),
        text: content.toString("latin1"),
        gzip,
    };
}

/* The page, and what it names: that is loaded before anything can be seen. */
function firstPageBytes(files) {
    const page = files.find((f) => f.path === "/");
    return files.filter((f) => f === page || page.text.includes(f.path)).reduce((sum, f) => sum + f.gzip.length, 0);
}

function cArray(name, bytes) {
    const lines = [];
    for (let i = 0; i < bytes.length; i += 24)
        lines.push("    " + [...bytes.subarray(i, i + 24)].join(",") + ",");
    return `static const unsigned char ${name}[] = {\n${lines.join("\n")}\n};\n`;
}

function cTable(files) {
    const rows = files.map(
        (f, i) => `    { "${f.path}", "${f.type}", "\\"${f.etag}\\"", ${f.immutable}, file_${i}, sizeof file_${i} },`,
    );
    return [
        "/* Made by webui/build.sh from the built web application. */",
        '#include "protocols/webui_files.h"',
        "",
        ...files.map((f, i) => cArray(`file_${i}`, f.gzip)),
        `const struct webui_file webui_files[] = {\n${rows.join("\n")}\n};`,
        "const size_t webui_n_files = sizeof webui_files / sizeof webui_files[0];",
        "",
    ].join("\n");
}

const [dist, out] = process.argv.slice(2);
const files = filesBelow(dist).map((f) => describe(dist, f)).sort((a, b) => (a.path < b.path ? -1 : 1));
const first = firstPageBytes(files);
const all = files.reduce((sum, f) => sum + f.gzip.length, 0);
if (first > BUDGET) {
    console.error(`webui: the first page weighs ${first} bytes, ${BUDGET} are allowed; load what it does not need later`);
    process.exit(1);
}
mkdirSync(dirname(out), { recursive: true });
writeFileSync(`${out}.new`, cTable(files));
renameSync(`${out}.new`, out);
console.log(`webui: ${files.length} files, ${all} bytes compressed; the first page loads ${first}`);
