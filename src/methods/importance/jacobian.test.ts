/**
 * The probe's events and formulas on a synthetic engine, its level on a tiny model where first
 * order holds, its map on the bundled model.
 */
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { elementAt } from '../../checked.ts';
import { tinyDecoderGraph } from '../../../test/tiny-decoder.ts';
import { compile } from '../../compiler/index.ts';
import { createEngine, type CutEngine } from '../../engine/cut-engine.ts';
import type { CleanPass, GradientEngine, SignDraw } from '../../engine/engine.ts';
import { cpuBackend } from '../../engine/backends/test-backends.ts';
import { batchOf } from '../../engine/probe/test-probes.ts';
import { nodeFiles } from '../../model/node-files.ts';
import { openModel } from '../../model/repository.ts';
import { readGraph } from '../../onnx/read.ts';
import { adaRank } from './adarank.run.ts';
import { combine } from './combined.ts';
import {
  jacobianImportances,
  jacobianProbe,
  jacobianScales,
  jacobianSquares,
  type JacobianDraw,
  type JacobianEngine,
  type JacobianOptions,
} from './jacobian.run.ts';
import type { Control, Known, MeasuringEvent } from './measuring.ts';
import { fisherImportances } from './fisher.ts';
import { goraImportances } from './gora.ts';
import { effectiveRank, gradientRanks } from './gradient-rank.run.ts';
import { toEnd } from '../to-end.ts';
import { singularValues } from '../singular.ts';
import { spearman } from '../statistics.ts';

const options = (over: Partial<JacobianOptions> = {}): JacobianOptions => ({
  seed: 1,
  draws: 10,
  perToken: false,
  noise: { scale: 'std' },
  ...over,
});

const layers: Control = { granularity: () => 'layer' };

/** Squares of the first draws. */
const squaresOf = (
  engine: JacobianEngine,
  pass: CleanPass,
  o: JacobianOptions,
): Promise<JacobianDraw[]> =>
  jacobianSquares(
    engine,
    pass,
    o,
    Array.from({ length: o.draws }, (_, d) => d),
  );

describe('events', () => {
  /** Two modules. A square encodes its pass. */
  const asked: SignDraw[][] = [];
  const modules = [
    { path: 'a', index: 0 },
    { path: 'b', index: 1 },
  ] as unknown as JacobianEngine['modules'];
  const engine: JacobianEngine = {
    modules,
    vocab: 5,
    weightStd: () => 1,
    jacobianNorms: async (_, passes) => {
      asked.push([...passes]);
      return Float64Array.from(
        passes.flatMap(({ draw, position = 0 }) =>
          [0, 1].flatMap((m) => [0, 1].map((s) => 1000 * draw + 100 * m + 10 * s + position)),
        ),
      );
    },
  };
  const pass = { batch: { ids: new Int32Array(6), sequences: 2, length: 3 } } as CleanPass;
  const run = async (o: JacobianOptions, known: Known = () => false, control = layers) => {
    const events: MeasuringEvent[] = [];
    for await (const event of jacobianProbe({
      engine,
      pass,
      options: o,
      control,
      known,
      now: () => 0,
    }))
      events.push(event);
    return events;
  };
  const listed = (events: MeasuringEvent[]) => events.map((e) => `${e.type} ${e.repeat}`);
  const passes = (count: number) => asked.slice(-count).map((a) => a.map((p) => p.draw));

  test('one draw, then eight at a time; none before it is asked for', async () => {
    const events = await run(options());
    const sweeps = (from: number, to: number) =>
      ['draws', 'sweep'].flatMap((type) =>
        Array.from({ length: to - from }, (_, i) => `${type} ${from + i}`),
      );
    expect(listed(events)).toEqual([
      'probing 0',
      ...sweeps(0, 1),
      'probing 1',
      ...sweeps(1, 9),
      'probing 9',
      ...sweeps(9, 10),
    ]);
    expect(events[0]).toMatchObject({ layer: null, modules: [0, 1] });
    const calls = asked.length;
    const lazy = jacobianProbe({
      engine,
      pass,
      options: options(),
      control: layers,
      known: () => false,
      now: () => 0,
    });
    await lazy.next();
    expect(asked).toHaveLength(calls);
  });

  test('a value is one draw’s importance', async () => {
    const o = options({ draws: 3 });
    const events = await run(o);
    const scales = jacobianScales(engine, pass.batch, o);
    for (const e of events)
      if (e.type === 'draws')
        expect(e.values).toEqual(
          jacobianImportances(await jacobianSquares(engine, pass, o, [e.repeat]), scales),
        );
  });

  test('what is known is left out, in part too; nothing goes together across it, or in steps', async () => {
    const events = await run(options({ draws: 6 }), (m, d) => d === 2 || (d === 4 && m === 0));
    expect(listed(events).filter((t) => t.startsWith('sweep'))).toEqual(
      [0, 1, 2, 3, 4, 5].map((d) => `sweep ${d}`),
    );
    expect(passes(5)).toEqual([[0], [1], [3], [4], [5]]);
    expect(events.filter((e) => e.type === 'draws').map((e) => e.modules)).toEqual([
      [0, 1],
      [0, 1],
      [0, 1],
      [1],
      [0, 1],
    ]);
    await run(options({ draws: 3 }), () => false, { granularity: () => 'module' });
    expect(passes(3)).toEqual([[0], [1], [2]]);
  });

  test('per token: a pass for every position, squares by module, sequence, position', async () => {
    const squares = await squaresOf(engine, pass, options({ draws: 2, perToken: true }));
    expect(asked.at(-1)).toHaveLength(6);
    expect(squares[1]).toEqual([
      1000, 1001, 1002, 1010, 1011, 1012, 1100, 1101, 1102, 1110, 1111, 1112,
    ]);
  });

  test('a gradient that is no number is refused by name', async () => {
    const broken = { ...engine, jacobianNorms: async () => Float64Array.of(1, 1, NaN, 1) };
    await expect(squaresOf(broken, pass, options({ draws: 1 }))).rejects.toMatchObject({
      code: 'not-finite',
      values: { module: 'b' },
    });
  });
});

