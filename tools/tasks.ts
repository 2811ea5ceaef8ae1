/**
 * `npx tsx tools/tasks.ts`: generates the two bundled multiple-choice sets from the bundled
 * held-out text. The same text gives the same sets. In one set, options are single tokens of the
 * bundled model, which saves a pass; other models can use the set too.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { defined, elementAt } from '../src/checked.ts';
import { loadModel } from '../src/runtime/load.ts';
import { bundledModel, bundledText } from '../cli/bundled.ts';
import { uniform } from '../src/device/random.ts';
import { moduleKeys } from '../src/device/streams.ts';

const ROWS = 300;
interface Row {
  question: string;
  options: string[];
  answer: number;
}

const text = (await bundledText('atlas-heldout')).replace(/_/g, '');
const tokenizer = await (await loadModel(await bundledModel('atlas-3m'))).open.tokenizer();
const { source, licence } = defined(
  (
    JSON.parse(await readFile(new URL('../public/texts/index.json', import.meta.url), 'utf8')) as {
      id: string;
      source: string;
      licence: string;
    }[]
  ).find((t) => t.id === 'atlas-heldout'),
);

/** Passages of prose or verse, as lists of words. */
const passages = text
  .split(/\n\s*\n/)
  .map((p) => p.replace(/\s+/g, ' ').trim().split(' '))
  .filter((words) => words.length >= 24);
const draw = (stream: number) => {
  const keys = moduleKeys(1, stream, 0);
  let i = 0;
  return (below: number) => Math.floor(uniform(keys, i++) * below);
};

/** A row with the right option inserted at `at`. */
function row(question: string, right: string, others: string[], at: number): Row {
  const options = [...others];
  options.splice(at, 0, right);
  return { question, options, answer: at };
}

function nextWords(): Row[] {
  const next = draw(1);
  const one = (word: string) =>
    /^[a-z]{4,}$/.test(word) && tokenizer.encode(` ${word}`).length === 1;
  const known = new Map<string, number>();
  for (const words of passages)
    for (const word of words) if (one(word)) known.set(word, (known.get(word) ?? 0) + 1);
  // Wrong options have a similar frequency, so that frequency does not reveal the answer.
  const ordered = [...known]
    .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    .map(([word]) => word);
  const places = new Map(ordered.map((word, i) => [word, i]));
  const rows: Row[] = [];
  const seen = new Set<string>();
  while (rows.length < ROWS) {
    const words = elementAt(passages, next(passages.length));
    const start = next(words.length - 20);
    const end = start + 14 + next(5);
    const word = words[end];
    const question = words.slice(start, end).join(' ');
    if (
      word === undefined ||
      !places.has(word) ||
      seen.has(question) ||
      tokenizer.encode(question).length > 32
    )
      continue;
    const near = new Set<string>();
    while (near.size < 3) {
      const other: string = elementAt(
        ordered,
        Math.min(ordered.length - 1, Math.max(0, defined(places.get(word)) - 20 + next(41))),
      );
      if (other !== word) near.add(other);
    }
    seen.add(question);
    rows.push(
      row(
        question,
        ` ${word}`,
        [...near].map((w) => ` ${w}`),
        next(4),
      ),
    );
  }
  return rows;
}

function continuations(): Row[] {
  const next = draw(2);
  const rows: Row[] = [];
  const seen = new Set<string>();
  const passage = () => {
    const words = elementAt(passages, next(passages.length));
    const start = next(words.length - 22);
    return words.slice(start, start + 18);
  };
  while (rows.length < ROWS) {
    const words = passage();
    const question = words.slice(0, 14).join(' ');
    const ends = [words, passage(), passage()].map((w) => ` ${w.slice(14).join(' ')}`);
    if (
      seen.has(question) ||
      new Set(ends).size < 3 ||
      tokenizer.encode(question + elementAt(ends, 0)).length > 40
    )
      continue;
    seen.add(question);
    rows.push(row(question, elementAt(ends, 0), ends.slice(1), next(3)));
  }
  return rows;
}

const sets = [
  { id: 'next-word', title: 'Which word comes next', rows: nextWords() },
  { id: 'continuation', title: 'Which four words go on', rows: continuations() },
];
for (const set of sets) {
  const { rows, ...head } = set;
  const body = JSON.stringify({
    ...head,
    licence,
    source: `public/texts/atlas-heldout.txt: ${source}`,
  }).slice(0, -1);
  await writeFile(
    new URL(`../public/tasks/${set.id}.json`, import.meta.url),
    `${body},"rows":[\n${rows.map((r) => JSON.stringify(r)).join(',\n')}\n]}\n`,
  );
}
