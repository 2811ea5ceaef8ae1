import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cpuTime } from '../../test/cpu-time.ts';
import { calibrationBatch, idsBatch } from './calibration.ts';
import { decodeText, passagesOf } from './text.ts';

/** One token per character: its code unit. */
const tokenizer = { encode: (text: string) => Int32Array.from(text, (c) => c.charCodeAt(0)) };
const limits = { vocab: 65536, maxLength: 100 };
const rowsOf = (passages: string[], sequences: number, length: number) => {
  const batch = calibrationBatch(passages, tokenizer, { sequences, length }, limits);
  return Array.from({ length: batch.sequences }, (_, i) =>
    String.fromCharCode(...batch.ids.subarray(i * length, (i + 1) * length)),
  );
};

describe('the batch of a text', () => {
  test('takes the beginnings of passages, then their continuations, then short passages joined', () => {
    const passages = ['abcdefgh!', 'xy', 'ABCD', 'z?'];
    expect(rowsOf(passages, 1, 4)).toEqual(['abcd']);
    expect(rowsOf(passages, 2, 4)).toEqual(['abcd', 'ABCD']);
    expect(rowsOf(passages, 4, 4)).toEqual(['abcd', 'ABCD', 'efgh', '!xyz']);
  });

  test('has fewer sequences if the text is short, and is refused without any', () => {
    expect(rowsOf(['abc', 'def'], 4, 4)).toEqual(['abcd']);
    expect(() => rowsOf(['abc'], 4, 4)).toThrow('it has 3 tokens, but one sequence needs 4');
    expect(() => rowsOf(['abc'], 1, 200)).toThrow('the model allows at most 100');
  });

  test('starts every row with BOS, which replaces a token and is never repeated', () => {
    const rows = (passages: string[], sequences: number, bos: string) => {
      const batch = calibrationBatch(
        passages,
        tokenizer,
        { sequences, length: 4, bos: Array.from(bos, (c) => c.charCodeAt(0)) },
        limits,
      );
      return Array.from({ length: batch.sequences }, (_, i) =>
        String.fromCharCode(...batch.ids.subarray(i * 4, (i + 1) * 4)),
      );
    };
    const passages = ['abcdefgh!', 'xy', '^ABCD', 'z?'];
    expect(rows(passages, 9, '^')).toEqual(['^abc', '^ABC', '^def', '^gh!', '^xyD']);
    expect(rows(passages, 2, '^%')).toEqual(['^%ab', '^%xy']);
    expect(rows(['abc'], 1, '^%=')).toEqual(['^%=a']);
    expect(() => rows(['abc'], 1, '^%=&')).toThrow('no space after the 4 tokens before every text');
    expect(() => rows(['ab'], 1, '^')).toThrow('it has 2 tokens, but one sequence needs 3');
  });

  test('refuses ids the model does not know', () => {
    expect(() =>
      calibrationBatch(
        ['abcd'],
        tokenizer,
        { sequences: 1, length: 2 },
        { vocab: 98, maxLength: 9 },
      ),
    ).toThrow('token 98');
  });

  test('reads only the part of a long text that it needs', () => {
    let looked = 0;
    const counting = {
      encode: (text: string) => {
        looked += text.length;
        return tokenizer.encode(text);
      },
    };
    calibrationBatch(
      Array.from({ length: 10000 }, () => 'ab'),
      counting,
      { sequences: 2, length: 5 },
      limits,
    );
    expect(looked).toBeLessThan(100);
  });

  test('has rows from the text that do not overlap, all of one length', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ maxLength: 30 }), { maxLength: 8 }),
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 2, max: 10 }),
        (passages, sequences, length) => {
          // every token of the text has its own id
          const numbered = passages
            .join('')
            .split('')
            .map((_, i) => i);
          let next = 0;
          const encode = (text: string) =>
            Int32Array.from(Array.from({ length: text.length }, () => numbered[next++]!));
          if (numbered.length < length * passages.length + length) return; // may be refused
          const batch = calibrationBatch(
            passages,
            { encode },
            { sequences, length },
            { vocab: 1e6, maxLength: 1e6 },
          );
          expect(batch.ids.length).toBe(batch.sequences * length);
          expect(batch.sequences).toBeLessThanOrEqual(sequences);
          expect(new Set(batch.ids).size).toBe(batch.ids.length);
        },
      ),
    );
  });
});

