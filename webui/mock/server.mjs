/* server.mjs — plays the gateway's REST interface with made-up meters, for work on the pages and for their offline tests.
 *
 *   node mock/server.mjs [--port 8081] [--meters 12] [--no-events] [--ready] [--dist dist]
 *
 * --meters 0 begins without meters; --ready has the password changed already (admin / metergate1); without --dist it
 * answers API calls only (`npm run dev` asks it). Nothing is kept. Listens on 127.0.0.1.
 * SPDX-License-Identifier: Apache-2.0
 */
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";

const HEADINGS = ["position", "secondaryaddress", "baudrate", "addressingmode", "primaryaddress", "enhancedaddress"];
const KINDS = [
    { code: 4, medium: "heat", manufacturer: "KAM", version: 27 },
    { code: 7, medium: "water", manufacturer: "SEN", version: 14 },
    { code: 2, medium: "electricity", manufacturer: "ABB", version: 2 },
    { code: 6, medium: "warm-water", manufacturer: "LUG", version: 7 },
];
const ROOMS = ["Cafeteria", "Sales office", "Reception", "Workshop", "Boiler room", "Flat", "Corridor", "Laundry", "Garage", "Roof"];
const STATUSES = ["no_answer", "collision", "garbled", "undecodable", "no_key"];
const QUARTER_S = 900;
const HISTORY_S = 90 * 86_400;
const PAGE_POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const iso = (seconds) => new Date(seconds * 1000).toISOString().replace(/\.\d+Z$/, "Z");
const nowS = () => Math.floor(Date.now() / 1000);
/* The same number for the same place and time, between 0 and 1. */
const noise = (a, b) => {
    const x = Math.sin(a * 127.1 + b * 311.7) * 43758.5453;
    return x - Math.floor(x);
};

/* --- made-up meters --- */

/* Power over a day: quiet nights, busy mornings and evenings. */
function dayShape(hour) {
    return 0.25 + 0.9 * Math.exp(-((hour - 7.5) ** 2) / 6) + 0.75 * Math.exp(-((hour - 18.5) ** 2) / 8);
}

/* The sum of that up to a quarter of an hour, made once for each meter and kept. */
const counters = new Map();
function counterAt(meter, seconds) {
    const first = Math.floor((nowS() - HISTORY_S - 86_400) / QUARTER_S);
    if (!counters.has(meter.id)) {
        const sums = [20_000 + meter.id * 137];
        for (let q = 1; q < (HISTORY_S + 3 * 86_400) / QUARTER_S; q++) {
            const hour = (((first + q) * QUARTER_S) % 86_400) / 3600;
            sums.push(sums[q - 1] + Math.round(dayShape(hour) * 12 * (0.6 + 0.8 * noise(meter.id, first + q))));
        }
        counters.set(meter.id, { first, sums });
    }
    const { first: begin, sums } = counters.get(meter.id);
    return sums[Math.max(0, Math.min(sums.length - 1, Math.floor(seconds / QUARTER_S) - begin))];
}

const wave = (meter, seconds, middle, swing) =>
    middle + swing * (dayShape((seconds % 86_400) / 3600) - 0.7) + swing * 0.2 * noise(meter.id, Math.floor(seconds / QUARTER_S));

