/**
 * Splits the probes of a layer into batches. An entry is one perturbed copy of the token batch: two
 * for a probe with two draws, one for a probe against the clean pass.
 */

export interface BatchPlan {
  /**
   * Entries of every batch. Graphs are compiled for one batch size, so smaller batches are padded
   * with unperturbed entries.
   */
  entries: number;
  /** Probes of each batch, `[first, end)`. */
  batches: [number, number][];
}

/**
 * Splits probes into batches of about equal size, at least one probe each. `sizes[i]` is the number
 * of entries of probe i, 1 or 2. A batch has at most `maxEntries` entries (memory). Unless memory
 * requires more, there are ⌊entries / `full`⌋ batches, or one, so that none is small (speed).
 */
export function planBatches(sizes: readonly number[], maxEntries: number, full: number): BatchPlan {
  const total = sizes.reduce((a, b) => a + b, 0);
  const widest = Math.max(...sizes);
  const limit = Math.max(maxEntries, widest);
  const count = Math.max(Math.ceil(total / limit), Math.floor(total / full), 1);
  // Rounded up to whole probes: otherwise the rounding would cost another batch.
  const target = Math.min(limit, Math.ceil(total / count / widest) * widest);
  const batches: [number, number][] = [];
  let first = 0;
  let filled = 0;
  let entries = 0;
  sizes.forEach((size, i) => {
    if (filled + size > target) {
      batches.push([first, i]);
      first = i;
      filled = 0;
    }
    filled += size;
    entries = Math.max(entries, filled);
  });
  batches.push([first, sizes.length]);
  return { entries, batches };
}
