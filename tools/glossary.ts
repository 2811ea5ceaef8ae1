/** `npm run generate:glossary`: generates the page's glossary from docs/glossary.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { defined } from '../src/checked.ts';

const root = resolve(import.meta.dirname, '..');

interface Words {
  name: string;
  /** The definition as plain text. */
  text: string;
}

interface Entry {
  /** The key of the term in `words.glossary`. */
  key: string;
  en: Words;
  ja: Words;
}

const plain = (cell: string | undefined) => defined(cell).replaceAll('`', '');

/**
 * Returns the rows with a key in the column "Page", in order. Throws for a row without six columns
 * and for a duplicate key.
 */
export function entriesOf(markdown: string): Entry[] {
  const rows = markdown.split('\n').filter((line) => line.startsWith('|'));
  const entries = rows.flatMap((line): Entry[] => {
    const [en, enText, ja, jaText, , page, ...more] = line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
    if (page === undefined || more.length > 0) throw new Error(`not six columns: ${line}`);
    const key = /^`(\w+)`$/.exec(page)?.[1];
    if (key === undefined) return [];
    return [
      {
        key,
        en: { name: plain(en), text: plain(enText) },
        ja: { name: plain(ja), text: plain(jaText) },
      },
    ];
  });
  if (new Set(entries.map((e) => e.key)).size < entries.length)
    throw new Error('docs/glossary.md has a key twice');
  return entries;
}

/** Returns the source of `src/words/glossary.<language>.ts`. */
export async function moduleOf(entries: readonly Entry[], language: 'en' | 'ja'): Promise<string> {
  const path = fileOf(language);
  const object = (of: 'name' | 'text') =>
    JSON.stringify(Object.fromEntries(entries.map((e) => [e.key, e[language][of]])));
  return format(
    `/** Generated from docs/glossary.md by \`npm run generate:glossary\`. */\n` +
      `export const glossaryNames = ${object('name')};\n\n` +
      `export const glossary = ${object('text')};\n`,
    { ...(await resolveConfig(path)), filepath: path },
  );
}

export const fileOf = (language: 'en' | 'ja'): string =>
  join(root, `src/words/glossary.${language}.ts`);

export const readEntries = (): Entry[] =>
  entriesOf(readFileSync(join(root, 'docs/glossary.md'), 'utf8'));

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  for (const language of ['en', 'ja'] as const)
    writeFileSync(fileOf(language), await moduleOf(readEntries(), language));
