/**
 * A child process that runs batches for `run.ts`. A crash or an endless loop affects only this
 * process.
 */
import { defined } from '../../src/checked.ts';
import { runBatch, type Job } from './batch.ts';
import { kinds } from './kinds.ts';

export interface Order {
  job: Job;
  seed: number;
  /** Reports every input before it is read, to find one that crashes or hangs. */
  careful: boolean;
}

export type Message =
  { index: number } | { report: Awaited<ReturnType<typeof runBatch>>; bytes: number };

/** Milliseconds between two reports of progress. */
const BEAT = 250;

const send = (message: Message) => process.send?.(message);
const peak = () => process.resourceUsage().maxRSS * 1024;
let beat = 0;

process.on('message', (order: Order) => {
  const before = (index: number) => {
    const now = performance.now();
    if (!order.careful && now - beat < BEAT) return;
    beat = now;
    send({ index });
  };
  void runBatch(defined(kinds[order.job.kind]), order.job, order.seed, { before, peak })
    // Only the index of an input is sent: the seed reproduces the input.
    .then((report) =>
      send({
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
send({ index: -1 });
