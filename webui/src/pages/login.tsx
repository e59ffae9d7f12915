/* login.tsx — the log-in form, and the form for the first password of one's own.
 * SPDX-License-Identifier: Apache-2.0
 */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { api, ApiError } from "../api/client";
import type { Session } from "../api/types";
import { t } from "../i18n";
import { loginSentence, sentence } from "../lib/sentences";
import { useStore } from "../lib/store";
import { session, sessionHasEnded } from "../state/session";
import { Button, Field, Problem } from "../ui/basics";
import { Mark } from "../ui/icon";
import { toast } from "../ui/toast";

/** The shortest password that the form lets through; the gateway decides in the end. */
const SHORTEST = 8;

function Gate({ title, children }: { title: string; children: ComponentChildren }) {
    return (
        <main class="gate" id="content" tabIndex={-1}>
            <div class="gate-box card">
                <div class="gate-head"><Mark /><span class="brand">{t("app.name")}</span></div>
                <h1>{title}</h1>
                {children}
            </div>
        </main>
    );
}

export function LoginPage() {
    const hasEnded = useStore(sessionHasEnded);
    const [user, setUser] = useState("");
    const [password, setPassword] = useState("");
    const [isTried, setTried] = useState(false);
    const [busy, setBusy] = useState(false);
    const [error, setError] = useState<string>();

    const submit = async (e: Event) => {
        e.preventDefault();
        setTried(true);
        if (busy || !user || !password)
            return;
        setBusy(true);
        setError(undefined);
        try {
            session.set(await api<Session>("/session", { method: "POST", json: { user, password } }));
        } catch (problem) {
            setError(loginSentence(problem as ApiError));
            setBusy(false);
        }
    };
    const missing = (value: string) => (isTried && !value ? t("login.missing") : undefined);

    return (
        <Gate title={t("login.title")}>
            <form onSubmit={submit} noValidate>
                {hasEnded && !error && <div class="notice info" role="status"><p>{t("login.ended")}</p></div>}
                {error && <Problem text={error} takesFocus />}
                <Field label={t("login.user")} name="user" autocomplete="username" autocapitalize="none" spellcheck={false}
                       value={user} onInput={setUser} error={missing(user)} autoFocus />
                <Field label={t("login.password")} name="password" type="password" autocomplete="current-password"
                       value={password} onInput={setPassword} error={missing(password)} />
                <Button type="submit" kind="primary" busy={busy}>{busy ? t("login.busy") : t("login.submit")}</Button>
                <p class="muted small">{t("login.first")}</p>
            </form>
        </Gate>
    );
}

export function PasswordPage({ who }: { who: Session }) {
    const [old, setOld] = useState("");
    const [next, setNext] = useState("");
    const [again, setAgain] = useState("");
    const [isTried, setTried] = useState(false);
    const [busy, setBusy] = useState(false);
    const [error, setError] = useState<string>();
    const isShort = next.length < SHORTEST;
    const differs = again !== next;

    const submit = async (e: Event) => {
        e.preventDefault();
        setTried(true);
        if (busy || !old || isShort || differs)
            return;
        setBusy(true);
        setError(undefined);
        try {
            await api("/password", { method: "POST", json: { old, new: next } });
            session.set({ ...who, password_change_required: false });
            toast(t("password.done"));
        } catch (problem) {
            const why = problem as ApiError;
            setError(why.code === "wrong_password" ? t("password.oldWrong") : (why.details[0]?.message ?? sentence(why)));
            setBusy(false);
        }
    };

    return (
        <Gate title={t("password.title")}>
            <form onSubmit={submit} noValidate>
                <p class="muted">{t("password.why")}</p>
                {error && <Problem text={error} takesFocus />}
                <input class="hidden" type="text" name="user" autocomplete="username" value={who.user} readOnly tabIndex={-1}
                       aria-hidden="true" />
                <Field label={t("password.old")} name="old" type="password" autocomplete="current-password" value={old}
                       onInput={setOld} error={isTried && !old ? t("login.missing") : undefined} autoFocus />
                <Field label={t("password.new")} name="new" type="password" autocomplete="new-password" value={next}
                       onInput={setNext} hint={t("password.hint")}
                       error={isTried && isShort ? t("password.short") : undefined} />
                <Field label={t("password.again")} name="again" type="password" autocomplete="new-password" value={again}
                       onInput={setAgain} error={isTried && differs ? t("password.differs") : undefined} />
                <Button type="submit" kind="primary" busy={busy}>{t("password.submit")}</Button>
            </form>
        </Gate>
    );
}
