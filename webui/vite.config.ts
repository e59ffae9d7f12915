/* vite.config.ts — how the application is built: one page, hashed assets, nothing inlined, no source maps.
 * SPDX-License-Identifier: Apache-2.0
 */
import { defineConfig } from "vitest/config";

/* `npm run dev` talks to a gateway or to the mock: METERGATE_URL=http://127.0.0.1:8080 npm run dev */
const gateway = process.env["METERGATE_URL"] ?? "http://127.0.0.1:8081";

export default defineConfig({
    test: { include: ["test/**/*.test.ts"], environment: "node" },
    esbuild: { jsx: "automatic", jsxImportSource: "preact", legalComments: "none" },
    build: {
        target: "es2022",
        assetsInlineLimit: 0,
        sourcemap: false,
        modulePreload: { polyfill: false },
        reportCompressedSize: false,
    },
    server: { proxy: { "/api": gateway, "/healthz": gateway } },
});
