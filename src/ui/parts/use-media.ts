/** Subscribes to a media query. */
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
/** Below this width the sidebar is a drawer. */
export const useDrawer = () => useMedia('(max-width: 1239px)');
