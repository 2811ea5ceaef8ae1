/**
 * Tests BOS and end tokens on the command line. Results must equal those of the same ids given
 * directly.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { defined } from '../src/checked.ts';
import { exportPeft } from '../src/adapters/peft.ts';
import type { RunResult } from '../src/studies/map/result.ts';
import { parseResult } from '../src/experiment/result-file.ts';
import type { SamplesResult } from '../src/studies/samples/state.ts';
import { cli } from '../test/cli.ts';
import {
  bosTemplate,
  idsOf,
  letterTokenizer,
  special,
  writeTinyModel,
} from '../test/tiny-model.ts';
import { randomAdapters } from '../test/training-data.ts';
import { writeAdapter } from './adapter-files.ts';
import { loadTyped } from './model-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'rank-atlas-bos-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const asks = writeTinyModel(join(folder, 'asks'));
const silent = writeTinyModel(join(folder, 'silent'), { 'tokenizer.json': letterTokenizer(null) });
const named = writeTinyModel(join(folder, 'named'), {
  'tokenizer.json': letterTokenizer(null),
  'tokenizer_config.json': {
    tokenizer_class: 'PreTrainedTokenizerFast',
    add_bos_token: true,
    bos_token: '<s>',
  },
});
const words = 'the light of the sun is not one colour but many';
const text = join(folder, 'text.txt');
writeFileSync(text, words);
const once = ['--set', 'method.repeats=1', '--threads', '1'];
/** Settings for a text. Token ids determine their own shape. */
const shape = ['--set', 'length=8', '--set', 'sequences=3'];

async function measured(model: string, ...options: string[]): Promise<RunResult & { err: string }> {
  const out = join(folder, 'result.json');
  const { code, err } = await cli(
    'run',
    'where',
    '--model',
    model,
    ...once,
    ...(options.includes('--ids') ? [] : shape),
    ...options,
    '--out',
    out,
  );
  expect(err).not.toContain('unexpected');
  expect(code).toBe(0);
  return { ...parseResult(JSON.parse(readFileSync(out, 'utf8'))), err };
}

const withBos = (rows: number[][]) => JSON.stringify(rows.map((row) => [special.bos, ...row]));
const rows = (length: number, count: number) =>
  Array.from({ length: count }, (_, i) => idsOf(words).slice(i * length, (i + 1) * length));
const numbers = ({ cleanLoss, tokens, modules }: RunResult) => ({
  cleanLoss,
  tokens,
  importances: modules.map((m) => m.importance),
});

describe('a BOS', { timeout: 120_000 }, () => {
  it('precedes every sequence, within its length, if the tokenizer specifies it: equal numbers for equal ids', async () => {
    const asked = await measured(asks, '--text', text);
    const given = await measured(asks, '--ids', withBos(rows(7, 3)));
    expect(numbers(asked)).toEqual(numbers(given));
    expect(asked.spec.bos).toBe('tokenizer');
    expect(asked.model).toMatchObject({
      bos: { ids: [special.bos], tokens: ['<s>'], by: 'tokenizer.json' },
    });
    expect(asked.err).toContain('<s> before each sequence, as tokenizer.json specifies');
    expect(given.model).toMatchObject({ bos: { ids: [], by: 'ids' } });
    expect(given.err).toBe('');
  });

  it('is absent with --bos none, and if no file specifies it', async () => {
    const none = await measured(asks, '--text', text, '--bos', 'none');
    const plain = await measured(silent, '--text', text);
    const given = await measured(asks, '--ids', JSON.stringify(rows(8, 3)));
    expect(numbers(none)).toEqual(numbers(given));
    expect(numbers(plain)).toEqual(numbers(given));
    expect([none.err, plain.err]).toEqual([
      expect.stringContaining('No BOS, as set'),
      expect.stringContaining('No BOS: tokenizer.json specifies none'),
    ]);
  });

  it('with --bos always is the token that the files name; ignored settings are reported; a missing name is refused', async () => {
    const always = await measured(named, '--text', text, '--set', 'bos=always');
    const given = await measured(asks, '--ids', withBos(rows(7, 3)));
    expect(numbers(always)).toEqual(numbers(given));
    expect(always.err).toContain('<s> before each sequence, as set');
    expect((await measured(named, '--text', text)).err).toContain(
      'add_bos_token in tokenizer_config.json differs',
    );
    for (const command of [
      ['run', 'where', ...shape, '--text', text],
      ['generate', 'the sun', '--threads', '1'],
    ]) {
      expect(await cli(...command, '--model', silent, '--bos', 'always')).toMatchObject({
        code: 2,
        err: expect.stringContaining('the files of this model define none') as string,
      });
    }
    expect(await cli('run', 'where', ...shape, '--bos', 'never')).toMatchObject({
      code: 2,
      err: expect.stringContaining('"bos"') as string,
    });
  });

  it('is not added if the text begins with it', async () => {
    const written = join(folder, 'written.txt');
    writeFileSync(written, `<s>${words}`);
    expect(numbers(await measured(asks, '--text', written))).toEqual(
      numbers(await measured(asks, '--ids', withBos(rows(7, 3)))),
    );
  });

  it('precedes training and evaluation sequences', async () => {
    const {
      compiled: { modules },
    } = await loadTyped(asks, {});
    const adapter = join(folder, 'adapter');
    const file = join(folder, 'ids.json');
    const spec = join(folder, 'training.json');
    await writeAdapter(
      adapter,
      exportPeft({
        modules,
        adapters: randomAdapters(modules, 2),
        scale: () => 2,
        baseModel: 'x',
        taskType: 'CAUSAL_LM',
      }),
    );
    const judge = async (...options: string[]) =>
      JSON.parse(
        (
          await cli(
            'eval',
            adapter,
            '--model',
            asks,
            '--set',
            'training.length=8',
            '--json',
            '--threads',
            '1',
            ...options,
          )
        ).out,
      ) as { base: number; adapted: number; tokens: number; bos: object };
    const asked = await judge('--text', text);
    const none = await judge('--text', text, '--bos', 'none');
    const ids = await judge(
      '--set',
      `training.held=${JSON.stringify({ kind: 'ids', ids: JSON.parse(withBos(rows(7, 6))) as number[][] })}`,
    );
    expect([asked.base, asked.adapted, asked.tokens]).toEqual([ids.base, ids.adapted, ids.tokens]);
    expect(asked.bos).toEqual({ ids: [special.bos], tokens: ['<s>'], by: 'tokenizer.json' });
    expect(none.base).not.toBe(asked.base);

    const settings = [
      '--model',
      asks,
      '--set',
      'training.steps=2',
      '--set',
      'training.batch=2',
      '--set',
      'training.length=8',
      '--threads',
      '1',
    ];
    const trained = async (spec: string, ...options: string[]) => {
      const { code } = await cli('train', spec, ...settings, ...options, '--out', file);
      expect(code).toBe(0);
      return JSON.parse(readFileSync(join(file, 'training.json'), 'utf8')) as {
        training: { steps: object[]; evaluations: object[] };
        spec: { bos: string };
        model: { bos: object };
      };
    };
    const texts = { kind: 'ids', ids: JSON.parse(withBos(rows(7, 6))) as number[][] };
    writeFileSync(spec, JSON.stringify({ train: texts, held: texts }));
    const byText = await trained('lora', '--text', text, '--held', text);
    const byIds = await trained(spec);
    expect(byText.training.evaluations).toEqual(byIds.training.evaluations);
    expect(byText.training.steps.map((s) => ({ ...s, milliseconds: 0 }))).toEqual(
      byIds.training.steps.map((s) => ({ ...s, milliseconds: 0 })),
    );
    expect([byText.spec.bos, byText.model.bos, byIds.model.bos]).toEqual([
      'tokenizer',
      asked.bos,
      { ids: [], tokens: [], by: 'ids' },
    ]);
  });
});

