/** Races as a user types them: what is printed and written. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { encodeLink } from '../src/experiment/link.ts';
import type { RaceResult } from '../src/experiment/race-state.ts';
import { cli, set } from '../test/cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'rank-atlas-race-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const tiny = ['training.steps=2', 'training.batch=2', 'training.length=8', 'training.heldSequences=2', 'sequences=1', 'length=4', 'method.repeats=1', 'race.sequences=1'];

describe('rank-atlas run race', { timeout: 120_000 }, () => {
  it('prints the standings and what one seed allows to say, and writes a result whose link runs the same race', async () => {
    const file = join(folder, 'race.json'), first = await cli('run', 'race', ...set([...tiny, 'race.entries=["spectrum","uniform"]']), '--out', file);
    expect(first).toMatchObject({ code: 0, err: '' });
    expect(first.out).toContain('Mean rank 1');
    expect(first.out).toMatch(/weight spectrum +\d+ +\d+/);
    expect(first.out).toContain('Run 3 seeds before you trust the difference.');
    const result = JSON.parse(readFileSync(file, 'utf8')) as RaceResult;
    expect(result).toMatchObject({ format: 'rank-atlas-race', spec: { study: 'race' }, model: { id: 'bundled:atlas-3m' } });
    const again = join(folder, 'again.json');
    expect((await cli('run', `https://example.org/${await encodeLink(result.spec)}`, '--out', again)).code).toBe(0);
    const losses = (r: RaceResult) => r.lanes.map((l) => l.points);
    expect(losses(JSON.parse(readFileSync(again, 'utf8')) as RaceResult)).toEqual(losses(result));
  });

  it.each([
    ['an entry there is not', ['run', 'race', '--set', 'race.entries=["adarank","best"]']], ['a race of one', ['run', 'race', '--set', 'race.entries=["adarank"]']],
    ['the same entry twice', ['run', 'race', '--set', 'race.entries=["adarank","adarank"]']], ['mean rank 0', ['run', 'race', '--set', 'race.meanRanks=[0]']],
    ['another experiment', ['experiment', 'everything']],
  ])('refuses %s in a sentence', async (_, args) => {
    const { code, out, err } = await cli(...args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(/^rank-atlas: .+[.)]$/m);
  });
});

describe('rank-atlas experiment allocations', { timeout: 120_000 }, () => {
  it('writes its page from measured numbers, two sets and every mean rank', async () => {
    const { code } = await cli('experiment', 'allocations', ...set([...tiny, 'race.seeds=1', 'race.entries=["spectrum","uniform"]', 'race.meanRanks=[1,2]']), '--out', folder);
    expect(code).toBe(0);
    const page = readFileSync(join(folder, 'allocations.md'), 'utf8');
    for (const set of ['opticks', 'jargon']) {
      const result = JSON.parse(readFileSync(join(folder, `allocations-${set}.json`), 'utf8')) as RaceResult;
      expect(result.lanes).toHaveLength(2 * 2);
      for (const { loss } of result.standings) expect(page).toContain(loss!.toFixed(4));
    }
    expect(page.match(/^### Mean rank/gm)).toHaveLength(4);
    expect(page.match(/^\| uniform \|/gm)).toHaveLength(4);
  });
});
