/**
 * Stores small preferences across visits. If the browser refuses storage, they last as long as the
 * page.
 */
const prefix = 'rank-atlas/';

/** Embedded in another page (`?embed=…`), nothing is stored. */
export const isEmbed =
  typeof location !== 'undefined' && new URLSearchParams(location.search).has('embed');

export function remembered(key: string): string | null {
  if (isEmbed) return null;
  try {
    return localStorage.getItem(prefix + key);
  } catch {
    return null;
  }
}

export function remember(key: string, value: string): void {
  if (isEmbed) return;
  try {
    localStorage.setItem(prefix + key, value);
  } catch {
    // Storage is full or not allowed. Nothing on the page depends on it.
  }
}
