/** Tests that the methods paragraph states the run's settings, in both languages. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseResult } from '../experiment/result-file.ts';
import { presetSpec, defaultSpec, parseSpec } from '../experiment/schema.ts';
import { settingsOf } from '../experiment/settings.ts';
import { STUDIES } from '../studies/registry.ts';
import { en } from './en.ts';
import { ja } from './ja.ts';
import { methodsParagraph } from './methods-paragraph.ts';

const result = parseResult(JSON.parse(readFileSync('public/recorded/atlas-3m.json', 'utf8')));
const command = 'npx rank-atlas run where';
const written = (
  change: object = {},
  studied: ReturnType<typeof defaultSpec> | null = null,
  words = en,
) =>
  methodsParagraph(
    words,
    { ...result, spec: parseSpec({ ...result.spec, ...change }) },
    { studied, command },
  );

test('it names model, method, batch, versions and the command', () => {
  const text = written();
  for (const part of [
    '56 linear layers of Atlas 3.5M',
    result.model.hash.slice(0, 12),
    result.tokens.hash.slice(0, 12),
    'AdaRank, 5 repeats',
    '2 sequences of 32 tokens',
    'mean rank 8',
    'noise std(W)',
    `Rank Atlas ${result.versions.rankAtlas}`,
    `ONNX Runtime ${result.versions.onnxruntime}`,
    `\`${command}\``,
  ])
    expect(text).toContain(part);
});

test.each([
  [{ seed: 77 }, /seed was 77/],
  [{ method: { repeats: 9 } }, /9 repeats/],
  [{ method: { variant: 'clean' } }, /clean/],
  [{ method: { noise: { scale: 'fixed', sigma: 0.05 } } }, /noise σ = 0\.05/],
  [{ method: { vocabularySample: 512 } }, /vocabulary sample 512/],
  [{ method: { name: 'jacobian', perToken: true } }, /Jacobian/],
  [{ allocation: { meanRank: 3.5 } }, /mean rank 3\.5/],
  [{ allocation: { rounding: 'exact', rMin: 2, rMax: 31 } }, /minimum rank 2, maximum rank 31/],
  [{ allocation: { unit: 'parameters' } }, /budget parameters/],
  [{ base: 'pruned' }, /pruned/],
  [{ bos: 'none' }, /BOS none/i],
])('a setting changes the paragraph: %j', (change, says) => {
  expect(written(change)).toMatch(says);
  expect(written(change, null, ja)).not.toBe(written({}, null, ja));
});

test.each(STUDIES.filter((study) => study !== 'map'))('every setting of %s is named', (study) => {
  const spec = { ...defaultSpec(), study };
  const text = written({}, spec);
  expect(text).toContain('Study “');
  expect(text).not.toContain('[object');
  // One name and value for each setting.
  const own = settingsOf(spec[study], study);
  const said = text.slice(text.indexOf('Study “')).split(', ');
  expect(said.length).toBeGreaterThanOrEqual(own.length);
});

test('a race states how its adapters were trained', () => {
  const text = written({}, { ...presetSpec('race'), seed: 5 });
  for (const part of ['seed 5', 'steps 60', 'learning rate 0.002', 'seeds 1', 'mean ranks 1'])
    expect(text).toContain(part);
});
