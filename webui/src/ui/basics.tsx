/* basics.tsx — the small parts that every page is made of: button, field, card, badge, spinner, notices.
 * SPDX-License-Identifier: Apache-2.0
 */
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import type { ApiError } from "../api/client";
import type { ReadoutStatus } from "../api/types";
import { t, word } from "../i18n";
import { sentence } from "../lib/sentences";
import { Icon, type IconName } from "./icon";

interface ButtonProps {
    children: ComponentChildren;
    kind?: "primary" | "plain" | "quiet";
    icon?: IconName;
    busy?: boolean;
    disabled?: boolean;
    type?: "button" | "submit";
    pressed?: boolean;
    label?: string;
    onClick?: () => void;
}

export function Button({ children, kind = "plain", icon, busy, disabled, type = "button", pressed, label, onClick }: ButtonProps) {
    return (
        <button type={type} class={`button ${kind}`} disabled={disabled} aria-busy={busy} aria-pressed={pressed}
                aria-label={label} title={label} onClick={busy ? undefined : onClick}>
            {busy ? <span class="spinner" aria-hidden="true" /> : icon && <Icon name={icon} />}
            {children && <span>{children}</span>}
        </button>
    );
}

export function LinkButton({ href, children, kind = "plain", icon, download }:
                           { href: string; children: ComponentChildren; kind?: string; icon?: IconName; download?: string }) {
    return (
        <a class={`button ${kind}`} href={href} download={download}>
            {icon && <Icon name={icon} />}
            <span>{children}</span>
        </a>
    );
}

interface FieldProps {
    label: string;
    name: string;
    type?: "text" | "password" | "search";
    autocomplete?: string;
    autocapitalize?: "none";
    spellcheck?: boolean;
    placeholder?: string;
    autoFocus?: boolean;
    hint?: string;
    error?: string;
    value: string;
    onInput: (value: string) => void;
}

export function Field({ label, hint, error, value, onInput, type = "text", ...rest }: FieldProps) {
    const id = useId();
    const about = [error && `${id}-error`, hint && `${id}-hint`].filter(Boolean).join(" ") || undefined;
    return (
        <div class="field">
            <label for={id}>{label}</label>
            <input {...rest} type={type as "text"} id={id} value={value} aria-invalid={error ? "true" : undefined} aria-describedby={about}
                   onInput={(e) => onInput(e.currentTarget.value)} />
            {error && <p class="field-error" id={`${id}-error`}><Icon name="alert" />{error}</p>}
            {hint && <p class="field-hint" id={`${id}-hint`}>{hint}</p>}
        </div>
    );
}

interface SelectProps {
    label: string;
    value: string;
    options: { value: string; label: string }[];
    isLabelHidden?: boolean;
    onChange: (value: string) => void;
}

export function Select({ label, value, options, isLabelHidden, onChange }: SelectProps) {
    const id = useId();
    return (
        <div class="select">
            <label for={id} class={isLabelHidden ? "hidden" : undefined}>{label}</label>
            <select id={id} value={value} onChange={(e) => onChange(e.currentTarget.value)}>
                {options.map((o) => <option key={o.value} value={o.value}>{o.label}</option>)}
            </select>
        </div>
    );
}

interface ChoiceProps<T extends string> {
    label: string;
    value: T | null;
    options: { value: T; label: string; long?: string }[];
    onChange: (value: T) => void;
}

/** A few choices side by side, one of them pressed. */
export function Choice<T extends string>({ label, value, options, onChange }: ChoiceProps<T>) {
    return (
        <div class="choice" role="group" aria-label={label}>
            {options.map((o) => (
                <button key={o.value} type="button" aria-pressed={o.value === value} aria-label={o.long}
                        onClick={() => onChange(o.value)}>{o.label}</button>
            ))}
        </div>
    );
}

export function Card({ title, tools, children, class: extra = "" }:
                     { title?: ComponentChildren; tools?: ComponentChildren; children: ComponentChildren; class?: string }) {
    const id = useId();
    return (
        <section class={`card ${extra}`} aria-labelledby={title ? id : undefined}>
            {title && <header class="card-head"><h2 id={id}>{title}</h2>{tools}</header>}
            {children}
        </section>
    );
}

export function Badge({ tone, icon, children, title }:
                      { tone: "ok" | "warn" | "bad" | "info" | "off"; icon?: IconName; children: ComponentChildren; title?: string }) {
    return <span class={`badge ${tone}`} title={title}>{icon && <Icon name={icon} />}{children}</span>;
}

export function StatusBadge({ status }: { status: ReadoutStatus }) {
    const isOk = status === "ok";
    return (
        <Badge tone={isOk ? "ok" : "bad"} icon={isOk ? "check" : "alert"} title={word("statusHelp", status) ?? undefined}>
            {word("status", status) ?? status}
        </Badge>
    );
}

export function Spinner({ label }: { label: string }) {
    return <p class="loading" role="status"><span class="spinner" aria-hidden="true" />{label}</p>;
}

/** A refusal where it happened. It takes the focus, so that it is seen and read out. */
export function Problem({ text, onRetry, takesFocus }: { text: string; onRetry?: () => void; takesFocus?: boolean }) {
    const box = useRef<HTMLDivElement>(null);
    useEffect(() => {
        if (takesFocus)
            box.current?.focus();
    }, [text, takesFocus]);
    return (
        <div class="notice bad" role="alert" tabIndex={-1} ref={box}>
            <Icon name="alert" />
            <p>{text}</p>
            {onRetry && <Button kind="quiet" onClick={onRetry}>{t("error.retry")}</Button>}
        </div>
    );
}

export function LoadProblem({ error, onRetry }: { error: ApiError; onRetry: () => void }) {
    return <Problem text={sentence(error)} onRetry={onRetry} />;
}
