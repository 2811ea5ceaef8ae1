/** The sparsity that pruning settings aim at. */
import type { PruneSettings } from './settings.ts';

/** Final fraction of zeros, and the retained weights per group that the pattern requires. */
export function targetOf({ sparsity, pattern }: PruneSettings): {
  sparsity: number;
  structure: { keep: number; of: number };
} {
  if (pattern === 'unstructured') return { sparsity, structure: { keep: 0, of: 0 } };
  const [keep, of] = pattern.split(':').map(Number) as [number, number];
  return { sparsity: 1 - keep / of, structure: { keep, of } };
}
