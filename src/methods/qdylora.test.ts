/**
 * DyLoRA: the draw of ranks, which ranks are updated, and the quality of every prefix of the
 * trained adapter.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defined, elementAt } from '../checked.ts';
import { randomAdapters, trainingBatch } from '../../test/training-data.ts';
import { tinyDecoderGraph } from '../../test/tiny-decoder.ts';
import { createEngine, type CutEngine } from '../engine/cut-engine.ts';
import type { Adapters, AdapterValues } from '../engine/engine.ts';
import { nf4Model } from '../engine/pieces/nf4-model.ts';
import { cpuBackend } from '../engine/backends/test-backends.ts';
import { initialAdapters, loraScale, type LoraScale } from './lora.ts';
import {
  atRank,
  curveRanks,
  drawnRank,
  dyLoraSteps,
  everyRank,
  kneeOf,
  largestRank,
  lossByRank,
  rankAt,
  smallestWithin,
  truncated,
  type DyLora,
  type RankLoss,
} from './qdylora.ts';
import { heldOutLoss, train, type TrainingOptions } from './training.ts';

describe('the rank of a step', () => {
  const shares = (maxRank: number, draw: DyLora['draw'], draws = 20_000) => {
    const counts = new Array<number>(maxRank).fill(0);
    for (let step = 1; step <= draws; step++) counts[drawnRank(7, step, maxRank, draw) - 1]!++;
    return counts.map((n) => n / draws);
  };
  const near = (share: number, p: number) =>
    expect(Math.abs(share - p)).toBeLessThan(4 * Math.sqrt(p / 20_000));

  it.each([[1], [8], [64]])('is uniform up to %i', (maxRank) => {
    for (const share of shares(maxRank, { kind: 'uniform' })) near(share, 1 / maxRank);
  });

  it.each([
    [1, 0.15],
    [8, 0.15],
    [64, 0.05],
    [16, 0.9],
  ])('is geometric up to %i, p = %f', (maxRank, p) => {
    const all = 1 - (1 - p) ** maxRank;
    shares(maxRank, { kind: 'geometric', p }).forEach((share, i) =>
      near(share, (p * (1 - p) ** i) / all + 1e-9),
    );
  });

  it('depends only on the seed and the step', () => {
    const draws = (seed: number) =>
      Array.from({ length: 40 }, (_, i) => drawnRank(seed, i + 1, 16, { kind: 'uniform' }));
    expect(draws(1)).toEqual(draws(1));
    expect(draws(1)).not.toEqual(draws(2));
  });

  it('is the same fraction of every module', () => {
    for (const [rank, maxRank] of [
      [16, 16],
      [5, 16],
      [1, 16],
      [0, 16],
      [63, 64],
    ] as const) {
      const used = Array.from({ length: maxRank }, (_, i) => rankAt(i + 1, rank, maxRank));
      expect(used.at(-1)).toBe(rank);
      expect(new Set(used)).toEqual(
        new Set(Array.from({ length: rank }, (_, i) => i + 1).concat(rank === 0 ? [0] : [])),
      );
      expect(used).toEqual([...used].sort((a, b) => a - b));
    }
  });

  it('counts the updates of each rank, also after resuming', () => {
    const how: DyLora = {
      seed: 3,
      mode: 'frozen',
      draw: { kind: 'uniform' },
      ranks: [4, 2, 0],
      scale: { kind: 'alpha', value: 4 },
    };
    for (const mode of ['frozen', 'full'] as const) {
      const stepOf = dyLoraSteps({} as Adapters, { ...how, mode });
      const counts = [
        [0, 0, 0, 0],
        [0, 0],
      ];
      for (let step = 1; step <= 30; step++) {
        const { use, onlyLast, updates } = stepOf(step);
        const b = drawnRank(3, step, 4, how.draw);
        expect(onlyLast).toBe(mode === 'frozen');
        counts.forEach((times, module) => {
          const used = rankAt(b, how.ranks[module]!, 4);
          expect(defined(use.rank)(module)).toBe(used);
          expect(use.scale(module)).toBe(4 / used);
          for (let row = onlyLast ? used - 1 : 0; row < used; row++)
            expect(defined(updates)(module, row)).toBe(++times[row]!);
        });
      }
      // Resume in the middle.
      const { updates } = dyLoraSteps({} as Adapters, { ...how, mode })(30);
      counts.forEach((times, module) =>
        times.forEach((n, row) => expect(defined(updates)(module, row)).toBe(n)),
      );
    }
  });
});

describe('the curve', () => {
  it('can be completed with the other ranks', () => {
    expect(everyRank(3)).toEqual([1, 2, 3]);
    expect(everyRank(12)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 9, 11]);
  });

  it('shows the smallest rank within a fraction of the best loss', () => {
    const curve = (...losses: number[]): RankLoss[] =>
      losses.map((loss, i) => ({ rank: i + 1, loss }));
    expect(smallestWithin(curve(3.2, 3.03, 3, 3.5), 0.01).rank).toBe(2);
    expect(smallestWithin(curve(3.2, 3.04, 3, 3.5), 0.01).rank).toBe(3);
    expect(smallestWithin(curve(3, 3.5), 0).rank).toBe(1);
  });

  it('evaluates every low rank and the last', () => {
    expect(curveRanks(1)).toEqual([1]);
    expect(curveRanks(10)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 10]);
    expect(curveRanks(64)).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64,
    ]);
  });

  it('has its knee at the lowest rank with 95 % of the best improvement', () => {
    const curve = (...losses: number[]): RankLoss[] =>
      losses.map((loss, i) => ({ rank: i + 1, loss }));
    expect(kneeOf(curve(3.5, 3.06, 3.04, 3), 4)).toBe(3);
    expect(kneeOf(curve(3, 3.2), 4)).toBe(1);
    expect(kneeOf(curve(4.2, 4.1, 4.3), 4)).toBe(2);
  });
});

describe('QDyLoRA on a tiny decoder in NF4', { timeout: 60_000 }, () => {
  let engine: CutEngine;
  const batch = trainingBatch();
  const scale: LoraScale = { kind: 'alpha', value: 4 };
  const learningRate = 0.01;
  const options = (steps: number): TrainingOptions => ({
    seed: 5,
    steps,
    batch: 2,
    schedule: { peak: learningRate, warmup: 0, decay: 'constant' },
    adamW: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 },
    maxNorm: null,
    evaluateEvery: 0,
  });
  /** Unequal ranks, and a module without an adapter. */
  const ranks = () => engine.modules.map((m) => [4, 2, 4, 0, 3, 1, 4][m.index % 7]!);
  const how = (mode: DyLora['mode']): DyLora => ({
    seed: 5,
    mode,
    draw: { kind: 'uniform' },
    ranks: ranks(),
    scale,
  });

  async function trained(
    adapters: Adapters,
    mode: DyLora['mode'],
    to: number,
    done = 0,
  ): Promise<Adapters> {
    const plan = how(mode);
    for await (const event of train({
      engine,
      use: atRank(adapters, plan, 4),
      data: { train: batch, held: batch },
      options: options(to),
      now: () => 0,
      done,
      stepOf: dyLoraSteps(adapters, plan),
    }))
      void event;
    return adapters;
  }
  const fresh = () => engine.adapters(initialAdapters(5, engine.modules, ranks()));

  beforeAll(async () => {
    engine = createEngine({
      model: await nf4Model(tinyDecoderGraph()),
      backend: await cpuBackend(),
      memoryBudgetBytes: 500e6,
    });
  });
  afterAll(() => engine.dispose());

  it('updates only the drawn rank in frozen mode, with the first AdamW step at its first draw', async () => {
    const start = randomAdapters(engine.modules, 4).map((v) => ({
      ...v,
      loraB: v.loraB.map((x) => x + 0.01),
    }));
    const plan: DyLora = { ...how('frozen'), seed: 2, ranks: engine.modules.map(() => 4) };
    const adapters = await engine.adapters(start);
    const steps = 3;
    const drawn = [1, 2, 3].map((step) => drawnRank(plan.seed, step, 4, plan.draw));
    const stepOf = dyLoraSteps(adapters, plan);
    for (let step = 1; step <= steps; step++) {
      const { use, onlyLast, updates } = stepOf(step);
      await engine.trainStep(
        batch,
        use,
        { step, learningRate, ...options(steps).adamW, maxNorm: null },
        { onlyLast, updates },
      );
    }
    const once = drawn.filter((b) => drawn.indexOf(b) === drawn.lastIndexOf(b));
    expect(once.length).toBeGreaterThan(0);
    for (const [i, { loraA, rank }] of (await adapters.values()).entries()) {
      const width = loraA.length / rank;
      const before = elementAt(start, i).loraA;
      for (let row = 0; row < rank; row++) {
        const moves = Array.from({ length: width }, (_, k) =>
          Math.abs(loraA[row * width + k]! - before[row * width + k]!),
        ).sort((a, b) => a - b);
        if (!drawn.includes(row + 1)) expect(moves.at(-1)).toBe(0);
        // The first step of Adam has the size of the learning rate, whatever the gradient.
        else if (once.includes(row + 1))
          expect(moves[width >> 1]! / learningRate).toBeCloseTo(1, 2);
      }
    }
    adapters.dispose();
  });

  it.each(['frozen', 'full'] as const)('resumes with identical results: %s', async (mode) => {
    const whole = await trained(await fresh(), mode, 6);
    const half = await trained(await fresh(), mode, 3);
    const again = await trained(
      await engine.adapters(await half.values(), await half.moments()),
      mode,
      6,
      3,
    );
    expect(await again.values()).toEqual(await whole.values());
    for (const a of [whole, half, again]) a.dispose();
  });

  it.each(['frozen', 'full'] as const)(
    'equals plain LoRA if there is one rank to draw: %s',
    async (mode) => {
      const one = engine.modules.map(() => 1);
      const fresh = () => engine.adapters(initialAdapters(5, engine.modules, one));
      const steps: number[][] = [];
      for (const dyLora of [true, false]) {
        const adapters = await fresh();
        const use = { adapters, scale: () => 4 };
        const stepOf = dyLora ? dyLoraSteps(adapters, { ...how(mode), ranks: one }) : undefined;
        const reported: number[] = [];
        for await (const event of train({
          engine,
          use,
          data: { train: batch, held: batch },
          options: options(4),
          now: () => 0,
          done: 0,
          stepOf,
        }))
          if (event.type === 'step') reported.push(event.loss, event.gradNorm);
        steps.push(reported);
        adapters.dispose();
      }
      // The single row of the frozen mode comes from another kernel, so rounding differs.
      elementAt(steps, 0).forEach((v, i) =>
        expect(Math.abs(v / elementAt(steps, 1)[i]! - 1)).toBeLessThan(1e-5),
      );
      expect(elementAt(steps, 0).at(-2)).not.toBeCloseTo(elementAt(steps, 0)[0]!, 1);
    },
  );

  it('equals, at every rank, an adapter of that rank alone', async () => {
    const adapters = await trained(await fresh(), 'full', 4);
    const values = await adapters.values();
    const plan = how('full');
    const maxRank = largestRank(plan.ranks);
    const curve: RankLoss[] = [];
    for await (const event of lossByRank({
      engine,
      adapters,
      how: plan,
      held: batch,
      size: 2,
      ranks: curveRanks(maxRank),
    }))
      if (event.type === 'rank') curve.push(event);
    expect(curve.map((p) => p.rank)).toEqual([1, 2, 3, 4]);
    for (const { rank: b, loss } of curve) {
      const cut: AdapterValues[] = truncated(values, (m) => rankAt(b, plan.ranks[m]!, maxRank));
      const own = await engine.adapters(cut);
      const rankOf = new Map(cut.map((v) => [v.module, v.rank]));
      expect(
        await heldOutLoss(engine, batch, 2, {
          adapters: own,
          scale: (m) => loraScale(defined(rankOf.get(m)), scale),
        }),
      ).toBeCloseTo(loss, 6);
      own.dispose();
    }
    adapters.dispose();
  });

  it('lowers the loss at every rank', async () => {
    const adapters = await fresh();
    const base = await heldOutLoss(engine, batch, 2);
    await trained(adapters, 'full', 12);
    for await (const event of lossByRank({
      engine,
      adapters,
      how: how('full'),
      held: batch,
      size: 2,
      ranks: [1, 2, 3, 4],
    }))
      if (event.type === 'rank') expect(event.loss).toBeLessThan(base);
    adapters.dispose();
  });
});
