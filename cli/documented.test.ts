/** The documentation's numbers of the two experiments are those of the raw results beside it. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { defined, elementAt } from '../src/checked.ts';
import type { RaceEntry } from '../src/studies/race/lanes.ts';
import type { RaceResult } from '../src/studies/race/state.ts';
import { allocationsReport, lessRandom } from './experiment.ts';
import { SET_IDS } from './experiment-sets.ts';
import {
  bestOf,
  between,
  cellsOf,
  learningRatesReport,
  modulesAtZero,
  shown,
} from './learning-rates-report.ts';
import type { LearningRates } from './learning-rates.ts';

const text = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
/** However its lines are broken. */
const prose = (path: string) => text(path).replace(/\s+/g, ' ');
const rates = JSON.parse(text('docs/experiments/learning-rates.json')) as LearningRates;
const allocations = SET_IDS.map(
  (set) => JSON.parse(text(`docs/experiments/allocations-${set}.json`)) as RaceResult,
);

describe('the documentation', () => {
  it('has the pages its raw results give', () => {
    expect(text('docs/experiments/learning-rates.md')).toBe(learningRatesReport(rates));
    expect(text('docs/experiments/allocations.md')).toBe(
      allocationsReport(
        SET_IDS.map((set, i) => [set, elementAt(allocations, i)]),
        'npx rank-atlas experiment allocations',
      ),
    );
    expect(
      existsSync(new URL('../docs/experiments/learning-rates.part.json', import.meta.url)),
    ).toBe(false);
  });

  /** Of an entry less uniform, on both texts: each at its own best rate, or at one rate. */
  const best = (a: RaceEntry, b: RaceEntry) =>
    SET_IDS.map((set) =>
      between(bestOf(cellsOf(rates, set), a).result, a, bestOf(cellsOf(rates, set), b).result, b),
    );
  const tuned = (a: RaceEntry, b: RaceEntry) => best(a, b).map(shown);
  const at = (rate: number, a: RaceEntry, b: RaceEntry) =>
    SET_IDS.map((set) => {
      const { result } = defined(cellsOf(rates, set).find((c) => c.learningRate === rate));
      return shown(between(result, a, result, b));
    });
  const ofRate = SET_IDS.map((set) => {
    const cells = cellsOf(rates, set);
    return shown(
      between(bestOf(cells, 'uniform').result, 'uniform', elementAt(cells, 0).result, 'uniform'),
    );
  });

  it('says in the README what was measured, and no other numbers', () => {
    const readme = text('README.md');
    const start = readme.indexOf('**Does the allocation matter?**');
    const said = readme.slice(start, readme.indexOf('## What works where')).replace(/\s+/g, ' ');
    expect(start).toBeGreaterThan(0);
    const known = [
      ...tuned('adarank', 'uniform'),
      ...tuned('eva', 'uniform'),
      ...tuned('eva-uniform', 'uniform'),
      ...ofRate,
      ...[0.004, 0.03].flatMap((rate) => at(rate, 'adarank', 'uniform')),
      ...at(0.004, 'eva', 'uniform'),
      ...at(0.004, 'eva-uniform', 'uniform'),
      ...at(0.004, 'eva', 'eva-uniform'),
    ];
    // The longer races: all that were run, and which were not.
    const long = SET_IDS.map((set) =>
      cellsOf(rates, set, true).map(({ result }) => between(result, 'adarank', result, 'uniform')),
    );
    known.push(...long.flat().map(shown));
    for (const interval of long.flat()) expect(said).toContain(shown(interval));
    if (/After 200 steps.*Neither parts from zero/.test(said))
      for (const { low, high } of long.flat()) expect(low < 0 && high > 0).toBe(true);
    expect(said.includes('the Jargon File is not measured yet')).toBe(
      elementAt(long, SET_IDS.indexOf('jargon')).length === 0,
    );
    expect(said).toContain('each at its own best rate');
    const intervals = defined(said.match(/[−+]\d\.\d{3} \[[^\]]*\]/g));
    expect(intervals.filter((figure) => !known.includes(figure))).toEqual([]);
    expect(intervals).toEqual(
      expect.arrayContaining([
        ...tuned('adarank', 'uniform'),
        ...at(0.004, 'adarank', 'uniform'),
        ...at(0.03, 'adarank', 'uniform'),
        ...ofRate,
      ]),
    );
    // No signed number stands outside of these intervals.
    expect(said.replace(/[−+]\d\.\d{3} \[[^\]]*\]/g, '').match(/[−+]\d/g)).toBeNull();
    if (said.includes('Neither parts from zero.'))
      for (const { low, high } of best('adarank', 'uniform'))
        expect(low < 0 && high > 0).toBe(true);
    if (said.includes('0.004, which is below the best for all'))
      for (const set of SET_IDS)
        for (const e of ['adarank', 'uniform'] as const)
          expect(bestOf(cellsOf(rates, set), e).learningRate).toBeGreaterThan(0.004);
    expect(said).toContain(
      `below _random_ in ${['none', 'one', 'two', 'three', 'four'][belowRandom()]} of four cells`,
    );
    expect(said).toContain(
      `${modulesAtZero(elementAt(allocations, 0), 'adarank', 1)} of ${elementAt(allocations, 0).modules.length} modules`,
    );
  });

  /** Cells (two texts, two mean ranks) in which AdaRank is surely below random. */
  const belowRandom = () =>
    allocations.flatMap((result) =>
      result.spec.race.meanRanks.filter((r) => lessRandom(result, 'adarank', r).high < 0),
    ).length;

  it('says of random ranks that they part from uniform at no rate, while it is so', () => {
    expect(prose('docs/race.md')).toContain(
      'random ones, uneven too, part from uniform at no rate there',
    );
    for (const rate of rates.cells.filter((c) => !c.long)) {
      const { low, high } = between(rate.result, 'random', rate.result, 'uniform');
      expect(low < 0 && high > 0).toBe(true);
    }
  });

  it('says what AdaRank leaves at rank 0', () => {
    const page = prose('docs/adarank.md');
    for (const result of allocations) {
      expect(page).toContain(
        `At mean rank 1 on the bundled model the race's ranks leave ${modulesAtZero(result, 'adarank', 1)} of ${result.modules.length} modules without an adapter`,
      );
      expect(page).toContain(
        `at mean rank 8 ${['none', 'one', 'two'][modulesAtZero(result, 'adarank', 8)]}`,
      );
    }
  });
});
