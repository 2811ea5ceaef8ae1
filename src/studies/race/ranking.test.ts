import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defined, elementAt } from '../../checked.ts';
import { RACE_ENTRIES, type RaceEntry } from './entries.ts';
import { parameterSpread, rankingOf, sweepPoints, sweepVerdictOf, verdictOf } from './ranking.ts';
import type { RaceRun } from './state.ts';
import { parseSpec } from '../../experiment/schema.ts';

/** A race at mean rank 1 with these final losses by entry and seed. */
function raceOf(
  losses: Partial<Record<RaceEntry, number[]>>,
  over: (entry: RaceEntry) => Partial<RaceRun> = () => ({}),
) {
  const entries = Object.keys(losses) as RaceEntry[];
  const seeds = Math.max(...Object.values(losses).map((l) => l.length));
  const lanes = entries.flatMap((entry) =>
    defined(losses[entry]).map((loss, seed): RaceRun => ({
      entry,
      meanRank: 1,
      seed,
      ranks: [1, 2],
      parameters: 100,
      step: 4,
      points: [
        { step: 0, loss: 9 },
        { step: 4, loss },
      ],
      milliseconds: 10,
      stopped: null,
      finished: true,
      ...over(entry),
    })),
  );
  return { spec: parseSpec({ seed: 0, race: { entries, seeds } }), lanes };
}

describe('ranking', () => {
  it('compares with uniform, paired by seed, with an interval from three seeds on', () => {
    const [first, uniform] = rankingOf(raceOf({ adarank: [3, 4, 5.3], uniform: [3.5, 4.4, 5.9] }));
    expect(first).toMatchObject({
      seeds: 3,
      ranks: 3,
      parameters: 100,
      bytes: 400,
      milliseconds: 10,
    });
    expect(defined(first).loss).toBeCloseTo(4.1, 12);
    // −0.5, −0.4, −0.6: mean −0.5, standard error 0.1/√3, t = 4.303.
    expect(defined(first).difference).toBeCloseTo(-0.5, 12);
    expect(defined(defined(first).differenceInterval).low).toBeCloseTo(
      -0.5 - (4.3026527 * 0.1) / Math.sqrt(3),
      6,
    );
    expect(uniform).toMatchObject({ difference: null, differenceInterval: null });
    expect(rankingOf(raceOf({ adarank: [3, 4], uniform: [3.5, 4.4] }))[0]).toMatchObject({
      interval: null,
      differenceInterval: null,
    });
  });

  it('counts finished seeds only', () => {
    const race = raceOf({ adarank: [3, 4], uniform: [3.5, 4.4] });
    elementAt(race.lanes, 1).finished = false;
    expect(rankingOf(race)[0]).toMatchObject({ seeds: 1, loss: 3, difference: -0.5 });
    expect(verdictOf(race, 1)).toEqual({ kind: 'open' });
  });

  it('reports the relative difference in parameters', () => {
    const race = raceOf({ adarank: [3], uniform: [3] }, (entry) => ({
      parameters: entry === 'uniform' ? 100 : 103,
    }));
    expect(parameterSpread(rankingOf(race), 1)).toBeCloseTo(0.03, 12);
    expect(parameterSpread([], 1)).toBe(0);
  });
});

