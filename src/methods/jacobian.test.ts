/** The probe's events and formulas on arithmetic, its level on a tiny model where first order holds, its map on the bundled model. */
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tinyDecoderGraph } from '../../test/tiny-decoder.ts';
import { compile } from '../compiler/index.ts';
import { createEngine, type CutEngine } from '../engine/cut-engine.ts';
import type { CleanPass, GradientEngine, SignDraw } from '../engine/engine.ts';
import { wasmBackend } from '../engine/test-backends.ts';
import { batchOf } from '../engine/test-probes.ts';
import { nodeFiles } from '../model/node-files.ts';
import { openModel } from '../model/repository.ts';
import { readGraph } from '../onnx/read.ts';
import { adaRank } from './adarank.ts';
import { combine } from './combined.ts';
import { jacobianErrors, jacobianImportances, jacobianIntervals, jacobianProbe, jacobianScales, type JacobianDraw, type JacobianEvent, type JacobianOptions } from './jacobian.ts';
import { fisherImportances } from './fisher.ts';
import { goraImportances } from './gora.ts';
import { effectiveRank, gradientRanks } from './gradient-rank.ts';
import { singularValues } from './singular.ts';
import { spearman } from './statistics.ts';

const options = (over: Partial<JacobianOptions> = {}): JacobianOptions => ({ seed: 1, draws: 10, perToken: false, noise: { scale: 'std' }, ...over });

async function draws(engine: GradientEngine, pass: CleanPass, o: JacobianOptions, known: (draw: number) => boolean = () => false): Promise<{ events: JacobianEvent[]; squares: JacobianDraw[] }> {
  const events: JacobianEvent[] = [];
  for await (const event of jacobianProbe(engine, pass, o, known, () => 0)) events.push(event);
  return { events, squares: events.flatMap((e) => (e.type === 'passed' ? e.squares : [])) };
}

describe('events', () => {
  /** Two modules; a square says which pass it is of. */
  const asked: SignDraw[][] = [], modules = [{ path: 'a' }, { path: 'b' }] as unknown as GradientEngine['modules'];
  const engine = { modules, jacobianNorms: async (_, passes) => {
    asked.push([...passes]);
    return Float64Array.from(passes.flatMap(({ draw, position = 0 }) => [0, 1].flatMap((m) => [0, 1].map((s) => 1000 * draw + 100 * m + 10 * s + position))));
  } } as Partial<GradientEngine> as GradientEngine;
  const pass = { batch: { ids: new Int32Array(6), sequences: 2, length: 3 } } as CleanPass;

  test('eight draws at a time, none that is known, none before it is asked for', async () => {
    const { events, squares } = await draws(engine, pass, options(), (d) => d === 1);
    expect(events.map((e) => [e.type, ...e.draws])).toEqual([['passing', 0, 2, 3, 4, 5, 6, 7, 8], ['passed', 0, 2, 3, 4, 5, 6, 7, 8], ['passing', 9], ['passed', 9]]);
    expect(squares[1]).toEqual([2000, 2010, 2100, 2110]);
    const calls = asked.length, lazy = jacobianProbe(engine, pass, options(), () => false, () => 0);
    await lazy.next();
    expect(asked).toHaveLength(calls);
  });

  test('per token: a pass for every position, squares by module, sequence, position', async () => {
    const { squares } = await draws(engine, pass, options({ draws: 2, perToken: true }));
    expect(asked.at(-1)).toHaveLength(6);
    expect(squares[1]).toEqual([1000, 1001, 1002, 1010, 1011, 1012, 1100, 1101, 1102, 1110, 1111, 1112]);
  });

  test('a gradient that is no number is refused by name', async () => {
    const broken = { ...engine, jacobianNorms: async () => Float64Array.of(1, 1, NaN, 1) };
    await expect(draws(broken, pass, options({ draws: 1 }))).rejects.toMatchObject({ code: 'not-finite', values: { module: 'b' } });
  });
});

test('importances: root of the mean over u, mean over parts; the jackknife over u', () => {
  const two = [[9, 16, 1, 1], [25, 16, 1, 1]];
  expect(jacobianImportances(two, [2, 1])).toEqual([2 * (Math.sqrt(17) + 4) / 2, 1]);
  expect(jacobianErrors(two.slice(0, 1), [2, 1])).toBeNull();
  // Left out one of two: the other alone, 7 and 9; half their difference.
  expect(jacobianErrors(two, [2, 1])![0]).toBeCloseTo(1, 12);
  expect(jacobianErrors(two, [2, 1])![1]).toBe(0);
  const [first] = jacobianIntervals(two, [2, 1])!;
  expect(first!.high - first!.mean).toBeCloseTo(12.706, 3);
  expect(first!.low).toBe(0);
});

