/* meters.tsx — the meter list: what is installed, how its last readout went.
 * SPDX-License-Identifier: Apache-2.0
 */
import { useEffect, useId, useMemo, useState } from "preact/hooks";
import { apiAll } from "../api/client";
import { onLive } from "../api/live";
import { useResource } from "../api/resource";
import type { Meter, Readout } from "../api/types";
import { t, tn, word } from "../i18n";
import { formatAge, formatCount, formatTime, mediumWord, meterName } from "../lib/format";
import { useStore } from "../lib/store";
import { isOver, readout, startReadout } from "../state/readout";
import { mayOperate, session } from "../state/session";
import { Badge, Button, LinkButton, LoadProblem, Spinner, StatusBadge } from "../ui/basics";
import { useNow } from "../ui/clock";
import { Icon } from "../ui/icon";
import { ReadoutPanel } from "../ui/readout_panel";
import { Table, type Column, type Sorting } from "../ui/table";
import { useTitle } from "../ui/title";

const ROWS_AT_ONCE = 100;

export function MetersPage() {
    useTitle(t("meters.title"));
    const { data, error, reload, patch } = useResource("meters", (signal) => apiAll<Meter>("/meters", "meters", { signal }),
                                                       { on: ["meter"], gatherMs: 1000 });
    /* A reading brings all that its row shows, unless the meter was read for the first time. */
    useEffect(() => onLive((name, body) => {
        if (name !== "reading")
            return;
        if (data?.some((m) => m.id === body["meter"] && m.manufacturer === null))
            reload();
        patch((all) => all.map((m) => (m.id === body["meter"] ? { ...m, last_readout: readoutOf(body) } : m)));
    }), [data, reload, patch]);
    if (!data)
        return error ? <LoadProblem error={error} onRetry={reload} /> : <Spinner label={t("meters.title")} />;
    if (data.length === 0)
        return <NoMeters />;
    return <MeterList meters={data} />;
}

function readoutOf(body: Record<string, unknown>): Readout {
    return { time: body["time"], status: body["status"] } as Readout;
}

function NoMeters() {
    const isAllowed = mayOperate(useStore(session));
    return (
        <div class="empty card">
            <span class="empty-icon"><Icon name="meter" /></span>
            <h1>{t("empty.title")}</h1>
            <p class="muted">{isAllowed ? t("empty.text") : t("empty.noRight")}</p>
            {isAllowed && <LinkButton href="/install" kind="primary" icon="plus">{t("meters.install")}</LinkButton>}
        </div>
    );
}

/* The words that a filter is looked for in: what the row shows. */
function searchText(m: Meter): string {
    const status = m.last_readout.status ? word("status", m.last_readout.status) : t("meters.never");
    return [m.position, m.secondary_address, m.primary_address, m.manufacturer, mediumWord(m), status,
            m.state === "passive" ? t("meters.passive") : ""].join(" ").toLowerCase();
}

function matches(m: Meter, filter: string): boolean {
    const text = searchText(m);
    return filter.toLowerCase().split(/\s+/).every((part) => text.includes(part));
}

function hasProblem(m: Meter): boolean {
    return m.state === "active" && m.last_readout.status !== null && m.last_readout.status !== "ok";
}

function MeterList({ meters }: { meters: Meter[] }) {
    const [filter, setFilter] = useState("");
    const [onlyProblems, setOnlyProblems] = useState(false);
    const [sorting, setSorting] = useState<Sorting>({ key: "position", isDown: false });
    const problems = meters.filter(hasProblem).length;
    const shown = useMemo(() => meters.filter((m) => matches(m, filter.trim()) && (!onlyProblems || hasProblem(m))),
                          [meters, filter, onlyProblems]);
    return (
        <>
            <PageHead count={meters.length} />
            <ReadoutPanel target="all" />
            <div class="card">
                <div class="filterbar">
                    <FilterField value={filter} onInput={setFilter} />
                    {(problems > 0 || onlyProblems) && (
                        <Button kind="plain" icon="alert" pressed={onlyProblems} onClick={() => setOnlyProblems(!onlyProblems)}>
                            {tn("meters.problems", problems)}
                        </Button>
                    )}
                    <p class="muted small filter-count" role="status">
                        {shown.length < meters.length &&
                            t("meters.shown", { shown: formatCount(shown.length), all: formatCount(meters.length) })}
                    </p>
                </div>
                {shown.length > 0
                    ? <MeterTable key={filter} meters={shown} sorting={sorting} onSort={setSorting} />
                    : <div class="empty">
                        <p>{t("meters.none", { filter })}</p>
                        <Button onClick={() => { setFilter(""); setOnlyProblems(false); }}>{t("meters.clearFilter")}</Button>
                    </div>}
            </div>
        </>
    );
}

