/**
 * `npx tsx bench/qdylora.ts [--provider wasm|webgpu]`: compares one QDyLoRA run with LoRAs trained
 * separately at a few ranks. All use the bundled model in NF4 and the same text, steps, seed and α.
 * Prints and writes held-out losses, and the time of one run against one LoRA per rank. Time is
 * processor time of all threads, which depends less on other load; on WebGPU it is wall time.
 */
import { parseArgs } from 'node:util';
import { defined, elementAt } from '../src/checked.ts';
import { bundledModel } from '../cli/bundled.ts';
import { tokensOf } from '../cli/data.ts';
import { startEngine } from '../cli/engine.ts';
import { parseSpec } from '../src/experiment/schema.ts';
import { initialAdapters } from '../src/methods/lora.ts';
import { trainPresets } from '../src/studies/train/presets.ts';
import type { TrainSettings } from '../src/studies/train/settings.ts';
import {
  runTraining,
  type RankCurve,
  type TrainingFigures,
} from '../src/studies/train/training.ts';
import { loadModel } from '../src/runtime/load.ts';
import { provenance } from './machine.ts';
import { engineOptions, fileMark, providerName, providerOption, spentTime } from './provider.ts';
import { writeResult } from './results.ts';

const { values } = parseArgs({
  options: {
    ...providerOption,
    steps: { type: 'string', default: '160' },
    batch: { type: 'string', default: '4' },
    length: { type: 'string', default: '32' },
    seed: { type: 'string', default: '1' },
    most: { type: 'string', default: '16' },
    ranks: { type: 'string', default: '1,2,4,8,16' },
    modes: { type: 'string', default: 'frozen,full' },
    rate: { type: 'string', default: '2e-3' },
    'dylora-rate': { type: 'string', default: '2e-3' },
    threads: { type: 'string', default: '2' },
    out: { type: 'string', default: 'qdylora' },
  },
});
const [steps, batch, length, seed, most, rate, dyLoraRate] = (
  ['steps', 'batch', 'length', 'seed', 'most', 'rate', 'dylora-rate'] as const
).map((name) => Number(values[name])) as [number, number, number, number, number, number, number];
const ranks = values.ranks.split(',').filter(Boolean).map(Number);
const modes = values.modes.split(',').filter(Boolean) as ('frozen' | 'full')[];

const model = await loadModel(await bundledModel('atlas-3m'));
const { engine, runtime } = await startEngine(
  model,
  engineOptions(values.provider, values.threads),
  'nf4',
);
const preset = parseSpec(trainPresets.qdylora);
const data = {
  train: await tokensOf(preset.training.train, { sequences: Infinity, length, bos: 'none' }, model),
  held: await tokensOf(
    preset.training.held,
    { sequences: preset.training.heldSequences, length, bos: 'none' },
    model,
  ),
};

/** Returns the figures, the curve and seconds per step. */
async function run(
  method: TrainSettings['method'],
  rank: number,
  learningRate: number,
): Promise<{ figures: TrainingFigures; curve: RankCurve | null; seconds: number }> {
  const { modules } = model.compiled;
  const ranks = modules.map(() => rank);
  let before = spentTime(runtime);
  let spent = 0;
  let counted = 0;
  for await (const event of runTraining({
    method,
    scale: preset.train.scale,
    ranks,
    training: { ...preset.training, steps, batch, length, learningRate, evaluateEvery: 0 },
    seed,
    engine,
    data,
    start: initialAdapters(seed, modules, ranks),
    now: () => performance.now(),
  })) {
    // The first steps compile the pieces.
    if (event.type === 'step' && event.step > 5) {
      spent += (spentTime(runtime) - before) / 1000;
      counted++;
    }
    if (event.type === 'evaluation')
      console.error(
        `${method.name}${method.name === 'qdylora' ? ` ${method.mode}` : ''}, rank ${rank}, after ${event.step} steps: ${event.loss.toFixed(4)}`,
      );
    if (event.type === 'done')
      return { figures: event.figures, curve: event.curve, seconds: spent / counted };
    before = spentTime(runtime);
  }
  throw new Error('the run did not end');
}

const start = performance.now();
const loras = [];
const dyLoras = [];
for (const mode of modes) {
  const { figures, curve, seconds } = await run(
    { name: 'qdylora', mode, draw: { kind: 'uniform' } },
    most,
    dyLoraRate,
  );
  dyLoras.push({
    mode,
    seconds,
    curve: defined(curve),
    base: elementAt(figures.evaluations, 0).loss,
  });
}
for (const rank of ranks) {
  const { figures, seconds } = await run({ name: 'lora' }, rank, rate);
  loras.push({ rank, seconds, loss: elementAt(figures.evaluations, -1).loss });
}
await engine.dispose();

console.log(
  `${providerName(runtime)}; base ${dyLoras[0]?.base.toFixed(4)}; ${steps} steps of ${batch} x ${length} tokens, rates ${rate} (LoRA) and ${dyLoraRate} (QDyLoRA), ${((performance.now() - start) / 1000).toFixed(0)} s in all`,
);
console.log(`rank   LoRA      ${dyLoras.map((d) => `QDyLoRA ${d.mode}`.padEnd(24)).join('')}`);
for (const rank of [
  ...new Set([...ranks, ...dyLoras.flatMap((d) => d.curve.losses.map((l) => l.rank))]),
].sort((a, b) => a - b)) {
  const lora = loras.find((l) => l.rank === rank)?.loss;
  const cells = dyLoras.map(({ curve }) => {
    const loss = curve.losses.find((l) => l.rank === rank)?.loss;
    return (
      loss === undefined
        ? ''
        : `${loss.toFixed(4)}${lora === undefined ? '' : ` (${(100 * (loss / lora - 1)).toFixed(2)} %)`}`
    ).padEnd(24);
  });
  console.log(`${String(rank).padEnd(7)}${(lora?.toFixed(4) ?? '').padEnd(10)}${cells.join('')}`);
}
const loraSeconds = loras.reduce((sum, l) => sum + l.seconds, 0) / Math.max(1, loras.length);
const ratios = dyLoras.map((d) => (most * loraSeconds) / d.seconds);
dyLoras.forEach((d, i) =>
  console.log(
    `${d.mode}: knee ${d.curve.knee}; ${d.seconds.toFixed(3)} s a step against ${loraSeconds.toFixed(3)} s of a LoRA: all ${most} ranks ${ratios[i]!.toFixed(1)}x cheaper (goal ${(most / 1.5).toFixed(1)}x)`,
  ),
);

const report = {
  ...provenance(),
  provider: values.provider,
  steps,
  batch,
  length,
  seed,
  most,
  rate,
  dyLoraRate,
  loras,
  dyLoras,
  ratios,
};
writeResult(`${values.out}${fileMark(values.provider)}`, report);
process.exit(0);
