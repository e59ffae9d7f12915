/* readout_panel.tsx — how a readout by hand goes, and what came of it.
 * SPDX-License-Identifier: Apache-2.0
 */
import type { Id, Job } from "../api/types";
import { t, tn } from "../i18n";
import { sentence } from "../lib/sentences";
import { useStore } from "../lib/store";
import { isOver, readout } from "../state/readout";
import { Button } from "./basics";
import { Icon } from "./icon";

const ERRORS_SHOWN = 5;

export function ReadoutPanel({ target }: { target: Id | "all" }) {
    const one = useStore(readout);
    if (!one || one.target !== target)
        return <div role="status" aria-live="polite" class="hidden" />;
    const isBad = one.error !== undefined || one.job?.state === "failed" || (one.job?.errors.length ?? 0) > 0;
    const tone = isOver(one) ? (isBad ? "bad" : "ok") : "info";
    return (
        <div class={`notice readout ${tone}`} role="status" aria-live="polite">
            {isOver(one) ? <Icon name={isBad ? "alert" : "check"} /> : <span class="spinner" aria-hidden="true" />}
            <div class="readout-text">
                <p>{one.error ? sentence(one.error) : words(one.job, target)}</p>
                {!isOver(one) && <Bar job={one.job} />}
                {isOver(one) && one.job && <Errors job={one.job} />}
            </div>
            {isOver(one) && <Button kind="quiet" onClick={() => readout.set(null)}>{t("job.close")}</Button>}
        </div>
    );
}

function words(job: Job | undefined, target: Id | "all"): string {
    if (!job || job.state === "waiting")
        return t("job.waiting");
    if (job.state === "running")
        return target === "all" ? t("job.reading", job.progress) : t("job.readingOne");
    if (job.state === "failed")
        return t("job.failed");
    if (job.errors.length > 0)
        return tn("job.some", job.errors.length);
    return target === "all" ? tn("job.done", job.progress.done) : t("job.doneOne");
}

function Bar({ job }: { job?: Job }) {
    const total = job?.progress.total ?? 0;
    return total > 1 ? <progress aria-label={t("job.progress")} max={total} value={job?.progress.done ?? 0} /> : null;
}

function Errors({ job }: { job: Job }) {
    if (job.errors.length === 0)
        return null;
    const more = job.errors.length - ERRORS_SHOWN;
    const isBus = job.errors.some((e) => /^bus\d/.test(e.subject ?? ""));
    return (
        <>
            <ul>
                {job.errors.slice(0, ERRORS_SHOWN).map((e, i) => (
                    <li key={i}>{e.subject && <strong>{e.subject}: </strong>}{e.message}</li>
                ))}
                {more > 0 && <li>{tn("job.more", more)}</li>}
            </ul>
            {isBus && <p>{t("job.interfaceHelp")}</p>}
        </>
    );
}
