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

test('a module has changed if its intervals do not overlap, and only then', () => {
  const a = saved([
    [1, 1.01, 0.99],
    [2, 2.02, 1.98],
    [3, 2.97, 3.03],
  ]);
  const b = saved([
    [1, 1.4, 0.6],
    [2, 2.02, 1.98],
    [6, 5.97, 6.03],
  ]);
  const { modules, moved, spearman } = compareResults(a, b, defaultSpec().allocation);
  expect(modules.map((m) => m.parts)).toEqual([false, true, true]);
  expect(moved).toBe(2);
  expect(elementAt(modules, 2).ranks).toBeGreaterThan(0);
  expect(spearman).toBe(1);
});
