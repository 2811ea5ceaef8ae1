import { expect, test } from 'vitest';
import { elementAt } from '../checked.ts';
import { defaultSpec } from '../experiment/schema.ts';
import { compareResults } from './comparison.ts';
import type { SavedResult } from './map-store.ts';

const saved = (draws: number[][]): SavedResult => ({
  key: '',
  at: 0,
  result: {
    spec: defaultSpec(),
    modules: draws.map((d, i) => ({
      path: `m${i}`,
      layer: i,
      role: 'q',
      group: 'attention',
      inFeatures: 64,
      outFeatures: 64,
      importance: 0,
      standardError: null,
      draws: d,
      rank: 0,
    })),
  } as unknown as SavedResult['result'],
});

const close = (x: number) => [x, 1.01 * x, 0.99 * x];

test('only changed ranks count, and those whose intervals do not overlap', () => {
  const a = saved([close(1), close(2), close(3), [4, 4.4, 3.6]]);
  const b = saved([close(1), close(2), close(6), [5, 5.4, 4.6]]);
  const { modules, changed, moved, spearman } = compareResults(a, b, defaultSpec().allocation);
  // Multiples: 0.4, 0.8, 1.2, 1.6 and 0.29, 0.57, 1.71, 1.43.
  expect(modules.map((m) => m.ranks)).toEqual([-1, -2, 4, -1]);
  expect(modules.map((m) => m.parts)).toEqual([true, true, true, false]);
  expect([changed, moved]).toEqual([4, 3]);
  expect(spearman).toBeCloseTo(0.8);
});

test('a rank that stays counts neither as changed nor as moved, however far its importance moved', () => {
  const a = saved([close(1), close(1), close(10)]);
  const b = saved([close(1), close(1.2), close(10)]);
  // At mean rank 1: multiples 0.25 and 0.30 both give rank 0, and 2.5 and 2.46 rank 2.
  const rule = { ...defaultSpec().allocation, meanRank: 1 };
  const { modules, changed, moved } = compareResults(a, b, rule);
  expect(elementAt(modules, 1).a.multipleInterval?.high).toBeLessThan(
    elementAt(modules, 1).b.multipleInterval?.low ?? 0,
  );
  expect([changed, moved]).toEqual([0, 0]);
});

test('with too few repeats for intervals nothing is said about them', () => {
  const result = saved([
    [1, 1],
    [2, 2],
  ]);
  expect(compareResults(result, result, defaultSpec().allocation).moved).toBeNull();
});
