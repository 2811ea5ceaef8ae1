import { describe, expect, it } from 'vitest';
import type { RaceEntry } from './race-spec.ts';
import { parametersApart, standingsOf, verdictOf } from './race-standings.ts';
import type { RaceLane } from './race-state.ts';
import { parseSpec } from './schema.ts';

/** A race at mean rank 1 whose final losses by entry and seed are these. */
function raceOf(losses: Partial<Record<RaceEntry, number[]>>, over: (entry: RaceEntry) => Partial<RaceLane> = () => ({})) {
  const entries = Object.keys(losses) as RaceEntry[], seeds = Math.max(...Object.values(losses).map((l) => l.length));
  const lanes = entries.flatMap((entry) => losses[entry]!.map((loss, seed): RaceLane => ({
    entry, meanRank: 1, seed, ranks: [1, 2], parameters: 100, step: 4, points: [{ step: 0, loss: 9 }, { step: 4, loss }], milliseconds: 10, stopped: null, finished: true, ...over(entry),
  })));
  return { spec: parseSpec({ seed: 0, race: { entries, seeds } }), lanes };
}

describe('standings', () => {
  it('compare with uniform seed by seed, with an interval from three seeds on', () => {
    const [first, uniform] = standingsOf(raceOf({ adarank: [3, 4, 5.3], uniform: [3.5, 4.4, 5.9] }));
    expect(first).toMatchObject({ seeds: 3, ranks: 3, parameters: 100, bytes: 400, milliseconds: 10 });
    expect(first!.loss).toBeCloseTo(4.1, 12);
    // −0.5, −0.4, −0.6: mean −0.5, standard error 0.1/√3, t = 4.303.
    expect(first!.difference).toBeCloseTo(-0.5, 12);
    expect(first!.differenceInterval!.low).toBeCloseTo(-0.5 - 4.3026527 * 0.1 / Math.sqrt(3), 6);
    expect(uniform).toMatchObject({ difference: null, differenceInterval: null });
    expect(standingsOf(raceOf({ adarank: [3, 4], uniform: [3.5, 4.4] }))[0]).toMatchObject({ interval: null, differenceInterval: null });
  });

  it('count only seeds that are through', () => {
    const race = raceOf({ adarank: [3, 4], uniform: [3.5, 4.4] });
    race.lanes[1]!.finished = false;
    expect(standingsOf(race)[0]).toMatchObject({ seeds: 1, loss: 3, difference: -0.5 });
    expect(verdictOf(race, 1)).toEqual({ kind: 'open' });
  });

  it('say how far parameters lie apart', () => {
    const race = raceOf({ adarank: [3], uniform: [3] }, (entry) => ({ parameters: entry === 'uniform' ? 100 : 103 }));
    expect(parametersApart(standingsOf(race), 1)).toBeCloseTo(0.03, 12);
    expect(parametersApart([], 1)).toBe(0);
  });
});

describe('the verdict', () => {
  it('names the lowest of one seed without calling it a winner', () => {
    expect(verdictOf(raceOf({ uniform: [3.2], adarank: [3.1], random: [3.3] }), 1)).toEqual({ kind: 'few', lowest: 'adarank', next: 'uniform', margin: expect.closeTo(0.1, 9) as number });
  });

  it('names a winner when it is below every other one by an interval, however far the seeds lie apart', () => {
    const verdict = verdictOf(raceOf({ uniform: [3.2, 4.21, 5.2], adarank: [3.1, 4.1, 5.11], random: [3.3, 4.3, 5.3] }), 1);
    expect(verdict).toMatchObject({ kind: 'winner', entry: 'adarank', next: 'uniform' });
    if (verdict.kind === 'winner') expect(verdict.lead.low).toBeGreaterThan(0);
  });

  it('may name uniform', () => {
    expect(verdictOf(raceOf({ uniform: [3, 4, 5], adarank: [3.1, 4.1, 5.11] }), 1)).toMatchObject({ kind: 'winner', entry: 'uniform' });
  });

  it('names those below uniform where they cannot be told apart, and says so where nothing is', () => {
    expect(verdictOf(raceOf({ uniform: [3.2, 4.2, 5.2], adarank: [3.1, 4.09, 5.1], jacobian: [3.09, 4.1, 5.11] }), 1)).toEqual({ kind: 'better', entries: ['adarank', 'jacobian'] });
    expect(verdictOf(raceOf({ uniform: [3.2, 4.2, 5.2], adarank: [3.1, 4.4, 5.1] }), 1)).toEqual({ kind: 'none' });
    expect(verdictOf(raceOf({ random: [3.2, 4.2, 5.2], adarank: [3.1, 4.4, 5.1] }), 1)).toEqual({ kind: 'none' });
  });
});
