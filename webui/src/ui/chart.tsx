/* chart.tsx — the history of one series: ranges, zoom, the drawing, and the same values as words and as a table.
 * SPDX-License-Identifier: Apache-2.0
 */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { api } from "../api/client";
import { parsePoints } from "../api/exact";
import { useResource } from "../api/resource";
import type { Id, Point, Series } from "../api/types";
import { t } from "../i18n";
import { askFrom, drawn, isCounter, moveSpan, queryFor, RANGES, sumDecimals,
         type Drawn, type RangeName, type Shown, type Span } from "../lib/chart_data";
import { formatDecimal, formatTime, quantityWord } from "../lib/format";
import { onColours } from "../state/theme";
import { Button, Choice, LoadProblem, Spinner } from "./basics";

const NBSP = "\u00a0";
const ROWS_MAX = 500;

interface Fetched {
    points: Point[];
    span: Span;
}

interface Props {
    meter: Id;
    series: Series;
    name: string;
}

/** Null: the range that ends now, and moves on with new readings. */
type Fixed = Span | null;

export function Chart({ meter, series, name }: Props) {
    const [range, setRange] = useState<RangeName>("7d");
    const [fixed, setFixed] = useState<Fixed>(null);
    const canCount = isCounter(series);
    const [wished, setWished] = useState<Shown>("consumption");
    const shown: Shown = canCount ? wished : "reading";
    const key = ["values", series.id, range, shown, fixed?.from, fixed?.to].join(" ");

    const { data, error, isLoading, reload } = useResource<Fetched>(key, async (signal) => {
        const now = Date.now();
        const span = fixed ?? { from: now - RANGES[range], to: now };
        return { span, points: await fetchPoints(series, span, shown, signal) };
    }, { on: fixed ? [] : ["reading"], concerns: (_n, body) => String(body["meter"] ?? body["id"] ?? meter) === String(meter),
         gatherMs: 1500 });
    /* While other values are fetched the old ones stay, so that nothing jumps. */
    const kept = useRef<{ data: Fetched; shown: Shown; series: Series } | null>(null);
    if (data)
        kept.current = { data, shown, series };
    const view = kept.current?.series.id === series.id ? kept.current : null;
    const span = view?.data.span ?? { from: Date.now() - RANGES[range], to: Date.now() };
    const move = (by: number, times: number) => setFixed(moveSpan(span, by, times, Date.now()));

    return (
        <div class="chart">
            <div class="chart-tools">
                <Choice label={t("chart.range")} value={fixed ? null : range}
                        onChange={(next) => { setRange(next); setFixed(null); }}
                        options={(Object.keys(RANGES) as RangeName[]).map((r) => (
                            { value: r, label: t(`chart.${r}`), long: t(`chart.${r}Long`) }))} />
                {canCount && (
                    <Choice label={t("chart.as")} value={shown} onChange={setWished} options={[
                        { value: "consumption", label: t("chart.consumption") }, { value: "reading", label: t("chart.reading") },
                    ]} />
                )}
                <div class="actions chart-moves">
                    <Button kind="quiet" icon="left" label={t("chart.earlier")} onClick={() => move(-0.5, 1)}>{null}</Button>
                    <Button kind="quiet" icon="zoomIn" label={t("chart.zoomIn")} onClick={() => move(0, 0.5)}>{null}</Button>
                    <Button kind="quiet" icon="zoomOut" label={t("chart.zoomOut")} onClick={() => move(0, 2)}>{null}</Button>
                    <Button kind="quiet" icon="right" label={t("chart.later")} disabled={!fixed} onClick={() => move(0.5, 1)}>
                        {null}
                    </Button>
                </div>
            </div>
            {error && !data && <LoadProblem error={error} onRetry={reload} />}
            {!view && !error && <Spinner label={t("chart.loading")} />}
            {view && <View fetched={view.data} shown={view.shown} series={series} name={name} isStale={isLoading && !data}
                           onZoom={setFixed} />}
        </div>
    );
}

async function fetchPoints(series: Series, span: Span, shown: Shown, signal: AbortSignal): Promise<Point[]> {
    const query = queryFor(span, shown, isCounter(series));
    const { ask, keep } = askFrom(span, query);
    const got = await api<{ values: Point[] }>(`/series/${series.id}/values`, {
        query: { from: isoSeconds(ask), to: isoSeconds(span.to), ...query }, parse: parsePoints, signal,
    });
    return got.values.filter(([time]) => Date.parse(time) >= keep);
}

function isoSeconds(ms: number): string {
    return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}

interface ViewProps {
    fetched: Fetched;
    shown: Shown;
    series: Series;
    name: string;
    isStale: boolean;
    onZoom: (span: Span) => void;
}

