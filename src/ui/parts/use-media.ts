/** A media query as a React value. */
import { useSyncExternalStore } from 'react';

export function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (changed) => {
      const list = matchMedia(query);
      list.addEventListener('change', changed);
      return () => list.removeEventListener('change', changed);
    },
    () => matchMedia(query).matches,
  );
}

export const useDark = () => useMedia('(prefers-color-scheme: dark)');
export const usePhone = () => useMedia('(max-width: 639px)');
/** The rail is a drawer below this width. */
export const useDrawer = () => useMedia('(max-width: 1239px)');
