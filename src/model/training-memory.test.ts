import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compile } from '../compiler/index.ts';
import { tinyDecoderGraph } from '../../test/tiny-decoder.ts';
import { checkPruning, checkTraining, pruningBytes, trainingBytes } from './training-memory.ts';

const model = compile(tinyDecoderGraph());
const load = { sequences: 4, length: 8, ranks: model.modules.map(() => 2) };

describe('the estimate of a training step', () => {
  test('never decreases with any size, and saved activations take more than recomputation', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 500 }),
        fc.integer({ min: 2, max: 500 }),
        fc.integer({ min: 1, max: 64 }),
        fc.boolean(),
        (sequences, length, rank, saved) => {
          const of = (s: number, t: number, r: number, k = saved) =>
            trainingBytes(model, { sequences: s, length: t, ranks: model.modules.map(() => r) }, k);
          const before = of(sequences, length, rank);
          for (const after of [
            of(sequences + 1, length, rank),
            of(sequences, length + 1, rank),
            of(sequences, length, rank + 1),
          ])
            expect(after).toBeGreaterThanOrEqual(before);
          expect(of(sequences, length, rank, true)).toBeGreaterThan(
            of(sequences, length, rank, false),
          );
        },
      ),
    );
  });

  test('reports how many fit, and refuses more', () => {
    const budget = trainingBytes(model, { ...load, sequences: 7 }, false) + 1;
    checkTraining(model, { ...load, sequences: 7 }, budget);
    for (const sequences of [8, 1000])
      expect(() => checkTraining(model, { ...load, sequences }, budget)).toThrow(
        `A training step of ${sequences} x 8 tokens needs`,
      );
    expect(() => checkTraining(model, { ...load, sequences: 8 }, budget)).toThrow(
      'Use at most 7 sequences of this length per step.',
    );
    expect(() => checkTraining(model, load, 1000)).toThrow('Use shorter sequences or lower ranks.');
  });
});

describe('the estimate of a pruning', () => {
  const prune = { ...load, samples: 32 };
  test('never decreases with any size, and covers float32 layers and their masks', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 4, max: 500 }),
        fc.integer({ min: 1, max: 100 }),
        fc.integer({ min: 2, max: 300 }),
        (samples, sequences, length) => {
          const of = (n: number, s: number, t: number) =>
            pruningBytes(model, { ...load, samples: n, sequences: s, length: t });
          const before = of(samples, sequences, length);
          for (const after of [
            of(samples + 1, sequences, length),
            of(samples, sequences + 1, length),
            of(samples, sequences, length + 1),
          ])
            expect(after).toBeGreaterThanOrEqual(before);
        },
      ),
    );
    const weights = model.modules.reduce((n, m) => n + m.inFeatures * m.outFeatures, 0);
    expect(pruningBytes(model, prune)).toBeGreaterThan(
      4.125 * weights + trainingBytes(model, load, false),
    );
  });

  test('reports how many fit, and refuses more', () => {
    const budget = pruningBytes(model, { ...prune, samples: 50 }) + 1;
    checkPruning(model, { ...prune, samples: 50 }, budget);
    for (const samples of [51, 2000])
      expect(() => checkPruning(model, { ...prune, samples }, budget)).toThrow(
        `Pruning with ${samples} samples of 8 tokens, in steps of 4, needs`,
      );
    expect(() => checkPruning(model, { ...prune, samples: 51 }, budget)).toThrow(
      'Use at most 50 samples.',
    );
    expect(() => checkPruning(model, prune, 1000)).toThrow(
      'Use a smaller model, or shorter sequences.',
    );
  });
});