describe('text that is written', { timeout: 120_000 }, () => {
  const few = ['--tokens', '8', '--threads', '1'];
  async function written(model: string, ...options: string[]): Promise<SamplesResult> {
    const spec = join(folder, 'samples.json');
    const out = join(folder, 'samples-result.json');
    writeFileSync(
      spec,
      JSON.stringify({ study: 'samples', samples: { prompt: 'the sun', tokens: 8 } }),
    );
    expect(
      (await cli('run', spec, '--model', model, '--threads', '1', ...options, '--out', out)).code,
    ).toBe(0);
    return JSON.parse(readFileSync(out, 'utf8')) as SamplesResult;
  }

  it('continues a prompt with one BOS, in generate and in the study', async () => {
    const asked = await written(asks);
    const none = await written(asks, '--bos', 'none');
    expect(asked.prompt).toEqual([special.bos, ...idsOf('the sun')]);
    expect(none.prompt).toEqual(idsOf('the sun'));
    expect(asked.model.bos).toMatchObject({ tokens: ['<s>'] });
    const printed = await cli('generate', 'the sun', '--model', asks, ...few);
    const doubled = await cli('generate', '<s>the sun', '--model', asks, ...few);
    expect(printed.out).toBe(`the sun${asked.texts.base.map((t) => t.text).join('')}\n`);
    expect(doubled.out).toBe(`<s>${printed.out}`);
    expect(printed.err).toContain('<s> before each sequence');
    expect(asked.texts.base.map((t) => t.logProbability)).not.toEqual(
      none.texts.base.map((t) => t.logProbability),
    );
  });

  it('ends at any end token that the files name', async () => {
    const drawn = ['--set', 'samples.temperature=2'];
    const free = (await written(asks, ...drawn)).texts.base.map((t) => t.id);
    const at = free.findIndex(
      (id, i) => i > 1 && free.indexOf(id) === i && letterOf(id) !== undefined,
    );
    const end = free[at]!;
    expect(free).toHaveLength(8);
    expect(at).toBeLessThan(7);
    const base = { model_type: 'llama', vocab_size: 48 };
    const named: Record<string, Record<string, object>> = {
      'second-of-config': { 'config.json': { ...base, eos_token_id: [special.unk, end] } },
      'of-generation-config': {
        'config.json': { ...base, eos_token_id: special.unk },
        'generation_config.json': { eos_token_id: [special.unk, end] },
      },
      'of-the-tokenizer': { 'tokenizer_config.json': { eos_token: defined(letterOf(end)) } },
    };
    for (const [name, files] of Object.entries(named)) {
      const model = writeTinyModel(join(folder, name), {
        'tokenizer.json': letterTokenizer(bosTemplate),
        ...files,
      });
      expect(
        (await written(model, ...drawn)).texts.base.map((t) => t.id),
        name,
      ).toEqual(free.slice(0, at + 1));
      expect(
        (await cli('generate', 'the sun', '--model', model, ...few, '--temperature', '2')).err,
        name,
      ).toContain(`${at + 1} tokens in`);
    }
  });
});

const letterOf = (id: number): string | undefined =>
  Object.entries(letterTokenizer(null).model.vocab).find(([, i]) => i === id)?.[0];
