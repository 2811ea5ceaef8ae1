/**
 * LoSA's schedule, similarity, sparsities and ranks against their definitions and the reference,
 * and the rounds on a tiny decoder.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defined, elementAt } from '../../checked.ts';
import { hasShared, sharedPath } from '../../../test/shared.ts';
import { tinyDecoderGraph } from '../../../test/tiny-decoder.ts';
import { trainingBatch } from '../../../test/training-data.ts';
import { fillNormal, streamKeys } from '../../device/random.ts';
import { gram, isRetained, pruneMask } from '../../device/sparse-twins.ts';
import { createEngine, type CutEngine } from '../../engine/cut-engine.ts';
import { floatModel } from '../../engine/pieces/float-model.ts';
import { cpuBackend } from '../../engine/backends/test-backends.ts';
import { readSafetensors, toFloat32 } from '../../model/safetensors.ts';
import { heldOutLoss } from '../training.ts';
import { oneShot, plainLora, startOneShot, type PlainLoraEvent } from './baselines.ts';
import { losa, startLosa, type LosaEvent, type LosaOptions } from './losa.ts';
import { patternOf } from './pattern.ts';
import { zerosOf } from './prune-pass.ts';
import { blockRanks } from './ranks.ts';
import { sparsityOfRound, spreadOf, stepsOfRound } from './schedule.ts';
import { layerImportances, layerSimilarity, redundancies } from './similarity.ts';
import { layerSparsities } from './sparsities.ts';

const numbers = (length: number, seed: number) =>
  fillNormal(streamKeys(seed, 0, 0), new Float32Array(length));
const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

describe('the schedule', () => {
  it('is cubic, ends at the target, and uses every step once', () => {
    expect([1, 2, 3, 4, 5].map((t) => sparsityOfRound(0.5, t, 5))).toEqual(
      [0.244, 0.392, 0.468, 0.496, 0.5].map((s) => expect.closeTo(s, 12)),
    );
    expect([0.5, 0.51, 0.6, 0.61].map(spreadOf)).toEqual([0.01, 0.02, 0.02, 0.03]);
    for (const [steps, rounds] of [
      [60, 5],
      [7, 5],
      [3, 5],
      [0, 2],
    ] as const) {
      const all = Array.from({ length: rounds }, (_, i) =>
        stepsOfRound(steps, i + 1, rounds),
      ).flatMap(({ first, last }) =>
        Array.from({ length: Math.max(0, last - first + 1) }, (_, k) => first + k),
      );
      expect(all).toEqual(Array.from({ length: steps }, (_, i) => i + 1));
    }
  });
});

describe('layer similarity', () => {
  const samples = 6;
  const size = 20;
  const layers = [1, 2, 3].map((seed) => numbers(samples * size, seed));
  it('is symmetric, one on its diagonal, and unchanged by rotation, scale and shift', () => {
    const matrix = layerSimilarity(layers.map((x) => gram(x, samples)));
    matrix.forEach((row, i) =>
      row.forEach((v, j) => {
        expect(v).toBe(elementAt(matrix, j)[i]);
        expect(i === j ? v === 1 : v > 0 && v < 1).toBe(true);
      }),
    );
    // A rotation in the plane of the first two numbers, another scale, and a constant added to
    // every sample.
    const turned = elementAt(layers, 0).map((_, at) => {
      const row = Math.floor(at / size) * size;
      const k = at % size;
      const [a, b] = [elementAt(layers, 0)[row]!, elementAt(layers, 0)[row + 1]!];
      return (
        3 *
          (k === 0 ? 0.6 * a - 0.8 * b : k === 1 ? 0.8 * a + 0.6 * b : elementAt(layers, 0)[at]!) +
        5 * k
      );
    });
    const again = layerSimilarity(
      [turned, elementAt(layers, 1), elementAt(layers, 2)].map((x) => gram(x, samples)),
    );
    matrix.forEach((row, i) =>
      row.forEach((v, j) => expect(elementAt(again, i)[j]).toBeCloseTo(v, 5)),
    );
    expect(sum(redundancies(matrix))).toBeCloseTo(1, 12);
  });

  it('requires three different sequences', () => {
    expect(() => layerSimilarity([gram(numbers(8, 1), 2), gram(numbers(8, 2), 2)])).toThrow(
      expect.objectContaining({ code: 'bad-text' }),
    );
    expect(() => layerSimilarity([gram(new Float32Array(12).fill(1), 3)])).toThrow(
      expect.objectContaining({ code: 'bad-text' }),
    );
  });
});

describe('layer sparsities', () => {
  /** Every vertex of the linear programme: all layers but one at a bound. */
  function bruteForce(importances: readonly number[], target: number, spread: number): number {
    const n = importances.length;
    const [low, high] = [Math.max(0, target - spread), Math.min(1, target + spread)];
    let best = Infinity;
    for (let bits = 0; bits < 2 ** n; bits++) {
      for (let free = 0; free < n; free++) {
        const s = importances.map((_, i) => ((bits >> i) & 1 ? high : low));
        s[free] = n * target - (sum(s) - s[free]!);
        if (s[free]! >= low - 1e-12 && s[free]! <= high + 1e-12)
          best = Math.min(best, sum(s.map((v, i) => v * importances[i]!)));
      }
    }
    return best;
  }

  it.each([
    [5, 0.5, 0.01],
    [6, 0.244, 0.01],
    [4, 0.7, 0.03],
    [1, 0.5, 0.01],
    [5, 0.005, 0.01],
  ])('are optimal for %i layers at %f ± %f', (n, target, spread) => {
    for (let seed = 0; seed < 20; seed++) {
      const importances = [...numbers(n, seed)].map(Math.abs);
      const s = layerSparsities(importances, target, spread);
      expect(sum(s) / n).toBeCloseTo(target, 12);
      for (const v of s) expect(v >= 0 && Math.abs(v - target) <= spread + 1e-12).toBe(true);
      expect(sum(s.map((v, i) => v * importances[i]!))).toBeCloseTo(
        bruteForce(importances, target, spread),
        10,
      );
    }
  });

  it('refuse a target that leaves no weights', () => {
    for (const target of [1, -0.1, NaN])
      expect(() => layerSparsities([1, 2], target, 0.01)).toThrow(
        expect.objectContaining({ code: 'bad-spec' }),
      );
  });
});

