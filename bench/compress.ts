/**
 * Compress to Impress against LASER's exhaustive search: same samples, same engine, same machine.
 *
 *   npx tsx bench/compress.ts [samples] [trials] [task]
 *
 * LASER's side tries every module at every ρ (504 evaluations on the bundled model), in full; the other side is one backward pass
 * and `trials` evaluations. Decompositions are needed by both and are named apart. Results: bench/results/compress-<task>-<samples>x<trials>.json.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { openStudy } from '../cli/study.ts';
import { compressText } from '../cli/compress.ts';
import { runCompress } from '../src/experiment/compress-run.ts';
import { reduceCompress, type CompressState } from '../src/experiment/compress-state.ts';
import { parseSpec } from '../src/experiment/schema.ts';

const [samples = '100', trials = '24', task = 'next-word'] = process.argv.slice(2);
const spec = parseSpec({ study: 'compress', compress: { task: { kind: 'set', id: task }, samples: Number(samples), test: 200, trials: Number(trials), laser: 'all' } });
const { context, dispose } = await openStudy(spec, {});
let state: CompressState | null = null;
for await (const event of runCompress(context)) {
  state = reduceCompress(state, event);
  if (event.type === 'laser' && state.laser.length % 56 === 0) console.error(`LASER: ${state.laser.length} of ${state.laserEvaluations}`);
}
await dispose();
const result = state!.result!, { times, laser, test, calibration } = result, scan = times.gradients + times.scan;
console.log(compressText(result));
const row = {
  task, samples: calibration.samples, testSamples: test.samples, provider: result.provider, decompose: times.svd / 1000, backward: times.gradients / 1000, trials: result.trials.length, scan: times.scan / 1000,
  laser: { evaluations: laser!.made, seconds: laser!.milliseconds / 1000, calibration: laser!.best.figures, test: laser!.test, best: `${laser!.best.path} ${laser!.best.rho}` },
  ratio: laser!.milliseconds / scan, before: { calibration: calibration.before, test: test.steps[0] }, after: { calibration: calibration.after, test: test.steps.at(-1) },
};
console.log(`LASER ${row.laser.seconds.toFixed(0)} s, this ${(scan / 1000).toFixed(0)} s: ${row.ratio.toFixed(1)} times fewer seconds`);
await mkdir(new URL('results/', import.meta.url), { recursive: true });
await writeFile(new URL(`results/compress-${task}-${samples}x${trials}.json`, import.meta.url), `${JSON.stringify(row, null, 1)}\n`);
