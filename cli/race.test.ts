/** Tests races on the command line: their output and files. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { defined, elementAt } from '../src/checked.ts';
import { encodeLink } from '../src/experiment/link.ts';
import { studyDigest } from '../src/studies/digest.ts';
import { raceEvidence } from '../src/studies/race/digest.ts';
import type { RaceResult, RaceState } from '../src/studies/race/state.ts';
import { exportPeft } from '../src/adapters/peft.ts';
import { cli, noBosLine, set } from '../test/cli.ts';
import { randomAdapters } from '../test/training-data.ts';
import { writeAdapter } from './adapter-files.ts';
import { modelFor } from './import.ts';

const folder = mkdtempSync(join(tmpdir(), 'rank-atlas-race-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const tiny = [
  'training.steps=2',
  'training.batch=2',
  'training.length=8',
  'training.heldSequences=2',
  'sequences=1',
  'length=4',
  'method.repeats=1',
  'race.sequences=1',
];

describe('rank-atlas run race', { timeout: 120_000 }, () => {
  it('prints the ranking and a finding for one seed, and writes a result whose link repeats the race', async () => {
    const file = join(folder, 'race.json');
    const first = await cli(
      'run',
      'race',
      ...set([...tiny, 'race.entries=["spectrum","uniform"]']),
      '--out',
      file,
    );
    expect(first).toMatchObject({ code: 0, err: noBosLine });
    expect(first.out).toContain('Mean rank 1');
    expect(first.out).toMatch(/weight spectrum +\d+ +\d+/);
    expect(first.out).toContain('Run 3 seeds before you trust the difference.');
    const result = JSON.parse(readFileSync(file, 'utf8')) as RaceResult;
    expect(result).toMatchObject({
      format: 'rank-atlas-race',
      spec: { study: 'race' },
      model: { id: 'bundled:atlas-3m' },
    });
    const again = join(folder, 'again.json');
    const run = studyDigest(defined(raceEvidence({ result } as RaceState)));
    const link = `https://example.org/${await encodeLink(result.spec, { run })}`;
    const repeated = await cli('run', link, '--out', again);
    expect(repeated.code).toBe(0);
    expect(repeated.out).toMatch(/^Race reproduced: ranks equal, losses within 0\.001$/m);
    expect(first.out).not.toContain('reproduced');
    const losses = (r: RaceResult) => r.lanes.map((l) => l.points);
    expect(losses(JSON.parse(readFileSync(again, 'utf8')) as RaceResult)).toEqual(losses(result));
  });

  it('trains an imported adapter further, from the loss that `eval` reports, next to new adapters; without one the error names it', async () => {
    const {
      compiled: { modules },
    } = await modelFor({});
    const adapter = join(folder, 'adapter');
    const file = join(folder, 'imported.json');
    await writeAdapter(
      adapter,
      exportPeft({
        modules,
        adapters: randomAdapters(modules, 3),
        scale: () => 4,
        baseModel: 'x',
        taskType: 'CAUSAL_LM',
      }),
    );
    const race = ['run', 'race', ...set([...tiny, 'race.entries=["uniform","imported"]'])];
    expect(await cli(...race, '--adapter', adapter, '--out', file)).toMatchObject({
      code: 0,
      err: noBosLine,
    });
    const { lanes, base } = JSON.parse(readFileSync(file, 'utf8')) as RaceResult;
    const imported = defined(lanes.find((l) => l.entry === 'imported'));
    expect(imported.ranks).toEqual(modules.map(() => 3));
    expect(imported.points.map((p) => p.step)).toEqual([0, 2]);
    const judged = JSON.parse(
      (
        await cli(
          'eval',
          adapter,
          '--json',
          ...set(['training.heldSequences=2', 'training.length=8', 'training.batch=2']),
        )
      ).out,
    ) as { base: number; adapted: number };
    expect(judged.base).toBeCloseTo(base, 5);
    expect(elementAt(imported.points, 0).loss).toBeCloseTo(judged.adapted, 4);
    expect(Math.abs(judged.adapted - judged.base)).toBeGreaterThan(0.01);
    expect(elementAt(imported.points, 1).loss).not.toBe(elementAt(imported.points, 0).loss);

    expect(await cli(...race)).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^rank-atlas: .*adapter.*\.$/m) as string,
    });
    expect(await cli(...race, '--adapter', '/nowhere')).toMatchObject({
      code: 2,
      err: expect.stringContaining('cannot be read') as string,
    });
  });

  it.each([
    ['an entry there is not', ['run', 'race', '--set', 'race.entries=["adarank","best"]']],
    ['a race of one', ['run', 'race', '--set', 'race.entries=["adarank"]']],
    ['the same entry twice', ['run', 'race', '--set', 'race.entries=["adarank","adarank"]']],
    ['mean rank 0', ['run', 'race', '--set', 'race.meanRanks=[0]']],
    ['another experiment', ['experiment', 'everything']],
  ])('refuses %s in a sentence', async (_, args) => {
    const { code, out, err } = await cli(...args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(/^rank-atlas: .+[.)]$/m);
  });
});

describe('rank-atlas experiment allocations', { timeout: 120_000 }, () => {
  it('writes its page from measured numbers, two sets and every mean rank', async () => {
    const { code } = await cli(
      'experiment',
      'allocations',
      ...set([
        ...tiny,
        'race.seeds=1',
        'race.entries=["spectrum","uniform"]',
        'race.meanRanks=[1,2]',
      ]),
      '--out',
      folder,
    );
    expect(code).toBe(0);
    const page = readFileSync(join(folder, 'allocations.md'), 'utf8');
    for (const set of ['opticks', 'jargon']) {
      const result = JSON.parse(
        readFileSync(join(folder, `allocations-${set}.json`), 'utf8'),
      ) as RaceResult;
      expect(result.lanes).toHaveLength(2 * 2);
      for (const { loss } of result.standings) expect(page).toContain(defined(loss).toFixed(4));
    }
    expect(page.match(/^### Mean rank/gm)).toHaveLength(4);
    expect(page.match(/^\| uniform \|/gm)).toHaveLength(4);
  });
});
