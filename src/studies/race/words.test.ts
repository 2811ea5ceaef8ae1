/**
 * Tests the race's finding in words, on the published races and subsets of them (docs/experiments).
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { RaceEntry } from './entries.ts';
import { verdictOf } from './ranking.ts';
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
