/**
 * `npx tsx bench/losa.ts [MODEL FOLDER] [--rounds 5] [--processor] [--provider wasm|webgpu]`:
 * measures a LoSA round against its training steps at the study's default settings. A round has the
 * pruning part (RMI, Wanda's norms and masks, reconstruction errors, ranks) and the fine-tuning
 * steps. The held-out losses between them are for display only and are reported separately.
 * `--rounds` limits the number of rounds. `--processor` measures processor seconds, for busy
 * machines. Results: bench/results/losa-<model>.json.
 */
import { basename, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { openStudy } from '../cli/study.ts';
import { pulled } from '../src/studies/pulled.ts';
import { reducePrune } from '../src/studies/prune/state.ts';
import { runPrune } from '../src/studies/prune/run.ts';
import { parseSpec } from '../src/experiment/schema.ts';
import { ownTime, provenance, watchOthers } from './machine.ts';
import { fileMark, providerOption } from './provider.ts';
import { writeResult } from './results.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    ...providerOption,
    rounds: { type: 'string', default: '5' },
    processor: { type: 'boolean', default: false },
  },
});
const spec = parseSpec({ study: 'prune', prune: { baselines: false } });
const { context, dispose } = await openStudy(spec, {
  provider: values.provider,
  ...(positionals[0] !== undefined && { model: resolve(positionals[0]) }),
});
const now = values.processor ? () => 1000 * ownTime() : () => performance.now();
const others = watchOthers();
const began = ownTime();
const seconds = (milliseconds: number) => Math.round(milliseconds / 10) / 100;

interface Round {
  similarity: number;
  pruning: number;
  judging: number;
  steps: number;
  training: number;
}
const rounds: Round[] = [];
let round: Round | null = null;
let last = now();
const study = pulled({ run: runPrune, reduce: reducePrune }, { ...context, now });
for await (const { event } of study) {
  const took = now() - last;
  last = now();
  if (event.type === 'similarity') {
    rounds.push((round = { similarity: took, pruning: 0, judging: 0, steps: 0, training: 0 }));
    console.error(`${new Date().toISOString().slice(11, 19)} round ${event.round}`);
  } else if (!round) continue;
  else if (event.type === 'block' || event.type === 'ranks') round.pruning += took;
  else if (event.type === 'judging' || event.type === 'pruned' || event.type === 'repaired')
    round.judging += took;
  else if (event.type === 'step') {
    round.steps++;
    round.training += took;
  }
  if (event.type === 'repaired' && event.round === Number(values.rounds)) break;
}
await dispose();
const rows = rounds.map(({ steps, ...times }) => ({
  steps,
  ...Object.fromEntries(Object.entries(times).map(([name, time]) => [name, seconds(time)])),
  ratio: (times.similarity + times.pruning + times.training) / times.training,
}));
const of = (name: keyof Round) => rounds.reduce((sum, r) => sum + r[name], 0);
const ratio = (of('similarity') + of('pruning') + of('training')) / of('training');
const elsewhere = others(ownTime() - began);
for (const [i, row] of rows.entries()) console.log(`round ${i + 1}: ${JSON.stringify(row)}`);
console.log(
  `A round takes ${ratio.toFixed(2)} times its training steps (goal 1.5). ${Math.round(100 * elsewhere)} % of the processors elsewhere.`,
);
writeResult(`losa-${basename(context.model.id).replace(/^\w+:/, '')}${fileMark(values.provider)}`, {
  ...provenance(),
  model: context.model.id,
  provider: context.provider,
  clock: values.processor ? 'processor' : 'wall',
  elsewhere,
  rounds: rows,
  ratio,
});