describe('block ranks', () => {
  it('spend the budget exactly within their limits', () => {
    for (let seed = 0; seed < 50; seed++) {
      const weights = [...numbers(2 + (seed % 9), seed)].map((v) => Math.abs(v) ** 3 + 1e-6);
      const mean = 1 + (seed % 8);
      const ranks = blockRanks(weights, mean, 8);
      expect(sum(ranks)).toBe(mean * weights.length);
      expect(Math.min(...ranks)).toBeGreaterThanOrEqual(1);
      expect(Math.max(...ranks)).toBeLessThanOrEqual(8);
    }
    expect(() => blockRanks([1, 2], 9, 8)).toThrow(expect.objectContaining({ code: 'bad-spec' }));
    expect(() => blockRanks([0, 0], 2, 8)).toThrow(
      expect.objectContaining({ code: 'no-importance' }),
    );
    expect(() => blockRanks([NaN, 1], 2, 8)).toThrow(
      expect.objectContaining({ code: 'no-importance' }),
    );
  });
});

it('2:4 retains as many of four as the target allows, and two at the end', () => {
  expect([0, 0.24, 0.392, 0.496, 0.5].map((s) => patternOf({ keep: 2, of: 4 }, s, 64))).toEqual(
    [4, 4, 3, 3, 2].map((keep) => ({ kind: 'group', keep, of: 4 })),
  );
  expect(patternOf({ keep: 2, of: 4 }, 0.9, 64)).toEqual({ kind: 'group', keep: 2, of: 4 });
  expect(patternOf({ keep: 0, of: 0 }, 0.5, 576)).toEqual({ kind: 'row', drop: 288 });
});

