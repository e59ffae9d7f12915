/* meter.tsx — one meter: who it is, what it said last, how its values went.
 * SPDX-License-Identifier: Apache-2.0
 */
import { useState } from "preact/hooks";
import { api, apiAll, ApiError } from "../api/client";
import { parseValues } from "../api/exact";
import { useResource } from "../api/resource";
import type { Id, Latest, Meter, Series, Value } from "../api/types";
import { t, tn, word } from "../i18n";
import { isDrawn, mainSeries } from "../lib/chart_data";
import { formatAge, formatTime, formatValue, functionWord, mediumWord, meterName, modifierWords, noteWord, quantityWord,
         seriesDetails } from "../lib/format";
import { isExact } from "../api/exact";
import { useStore } from "../lib/store";
import { isOver, readout, startReadout } from "../state/readout";
import { mayOperate, session } from "../state/session";
import { Button, Card, LoadProblem, Select, Spinner, StatusBadge } from "../ui/basics";
import { Chart, seriesName } from "../ui/chart";
import { useNow } from "../ui/clock";
import { Icon } from "../ui/icon";
import { ReadoutPanel } from "../ui/readout_panel";
import { Table, type Column } from "../ui/table";
import { useTitle } from "../ui/title";

const VALUES_AT_ONCE = 24;

/* A meter that was never read has no latest values: that is no error. */
async function fetchLatest(id: string, signal: AbortSignal): Promise<Latest | null> {
    try {
        return await api<Latest>(`/meters/${id}/latest`, { parse: parseValues, signal });
    } catch (e) {
        if (e instanceof ApiError && e.status === 404)
            return null;
        throw e;
    }
}

export default function MeterPage({ id = "" }: { id?: string }) {
    const concerns = (_name: string, body: Record<string, unknown>) => String(body["meter"] ?? body["id"] ?? id) === id;
    const meter = useResource(`meter ${id}`, (signal) => api<Meter>(`/meters/${encodeURIComponent(id)}`, { signal }),
                              { on: ["reading", "meter"], concerns });
    const latest = useResource<Latest | null>(`latest ${id}`, (signal) => fetchLatest(id, signal), { on: ["reading"], concerns });
    const series = useResource(`series ${id}`, (signal) => apiAll<Series>(`/meters/${encodeURIComponent(id)}/series`, "series", { signal }),
                               { on: ["reading"], concerns, gatherMs: 3000 });
    const [chosen, setChosen] = useState<string | null>(null);
    useTitle(meter.data ? meterName(meter.data) : "");
    if (!meter.data)
        return meter.error ? <LoadProblem error={meter.error} onRetry={meter.reload} /> : <Spinner label={t("nav.meters")} />;

    const drawable = (series.data ?? []).filter(isDrawn);
    const inChart = drawable.find((s) => String(s.id) === chosen) ?? mainSeries(drawable);
    return (
        <>
            <MeterHead meter={meter.data} />
            <ReadoutPanel target={meter.data.id} />
            <div class="columns">
                <History meter={meter.data.id} series={drawable} chosen={inChart} onChoose={setChosen}
                         isLoading={series.isLoading && !series.data} />
                <LatestCard latest={latest.data} error={latest.error} onRetry={latest.reload}
                            drawable={new Set(drawable.map((s) => String(s.id)))}
                            chosen={inChart ? String(inChart.id) : null} onChoose={setChosen} />
            </div>
        </>
    );
}

function MeterHead({ meter }: { meter: Meter }) {
    const now = useNow(5000);
    const isBusy = !isOver(useStore(readout));
    const isAllowed = mayOperate(useStore(session));
    const last = meter.last_readout;
    const help = last.status && word("statusHelp", last.status);
    return (
        <div>
            <a class="back" href="/"><Icon name="left" />{t("meter.back")}</a>
            <div class="page-head">
                <h1>{meterName(meter)}</h1>
                {isAllowed && (
                    <Button kind="primary" icon="refresh" busy={isBusy} onClick={() => void startReadout(meter.id)}>
                        {t("meter.readNow")}
                    </Button>
                )}
            </div>
            <dl class="passport">
                <Item name={t("meter.address")}><span class="mono">{meter.secondary_address}</span></Item>
                <Item name={t("meter.manufacturer")}>{meter.manufacturer ?? t("meter.unknown")}</Item>
                <Item name={t("meter.medium")}>{mediumWord(meter) || t("meter.unknown")}</Item>
                <Item name={t("meter.mode")}>{modeWords(meter)}</Item>
                <Item name={t("meter.bus")}>{meter.bus}</Item>
                <Item name={t("meter.baud")}>{meter.baud}</Item>
                <Item name={t("meter.lastReadout")}>
                    {last.time
                        ? <span class="with-badge">
                            <time dateTime={last.time} title={formatTime(last.time, "full")}>{formatAge(last.time, now)}</time>
                            <StatusBadge status={last.status} />
                        </span>
                        : t("meters.never")}
                </Item>
            </dl>
            {help && <p class="status-help"><Icon name="info" />{help}</p>}
        </div>
    );
}

function modeWords(meter: Meter): string {
    if (meter.addressing === "primary")
        return t("meter.modePrimary", { address: meter.primary_address ?? "?" });
    return meter.addressing === "esecondary" ? t("meter.modeEsecondary") : t("meter.modeSecondary");
}

function Item({ name, children }: { name: string; children: preact.ComponentChildren }) {
    return <div><dt>{name}</dt><dd>{children}</dd></div>;
}

interface HistoryProps {
    meter: Id;
    series: Series[];
    chosen: Series | undefined;
    onChoose: (id: string) => void;
    isLoading: boolean;
}