/* quantity, unit, how it reads as JSON text, storage, function */
function valueKinds(meter) {
    const count = (seconds) => counterAt(meter, seconds);
    const dated = { quantity: "date-time", unit: "", text: (s) => JSON.stringify(iso(s).slice(0, 16) + ":00") };
    const serial = { quantity: "fabrication-number", unit: "", text: () => meter.secondary_address.replace(/^0+/, "") || "0" };
    if (meter.medium_name === "electricity")
        return [
            { quantity: "energy", unit: "Wh", text: (s) => String(count(s) * 10) },
            { quantity: "energy", unit: "Wh", tariff: 1, text: (s) => String(Math.floor(count(s) * 7)) },
            { quantity: "energy", unit: "Wh", tariff: 2, text: (s) => String(Math.floor(count(s) * 3)) },
            { quantity: "power", unit: "W", text: (s) => String(Math.round(wave(meter, s, 2400, 1600))) },
            ...[1, 2, 3].map((p) => ({ quantity: "voltage", unit: "V", modifiers: [`phase-l${p}`], text: (s) => wave(meter, s + p * 999, 230, 3).toFixed(1) })),
            dated, serial,
        ];
    if (meter.medium_name === "heat")
        return [
            { quantity: "energy", unit: "Wh", text: (s) => `${count(s)}000` },
            { quantity: "volume", unit: "m3", text: (s) => (count(s) * 0.037).toFixed(3) },
            { quantity: "on-time", unit: "s", text: (s) => String(Math.floor(s / 3600 - 460_000) * 3600) },
            { quantity: "power", unit: "W", text: (s) => String(Math.round(wave(meter, s, 9000, 6000) / 100) * 100) },
            { quantity: "power", unit: "W", function: "max", text: () => "21300" },
            { quantity: "volume-flow", unit: "m3/h", text: (s) => wave(meter, s, 0.4, 0.25).toFixed(3) },
            { quantity: "flow-temperature", unit: "C", text: (s) => wave(meter, s, 67, 6).toFixed(2) },
            { quantity: "return-temperature", unit: "C", text: (s) => wave(meter, s, 41, 3).toFixed(2) },
            { quantity: "temperature-difference", unit: "K", text: (s) => (wave(meter, s, 26, 3)).toFixed(2) },
            { quantity: "energy", unit: "Wh", storage: 1, text: () => `${counterAt(meter, nowS() - 30 * 86_400)}000` },
            { quantity: "error-flags", unit: "", text: () => "null", note: "no-data" },
            dated, serial,
            { quantity: "manufacturer-specific", unit: "", special: "manufacturer", text: () => '"0F3A00127F"' },
        ];
    return [
        { quantity: "volume", unit: "m3", text: (s) => (count(s) / 1000).toFixed(3) },
        { quantity: "volume-flow", unit: "m3/h", text: (s) => wave(meter, s, 0.08, 0.06).toFixed(3) },
        { quantity: "volume", unit: "m3", storage: 1, text: () => (counterAt(meter, nowS() - 30 * 86_400) / 1000).toFixed(3) },
        ...(meter.medium_name === "warm-water" ? [{ quantity: "flow-temperature", unit: "C", text: (s) => wave(meter, s, 55, 2).toFixed(1) }] : []),
        dated, serial,
    ];
}

const seriesId = (meter, index) => meter.id * 1000 + index + 1;
const describe = (k) => ({ quantity: k.quantity, unit: k.unit, function: k.function ?? "inst", storage: k.storage ?? 0,
                           tariff: k.tariff ?? 0, subunit: 0, modifiers: k.modifiers ?? [] });

function makeMeter(id, fields) {
    const kind = KINDS[id % KINDS.length];
    return { id, position: "", secondary_address: "", addressing: "secondary", primary_address: null, enhanced_address: null,
             baud: 2400, bus: 1, state: "active", manufacturer: null, version: null, medium: null, medium_name: null,
             last_readout: { time: null, status: null },
             kind, ...fields };
}

function madeUpMeters(n) {
    return Array.from({ length: n }, (_, i) => {
        const id = i + 1;
        const kind = KINDS[id % KINDS.length];
        const fails = n > 4 && id % 23 === 5;
        return makeMeter(id, {
            position: `${ROOMS[i % ROOMS.length]} ${Math.floor(i / ROOMS.length) + 1}`,
            secondary_address: String(10_000_000 + Math.floor(noise(id, 3) * 89_999_999)).padStart(8, "0"),
            addressing: id % 7 === 3 ? "primary" : "secondary", primary_address: id % 7 === 3 ? id % 250 : null,
            bus: id % 40 === 39 ? 2 : 1, state: n > 20 && id % 97 === 0 ? "passive" : "active",
            manufacturer: kind.manufacturer, version: kind.version, medium: kind.code, medium_name: kind.medium,
            last_readout: { time: iso(nowS() - (id * 7) % 840), status: fails ? STATUSES[id % STATUSES.length] : "ok" },
        });
    });
}