describe('a tiny decoder', () => {
  let engine: CutEngine, pass: CleanPass;
  const batch = batchOf(48, 2, 6);
  beforeAll(async () => {
    engine = createEngine({ model: compile(tinyDecoderGraph()), backend: await wasmBackend(), memoryBudgetBytes: 500e6 });
    pass = await engine.cleanPass(batch);
  });
  afterAll(() => engine.dispose());

  test('its level is AdaRank’s where noise is small', { timeout: 60_000 }, async () => {
    const noise = { scale: 'fixed', sigma: 1e-3 } as const, repeats = 24;
    const sums = new Array<number>(engine.modules.length).fill(0);
    for await (const e of adaRank(engine, pass, { seed: 1, variant: 'two-draws', noise, repeats, vocabularySample: 0 }, { granularity: () => 'layer' }, () => false, () => 0)) {
      if (e.type === 'draws') e.modules.forEach((m, i) => { sums[m]! += e.values[i]! / repeats; });
    }
    for (const perToken of [false, true]) {
      const o = options({ draws: 16, perToken, noise }), { squares } = await draws(engine, pass, o);
      const predicted = jacobianImportances(squares, jacobianScales(engine, batch, o));
      // By Cauchy and Schwarz no lower than the truth; the nearer the more evenly logits are moved.
      predicted.forEach((d, m) => {
        expect(sums[m]! / d, engine.modules[m]!.path).toBeGreaterThan(perToken ? 0.85 : 0.7);
        expect(sums[m]! / d, engine.modules[m]!.path).toBeLessThan(1.1);
      });
      expect(spearman(predicted, sums)).toBeGreaterThan(0.9);
    }
  });

  test('baselines of one backward pass: the effective rank of G formed whole, and sizes their definitions allow', async () => {
    const fisher = await fisherImportances(engine, batch), gora = await goraImportances(engine, batch), frobenius = await goraImportances(engine, batch, 'frobenius'), ranks = await gradientRanks(engine, batch);
    const { squaredNorm } = await engine.gradientSums(batch), whole: number[] = [];
    await engine.gradients(batch, { weight: (m, g) => {
      const { inFeatures, outFeatures } = engine.modules[m]!;
      whole[m] = effectiveRank(singularValues(Array.from({ length: inFeatures }, (_, k) => Float64Array.from({ length: outFeatures }, (_, o) => g[o * inFeatures + k]!))));
    } });
    engine.modules.forEach(({ inFeatures, outFeatures }, m) => {
      const entries = inFeatures * outFeatures, tokens = batch.ids.length;
      // ‖Σ_t g_t‖² ≤ T Σ_t ‖g_t‖², and the mean is at most the root mean square.
      expect(squaredNorm[m]!).toBeLessThanOrEqual(tokens * tokens * entries * fisher[m]! * 1.0001);
      expect(gora[m]! * Math.sqrt(entries)).toBeLessThanOrEqual(frobenius[m]! * 1.0001);
      // G formed whole in float32 has rounding in all directions, the factors none.
      expect(Math.abs(ranks[m]! / whole[m]! - 1)).toBeLessThan(1e-4);
      expect(ranks[m]).toBeGreaterThan(1);
      expect(ranks[m]).toBeLessThanOrEqual(Math.min(tokens, inFeatures, outFeatures));
    });
  });
});

test('the bundled model: a handful of passes has the map of many draws, combined with one draw a better one', { timeout: 120_000 }, async () => {
  const open = await openModel(await nodeFiles(resolve(import.meta.dirname, '../../public/models/atlas-3m')));
  const model = compile(await readGraph(open.graph, { file: open.graphFile, external: (name) => open.external.get(name) }));
  const engine = createEngine({ model, backend: await wasmBackend(), memoryBudgetBytes: 1e9 }), batch = batchOf(model.vocab, 2, 8), pass = await engine.cleanPass(batch);
  const sampled: number[][] = model.modules.map(() => []);
  for await (const e of adaRank(engine, pass, { seed: 1, variant: 'two-draws', noise: { scale: 'std' }, repeats: 4, vocabularySample: 0 }, { granularity: () => 'layer' }, () => false, () => 0)) {
    if (e.type === 'draws') e.modules.forEach((m, i) => sampled[m]!.push(e.values[i]!));
  }
  const o = options({ draws: 8 }), { squares } = await draws(engine, pass, o), predicted = jacobianImportances(squares, jacobianScales(engine, batch, o));
  const truth = sampled.map((d) => d.slice(1).reduce((a, b) => a + b, 0) / 3);
  expect(spearman(jacobianImportances(squares.slice(0, 4), jacobianScales(engine, batch, o)), truth)).toBeGreaterThan(0.94);
  const levels = truth.map((d, m) => d / predicted[m]!).sort((a, b) => a - b);
  expect(levels[0]).toBeGreaterThan(0.5);
  expect(levels[levels.length >> 1]).toBeLessThan(1.1);
  const { importances, weight } = combine(predicted, sampled.map((d) => d.slice(0, 1)), model.modules.map((m) => m.role), squares);
  expect(weight).toBeGreaterThan(0.3);
  expect(spearman(importances, truth)).toBeGreaterThan(spearman(sampled.map((d) => d[0]!), truth));
  await engine.dispose();
});