describe.skipIf(!hasShared)('the SmolLM2 reference is reproduced', () => {
  const reference = hasShared
    ? JSON.parse(readFileSync(sharedPath('reference', 'smollm2', 'rmi.json'), 'utf8'))
    : null;
  const tensors = hasShared
    ? readSafetensors(
        readFileSync(sharedPath('reference', 'smollm2', 'rmi.safetensors')),
        'rmi.safetensors',
      )
    : null;
  const floats = (name: string) => toFloat32(defined(defined(tensors).tensors.get(name)));

  it('in similarity, redundancy and importance', () => {
    const grams = floats('gram_centred');
    const want = floats('cka');
    const matrix = layerSimilarity(
      Array.from({ length: 30 }, (_, i) => grams.subarray(i * 64, (i + 1) * 64)),
    );
    matrix.flat().forEach((v, i) => expect(Math.abs(v - want[i]!)).toBeLessThan(1e-5));
    const c = redundancies(matrix);
    c.forEach((v, i) => expect(Math.abs(v / reference.c[i] - 1)).toBeLessThan(1e-5));
    layerImportances(c, 1).forEach((v, i) => expect(v).toBeCloseTo(reference.importance[i], 6));
  });

  it('in sparsities and ranks', () => {
    layerSparsities(layerImportances(reference.c, 1), 0.5, 0.01).forEach((v, i) =>
      expect(v).toBeCloseTo(reference.sparsities[i], 12),
    );
    const { errors, ranks, ranks_r_max_8 } = reference['uniform_0.5'];
    expect(blockRanks(errors, 6, 16)).toEqual(ranks);
    expect(blockRanks(errors, 6, 8)).toEqual(ranks_r_max_8);
    expect(blockRanks(reference.layer_sparsities.errors, 6, 16)).toEqual(
      reference.layer_sparsities.ranks,
    );
  });
});

