import { t } from "../i18n";
export default function Page() { return <h1>{t("nav.log")}</h1>; }
