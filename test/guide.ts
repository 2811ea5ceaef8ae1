/**
 * Follows a page of `docs/guides/` in a copy of the repository. The word after a block's language
 * says what to do with the block:
 *
 * - `ts PATH` is a whole file.
 * - `diff PATH` edits a file. Empty lines separate hunks, each of which fits in exactly one place.
 * - `sh run` is run.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');

interface Block {
  language: string;
  /** The rest of the line after the language; empty if there is none. */
  mark: string;
  text: string;
}

/** The code blocks of a page of the documentation, in order. */
export const blocksOf = (page: string): Block[] =>
  [...readFileSync(join(root, page), 'utf8').matchAll(/^```(\w+) ?(.*)\n([^]*?)^```$/gm)].map(
    ([, language = '', mark = '', text = '']) => ({ language, mark, text }),
  );

/** Follows a guide in the copy. Returns what its commands print, one entry per `sh run` block. */
export function follow(guide: string, copy: string): string[] {
  return blocksOf(`docs/guides/${guide}.md`).flatMap(({ language, mark, text }) => {
    if (mark === '') return [];
    if (language === 'sh') return [run(text, copy)];
    const file = join(copy, mark);
    writeFileSync(file, language === 'diff' ? edited(readFileSync(file, 'utf8'), text) : text);
    return [];
  });
}

/** Runs shell commands. Throws if one of them fails. */
const run = (commands: string, cwd: string): string =>
  execFileSync('bash', ['-ec', commands], {
    cwd,
    encoding: 'utf8',
    stdio: 'pipe',
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined },
  });

function edited(file: string, diff: string): string {
  return diff
    .trimEnd()
    .split('\n\n')
    .reduce((now, hunk) => {
      const lines = hunk.split('\n');
      const linesWithout = (sign: string) =>
        lines
          .filter((line) => !line.startsWith(sign))
          .map((line) => `${line.slice(1)}\n`)
          .join('');
      const [before = '', after, ...others] = now.split(linesWithout('+'));
      if (after === undefined || others.length > 0)
        throw new Error(`A guide edits lines that are not in exactly one place:\n${hunk}`);
      return before + linesWithout('-') + after;
    }, file);
}