test('importances: mean of the roots over draws and parts', () => {
  expect(
    jacobianImportances(
      [
        [9, 16, 1, 1],
        [25, 16, 1, 1],
      ],
      [2, 1],
    ),
  ).toEqual([(2 * (3 + 4 + 5 + 4)) / 4, 1]);
});

describe('a tiny decoder', () => {
  let engine: CutEngine;
  let pass: CleanPass;
  const batch = batchOf(48, 2, 6);
  beforeAll(async () => {
    engine = createEngine({
      model: compile(tinyDecoderGraph()),
      backend: await cpuBackend(),
      memoryBudgetBytes: 500e6,
    });
    pass = await engine.cleanPass(batch);
  });
  afterAll(() => engine.dispose());

  test('its level is AdaRank’s where noise is small', { timeout: 60_000 }, async () => {
    const noise = { scale: 'fixed', sigma: 1e-3 } as const;
    const repeats = 24;
    const sums = new Array<number>(engine.modules.length).fill(0);
    for await (const e of adaRank({
      engine,
      pass,
      options: { seed: 1, variant: 'two-draws', noise, repeats, vocabularySample: 0 },
      control: { granularity: () => 'layer' },
      known: () => false,
      now: () => 0,
    })) {
      if (e.type === 'draws')
        e.modules.forEach((m, i) => {
          sums[m]! += e.values[i]! / repeats;
        });
    }
    for (const perToken of [false, true]) {
      const o = options({ draws: 16, perToken, noise });
      const squares = await squaresOf(engine, pass, o);
      const predicted = jacobianImportances(squares, jacobianScales(engine, batch, o));
      // By Cauchy–Schwarz the prediction is an upper bound, and the closer the more evenly the
      // logits move.
      predicted.forEach((d, m) => {
        expect(sums[m]! / d, elementAt(engine.modules, m).path).toBeGreaterThan(
          perToken ? 0.85 : 0.7,
        );
        expect(sums[m]! / d, elementAt(engine.modules, m).path).toBeLessThan(1.1);
      });
      expect(spearman(predicted, sums)).toBeGreaterThan(0.9);
    }
  });

  test('baselines of one backward pass: the effective rank of G formed whole, and sizes their definitions allow', async () => {
    const fisher = await fisherImportances(engine, batch);
    const gora = await goraImportances(engine, batch);
    const frobenius = await goraImportances(engine, batch, 'frobenius');
    const ranks = await toEnd(gradientRanks(engine, batch));
    // Without room for two layers it runs one per pass and gives the same numbers.
    let passes = 0;
    const counting = {
      modules: engine.modules,
      gradientTaps: (...args: Parameters<typeof engine.gradientTaps>) => {
        passes++;
        return engine.gradientTaps(...args);
      },
    } as GradientEngine;
    expect(await toEnd(gradientRanks(counting, batch, 1))).toEqual(ranks);
    expect(passes).toBe(engine.layers);
    const { squaredNorm } = await engine.gradientSums(batch);
    const whole: number[] = [];
    await engine.gradients(batch, {
      weight: (m, g) => {
        const { inFeatures, outFeatures } = elementAt(engine.modules, m);
        whole[m] = effectiveRank(
          singularValues(
            Array.from({ length: inFeatures }, (_, k) =>
              Float64Array.from({ length: outFeatures }, (_, o) => g[o * inFeatures + k]!),
            ),
          ),
        );
      },
    });
    engine.modules.forEach(({ inFeatures, outFeatures }, m) => {
      const entries = inFeatures * outFeatures;
      const tokens = batch.ids.length;
      // ‖Σ_t g_t‖² ≤ T Σ_t ‖g_t‖², and the mean is at most the root mean square.
      expect(squaredNorm[m]!).toBeLessThanOrEqual(tokens * tokens * entries * fisher[m]! * 1.0001);
      expect(gora[m]! * Math.sqrt(entries)).toBeLessThanOrEqual(frobenius[m]! * 1.0001);
      // The full G in float32 has rounding errors in all directions; the factors have none.
      expect(Math.abs(ranks[m]! / whole[m]! - 1)).toBeLessThan(1e-4);
      expect(ranks[m]).toBeGreaterThan(1);
      expect(ranks[m]).toBeLessThanOrEqual(Math.min(tokens, inFeatures, outFeatures));
    });
  });
});

