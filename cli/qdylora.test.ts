/** `rank-atlas train qdylora`: what it writes at a chosen rank is worth what its curve says of that rank; stopped, it goes on. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import type { TrainingResult } from '../src/experiment/training-run.ts';
import { cli } from '../test/cli.ts';
import { main } from './main.ts';

const folder = mkdtempSync(join(tmpdir(), 'rank-atlas-qdylora-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => vi.restoreAllMocks());

describe('rank-atlas train qdylora', { timeout: 120_000 }, () => {
  it('writes the first ranks of one run', async () => {
    const settings = ['--set', 'length=12', '--set', 'heldSequences=4', '--set', 'training.batch=2', '--threads', '1'], adapter = join(folder, 'adapter');
    const { code, out, err } = await cli('train', 'qdylora', '--set', 'adapter.ranks.rank=3', '--set', 'method.mode=full', '--set', 'training.steps=3', '--set', 'training.learningRate=0.01', ...settings, '--rank', '2', '--out', adapter);
    expect(code).toBe(0);
    expect(err).toContain('0.563 bytes a weight');
    const { curve, exportedRank } = JSON.parse(readFileSync(join(adapter, 'training.json'), 'utf8')) as TrainingResult & { exportedRank: number };
    expect(exportedRank).toBe(2);
    for (const { rank, loss } of curve!.losses) expect(out).toContain(`rank     ${rank}: held-out loss ${loss.toFixed(4)}`);
    expect(out).toContain(`knee: rank ${curve!.knee}`);
    expect(JSON.parse(readFileSync(join(adapter, 'adapter_config.json'), 'utf8'))).toMatchObject({ r: 2, lora_alpha: 16 });

    const judged = JSON.parse((await cli('eval', adapter, '--set', 'base=nf4', ...settings, '--json')).out) as { adapted: number };
    expect(judged.adapted).toBeCloseTo(curve!.losses[1]!.loss, 6);
  });

  it('ends at Ctrl-C with a checkpoint, and goes on from it to the same losses', async () => {
    const file = join(folder, 'half.safetensors');
    const settings = ['length=12', 'heldSequences=4', 'adapter.ranks.rank=2', 'training.batch=2', 'training.steps=4', 'training.evaluateEvery=2', 'training.learningRate=0.01'].flatMap((s) => ['--set', s]);
    const command = ['train', 'qdylora', ...settings, '--threads', '1'], whole = await cli(...command);
    const half: string[] = [];
    vi.spyOn(console, 'error').mockImplementation(() => undefined);
    vi.spyOn(console, 'log').mockImplementation((line: string) => {
      half.push(line);
      if (line.includes('2 steps')) process.emit('SIGINT');
    });
    expect(await main([...command, '--checkpoint', file])).toBe(0);
    expect(half).toHaveLength(2);
    expect((await cli(...command, '--resume', file)).out).toBe(whole.out);
    expect(await cli(...command, '--seed', '2', '--resume', file)).toMatchObject({ code: 2, err: expect.stringContaining('another experiment (seed)') });
  });

  it.each([
    ['a rank of LoRA', ['lora', '--rank', '2', '--out', folder], '--rank chooses'],
    ['a rank above the largest', ['qdylora', '--rank', '17', '--out', folder], 'from 1 to 16'],
    ['a rank that goes nowhere', ['qdylora', '--rank', '2'], '--out'],
    ['another method', ['dora'], 'lora, qdylora'],
  ])('refuses %s in a sentence', async (_, args, why) => {
    const { code, err } = await cli('train', ...args);
    expect(code).toBe(2);
    expect(err).toContain(why);
  });
});
