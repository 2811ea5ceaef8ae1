/** Digests of studies in links: what counts as reproduced, on the recorded race. */
import { readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { defined, elementAt } from '../checked.ts';
import { digestOf } from '../experiment/digest.ts';
import { decodeLink, encodeLink } from '../experiment/link.ts';
import { parseResult } from '../experiment/result-file.ts';
import { parseSpec } from '../experiment/schema.ts';
import { compareStudy, studyDigest, type Evidence } from './digest.ts';
import { LOSS } from './loss-tolerance.ts';
import { raceEvidence } from './race/digest.ts';
import type { RaceResult, RaceState } from './race/state.ts';

const recorded = (file: string): unknown =>
  JSON.parse(
    readFileSync(new URL(`../../public/recorded/${file}`, import.meta.url), 'utf8'),
  ) as unknown;
const race = recorded('atlas-3m-race.json') as RaceResult;
const evidenceOf = (result: RaceResult) => defined(raceEvidence({ result } as RaceState));
const evidence = evidenceOf(race);
const digest = studyDigest(evidence);

/** The recorded race with all losses after training changed by so much. */
const shifted = (by: number, provider = race.provider.kind): Evidence => {
  const copy = structuredClone(race);
  copy.provider.kind = provider;
  for (const { points } of copy.lanes) for (const p of points) if (p.step > 0) p.loss += by;
  return evidenceOf(copy);
};

describe('a race', () => {
  const { wasm, other } = LOSS.tolerance;
  // Half a unit of the third decimal is lost in the link.
  const rounding = 0.0005;

  it('is reproduced if every loss is within the tolerance of the provider, and only then', () => {
    expect(wasm).toBeLessThan(other);
    const kind = (...args: Parameters<typeof shifted>) =>
      defined(compareStudy(digest, shifted(...args))).kind;
    expect(kind(0)).toBe('reproduced');
    expect(kind(0, 'webgpu')).toBe('reproduced');
    // Beyond the tolerance of WASM, within that of another provider.
    expect(kind(wasm + 2 * rounding)).toBe('differs');
    expect(kind(wasm + 2 * rounding, 'native')).toBe('reproduced');
    expect(kind(other + 2 * rounding, 'native')).toBe('differs');
  });

  it('reports how far the losses are apart', () => {
    const found = defined(compareStudy(digest, evidence));
    expect(found).toMatchObject({ kind: 'reproduced', equal: ['ranks'], differing: [] });
    expect(elementAt(found.within, 0).what).toBe('losses');
    expect(elementAt(found.within, 0).largest).toBeLessThanOrEqual(rounding);
    expect(defined(compareStudy(digest, shifted(0.1)))).toMatchObject({
      kind: 'differs',
      differing: ['losses'],
      equal: ['ranks'],
    });
  });

  it('is close if only the order of two almost equal entries differs', () => {
    const tied = structuredClone(race);
    const [a, b] = tied.standings as [RaceResult['standings'][0], RaceResult['standings'][0]];
    [a.loss, b.loss] = [b.loss, a.loss];
    expect(compareStudy(digest, evidenceOf(tied))).toMatchObject({ kind: 'close', differing: [] });
  });

  it('of one other rank, one other loss, another model or another length is not reproduced', () => {
    const changed = (change: (race: RaceResult) => void) => {
      const copy = structuredClone(race);
      change(copy);
      return defined(compareStudy(digest, evidenceOf(copy))).differing;
    };
    const run = (r: RaceResult) => elementAt(r.lanes, 1);
    expect(changed((r) => (run(r).ranks[5]! += 1))).toEqual(['ranks']);
    expect(changed((r) => (elementAt(run(r).points, 2).loss += 0.01))).toEqual(['losses']);
    expect(changed((r) => run(r).points.pop())).toEqual(['losses']);
    expect(changed((r) => (r.base -= 0.01))).toEqual(['losses']);
    expect(changed((r) => (r.model.hash = 'f'.repeat(64)))).toEqual(['model']);
  });

  it('of many runs is covered by the means of its entries', () => {
    const many = JSON.parse(
      readFileSync(
        new URL('../../docs/experiments/allocations-opticks.json', import.meta.url),
        'utf8',
      ),
    ) as RaceResult;
    expect(many.lanes).toHaveLength(60);
    const { losses } = studyDigest(evidenceOf(many));
    expect(losses).toHaveLength(1 + many.standings.length);
    const copy = structuredClone(many);
    elementAt(copy.standings, 3).loss = 4;
    expect(compareStudy(studyDigest(evidenceOf(many)), evidenceOf(copy))).toMatchObject({
      kind: 'differs',
      differing: ['losses'],
    });
  });
});

describe('an untrusted digest', () => {
  it.each([
    {},
    [],
    { ...digest, provider: 'tpu' },
    { ...digest, losses: ['x'] },
    { ...digest, losses: [1.5] },
    { ...digest, losses: new Array(5000).fill(1) },
    { ...digest, ranks: { a: 1 } },
    { ...digest, extra: 1 },
    { ...digest, model: undefined },
    { ...digest, order: undefined },
  ])('of another form is not compared: %j', (value) => {
    expect(compareStudy(value, evidence)).toBeNull();
  });

  it('that covers more or less than this study is not reproduced', () => {
    const { ranks, ...less } = digest;
    expect(compareStudy(less, evidence)).toMatchObject({ differing: ['ranks'] });
    expect(compareStudy({ ...digest, tokens: ranks }, evidence)).toMatchObject({
      differing: ['tokens'],
    });
    expect(compareStudy({ ...digest, losses: ranks }, evidence)).toMatchObject({
      differing: ['losses'],
    });
  });
});

test('a link with a map and a race has about 600 characters, and its map names the model', async () => {
  const map = parseResult(recorded('atlas-3m.json'));
  const { model, ...run } = digest;
  const link = await encodeLink(parseSpec(race.spec), { digest: digestOf(map), run });
  expect(link.length).toBeLessThanOrEqual(620);
  const opened = await decodeLink(link);
  expect(opened).toMatchObject({ digest: digestOf(map), run, damaged: [] });
  const theirs = defined(opened.run);
  expect(compareStudy(theirs, evidence)).toBeNull();
  expect(compareStudy(theirs, evidence, map.model.hash)).toMatchObject({ kind: 'reproduced' });
  expect(compareStudy(theirs, evidence, 'f'.repeat(64))).toMatchObject({ differing: ['model'] });
  expect(map.model.hash.startsWith(model)).toBe(true);
});