test(
  'the bundled model: a handful of passes has the map of many draws, combined with one draw a better one',
  { timeout: 120_000 },
  async () => {
    const open = await openModel(
      await nodeFiles(resolve(import.meta.dirname, '../../../public/models/atlas-3m')),
    );
    const model = compile(
      await readGraph(open.graph, {
        file: open.graphFile,
        external: (name) => open.external.get(name),
      }),
    );
    const engine = createEngine({ model, backend: await cpuBackend(), memoryBudgetBytes: 1e9 });
    const batch = batchOf(model.vocab, 2, 8);
    const pass = await engine.cleanPass(batch);
    const sampled: number[][] = model.modules.map(() => []);
    for await (const e of adaRank({
      engine,
      pass,
      options: {
        seed: 1,
        variant: 'two-draws',
        noise: { scale: 'std' },
        repeats: 4,
        vocabularySample: 0,
      },
      control: { granularity: () => 'layer' },
      known: () => false,
      now: () => 0,
    })) {
      if (e.type === 'draws') e.modules.forEach((m, i) => elementAt(sampled, m).push(e.values[i]!));
    }
    const o = options({ draws: 8 });
    const squares = await squaresOf(engine, pass, o);
    const scales = jacobianScales(engine, batch, o);
    const predicted = jacobianImportances(squares, scales);
    const truth = sampled.map((d) => d.slice(1).reduce((a, b) => a + b, 0) / 3);
    expect(spearman(jacobianImportances(squares.slice(0, 4), scales), truth)).toBeGreaterThan(0.94);
    const levels = truth.map((d, m) => d / predicted[m]!).sort((a, b) => a - b);
    expect(levels[0]).toBeGreaterThan(0.5);
    expect(levels[levels.length >> 1]).toBeLessThan(1.1);
    const { importances, weight } = combine(
      predicted.map((_, m) => squares.map((draw) => jacobianImportances([draw], scales)[m]!)),
      sampled.map((d) => d.slice(0, 1)),
      model.modules.map((m) => m.role),
    );
    expect(weight).toBeGreaterThan(0.3);
    expect(spearman(importances, truth)).toBeGreaterThan(
      spearman(
        sampled.map((d) => d[0]!),
        truth,
      ),
    );
    await engine.dispose();
  },
);
