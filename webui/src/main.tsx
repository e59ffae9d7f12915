/* main.tsx — starts the application: language, live news, the page.
 * SPDX-License-Identifier: Apache-2.0
 */
import { render } from "preact";
import { App } from "./app";
import { startLive } from "./api/live";
import { startLanguage } from "./i18n";
import "./state/theme";
import "./style/tokens.css";
import "./style/base.css";
import "./style/parts.css";
import "./style/pages.css";

await startLanguage();
startLive();
render(<App />, document.getElementById("app")!);
