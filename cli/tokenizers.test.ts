/**
 * Tests base losses with tokenizer files that the former library tokenized wrongly, against
 * tokenizers 0.23.3 and onnxruntime in Python.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { cli, set } from '../test/cli.ts';
import { fixturePath } from '../test/fixtures.ts';

const folder = mkdtempSync(join(tmpdir(), 'rank-atlas-'));
afterAll(() => rmSync(folder, { recursive: true }));

const given = (...parts: string[]) => fixturePath('tokenizers', ...parts);

/** The tiny GPT-2 with another tokenizer.json. */
function modelWith(tokenizer: string | Buffer): string {
  const model = join(folder, 'model');
  rmSync(model, { recursive: true, force: true });
  cpSync(fixturePath('exports', 'gpt2'), model, {
    recursive: true,
    filter: (from) => !from.endsWith('tokenizer.json'),
  });
  writeFileSync(join(model, 'tokenizer.json'), tokenizer);
  return model;
}

async function baseLoss(model: string, ...settings: string[]): Promise<number> {
  const { code, out, err } = await cli(
    'eval',
    given('adapter'),
    '--model',
    model,
    '--text',
    given('text.txt'),
    '--json',
    ...set(settings),
  );
  expect(code, err).toBe(0);
  return (JSON.parse(out) as { base: number }).base;
}

describe('base losses', { timeout: 240_000 }, () => {
  test.for<[string, string, number]>([
    ['digits of all scripts', 'digits.json', 7.0242],
    ['a contiguous split', 'split_contig.json', 6.8788],
    ['a split merged with the previous', 'split_prev.json', 6.9844],
    ['an inverted split', 'inverted.json', 7.0489],
  ])('%s', async ([, file, loss]) => {
    const model = modelWith(readFileSync(given(file)));
    const base = await baseLoss(model, 'training.length=32', 'training.heldSequences=8');
    expect(base).toBeCloseTo(loss, 3);
  });

  test('GPT-2 as first published, its model without a type', async () => {
    const tokenizer = JSON.parse(
      readFileSync(fixturePath('exports', 'gpt2', 'tokenizer.json'), 'utf8'),
    ) as { model: { type?: string; merges: unknown[] } };
    delete tokenizer.model.type;
    tokenizer.model.merges = (tokenizer.model.merges as [string, string][]).map((m) => m.join(' '));
    const { code, out, err } = await cli(
      'generate',
      'In the beginning',
      '--model',
      modelWith(JSON.stringify(tokenizer)),
      '--tokens',
      '5',
      '--temperature',
      '0',
    );
    expect(code, err).toBe(0);
    expect(out.length).toBeGreaterThan(0);
  });
});
