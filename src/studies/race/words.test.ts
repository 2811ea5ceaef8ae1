/**
 * Tests the race's finding in words, on the published races and subsets of them (docs/experiments).
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { defined, elementAt } from '../../checked.ts';
import type { RaceEntry } from './entries.ts';
import { twoRules } from './map-spend.ts';
import { sweepVerdictOf, verdictOf } from './ranking.ts';
import type { RaceResult } from './state.ts';
import { raceEn } from './words.en.ts';
import { raceJa } from './words.ja.ts';

/** A published race with only these seeds. */
function published(set: 'opticks' | 'jargon', seeds: readonly number[]): RaceResult {
  const result = JSON.parse(
    readFileSync(
      new URL(`../../../docs/experiments/allocations-${set}.json`, import.meta.url),
      'utf8',
    ),
  ) as RaceResult;
  return {
    ...result,
    spec: { ...result.spec, race: { ...result.spec.race, seeds: seeds.length } },
    lanes: result.lanes.filter((l) => seeds.includes(l.seed)),
  };
}
const findings = (...[result, meanRank]: Parameters<typeof verdictOf>) =>
  [raceEn, raceJa].map((words) => words.finding(verdictOf(result, meanRank)));

describe('the finding', () => {
  it('does not call two entries alike that differ significantly', () => {
    expect(findings(published('opticks', [1, 2, 3, 4]), 8)).toEqual([
      'EVA and random are significantly lower than uniform; no entry is significantly lower than all others. Of these, EVA is significantly lower than random.',
      'EVA、ランダムは均等より有意に低くなりました。ほかのすべてより有意に低いエントリーはありません。このうち EVA はランダムより有意に低く、すべての組に有意差があります。',
    ]);
    expect(findings(published('jargon', [2, 3, 4, 5]), 1)).toEqual([
      'EVA, AdaRank and Jacobian are significantly lower than uniform; no entry is significantly lower than all others. Of these, EVA is significantly lower than Jacobian; no other two differ significantly. Not significantly lower than random: AdaRank and Jacobian.',
      'EVA、AdaRank、Jacobian は均等より有意に低くなりました。ほかのすべてより有意に低いエントリーはありません。このうち EVA は Jacobian より有意に低く、ほかの組に有意差はありません。ランダムとの有意差なし：AdaRank、Jacobian。',
    ]);
  });

  it('reports no significant difference if no two entries differ, and which are no better than random', () => {
    expect(findings(published('opticks', [1, 2, 3, 4, 5]), 1)[0]).toBe(
      'EVA, AdaRank and Jacobian are significantly lower than uniform; no entry is significantly lower than all others. Of these, no two differ significantly.',
    );
    expect(findings(published('opticks', [1, 2, 3, 4, 5]), 8)[0]).toBe(
      'EVA, Jacobian and AdaRank are significantly lower than uniform; no entry is significantly lower than all others. Of these, no two differ significantly. Not significantly lower than random: EVA, Jacobian and AdaRank.',
    );
    expect(findings(published('jargon', [1, 2, 3, 4, 5]), 8)[0]).toBe(
      'EVA is significantly lower than uniform; no entry is significantly lower than all others.',
    );
  });

  it('does not say that one of two equal losses is lower', () => {
    const verdict = { kind: 'few', lowest: 'uniform', next: 'random', margin: 0.0004 } as const;
    expect([raceEn, raceJa].map((words) => words.finding(verdict))).toEqual([
      'Uniform and random end with the same loss to 0.001 nats.',
      '均等とランダムの検証損失は、0.001 nat の精度で等しくなりました。',
    ]);
  });

  it('lists every pair that differs significantly', () => {
    const entries: RaceEntry[] = ['eva', 'adarank', 'random'];
    expect(
      raceEn.finding({
        kind: 'better',
        entries,
        differing: [
          ['eva', 'random'],
          ['adarank', 'random'],
          ['eva', 'adarank'],
        ],
        likeRandom: [],
      }),
    ).toBe(
      'EVA, AdaRank and random are significantly lower than uniform; no entry is significantly lower than all others. Of these, EVA is significantly lower than random and AdaRank; AdaRank is significantly lower than random.',
    );
    expect(
      raceEn.finding({
        kind: 'better',
        entries: ['eva', 'adarank'],
        differing: [],
        likeRandom: [],
      }),
    ).toMatch(/These two do not differ significantly\.$/);
  });
});

