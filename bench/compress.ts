/**
 * Measures Compress to Impress against LASER's exhaustive search on the same samples, engine and
 * machine.
 *
 *   npx tsx bench/compress.ts [--model FOLDER] [--samples 100] [--test 200] [--trials 24]
 *     [--task next-word] [--laser all|sample] [--processor] [--provider wasm|webgpu]
 *
 * LASER tries every module at every ρ, in full or on a seeded sample of 24 candidates. Compress to
 * Impress needs one backward pass and `trials` evaluations. Both reuse the clean activations before
 * a change. The totals include decompositions: LASER's in one row block, ours for every K.
 * `--processor` measures processor seconds, for busy machines. Results:
 * bench/results/compress-<model>-<task>-<samples>x<trials>.json.
 */
import { basename, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { defined } from '../src/checked.ts';
import { openStudy } from '../cli/study.ts';
import { compressText } from '../src/studies/compress/report.ts';
import { pulled } from '../src/studies/pulled.ts';
import { runCompress } from '../src/studies/compress/run.ts';
import { reduceCompress, type CompressState } from '../src/studies/compress/state.ts';
import { parseSpec } from '../src/experiment/schema.ts';
import { ownTime, provenance, watchOthers } from './machine.ts';
import { fileMark, providerOption } from './provider.ts';
import { writeResult } from './results.ts';

const { values } = parseArgs({
  options: {
    ...providerOption,
    model: { type: 'string' },
    samples: { type: 'string', default: '100' },
    test: { type: 'string', default: '200' },
    trials: { type: 'string', default: '24' },
    task: { type: 'string', default: 'next-word' },
    laser: { type: 'string', default: 'all' },
    processor: { type: 'boolean', default: false },
  },
});
const { samples, trials, task, laser: how } = values;
const spec = parseSpec({
  study: 'compress',
  compress: {
    task: { kind: 'set', id: task },
    samples: Number(samples),
    test: Number(values.test),
    trials: Number(trials),
    laser: how,
    checks: 0,
  },
});
const { context, dispose } = await openStudy(spec, {
  provider: values.provider,
  ...(values.model !== undefined && { model: resolve(values.model) }),
});
const { modules } = context.model;
const others = watchOthers();
const began = ownTime();
const now = values.processor ? () => 1000 * ownTime() : () => performance.now();
const start = now();
let state: CompressState | null = null;
let phase = '';
const study = pulled({ run: runCompress, reduce: reduceCompress }, { ...context, now });
for await (const { event, state: after } of study) {
  state = after;
  if (event.type === 'progress' && event.phase !== phase)
    console.error(`${Math.round((now() - start) / 1000)} s: ${(phase = event.phase)}`);
}
await dispose();
const elsewhere = others(ownTime() - began);
const result = defined(defined(state).result);
const { times, test, calibration } = result;
const laser = defined(result.laser);
const seconds = (milliseconds: number) => Math.round(milliseconds / 10) / 100;
console.log(compressText(result));
/** The time of a decomposition is roughly proportional to the cube of a block's shorter side. */
const cubes = (blocks: number) =>
  modules.reduce((sum, m) => sum + blocks * Math.min(m.outFeatures / blocks, m.inFeatures) ** 3, 0);
const share = cubes(1) / spec.compress.rowBlocks.reduce((sum, blocks) => sum + cubes(blocks), 0);
const search = laser.extrapolated;
const own = times.gradients + times.scan;
const row = {
  ...provenance(),
  model: result.model.id,
  task,
  samples: calibration.samples,
  testSamples: test.samples,
  provider: result.provider,
  clock: values.processor ? 'processor' : 'wall',
  elsewhere,
  here: {
    decompose: seconds(times.svd),
    backward: seconds(times.gradients),
    scan: seconds(times.scan),
    trials: result.trials.length,
    kept: result.accepted.length,
  },
  laser: {
    decompose: seconds(share * times.svd),
    search: seconds(search),
    evaluations: laser.evaluations,
    made: laser.made,
    best: `${laser.best.path} ${laser.best.rho}`,
  },
  accuracy: {
    before: { calibration: calibration.before, test: test.steps[0] },
    here: { calibration: calibration.after, test: test.steps.at(-1) },
    laser: { calibration: laser.best.figures, test: laser.test },
  },
  ratio: search / own,
  ratioWithDecompositions: (search + share * times.svd) / (own + times.svd),
};
console.log(
  `LASER ${seconds(search)} s${laser.made < laser.evaluations ? ` (${laser.made} of ${laser.evaluations} made)` : ''}, this ${seconds(own)} s: ${row.ratio.toFixed(1)} times fewer seconds; decompositions counted, ${row.ratioWithDecompositions.toFixed(1)} times. ${Math.round(100 * elsewhere)} % of the processors elsewhere.`,
);
writeResult(
  `compress-${basename(result.model.id).replace(/^\w+:/, '')}-${task}-${samples}x${trials}${fileMark(values.provider)}`,
  row,
);
