/* sentences.ts — an ApiError as a sentence that says what to do next.
 * SPDX-License-Identifier: Apache-2.0
 */
import type { ApiError } from "../api/client";
import { t, tn, word } from "../i18n";

export function sentence(error: ApiError): string {
    const known = word("error", error.code);
    if (known)
        return known;
    if (error.status === 403)
        return t("error.forbidden");
    if (error.status === 404)
        return t("error.not_found");
    if (error.status === 413)
        return t("error.too_big");
    if (error.status === 503)
        return t("error.busy");
    if (error.message)
        return t("error.other", { message: error.message });
    return t("error.status", { status: error.status });
}

/** A refused log-in: why, and how long to wait. */
export function loginSentence(error: ApiError): string {
    if (error.status === 401)
        return t("login.wrong");
    if (error.status === 429)
        return tn("login.throttled", error.retryAfterS || 60);
    return sentence(error);
}
