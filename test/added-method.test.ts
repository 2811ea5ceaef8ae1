/**
 * Tests that an importance method can be added with its file, its words and their lines in the
 * registry.
 * Schema, link, run, words and the page's choices must include it.
 */
import { renderToStaticMarkup } from 'react-dom/server';
import { createElement } from 'react';
import { expect, test, vi } from 'vitest';
import { defined } from '../src/checked.ts';
import type { TokenBatch } from '../src/engine/engine.ts';
import { decodeLink, encodeLink } from '../src/experiment/link.ts';
import { parseResult } from '../src/experiment/result-file.ts';
import { defaultSpec, parseSpec } from '../src/experiment/schema.ts';
import { differences, setByPaths } from '../src/experiment/settings.ts';
import type { WordsOf } from '../src/methods/importance/contract.ts';
import type * as Registry from '../src/methods/importance/registry.ts';
import { IMPORTANCES } from '../src/methods/importance/registry.ts';
import { byMethod, methodFields, METHODS } from '../src/spec/method.ts';
import type { MethodName } from '../src/spec/spec.ts';
import { AGREE_METHODS } from '../src/studies/agree/settings.ts';
import { costOfAll, drawsAsked, perturbationOf } from '../src/studies/map/draws.ts';
import { runMap } from '../src/studies/map/run.ts';
import { measurementOf, reduce, type Measurement } from '../src/studies/map/state.ts';
import { pulled } from '../src/studies/pulled.ts';
import { RACE_ENTRIES, type RaceEntry } from '../src/studies/race/entries.ts';
import { entryWords } from '../src/studies/race/entry-words.ts';
import { Method } from '../src/ui/sidebar/Method.tsx';
import { LOOKS } from '../src/ui/studies/race/look.ts';
import { describeChange, nameOf } from '../src/words/describe.ts';
import { en } from '../src/words/en.ts';
import { ja } from '../src/words/ja.ts';
import { arithmeticEngine } from './arithmetic-engine.ts';
import type { dummy } from './fixtures/dummy-method/dummy.ts';
import { dummyWords } from './fixtures/dummy-method/dummy.words.ts';

/** The additional lines in the registry. */
vi.mock('../src/methods/importance/registry.ts', async (original) => {
  const real = await original<typeof Registry>();
  const { registryOf } = await import('../src/methods/importance/registering.ts');
  const { dummy } = await import('./fixtures/dummy-method/dummy.ts');
  const { dummyWords } = await import('./fixtures/dummy-method/dummy.words.ts');
  return {
    ...real,
    ...registryOf({ ...real.registered, dummy }),
    importanceWords: { ...real.importanceWords, dummy: dummyWords },
  };
});

const NAME = 'dummy' as MethodName;
const settings = { name: NAME, repeats: 2, first: 3, counted: 'down' };
const ids = [[1, 2, 3, 4]];
const spec = parseSpec({ text: { kind: 'ids', ids }, method: settings });

test('an experiment names it, with its own defaults and limits', () => {
  expect(parseSpec({ method: { name: NAME } }).method).toEqual({
    name: NAME,
    repeats: 3,
    first: 1,
    counted: 'up',
  });
  expect(() => parseSpec({ method: { name: NAME, first: 10 } })).toThrow('method.first');
  expect(
    setByPaths(defaultSpec(), [
      ['method.name', NAME],
      ['method.first', '4'],
    ]).method,
  ).toEqual({ name: NAME, repeats: 3, first: 4, counted: 'up' });
  expect(differences(setByPaths(defaultSpec(), [['method.name', NAME]]))).toEqual({
    method: { name: NAME },
  });
});

test('it has no noise: none is passed, and its modules would be perturbed by std(W)', () => {
  const noisy = parseSpec({ method: { noise: { scale: 'fixed', sigma: 0.1 } } });
  expect(byMethod(noisy, NAME).method).not.toHaveProperty('noise');
  expect(byMethod(byMethod(noisy, NAME), 'jacobian').method).toHaveProperty('noise', {
    scale: 'std',
  });
  expect(perturbationOf(spec.method)).toMatchObject({
    variant: 'two-draws',
    noise: { scale: 'std' },
  });
});

