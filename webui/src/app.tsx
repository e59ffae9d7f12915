/* app.tsx — the frame: who may see what, the header, the routes.
 * SPDX-License-Identifier: Apache-2.0
 */
import { useEffect, useRef } from "preact/hooks";
import { ErrorBoundary, lazy, LocationProvider, Route, Router, useLocation } from "preact-iso";
import { language, t } from "./i18n";
import { useStore } from "./lib/store";
import { LoginPage, PasswordPage } from "./pages/login";
import { MetersPage } from "./pages/meters";
import { NotFound } from "./pages/not_found";
import { session } from "./state/session";
import { Header } from "./ui/header";
import { LinkBanner } from "./ui/link_banner";
import { Toasts } from "./ui/toast";

const MeterPage = lazy(() => import("./pages/meter"));
const InstallPage = lazy(() => import("./pages/install"));
const LogPage = lazy(() => import("./pages/log"));

export function App() {
    const who = useStore(session);
    useStore(language);
    return (
        <>
            {who === null ? <LoginPage /> : who.password_change_required ? <PasswordPage who={who} /> : <Inside />}
            <Toasts />
        </>
    );
}

function Inside() {
    return (
        <LocationProvider>
            <a class="skip" href="#content">{t("app.skip")}</a>
            <Header />
            <LinkBanner />
            <Pages />
        </LocationProvider>
    );
}

function Pages() {
    const main = useRef<HTMLElement>(null);
    const { path } = useLocation();
    const before = useRef(path);
    /* A new page is read from its top: the focus goes there, as it would with a page that loads. */
    useEffect(() => {
        if (before.current !== path)
            main.current?.focus();
        before.current = path;
    }, [path]);
    return (
        <main id="content" class="main" tabIndex={-1} ref={main}>
            <ErrorBoundary>
                <Router>
                    <Route path="/" component={MetersPage} />
                    <Route path="/meters/:id" component={MeterPage} />
                    <Route path="/install" component={InstallPage} />
                    <Route path="/log" component={LogPage} />
                    <Route default component={NotFound} />
                </Router>
            </ErrorBoundary>
        </main>
    );
}
