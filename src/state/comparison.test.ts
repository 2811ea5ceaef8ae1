import { expect, test } from 'vitest';
import { defaultSpec } from '../experiment/schema.ts';
import { compareResults } from './comparison.ts';
import { en } from '../words/en.ts';
import { ja } from '../words/ja.ts';
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
      inFeatures: 4,
      outFeatures: 4,
      importance: 0,
      standardError: null,
      draws: d,
      rank: 0,
    })),
  } as unknown as SavedResult['result'],
});

const rule = defaultSpec().allocation;

test('significant changes are counted over the modules whose rank changed', () => {
  const same = (v: number) => [v, v, v];
  // Every sweep sums to 19. The intervals of the second module do not overlap, but its rank is 5 in
  // both; the ranks of the last two change within their intervals.
  const a = saved([same(4), same(2), same(3), same(6), [1, 1.6, 0.4], [3, 2.4, 3.6]]);
  const b = saved([same(4), same(2.05), same(3.5), same(5.45), [1.4, 2, 0.8], [2.6, 2, 3.2]]);
  const { modules, changed, significant } = compareResults(a, b, rule);
  expect(modules.map((m) => m.parts)).toEqual([false, true, true, true, false, false]);
  expect(modules.map((m) => m.ranks)).toEqual([0, 0, 1, -2, 1, -1]);
  expect([changed, significant]).toEqual([4, 2]);
  expect(compareResults(a, a, rule).spearman).toBeCloseTo(1, 12);
});

test('without intervals no change is called significant or insignificant', () => {
  const a = saved([[1], [3]]);
  const { changed, significant } = compareResults(a, saved([[1], [1]]), rule);
  expect([changed, significant]).toEqual([2, null]);
  expect(en.compare.finding(changed, significant, 2)).toBe(
    '2 of 2 ranks change; fewer than 3 repeats give no intervals.',
  );
  expect(en.compare.finding(5, 2, 56)).toBe('5 of 56 ranks change, 2 of them significantly.');
  expect(ja.compare.finding(5, 2, 56)).toBe(
    '56モジュールのうち5個でランクが変化（有意な変化は2個）。',
  );
  expect(en.compare.finding(0, 0, 56)).toBe('0 of 56 ranks change.');
});
