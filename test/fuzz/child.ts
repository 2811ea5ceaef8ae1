/**
 * A process that runs batches for `run.ts`: what breaks it, or never ends, takes nothing else
 * along.
 */
import { defined } from '../../src/checked.ts';
import { runBatch, type Job } from './batch.ts';
import { kinds } from './kinds.ts';

export interface Order {
  job: Job;
  seed: number;
  /** Tell of every input before it is read, to find the one that does not come back. */
  careful: boolean;
}

export type Said =
  { index: number } | { report: Awaited<ReturnType<typeof runBatch>>; bytes: number };

/** Milliseconds between two signs of life. */
const BEAT = 250;

const say = (message: Said) => process.send?.(message);
const peak = () => process.resourceUsage().maxRSS * 1024;
let beat = 0;

process.on('message', (order: Order) => {
  const before = (index: number) => {
    const now = performance.now();
    if (!order.careful && now - beat < BEAT) return;
    beat = now;
    say({ index });
  };
  void runBatch(defined(kinds[order.job.kind]), order.job, order.seed, { before, peak })
    // What an input was is made again from the seed: only its number travels.
    .then((report) =>
      say({
        report: {
          ...report,
          findings: report.findings.map(({ kind, index, what, detail }) => ({
            kind,
            index,
            what,
            detail,
          })),
        },
        bytes: peak(),
      }),
    );
});
say({ index: -1 });
