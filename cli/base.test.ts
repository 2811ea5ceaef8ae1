/**
 * Tests an experiment on a pruned model on the command line. The base is computed first, and a link
 * computes the same base again.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { elementAt } from '../src/checked.ts';
import { digestOf } from '../src/experiment/digest.ts';
import { encodeLink } from '../src/experiment/link.ts';
import type { RunResult } from '../src/studies/map/result.ts';
import { cli, set } from '../test/cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'rank-atlas-base-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const tiny = [
  'sequences=2',
  'length=8',
  'method.repeats=1',
  'training.steps=2',
  'training.batch=2',
  'training.length=16',
  'training.heldSequences=2',
  'prune.rounds=1',
  'prune.samples=4',
  'prune.meanRank=2',
];

it(
  'rank-atlas run where --set base=pruned measures the pruned model; its link reproduces it',
  { timeout: 180_000 },
  async () => {
    const out = (name: string) => join(folder, name);
    const read = (name: string) => JSON.parse(readFileSync(out(name), 'utf8')) as RunResult;
    expect(
      (
        await cli(
          'run',
          'where',
          ...set(['base=pruned', ...tiny]),
          '--out',
          out('pruned.json'),
          '--threads',
          '1',
        )
      ).code,
    ).toBe(0);
    expect(
      (await cli('run', 'where', ...set(tiny), '--out', out('plain.json'), '--threads', '1')).code,
    ).toBe(0);
    const pruned = read('pruned.json');
    const plain = read('plain.json');
    expect(pruned.spec.base).toBe('pruned');
    expect(
      pruned.modules.filter(
        (m, i) => Math.abs(m.importance / elementAt(plain.modules, i).importance - 1) > 0.02,
      ).length,
    ).toBeGreaterThan(28);

    const again = await cli(
      'run',
      await encodeLink(pruned.spec, { digest: digestOf(pruned) }),
      '--threads',
      '1',
    );
    expect(again.code).toBe(0);
    expect(again.out).toContain('Reproduced: 56 of 56 ranks');
    const other = await cli(
      'run',
      await encodeLink(plain.spec, { digest: digestOf(pruned) }),
      '--threads',
      '1',
    );
    expect(other.out).toContain('Differs');
  },
);
