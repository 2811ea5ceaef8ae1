/**
 * How the probes of a layer are cut into batches. An entry is one perturbed copy of the token
 * batch: two for a probe with two draws, one for a probe against the clean output.
 */

export interface BatchPlan {
  /**
   * Entries of every batch: graphs are built for one batch size, so a last, smaller batch is padded
   * with unperturbed entries.
   */
  entries: number;
  /** Probes of each batch, `[first, end)`. */
  batches: [number, number][];
}

/**
 * Batches of about equal size, at least one probe each. `sizes[i]` is the number of entries of
 * probe i, 1 or 2. At most `most` entries a batch (memory); fewer batches than entries fill `full`
 * times, so that none is small (speed).
 */
export function planBatches(sizes: readonly number[], most: number, full: number): BatchPlan {
  const total = sizes.reduce((a, b) => a + b, 0);
  const widest = Math.max(...sizes);
  const limit = Math.max(most, widest);
  const count = Math.max(Math.ceil(total / limit), Math.floor(total / full), 1);
  // Rounded up to whole probes, or the rounding would cost one more batch.
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
