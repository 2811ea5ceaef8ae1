/**
 * `npx tsx bench/jacobian.ts [MODEL_FOLDER] [--draws 48] [--sequences 2 --length 12] [--sigma 0.1] [--reference FOLDER]`: the Jacobian probe, alone and
 * combined with sampled AdaRank, against the mean of many draws; Spearman and seconds of one run. With `--reference` (a folder
 * with PyTorch's adarank.json and texts.json) the tokens and the first draws are those; the rest of `--draws` is made here.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { basename, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { loadRuntime } from '../cli/runtime.ts';
import { createEngine } from '../src/engine/cut-engine.ts';
import { WasmBackend } from '../src/engine/wasm-backend.ts';
import { adaRank, type AdaRankOptions } from '../src/methods/adarank.ts';
import { combine } from '../src/methods/combined.ts';
import { jacobianImportances, jacobianProbe, jacobianScales, type JacobianDraw } from '../src/methods/jacobian.ts';
import { spearman, summarise } from '../src/methods/statistics.ts';
import { calibrationBatch, idsBatch } from '../src/model/calibration.ts';
import { nodeFiles } from '../src/model/node-files.ts';
import { passagesOf } from '../src/model/text.ts';
import { loadModel } from '../src/worker/load.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { draws: { type: 'string', default: '48' }, sequences: { type: 'string', default: '2' }, length: { type: 'string', default: '12' }, reference: { type: 'string' }, sigma: { type: 'string' } },
});
const root = resolve(import.meta.dirname, '..'), folder = positionals[0] ?? resolve(root, 'public/models/atlas-3m');
const model = await loadModel(await nodeFiles(folder)), { modules } = model.compiled, threads = Math.min(2, availableParallelism());
const { ort } = await loadRuntime('wasm', String(threads));
const engine = createEngine({ model: model.compiled, backend: new WasmBackend(ort), memoryBudgetBytes: 3e9 });
const json = (file: string) => JSON.parse(readFileSync(resolve(values.reference!, file), 'utf8'));

const batch = values.reference
  ? idsBatch(json('texts.json').batches.adarank, model.compiled)
  : calibrationBatch(passagesOf(readFileSync(resolve(root, 'public/texts/atlas-heldout.txt'), 'utf8'), 'plain'), await model.open.tokenizer(), { sequences: Number(values.sequences), length: Number(values.length) }, model.compiled);
const pass = await engine.cleanPass(batch);
const noise: AdaRankOptions['noise'] = values.sigma ? { scale: 'fixed', sigma: Number(values.sigma) } : { scale: 'std' };

// The truth, and the time of a draw. Draws have names, so those made here go on where the reference's end.
const repeats = Number(values.draws), stored = values.reference ? json('adarank.json').modules as Record<string, { values: number[] }> : null;
const sampled: number[][] = modules.map((m) => stored?.[m.path]!.values.slice() ?? []), done = sampled[0]!.length, sweeps = new Map<number, number>();
for await (const e of adaRank(engine, pass, { seed: 1, variant: 'two-draws', noise, repeats, vocabularySample: 0 }, { granularity: () => 'layer' }, (_, r) => r < done, () => performance.now())) {
  if (e.type !== 'draws') continue;
  e.modules.forEach((m, i) => sampled[m]!.push(e.values[i]!));
  sweeps.set(e.repeat, (sweeps.get(e.repeat) ?? 0) + e.milliseconds / 1000);
}
// The first sweep also makes its sessions.
const count = sampled[0]!.length, secondsPerDraw = Math.min(...sweeps.values());

const draws = async (number: number, perToken: boolean, seed: number): Promise<{ squares: JacobianDraw[]; seconds: number }> => {
  const squares: JacobianDraw[] = [];
  let seconds = 0;
  for await (const e of jacobianProbe(engine, pass, { seed, draws: number, perToken, noise }, () => false, () => performance.now())) {
    if (e.type !== 'passed') continue;
    squares.push(...e.squares);
    seconds += e.milliseconds / 1000;
  }
  return { squares, seconds };
};
const mean = (x: readonly number[]) => x.reduce((a, b) => a + b, 0) / x.length;
// Five draws at a time are held out and judged by the mean of the others; what is compared with them is judged by the same mean.
const held = Array.from({ length: Math.min(count, 24) }, (_, i) => Array.from({ length: 5 }, (_, r) => (5 * i + r) % count).sort((a, b) => a - b));
const truths = held.map((used) => sampled.map((d) => mean(d.filter((_, r) => !used.includes(r)))));
const rows: { what: string; spearman: number; spread: number; seconds: number }[] = [];
const row = (what: string, seconds: number, maps: (i: number) => number[]) => {
  const { mean: middle, standardError, n } = summarise(truths.map((truth, i) => spearman(maps(i), truth))), spread = standardError! * Math.sqrt(n);
  rows.push({ what, spearman: middle, spread, seconds });
  console.log(`${what.padEnd(44)} ${middle.toFixed(4)} ±${spread.toFixed(4)} ${seconds.toFixed(2).padStart(8)} s   1/${((5 * secondsPerDraw) / seconds).toFixed(1)} of five draws`);
};

console.log(`${model.open.title}, ${batch.sequences} x ${batch.length} tokens, WASM, ${threads} threads, noise ${values.sigma ?? 'std(W)'}; ${count} draws, halves ${spearman(sampled.map((d) => mean(d.slice(0, count / 2))), sampled.map((d) => mean(d.slice(count / 2)))).toFixed(4)}`);
for (const k of [1, 3, 5]) row(`sampled, ${k} draws`, k * secondsPerDraw, (i) => sampled.map((d) => mean(held[i]!.slice(0, k).map((r) => d[r]!))));
await draws(1, false, 0);
await draws(8, false, 0);
const scales = jacobianScales(engine, batch, { noise, perToken: false }), seconds = new Map<number, number>();
const many = (await draws(64, false, 9)).squares, some = (k: number, i: number) => Array.from({ length: k }, (_, u) => many[(i * k + u) % many.length]!);
for (const k of [1, 2, 4, 8, 32]) {
  seconds.set(k, Math.min((await draws(k, false, 1)).seconds, (await draws(k, false, 2)).seconds));
  row(`Jacobian, ${k} passes`, seconds.get(k)!, (i) => jacobianImportances(some(k, i), scales));
}
const tokens = await draws(1, true, 1), perToken = jacobianImportances(tokens.squares, jacobianScales(engine, batch, { noise, perToken: true }));
row('Jacobian, 1 pass per token', tokens.seconds, () => perToken);
for (const [signs, k] of [[8, 1], [32, 1], [32, 3]] as const) {
  const both = held.map((used, i) => {
    const own = some(signs, i);
    return combine(jacobianImportances(own, scales), sampled.map((d) => used.slice(0, k).map((r) => d[r]!)), modules.map((m) => m.role), own);
  });
  row(`combined, ${signs} passes and ${k} draws (share ${mean(both.map((c) => c.weight)).toFixed(2)})`, seconds.get(signs)! + k * secondsPerDraw, (i) => both[i]!.importances);
}
const levels = sampled.map((d, m) => mean(d) / jacobianImportances(many, scales)[m]!).sort((a, b) => a - b), level = [0.25, 0.5, 0.75].map((q) => levels[Math.floor(q * levels.length)]!);
console.log(`level, measured over predicted, quartiles: ${level.map((v) => v.toFixed(2)).join(', ')}`);

const report = {
  machine: `${cpus()[0]?.model ?? 'CPU'}, ${cpus().length} cores`, date: new Date().toISOString().slice(0, 10),
  model: model.open.title, sequences: batch.sequences, length: batch.length, threads, truthDraws: count, secondsPerDraw, level, rows,
};
mkdirSync(resolve(import.meta.dirname, 'results'), { recursive: true });
writeFileSync(resolve(import.meta.dirname, 'results', `jacobian-${basename(folder)}-${batch.sequences}x${batch.length}${values.sigma ? `-${values.sigma}` : ''}.json`), `${JSON.stringify(report, null, 1)}\n`);
process.exit(0);
