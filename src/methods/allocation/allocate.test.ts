import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { elementAt } from '../../checked.ts';
import { hasShared, sharedPath } from '../../../test/shared.ts';
import { allocate, rankOfMultiple, type RankRule, type Shape } from './allocate.ts';
import { randomImportance, uniformImportance } from './baselines.ts';

const rule = (over: Partial<RankRule> = {}): RankRule => ({
  meanRank: 8,
  rounding: 'exact',
  unit: 'ranks',
  rMin: 0,
  rMax: 1024,
  ...over,
});
/** So large that no rank of these tests reaches full rank. */
const square = (n: number): Shape[] =>
  Array.from({ length: n }, () => ({ inFeatures: 4096, outFeatures: 4096 }));
const sum = (v: readonly number[]) => v.reduce((a, b) => a + b, 0);

// A double below 1e-290 has too few digits left for scaling by a power of two and back.
const importance = fc.oneof(
  fc.double({ min: 0, max: 1e6, noNaN: true }).map((d) => (d < 1e-290 ? 0 : d)),
  fc.integer({ min: 0, max: 5 }),
);
const ofSize = (min: number, max: number) =>
  fc
    .array(
      fc.record({
        d: importance,
        inFeatures: fc.integer({ min, max }),
        outFeatures: fc.integer({ min, max }),
      }),
      { minLength: 1, maxLength: 60 },
    )
    .filter((m) => m.some((x) => x.d > 1e-3));
/** At most 60 modules at mean rank 64 leave every rank below 4096, in ranks. */
const modules = ofSize(4096, 8192);
const small = ofSize(1, 64);
const clamps = fc
  .tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 30 }))
  .map(([rMin, more]) => ({ rMin, rMax: rMin + more }));
const meanRank = fc.oneof(
  fc.integer({ min: 0, max: 64 }),
  fc.double({ min: 0, max: 64, noNaN: true }),
);

describe.skipIf(!hasShared)(
  'the ranks of SmolLM2 (210 modules, mean rank 8) equal the reference',
  () => {
    const reference = hasShared
      ? JSON.parse(readFileSync(sharedPath('reference/smollm2/adarank.json'), 'utf8'))
      : null;
    const means = () => Object.values<{ mean: number }>(reference.modules).map((m) => m.mean);

    test('with floor', () => {
      const got = allocate(means(), square(210), rule({ rounding: 'floor' }));
      expect(got.ranks).toEqual(Object.values(reference.rank_floor));
      expect(got).toMatchObject({ budget: 1680, spent: reference.rank_floor_spent });
    });

    test('with the largest remainder', () => {
      const got = allocate(means(), square(210), rule());
      expect(got.ranks).toEqual(Object.values(reference.rank_largest_remainder));
      expect(got.spent).toBe(1680);
    });
  },
);

