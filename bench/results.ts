/** Writes figures to `bench/results/` or to the directory in the environment variable `RESULTS`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** Writes figures as `NAME.json`. */
export function writeResult(name: string, figures: object): void {
  const folder = process.env.RESULTS ?? resolve(import.meta.dirname, 'results');
  mkdirSync(folder, { recursive: true });
  writeFileSync(resolve(folder, `${name}.json`), `${JSON.stringify(figures, null, 1)}\n`);
}
