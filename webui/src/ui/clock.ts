/* clock.ts — the time of now for ages on the page, moving on by itself.
 * SPDX-License-Identifier: Apache-2.0
 */
import { useEffect, useState } from "preact/hooks";

export function useNow(everyMs: number): number {
    const [now, setNow] = useState(Date.now());
    useEffect(() => {
        const timer = setInterval(() => setNow(Date.now()), everyMs);
        return () => clearInterval(timer);
    }, [everyMs]);
    return now;
}