function History({ meter, series, chosen, onChoose, isLoading }: HistoryProps) {
    const named = (s: Series) => seriesName(s, seriesDetails(s));
    const choice = chosen && series.length > 1 && (
        <Select label={t("chart.series")} isLabelHidden value={String(chosen.id)} onChange={onChoose}
                options={series.map((s) => ({ value: String(s.id), label: named(s) }))} />
    );
    return (
        <Card title={t("chart.title")} tools={choice} class="history">
            {chosen
                ? <Chart meter={meter} series={chosen} name={named(chosen)} />
                : isLoading ? <Spinner label={t("chart.loading")} /> : <p class="empty muted">{t("chart.noSeries")}</p>}
        </Card>
    );
}

interface LatestProps {
    latest: Latest | null | undefined;
    error: ApiError | undefined;
    onRetry: () => void;
    drawable: Set<string>;
    chosen: string | null;
    onChoose: (id: string) => void;
}

function LatestCard({ latest, error, onRetry, drawable, chosen, onChoose }: LatestProps) {
    const now = useNow(5000);
    if (latest === undefined)
        return <Card title={t("meter.latest")} class="latest">
            {error ? <LoadProblem error={error} onRetry={onRetry} /> : <Spinner label={t("meter.latest")} />}
        </Card>;
    if (latest === null || latest.values.length === 0)
        return (
            <Card title={t("meter.latest")} class="latest">
                <div class="empty"><h3>{t("meter.noValues")}</h3><p class="muted">{t("meter.noValuesHelp")}</p></div>
            </Card>
        );
    const source = latest.source ? word("meter.source", latest.source) : null;
    const read = (
        <p class="muted small" role="status">
            <time dateTime={latest.time} title={formatTime(latest.time, "full")}>
                {t("meter.read", { age: formatAge(latest.time, now) })}
            </time>
            {source && `, ${source}`}{latest.telegrams > 1 && `, ${tn("meter.telegrams", latest.telegrams)}`}
        </p>
    );
    return (
        <Card title={t("meter.latest")} tools={read} class="latest">
            <Table caption={t("meter.latest")} rows={latest.values} rowKey={(v) => `${v.telegram}.${v.index}`}
                   columns={valueColumns(latest.values, drawable, chosen, onChoose)} atOnce={VALUES_AT_ONCE}
                   more={(n) => tn("meters.more", n)}
                   rowClass={(v) => (v.series !== null && String(v.series) === chosen ? "is-chosen" : undefined)} />
        </Card>
    );
}

function ValueCell({ value }: { value: Value }) {
    const shown = formatValue(value.means ?? value);
    if (shown === null)
        return <span class="muted">{value.note ? noteWord(value.note) : t("values.none")}</span>;
    const raw = isExact(value.value) ? t("values.raw", { raw: `${value.value.dec} ${value.unit}` }) : undefined;
    const isBytes = value.special !== undefined || value.quantity === "manufacturer-specific";
    return (
        <>
            <span class={isBytes ? "mono bytes" : "value"} title={raw}>{shown}</span>
            {value.note && <span class="muted small"> {noteWord(value.note)}</span>}
        </>
    );
}

/** What most values have is quiet, and left out on a phone. */
function Usual({ is, children }: { is: boolean; children: preact.ComponentChildren }) {
    return <span class={is ? "usual" : undefined}>{children}</span>;
}

function nameOf(v: Value): string {
    return (v.special && word("special", v.special)) ?? quantityWord(v.quantity, v.unit);
}

/* Columns in which every value is the usual one would only be noise: they are left out. */
function valueColumns(values: Value[], drawable: Set<string>, chosen: string | null,
                      onChoose: (id: string) => void): Column<Value>[] {
    const all: (Column<Value> | false)[] = [
        { key: "quantity", title: t("values.quantity"), onCard: "head", cell: nameOf },
        { key: "value", title: t("values.value"), isNumber: true, onCard: "aside", cell: (v) => <ValueCell value={v} /> },
        { key: "function", title: t("values.function"), onCard: "label",
          cell: (v) => !v.special && <Usual is={v.function === "inst"}>{functionWord(v.function)}</Usual> },
        { key: "storage", title: t("values.storage"), isNumber: true, onCard: "label",
          cell: (v) => !v.special && <Usual is={v.storage === 0}>{v.storage}</Usual> },
        { key: "tariff", title: t("values.tariff"), isNumber: true, onCard: "label",
          cell: (v) => !v.special && <Usual is={v.tariff === 0}>{v.tariff}</Usual> },
        values.some((v) => detailsOf(v) !== "") &&
            { key: "details", title: t("values.details"), cell: (v) => detailsOf(v) },
        {
            key: "chart", title: "", onCard: "end",
            cell: (v) => v.series !== null && drawable.has(String(v.series)) && (
                <button type="button" class="button quiet to-chart" aria-pressed={String(v.series) === chosen}
                        aria-label={t("values.showChart", { name: seriesTitle(v) })} title={t("values.showChart", { name: seriesTitle(v) })}
                        onClick={() => onChoose(String(v.series))}><Icon name="chart" /></button>
            ),
        },
    ];
    return all.filter((c): c is Column<Value> => c !== false);
}

function seriesTitle(v: Value): string {
    const details = seriesDetails(v);
    return nameOf(v) + (details ? ` (${details})` : "");
}

function detailsOf(v: Value): string {
    return [v.subunit > 0 && t("values.subunit", { n: v.subunit }), modifierWords(v.modifiers ?? [])].filter(Boolean).join(", ");
}