describe('on a budget of ranks', () => {
  test('floor follows the formula within the budget', () => {
    fc.assert(
      fc.property(modules, meanRank, (m, meanRank) => {
        const d = m.map((x) => x.d);
        const got = allocate(d, m, rule({ meanRank, rounding: 'floor' }));
        expect(got.spent).toBeLessThanOrEqual(got.budget);
        expect(got.spent).toBe(sum(got.ranks));
        got.ranks.forEach((r, i) =>
          expect(Math.abs(r + 0.5 - (meanRank * d.length * d[i]!) / sum(d))).toBeLessThanOrEqual(
            0.5 + 2e-9,
          ),
        );
      }),
    );
  });

  test('exact spends the whole budget if the bounds allow it, and always stays within the bounds', () => {
    fc.assert(
      fc.property(modules, meanRank, clamps, (m, meanRank, { rMin, rMax }) => {
        const n = m.length;
        const got = allocate(
          m.map((x) => x.d),
          m,
          rule({ meanRank, rMin, rMax }),
        );
        for (const r of got.ranks) expect(Number.isInteger(r) && r >= rMin && r <= rMax).toBe(true);
        expect(got.spent).toBe(Math.min(n * rMax, Math.max(n * rMin, got.budget)));
      }),
      { numRuns: 500 },
    );
  });

  test('exact differs from the bounded proportional share by at most one rank', () => {
    fc.assert(
      fc.property(modules, fc.integer({ min: 0, max: 64 }), (m, meanRank) => {
        const d = m.map((x) => x.d);
        allocate(d, m, rule({ meanRank, rMax: 100_000 })).ranks.forEach((r, i) => {
          expect(Math.abs(r - (meanRank * d.length * d[i]!) / sum(d))).toBeLessThan(1 + 1e-6);
        });
      }),
    );
  });

  test('a more important module never gets less', () => {
    fc.assert(
      fc.property(
        modules,
        meanRank,
        clamps,
        fc.constantFrom('floor' as const, 'exact' as const),
        (m, meanRank, c, rounding) => {
          const order = [...m].sort((a, b) => a.d - b.d);
          const { ranks } = allocate(
            order.map((x) => x.d),
            order,
            rule({ meanRank, rounding, ...c }),
          );
          for (let i = 1; i < ranks.length; i++)
            if (elementAt(order, i).d > elementAt(order, i - 1).d)
              expect(ranks[i]).toBeGreaterThanOrEqual(ranks[i - 1]!);
        },
      ),
    );
  });

  test('permuting the modules permutes their ranks, up to the tie rule of exact', () => {
    const shuffled = fc
      .array(fc.integer({ min: 1, max: 100_000 }), { minLength: 1, maxLength: 40 })
      .chain((d) =>
        fc.tuple(
          fc.constant(d),
          fc.shuffledSubarray(
            d.map((_, i) => i),
            { minLength: d.length },
          ),
        ),
      );
    fc.assert(
      fc.property(shuffled, meanRank, clamps, ([d, order], meanRank, c) => {
        for (const rounding of ['floor', 'exact'] as const) {
          const r = rule({ meanRank, rounding, ...c });
          const before = allocate(d, square(d.length), r);
          const after = allocate(
            order.map((i) => d[i]!),
            square(d.length),
            r,
          );
          expect(after.spent).toBe(before.spent);
          // With equal remainders the lower index gets the rank, so exact may differ by one.
          order.forEach((from, to) =>
            expect(Math.abs(after.ranks[to]! - before.ranks[from]!)).toBeLessThanOrEqual(
              rounding === 'floor' ? 0 : 1,
            ),
          );
        }
      }),
    );
  });

  test('the scale of the importances does not matter', () => {
    fc.assert(
      fc.property(
        modules,
        meanRank,
        fc.integer({ min: -30, max: 30 }),
        clamps,
        (m, meanRank, power, c) => {
          for (const rounding of ['floor', 'exact'] as const) {
            const r = rule({ meanRank, rounding, ...c });
            expect(
              allocate(
                m.map((x) => x.d * 2 ** power),
                m,
                r,
              ),
            ).toEqual(
              allocate(
                m.map((x) => x.d),
                m,
                r,
              ),
            );
          }
        },
      ),
    );
  });

  test('ties go to the lower index, and equal importances get the mean rank', () => {
    expect(allocate([1, 1, 1], square(3), rule({ meanRank: 4 / 3 })).ranks).toEqual([2, 1, 1]);
    for (const n of [3, 7, 49, 210]) {
      expect(
        allocate(new Array(n).fill(0.1), square(n), rule({ rounding: 'floor' })).ranks,
      ).toEqual(new Array(n).fill(8));
      expect(allocate(uniformImportance(n), square(n), rule({ unit: 'parameters' })).ranks).toEqual(
        new Array(n).fill(8),
      );
    }
  });

  test('ranks beyond a bound are redistributed in proportion', () => {
    // 40 ranks for 100:10:10: shares 33.3, 3.3, 3.3. With rMax 20 the other two share 20.
    expect(allocate([100, 10, 10], square(3), rule({ meanRank: 40 / 3, rMax: 20 })).ranks).toEqual([
      20, 10, 10,
    ]);
    expect(allocate([100, 1, 0], square(3), rule({ meanRank: 4, rMin: 2 })).ranks).toEqual([
      8, 2, 2,
    ]);
    // Without other candidates, modules of importance 0 share the rest evenly.
    expect(allocate([5, 0, 0], square(3), rule({ meanRank: 3, rMax: 4 })).ranks).toEqual([4, 3, 2]);
  });
});

