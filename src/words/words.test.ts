import { describe, expect, test } from 'vitest';
import { errorTable, type ErrorCode } from '../errors.ts';
import { certaintyWords } from './describe.ts';
import { en } from './en.ts';
import { ja } from './ja.ts';
import { articleWords } from './article-words.ts';
import { shareWords } from './share-words.ts';
import { glossaries } from './glossary.ts';
import { adapterChoiceWords } from './adapter-choice-words.ts';
import { remoteWords } from './remote-words.ts';
import { embedWords } from './embed-words.ts';
import { linkedRunWords } from './linked-run-words.ts';
import { tourWords } from './tour-words.ts';
import { presets } from '../experiment/schema.ts';
import type { Language } from '../language/language.ts';
import { manifestOf } from '../studies/manifest-of.ts';
import { STUDIES } from '../studies/registry.ts';

/** Every leaf of a catalogue with its path. */
function leaves(value: unknown, path = ''): [string, unknown][] {
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).flatMap(([k, v]) => leaves(v, path ? `${path}.${k}` : k));
  return [[path, value]];
}

/** Names that are the same in every language: symbols, file formats, key names, units. */
const sameEverywhere =
  /^(methods\.(names\.(adarank|jacobian)|of\.((adarank|jacobian)\.name|.*\.(ranges|source)))|race\.names\.(adarank|jacobian|eva|fisher)|map\.(svg|csv|subtitle)|chips\.(gpu|cpu|cpuShort)|sidebar\.(sigma)|modulePanel\.(delta|format|whys\..*\.source)|help\.keyList|header\.other|glossary\.glossaryNames\.(lora|l1|nat|mlp|qdylora|adarank|nf4|bos|wanda|losa|rmi)|map\.mlp|strip\.none|map\.column\.interval|prune\.ways\.losa|article\.(result\.(head\.[12]|rows\.\d\.[12])|cite\.bibtex|methods\.space)|(changes\.samples|samples\.settings)\.topP)/;

/** The words of every study: panel, labels and presets. */
const catalogues = import.meta.glob<Record<string, Record<Language, object>>>(
  ['../studies/*/words.ts'],
  { eager: true },
);
const wordsOfStudies = (language: Language) => ({
  ...Object.fromEntries(
    Object.values(catalogues).flatMap((module) =>
      Object.entries(module).map(([name, words]) => [name.replace(/Words$/, ''), words[language]]),
    ),
  ),
  labels: STUDIES.map((name) => manifestOf(name).labels[language]),
  presets: Object.fromEntries([...presets].map(([name, preset]) => [name, preset[language]])),
});

describe('Japanese', () => {
  const english = new Map(
    leaves({
      ...en,
      ...wordsOfStudies('en'),
      remote: remoteWords.en,
      embed: embedWords.en,
      linkedRun: linkedRunWords.en,
      tour: tourWords.en,
      glossary: glossaries.en,
      article: articleWords.en,
      share: shareWords.en,
      choice: adapterChoiceWords.en,
    }),
  );
  const japanese = new Map(
    leaves({
      ...ja,
      ...wordsOfStudies('ja'),
      remote: remoteWords.ja,
      embed: embedWords.ja,
      linkedRun: linkedRunWords.ja,
      tour: tourWords.ja,
      glossary: glossaries.ja,
      article: articleWords.ja,
      share: shareWords.ja,
      choice: adapterChoiceWords.ja,
    }),
  );

  test('has every word the English has, and no other', () => {
    expect([...japanese.keys()].filter((k) => !k.startsWith('help.')).sort()).toEqual(
      [...english.keys()].filter((k) => !k.startsWith('help.')).sort(),
    );
    expect(ja.help.keyList.map(([key]) => key)).toEqual(en.help.keyList.map(([key]) => key));
  });

  test('leaves no sentence in English', () => {
    const untranslated = [...english].filter(
      ([path, value]) =>
        typeof value === 'string' && value === japanese.get(path) && !sameEverywhere.test(path),
    );
    expect(untranslated).toEqual([]);
  });

  test('writes every error in Japanese, with all its values in it', () => {
    const values = {
      file: 'FILE',
      why: 'WHY',
      part: 'PART',
      where: 'WHERE',
      operator: 'OPERATOR',
      remedy: 'REMEDY',
      provider: 'PROVIDER',
      error: 'ERROR',
      allowed: 'ALLOWED',
      needed: 'NEEDED',
      what: 'WHAT',
      at: 'AT',
      option: 'OPTION',
      version: 'VERSION',
      host: 'HOST',
      repository: 'REPOSITORY',
      status: 'STATUS',
      loaded: 'LOADED',
      total: 'TOTAL',
      size: 'SIZE',
    };
    for (const code of Object.keys(errorTable) as ErrorCode[]) {
      const used = (sentence: string) =>
        Object.values(values)
          .filter((v) => sentence.includes(v))
          .sort();
      expect(ja.error(code, values), code).toMatch(/[ぁ-んァ-ヶ一-龠]/);
      expect(used(ja.error(code, values)), code).toEqual(used(en.error(code, values)));
    }
  });
});

test('numbers keep their decimals and use a real minus', () => {
  expect(en.chips.memory(61e6, 4096e6)).toBe('61 of 4,096 MB');
  expect(ja.chips.memory(61e6, 4096e6)).toBe('61 / 4,096 MB');
});

test('a comparison says how many ranks change, and for how many the intervals do not overlap', () => {
  expect(en.compare.finding(31, 56, 8)).toBe('31 of 56 ranks change at mean rank 8.');
  expect(en.compare.finding(0, 56, 0.5)).toBe('None of 56 ranks change at mean rank 0.5.');
  expect(en.compare.how(31, 14)).toMatch(/^For 14 of them, in bold, /);
  expect(en.compare.how(31, 0)).toMatch(/^The 95 % intervals of all of them overlap\. /);
  expect(en.compare.how(31, null)).toMatch(/too few repeats for intervals/);
  expect(ja.compare.how(31, 14)).toContain('14個（太字）');
  expect(ja.compare.how(31, 0)).not.toContain('太字');
});

test('what is spent names full ranks, and rounding only if it leaves something', () => {
  const spent = { spent: 424, budget: 448, left: 24, unit: 'ranks', rounding: 'floor' } as const;
  expect(en.sidebar.spends({ ...spent, full: 0, of: 56 })).toBe(
    'Spends 424 of 448 ranks; rounding down leaves 24.',
  );
  expect(en.sidebar.spends({ ...spent, full: 3, of: 56 })).toBe(
    'Spends 424 of 448 ranks; rounding down leaves 24. At full rank: 3 of 56 modules.',
  );
  expect(en.sidebar.spends({ ...spent, full: 56, of: 56 })).toBe(
    'Spends 424 of 448 ranks; every module is at full rank.',
  );
});

test('a method whose intervals leave out an error settles nothing', () => {
  expect(certaintyWords(en, 'adarank').one).toBe('settled');
  expect(certaintyWords(en, 'jacobian')).toMatchObject({
    one: 'one rank',
    several: 'several ranks',
  });
  expect(en.map.sure(16, 56, '5 repeats')).toBe('At 5 repeats, 16 of 56 ranks are settled.');
  expect(en.map.surePartial(28, 56, '8 passes')).not.toContain('settled');
});
