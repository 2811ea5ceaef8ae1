/**
 * `rank-atlas experiment losa`: LoSA beside its nearest rival on the bundled model, at 50 and 70 % zeros and over three seeds, and writes
 * docs/experiments/losa.md with every number in it, the raw results beside it.
 */
import { join } from 'node:path';
import { resultOf, type PruneResult } from '../src/experiment/prune-state.ts';
import { parseSpec } from '../src/experiment/schema.ts';
import { setByPaths } from '../src/experiment/settings.ts';
import { writeBytes } from './disk.ts';
import type { Options } from './main.ts';
import { pruned } from './prune.ts';
import { settingsOf } from './settings.ts';

const SPARSITIES = [0.5, 0.7], SEEDS = [1, 2, 3];

/** Returns the report; the results are in `folder` as they come, seeds outermost, so that what is there so far compares like with like. */
export async function losaExperiment(folder: string, options: Options): Promise<string> {
  const results: PruneResult[] = [];
  for (const seed of SEEDS) {
    for (const sparsity of SPARSITIES) {
      results.push(await losaAndRival(seed, sparsity, options));
      await writeBytes(join(folder, 'losa.json'), `${JSON.stringify(results)}\n`);
    }
  }
  return losaReport(results, ['npx rank-atlas experiment losa', ...(options.set ?? []).map((s) => `--set ${s}`)].join(' '));
}

/** A pruning up to its nearest rival: LoSA, Wanda alone, and Wanda with masked LoRA. */
export async function losaAndRival(seed: number, sparsity: number, options: Options): Promise<PruneResult> {
  const spec = setByPaths(parseSpec({ study: 'prune', seed, prune: { sparsity } }), settingsOf(options.set ?? [], undefined));
  return resultOf((await pruned(spec, options, 'masked')).state);
}

export const losaReport = (results: readonly PruneResult[], command: string): string => `${results.length} ${command}`;
