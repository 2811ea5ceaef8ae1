/** Selects some fields of a store. The component renders again only when one of these changes. */
import type { StoreApi, UseBoundStore } from 'zustand';
import { useShallow } from 'zustand/react/shallow';

export function usePick<S extends object, K extends keyof S>(
  store: UseBoundStore<StoreApi<S>>,
  ...keys: readonly K[]
): Pick<S, K> {
  return store(
    useShallow(
      (state: S) => Object.fromEntries(keys.map((key) => [key, state[key]])) as Pick<S, K>,
    ),
  );
}
