import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { defined, elementAt } from '../../checked.ts';
import { hasShared, sharedPath } from '../../../test/shared.ts';
import { fillNormal, streamKeys } from '../../device/random.ts';
import { defaultSpec } from '../../experiment/schema.ts';
import { interval95 } from '../../methods/statistics.ts';
import { findingOf, type Finding } from './finding.ts';
import { rankTable, sweepMultiples } from './rank-table.ts';
import { percentiles, RESAMPLES, resampledMaps } from './resample.ts';
import type { MeasuredModule } from './result.ts';

const roles = ['q', 'k', 'v', 'o', 'gate', 'up', 'down'];
const modules: MeasuredModule[] = Array.from({ length: 56 }, (_, i) => ({
  path: `${i}`,
  layer: Math.floor(i / 7),
  role: elementAt(roles, i % 7),
  group: i % 7 < 4 ? 'attention' : 'mlp',
  inFeatures: 1024,
  outFeatures: 1024,
}));

/** Log-normal draws around a level per module, as AdaRank's are. */
const measured = (
  level: (m: MeasuredModule) => number,
  { seed = 1, repeats = 5, spread = 0.1 } = {},
) => ({
  modules,
  draws: modules.map((m, i) =>
    Array.from(
      fillNormal(streamKeys(seed, i, 0), new Float32Array(repeats)),
      (z) => level(m) * Math.exp(spread * z),
    ),
  ),
});
const at = (meanRank: number) => ({ ...defaultSpec().allocation, meanRank });
type Of<K extends Finding['kind']> = Extract<Finding, { kind: K }>;
const found = <K extends Finding['kind']>(
  kind: K,
  level: (m: MeasuredModule) => number,
  meanRank = 8,
  over = {},
): Of<K> => {
  const finding = defined(findingOf(measured(level, over), at(meanRank)));
  expect(finding.kind).toBe(kind);
  return finding as Of<K>;
};

test('nothing is claimed before three sweeps', () => {
  const level = (m: MeasuredModule) => (m.layer > 5 ? 9 : 1);
  expect(findingOf(measured(level, { repeats: 2 }), at(8))).toBeNull();
});

describe('the shape of the ranks', () => {
  test('late: a band of layers', () => {
    const { bands, share, low, high, uniform } = found('layers', (m) => (m.layer >= 5 ? 3 : 1));
    expect(bands).toEqual([{ first: 5, last: 7 }]);
    expect(uniform).toBe(3 / 8);
    expect(share).toBeCloseTo(9 / 14, 1);
    expect(low).toBeGreaterThan(uniform);
    expect([low <= share, share <= high]).toEqual([true, true]);
  });

  test('early', () => {
    const { bands } = found('layers', (m) => (m.layer < 2 ? 3 : 1));
    expect(bands).toEqual([{ first: 0, last: 1 }]);
  });

  test('both ends', () => {
    const level = (m: MeasuredModule) => (m.layer === 0 || m.layer > 5 ? 3 : 1);
    const { bands, uniform } = found('layers', level);
    expect(bands).toEqual([
      { first: 0, last: 0 },
      { first: 6, last: 7 },
    ]);
    expect(uniform).toBe(3 / 8);
  });

  test('an end that is not above uniform is no end', () => {
    const { bands } = found('layers', (m) => (m.layer > 5 ? 3 : m.layer === 0 ? 1.01 : 1));
    expect(bands).toEqual([{ first: 6, last: 7 }]);
  });

  test('a role rather than a depth, if the role explains more', () => {
    const level = (m: MeasuredModule) => (m.role === 'down' ? 4 : 1) * (m.layer >= 4 ? 1.2 : 1);
    const { role, share, uniform } = found('role', level);
    expect(role).toBe('down');
    expect(uniform).toBe(1 / 7);
    expect(share).toBeCloseTo(4 / 10, 1);
  });

  test('one hot spot', () => {
    const { module, share } = found('hot', (m) => (m.path === '18' ? 12 : 1));
    expect(module).toMatchObject({ layer: 2, role: 'gate' });
    expect(share).toBeCloseTo(12 / 67, 1);
  });

  test('two such modules are no hot spot', () => {
    const level = (m: MeasuredModule) => (m.path === '18' || m.path === '40' ? 12 : 1);
    expect(defined(findingOf(measured(level), at(8))).kind).not.toBe('hot');
  });

  test('flat: few ranks move, and a pattern among them is not the headline', () => {
    const level = (m: MeasuredModule) => (m.layer >= 4 ? 1.1 : 1);
    const { share, high } = found('flat', level, 16, { spread: 0.01 });
    expect(share).toBeCloseTo(0.025, 1);
    expect(high).toBeLessThan(0.1);
  });
});

test('the share is that of the ranks at the budget, not of the importances', () => {
  // Levels 1.28 and 0.72 of the mean: at mean rank 1 rounding down leaves only the late ones.
  const level = (m: MeasuredModule) => (m.layer >= 4 ? 1.28 : 0.72);
  const few = found('layers', level, 1, { spread: 0.02 });
  const many = found('layers', level, 32, { spread: 0.02 });
  expect([few.share, few.low, few.high]).toEqual([1, 1, 1]);
  expect(many.share).toBeCloseTo(0.64, 2);
  for (const [finding, meanRank] of [
    [few, 1],
    [many, 32],
  ] as const) {
    const { allocation } = rankTable(measured(level, { spread: 0.02 }), at(meanRank));
    const { ranks } = defined(allocation);
    const late = ranks.slice(28).reduce((a, b) => a + b, 0);
    expect(finding.share).toBeCloseTo(late / ranks.reduce((a, b) => a + b, 0), 12);
  }
});

