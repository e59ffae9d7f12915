/* plot.ts — one series drawn with uPlot; loaded only where a chart is shown.
 * SPDX-License-Identifier: Apache-2.0
 */
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { locale } from "../i18n";
import { groupDecimal } from "../lib/decimal";
import { decimalMark } from "../lib/format";
import type { Drawn, Span } from "../lib/chart_data";

export interface PlotOptions {
    drawn: Drawn;
    span: Span;
    isBars: boolean;
    /** How long a bar lasts, in seconds. */
    step: number | undefined;
    onZoom: (span: Span) => void;
    /** The value under the pointer; null when it has left. */
    onPoint: (index: number | null) => void;
}

const HEIGHT = 300;
const DAY = 86_400;

/* Colours are asked of the style sheet, so that the chart follows light and dark. */
function colour(host: HTMLElement, name: string): string {
    const probe = document.createElement("span");
    probe.style.color = `var(${name})`;
    host.append(probe);
    const found = getComputedStyle(probe).color;
    probe.remove();
    return found;
}

function withAlpha(rgb: string, alpha: number): string {
    return rgb.replace(/^rgb\((.*)\)$/, (_, parts: string) => `rgba(${parts}, ${alpha})`);
}

function tickFormats(step: number): Intl.DateTimeFormat {
    return step >= DAY ? new Intl.DateTimeFormat(locale(), { day: "numeric", month: "short" })
                       : new Intl.DateTimeFormat(locale(), { hour: "2-digit", minute: "2-digit" });
}

/* A midnight among hours shows its date. */
function timeTicks(splits: number[], step: number): string[] {
    const days = tickFormats(DAY);
    const format = tickFormats(step);
    return splits.map((s) => {
        const date = new Date(s * 1000);
        return (date.getHours() === 0 && date.getMinutes() === 0 ? days : format).format(date);
    });
}

function numberTicks(splits: number[]): string[] {
    const mark = decimalMark();
    const gap = Math.abs((splits[1] ?? 1) - (splits[0] ?? 0));
    const digits = Math.max(0, Math.min(8, -Math.floor(Math.log10(gap || 1) + 1e-9)));
    return splits.map((s) => groupDecimal(s.toFixed(digits), mark));
}

function widestTick(self: uPlot, values: string[] | null): number {
    self.ctx.save();
    self.ctx.font = "13px sans-serif";
    const width = Math.max(0, ...(values ?? []).map((v) => self.ctx.measureText(v).width));
    self.ctx.restore();
    return Math.ceil(width) + 20;
}

function axes(host: HTMLElement): uPlot.Axis[] {
    const shared = {
        stroke: colour(host, "--text-2"),
        font: `12px ${getComputedStyle(host).fontFamily}`,
        grid: { stroke: colour(host, "--chart-grid"), width: 1 },
        ticks: { show: false },
    };
    return [
        { ...shared, grid: { show: false }, space: 64, size: 34, values: (_u, splits, _i, _s, step) => timeTicks(splits, step) },
        { ...shared, size: widestTick, values: (_u, splits) => numberTicks(splits) },
    ];
}

/* The first and the last bar are seen whole. */
function timeRange({ drawn, span, isBars, step = 0 }: PlotOptions): [number, number] {
    const first = drawn.times[0] ?? Infinity;
    const last = drawn.times[drawn.times.length - 1] ?? -Infinity;
    return [Math.min(span.from / 1000, first), Math.max(span.to / 1000, isBars ? last + step : last)];
}

/* A counter drawn as it is must not look flat: the scale fits the values. Bars stand on zero. */
function valueRange(isBars: boolean): uPlot.Range.Function {
    return (_u, low, high) => {
        if (low === null || high === null)
            return [0, 1];
        /* One value, or several alike, lie in the middle. */
        const pad = (high - low) * 0.08 || Math.abs(high) * 0.001 || 1;
        return isBars ? [Math.min(0, low), Math.max(0, high) + pad] : [low - pad, high + pad];
    };
}

function line(host: HTMLElement, options: PlotOptions): uPlot.Series {
    const accent = colour(host, "--accent");
    if (!options.isBars)
        return { stroke: accent, width: 2, fill: withAlpha(accent, 0.09), points: { show: options.drawn.times.length < 40, size: 5 } };
    return {
        stroke: accent, fill: withAlpha(accent, 0.75), width: 0, points: { show: false },
        paths: uPlot.paths.bars!({ size: [0.82, 56], align: 1, radius: 0.12 }),
    };
}

export function createPlot(host: HTMLElement, options: PlotOptions): { destroy: () => void } {
    const { drawn, onZoom, onPoint } = options;
    const plot = new uPlot({
        width: host.clientWidth,
        height: HEIGHT,
        padding: [12, 8, 0, 0],
        legend: { show: false },
        cursor: {
            y: false,
            drag: { x: true, y: false, setScale: false },
            points: { show: !options.isBars },
            /* A bar is pointed at from where it begins to where the next one does. */
            dataIdx: (_u, _series, nearest, at) => (options.isBars && (drawn.times[nearest] ?? 0) > at ? Math.max(0, nearest - 1) : nearest),
            /* A press without a drag is no zoom. */
            bind: { dblclick: () => null },
        },
        scales: {
            x: { time: true, range: () => timeRange(options) },
            y: { range: valueRange(options.isBars) },
        },
        axes: axes(host),
        series: [{}, line(host, options)],
        hooks: {
            setSelect: [(u) => {
                if (u.select.width > 8)
                    onZoom({ from: u.posToVal(u.select.left, "x") * 1000,
                             to: u.posToVal(u.select.left + u.select.width, "x") * 1000 });
                u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            }],
            setCursor: [(u) => onPoint(u.cursor.idxs?.[1] ?? null)],
        },
    }, [drawn.times, drawn.numbers], host);
    const watch = new ResizeObserver(() => plot.setSize({ width: host.clientWidth, height: HEIGHT }));
    watch.observe(host);
    return {
        destroy() {
            watch.disconnect();
            plot.destroy();
        },
    };
}
