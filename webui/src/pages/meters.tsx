import { t } from "../i18n";
export function MetersPage() { return <h1>{t("meters.title")}</h1>; }
