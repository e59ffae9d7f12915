/* store.ts — a value that others can watch, and the hook that draws again when it changes. All shared state is made of these.
 * SPDX-License-Identifier: Apache-2.0
 */
import { useEffect, useState } from "preact/hooks";

export interface Store<T> {
    get(): T;
    set(next: T): void;
    watch(fn: (value: T) => void): () => void;
}

export function createStore<T>(initial: T): Store<T> {
    let value = initial;
    const watchers = new Set<(value: T) => void>();
    return {
        get: () => value,
        set(next) {
            if (next === value)
                return;
            value = next;
            for (const fn of [...watchers])
                fn(value);
        },
        watch(fn) {
            watchers.add(fn);
            return () => void watchers.delete(fn);
        },
    };
}

export function useStore<T>(store: Store<T>): T {
    const [value, setValue] = useState(store.get());
    useEffect(() => {
        setValue(() => store.get());
        return store.watch((next) => setValue(() => next));
    }, [store]);
    return value;
}
