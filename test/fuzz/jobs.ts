/**
 * Orders the jobs in rounds of 10,000 inputs. Every round contains each kind with its share, so any
 * prefix covers all kinds.
 */
import type { Job } from './batch.ts';

const ROUND = 10;
/**
 * Inputs per batch. A crash loses at most one batch, and workers wait at most one batch for each
 * other.
 */
const MAX_JOBS = 100;

/** Endless, and deterministic for given shares. */
export function* jobsOf(shares: Readonly<Record<string, number>>): Generator<Job, never> {
  for (let round = 0; ; round++) {
    const jobs: (Job & { at: number })[] = [];
    for (const [kind, share] of Object.entries(shares)) {
      const count = share * ROUND;
      const parts = Math.ceil(count / MAX_JOBS);
      for (let part = 0; part < parts; part++) {
        const from = round * count + part * MAX_JOBS;
        const to = Math.min(from + MAX_JOBS, (round + 1) * count);
        jobs.push({ kind, from, to, at: (part + 0.5) / parts });
      }
    }
    // Distribute each kind evenly over the round.
    for (const { kind, from, to } of jobs.sort((a, b) => a.at - b.at)) yield { kind, from, to };
  }
}