function View({ fetched, shown, series, name, isStale, onZoom }: ViewProps) {
    const { span, points } = fetched;
    const query = queryFor(span, shown, isCounter(series));
    const data = useMemo(() => drawn(points, series.unit, query.aggregate === "mean"), [points, series.unit, query.aggregate]);
    const [at, setAt] = useState<number | null>(null);
    const isEmpty = data.numbers.every((v) => v === null);
    if (isEmpty)
        return (
            <div class="empty">
                <p>{t("chart.empty", { from: formatTime(new Date(span.from)), to: formatTime(new Date(span.to)) })}</p>
                <p class="muted">{t("chart.emptyHelp")}</p>
            </div>
        );
    return (
        <>
            <p class="chart-point" aria-hidden="true">
                {at === null || at >= data.times.length ? <span class="muted">{data.unit && <b class="chart-unit">{data.unit}</b>} {t("chart.hint")}</span> : pointWords(data, at, shown === "consumption" ? query.step : undefined)}
            </p>
            <Canvas data={data} span={span} isBars={shown === "consumption"} step={query.step} isStale={isStale}
                    label={summary(data, span, shown, name, query.step)} onZoom={onZoom} onPoint={setAt} />
            <p class="small muted chart-summary">{summary(data, span, shown, name, query.step)}</p>
            <ValueTable data={data} name={name} />
        </>
    );
}

function amount(text: string | null | undefined, unit: string): string {
    return text === null || text === undefined ? t("values.none") : formatDecimal(text) + (unit && NBSP + unit);
}

/* A bar tells from when to when, a dot its moment. */
function pointWords(data: Drawn, at: number, step: number | undefined) {
    const time = (s: number) => formatTime(new Date(s * 1000));
    const begin = data.times[at]!;
    return <><strong>{amount(data.texts[at], data.unit)}</strong> {time(begin)}{step !== undefined && ` – ${time(begin + step)}`}</>;
}

function stepWords(step: number | undefined): string {
    if (step === 3600)
        return t("chart.perHour");
    if (step === 86_400)
        return t("chart.perDay");
    const [n, unit] = !step ? [0, "min"] : step % 86_400 === 0 ? [step / 86_400, "d"] : step % 3600 === 0 ? [step / 3600, "h"] : [step / 60, "min"];
    return t("chart.perStep", { step: `${n}${NBSP}${unit}` });
}

/** The chart in a sentence. */
function summary(data: Drawn, span: Span, shown: Shown, name: string, step: number | undefined): string {
    const given = data.texts.filter((v): v is string => v !== null);
    const by = (better: (a: number, b: number) => boolean) =>
        given.reduce((best, v) => (better(Number(v), Number(best)) ? v : best), given[0]!);
    const shared = { name, from: formatTime(new Date(span.from)), to: formatTime(new Date(span.to)) };
    const max = amount(by((a, b) => a > b), data.unit);
    if (shown === "consumption")
        return t("chart.summaryDelta", { ...shared, total: amount(sumDecimals(given), data.unit), max, step: stepWords(step) });
    return t("chart.summary", { ...shared, min: amount(by((a, b) => a < b), data.unit), max,
                                last: amount(given[given.length - 1], data.unit) });
}

interface CanvasProps {
    data: Drawn;
    span: Span;
    isBars: boolean;
    step: number | undefined;
    isStale: boolean;
    label: string;
    onZoom: (span: Span) => void;
    onPoint: (index: number | null) => void;
}

function Canvas({ data, span, isBars, step, isStale, label, onZoom, onPoint }: CanvasProps) {
    const host = useRef<HTMLDivElement>(null);
    const [colours, setColours] = useState(0);
    useEffect(() => onColours(() => setColours((n) => n + 1)), []);
    useEffect(() => {
        let plot: { destroy: () => void } | null = null;
        let isGone = false;
        void import("./plot").then(({ createPlot }) => {
            if (!isGone && host.current)
                plot = createPlot(host.current, { drawn: data, span, isBars, step, onZoom, onPoint });
        });
        return () => {
            isGone = true;
            plot?.destroy();
        };
    }, [data, span, isBars, step, colours]);
    return <div class={`plot ${isStale ? "is-stale" : ""}`} role="img" aria-label={label} ref={host} />;
}

function ValueTable({ data, name }: { data: Drawn; name: string }) {
    const [isOpen, setOpen] = useState(false);
    const from = Math.max(0, data.times.length - ROWS_MAX);
    return (
        <details class="chart-table" onToggle={(e) => setOpen(e.currentTarget.open)}>
            <summary>{t("chart.table")}</summary>
            {isOpen && (
                <div class="table-box" role="group" aria-label={t("chart.table")} tabIndex={0}>
                    <table>
                        <thead><tr><th scope="col">{t("chart.time")}</th><th scope="col" class="number">{name}</th></tr></thead>
                        <tbody>
                            {data.times.slice(from).map((time, i) => (
                                <tr key={time}>
                                    <td>{formatTime(new Date(time * 1000))}</td>
                                    <td class="number">{amount(data.texts[from + i], data.unit)}</td>
                                </tr>
                            )).reverse()}
                        </tbody>
                    </table>
                </div>
            )}
        </details>
    );
}

export function seriesName(s: Series, details: string): string {
    return quantityWord(s.quantity, s.unit) + (details ? ` (${details})` : "");
}