test('a link carries it', async () => {
  const { spec: opened, damaged } = await decodeLink(await encodeLink(spec));
  expect(opened).toEqual(spec);
  expect(damaged).toEqual([]);
});

test('the run loop runs it, and its file can be read', async () => {
  const engine = arithmeticEngine();
  const batch: TokenBatch = { ids: Int32Array.from(ids.flat()), sequences: 1, length: 4 };
  let last: Measurement | null = null;
  let time = 0;
  for await (const { state } of pulled(
    { run: runMap, reduce },
    {
      spec,
      engine,
      tokens: async () => batch,
      model: engine.facts,
      versions: { rankAtlas: '0', onnxruntime: '0' },
      now: () => time++,
    },
  ))
    last = state;
  const result = defined(defined<Measurement | null>(last).result);
  expect(result.modules.map((m) => m.importance)).toEqual([6, 6, 5, 5, 4, 4, 3, 3]);
  expect(result.modules.every((m) => m.draws.length === 2 && m.measured === undefined)).toBe(true);
  expect(parseResult(JSON.parse(JSON.stringify(result)))).toEqual(result);
  expect(measurementOf(result).draws).toEqual(result.modules.map((m) => m.draws));
  expect(drawsAsked(spec.method)).toBe(2);
  expect(costOfAll(spec.method, engine.facts, 4)).toBeCloseTo(2 * 3 * 5);
});

test('it has words in both languages', () => {
  expect([en, ja].map((words) => words.methods.names[NAME])).toEqual(['Layer number', '層の番号']);
  expect(nameOf(en, spec)).toContain('Layer number');
  const change = { path: 'method.counted', from: 'up', to: 'down' };
  expect(describeChange(en, change)).toMatch(/Counted.*upwards.*downwards/);
  expect(describeChange(ja, change)).toMatch(/数え方/);
  for (const language of ['en', 'ja'] as const)
    expect(entryWords(language).names[NAME]).toBe(dummyWords[language].name);
});

test('words without Japanese, or without those of a setting, are an error to the compiler', () => {
  const { en, ja } = dummyWords;
  const whole: WordsOf<typeof dummy> = dummyWords;
  // @ts-expect-error: no Japanese
  const english: WordsOf<typeof dummy> = { en };
  const { repeats, first } = ja.fields;
  // @ts-expect-error: a setting has no words
  const partial: WordsOf<typeof dummy> = { en, ja: { ...ja, fields: { repeats, first } } };
  expect([whole, english, partial].map((words) => Object.keys(words).length)).toEqual([2, 1, 2]);
});

test('the page offers it: on the map with a field for each setting, in the race, for comparison', () => {
  expect(METHODS.at(-1)).toBe(NAME);
  const page = renderToStaticMarkup(createElement(Method));
  expect(page).toContain('value="dummy"');
  expect(page).toContain('Layer number');
  expect(methodFields(NAME)).toEqual([
    { key: 'repeats', normal: 3, kind: 'whole', min: 1, max: 64 },
    { key: 'first', normal: 1, kind: 'whole', min: 1, max: 9 },
    { key: 'counted', normal: 'up', kind: 'choice', options: ['up', 'down'] },
  ]);
  expect(IMPORTANCES).toContain(NAME);
  expect(AGREE_METHODS).toContain(NAME);
  expect(RACE_ENTRIES.slice(-2)).toEqual([NAME, 'imported'] satisfies RaceEntry[]);
  expect(new Set(RACE_ENTRIES.map((e) => `${LOOKS[e].stroke} ${LOOKS[e].dash}`)).size).toBe(
    RACE_ENTRIES.length,
  );
});

test('nothing else changes: defaults of experiments are the same', () => {
  expect(defaultSpec().agree.methods).not.toContain(NAME);
  expect(defaultSpec().method.name).toBe('adarank');
});
