/** What the machine is, whether it was quiet, and how several times become one. */
import { cpus } from 'node:os';

/** Where and when figures were taken, as their file says it. */
export const provenance = () => ({
  machine: `${cpus()[0]?.model ?? 'CPU'}, ${cpus().length} cores`,
  date: new Date().toISOString().slice(0, 10),
});

/** Seconds all processors together have been at work, and all they had. */
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
 * From now on: gives the share of the processors, 0 … 1, that went to others than a task that used
 * `own` seconds of them meanwhile.
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

/** Waits, a minute at most, until nothing else keeps the processors busy. */
export async function quiet(): Promise<void> {
  for (let tries = 0; tries < 60; tries++) {
    const others = watchOthers();
    await new Promise((go) => setTimeout(go, 1000));
    if (others() < 0.1) return;
  }
}

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