describe('the verdict', () => {
  it('names the lowest of one seed without calling it a winner', () => {
    expect(verdictOf(raceOf({ uniform: [3.2], adarank: [3.1], random: [3.3] }), 1)).toEqual({
      kind: 'few',
      lowest: 'adarank',
      next: 'uniform',
      margin: expect.closeTo(0.1, 9) as number,
    });
  });

  it('names a winner if it is significantly below every other entry, whatever the spread of the seeds', () => {
    const verdict = verdictOf(
      raceOf({ uniform: [3.2, 4.21, 5.2], adarank: [3.1, 4.1, 5.11], random: [3.3, 4.3, 5.3] }),
      1,
    );
    expect(verdict).toMatchObject({ kind: 'winner', entry: 'adarank', next: 'uniform' });
    if (verdict.kind === 'winner') expect(verdict.lead.low).toBeGreaterThan(0);
  });

  it('may name uniform', () => {
    expect(verdictOf(raceOf({ uniform: [3, 4, 5], adarank: [3.1, 4.1, 5.11] }), 1)).toMatchObject({
      kind: 'winner',
      entry: 'uniform',
    });
  });

  it('names the entries significantly below uniform if none is below all others; else none', () => {
    expect(
      verdictOf(
        raceOf({
          uniform: [3.2, 4.2, 5.2],
          adarank: [3.1, 4.09, 5.1],
          jacobian: [3.09, 4.1, 5.11],
        }),
        1,
      ),
    ).toEqual({ kind: 'better', entries: ['adarank', 'jacobian'], differing: [], likeRandom: [] });
    expect(verdictOf(raceOf({ uniform: [3.2, 4.2, 5.2], adarank: [3.1, 4.4, 5.1] }), 1)).toEqual({
      kind: 'none',
    });
    expect(verdictOf(raceOf({ random: [3.2, 4.2, 5.2], adarank: [3.1, 4.4, 5.1] }), 1)).toEqual({
      kind: 'none',
    });
  });

  it('lists the pairs that differ significantly, and the entries that are no better than random', () => {
    const losses = {
      uniform: [3.5, 4.5, 5.5],
      adarank: [3.1, 4.1, 5.1],
      jacobian: [3.2, 4.21, 5.2],
      eva: [3.15, 4.3, 5.1],
      random: [3.1, 4.7, 5.1],
    };
    expect(verdictOf(raceOf(losses), 1)).toEqual({
      kind: 'better',
      entries: ['adarank', 'eva', 'jacobian'],
      differing: [['adarank', 'jacobian']],
      likeRandom: ['adarank', 'eva', 'jacobian'],
    });
  });

  /** Losses of several entries and seeds: a seed effect, an entry effect and noise. */
  const losses = fc
    .record({
      entries: fc.subarray([...RACE_ENTRIES], { minLength: 2, maxLength: 6 }),
      seeds: fc.integer({ min: 3, max: 6 }),
    })
    .chain(({ entries, seeds }) =>
      fc
        .record({
          levels: fc.array(fc.double({ min: 0, max: 0.2, noNaN: true }), {
            minLength: entries.length,
            maxLength: entries.length,
          }),
          noise: fc.array(
            fc.array(fc.double({ min: 0, max: 0.1, noNaN: true }), {
              minLength: seeds,
              maxLength: seeds,
            }),
            { minLength: entries.length, maxLength: entries.length },
          ),
        })
        .map(
          ({ levels, noise }) =>
            Object.fromEntries(
              entries.map((entry, i) => [
                entry,
                elementAt(noise, i).map((v, seed) => 3 + seed + levels[i]! + v),
              ]),
            ) as Partial<Record<RaceEntry, number[]>>,
        ),
    );

  it('states exactly what the intervals of its pairs state', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(losses, (table) => {
        const verdict = verdictOf(raceOf(table), 1);
        const entries = Object.keys(table) as RaceEntry[];
        const below = (a: RaceEntry, b: RaceEntry) =>
          lowest(defined(table[b]).map((v, i) => v - defined(table[a])[i]!)) > 0;
        const winner = entries.find((a) => entries.every((b) => a === b || below(a, b)));
        seen.add(verdict.kind);
        expect(verdict.kind === 'winner' ? verdict.entry : undefined).toBe(winner);
        const better = entries.filter(
          (e) => e !== 'uniform' && table.uniform && below(e, 'uniform'),
        );
        if (verdict.kind === 'none') expect(better).toEqual([]);
        if (verdict.kind !== 'better') return;
        expect([...verdict.entries].sort()).toEqual(better.sort());
        for (const a of better)
          for (const b of better)
            expect(
              verdict.differing.some(([x, y]) => x === a && y === b),
              `${a} below ${b}`,
            ).toBe(a !== b && below(a, b));
        expect([...verdict.likeRandom].sort()).toEqual(
          table.random ? better.filter((e) => e !== 'random' && !below(e, 'random')) : [],
        );
      }),
      { seed: 11, numRuns: 400 },
    );
    expect([...seen].sort()).toEqual(['better', 'none', 'winner']);
  });
});

/** The lower end of the 95 % t-interval of a mean, from the definition. */
function lowest(values: readonly number[]): number {
  const t = [NaN, 12.7062, 4.30265, 3.18245, 2.77645, 2.57058][values.length - 1]!;
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return (
    mean -
    t *
      Math.sqrt(
        values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (values.length - 1) / values.length,
      )
  );
}

describe('a race over several budgets', () => {
  /** Losses by mean rank, then as in `raceOf`. */
  function sweepOf(byRank: Record<number, Partial<Record<RaceEntry, number[]>>>) {
    const races = Object.entries(byRank).map(([meanRank, losses]) => ({
      meanRank: Number(meanRank),
      ...raceOf(losses),
    }));
    const { spec } = elementAt(races, 0);
    return {
      spec: { ...spec, race: { ...spec.race, meanRanks: races.map((r) => r.meanRank).reverse() } },
      lanes: races.flatMap(({ meanRank, lanes }) => lanes.map((l) => ({ ...l, meanRank }))),
    };
  }

  it('names the budgets at which an interval to uniform excludes zero, and draws these intervals', () => {
    const sweep = sweepOf({
      // −0.5, −0.4, −0.6: within [−0.75, −0.25].
      1: { adarank: [3, 4, 5.3], uniform: [3.5, 4.4, 5.9] },
      // −0.1, +0.1, −0.05: contains zero.
      8: { adarank: [3.4, 4.5, 5.85], uniform: [3.5, 4.4, 5.9] },
    });
    const verdict = sweepVerdictOf(sweep);
    expect(verdict).toMatchObject({ kind: 'found', reference: 'uniform', intervals: 2 });
    const { budgets } = verdict as Extract<typeof verdict, { kind: 'found' }>;
    expect(budgets.map((b) => [b.meanRank, b.apart.map((x) => x.entry)])).toEqual([
      [1, ['adarank']],
      [8, []],
    ]);
    const points = sweepPoints(sweep);
    expect(points.map((p) => [p.entry, p.meanRank])).toEqual([
      ['adarank', 1],
      ['adarank', 8],
    ]);
    expect(elementAt(points, 0).interval).toEqual(
      elementAt(elementAt(budgets, 0).apart, 0).difference,
    );
    expect(defined(elementAt(points, 1).interval)).toMatchObject({
      low: expect.closeTo(-0.0167 - 0.2586, 3) as number,
      high: expect.closeTo(-0.0167 + 0.2586, 3) as number,
    });
  });

  it('has no answer with fewer than three seeds, nor before every run has finished', () => {
    const sweep = sweepOf({
      1: { adarank: [3], uniform: [3.5] },
      8: { adarank: [3.4], uniform: [3.5] },
    });
    expect(sweepVerdictOf(sweep)).toEqual({ kind: 'few', widest: { meanRank: 1, range: 0.5 } });
    expect(sweepPoints(sweep).every((p) => p.interval === null)).toBe(true);
    const running = { ...sweep, lanes: sweep.lanes.map((l, i) => ({ ...l, finished: i !== 3 })) };
    expect(sweepVerdictOf(running)).toEqual({ kind: 'open' });
  });
});
