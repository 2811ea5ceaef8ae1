/** Tests the commands in this process: output, files and exit codes. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { defined, elementAt } from '../src/checked.ts';
import type { RunResult } from '../src/studies/map/result.ts';
import type { TrainResult } from '../src/studies/train/run.ts';
import { digestOf } from '../src/experiment/digest.ts';
import { encodeLink } from '../src/experiment/link.ts';
import { readSafetensors } from '../src/model/safetensors.ts';
import { fixturePath } from '../test/fixtures.ts';
import { cli } from '../test/cli.ts';

const model = resolve(fileURLToPath(import.meta.url), '../../public/models/atlas-3m');
const folder = mkdtempSync(join(tmpdir(), 'rank-atlas-cli-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ids = '[[17,300,45,9,1000,23,77,5],[1,2,3,4,5,6,7,8]]';

describe('rank-atlas', { timeout: 120_000 }, () => {
  it('inspects the bundled model', async () => {
    const { code, out } = await cli('inspect', model, '--json');
    const report = JSON.parse(out);
    expect(code).toBe(0);
    expect(report).toMatchObject({ dialect: 'optimum', layers: 8, hidden: 192, vocab: 2048 });
    expect(report.modules).toHaveLength(56);
    expect(report.modules[6]).toMatchObject({
      path: 'model.layers.0.mlp.down_proj',
      shape: [192, 512],
      bits: 4,
      block: 32,
      bias: false,
    });
  });

  it('trains at ranks from a result file, and the saved adapter gives the loss it ended with', async () => {
    const ranks = join(folder, 'ranks.json');
    const adapter = join(folder, 'adapter');
    writeFileSync(
      ranks,
      JSON.stringify({
        modules: [
          { path: 'model.layers.0.mlp.down_proj', rank: 3 },
          { path: 'model.layers.7.self_attn.q_proj', rank: 1 },
          { path: 'model.layers.2.self_attn.k_proj', rank: 0 },
        ],
      }),
    );
    const settings = [
      '--set',
      'training.length=12',
      '--set',
      'training.heldSequences=4',
      '--set',
      'training.batch=2',
      '--threads',
      '1',
    ];
    const { code, out } = await cli(
      'train',
      'lora',
      '--ranks',
      ranks,
      '--set',
      'training.steps=3',
      ...settings,
      '--out',
      adapter,
    );
    expect(code).toBe(0);
    const trained = JSON.parse(readFileSync(join(adapter, 'training.json'), 'utf8')) as TrainResult;
    expect(trained).toMatchObject({
      training: { parameters: 3 * (512 + 192) + 192 + 192 },
      modules: [
        { rank: 3, scale: 2 },
        { rank: 1, scale: 2 },
      ],
    });
    expect(trained.training.evaluations.map((e) => e.step)).toEqual([0, 3]);
    expect(out).toContain(elementAt(trained.training.evaluations, 1).loss.toFixed(4));

    const judged = JSON.parse((await cli('eval', adapter, ...settings, '--json')).out) as {
      base: number;
      adapted: number;
    };
    expect(judged.base).toBeCloseTo(elementAt(trained.training.evaluations, 0).loss, 6);
    expect(judged.adapted).toBeCloseTo(elementAt(trained.training.evaluations, 1).loss, 6);
    expect(judged.adapted).not.toBeCloseTo(judged.base, 4);
  });

  it.each([
    [
      'a rank a module cannot have',
      ['train', 'lora', '--set', 'train.ranks.rank=500'],
      'rank 500 is above',
    ],
    ['one text without the other', ['train', 'lora', '--text', 'x.txt'], '--held'],
    [
      'no ranks at all',
      ['train', 'lora', '--set', 'train.ranks={"kind":"listed","ranks":{}}'],
      'no module has a rank',
    ],
    ['an adapter that is not there', ['eval', 'nowhere'], 'does not exist'],
  ])('refuses %s in a sentence', async (_, args, why) => {
    const { code, err } = await cli(...args);
    expect(code).toBe(2);
    expect(err).toContain(why);
  });

  it('runs, writes the result, and a link made from it is reproduced', async () => {
    const file = join(folder, 'result.json');
    const first = await cli(
      'run',
      'where',
      '--ids',
      ids,
      '--seed',
      '7',
      '--set',
      'method.repeats=2',
      '--set',
      'allocation.meanRank=4',
      '--threads',
      '1',
      '--out',
      file,
    );
    expect(first.err).toBe('');
    expect(first.code).toBe(0);
    const result = JSON.parse(readFileSync(file, 'utf8')) as RunResult;
    expect(result.spec).toMatchObject({
      seed: 7,
      allocation: { meanRank: 4 },
      method: { repeats: 2 },
    });
    expect(result.modules).toHaveLength(56);
    const { importance, standardError, draws, rank, path } = elementAt(result.modules, 0);
    expect(path).toBe('model.layers.0.self_attn.q_proj');
    expect(importance).toBeCloseTo((draws[0]! + draws[1]!) / 2, 6);
    expect(standardError).toBeGreaterThan(0);
    expect(Number.isInteger(rank)).toBe(true);

    const link = `https://example.org/atlas/${await encodeLink(result.spec, { digest: digestOf(result) })}`;
    const again = await cli('run', link, '--threads', '1');
    expect(again.out).toContain('Reproduced: 56 of 56 ranks');
  });

  it('checks the bundled model and dumps its tensors', async () => {
    const dump = join(folder, 'dump.safetensors');
    const { code, out } = await cli('check', model, '--ids', ids, '--dump', dump, '--threads', '1');
    expect(out).toContain('within tolerance');
    expect(code).toBe(0);
    const { tensors } = readSafetensors(readFileSync(dump), 'dump');
    expect([...tensors.keys()].sort()).toEqual(
      ['logits', 'nll', ...Array.from({ length: 9 }, (_, i) => `resid.${i}`)].sort(),
    );
    expect(defined(tensors.get('nll')).shape).toEqual([2, 7]);
  });

  it.each([
    [['fly']],
    [[]],
    [['run']],
    [['run', 'where', '--seed', '-1']],
    [['run', 'where', '--set', 'method.repeats=1e9']],
    [['run', 'where', '--set', 'nonsense']],
    [['run', 'no-such-file.json']],
    [['run', '#x=1.AAAA']],
    [['run', '#x=99.AAAA']],
    [['run', 'where', '--ids', '[[1,999999]]']],
    [['run', 'where', '--ids', 'x']],
    [['run', 'where', '--ids', '[[1,2]]', '--set', 'length=8']],
    [['run', 'where', '--provider', 'abacus']],
    [['check', 'no-such-folder']],
    [['inspect', tmpdir()]],
    [['check', model, '--dtype', 'q7']],
    [['run', 'where', '--threads', 'many']],
  ])('answers %j with one sentence and code 2', async (args) => {
    const { code, out, err } = await cli(...args);
    expect(code).toBe(2);
    if (args.length > 0) {
      expect(out).toBe('');
      expect(err.trim().split('\n')).toHaveLength(1);
      expect(err).toMatch(/^rank-atlas: .+[.)]$/m);
    }
  });

  it('refuses a hostile spec file', async () => {
    const file = join(folder, 'spec.json');
    for (const text of [
      '',
      '{',
      '[]',
      '{"__proto__": {"seed": 3}, "seed": "x"}',
      `{"seed": ${'9'.repeat(400)}}`,
      '{"version": 99}',
    ]) {
      writeFileSync(file, text);
      expect((await cli('run', file)).code).toBe(2);
    }
  });
});

interface Hostile {
  path: string;
  kind: string;
  wrong: string;
  expect: 'accept' | 'refuse' | 'accept or refuse';
}

describe('rank-atlas check on malformed files', { timeout: 60_000 }, () => {
  const table = readFileSync(fixturePath('hostile', 'hostile.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Hostile);
  it.each(table.map((h) => [h.path, h.wrong, h] as const))(
    '%s: %s',
    async (_, __, { path, expect: expected }) => {
      const { code, err } = await cli('check', fixturePath('hostile', path), '--threads', '1');
      if (expected === 'accept') expect(code).toBe(0);
      else if (expected === 'refuse') expect(code).toBe(2);
      else expect([0, 1, 2]).toContain(code);
      if (code === 2) expect(err.trim().split('\n')).toHaveLength(1);
    },
  );
});
