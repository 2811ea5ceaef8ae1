import { describe, expect, test } from 'vitest';
import { bosIn, specialTokens, withBos, type BosSetting, type TokenFiles } from './bos.ts';
import { endTokens } from './end-tokens.ts';

const A = { Sequence: { id: 'A', type_id: 0 } };
const B = { Sequence: { id: 'B', type_id: 1 } };
const token = (id: string) => ({ SpecialToken: { id, type_id: 0 } });
const special = {
  '<s>': { id: '<s>', ids: [1], tokens: ['<s>'] },
  two: { id: 'two', ids: [7, 8], tokens: ['a', 'b'] },
};
const template = (...single: object[]) => ({
  type: 'TemplateProcessing',
  single,
  pair: [A, B],
  special_tokens: special,
});
const byteLevel = {
  type: 'ByteLevel',
  add_prefix_space: true,
  trim_offsets: false,
  use_regex: true,
};
const roberta = {
  type: 'RobertaProcessing',
  sep: ['</s>', 2],
  cls: ['<s>', 1],
  trim_offsets: true,
  add_prefix_space: true,
};

const filesOf = (
  post_processor: unknown,
  tokenizerConfig: object = {},
  more: Partial<TokenFiles> = {},
): TokenFiles => ({
  tokenizer: {
    post_processor,
    added_tokens: [
      { id: 1, content: '<s>' },
      { id: 2, content: '</s>' },
    ],
    model: { vocab: { '<s>': 1, '</s>': 2, '<bos>': 5 } },
  },
  tokenizerConfig: { ...tokenizerConfig },
  config: {},
  generationConfig: {},
  ...more,
});
const idsOf = (files: TokenFiles, setting: BosSetting = 'tokenizer') => bosIn(files, setting).ids;

describe('the prefix in tokenizer.json', () => {
  // The ids that tokenizers 0.23.3 puts before those of "the" for a file with this post-processor.
  test.each([
    ['none', null, []],
    ['no entry', undefined, []],
    ['ByteLevel', byteLevel, []],
    ['a template', template(token('<s>'), A), [1]],
    ['a template that adds nothing', template(A), []],
    ['several tokens', template(token('two'), token('<s>'), A), [7, 8, 1]],
    ['an end, which is left out', template(token('<s>'), A, token('two')), [1]],
    ['only an end', template(A, token('<s>')), []],
    ['BERT', { ...roberta, type: 'BertProcessing' }, [1]],
    ['RoBERTa', roberta, [1]],
    ['a sequence', { type: 'Sequence', processors: [byteLevel, template(token('<s>'), A)] }, [1]],
    ['an empty sequence', { type: 'Sequence', processors: [] }, []],
    [
      'a template without its type',
      { single: [token('<s>'), A], pair: [A], special_tokens: special },
      [1],
    ],
    ['BERT without its type', { sep: ['</s>', 2], cls: ['<s>', 1] }, [1]],
  ])('is read from %s', (_, post, ids) => {
    expect(bosIn(filesOf(post), 'tokenizer')).toEqual({ ids, by: 'tokenizer.json' });
    expect(idsOf(filesOf(post), 'none')).toEqual([]);
  });

  test.each([
    ['a list', []],
    ['text', 'template'],
    ['an unknown type', { type: 'Other' }],
    [
      'a template in words',
      { type: 'TemplateProcessing', single: '<s> $A', special_tokens: special },
    ],
    ['a token without ids', template(token('__proto__'), A)],
    ['a template without the text', template(token('<s>'))],
    ['the text twice', template(token('<s>'), A, A)],
    ['another text', template(token('<s>'), B)],
    [
      'ids that are none',
      { ...template(token('<s>'), A), special_tokens: { '<s>': { ids: [-1] } } },
    ],
    ['BERT without an id', { type: 'BertProcessing', cls: ['<s>'] }],
    ['two that add', { type: 'Sequence', processors: [template(token('<s>'), A), roberta] }],
    ['no list of processors', { type: 'Sequence' }],
  ])('is refused from %s', (_, post) => {
    expect(() => bosIn(filesOf(post), 'tokenizer')).toThrow(
      expect.objectContaining({ code: 'bad-tokenizer' }),
    );
    expect(idsOf(filesOf(post), 'none')).toEqual([]);
  });
});

