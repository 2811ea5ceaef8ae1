/**
 * Tests `rank-atlas train`: starting from an adapter, and QDyLoRA. The exported rank must have the
 * loss that the curve reports, and a stopped run must resume.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { defined, elementAt } from '../src/checked.ts';
import { encodeLink } from '../src/experiment/link.ts';
import { parseSpec } from '../src/experiment/schema.ts';
import { setByPaths } from '../src/experiment/settings.ts';
import { trainPresets } from '../src/studies/train/presets.ts';
import type { TrainResult } from '../src/studies/train/run.ts';
import { cli } from '../test/cli.ts';
import { main } from './main.ts';

const folder = mkdtempSync(join(tmpdir(), 'rank-atlas-qdylora-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => vi.restoreAllMocks());

describe('rank-atlas train', { timeout: 120_000 }, () => {
  it('writes the first ranks of one run', async () => {
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
    const adapter = join(folder, 'adapter');
    const { code, out, err } = await cli(
      'train',
      'qdylora',
      '--set',
      'train.ranks.rank=3',
      '--set',
      'train.method.mode=full',
      '--set',
      'training.steps=3',
      '--set',
      'training.learningRate=0.01',
      ...settings,
      '--rank',
      '2',
      '--out',
      adapter,
    );
    expect(code).toBe(0);
    expect(err).toContain('0.563 bytes per weight');
    const { curve, exportedRank } = JSON.parse(
      readFileSync(join(adapter, 'training.json'), 'utf8'),
    ) as TrainResult & { exportedRank: number };
    expect(exportedRank).toBe(2);
    for (const { rank, loss } of defined(curve).losses)
      expect(out).toMatch(new RegExp(`^${rank} +${loss.toFixed(4)} `, 'm'));
    expect(out).toContain(`knee: rank ${defined(curve).knee}`);
    expect(JSON.parse(readFileSync(join(adapter, 'adapter_config.json'), 'utf8'))).toMatchObject({
      r: 2,
      lora_alpha: 16,
    });

    const judged = JSON.parse(
      (await cli('eval', adapter, '--set', 'train.base=nf4', ...settings, '--json')).out,
    ) as { adapted: number };
    expect(judged.adapted).toBeCloseTo(elementAt(defined(curve).losses, 1).loss, 6);
  });

  it('stops at Ctrl-C with a checkpoint, and resumes from it with the same losses', async () => {
    const file = join(folder, 'half.safetensors');
    const settings = [
      'training.length=12',
      'training.heldSequences=4',
      'train.ranks.rank=2',
      'training.batch=2',
      'training.steps=4',
      'training.evaluateEvery=2',
      'training.learningRate=0.01',
    ].flatMap((s) => ['--set', s]);
    const command = ['train', 'qdylora', ...settings, '--threads', '1'];
    const whole = await cli(...command);
    const half: string[] = [];
    const errors = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    vi.spyOn(console, 'log').mockImplementation((line: string) => {
      half.push(line);
      if (line.includes('2 steps')) process.emit('SIGINT');
    });
    expect(await main([...command, '--checkpoint', file])).toBe(130);
    expect(half).toHaveLength(2);
    expect(errors.mock.lastCall?.[0]).toMatch(
      new RegExp(
        `To resume from the checkpoint: .* train qdylora .* --checkpoint ${file} --resume ${file}$`,
      ),
    );
    expect((await cli(...command, '--resume', file)).out).toBe(whole.out);
    expect(await cli(...command, '--seed', '2', '--resume', file)).toMatchObject({
      code: 2,
      err: expect.stringContaining('another experiment: seed'),
    });
  });

  it('starts training from an adapter, at the loss of that adapter', async () => {
    const settings = [
      ...[
        'training.length=12',
        'training.heldSequences=4',
        'training.batch=2',
        'training.steps=3',
        'training.learningRate=0.01',
      ].flatMap((s) => ['--set', s]),
      '--threads',
      '1',
    ];
    const [first, second] = [join(folder, 'first'), join(folder, 'second')];
    // The scale differs from the experiment's, so the test sees whether it is carried over.
    expect(
      (
        await cli(
          'train',
          'lora',
          ...settings,
          '--set',
          'train.ranks.rank=2',
          '--set',
          'train.scale={"kind":"alpha","value":8}',
          '--out',
          first,
        )
      ).code,
    ).toBe(0);
    expect(
      (await cli('train', 'lora', ...settings, '--from', first, '--seed', '7', '--out', second))
        .code,
    ).toBe(0);
    const [before, after] = [first, second].map(
      (f) => JSON.parse(readFileSync(join(f, 'training.json'), 'utf8')) as TrainResult,
    ) as [TrainResult, TrainResult];
    expect(elementAt(after.training.evaluations, 0).loss).toBeCloseTo(
      elementAt(before.training.evaluations, -1).loss,
      5,
    );
    expect(elementAt(after.training.evaluations, -1).loss).toBeLessThan(
      elementAt(after.training.evaluations, 0).loss,
    );
    expect(after.spec.train.start).toBe('given');
    expect(new Set(after.modules.map((m) => `${m.rank} ${m.scale}`))).toEqual(new Set(['2 2']));
    const judged = JSON.parse(
      (await cli('eval', second, ...settings.slice(0, 6), '--json')).out,
    ) as { adapted: number };
    expect(judged.adapted).toBeCloseTo(elementAt(after.training.evaluations, -1).loss, 5);
  });

  it('accepts a link and older files, with the losses of the same settings', async () => {
    const spec = setByPaths(parseSpec(trainPresets.lora), [
      ['training.length', '12'],
      ['training.heldSequences', '4'],
      ['training.batch', '2'],
      ['training.steps', '2'],
      ['train.ranks.rank', '2'],
    ]);
    const [now, before] = ['now.json', 'before.json'].map((name) => join(folder, name)) as [
      string,
      string,
    ];
    writeFileSync(now, JSON.stringify(spec));
    writeFileSync(
      before,
      JSON.stringify({
        version: 2,
        length: 12,
        heldSequences: 4,
        adapter: { ranks: { kind: 'uniform', rank: 2 } },
        training: { batch: 2, steps: 2 },
      }),
    );
    const threads = ['--threads', '1'];
    const { out } = await cli('train', now, ...threads);
    expect(out).toMatch(/^after +2 steps: held-out loss \d/m);
    for (const args of [
      ['train', await encodeLink(spec)],
      ['train', before],
      ['run', now],
    ])
      expect(await cli(...args, ...threads)).toMatchObject({ code: 0, out });
  });

  it.each([
    [
      'ranks beside an adapter that has its own',
      ['lora', '--from', folder, '--ranks', 'x.json'],
      '--from sets the ranks',
    ],
    [
      'an experiment that begins from an adapter, without one',
      ['lora', '--set', 'train.start=given'],
      'the start adapter is missing',
    ],
    ['a rank of LoRA', ['lora', '--rank', '2', '--out', folder], '--rank needs qdylora'],
    ['a rank above the largest', ['qdylora', '--rank', '17', '--out', folder], 'from 1 to 16'],
    ['a rank that goes nowhere', ['qdylora', '--rank', '2'], '--out'],
    ['another method', ['dora'], 'lora, qdylora'],
    ['a setting’s path of before', ['lora', '--set', 'adapter.ranks.rank=2'], 'train.ranks.rank'],
    [
      'a setting of the map',
      ['lora', '--set', 'method.repeats=3'],
      'only the map has this setting',
    ],
  ])('refuses %s in a sentence', async (_, args, why) => {
    const { code, err } = await cli('train', ...args);
    expect(code).toBe(2);
    expect(err).toContain(why);
  });
});
