/**
 * Prints and writes the comparison of a training step with other libraries, in Node and in a
 * browser.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { median, provenance } from '../machine.ts';
import { size } from './size.ts';

export interface Step {
  milliseconds: number;
  processorMilliseconds: number;
  loss: number;
}

/**
 * Prints medians and their ratios to ours, and writes them with the conditions `where` to
 * `bench/results/<file>`.
 */
export function reportPeers(
  file: string,
  steps: Readonly<Record<string, readonly Step[]>> & { ours: readonly Step[] },
  where: object,
): void {
  const of = (all: readonly Step[]) => ({
    milliseconds: median(all.map((s) => s.milliseconds)),
    processorMilliseconds: median(all.map((s) => s.processorMilliseconds)),
    losses: all.map((s) => s.loss),
  });
  const ours = of(steps.ours);
  const rows = Object.fromEntries(Object.entries(steps).map(([name, all]) => [name, of(all)]));
  for (const [name, { milliseconds, processorMilliseconds }] of Object.entries(rows)) {
    console.log(
      `${name.padEnd(8)} ${milliseconds.toFixed(0).padStart(6)} ms a step, ${processorMilliseconds.toFixed(0).padStart(6)} ms of processor: ${(milliseconds / ours.milliseconds).toFixed(2)}x ours by the clock, ${(processorMilliseconds / ours.processorMilliseconds).toFixed(2)}x by processor time`,
    );
  }
  const folder = resolve(import.meta.dirname, '../results');
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    resolve(folder, file),
    `${JSON.stringify({ ...provenance(), ...where, size, ...rows }, null, 1)}\n`,
  );
}