describe('the answer of a sweep', () => {
  const answers = (result: RaceResult) => {
    const verdict = sweepVerdictOf(result);
    const { seeds } = result.spec.race;
    return [raceEn, raceJa].map(
      (words) => `${words.sweepFinding(verdict)} ${words.sweepSure(verdict, seeds)}`,
    );
  };

  it('names the budgets that differ, with the intervals it rests on', () => {
    const all = [1, 2, 3, 4, 5];
    expect(answers(published('jargon', all))).toEqual([
      'The allocations differ from uniform at mean rank 1 (AdaRank −0.033, Jacobian −0.032, EVA −0.065, inverse +0.174); at mean rank 8 (EVA −0.069). There is such a difference at every budget. The bars are 95 % t-intervals of the difference to uniform, paired by seed, over 5 seeds; not corrected for 10 comparisons.',
      '均等と有意差がある予算：平均ランク1（AdaRank −0.033、Jacobian −0.032、EVA −0.065、逆順 +0.174）、平均ランク8（EVA −0.069）。すべての予算に有意差があります。 縦線は、シードごとの均等との差の 95 % 信頼区間（t 分布、シード5個）です。10件の比較に対する補正はしていません。',
    ]);
    // Without the entries that differ at mean rank 8, and without any that differs.
    const only = (entries: RaceEntry[]) => {
      const result = published('jargon', all);
      return { ...result, spec: { ...result.spec, race: { ...result.spec.race, entries } } };
    };
    expect(answers(only(['adarank', 'uniform', 'random']))[0]).toMatch(
      /^The allocations differ from uniform at mean rank 1 \(AdaRank −0\.033\)\. At mean rank 8 none differs significantly\./,
    );
    expect(answers(only(['uniform', 'random']))[0]).toMatch(
      /^At mean ranks 1 and 8 no allocation differs significantly from uniform\. .* not corrected for 2 comparisons\.$/,
    );
  });

  it('names no budget without an interval', () => {
    for (const answer of answers(published('jargon', [1]))) {
      expect(answer).toMatch(/0\.\d{3}/);
      expect(answer).not.toMatch(/differ from|有意差/);
    }
  });
});

describe('the budgets of map and race', () => {
  const result = published('opticks', [1, 2, 3, 4, 5]);
  // Equal shapes: the parameters of a run divided by its ranks would not tell modules apart.
  const shapes = result.modules.map((_, i) => ({ inFeatures: 100 + i, outFeatures: 60 }));
  const rule = { meanRank: 8, rounding: 'floor', unit: 'ranks', rMin: 0, rMax: 1024 } as const;

  it('are two rules, with what each spends', () => {
    const rules = defined(twoRules(result, { shapes, rule, meanRank: 1 }));
    const run = defined(result.lanes.find((l) => l.entry === 'adarank' && l.meanRank === 1));
    const raced = run.ranks.reduce((a, b) => a + b, 0);
    // The paper's rule by its formula, floor(r̄ n d / Σ d).
    const { importances } = defined(result.measured.find((m) => m.entry === 'adarank'));
    const total = defined(importances).reduce((a, b) => a + b, 0);
    const floors = defined(importances).map((d) => Math.floor((56 * d) / total));
    expect(rules).toMatchObject({
      map: {
        ranks: floors.reduce((a, b) => a + b, 0),
        parameters: floors.reduce((sum, r, i) => sum + r * (160 + i), 0),
      },
      race: { ranks: raced, parameters: run.parameters },
    });
    expect(rules.map.ranks).toBeLessThan(rules.race.ranks);
    for (const words of [raceEn, raceJa]) {
      const sentence = words.twoRules(rules);
      for (const count of [rules.map, rules.race])
        expect(sentence).toContain(count.parameters.toLocaleString('en'));
    }
    expect(raceEn.twoRules(rules)).toMatch(
      new RegExp(
        `at mean rank 1 the map rounds down and gives AdaRank ${rules.map.ranks} ranks .* gives it ${rules.race.ranks} `,
      ),
    );
  });

  it('are not reported as two if both spend the same', () => {
    const measured = [{ entry: 'adarank' as const, importances: [1, 3], milliseconds: 0 }];
    const pair = [
      { inFeatures: 10, outFeatures: 10 },
      { inFeatures: 10, outFeatures: 10 },
    ];
    const lanes = [
      { ...elementAt(result.lanes, 0), entry: 'adarank' as const, ranks: [1, 3], parameters: 80 },
    ];
    const { spec } = result;
    const given = { spec, measured, lanes };
    const at = { shapes: pair, rule, meanRank: 2 };
    expect(twoRules({ ...given, lanes: [{ ...elementAt(lanes, 0), meanRank: 2 }] }, at)).toBeNull();
    expect(twoRules({ ...given, lanes: [] }, at)).toBeNull();
  });
});
