/**
 * Compares the Jacobian probe, alone and combined with sampled AdaRank, with the mean of many
 * draws: Spearman's ρ and seconds.
 *
 *   npx tsx bench/jacobian.ts [MODEL_FOLDER] [--draws 48] [--text ID] [--sequences 2 --length 12]
 *     [--seed 1] [--sigma 0.1] [--reference FOLDER] [--kept FILE] [--provider wasm|webgpu]
 *
 * `--reference` is a directory with PyTorch's adarank.json and texts.json; it supplies the tokens
 * and the first draws. The rest of `--draws` is measured here. `--text` is the id of a bundled
 * text. `--kept` is a file that saves draws as they are measured and from which a run resumes: the
 * draws of a large model take half an hour.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { defined, elementAt } from '../src/checked.ts';
import { tokensOf } from '../cli/data.ts';
import { startEngine } from '../cli/engine.ts';
import { adaRank, type AdaRankOptions } from '../src/methods/importance/adarank.run.ts';
import { combine } from '../src/methods/importance/combined.ts';
import {
  jacobianImportances,
  jacobianScales,
  jacobianSquares,
  type JacobianDraw,
} from '../src/methods/importance/jacobian.run.ts';
import { interval95, spearman, summarise } from '../src/methods/statistics.ts';
import { idsBatch } from '../src/model/calibration.ts';
import { nodeFiles } from '../src/model/node-files.ts';
import { loadModel } from '../src/runtime/load.ts';
import { provenance } from './machine.ts';
import { engineOptions, fileMark, providerName, providerOption } from './provider.ts';
import { writeResult } from './results.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    ...providerOption,
    draws: { type: 'string', default: '48' },
    text: { type: 'string', default: 'atlas-heldout' },
    seed: { type: 'string', default: '1' },
    sequences: { type: 'string', default: '2' },
    length: { type: 'string', default: '12' },
    reference: { type: 'string' },
    sigma: { type: 'string' },
    kept: { type: 'string' },
  },
});
const root = resolve(import.meta.dirname, '..');
const folder = positionals[0] ?? resolve(root, 'public/models/atlas-3m');
const model = await loadModel(await nodeFiles(folder));
const { modules } = model.compiled;
const threads = Math.min(2, availableParallelism());
const { engine, runtime } = await startEngine(
  model,
  engineOptions(values.provider, String(threads)),
);
const json = (file: string) =>
  JSON.parse(readFileSync(resolve(defined(values.reference), file), 'utf8'));

const batch = values.reference
  ? idsBatch(json('texts.json').batches.adarank, model.compiled)
  : await tokensOf(
      { kind: 'bundled', id: values.text },
      { sequences: Number(values.sequences), length: Number(values.length), bos: 'none' },
      model,
    );
const pass = await engine.cleanPass(batch);
const seed = Number(values.seed);
const noise: AdaRankOptions['noise'] = values.sigma
  ? { scale: 'fixed', sigma: Number(values.sigma) }
  : { scale: 'std' };

// The reference values and the time of a draw. Draws are named by number, so new draws continue
// after those of the reference.
const stored = values.reference
  ? (json('adarank.json').modules as Record<string, { values: number[] }>)
  : null;
const saved =
  values.kept !== undefined && existsSync(values.kept)
    ? (JSON.parse(readFileSync(values.kept, 'utf8')) as number[][])
    : null;
const sampled: number[][] =
  saved ?? modules.map((m) => (stored ? defined(stored[m.path]).values.slice() : []));
const done = elementAt(sampled, 0).length;
const sweeps = new Map<number, number>();
// Measure at least one draw, to get its time.
const repeats = Math.max(Number(values.draws), done + 1);
for await (const e of adaRank({
  engine,
  pass,
  options: { seed, variant: 'two-draws', noise, repeats, vocabularySample: 0 },
  control: { granularity: () => 'batch' },
  known: (_, r) => r < done,
  now: () => performance.now(),
})) {
  if (e.type !== 'draws') continue;
  e.modules.forEach((m, i) => elementAt(sampled, m).push(e.values[i]!));
  sweeps.set(e.repeat, (sweeps.get(e.repeat) ?? 0) + e.milliseconds / 1000);
  // Save only complete sweeps.
  if (values.kept !== undefined && new Set(sampled.map((d) => d.length)).size === 1)
    writeFileSync(
      values.kept,
      JSON.stringify(sampled.map((d) => d.map((v) => Number(v.toPrecision(7))))),
    );
}
// The minimum, because the first sweep also creates its sessions.
const count = elementAt(sampled, 0).length;
const secondsPerDraw = Math.min(...sweeps.values());

const draws = async (
  number: number,
  perToken: boolean,
  signs: number,
): Promise<{ squares: JacobianDraw[]; seconds: number }> => {
  const squares: JacobianDraw[] = [];
  const together = perToken ? 1 : 8;
  const start = performance.now();
  for (let d = 0; d < number; d += together)
    squares.push(
      ...(await jacobianSquares(
        engine,
        pass,
        { seed: signs, perToken },
        Array.from({ length: Math.min(together, number - d) }, (_, i) => d + i),
      )),
    );
  return { squares, seconds: (performance.now() - start) / 1000 };
};
const mean = (x: readonly number[]) => x.reduce((a, b) => a + b, 0) / x.length;
// Five draws at a time are held out and compared with the mean of the others. The Jacobian
// estimates are compared with the same mean.
const held = Array.from({ length: Math.min(count, 24) }, (_, i) =>
  Array.from({ length: 5 }, (_, r) => (5 * i + r) % count).sort((a, b) => a - b),
);
const truths = held.map((used) => sampled.map((d) => mean(d.filter((_, r) => !used.includes(r)))));
const rows: { what: string; spearman: number; spread: number; seconds: number }[] = [];
const row = (what: string, seconds: number, maps: (i: number) => number[]) => {
  const {
    mean: middle,
    standardError,
    n,
  } = summarise(truths.map((truth, i) => spearman(maps(i), truth)));
  const spread = defined(standardError) * Math.sqrt(n);
  rows.push({ what, spearman: middle, spread, seconds });
  console.log(
    `${what.padEnd(44)} ${middle.toFixed(4)} ±${spread.toFixed(4)} ${seconds.toFixed(2).padStart(8)} s   1/${((5 * secondsPerDraw) / seconds).toFixed(1)} of five draws`,
  );
};

console.log(
  `${model.open.title}, ${batch.sequences} x ${batch.length} tokens, ${providerName(runtime)}, noise ${values.sigma ?? 'std(W)'}; ${count} draws, halves ${spearman(
    sampled.map((d) => mean(d.slice(0, count / 2))),
    sampled.map((d) => mean(d.slice(count / 2))),
  ).toFixed(4)}`,
);
for (const k of [1, 3, 5])
  row(`sampled, ${k} draws`, k * secondsPerDraw, (i) =>
    sampled.map((d) =>
      mean(
        elementAt(held, i)
          .slice(0, k)
          .map((r) => d[r]!),
      ),
    ),
  );
await draws(1, false, 0);
await draws(8, false, 0);
const scales = jacobianScales(engine, batch, { noise, perToken: false });
const seconds = new Map<number, number>();
const many = (await draws(64, false, seed + 8)).squares;
const some = (k: number, i: number) =>
  Array.from({ length: k }, (_, u) => elementAt(many, (i * k + u) % many.length));
for (const k of [1, 2, 4, 8, 32]) {
  seconds.set(
    k,
    Math.min((await draws(k, false, seed)).seconds, (await draws(k, false, seed + 1)).seconds),
  );
  row(`Jacobian, ${k} passes`, defined(seconds.get(k)), (i) =>
    jacobianImportances(some(k, i), scales),
  );
}
const tokens = await draws(1, true, seed);
const perToken = jacobianImportances(
  tokens.squares,
  jacobianScales(engine, batch, { noise, perToken: true }),
);
row('Jacobian, 1 pass per token', tokens.seconds, () => perToken);
const coverage: { what: string; covered: number; halfWidth: number }[] = [];
const multiples = (map: readonly number[]) => map.map((v) => v / mean(map));
/** The fraction of modules whose multiple of the mean is inside its 95 % interval. */
const covers = (what: string, intervals: (i: number) => { low: number; high: number }[]) => {
  const all = truths.flatMap((truth, i) => {
    const t = multiples(truth);
    return intervals(i).map(({ low, high }, m) => ({
      inside: low <= t[m]! && t[m]! <= high ? 1 : 0,
      half: (high - low) / (high + low),
    }));
  });
  coverage.push({
    what,
    covered: mean(all.map((a) => a.inside)),
    halfWidth: mean(all.map((a) => a.half)),
  });
};
const overSweeps = (maps: readonly (readonly number[])[]) => {
  const each = maps.map(multiples);
  return modules.map((_, m) => defined(interval95(each.map((x) => x[m]!))));
};
covers('sampled, 5 draws', (i) =>
  overSweeps(elementAt(held, i).map((r) => sampled.map((d) => d[r]!))),
);
covers('Jacobian, 8 passes', (i) =>
  overSweeps(some(8, i).map((draw) => jacobianImportances([draw], scales))),
);
for (const [signs, k] of [
  [8, 1],
  [32, 1],
  [32, 3],
] as const) {
  const both = held.map((used, i) => {
    const own = some(signs, i).map((draw) => jacobianImportances([draw], scales));
    return combine(
      modules.map((_, m) => own.map((map) => map[m]!)),
      sampled.map((d) => used.slice(0, k).map((r) => d[r]!)),
      modules.map((m) => m.role),
    );
  });
  const what = `combined, ${signs} passes and ${k} draws`;
  row(
    `${what} (share ${mean(both.map((c) => c.weight)).toFixed(2)})`,
    defined(seconds.get(signs)) + k * secondsPerDraw,
    (i) => elementAt(both, i).importances,
  );
  covers(what, (i) =>
    multiples(elementAt(both, i).importances).map((v) => ({
      low: v * Math.exp(-1.96 * defined(elementAt(both, i).error)),
      high: v * Math.exp(1.96 * defined(elementAt(both, i).error)),
    })),
  );
}
// Upper bounds for any weighting of one draw and all passes: the weight is chosen by the reference,
// in the second case together with the offsets of the roles.
const logs = jacobianImportances(many, scales).map(Math.log);
const roles = [...new Set(modules.map((m) => m.role))];
const withOffsets = (target: readonly number[]) => {
  const offsets = new Map(
    roles.map((role) => [
      role,
      mean(modules.flatMap((m, k) => (m.role === role ? [Math.log(target[k]!) - logs[k]!] : []))),
    ]),
  );
  return logs.map((j, m) => j + defined(offsets.get(elementAt(modules, m).role)));
};
for (const [what, target] of [
  ['role offsets from the draw', (_: number, draw: number[]) => draw],
  ['role offsets from the truth', (i: number) => elementAt(truths, i)],
] as const) {
  const weights = Array.from({ length: 21 }, (_, k) => k / 20);
  const map = (w: number, i: number) => {
    const draw = sampled.map((d) => d[elementAt(held, i)[0]!]!);
    const corrected = withOffsets(target(i, draw));
    return draw.map((a, m) => w * corrected[m]! + (1 - w) * Math.log(a));
  };
  const best = weights
    .map((w) => ({ w, found: mean(truths.map((truth, i) => spearman(map(w, i), truth))) }))
    .reduce((a, b) => (b.found > a.found ? b : a));
  row(`bound: best weight ${best.w} by the truth, ${what}`, secondsPerDraw, (i) => map(best.w, i));
}
for (const c of coverage)
  console.log(
    `95 % interval of ${c.what}: covers ${(100 * c.covered).toFixed(0)} %, half width ${(100 * c.halfWidth).toFixed(1)} %`,
  );
const levels = sampled
  .map((d, m) => mean(d) / jacobianImportances(many, scales)[m]!)
  .sort((a, b) => a - b);
const level = [0.25, 0.5, 0.75].map((q) => levels[Math.floor(q * levels.length)]!);
console.log(
  `level, measured over predicted, quartiles: ${level.map((v) => v.toFixed(2)).join(', ')}`,
);

const report = {
  ...provenance(),
  model: model.open.title,
  sequences: batch.sequences,
  length: batch.length,
  threads: runtime.threads,
  provider: engine.provider,
  text: values.reference ? 'reference' : values.text,
  seed,
  truthDraws: count,
  secondsPerDraw,
  level,
  rows,
  coverage,
};
writeResult(
  `jacobian-${basename(folder)}-${batch.sequences}x${batch.length}${values.text === 'atlas-heldout' ? '' : `-${values.text}-seed${seed}`}${values.sigma ? `-${values.sigma}` : ''}${fileMark(values.provider)}`,
  report,
);
process.exit(0);
