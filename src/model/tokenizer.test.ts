import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { defined } from '../checked.ts';
import { cpuTime } from '../../test/cpu-time.ts';
import { fixturePath } from '../../test/fixtures.ts';
import { hasShared, sharedPath } from '../../test/shared.ts';
import { readSafetensors } from './safetensors.ts';
import { TOKENIZER_LIMITS } from './tokenizer-limits.ts';
import { loadTokenizer } from './tokenizer.ts';

/** A byte-level BPE over a few letters, modified by `change`. */
function tiny(change: (json: ReturnType<typeof good>) => unknown = () => undefined): Uint8Array {
  const json = good();
  change(json);
  return new TextEncoder().encode(JSON.stringify(json));
}
const added = (id: number, content: string) => ({
  id,
  content,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: true,
});
const good = () => ({
  added_tokens: [added(6, '<s>')] as Record<string, unknown>[],
  normalizer: null as unknown,
  pre_tokenizer: {
    type: 'ByteLevel',
    add_prefix_space: false,
    trim_offsets: true,
    use_regex: true,
  } as unknown,
  post_processor: {
    type: 'TemplateProcessing',
    single: [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
    pair: [],
    special_tokens: { '<s>': { id: '<s>', ids: [6], tokens: ['<s>'] } },
  },
  decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
  model: {
    type: 'BPE',
    vocab: { a: 0, b: 1, Ġ: 2, ab: 3, Ġab: 4, Ã: 5, '<s>': 6, '©': 7 } as Record<string, unknown>,
    merges: [
      ['a', 'b'],
      ['Ġ', 'ab'],
    ] as unknown,
  },
});

describe('a small byte-level tokenizer', async () => {
  const tokenizer = await loadTokenizer(tiny());
  test('encodes by its merges and adds nothing', () => {
    expect([...tokenizer.encode('ab ab<s>b')]).toEqual([3, 4, 6, 1]);
    expect([...tokenizer.encode('')]).toEqual([]);
    expect(tokenizer.vocab).toBe(8);
  });
  test('decodes special tokens, and leaves spaces unchanged', () => {
    expect(tokenizer.decode([3, 4, 6, 1])).toBe('ab ab<s>b');
    expect(tokenizer.decode([])).toBe('');
  });
  test('shows one token at a time', () => {
    expect([4, 6, 5, 99].map((id) => tokenizer.token(id))).toEqual([' ab', '<s>', '<0xC3>', '#99']);
  });
});

test.for<[string, Parameters<typeof tiny>[0]]>([
  [
    'no merges',
    (t) => {
      t.model.merges = undefined;
    },
  ],
  [
    'a merge of three',
    (t) => {
      t.model.merges = ['a b ab'];
    },
  ],
  [
    'numbers for merges',
    (t) => {
      t.model.merges = [1];
    },
  ],
  [
    'a merge of the unknown',
    (t) => {
      t.model.merges = [['a', 'zz']];
    },
  ],
  [
    'a merge into the unknown',
    (t) => {
      t.model.merges = [['b', 'a']];
    },
  ],
  [
    'an id as text',
    (t) => {
      t.model.vocab.a = '0';
    },
  ],
  [
    'one id twice',
    (t) => {
      t.model.vocab.a = 1;
    },
  ],
  [
    'a huge id',
    (t) => {
      t.model.vocab.a = 2 ** 40;
    },
  ],
  [
    'an added token without its settings',
    (t) => {
      t.added_tokens.push({ id: 9, content: '<x>' });
    },
  ],
  [
    'added tokens that the normalizer makes alike',
    (t) => {
      t.normalizer = { type: 'Lowercase' };
      t.added_tokens.push(
        { ...added(8, 'Day'), normalized: true },
        { ...added(9, 'day'), normalized: true },
      );
    },
  ],
  [
    'an added token with an id that is not its own',
    (t) => {
      t.added_tokens.push(added(0, '<x>'));
    },
  ],
  [
    'an added token without text',
    (t) => {
      t.added_tokens.push(added(9, ''));
    },
  ],
  [
    'an added token twice',
    (t) => {
      t.added_tokens.push(added(6, '<s>'));
    },
  ],
  [
    'merges left out at random',
    (t) => {
      Object.assign(t.model, { dropout: 0.1 });
    },
  ],
  [
    'an unknown step',
    (t) => {
      t.pre_tokenizer = { type: 'Quantum' };
    },
  ],
  [
    'an invalid pattern',
    (t) => {
      t.pre_tokenizer = { type: 'Split', pattern: { Regex: '([' }, behavior: 'Isolated' };
    },
  ],
  [
    'deep nesting',
    (t) => {
      for (let i = 0; i < 500; i++)
        t.normalizer = { type: 'Sequence', normalizers: [t.normalizer] };
    },
  ],
])('refuses %s', async ([, change]) => {
  await expect(loadTokenizer(tiny(change), 'x/tokenizer.json')).rejects.toThrow(
    /^x\/tokenizer\.json is not a usable tokenizer: .+\. Use the tokenizer\.json of this model\.$/,
  );
});

test('refuses what is not JSON or not UTF-8', async () => {
  await expect(loadTokenizer(Uint8Array.of(0x7b))).rejects.toThrow('it is not JSON');
  await expect(loadTokenizer(Uint8Array.of(0x22, 0xff, 0x22))).rejects.toThrow(
    'it is not UTF-8 text',
  );
});

test('a pattern that backtracks without end is refused, and the tokenizer still works', async () => {
  const tokenizer = await loadTokenizer(
    tiny((t) => {
      t.normalizer = { type: 'Replace', pattern: { Regex: '(a+)+$' }, content: '' };
    }),
    'x/tokenizer.json',
  );
  expect(() => tokenizer.encode(`${'a'.repeat(5000)}!`)).toThrow(
    /^x\/tokenizer\.json is not a usable tokenizer: .*retry-limit.*\. Use the tokenizer\.json of this model\.$/,
  );
  expect([...tokenizer.encode('ab ab')]).toEqual([3, 4]);
  expect(tokenizer.token(4)).toBe(' ab');
});

describe('tokenising a text ends within seconds with any file', () => {
  const replace = (pattern: unknown, content: string) => ({ type: 'Replace', pattern, content });
  const sequence = (count: number, step: unknown) => ({
    type: 'Sequence',
    normalizers: Array.from({ length: count }, () => step),
  });
  const split = (pattern: string) => ({
    type: 'Split',
    pattern: { Regex: pattern },
    behavior: 'Isolated',
    invert: false,
  });

  test.for<[string, Parameters<typeof tiny>[0]]>([
    [
      'a hard pattern at every place, to split at',
      (t) => {
        t.pre_tokenizer = split(String.raw`(?:[a-z]{1,8}[a-z ]{1,8}){1,9}[\u0001\u0002]`);
      },
    ],
    [
      'a hard pattern at every place, to replace',
      (t) => {
        t.normalizer = replace({ Regex: String.raw`(?:[a-z ]+)+[\u0001\u0002]` }, 'x');
      },
    ],
    [
      'a text doubled forty times',
      (t) => {
        t.normalizer = sequence(40, replace({ String: 'a' }, 'aa'));
      },
    ],
    [
      'every character made eight, fourteen times',
      (t) => {
        t.normalizer = sequence(14, replace({ Regex: '.' }, 'abababab'));
      },
    ],
    [
      'a long text moved twenty thousand times',
      (t) => {
        t.normalizer = {
          type: 'Sequence',
          normalizers: [
            sequence(7, replace({ String: 'a' }, 'aa')),
            sequence(20_000, { type: 'Prepend', prepend: 'a' }),
          ],
        };
      },
    ],
  ])('%s', { timeout: 120_000 }, async ([, change]) => {
    const tokenizer = await loadTokenizer(tiny(change), 'x/tokenizer.json');
    const text = 'ab b'.repeat(5000);
    const took = cpuTime(() =>
      expect(() => tokenizer.encode(text)).toThrow(
        /^x\/tokenizer\.json is not a usable tokenizer: (it takes too many steps for 20000 bytes|.*retry-limit.*)\. Use the tokenizer\.json of this model\.$/,
      ),
    );
    expect(took).toBeLessThan(10_000);
  });

  test('many short texts share one budget beyond their length', { timeout: 120_000 }, async () => {
    const tokenizer = await loadTokenizer(
      tiny((t) => {
        t.pre_tokenizer = split('(?:[ab]{1,8}[ab]{1,8}){1,3}!');
      }),
      'x/tokenizer.json',
    );
    const encode = () => tokenizer.encode(`${'a'.repeat(40)}?`);
    encode();
    expect(() => {
      for (let i = 0; i < 2000; i++) encode();
    }).toThrow('it takes too many steps for 41 bytes');
  });
});

describe('a file is read up to its limit, and refused above', () => {
  const many = <T>(count: number, one: (i: number) => T) =>
    Array.from({ length: count }, (_, i) => one(i));
  const { vocabulary, merges, addedTokens, bytes } = TOKENIZER_LIMITS;
  test.for<[string, number, string, (t: ReturnType<typeof good>, count: number) => void]>([
    [
      'tokens',
      vocabulary,
      'tokens in its vocabulary',
      (t, count) => {
        t.model.vocab = Object.fromEntries(many(count, (i) => [`t${i}`, i]));
      },
    ],
    [
      'tokens of Unigram',
      vocabulary,
      'tokens in its vocabulary',
      (t, count) => {
        Object.assign(t.model, { vocab: many(count, (i) => [`t${i}`, 0]) });
      },
    ],
    [
      'merges',
      merges,
      'merges',
      (t, count) => {
        t.model.merges = many(count, () => 'a b');
      },
    ],
    [
      'added tokens',
      addedTokens,
      'added tokens',
      (t, count) => {
        t.added_tokens = many(count, (i) => added(8 + i, `<${i}>`));
      },
    ],
  ])('%s', { timeout: 120_000 }, async ([, max, what, fill]) => {
    const sentence = `it has ${max + 1} ${what}, but ${max} are allowed`;
    await expect(loadTokenizer(tiny((t) => fill(t, max + 1)))).rejects.toThrow(sentence);
    // At the limit the file is parsed and refused only for its model type.
    await expect(
      loadTokenizer(
        tiny((t) => {
          fill(t, max);
          t.model.type = 'Quantum';
        }),
      ),
    ).rejects.toThrow(/is not a usable tokenizer: (?!it has )/);
  });

  test('in bytes', async () => {
    const padded = (length: number) => {
      const file = new Uint8Array(length).fill(0x20);
      file.set(new TextEncoder().encode('{}'));
      return file;
    };
    await expect(loadTokenizer(padded(bytes + 1))).rejects.toThrow(
      `it has ${bytes + 1} bytes, but ${bytes} are allowed`,
    );
    await expect(loadTokenizer(padded(bytes))).rejects.toThrow(
      /is not a usable tokenizer: (?!it has )/,
    );
  });
});

test('harmless patterns that look dangerous are read', async () => {
  const exaone = String.raw`(?=(\d{3})+(?!\d))|(?:[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*)+)`;
  const tokenizer = await loadTokenizer(
    tiny((t) => {
      t.pre_tokenizer = {
        type: 'Sequence',
        pretokenizers: [
          { type: 'Split', pattern: { Regex: exaone }, behavior: 'Isolated', invert: false },
          t.pre_tokenizer,
        ],
      };
    }),
  );
  expect([...tokenizer.encode('ab ab')]).toEqual([3, 4]);
});

describe('a real tokenizer has the ids of the reference library', () => {
  interface Case {
    text: string;
    ids: number[];
    decoded?: string;
  }

  test.skipIf(!hasShared)('SmolLM2, for all strings and chats', async () => {
    const { cases, chats } = JSON.parse(
      readFileSync(sharedPath('reference', 'smollm2', 'tokenizer_cases.json'), 'utf8'),
    ) as Record<'cases' | 'chats', Case[]>;
    const tokenizer = await loadTokenizer(
      readFileSync(sharedPath('models', 'SmolLM2-135M-Instruct-ONNX', 'tokenizer.json')),
    );
    expect(cases.length + chats.length).toBe(67);
    for (const { text, ids, decoded = text } of [...cases, ...chats]) {
      expect([...tokenizer.encode(text)], text).toEqual(ids);
      expect(tokenizer.decode(ids)).toBe(decoded);
    }
    expect(tokenizer.vocab).toBe(49152);
  });

  test.for(['llama', 'gpt2'])('%s, for its reference texts', async (name) => {
    const tokenizer = await loadTokenizer(
      readFileSync(fixturePath('exports', name, 'tokenizer.json')),
    );
    const { texts } = JSON.parse(
      readFileSync(fixturePath('references', `${name}.json`), 'utf8'),
    ) as { texts: Record<string, string[]> };
    const { tensors } = readSafetensors(
      readFileSync(fixturePath('references', `${name}.safetensors`)),
      name,
    );
    for (const [key, rows] of Object.entries(texts)) {
      const { shape, bytes } = defined(tensors.get(`${key}.input_ids`));
      const expected = [...new BigInt64Array(new Uint8Array(bytes).buffer)].map(Number);
      const length = shape[1]!;
      rows.forEach((text, i) => {
        // The reference ids of llama begin with a BOS.
        const row = expected.slice(i * length, (i + 1) * length);
        const bos = name === 'llama' ? [1] : [];
        expect([...bos, ...tokenizer.encode(text)].slice(0, length)).toEqual(row);
      });
    }
    expect(tokenizer.decode(tokenizer.encode('Let there be light: café 日本'))).toBe(
      'Let there be light: café 日本',
    );
  });
});