describe('on a budget of parameters', () => {
  const cost = (m: Shape) => m.inFeatures + m.outFeatures;

  test('neither rule spends more than the budget; exact leaves less than one rank of the most expensive module', () => {
    fc.assert(
      fc.property(modules, meanRank, (m, meanRank) => {
        const d = m.map((x) => x.d);
        const budget = Math.floor(meanRank * sum(m.map(cost)) + 1e-9);
        for (const rounding of ['floor', 'exact'] as const) {
          const got = allocate(
            d,
            m,
            rule({ meanRank, rounding, unit: 'parameters', rMax: 1_000_000 }),
          );
          expect(got.budget).toBe(budget);
          expect(got.spent).toBe(sum(got.ranks.map((r, i) => r * cost(elementAt(m, i)))));
          expect(got.parameters).toBe(got.spent);
          expect(got.spent).toBeLessThanOrEqual(budget);
          if (rounding === 'exact')
            expect(budget - got.spent).toBeLessThan(Math.max(...m.map(cost)));
        }
      }),
    );
  });

  test('ranks are proportional to importance, independent of the size of the module', () => {
    const shapes = [
      { inFeatures: 100, outFeatures: 100 },
      { inFeatures: 100, outFeatures: 700 },
    ];
    // 8 · (200 + 800) = 8000 = r (200 · 3 + 800 · 1) with r = 5.71 for d = 1
    expect(allocate([3, 1], shapes, rule({ unit: 'parameters', rounding: 'floor' })).ranks).toEqual(
      [17, 5],
    );
    expect(allocate([0, 1], shapes, rule({ unit: 'parameters' })).ranks).toEqual([0, 10]);
  });
});

describe('full rank', () => {
  const full = (m: Shape) => Math.min(m.inFeatures, m.outFeatures);

  test('caps a module, and its budget goes to the others in proportion', () => {
    const shapes = [8, 100, 100].map((size) => ({ inFeatures: size, outFeatures: 100 }));
    for (const rounding of ['floor', 'exact'] as const) {
      // 60 ranks for 8:2:1. Uncapped: 43, 10, 5. Module 0 has 8; the others share 52 as 2:1.
      const got = allocate([8, 2, 1], shapes, rule({ meanRank: 20, rounding }));
      expect(got.ranks).toEqual(rounding === 'floor' ? [8, 34, 17] : [8, 35, 17]);
      expect(got.full).toBe(1);
    }
  });

  test('ranks match the reference: the λ that spends the budget, found by bisection', () => {
    fc.assert(
      fc.property(
        small.map((m) => m.map((x) => ({ ...x, d: Math.ceil(x.d) }))),
        meanRank,
        fc.constantFrom('ranks' as const, 'parameters' as const),
        (m, meanRank, unit) => {
          const costs = m.map((x) => (unit === 'ranks' ? 1 : x.inFeatures + x.outFeatures));
          const total = meanRank * sum(costs);
          const at = (lambda: number) => m.map((x) => Math.min(full(x), lambda * x.d));
          const cost = (shares: readonly number[]) => sum(shares.map((r, i) => r * costs[i]!));
          let [low, high] = [0, 1e12];
          for (let k = 0; k < 300; k++) {
            const middle = low + (high - low) / 2;
            if (cost(at(middle)) <= total) low = middle;
            else high = middle;
          }
          const shares = at(low);
          const floored = allocate(
            m.map((x) => x.d),
            m,
            rule({ meanRank, unit, rounding: 'floor' }),
          );
          floored.ranks.forEach((r, i) => {
            expect(r).toBeGreaterThanOrEqual(Math.floor(shares[i]! * (1 - 1e-7) - 1e-7));
            expect(r).toBeLessThanOrEqual(Math.floor(shares[i]! * (1 + 1e-7) + 1e-7));
          });
          expect(floored.spent).toBeLessThanOrEqual(floored.budget);
        },
      ),
    );
  });

  test('exact spends the budget in ranks as long as any module is below full rank', () => {
    fc.assert(
      fc.property(small, meanRank, (m, meanRank) => {
        const got = allocate(
          m.map((x) => x.d),
          m,
          rule({ meanRank }),
        );
        got.ranks.forEach((r, i) => expect(r).toBeLessThanOrEqual(full(elementAt(m, i))));
        expect(got.spent).toBe(Math.min(got.budget, sum(m.map(full))));
        expect(got.full).toBe(got.ranks.filter((r, i) => r === full(elementAt(m, i))).length);
      }),
    );
  });

  test('bounds above full rank are full rank', () => {
    const shapes = [2, 100].map((size) => ({ inFeatures: size, outFeatures: 100 }));
    expect(allocate([1, 1], shapes, rule({ meanRank: 10, rMin: 5 })).ranks).toEqual([2, 18]);
  });
});

