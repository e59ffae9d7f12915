/* download.ts — a text that becomes a file of the user's.
 * SPDX-License-Identifier: Apache-2.0
 */
export function saveText(name: string, type: string, text: string): void {
    const url = URL.createObjectURL(new Blob([text], { type }));
    const link = document.createElement("a");
    link.href = url;
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
