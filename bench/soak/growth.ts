/** Whether what a page holds is flat. */
import type { Holding } from './place.ts';

export interface Growth {
  what: keyof Holding;
  settled: number;
  most: number;
  /** Nothing after the first was more than 5 % above it. */
  flat: boolean;
}

/**
 * Of each thing that is counted: as much as there was at first (the pools are full then), and the
 * most there was later.
 */
export function grown(holdings: readonly Holding[]): Growth[] {
  const [first, ...later] = holdings;
  if (!first) return [];
  return (
    ['heap', 'resident', 'nodes', 'listeners', 'threads', 'files', 'fileBytes', 'records'] as const
  ).flatMap((what) => {
    const settled = first[what];
    const most = Math.max(...later.map((h) => h[what] ?? 0));
    return settled === null || !later.length
      ? []
      : [{ what, settled, most, flat: most <= 1.05 * settled }];
  });
}