describe('a run on a tiny decoder', { timeout: 60_000 }, () => {
  const backend = cpuBackend();
  const calibration = trainingBatch(4);
  const train = trainingBatch(8);
  const held = trainingBatch(3, 7);
  const options: LosaOptions = {
    seed: 1,
    rounds: 3,
    sparsity: 0.5,
    beta: 1,
    score: 'wanda',
    structure: { keep: 0, of: 0 },
    meanRank: 2,
    mostRank: 8,
    rankBy: 'error',
    scale: 2,
    training: {
      seed: 1,
      steps: 9,
      batch: 2,
      schedule: { peak: 0.02, warmup: 0, decay: 'constant' },
      adamW: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 },
      maxNorm: 1,
      evaluateEvery: 0,
    },
  };
  let engine: CutEngine;
  beforeAll(async () => {
    engine = createEngine({
      model: await floatModel(tinyDecoderGraph({ weights: 'q4' })),
      backend: await backend,
      memoryBudgetBytes: 500e6,
    });
  });
  afterAll(() => engine.dispose());

  async function ran(changed: Partial<LosaOptions> = {}) {
    const how = { ...options, ...changed };
    const model = await startLosa(engine, how);
    const dense = await engine.cleanPass(calibration);
    const events: LosaEvent[] = [];
    for await (const event of losa({
      engine,
      model,
      dense,
      data: { calibration, train, held },
      options: how,
      now: () => 0,
    }))
      events.push(event);
    dense.dispose();
    return { model, events };
  }
  const of = <T extends LosaEvent['type']>(events: LosaEvent[], type: T) =>
    events.filter((e) => e.type === type) as Extract<LosaEvent, { type: T }>[];

  it('prunes to the target, repairs the loss, and merges without losing a zero', async () => {
    const { model, events } = await ran();
    const { use } = model;
    expect(of(events, 'similarity').map((e) => e.target)).toEqual(
      [1, 2, 3].map((t) => sparsityOfRound(0.5, t, 3)),
    );
    expect(of(events, 'step').map((e) => [e.round, e.step])).toEqual(
      [1, 2, 3, 4, 5, 6, 7, 8, 9].map((s) => [Math.ceil(s / 3), s]),
    );
    of(events, 'ranks').forEach(({ ranks, meanRank }) =>
      expect(sum(ranks)).toBe(meanRank * engine.layers),
    );
    for (const round of [1, 2, 3])
      expect(elementAt(of(events, 'repaired'), round - 1).loss).toBeLessThan(
        elementAt(of(events, 'pruned'), round - 1).loss,
      );
    // Three held-out sequences are two batches with one yield in between, twice per round.
    expect(of(events, 'judging')).toHaveLength(6);
    // 32 and 64 columns: a whole number of weights per row, so slightly below the target.
    const zeros = zerosOf(use.masks, engine.modules);
    expect(zeros).toBeGreaterThan(0.47);
    expect(zeros).toBeLessThanOrEqual(0.5 + 0.01);
    const before = await heldOutLoss(engine, held, 2, use);
    expect(elementAt(of(events, 'repaired'), -1).loss).toBeCloseTo(before, 6);
    for (const { index } of engine.modules) {
      const weight = await engine.mergedWeight(index, use);
      const own = engine.materialiseWeight(index);
      const mask = defined(use.masks.bits(index));
      expect(weight.findIndex((v, i) => !isRetained(mask, i) && v !== 0)).toBe(-1);
      expect(weight.some((v, i) => isRetained(mask, i) && v !== own[i])).toBe(true);
      await engine.setWeight(index, weight);
    }
    expect(await heldOutLoss(engine, held, 2)).toBeCloseTo(before, 5);
    for (const { index } of engine.modules) await engine.setWeight(index, null);
    model.dispose();
  });

  it('never restores a pruned weight in a later round', async () => {
    const model = await startLosa(engine, options);
    const dense = await engine.cleanPass(calibration);
    const seen = new Map<number, Uint32Array>();
    for await (const event of losa({
      engine,
      model,
      dense,
      data: { calibration, train, held },
      options,
      now: () => 0,
    })) {
      if (event.type !== 'pruned') continue;
      for (const { index } of engine.modules) {
        const now = defined(model.use.masks.bits(index));
        const before = seen.get(index);
        expect(before?.findIndex((word, i) => (now[i]! & ~word) !== 0) ?? -1).toBe(-1);
        seen.set(index, now);
      }
    }
    dense.dispose();
    model.dispose();
  });

  it('retains, with 2:4, at most two of every four neighbours, with ranks by RMI', async () => {
    const { model, events } = await ran({
      structure: { keep: 2, of: 4 },
      rankBy: 'rmi',
      score: 'magnitude',
      rounds: 2,
    });
    expect(zerosOf(model.use.masks, engine.modules)).toBe(0.5);
    for (const { index, inFeatures, outFeatures } of engine.modules) {
      const mask = defined(model.use.masks.bits(index));
      for (let i = 0; i < inFeatures * outFeatures; i += 4)
        if ([0, 1, 2, 3].filter((k) => isRetained(mask, i + k)).length !== 2)
          throw new Error(`group at ${i}`);
    }
    expect(of(events, 'ranks')).toHaveLength(2);
    model.dispose();
  });

  it('has baselines: one-shot Wanda masks the first layer as Wanda does, and merging plain LoRA fills zeros', async () => {
    const plain = await startOneShot(engine);
    const dense = await engine.cleanPass(calibration);
    const data = { calibration, train, held };
    const blocks = [];
    const events: PlainLoraEvent[] = [];
    for await (const block of oneShot(engine, plain, {
      dense,
      data,
      options: { ...options, score: 'magnitude' },
    }))
      blocks.push(block);
    expect(blocks.map((b) => b.zeros)).toEqual([0.5, 0.5]);
    const { outFeatures: outputs, inFeatures: inputs } = elementAt(engine.modules, 3);
    expect(plain.use.masks.bits(3)).toEqual(
      pruneMask(
        engine.materialiseWeight(3),
        null,
        { outputs, inputs },
        { kind: 'row', drop: inputs / 2 },
      ),
    );
    const pruned = await heldOutLoss(engine, held, 2, plain.use);
    for await (const event of plainLora(engine, plain.use.masks, {
      data,
      rank: 3,
      options,
      now: () => 0,
    }))
      events.push(event);
    const last = elementAt(events, -1);
    if (last.type !== 'lora') throw new Error('it ends with its losses');
    expect(events.map((e) => e.type)).toEqual([
      ...new Array<string>(options.training.steps).fill('step'),
      'judging',
      'judging',
      'judging',
      'lora',
    ]);
    expect(last.merged).toBeLessThan(pruned);
    expect(last.zeros).toBeLessThan(0.01);
    // The engine's own weights are restored.
    expect(await heldOutLoss(engine, held, 2, plain.use)).toBeCloseTo(pruned, 6);
    dense.dispose();
    plain.dispose();
  });
});
