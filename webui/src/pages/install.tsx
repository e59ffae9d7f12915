/* install.tsx — a meter list is chosen, typed or pasted, checked by the gateway and installed.
 * SPDX-License-Identifier: Apache-2.0
 */
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import { api, ApiError } from "../api/client";
import type { Detail } from "../api/types";
import { t, tn, type TextKey } from "../i18n";
import { cellAt, COLUMNS, EXAMPLE, lineSpan, meterLines, TEMPLATE } from "../lib/csv";
import { saveText } from "../lib/download";
import { formatBytes, formatCount } from "../lib/format";
import { sentence } from "../lib/sentences";
import { Button, Card, Problem } from "../ui/basics";
import { Icon } from "../ui/icon";
import { Table, type Column } from "../ui/table";
import { toast } from "../ui/toast";
import { useTitle } from "../ui/title";

const BYTES_MAX = 4 << 20;

/* A file of a spreadsheet is UTF-8 or the older one-byte code of Western Europe. */
async function readText(file: File): Promise<string> {
    const bytes = await file.arrayBuffer();
    try {
        return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    } catch {
        return new TextDecoder("windows-1252").decode(bytes);
    }
}

export default function InstallPage() {
    useTitle(t("install.title"));
    const { route } = useLocation();
    const [list, setList] = useState("");
    const [busy, setBusy] = useState(false);
    const [error, setError] = useState<string>();
    const [details, setDetails] = useState<Detail[]>([]);
    const field = useRef<HTMLTextAreaElement>(null);

    const refuse = (text: string, at: Detail[] = []) => {
        setError(text);
        setDetails(at);
        setBusy(false);
    };
    const takeFile = async (file: File | undefined) => {
        if (!file)
            return;
        if (file.size > BYTES_MAX)
            return refuse(t("install.tooBig", { size: formatBytes(file.size) }));
        setList((await readText(file)).replace(/\r\n/g, "\n"));
        refuse("");
    };
    const submit = async (e: Event) => {
        e.preventDefault();
        if (busy)
            return;
        if (list.trim() === "")
            return refuse(t("install.empty"));
        if (meterLines(list) === 0)
            return refuse(t("install.headOnly"));
        setBusy(true);
        try {
            const { installed } = await api<{ installed: number }>("/meters", { method: "POST", csv: list });
            toast(tn("install.done", installed));
            route("/");
        } catch (problem) {
            const why = problem as ApiError;
            refuse(why.details.length > 0 ? tn("install.refused", why.details.length) : sentence(why), why.details);
        }
    };
    const goTo = (line: number) => {
        const span = lineSpan(list, line);
        if (!span || !field.current)
            return;
        field.current.focus();
        field.current.setSelectionRange(...span);
    };

    return (
        <>
            <div class="page-head"><h1>{t("install.title")}</h1></div>
            <p class="muted intro">{t("install.intro")}</p>
            <form class="install" onSubmit={submit} noValidate>
                {error && <Problem text={error} takesFocus />}
                {details.length > 0 && <Complaints list={list} details={details} onGoTo={goTo} />}
                <div class="actions">
                    <FileChoice onFile={takeFile} />
                    <Button icon="download" onClick={() => saveText("meters.csv", "text/csv", TEMPLATE)}>
                        {t("install.template")}
                    </Button>
                    <span class="muted small">{t("install.drop")}</span>
                    {list === "" && <Button kind="quiet" onClick={() => setList(EXAMPLE)}>{t("install.example")}</Button>}
                </div>
                <ListEditor value={list} onInput={setList} onFile={takeFile} field={field}
                            bad={new Set(details.map((d) => d.line ?? 0))} />
                <div class="actions">
                    <Button type="submit" kind="primary" busy={busy}>{busy ? t("install.busy") : t("install.submit")}</Button>
                </div>
            </form>
            <ColumnHelp />
        </>
    );
}

function FileChoice({ onFile }: { onFile: (file: File | undefined) => void }) {
    const input = useRef<HTMLInputElement>(null);
    return (
        <>
            <input class="hidden" type="file" accept=".csv,.txt,text/csv" ref={input} tabIndex={-1} aria-label={t("install.file")}
                   onChange={(e) => { onFile(e.currentTarget.files?.[0]); e.currentTarget.value = ""; }} />
            <Button icon="upload" onClick={() => input.current?.click()}>{t("install.file")}</Button>
        </>
    );
}

interface EditorProps {
    value: string;
    onInput: (next: string) => void;
    onFile: (file: File | undefined) => void;
    field: { current: HTMLTextAreaElement | null };
    bad: Set<number>;
}

/** A text field with line numbers; a file can be dropped on it. */
function ListEditor({ value, onInput, onFile, field, bad }: EditorProps) {
    const id = useId();
    const numbers = useRef<HTMLDivElement>(null);
    const [isOver, setOver] = useState(false);
    const lines = Math.max(value.split("\n").length, 10);
    const follow = () => {
        if (numbers.current && field.current)
            numbers.current.scrollTop = field.current.scrollTop;
    };
    useEffect(follow, [value]);
    return (
        <div class="field">
            <label for={id}>{t("install.list")}</label>
            <div class={`editor ${isOver ? "is-over" : ""}`}
                 onDragOver={(e) => { e.preventDefault(); setOver(true); }} onDragLeave={() => setOver(false)}
                 onDrop={(e) => { e.preventDefault(); setOver(false); onFile(e.dataTransfer?.files[0]); }}>
                <div class="editor-lines" aria-hidden="true" ref={numbers}>
                    {Array.from({ length: lines }, (_, i) => <div class={bad.has(i + 1) ? "is-bad" : undefined} key={i}>{i + 1}</div>)}
                </div>
                <textarea id={id} ref={field} value={value} spellcheck={false} autocapitalize="none" wrap="off" rows={12}
                          aria-invalid={bad.size > 0 ? "true" : undefined} placeholder={EXAMPLE}
                          onScroll={follow} onInput={(e) => onInput(e.currentTarget.value)} />
            </div>
        </div>
    );
}

/* The gateway names a column by its number or its heading, in any case. */
function columnOf(d: Detail): string {
    return COLUMNS.find((name) => name.toLowerCase() === d.field?.toLowerCase()) ?? d.field ?? String(d.column ?? "");
}

function Complaints({ list, details, onGoTo }: { list: string; details: Detail[]; onGoTo: (line: number) => void }) {
    const columns: Column<Detail>[] = [
        { key: "line", title: t("install.line"), onCard: "label", cell: (d) => d.line !== undefined && (
            <button type="button" class="link" aria-label={t("install.goTo", { line: d.line })} onClick={() => onGoTo(d.line!)}>
                {formatCount(d.line)}
            </button>
        ) },
        { key: "column", title: t("install.column"), onCard: "label", cell: columnOf },
        { key: "found", title: t("install.found"), onCard: "label",
          cell: (d) => <span class="mono">{cellAt(list, d.line, d.column) || t("install.nothing")}</span> },
        { key: "message", title: t("install.message"), onCard: "wide", cell: (d) => d.message },
    ];
    return (
        <div class="complaints">
            <Table caption={t("error.title")} columns={columns} rows={details} rowKey={(d) => details.indexOf(d)} />
        </div>
    );
}

function ColumnHelp() {
    return (
        <Card title={<><Icon name="info" />{t("install.columns")}</>} class="column-help">
            <dl>
                {COLUMNS.map((name) => (
                    <div key={name}>
                        <dt class="mono">{name}</dt>
                        <dd>{t(`install.col.${name}` as TextKey)}</dd>
                    </div>
                ))}
            </dl>
        </Card>
    );
}
