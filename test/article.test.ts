/** Tests the article: terms exist, numbers are those of the documentation, languages agree. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Language } from '../src/language/language.ts';
import { bibtex } from '../src/ui/article/bibtex.ts';
import { papers } from '../src/ui/article/papers.ts';
import { partsOf } from '../src/ui/article/parts.ts';
import { articleWords } from '../src/words/article-words.ts';
import { TERMS } from '../src/words/glossary.ts';

const LANGUAGES: readonly Language[] = ['en', 'ja'];
const page = (path: string) =>
  readFileSync(new URL(`../${path}`, import.meta.url), 'utf8').replace(/\s+/g, ' ');

/** All texts of a part of the words. */
const textsIn = (value: unknown): string[] =>
  typeof value === 'string'
    ? [value]
    : typeof value === 'object' && value !== null
      ? Object.values(value).flatMap(textsIn)
      : [];

test('a text is split into plain parts, terms and links', () => {
  expect(partsOf('A [term](key), and [a page](https://example.org).')).toEqual([
    { text: 'A ', target: null },
    { text: 'term', target: 'key' },
    { text: ', and ', target: null },
    { text: 'a page', target: 'https://example.org' },
    { text: '.', target: null },
  ]);
});

test.each(LANGUAGES)('every marked term is in the glossary (%s)', (language) => {
  const targets = textsIn(articleWords[language])
    .flatMap(partsOf)
    .flatMap(({ target }) => target ?? []);
  expect(targets.length).toBeGreaterThan(30);
  expect(targets.filter((t) => !(TERMS as string[]).includes(t))).toEqual([]);
});

test('every number of the article is in the documentation, and both languages have the same', () => {
  const docs = [
    'README.md',
    ...['jacobian', 'race', 'qdylora', 'losa', 'compress-to-impress'].map((f) => `docs/${f}.md`),
  ].map(page);
  const figures = (language: Language) => {
    const { probe, result, ofStudy } = articleWords[language];
    return textsIn([probe.found, result, ofStudy])
      .flatMap((text) => text.match(/[−+]?\d+\.\d+|\d+\/\d+/g) ?? [])
      .sort();
  };
  expect(figures('en').length).toBeGreaterThan(25);
  expect(figures('en').filter((f) => !docs.some((text) => text.includes(f)))).toEqual([]);
  expect(figures('ja')).toEqual(figures('en'));
});

test('the rows of results are rows of the README', () => {
  const readme = page('README.md');
  for (const [name = '', ...cells] of articleWords.en.result.rows)
    expect(readme).toMatch(
      new RegExp(
        `\\| ${name} \\| ${cells.map((c) => c.replace(/[[\]+.]/g, '\\$&')).join(' +\\| ')} +\\|`,
      ),
    );
});

test('titles and numbers of the papers are those of the documentation', () => {
  const docs = ['lora', 'adarank', 'qdylora', 'losa', 'compress-to-impress'].map((f) =>
    page(`docs/${f}.md`),
  );
  expect(papers).toHaveLength(5);
  for (const { title, arxiv } of papers)
    expect(docs.some((text) => text.includes(`_${title}_`) && text.includes(arxiv))).toBe(true);
});

test('BibTeX and CITATION.cff name the same software', () => {
  const citation = page('CITATION.cff');
  const { version } = JSON.parse(page('package.json')) as { version: string };
  const [software = '', ...others] = bibtex().trim().split('\n\n');
  expect(citation).toContain(`version: ${version} `);
  expect(software).toBe(`@software{rank-atlas,
  title = {{Rank Atlas}},
  author = {{Rank Atlas contributors}},
  version = {${version}},
  license = {Apache-2.0}
}`);
  for (const field of ['title: Rank Atlas', 'name: Rank Atlas contributors', 'license: Apache-2.0'])
    expect(citation).toContain(field);
  expect(others.map((entry) => /eprint = {(.+)}/.exec(entry)?.[1])).toEqual(
    papers.map(({ arxiv }) => arxiv),
  );
});
