/** Describes the machine, detects other load, and computes medians. */
import { cpus } from 'node:os';

/** The machine and date of a measurement, for its result file. */
export const provenance = () => ({
  machine: `${cpus()[0]?.model ?? 'CPU'}, ${cpus().length} cores`,
  date: new Date().toISOString().slice(0, 10),
});

/** Seconds that all processors were busy, and seconds in total. */
function processorTime(): { used: number; all: number } {
  const times = cpus().map((c) => c.times);
  const all = times.reduce((sum, t) => sum + Object.values(t).reduce((a, b) => a + b, 0), 0);
  return { used: (all - times.reduce((sum, t) => sum + t.idle, 0)) / 1000, all: all / 1000 };
}

/** Seconds of processor time of this process. */
export function ownTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/**
 * Starts measuring other load. The returned function gives the fraction of all processors, 0 to 1,
 * that other processes used. `own` is the processor seconds of the measured task.
 */
export function watchOthers(): (own?: number) => number {
  const before = processorTime();
  return (own = 0) => {
    const after = processorTime();
    return Math.max(
      0,
      Math.round((100 * (after.used - before.used - own)) / (after.all - before.all)) / 100,
    );
  };
}

/**
 * Waits until other processes use less than a tenth of the processors, for at most 60 tries of one
 * second.
 */
export async function quiet(): Promise<void> {
  for (let tries = 0; tries < 60; tries++) {
    const others = watchOthers();
    await new Promise((go) => setTimeout(go, 1000));
    if (others() < 0.1) return;
  }
}

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
