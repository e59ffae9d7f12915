/* header.tsx — the product, the ways through it, and the facts of this gateway.
 * SPDX-License-Identifier: Apache-2.0
 */
import { useLocation } from "preact-iso";
import { api, ApiError } from "../api/client";
import { useResource } from "../api/resource";
import type { System } from "../api/types";
import { keepLanguage, language, languages, t, useLanguage } from "../i18n";
import { formatBytes, formatCount, formatTime } from "../lib/format";
import { sentence } from "../lib/sentences";
import { useStore } from "../lib/store";
import { mayOperate, session } from "../state/session";
import { theme, type Theme } from "../state/theme";
import { useNow } from "./clock";
import { Select } from "./basics";
import { Icon, Mark, type IconName } from "./icon";
import { toast } from "./toast";

export function Header() {
    const who = useStore(session);
    return (
        <header class="header">
            <div class="header-row">
                <a class="brand" href="/"><Mark />{t("app.name")}</a>
                <nav class="nav" aria-label={t("nav.label")}>
                    <NavLink href="/" icon="meter" text={t("nav.meters")} alsoBelow="/meters/" />
                    {mayOperate(who) && <NavLink href="/install" icon="plus" text={t("nav.install")} />}
                    <NavLink href="/log" icon="list" text={t("nav.log")} />
                </nav>
                <div class="tools">
                    <LanguageSwitch />
                    <ThemeSwitch />
                    <button type="button" class="button quiet" onClick={logOut} aria-label={t("nav.logout")}
                            title={t("nav.logout")}>
                        <Icon name="logout" /><span class="who">{who?.user}</span>
                    </button>
                </div>
            </div>
            <Facts />
        </header>
    );
}

function NavLink({ href, icon, text, alsoBelow }: { href: string; icon: IconName; text: string; alsoBelow?: string }) {
    const { path } = useLocation();
    const isHere = path === href || (alsoBelow !== undefined && path.startsWith(alsoBelow));
    return <a href={href} aria-current={isHere ? "page" : undefined}><Icon name={icon} /><span>{text}</span></a>;
}

const THEMES: { theme: Theme; icon: IconName }[] = [
    { theme: "auto", icon: "system" }, { theme: "light", icon: "sun" }, { theme: "dark", icon: "moon" },
];

function ThemeSwitch() {
    const now = useStore(theme);
    const at = THEMES.findIndex((one) => one.theme === now);
    const next = THEMES[(at + 1) % THEMES.length]!;
    const label = `${t("nav.theme")}: ${t(`theme.${now}`)}`;
    return (
        <button type="button" class="button quiet" aria-label={label} title={label} onClick={() => theme.set(next.theme)}>
            <Icon name={THEMES[at]!.icon} />
        </button>
    );
}

function LanguageSwitch() {
    const now = useStore(language);
    if (languages.length < 2)
        return null;
    const named = (code: string) => new Intl.DisplayNames([code], { type: "language" }).of(code) ?? code;
    return <Select label="Language" isLabelHidden value={now} options={languages.map((c) => ({ value: c, label: named(c) }))}
                   onChange={(code) => { keepLanguage(code); void useLanguage(code); }} />;
}

async function logOut(): Promise<void> {
    try {
        await api("/session", { method: "DELETE" });
        session.set(null);
    } catch (e) {
        /* Still logged in at the gateway: better said than hidden. */
        if (session.get())
            toast(sentence(e as ApiError), "bad");
    }
}

function Facts() {
    const { data } = useResource("system", (signal) => api<System>("/system", { signal }).then((s) => ({ ...s, at: Date.now() })),
                                 { on: ["reading", "meter", "settings"], gatherMs: 5000 });
    const now = useNow(1000);
    if (!data)
        return <dl class="facts" aria-label={t("facts.label")} aria-busy="true"><div><dt>{"\u00a0"}</dt></div></dl>;
    const gatewayNow = new Date(Date.parse(data.time) + (now > data.at ? now - data.at : 0));
    const { active, passive, limit } = data.meters;
    return (
        <dl class="facts" aria-label={t("facts.label")}>
            <Fact name={t("facts.serial")}>{data.serial}</Fact>
            <Fact name={t("facts.meters")}>
                {t("facts.metersOf", { active: formatCount(active), limit: formatCount(limit) })}
                {passive > 0 && `, ${t("facts.passive", { passive: formatCount(passive) })}`}
            </Fact>
            <Fact name={t("facts.store")}>
                {t("facts.values", { values: formatCount(data.store.values), bytes: formatBytes(data.store.bytes) })}
            </Fact>
            <Fact name={t("facts.time")}><time dateTime={gatewayNow.toISOString()}>{formatTime(gatewayNow, "seconds")}</time></Fact>
            <Fact name={t("facts.version")}>{data.version}</Fact>
        </dl>
    );
}

function Fact({ name, children }: { name: string; children: preact.ComponentChildren }) {
    return <div><dt>{name}</dt><dd>{children}</dd></div>;
}
