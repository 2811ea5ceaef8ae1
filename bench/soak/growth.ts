/** Decides whether the memory of a page is flat. */
import { median } from '../machine.ts';
import type { Holding } from './place.ts';

export interface Growth {
  what: keyof Holding;
  /** Median of the first quarter of the counts. The pools are full by then. */
  early: number;
  /** Median of the last quarter. A single count may include garbage. */
  late: number;
  most: number;
  /** Whether `late` is at most 5 % above `early`. */
  flat: boolean;
}

/** Compares the first and last quarter of the counts of each quantity. */
export function grown(holdings: readonly Holding[]): Growth[] {
  const quarter = Math.ceil(holdings.length / 4);
  if (holdings.length < 2) return [];
  return (
    ['heap', 'resident', 'nodes', 'listeners', 'threads', 'files', 'fileBytes', 'records'] as const
  ).flatMap((what) => {
    const counts = holdings.map((h) => h[what]).filter((n) => n !== null);
    if (counts.length < holdings.length) return [];
    const early = median(counts.slice(0, quarter));
    const late = median(counts.slice(-quarter));
    return [{ what, early, late, most: Math.max(...counts), flat: late <= 1.05 * early }];
  });
}
