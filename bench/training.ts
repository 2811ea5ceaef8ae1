/**
 * `npm run bench:training [-- MODEL FOLDER] [--rank 8] [--batch 4] [--length 64] [--steps 500]
 * [--provider wasm|webgpu]`: measures a LoRA step over all linear layers against only the matrix
 * products of the same sizes, alternately on one provider. Also measures step time per model
 * parameter, and memory over many steps. Prints and writes the figures.
 */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { bundledModel } from '../cli/bundled.ts';
import { tokensOf } from '../cli/data.ts';
import { startEngine } from '../cli/engine.ts';
import { initialAdapters } from '../src/methods/lora.ts';
import { batchOfStep } from '../src/methods/windows.ts';
import { nodeFiles } from '../src/model/node-files.ts';
import { factsOf, loadModel } from '../src/runtime/load.ts';
import { median, ownTime, provenance, watchOthers } from './machine.ts';
import { pureProducts } from './products.ts';
import { engineOptions, fileMark, providerName, providerOption } from './provider.ts';
import { writeResult } from './results.ts';
import { ADAMW } from './adamw.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    ...providerOption,
    rank: { type: 'string', default: '8' },
    batch: { type: 'string', default: '4' },
    length: { type: 'string', default: '64' },
    pairs: { type: 'string', default: '9' },
    steps: { type: 'string', default: '500' },
    threads: { type: 'string', default: '2' },
    out: { type: 'string', default: 'training' },
  },
});
const [rank, batch, length, pairs, steps] = (
  ['rank', 'batch', 'length', 'pairs', 'steps'] as const
).map((name) => Number(values[name])) as [number, number, number, number, number];

const model = await loadModel(
  positionals[0] === undefined
    ? await bundledModel('atlas-3m')
    : await nodeFiles(resolve(positionals[0])),
);
const facts = factsOf(model);
const { engine, runtime } = await startEngine(
  model,
  engineOptions(values.provider, values.threads),
);
const data = await tokensOf(
  { kind: 'bundled', id: 'opticks-train' },
  { sequences: Infinity, length, bos: 'none' },
  model,
);
const adapters = await engine.adapters(
  initialAdapters(
    1,
    facts.modules,
    facts.modules.map(() => rank),
  ),
);
const use = { adapters, scale: () => 2 };
const adamW = {
  learningRate: 1e-3,
  ...ADAMW,
  maxNorm: 0.3,
};

const timed = async (act: () => Promise<unknown>) => {
  const start = performance.now();
  await act();
  return performance.now() - start;
};

let step = 0;
const once = () => {
  step++;
  return engine.trainStep(batchOfStep(data, 1, step, batch), use, { step, ...adamW });
};
const pure = await pureProducts(runtime, {
  rows: batch * length,
  modules: facts.modules,
  rank,
  hidden: facts.hidden,
  vocab: facts.vocab,
});
// The first steps build sessions.
for (let i = 0; i < 3; i++) {
  await once();
  await pure.run();
}
const stepTimes: number[] = [];
const pureTimes: number[] = [];
const watch = watchOthers();
const used = ownTime();
for (let i = 0; i < pairs; i++) {
  stepTimes.push(await timed(once));
  pureTimes.push(await timed(pure.run));
}
const others = watch(ownTime() - used);
const ratios = stepTimes.map((t, i) => t / pureTimes[i]!).sort((a, b) => a - b);
const ratio = median(ratios);
const quartile = (n: number) => ratios[Math.round((n * (pairs - 1)) / 4)]!;
const weights =
  facts.modules.reduce((sum, m) => sum + m.inFeatures * m.outFeatures, 0) +
  facts.hidden * facts.vocab;
const perWeight = (1e6 * median(stepTimes)) / (weights * batch * length);
console.log(
  `${facts.title}, ${providerName(runtime)}, ${batch} x ${length} tokens, rank ${rank}: step ${median(stepTimes).toFixed(0)} ms, pure products ${median(pureTimes).toFixed(0)} ms (${(pure.flops / median(pureTimes) / 1e6).toFixed(0)} GFLOP/s): ${ratio.toFixed(2)}x (goal 1.3x)`,
);
console.log(
  `half of the ${pairs} ratios from ${quartile(1).toFixed(2)} to ${quartile(3).toFixed(2)}; ${(100 * others).toFixed(0)} % of the processors elsewhere; ${perWeight.toFixed(4)} ns per weight and token`,
);

const memory: { step: number; engine: number; resident: number }[] = [];
const every = Math.max(1, Math.floor(steps / 10));
for (let i = 1; i <= steps; i++) {
  await once();
  if (i % every === 0) {
    const { rss } = process.memoryUsage();
    memory.push({ step: i, engine: engine.memory().device, resident: rss });
    console.log(
      `after ${i} steps: engine ${(engine.memory().device / 1e6).toFixed(1)} MB, process ${(rss / 1e6).toFixed(0)} MB`,
    );
  }
}
await engine.dispose();

const report = {
  ...provenance(),
  others,
  provider: engine.provider,
  model: facts.title,
  rank,
  batch,
  length,
  stepMilliseconds: median(stepTimes),
  pureMilliseconds: median(pureTimes),
  ratio,
  ratioQuartiles: [quartile(1), quartile(3)],
  nanosecondsPerWeightAndToken: perWeight,
  flops: pure.flops,
  memory,
};
writeResult(
  `${values.out}-${facts.title.replace(/[^\w.-]+/g, '-')}${fileMark(values.provider)}`,
  report,
);
process.exit(0);
