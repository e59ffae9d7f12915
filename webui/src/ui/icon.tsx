/* icon.tsx — line icons, drawn on 24 × 24; always beside a word or under a label, so hidden from screen readers.
 * SPDX-License-Identifier: Apache-2.0
 */
const PATHS = {
    alert: "M12 4 2.8 20h18.4L12 4Zm0 6v4.5m0 2.6v.1",
    check: "m5 12.5 4.5 4.5L19 7.5",
    close: "m6 6 12 12M18 6 6 18",
    refresh: "M19.5 12a7.5 7.5 0 1 1-2.2-5.3L20 9.4M20 4.5v5h-5",
    upload: "M12 16V4.5M7 9l5-5 5 5M4.5 15.5v4h15v-4",
    download: "M12 4v11.5M7 11l5 5 5-5M4.5 15.5v4h15v-4",
    plus: "M12 5v14M5 12h14",
    search: "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13Zm4.8-1.7L20 20",
    chart: "M4 4v16h16M7.5 15.5l4-5 3.5 3 4.5-6.5",
    left: "m14.5 5-7 7 7 7",
    right: "m9.5 5 7 7-7 7",
    zoomIn: "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13Zm4.8-1.7L20 20M10.5 7.7v5.6m-2.8-2.8h5.6",
    zoomOut: "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13Zm4.8-1.7L20 20M7.7 10.5h5.6",
    sun: "M12 16.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9ZM12 2.5v2m0 15v2M2.5 12h2m15 0h2M5.3 5.3l1.4 1.4m10.6 10.6 1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4",
    moon: "M20 13.5A8 8 0 0 1 10.5 4 8 8 0 1 0 20 13.5Z",
    system: "M4 5h16v11H4zM9 20h6m-3-4v4",
    logout: "M14 4.5H5v15h9M10 12h10.5M17 8.5l3.5 3.5-3.5 3.5",
    up: "m6 14.5 6-6 6 6",
    down: "m6 9.5 6 6 6-6",
    info: "M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17ZM12 11v5.5m0-9v.1",
    meter: "M4.5 17.5a8.5 8.5 0 1 1 15 0ZM12 13.5l3.5-4.5",
    list: "M9 6.5h11M9 12h11M9 17.5h11M4.5 6.5h.1M4.5 12h.1M4.5 17.5h.1",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
    return (
        <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
            <path d={PATHS[name]} />
        </svg>
    );
}

/** The mark of the product. */
export function Mark() {
    return (
        <svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
            <rect width="32" height="32" rx="8" class="mark-back" />
            <path d="M6 21a10 10 0 0 1 20 0" class="mark-dial" />
            <path d="m16 21 5-7" class="mark-hand" />
            <circle cx="16" cy="21" r="2.6" class="mark-pin" />
        </svg>
    );
}
