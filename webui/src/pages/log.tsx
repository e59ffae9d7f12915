/* log.tsx — what happened at the gateway, newest first; new entries come by themselves.
 * SPDX-License-Identifier: Apache-2.0
 */
import { useEffect, useState } from "preact/hooks";
import { api, ApiError } from "../api/client";
import { onLive } from "../api/live";
import { useResource } from "../api/resource";
import type { LogEntry } from "../api/types";
import { t, tn, word } from "../i18n";
import { saveText } from "../lib/download";
import { formatTime } from "../lib/format";
import { sentence } from "../lib/sentences";
import { Badge, Button, Choice, LoadProblem, Spinner } from "../ui/basics";
import type { IconName } from "../ui/icon";
import { Table, type Column } from "../ui/table";
import { toast } from "../ui/toast";
import { useTitle } from "../ui/title";

interface LogPart {
    entries: LogEntry[];
    next?: string | null;
}

const PAGE = 100;
/* A filter may let nothing through for a while: so many pages are asked for before the reader has to. */
const EMPTY_PAGES = 20;
/* A severity means: this one and what is worse. */
const SEVERITIES = ["all", "warning", "error"] as const;
type Filter = (typeof SEVERITIES)[number];

async function fetchPart(filter: Filter, cursor?: string | null, signal?: AbortSignal): Promise<LogPart> {
    let part: LogPart = { entries: [], next: cursor };
    for (let i = 0; i < EMPTY_PAGES; i++) {
        part = await api<LogPart>("/log", {
            query: { severity: filter === "all" ? undefined : filter, limit: PAGE, cursor: part.next ?? undefined }, signal,
        });
        if (part.entries.length > 0 || !part.next)
            break;
    }
    return part;
}

export default function LogPage() {
    useTitle(t("log.title"));
    const [filter, setFilter] = useState<Filter>("all");
    const [isFollowing, setFollowing] = useState(true);
    const [missed, setMissed] = useState(0);
    const [older, setOlder] = useState<LogPart | null>(null);
    const head = useResource(`log ${filter}`, (signal) => fetchPart(filter, undefined, signal),
                             { on: isFollowing && !older ? ["log"] : [], gatherMs: 500 });
    useEffect(() => onLive((name) => {
        if (name === "log" && (!isFollowing || older))
            setMissed((n) => n + 1);
    }), [isFollowing, older]);

    const toTop = () => {
        setOlder(null);
        setMissed(0);
        head.reload();
    };
    const choose = (next: Filter) => {
        setFilter(next);
        setOlder(null);
        setMissed(0);
    };
    const next = older ? older.next : head.data?.next;
    const showOlder = async () => {
        try {
            const part = await fetchPart(filter, next);
            setOlder({ entries: [...(older?.entries ?? []), ...part.entries], next: part.next });
        } catch (e) {
            toast(sentence(e as ApiError), "bad");
        }
    };
    const entries = [...(head.data?.entries ?? []), ...(older?.entries ?? [])];

    return (
        <>
            <div class="page-head">
                <h1>{t("log.title")}</h1>
                <div class="actions">
                    <Button icon="download" onClick={() => void download(filter)}>{t("log.csv")}</Button>
                </div>
            </div>
            <div class="card">
                <div class="filterbar">
                    <Choice label={t("log.severity")} value={filter} onChange={choose}
                            options={SEVERITIES.map((s) => ({ value: s, label: t(`log.severity.${s}`) }))} />
                    <label class="check">
                        <input type="checkbox" checked={isFollowing} onChange={(e) => {
                            setFollowing(e.currentTarget.checked);
                            if (e.currentTarget.checked)
                                toTop();
                        }} />
                        <span>{t("log.follow")} <span class="muted small">{t("log.followHelp")}</span></span>
                    </label>
                    <p class="filter-count" role="status">
                        {missed > 0 && <Button kind="quiet" icon="up" onClick={toTop}>{tn("log.new", missed)}</Button>}
                    </p>
                </div>
                {!head.data && (head.error ? <LoadProblem error={head.error} onRetry={head.reload} />
                                           : <Spinner label={t("log.title")} />)}
                {head.data && entries.length === 0 && <p class="empty muted">{t("log.empty")}</p>}
                {entries.length > 0 && <Entries entries={entries} />}
                {next && <p class="table-more"><Button onClick={() => void showOlder()}>{t("log.older")}</Button></p>}
            </div>
        </>
    );
}

async function download(filter: Filter): Promise<void> {
    try {
        const text = await api<string>("/log", {
            query: { severity: filter === "all" ? undefined : filter }, accept: "text/csv", parse: (csv) => csv,
        });
        saveText("metergate-log.csv", "text/csv", text);
    } catch (e) {
        toast(sentence(e as ApiError), "bad");
    }
}

const TONES: Record<string, { tone: "bad" | "warn" | "info" | "off"; icon: IconName }> = {
    warning: { tone: "warn", icon: "alert" },
    info: { tone: "info", icon: "info" },
    event: { tone: "info", icon: "info" },
    debug: { tone: "off", icon: "info" },
};

function Severity({ name }: { name: string }) {
    const { tone, icon } = TONES[name] ?? { tone: "bad", icon: "alert" };
    return <Badge tone={tone} icon={icon}>{word("log.word", name) ?? name}</Badge>;
}

function Entries({ entries }: { entries: LogEntry[] }) {
    const columns: Column<LogEntry & { key: string }>[] = [
        { key: "time", title: t("log.time"), onCard: "head",
          cell: (e) => <time class="nowrap" dateTime={e.time} title={e.time}>{formatTime(e.time, "seconds")}</time> },
        { key: "severity", title: t("log.severity"), onCard: "aside", cell: (e) => <Severity name={e.severity} /> },
        { key: "origin", title: t("log.origin"), cell: (e) => <span class="mono muted">{e.origin}</span> },
        { key: "text", title: t("log.text"), onCard: "wide", cell: (e) => <span class="log-text">{e.text}</span> },
    ];
    /* Several entries may have one time; the key stays the same when new ones come in front. */
    const seen = new Map<string, number>();
    const rows = [...entries].reverse().map((e) => {
        const name = `${e.time} ${e.text}`;
        seen.set(name, (seen.get(name) ?? 0) + 1);
        return { ...e, key: `${name} ${seen.get(name)}` };
    }).reverse();
    return <Table caption={t("log.title")} columns={columns} rows={rows} rowKey={(e) => e.key} />;
}