function PageHead({ count }: { count: number }) {
    const isBusy = !isOver(useStore(readout));
    const isAllowed = mayOperate(useStore(session));
    return (
        <div class="page-head">
            <div>
                <h1>{t("meters.title")}</h1>
                <p class="muted small">{tn("meters.count", count)}</p>
            </div>
            {isAllowed && (
                <div class="actions">
                    <LinkButton href="/install" icon="plus">{t("meters.installMore")}</LinkButton>
                    <Button kind="primary" icon="refresh" busy={isBusy} onClick={() => void startReadout("all")}>
                        {t("meters.readAll")}
                    </Button>
                </div>
            )}
        </div>
    );
}

function FilterField({ value, onInput }: { value: string; onInput: (next: string) => void }) {
    const id = useId();
    return (
        <div class="filter">
            <label class="hidden" for={id}>{t("meters.filter")}</label>
            <Icon name="search" />
            <input id={id} type="search" value={value} placeholder={t("meters.filterHint")}
                   onInput={(e) => onInput(e.currentTarget.value)} />
        </div>
    );
}

function columns(now: number): Column<Meter>[] {
    return [
        {
            key: "position", title: t("meters.position"), onCard: "head", sortBy: meterName,
            cell: (m) => <a class="row-link" href={`/meters/${m.id}`}>{meterName(m)}</a>,
        },
        {
            key: "address", title: t("meters.address"), sortBy: (m) => m.secondary_address,
            cell: (m) => <Address meter={m} />,
        },
        { key: "manufacturer", title: t("meters.manufacturer"), sortBy: (m) => m.manufacturer,
          cell: (m) => m.manufacturer },
        { key: "medium", title: t("meters.medium"), sortBy: (m) => mediumWord(m) || null,
          cell: mediumWord },
        { key: "bus", title: t("meters.bus"), sortBy: (m) => m.bus, onCard: "label", cell: (m) => m.bus },
        {
            key: "last", title: t("meters.lastReadout"),
            sortBy: (m) => (m.last_readout.time ? Date.parse(m.last_readout.time) : null),
            cell: (m) => m.last_readout.time
                ? <time dateTime={m.last_readout.time} title={formatTime(m.last_readout.time, "full")}>
                    {formatAge(m.last_readout.time, now)}
                </time>
                : <span class="muted">{t("meters.never")}</span>,
        },
        {
            key: "status", title: t("meters.status"), onCard: "aside",
            sortBy: (m) => (m.last_readout.status ? word("status", m.last_readout.status) : null),
            cell: (m) => m.state === "passive"
                ? <Badge tone="off">{t("meters.passive")}</Badge>
                : m.last_readout.status && <StatusBadge status={m.last_readout.status} />,
        },
    ];
}

function Address({ meter }: { meter: Meter }) {
    if (meter.addressing !== "primary" || meter.primary_address === null)
        return <span class="mono">{meter.secondary_address}</span>;
    return (
        <span>
            <span class="mono">{meter.secondary_address}</span>{" "}
            <span class="muted small">{t("meters.primary", { address: meter.primary_address })}</span>
        </span>
    );
}

function MeterTable({ meters, sorting, onSort }: { meters: Meter[]; sorting: Sorting; onSort: (next: Sorting) => void }) {
    const now = useNow(10_000);
    return <Table caption={t("meters.title")} columns={columns(now)} rows={meters} rowKey={(m) => m.id} sorting={sorting}
                  onSort={onSort} atOnce={ROWS_AT_ONCE} more={(n) => tn("meters.more", n)}
                  rowClass={(m) => (m.state === "passive" ? "is-passive" : undefined)} />;
}