describe('with a tokenizer_config.json', () => {
  const on = { add_bos_token: true, bos_token: '<s>' };
  const off = { add_bos_token: false, bos_token: '<s>' };
  const with1 = template(token('<s>'), A);
  // transformers 4.57.3: these classes build their own template (LlamaTokenizer, GemmaTokenizer, …
  // and their Fast forms).
  test.each([
    'LlamaTokenizer',
    'LlamaTokenizerFast',
    'GemmaTokenizerFast',
    'CohereTokenizerFast',
    'CodeLlamaTokenizerFast',
    'GPTNeoXTokenizerFast',
  ])('%s follows add_bos_token', (tokenizer_class) => {
    for (const post of [null, byteLevel, with1, template(A)]) {
      expect(bosIn(filesOf(post, { tokenizer_class, ...on }), 'tokenizer')).toEqual({
        ids: [1],
        by: 'tokenizer_config.json',
      });
      expect(bosIn(filesOf(post, { tokenizer_class, ...off }), 'tokenizer')).toEqual({
        ids: [],
        by: 'tokenizer_config.json',
      });
    }
    expect(idsOf(filesOf(with1, { tokenizer_class, bos_token: '<s>' }))).toEqual(
      tokenizer_class.startsWith('GPTNeoX') ? [] : [1],
    );
  });

  // The same in transformers 4.57.3 and 5.24.0.
  test.each([
    'PreTrainedTokenizerFast',
    'GPT2Tokenizer',
    'GPT2TokenizerFast',
    'Qwen2Tokenizer',
    'TokenizersBackend',
  ])('%s uses tokenizer.json alone, with a note if the two differ', (tokenizer_class) => {
    const asked = (post: unknown, flag: object) =>
      bosIn(filesOf(post, { tokenizer_class, ...flag }), 'tokenizer');
    expect(asked(null, on)).toEqual({ ids: [], by: 'tokenizer.json', passedOver: true });
    expect(asked(with1, off)).toEqual({ ids: [1], by: 'tokenizer.json', passedOver: true });
    expect(asked(with1, on)).toEqual({ ids: [1], by: 'tokenizer.json' });
    expect(asked(byteLevel, off)).toEqual({ ids: [], by: 'tokenizer.json' });
  });

  test('it is followed without a class; its token may be a text, an object or an id', () => {
    expect(idsOf(filesOf(null, on))).toEqual([1]);
    expect(idsOf(filesOf(with1, off))).toEqual([]);
    expect(
      idsOf(filesOf(null, { add_bos_token: true, bos_token: { content: '<bos>', lstrip: false } })),
    ).toEqual([5]);
    expect(idsOf(filesOf(null, { add_bos_token: true }, { config: { bos_token_id: 9 } }))).toEqual([
      9,
    ]);
    expect(idsOf(filesOf(with1, { add_bos_token: true }))).toEqual([1]);
    expect(() => idsOf(filesOf(null, { add_bos_token: true }))).toThrow(
      expect.objectContaining({ code: 'no-bos' }),
    );
  });
});

describe('the setting "always"', () => {
  test('uses the tokenizer’s prefix, otherwise the BOS of its files, otherwise refuses', () => {
    expect(bosIn(filesOf(template(token('two'), A), { bos_token: '<s>' }), 'always')).toEqual({
      ids: [7, 8],
      by: 'tokenizer.json',
    });
    expect(bosIn(filesOf(null, { bos_token: '<s>' }), 'always')).toEqual({
      ids: [1],
      by: 'setting',
    });
    expect(idsOf(filesOf(null, { add_bos_token: false, bos_token: '<s>' }), 'always')).toEqual([1]);
    expect(
      idsOf(
        filesOf(null, {}, { generationConfig: { bos_token_id: 3 }, config: { bos_token_id: 4 } }),
        'always',
      ),
    ).toEqual([3]);
    expect(
      idsOf(
        filesOf(null, { bos_token: null }, { config: { text_config: { bos_token_id: 0 } } }),
        'always',
      ),
    ).toEqual([0]);
    expect(() => idsOf(filesOf(null, { bos_token: '<nowhere>' }), 'always')).toThrow(
      'the files of this model define none',
    );
  });
});

test('does not repeat a BOS that the text contains', () => {
  const whole = (ids: number[], bos: number[]) => Array.from(withBos(Int32Array.from(ids), bos));
  expect([
    whole([4, 5], [1]),
    whole([1, 4], [1]),
    whole([7, 4], [7, 8]),
    whole([7, 8], [7, 8]),
    whole([1], []),
    whole([], [1]),
  ]).toEqual([[1, 4, 5], [1, 4], [7, 8, 7, 4], [7, 8], [1], [1]]);
});

test('every end token of the files ends a text', () => {
  const ends = (config: object, generationConfig: object = {}, tokenizerConfig: object = {}) =>
    endTokens({
      ...filesOf(null),
      config: { ...config },
      generationConfig: { ...generationConfig },
      tokenizerConfig: { ...tokenizerConfig },
    });
  expect(ends({ eos_token_id: 2 })).toEqual([2]);
  expect(ends({ eos_token_id: [501, 2] })).toEqual([501, 2]);
  expect(ends({ eos_token_id: 2 }, { eos_token_id: [2, 501] })).toEqual([2, 501]);
  expect(ends({ text_config: { eos_token_id: 6 } }, {}, { eos_token: '</s>' })).toEqual([6, 2]);
  expect(ends({}, {}, { eos_token: { content: '<bos>' } })).toEqual([5]);
  expect(ends({ eos_token_id: null }, { eos_token_id: ['x', -1, 1.5] }, { eos_token: 3 })).toEqual(
    [],
  );
});

test('specialTokens reads the same tokens as the whole tokenizer.json, without its vocabulary', () => {
  const whole = {
    ...filesOf(roberta).tokenizer,
    model: { type: 'BPE', vocab: { '<bos>': 5, '</s>': 2 }, merges: ['a b'] },
  };
  const special = specialTokens(whole, { bos_token: { content: '<bos>' }, eos_token: '</s>' });
  expect(special).toEqual({
    post_processor: roberta,
    added_tokens: [
      { id: 5, content: '<bos>' },
      { id: 2, content: '</s>' },
    ],
  });
  expect(specialTokens(whole, { bos_token: '<none>', eos_token: null })).toEqual({
    post_processor: roberta,
    added_tokens: [],
  });
  for (const tokenizerConfig of [
    {},
    { bos_token: '<bos>', eos_token: '</s>' },
    { bos_token: '<s>', add_bos_token: true, tokenizer_class: 'LlamaTokenizer' },
  ]) {
    const of = (tokenizer: object): TokenFiles => ({
      ...filesOf(null, tokenizerConfig),
      tokenizer: { ...tokenizer },
    });
    const less = of(specialTokens(whole, tokenizerConfig));
    expect(bosIn(less, 'always')).toEqual(bosIn(of(whole), 'always'));
    expect(endTokens(less)).toEqual(endTokens(of(whole)));
  }
});
