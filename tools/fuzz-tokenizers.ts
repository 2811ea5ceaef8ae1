/**
 * `npm run fuzz:tokenizers [-- --seed N --files N --texts N] [tokenizer.json …]`: compares ids and
 * decoded texts of random tokenizer.json files with the reference library in Python (`PYTHON`, by
 * default `python3`; `pip install tokenizers==0.23.3 sentencepiece`).
 *
 * Prints the seed and the counts, adds a line to docs/tokenizers-fuzz.json, and exits with 1 if
 * there is a difference.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { defined } from '../src/checked.ts';
import { loadTokenizer } from '../src/model/tokenizer.ts';

interface Case {
  text: string;
  ids: number[] | null;
  decoded: string | null;
  others: number[];
  othersDecoded: string | null;
}
interface Row {
  json?: string;
  path?: string;
  refused?: true;
  died?: true;
  cases?: Case[];
}

const { values, positionals: paths } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: '1' },
    files: { type: 'string', default: '5000' },
    texts: { type: 'string', default: '42' },
  },
});
const record = 'docs/tokenizers-fuzz.json';
const started = performance.now();
const count = {
  files: 0,
  accepted: 0,
  bothRefuse: 0,
  referenceDied: 0,
  onlyWeRefuse: 0,
  pairs: 0,
  ids: 0,
  textsBothRefuse: 0,
  searchLimit: 0,
  decoded: 0,
  differences: 0,
};
const stricter = new Map<string, number>();

const reason = (error: unknown) =>
  (error as Error).message.replace(/^.*?not a usable tokenizer: /, '');
const attempt = <T>(work: () => T): { value: T | null; why: string } => {
  try {
    return { value: work(), why: '' };
  } catch (error) {
    return { value: null, why: reason(error) };
  }
};

function differs({
  what,
  json,
  text,
  expected,
  got,
}: {
  what: string;
  json: string;
  text: unknown;
  expected: unknown;
  got: unknown;
}): void {
  count.differences++;
  if (count.differences <= 20)
    console.log(
      `DIFFERENT ${what}\n  text ${JSON.stringify(text)}\n  reference ${JSON.stringify(expected)}\n  here ${JSON.stringify(got)}\n  file ${json.slice(0, 3000)}`,
    );
}

async function compare({ json, path, refused, died, cases }: Row): Promise<void> {
  count.files++;
  if (died) {
    count.referenceDied++;
    return;
  }
  const name = json ?? defined(path);
  let tokenizer;
  try {
    tokenizer = await loadTokenizer(
      path === undefined ? new TextEncoder().encode(json) : readFileSync(path),
    );
  } catch (error) {
    const why = reason(error);
    if (refused) count.bothRefuse++;
    else if (
      /share the id|is not below|vocabulary is empty|at random|is there twice|not its own|has no text|added tokens alike/.test(
        why,
      )
    ) {
      // Files that this product refuses on purpose.
      count.onlyWeRefuse++;
      stricter.set(
        why.replace(/\d+|".*"/g, '…'),
        (stricter.get(why.replace(/\d+|".*"/g, '…')) ?? 0) + 1,
      );
    } else
      differs({
        what: 'file: only here refused',
        json: name,
        text: null,
        expected: 'accepted',
        got: why,
      });
    return;
  }
  if (refused)
    return differs({
      what: 'file: only here accepted',
      json: name,
      text: null,
      expected: 'refused',
      got: 'accepted',
    });
  count.accepted++;
  for (const { text, ids, decoded, others, othersDecoded } of defined(cases)) {
    const got = attempt(() => [...tokenizer.encode(text)]);
    count.pairs++;
    if (/retry-limit-in-search|too many steps/.test(got.why)) count.searchLimit++;
    else if (JSON.stringify(got.value) !== JSON.stringify(ids))
      differs({ what: 'ids', json: name, text, expected: ids, got: got.value ?? got.why });
    else if (ids === null) count.textsBothRefuse++;
    else count.ids += ids.length;
    for (const [from, expected] of [
      [ids, decoded],
      [others, othersDecoded],
    ] as const) {
      if (from === null) continue;
      const back = attempt(() => tokenizer.decode(from));
      count.decoded++;
      if (back.value !== expected)
        differs({ what: 'decoded', json: name, text: from, expected, got: back.value ?? back.why });
    }
  }
}

const python = spawn(
  process.env.PYTHON ?? 'python3',
  ['tools/tokenizers/fuzz.py', values.seed, values.files, values.texts, ...paths],
  { stdio: ['ignore', 'pipe', process.env.VERBOSE ? 'inherit' : 'ignore'] },
);
const ended = new Promise<number | null>((done) => python.on('close', done));
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    stop.abort();
    python.kill();
  }); // the comparisons made so far count
for await (const line of createInterface({ input: python.stdout })) {
  if (stop.signal.aborted) break;
  await compare(JSON.parse(line) as Row);
  if (count.files % 100 === 0)
    console.log(
      `${count.files} files, ${count.pairs} pairs, ${count.differences} differences, ${((performance.now() - started) / 1000).toFixed(0)} s`,
    );
}
const code = await ended;
if (code !== 0 && !stop.signal.aborted) {
  console.error(
    `python ended with ${code}: it needs "pip install tokenizers==0.23.3 sentencepiece" (VERBOSE=1 shows its complaint)`,
  );
  process.exit(1);
}

const entry = {
  date: new Date().toISOString().slice(0, 10),
  seed: Number(values.seed),
  textsAFile: Number(values.texts),
  ...(paths.length > 0 && { given: paths.map((p) => basename(dirname(p))) }),
  ...count,
  stricter: Object.fromEntries(stricter),
};
console.log(JSON.stringify(entry, null, 2));
const before = existsSync(record) ? (JSON.parse(readFileSync(record, 'utf8')) as unknown[]) : [];
writeFileSync(record, `[\n${[...before, entry].map((e) => JSON.stringify(e)).join(',\n')}\n]\n`);
process.exit(count.differences ? 1 : 0);