describe('invalid input is refused', () => {
  test.each([
    [[1, NaN], 'module 1 has the importance NaN'],
    [[-1, 2], 'module 0 has the importance -1'],
    [[Infinity, 2], 'module 0 has the importance Infinity'],
    [[0, 0], 'no module changes the logits'],
    [[1e308, 1e308], 'the sum of the importances is too large'],
  ])('%j', (d, why) => {
    expect(() => allocate(d, square(2), rule())).toThrow(why);
    expect(() => allocate(d, square(2), rule({ rounding: 'floor' }))).toThrow(
      expect.objectContaining({ code: 'no-importance' }),
    );
  });

  test('contradictory rules', () => {
    for (const bad of [{ meanRank: NaN }, { meanRank: -1 }, { rMin: 3, rMax: 2 }, { rMin: 0.5 }]) {
      expect(() => allocate([1], square(1), rule(bad))).toThrow(
        expect.objectContaining({ code: 'bad-spec' }),
      );
    }
  });
});

test('a multiple earns the rank the floor rule gives it, in both units, also at full rank', () => {
  fc.assert(
    fc.property(
      fc.oneof(modules, small),
      fc.integer({ min: 0, max: 64 }),
      fc.constantFrom('ranks' as const, 'parameters' as const),
      (m, meanRank, unit) => {
        const d = m.map((x) => x.d);
        const mean = sum(d) / d.length;
        const multiples = d.map((x) => x / mean);
        const r = rule({ meanRank, unit, rounding: 'floor' });
        const rankOf = rankOfMultiple(multiples, m, r);
        allocate(d, m, r).ranks.forEach((rank, i) => {
          expect(rankOf(multiples[i]! * (1 - 1e-9), i)).toBeLessThanOrEqual(rank);
          expect(rankOf(multiples[i]! * (1 + 1e-9), i)).toBeGreaterThanOrEqual(rank);
        });
      },
    ),
  );
});

describe('the random baseline', () => {
  test('depends on its seed alone and spends the same budget', () => {
    const ranks = (seed: number) => allocate(randomImportance(56, seed), square(56), rule()).ranks;
    expect(ranks(1)).toEqual(ranks(1));
    expect(ranks(1)).not.toEqual(ranks(2));
    expect(sum(ranks(3))).toBe(448);
  });

  test('is a uniform point of the simplex: mean 1/n, variance (n − 1)/(n² (n + 1))', () => {
    const n = 5;
    const first: number[] = [];
    for (let seed = 0; seed < 4000; seed++) {
      const x = randomImportance(n, seed);
      first.push(x[seed % n]! / sum(x));
    }
    const mean = sum(first) / 4000;
    const variance = sum(first.map((x) => (x - mean) ** 2)) / 4000;
    expect(mean).toBeCloseTo(1 / n, 2);
    expect(variance / ((n - 1) / (n * n * (n + 1)))).toBeGreaterThan(0.93);
    expect(variance / ((n - 1) / (n * n * (n + 1)))).toBeLessThan(1.07);
  });
});
