/**
 * Tests base losses with tokenizer files that the former library tokenized wrongly, against
 * tokenizers 0.23.3 and onnxruntime in Python.
 */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { cli, set } from '../test/cli.ts';
import { hasShared, sharedPath } from '../test/shared.ts';

const folder = mkdtempSync(join(tmpdir(), 'rank-atlas-'));
afterAll(() => rmSync(folder, { recursive: true }));

const cases = (...parts: string[]) => sharedPath('cases', ...parts);

/** The tiny GPT-2 with another tokenizer.json. */
function modelWith(tokenizer: string): string {
  const model = join(folder, 'model');
  rmSync(model, { recursive: true, force: true });
  cpSync(sharedPath('models', 'tiny', 'gpt2'), model, {
    recursive: true,
    filter: (from) => !from.endsWith('tokenizer.json'),
  });
  cpSync(tokenizer, join(model, 'tokenizer.json'));
  return model;
}

async function baseLoss(
  adapter: string,
  model: string,
  text: string,
  ...settings: string[]
): Promise<number> {
  const { code, out, err } = await cli(
    'eval',
    adapter,
    '--model',
    model,
    '--text',
    text,
    '--json',
    ...set(settings),
  );
  expect(code, err).toBe(0);
  return (JSON.parse(out) as { base: number }).base;
}

describe.skipIf(!hasShared)('base losses', { timeout: 240_000 }, () => {
  test.for<[string, string, string, number]>([
    ['digits of all scripts', '02-tokenizer-digits', 'digits.json', 7.0242],
    ['a contiguous split', '03-tokenizer-split-behaviour', 'split_contig.json', 6.8788],
    ['a split merged with the previous', '03-tokenizer-split-behaviour', 'split_prev.json', 6.9844],
    ['an inverted split', '03-tokenizer-split-behaviour', 'inverted.json', 7.0489],
  ])('%s', async ([, name, file, loss]) => {
    const model = modelWith(cases(name, file));
    const base = await baseLoss(
      cases(name, 'adapter'),
      model,
      cases(name, 'text.txt'),
      'training.length=32',
      'training.heldSequences=8',
    );
    expect(base).toBeCloseTo(loss, 3);
  });

  test('GPT-2 as first published, its model without a type', async () => {
    const { code, out, err } = await cli(
      'generate',
      'In the beginning',
      '--model',
      modelWith(cases('06-tokenizer-without-type', 'tokenizer.json')),
      '--tokens',
      '5',
      '--temperature',
      '0',
    );
    expect(code, err).toBe(0);
    expect(out.length).toBeGreaterThan(0);
  });
});