/* --- the server --- */

class Refusal {
    constructor(status, error, message, details, headers = {}) {
        Object.assign(this, { status, error, message, details, headers });
    }
}

const raw = (text) => ({ raw: text });

export function createMock({ meters = 12, ready = false, events = true, dist = null, role = "admin" } = {}) {
    const state = {
        meters: madeUpMeters(meters), nextMeter: meters + 1, jobs: new Map(), nextJob: 1, sessions: new Map(), clients: new Set(),
        password: ready ? "metergate1" : "admin", mustChange: !ready, wrong: [], started: nowS(), eventId: 0, log: [],
    };
    for (let i = 0; i < 240; i++)
        state.log.push(logEntry(i));

    function logEntry(i) {
        const kinds = [
            ["info", "bus1", "scheduled readout: 12 meters in 8.4 s"], ["info", "store", "sealed 12 blocks, 41 kB"],
            ["warning", "bus1", "meter 13001651: no answer after 3 tries (500 ms)"], ["info", "http", "admin logged in from 127.0.0.1"],
            ["error", "bus2", "the interface is down: /dev/ttyUSB1 is gone; plug the converter in again"],
        ];
        const [severity, origin, text] = kinds[i % 11 === 7 ? 4 : i % 5 === 2 ? 2 : i % 2 === 0 ? 0 : i % 3 === 0 ? 3 : 1];
        return { time: iso(nowS() - i * 431), severity, origin, text };
    }

    function publish(name, body) {
        state.eventId++;
        for (const client of state.clients)
            client.write(`id: ${state.eventId}\nevent: ${name}\ndata: ${JSON.stringify(body)}\n\n`);
    }

    function note(severity, origin, text) {
        const entry = { time: iso(nowS()), severity, origin, text };
        state.log.unshift(entry);
        publish("log", entry);
    }

    function whoAsks(request) {
        const token = /metergate=([0-9a-f]+)/.exec(request.headers.cookie ?? "")?.[1];
        const session = token && state.sessions.get(token);
        if (!session)
            throw new Refusal(401, "unauthorized", "Please log in.");
        if (request.method !== "GET" && request.headers["x-csrf-token"] !== session.csrf)
            throw new Refusal(403, "csrf", "Changes from a page need its X-CSRF-Token.");
        return { token, ...session };
    }

    const findMeter = (id) => {
        const meter = state.meters.find((m) => m.id === Number(id));
        if (!meter)
            throw new Refusal(404, "not_found", `There is no meter ${id}.`);
        return meter;
    };
    const shown = ({ kind: _kind, ...meter }) => meter;

    function values(meter, seconds) {
        const members = valueKinds(meter).map((k, index) => {
            const head = { index, telegram: 0, series: k.special ? null : seriesId(meter, index), ...describe(k) };
            const tail = { ...(k.special && { special: k.special }), ...(k.note && { note: k.note }) };
            return JSON.stringify({ ...head, ...tail }).replace(/}$/, `,"value":${k.text(seconds)}}`);
        });
        return `[${members.join(",")}]`;
    }

    function points(id, query) {
        const meter = findMeter(Math.floor(id / 1000));
        const kind = valueKinds(meter)[(id % 1000) - 1];
        if (!kind)
            throw new Refusal(404, "not_found", `There is no series ${id}.`);
        const end = Math.min(Date.parse(query.get("to")) / 1000 || nowS(), nowS());
        const begin = Math.max(Date.parse(query.get("from")) / 1000 || 0, nowS() - HISTORY_S);
        const step = Math.max(Number(query.get("step")) || QUARTER_S, QUARTER_S);
        const isDelta = query.get("aggregate") === "delta";
        const out = [];
        for (let s = Math.ceil(begin / step) * step; s < end; s += step) {
            /* A gap, so that pages meet one. */
            if (meter.id === 3 && s > nowS() - 40 * 86_400 && s < nowS() - 38 * 86_400)
                continue;
            const value = isDelta ? difference(kind.text(Math.min(s + step, end)), kind.text(s)) : kind.text(s);
            out.push(`["${iso(s)}",${value}]`);
        }
        return raw(`{"values":[${out.join(",")}]}`);
    }

    function difference(a, b) {
        const digits = (a.split(".")[1] ?? "").length;
        return (Number(a) - Number(b)).toFixed(digits);
    }

    function startReadout(wanted) {
        const chosen = wanted === "all" ? state.meters.filter((m) => m.state === "active") : wanted.map(findMeter);
        const job = { id: state.nextJob++, kind: "readout", state: "waiting", progress: { done: 0, total: chosen.length }, errors: [] };
        state.jobs.set(job.id, job);
        const pace = Math.max(15, Math.min(300, 4000 / Math.max(chosen.length, 1)));
        const turn = () => {
            if (job.progress.done === chosen.length) {
                job.state = "done";
                publish("job", job);
                return;
            }
            job.state = "running";
            readMeter(chosen[job.progress.done], job);
            job.progress.done++;
            publish("job", job);
            setTimeout(turn, pace);
        };
        setTimeout(turn, 300);
        return { job: job.id };
    }

    function readMeter(meter, job) {
        const fails = meter.last_readout.status !== null && meter.last_readout.status !== "ok";
        const status = fails ? meter.last_readout.status : "ok";
        if (fails)
            job.errors.push({ subject: `meter ${meter.secondary_address}`, message: status.replace("_", " ") });
        Object.assign(meter, { manufacturer: meter.kind.manufacturer, version: meter.kind.version, medium: meter.kind.code,
                               medium_name: meter.kind.medium, last_readout: { time: iso(nowS()), status } });
        publish("reading", { meter: meter.id, time: meter.last_readout.time, status, source: "manual" });
    }

    function install(csv) {
        const rows = csv.replace(/^\ufeff/, "").split(/\r?\n/).map((line) => line.split(/[;,\t]/).map((c) => c.trim()));
        const heads = rows[0].map((h) => h.toLowerCase());
        const at = Object.fromEntries(HEADINGS.map((h) => [h, heads.indexOf(h)]));
        const details = [];
        const made = [];
        for (const needed of HEADINGS.slice(0, 2))
            if (at[needed] < 0)
                details.push({ line: 1, field: needed, message: `The heading ${needed} is missing.` });
        rows.slice(1).forEach((cells, i) => {
            if (cells.every((c) => c === ""))
                return;
            const complain = (field, message) => details.push({ line: i + 2, column: at[field] + 1, field, message });
            const cell = (name) => cells[at[name]] ?? "";
            const mode = cell("addressingmode").toLowerCase();
            if (!/^[0-9A-Fa-f]{8}$/.test(cell("secondaryaddress")))
                complain("secondaryaddress", "A secondary address has 8 hexadecimal digits, with leading zeros.");
            if (!/^(300|600|1200|2400|4800|9600|)$/.test(cell("baudrate")))
                complain("baudrate", "The baud rate is one of 300, 600, 1200, 2400, 4800, 9600, 19200, 38400.");
            if (!["primary", "secondary", "esecondary"].includes(mode))
                complain("addressingmode", "The mode is primary, secondary or esecondary.");
            if (state.meters.some((m) => m.secondary_address === cell("secondaryaddress")))
                complain("secondaryaddress", "A meter with this address is installed already.");
            made.push({ position: cell("position"), secondary_address: cell("secondaryaddress"), addressing: mode,
                        baud: Number(cell("baudrate")) || 2400,
                        primary_address: cell("primaryaddress") === "" ? null : Number(cell("primaryaddress")) });
        });
        if (details.length > 0)
            throw new Refusal(422, "invalid", "The meter list has errors; nothing was installed.", details);
        const added = made.map((fields) => makeMeter(state.nextMeter++, fields));
        state.meters.push(...added);
        for (const meter of added)
            publish("meter", { id: meter.id, what: "installed" });
        note("info", "meters", `${added.length} meters installed by admin`);
        return { installed: added.length, meters: added.map(shown) };
    }

    function logIn({ user, password }, answer) {
        state.wrong = state.wrong.filter((s) => s > nowS() - 60);
        if (state.wrong.length > 10)
            throw new Refusal(429, "too_many_attempts", "Too many wrong passwords.", undefined, { "Retry-After": "42" });
        if (user !== "admin" || password !== state.password) {
            state.wrong.push(nowS());
            throw new Refusal(401, "unauthorized", "Wrong user name or password.");
        }
        const token = randomBytes(16).toString("hex");
        const session = { user, role, csrf: randomBytes(16).toString("hex"), password_change_required: state.mustChange };
        state.sessions.set(token, session);
        answer.setHeader("Set-Cookie", `metergate=${token}; Path=/; HttpOnly; SameSite=Strict`);
        return session;
    }

    function changePassword({ old, new: next }) {
        if (old !== state.password)
            throw new Refusal(403, "wrong_password", "The old password is wrong.");
        if (next.length < 8 || !/\d/.test(next) || !/[a-z]/i.test(next))
            throw new Refusal(422, "password_weak", "The password needs letters and digits.",
                              [{ field: "new", message: "The password needs letters and digits." }]);
        state.password = next;
        state.mustChange = false;
    }

    function logPage(query, request) {
        const severity = query.get("severity");
        const rank = ["info", "warning", "error"];
        const all = state.log.filter((e) => !severity || rank.indexOf(e.severity) >= rank.indexOf(severity));
        if (request.headers.accept === "text/csv")
            return raw("time,severity,origin,text\r\n" + all.map((e) => [e.time, e.severity, e.origin, `"${e.text}"`].join(",")).join("\r\n"));
        return page(all, "entries", query);
    }

    function page(all, key, query) {
        const begin = Number(query.get("cursor")) || 0;
        const end = begin + (Number(query.get("limit")) || 100);
        return { [key]: all.slice(begin, end), next: end < all.length ? String(end) : null };
    }

    function system() {
        const active = state.meters.filter((m) => m.state === "active").length;
        return {
            product: "Metergate", version: "0.1.0", serial: "0016004217", time: iso(nowS()), uptime_s: nowS() - state.started,
            meters: { active, passive: state.meters.length - active, limit: 512 },
            store: { bytes: 4_300_000, values: 8640 * 8 * state.meters.length },
        };
    }

    function latest(meter) {
        if (!meter.manufacturer)
            throw new Refusal(404, "not_found", "The meter has not been read yet.");
        return raw(`{"time":"${meter.last_readout.time}","telegrams":1,"source":"scheduled","age_s":12,"header":{},` +
                   `"values":${values(meter, nowS())}}`);
    }

    function openEvents(request, answer) {
        if (!events)
            throw new Refusal(404, "not_found", "There is nothing of this name.");
        answer.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
        answer.write("retry: 2000\n\n");
        state.clients.add(answer);
        request.on("close", () => state.clients.delete(answer));
        return undefined;
    }

    /* method, pattern, handler({ id, query, json, text, request, answer, who }) */
    const routes = [
        ["GET", /^\/system$/, () => system()],
        ["GET", /^\/meters$/, ({ query }) => page(state.meters.map(shown), "meters", query)],
        ["POST", /^\/meters$/, ({ text }) => install(text), 201],
        ["GET", /^\/meters\/(\w+)$/, ({ id }) => shown(findMeter(id))],
        ["GET", /^\/meters\/(\w+)\/latest$/, ({ id }) => latest(findMeter(id))],
        ["GET", /^\/meters\/(\w+)\/series$/, ({ id }) => {
            const meter = findMeter(id);
            const kinds = meter.manufacturer ? valueKinds(meter) : [];
            return { series: kinds.map((k, i) => ({ id: seriesId(meter, i), ...describe(k) })).filter((_, i) => !kinds[i].special) };
        }],
        ["GET", /^\/series\/(\w+)\/values$/, ({ id, query }) => points(Number(id), query)],
        ["POST", /^\/readouts$/, ({ json }) => startReadout(json.meters), 202],
        ["GET", /^\/jobs\/(\w+)$/, ({ id }) => state.jobs.get(Number(id))],
        ["GET", /^\/log$/, ({ query, request }) => logPage(query, request)],
        ["DELETE", /^\/session$/, ({ who }) => void state.sessions.delete(who.token), 204],
        ["GET", /^\/events$/, ({ request, answer }) => openEvents(request, answer)],
    ];

    async function call(request, answer, url) {
        const path = url.pathname.replace("/api/v1", "");
        const chunks = [];
        for await (const chunk of request)
            chunks.push(chunk);
        const text = Buffer.concat(chunks).toString("utf8");
        const json = request.headers["content-type"] === "application/json" ? JSON.parse(text) : null;
        if (path === "/session" && request.method === "POST")
            return send(answer, 200, logIn(json, answer));
        const who = whoAsks(request);
        if (path === "/session" && request.method === "GET")
            return send(answer, 200, { user: who.user, role: who.role, csrf: who.csrf, password_change_required: state.mustChange });
        if (path === "/password" && request.method === "POST")
            return send(answer, 204, changePassword(json));
        if (state.mustChange && path !== "/session")
            throw new Refusal(403, "password_change_required", "The factory password must be changed first.");
        for (const [method, pattern, handler, status = 200] of routes) {
            const found = pattern.exec(path);
            if (!found || method !== request.method)
                continue;
            const result = await handler({ id: found[1], query: url.searchParams, json, text, request, answer, who });
            return answer.headersSent ? undefined : send(answer, status, result);
        }
        throw new Refusal(404, "not_found", "There is nothing of this name.");
    }

    function send(answer, status, body) {
        answer.statusCode = status;
        answer.setHeader("X-Content-Type-Options", "nosniff");
        if (body === undefined || status === 204)
            return answer.end();
        answer.setHeader("Content-Type", "application/json");
        answer.end(body.raw ?? JSON.stringify(body));
    }

    function sendFile(answer, path) {
        const types = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
        const file = join(dist, path);
        const isFile = extname(path) !== "" && existsSync(file);
        if (extname(path) !== "" && !isFile) {
            answer.statusCode = 404;
            return answer.end();
        }
        answer.setHeader("Content-Type", types[isFile ? extname(path) : ".html"]);
        answer.setHeader("Content-Security-Policy", PAGE_POLICY);
        answer.end(readFileSync(isFile ? file : join(dist, "index.html")));
    }

    const server = createServer(async (request, answer) => {
        const url = new URL(request.url, "http://localhost");
        try {
            if (url.pathname === "/healthz")
                return send(answer, 200, { status: "ok" });
            if (!url.pathname.startsWith("/api/") && dist)
                return sendFile(answer, url.pathname);
            await call(request, answer, url);
        } catch (e) {
            if (!(e instanceof Refusal))
                throw e;
            for (const [name, value] of Object.entries(e.headers))
                answer.setHeader(name, value);
            send(answer, e.status, { error: e.error, message: e.message, ...(e.details && { details: e.details }) });
        }
    });
    return server;
}

function option(name, fallback) {
    const at = process.argv.indexOf(`--${name}`);
    return at < 0 ? fallback : process.argv[at + 1];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
    const port = Number(option("port", 8081));
    createMock({
        meters: Number(option("meters", 12)), ready: process.argv.includes("--ready"),
        events: !process.argv.includes("--no-events"), dist: option("dist", null),
    }).listen(port, "127.0.0.1", () => console.log(`The mock gateway answers at http://127.0.0.1:${port}`));
}
