/**
 * Tests references to docs/: sections cited in code, links between pages, the generated glossary.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { defined } from '../src/checked.ts';
import { entriesOf, fileOf, moduleOf, readEntries } from '../tools/glossary.ts';

const root = resolve(import.meta.dirname, '..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const filesIn = (folder: string, name: RegExp) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => name.test(file))
    .map((file) => join(folder, file));

const headingsOf = (markdown: string) =>
  [...markdown.replace(/^```.*?^```/gms, '').matchAll(/^#+ (.+)$/gm)].map(([, text]) =>
    defined(text),
  );

/** The anchor that GitHub creates for a heading. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');

/** The sections that a text cites, by number or heading: "3" or "Budget unit". */
const citationsIn = (text: string) =>
  [
    ...text
      .replace(/\s*\n\s*(\*|\/\/)?\s*/g, ' ')
      .matchAll(/methods\.md,? (?:§(\d+)(?:, "([^"]+)"| and (?:§)?(\d+))?|"([^"]+)")/g),
  ].flatMap((match) => match.slice(1).filter(Boolean));

const missingIn = (text: string, sections: readonly string[]) =>
  citationsIn(text).filter(
    (cited) => !sections.some((s) => s === cited || s.startsWith(`${cited}. `)),
  );

const sections = headingsOf(read('docs/methods.md'));
const sources = [
  ...['src', 'cli', 'bench', 'tools'].flatMap((f) => filesIn(f, /\.(ts|tsx|mjs)$/)),
  ...filesIn('test', /\.ts$/).filter((f) => f !== join('test', 'docs.test.ts')),
  ...filesIn('shaders', /\.(wgsl|ts)$/),
  ...filesIn('docs', /\.md$/),
].filter((file) => !file.includes('node_modules'));

test('every section of methods.md that is cited exists', () => {
  expect(missingIn('as in methods.md §1 and 99', sections)).toEqual(['99']);
  expect(missingIn(' * methods.md,\n * "No such\n * section"', sections)).toEqual([
    'No such section',
  ]);
  expect(sources.flatMap((file) => citationsIn(read(file))).length).toBeGreaterThan(40);
  expect(
    sources.flatMap((file) => missingIn(read(file), sections).map((s) => `${file}: ${s}`)),
  ).toEqual([]);
});

test('links between pages of the documentation lead to a file and a heading', () => {
  const pages = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...filesIn('docs', /\.md$/)];
  const broken = pages.flatMap((page) =>
    [...read(page).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)].flatMap(
      ([, file, anchor]) => {
        const target =
          file === '' ? page : relative(root, resolve(root, dirname(page), defined(file)));
        const found =
          existsSync(join(root, target)) &&
          (anchor === undefined || headingsOf(read(target)).map(anchorOf).includes(anchor));
        return found ? [] : [`${page}: ${file}#${anchor ?? ''}`];
      },
    ),
  );
  expect(broken).toEqual([]);
});

test.each(['en', 'ja'] as const)('the glossary of the page is docs/glossary.md (%s)', async (l) => {
  expect(readFileSync(fileOf(l), 'utf8')).toBe(await moduleOf(readEntries(), l));
});

test('rows of the glossary have six columns and keys of their own', () => {
  const row = '| rank | A. | ランク | あ。 | §1 | `rank` |';
  expect(entriesOf(row)).toEqual([
    { key: 'rank', en: { name: 'rank', text: 'A.' }, ja: { name: 'ランク', text: 'あ。' } },
  ]);
  expect(() => entriesOf('| rank | A | B. | ランク | あ。 | §1 | `rank` |')).toThrow('six columns');
  expect(() => entriesOf(`${row}\n${row}`)).toThrow('twice');
});
