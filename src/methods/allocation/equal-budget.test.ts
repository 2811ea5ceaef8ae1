import { expect, test } from 'vitest';
import { randomImportance, uniformImportance } from './baselines.ts';
import { equalBudgetRanks, inverseImportance, parametersOf } from './equal-budget.ts';

/** Seven modules per layer, as in the bundled model. */
const layer = [
  [192, 192],
  [192, 64],
  [192, 64],
  [192, 192],
  [192, 512],
  [192, 512],
  [512, 192],
] as const;
const shapes = Array.from({ length: 8 }, () =>
  layer.map(([inFeatures, outFeatures]) => ({ inFeatures, outFeatures })),
).flat();
const whole = shapes.reduce((sum, s) => sum + s.inFeatures + s.outFeatures, 0);

test.each([1, 2, 4, 8])(
  'at mean rank %i every allocation spends the same parameters to half a percent, or exactly the same ranks',
  (meanRank) => {
    expect(
      equalBudgetRanks(uniformImportance(shapes.length), shapes, { meanRank, equal: 'parameters' }),
    ).toEqual(shapes.map(() => meanRank));
    for (let seed = 1; seed <= 20; seed++) {
      for (const d of [
        randomImportance(shapes.length, seed),
        inverseImportance(randomImportance(shapes.length, seed)),
      ]) {
        const parameters = parametersOf(
          equalBudgetRanks(d, shapes, { meanRank, equal: 'parameters' }),
          shapes,
        );
        expect(Math.abs(parameters / (meanRank * whole) - 1)).toBeLessThan(0.005);
        const ranks = equalBudgetRanks(d, shapes, { meanRank, equal: 'ranks' });
        expect(ranks.reduce((a, b) => a + b, 0)).toBe(meanRank * shapes.length);
      }
    }
  },
);

test('ranks are proportional to the importances, and at most the size of the module', () => {
  const d = shapes.map((_, i) => (i === 3 ? 1000 : 1));
  const ranks = equalBudgetRanks(d, shapes, { meanRank: 8, equal: 'parameters' });
  expect(ranks[3]).toBe(64);
  const free = equalBudgetRanks(
    shapes.map((_, i) => 1 + (i % 2)),
    shapes,
    { meanRank: 12, equal: 'parameters' },
  );
  free.forEach((rank, i) =>
    expect(Math.abs(rank - free[0]! * (1 + (i % 2)))).toBeLessThanOrEqual(2),
  );
});

test('the inverse reverses the order; importance 0 counts as the smallest positive one', () => {
  expect(inverseImportance([2, 4, 0, 1])).toEqual([0.5, 0.25, 1, 1]);
});