describe('token ids given directly', () => {
  test('become the batch unmodified', () => {
    expect(
      idsBatch(
        [
          [1, 2],
          [3, 0],
        ],
        { vocab: 4, maxLength: 2 },
      ),
    ).toMatchObject({ ids: Int32Array.of(1, 2, 3, 0), sequences: 2, length: 2 });
  });
  test.for<[string, unknown]>([
    ['no list', 'x'],
    ['nothing', []],
    ['no sequences', [1, 2]],
    ['an empty sequence', [[]]],
    ['one token', [[1]]],
    ['unequal lengths', [[1, 2], [1]]],
    ['too long', [[1, 2, 3, 1]]],
    ['out of range', [[1, 4]]],
    ['negative', [[-1, 0]]],
    ['a fraction', [[0.5, 1]]],
    ['text', [['1', '2']]],
    ['null', [[null, 1]]],
    ['huge', [[1e300, 1]]],
  ])('are refused: %s', ([, ids]) => {
    expect(() => idsBatch(ids, { vocab: 4, maxLength: 3 })).toThrow(
      /^The text cannot be used: .+\. .+\.$/,
    );
  });
});

describe('the passages of a text', () => {
  test('are separated at blank lines, with any line ends', () => {
    expect(passagesOf('one\r\ntwo\r\n\r\nthree\n \n\n  four\n')).toEqual([
      'one\ntwo',
      'three',
      'four\n',
    ]);
  });
  test('are the lines of JSON Lines', () => {
    expect(passagesOf('{"text":"a\\n\\nb"}\n\n{"text":"c","more":1}\n', 'jsonl')).toEqual([
      'a\n\nb',
      'c',
    ]);
    for (const line of ['{"text":1}', 'null', '{', '[]'])
      expect(() => passagesOf(`{"text":"a"}\n${line}`, 'jsonl')).toThrow(
        'line 2 is not a JSON object',
      );
  });
  test('are split at a space if long, without loss', () => {
    const long = 'word and 😀 '.repeat(6000);
    const pieces = passagesOf(long);
    expect(pieces.length).toBeGreaterThan(3);
    expect(pieces.join('')).toBe(long);
    expect(passagesOf('😀'.repeat(30000)).every((p) => p.length % 2 === 0)).toBe(true);
  });
});

describe('a file that is no text', () => {
  const bytes = (text: string) => new TextEncoder().encode(text);
  test.for<[string, () => unknown, RegExp]>([
    ['empty', () => passagesOf(''), /empty/],
    ['blank', () => passagesOf(' \n\t '), /empty/],
    ['NUL', () => passagesOf('a\0b'), /not readable/],
    ['control characters', () => passagesOf('\u0001\u0002abc'), /not readable/],
    [
      'a binary file',
      () => decodeText({ name: 'x.png', bytes: Uint8Array.of(0x89, 0x50, 0) }),
      /x\.png is a binary file/,
    ],
    ['an empty file', () => decodeText({ name: 'x.txt', bytes: bytes(' \n') }), /x\.txt is empty/],
    [
      'Latin-1',
      () => decodeText({ name: 'x.txt', bytes: Uint8Array.of(0x63, 0x61, 0x66, 0xe9) }),
      /not UTF-8/,
    ],
    [
      'UTF-16',
      () => decodeText({ name: 'x.txt', bytes: Uint8Array.of(0xff, 0xfe, 0x41, 0) }),
      /UTF-16/,
    ],
    [
      '50 MB pasted',
      () => passagesOf('word '.repeat(1e7)),
      /it has 50 MB, but 5.0 MB are allowed\. Use a part of it/,
    ],
    [
      '50 MB in a file',
      () => decodeText({ name: 'x.txt', bytes: new Uint8Array(50e6) }),
      /it has 50 MB/,
    ],
  ])('is refused: %s', ([, work, sentence]) => {
    expect(cpuTime(() => expect(work).toThrow(sentence))).toBeLessThan(500);
  });
  test('is not made invalid by a byte order mark', () => {
    expect(decodeText({ name: 'x', bytes: bytes('\ufeffa') })).toBe('a');
  });
});
