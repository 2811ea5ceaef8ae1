/**
 * In which order inputs are tried: rounds of 10,000, every kind with its share, so that any
 * beginning holds all kinds.
 */
import type { Job } from './batch.ts';

const ROUND = 10;
/**
 * Inputs of one batch: what is lost when a process ends, and what one worker holds back the others
 * by.
 */
const MOST = 100;

/** Endless; the same for the same shares. */
export function* jobsOf(shares: Readonly<Record<string, number>>): Generator<Job, never> {
  for (let round = 0; ; round++) {
    const jobs: (Job & { at: number })[] = [];
    for (const [kind, share] of Object.entries(shares)) {
      const count = share * ROUND;
      const parts = Math.ceil(count / MOST);
      for (let part = 0; part < parts; part++) {
        const from = round * count + part * MOST;
        const to = Math.min(from + MOST, (round + 1) * count);
        jobs.push({ kind, from, to, at: (part + 0.5) / parts });
      }
    }
    // Spread over the round.
    for (const { kind, from, to } of jobs.sort((a, b) => a.at - b.at)) yield { kind, from, to };
  }
}
