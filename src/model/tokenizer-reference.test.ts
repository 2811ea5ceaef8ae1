/**
 * Ids and decoded texts equal the reference library's: test/tokenizer-cases.json, written by
 * tools/tokenizers/cases.py.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { defined, elementAt } from '../checked.ts';
import { AtlasError } from '../errors.ts';
import { loadTokenizer, type Tokenizer } from './tokenizer.ts';

type Ids = number[] | null;
interface Whole {
  name: string;
  file: object;
  ids: Ids[];
  decoded: (string | null)[];
}
interface Drawn {
  json: string;
  refused?: true;
  cases: {
    text: string;
    ids: Ids;
    decoded: string | null;
    others: number[];
    othersDecoded: string | null;
  }[];
}
const { texts, charsmap, base, steps, models, families, drawn } = JSON.parse(
  readFileSync(new URL('../../test/tokenizer-cases.json', import.meta.url), 'utf8'),
) as {
  texts: string[];
  charsmap: string;
  base: object;
  steps: { name: string; change: object; ids: Ids[] }[];
  models: Whole[];
  families: Whole[];
  drawn: Drawn[];
};

const load = (file: object) =>
  loadTokenizer(
    new TextEncoder().encode(JSON.stringify(file).replace('"charsmap"', JSON.stringify(charsmap))),
  );

/** null if it refuses with a sentence. */
function attempt<T>(work: () => T): T | null {
  try {
    return work();
  } catch (error) {
    if (error instanceof AtlasError && error.code === 'bad-tokenizer') return null;
    throw error;
  }
}
const idsOf = (tokenizer: Tokenizer, text: string): Ids =>
  attempt(() => [...tokenizer.encode(text)]);

test.for(steps)(
  'the steps of a tokenizer give the reference ids: $name',
  async ({ change, ids }) => {
    const tokenizer = await load({ ...base, ...change });
    texts.forEach((text, i) => expect(idsOf(tokenizer, text), text).toEqual(ids[i]));
  },
);

test('every changed step gives other ids than the unchanged tokenizer', () => {
  const [whole, ...others] = steps.map((s) => JSON.stringify(s.ids));
  expect(others.filter((ids) => ids === whole)).toEqual([]);
});

test.for([...models, ...families])(
  'a tokenizer file gives the reference ids and texts: $name',
  async ({ file, ids, decoded }) => {
    const tokenizer = await load(file);
    texts.forEach((text, i) => {
      expect(idsOf(tokenizer, text), text).toEqual(ids[i]);
      if (ids[i] !== null)
        expect(attempt(() => tokenizer.decode(defined(ids[i])))).toBe(decoded[i]);
    });
  },
);

test.for(drawn.map((row, number) => ({ number, ...row })))(
  'a random tokenizer file gives the reference ids and texts: $number',
  async ({ json, refused, cases }) => {
    const read = loadTokenizer(new TextEncoder().encode(json));
    if (refused) return expect(read).rejects.toThrow('is not a usable tokenizer');
    const tokenizer = await read;
    for (const { text, ids, decoded, others, othersDecoded } of cases) {
      expect(idsOf(tokenizer, text), text).toEqual(ids);
      if (ids !== null) expect(attempt(() => tokenizer.decode(ids))).toBe(decoded);
      expect(attempt(() => tokenizer.decode(others))).toBe(othersDecoded);
    }
  },
);

describe('other settings of a file', () => {
  const first = elementAt(families, 0);
  test('for length do not truncate or pad the text', async () => {
    const truncation = { direction: 'Right', max_length: 2, strategy: 'LongestFirst', stride: 0 };
    const padding = {
      strategy: { Fixed: 64 },
      direction: 'Right',
      pad_to_multiple_of: null,
      pad_id: 0,
      pad_type_id: 0,
      pad_token: '!',
    };
    const tokenizer = await load({ ...first.file, truncation, padding });
    expect(idsOf(tokenizer, elementAt(texts, 0))).toEqual(first.ids[0]);
  });
  test('are inferred if the model has no type', async () => {
    const { model, ...rest } = first.file as { model: { type?: string } };
    const { type, ...untyped } = model;
    expect(type).toBe('BPE');
    expect(idsOf(await load({ ...rest, model: untyped }), elementAt(texts, 0))).toEqual(
      first.ids[0],
    );
  });
  test('read half a surrogate pair as U+FFFD', async () => {
    const tokenizer = await load(first.file);
    expect(idsOf(tokenizer, 'a\ud83db')).toEqual(idsOf(tokenizer, 'a\ufffdb'));
  });
});
