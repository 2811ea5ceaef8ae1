/** Checks that the numbers of experiments in the documentation equal their raw results. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { defined, elementAt } from '../src/checked.ts';
import type { RaceEntry } from '../src/studies/race/entries.ts';
import type { PruneResult } from '../src/studies/prune/state.ts';
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
import { losaReport } from './losa-experiment.ts';

const text = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
/** A page as one line. */
const prose = (path: string) => text(path).replace(/\s+/g, ' ');
const rates = JSON.parse(text('docs/experiments/learning-rates.json')) as LearningRates;
const allocations = SET_IDS.map(
  (set) => JSON.parse(text(`docs/experiments/allocations-${set}.json`)) as RaceResult,
);

describe('the documentation', () => {
  it('contains the reports computed from the raw results (rewritten by vitest -u)', async () => {
    const report = (name: string, page: string) =>
      expect(page).toMatchFileSnapshot(`../docs/experiments/${name}.md`);
    await report('learning-rates', learningRatesReport(rates));
    await report(
      'allocations',
      allocationsReport(
        SET_IDS.map((set, i) => [set, elementAt(allocations, i)]),
        'npx rank-atlas experiment allocations',
      ),
    );
    const losa = JSON.parse(text('docs/experiments/losa.json')) as PruneResult[];
    await report('losa', losaReport(losa, 'npx rank-atlas experiment losa'));
    expect(
      existsSync(new URL('../docs/experiments/learning-rates.part.json', import.meta.url)),
    ).toBe(false);
  });

  /** One entry minus another on both texts: each at its own best rate, or both at one rate. */
  const best = (a: RaceEntry, b: RaceEntry) =>
    SET_IDS.map((set) =>
      between(bestOf(cellsOf(rates, set), a).result, a, bestOf(cellsOf(rates, set), b).result, b),
    );
  const tuned = (a: RaceEntry, b: RaceEntry) => best(a, b).map(shown);
  const at = (rate: number, a: RaceEntry, b: RaceEntry, long = false) =>
    SET_IDS.map((set) => {
      const { result } = defined(cellsOf(rates, set, long).find((c) => c.learningRate === rate));
      return shown(between(result, a, result, b));
    });
  const ofRate = SET_IDS.map((set) => {
    const cells = cellsOf(rates, set);
    return shown(
      between(bestOf(cells, 'uniform').result, 'uniform', elementAt(cells, 0).result, 'uniform'),
    );
  });

  it('takes the numbers in the README from the pages it links', () => {
    const answers = text('README.md')
      .split('\n')
      .filter((l) => /^\|.*\(docs\//.test(l));
    expect(answers).toHaveLength(9);
    let figures = 0;
    for (const row of answers) {
      const pages = [...row.matchAll(/\((docs\/[a-z-]+\.md)/g)].map(([, page]) =>
        prose(defined(page)),
      );
      for (const [figure] of row.matchAll(/\d+\.\d+|\d+\/\d+/g)) {
        figures++;
        expect(pages.some((page) => page.includes(figure))).toBe(true);
      }
    }
    expect(figures).toBeGreaterThan(10);
  });

  it('contains the measured numbers in the README, and no others', () => {
    const readme = text('README.md');
    const start = readme.indexOf('## Does the allocation matter?');
    const section = readme.slice(start, readme.indexOf('## What works where')).replace(/\s+/g, ' ');
    expect(start).toBeGreaterThan(0);
    const long = [0.008, 0.012].map((rate): [string, string[]] => [
      `AdaRank minus uniform, 200 steps at rate ${rate}`,
      at(rate, 'adarank', 'uniform', true),
    ]);
    const rows = [
      ['AdaRank minus uniform, each at its own best rate', tuned('adarank', 'uniform')],
      ['AdaRank minus uniform, both at rate 0.004', at(0.004, 'adarank', 'uniform')],
      ['AdaRank minus uniform, both at rate 0.03', at(0.03, 'adarank', 'uniform')],
      ...long,
      ['uniform at its best rate minus uniform at rate 0.004', ofRate],
      ['EVA minus uniform, each at its own best rate', tuned('eva', 'uniform')],
      [
        "EVA's initialisation at uniform ranks minus uniform, best rates",
        tuned('eva-uniform', 'uniform'),
      ],
    ] as [string, string[]][];
    for (const [label, [opticks, jargon]] of rows)
      expect(section).toContain(`| ${label} | ${opticks} | ${jargon} |`);
    // Signed numbers occur in the table only.
    expect(section.match(/[−+]\d\.\d{3} \[[^\]]*\]/g)).toHaveLength(2 * rows.length);
    expect(section.replace(/[−+]\d\.\d{3} \[[^\]]*\]/g, '').match(/[−+]\d/g)).toBeNull();

    expect(section).toContain(
      'With each at its own best rate, AdaRank and uniform do not differ significantly. After 200 steps they do not either.',
    );
    const longer = SET_IDS.flatMap((set) =>
      cellsOf(rates, set, true).map(({ result }) => between(result, 'adarank', result, 'uniform')),
    );
    expect(longer).toHaveLength(4);
    for (const { low, high } of [...best('adarank', 'uniform'), ...longer])
      expect(low < 0 && high > 0).toBe(true);
    expect(section).toContain('better at 0.004, below the best rate of both, and worse at 0.03');
    for (const set of SET_IDS) {
      for (const e of ['adarank', 'uniform'] as const)
        expect(bestOf(cellsOf(rates, set), e).learningRate).toBeGreaterThan(0.004);
      for (const { learningRate, result } of cellsOf(rates, set)) {
        const { low, high } = between(result, 'adarank', result, 'uniform');
        if (learningRate === 0.004) expect(high).toBeLessThan(0);
        if (learningRate === 0.03) expect(low).toBeGreaterThan(0);
      }
    }
    expect(section).toContain(
      `below _random_ in ${['none', 'one', 'two', 'three', 'four'][belowRandom()]} of four cells`,
    );
    expect(section).toContain(
      `${modulesAtZero(elementAt(allocations, 0), 'adarank', 1)} of ${elementAt(allocations, 0).modules.length} modules`,
    );
  });

  /** Cells (two texts, two mean ranks) in which AdaRank is significantly below random. */
  const belowRandom = () =>
    allocations.flatMap((result) =>
      result.spec.race.meanRanks.filter((r) => lessRandom(result, 'adarank', r).high < 0),
    ).length;

  it('reports no significant difference between random and uniform ranks at any rate, as measured', () => {
    expect(prose('docs/race.md')).toContain(
      'Random ranks, which are uneven too, differ significantly from uniform ranks at no rate there',
    );
    for (const rate of rates.cells.filter((c) => !c.long)) {
      const { low, high } = between(rate.result, 'random', rate.result, 'uniform');
      expect(low < 0 && high > 0).toBe(true);
    }
  });

  it('reports the modules that AdaRank gives rank 0', () => {
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