test('the interval contains its share, at every budget', () => {
  for (const meanRank of [0.7, 1, 2, 3.5, 8, 64])
    for (let seed = 1; seed <= 4; seed++) {
      const level = (m: MeasuredModule) => 1 + m.layer / 4;
      const finding = defined(findingOf(measured(level, { seed, repeats: 3 }), at(meanRank)));
      if (finding.kind === 'none') continue;
      expect(finding.low).toBeLessThanOrEqual(finding.share);
      expect(finding.high).toBeGreaterThanOrEqual(finding.share);
    }
});

test('without a rank there is no pattern', () => {
  expect(
    findingOf(
      measured((m) => (m.layer > 5 ? 9 : 1)),
      at(0),
    ),
  ).toEqual({ kind: 'none' });
});

test('in noise alone a pattern is found at most about as often as 95 % intervals may err', () => {
  let patterns = 0;
  let naive = 0;
  for (let seed = 0; seed < 150; seed++) {
    const m = measured(() => 1, { seed, spread: 0.5 });
    if (defined(findingOf(m, at(8))).kind !== 'none') patterns++;
    // A test of the choice on its own values would find a pattern: the best module type is always
    // high.
    const means = roles.map((r) =>
      m.draws
        .flatMap((d, i) => (elementAt(modules, i).role === r ? d : []))
        .reduce((a, b) => a + b, 0),
    );
    if (Math.max(...means) / (means.reduce((a, b) => a + b, 0) / 7) > 1.1) naive++;
  }
  expect(patterns / 150).toBeLessThan(0.08);
  expect(naive / 150).toBeGreaterThan(0.3);
});

describe('a method that estimates its own error', () => {
  const oneMap = (level: (m: MeasuredModule) => number, seed: number) => ({
    ...measured(level, { seed, repeats: 1, spread: 0.2 }),
    error: 0.2,
  });

  test('has a finding from one map', () => {
    const finding = findingOf(
      oneMap((m) => (m.layer >= 5 ? 3 : 1), 1),
      at(8),
    );
    expect(finding).toMatchObject({ kind: 'layers', bands: [{ first: 5, last: 7 }] });
    expect(findingOf({ ...oneMap(() => 1, 1), error: null }, at(8))).toBeNull();
  });

  test('finds no more in noise than a 95 % interval may err', () => {
    const kinds = Array.from(
      { length: 100 },
      (_, seed) =>
        defined(
          findingOf(
            oneMap(() => 1, seed),
            at(8),
          ),
        ).kind,
    );
    expect(kinds.filter((k) => k !== 'none').length).toBeLessThan(9);
  });
});

test('percentiles over resampled maps are the t-interval, for a sum of importances', () => {
  const { draws } = measured((m) => 1 + m.layer, { repeats: 4, spread: 0.3 });
  const late = (values: readonly number[]) => values.slice(28).reduce((a, b) => a + b, 0);
  const multiples = sweepMultiples(draws, 4);
  const exact = defined(interval95([0, 1, 2, 3].map((k) => late(multiples.map((m) => m[k]!)))));
  const maps = resampledMaps({ draws, error: null });
  expect(maps).toHaveLength(RESAMPLES);
  expect(resampledMaps({ draws, error: null })).toEqual(maps);
  const { low, high } = percentiles(maps.map(late), exact.mean);
  // The 200 draws estimate the width to about a fifth.
  expect((high - low) / (exact.high - exact.low)).toBeGreaterThan(0.75);
  expect((high - low) / (exact.high - exact.low)).toBeLessThan(1.3);
});

test('one layer, one role: none', () => {
  const one = [0, 1].map((i) => ({ ...elementAt(modules, 0), path: `${i}` }));
  const finding = findingOf(
    {
      modules: one,
      draws: [
        [1, 2, 3],
        [4, 5, 6],
      ],
    },
    at(8),
  );
  expect(finding).toEqual({ kind: 'none' });
});

describe.skipIf(!hasShared)('on the SmolLM2 reference', () => {
  test('the pattern is early, and its share depends on the budget', () => {
    const reference = JSON.parse(
      readFileSync(sharedPath('reference/smollm2/adarank.json'), 'utf8'),
    );
    const entries = Object.entries<{ values: number[] }>(reference.modules);
    const mapped = {
      modules: entries.map(([path], i) => ({
        path,
        layer: Math.floor(i / 7),
        role: elementAt(roles, i % 7),
        group: '',
        inFeatures: 576,
        outFeatures: 576,
      })),
      draws: entries.map(([, m]) => m.values),
    };
    const [few, many] = [1, 8].map((meanRank) => findingOf(mapped, at(meanRank)));
    expect(few).toMatchObject({ kind: 'layers', bands: [{ first: 0, last: 12 }] });
    expect(many).toMatchObject({ kind: 'layers', bands: [{ first: 0, last: 12 }] });
    expect((few as Of<'layers'>).share).toBeGreaterThan((many as Of<'layers'>).share + 0.1);
  });
});
