/**
 * Writes a complete model for tests: the tiny decoder with a single-letter tokenizer, in the layout
 * of a hub repository.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tiny, tinyDecoder } from './tiny-decoder.ts';

/** Ids of `<unk>`, `<s>` and `</s>`. "a" has the next id, and so on to "z" and the space. */
export const special = { unk: 0, bos: 1, eos: 2, a: 3 } as const;

const LETTERS = 'abcdefghijklmnopqrstuvwxyz ';

/** One token per letter. `<s>` in a text is recognised as the special token. */
export const letterTokenizer = (post_processor: object | null) => ({
  version: '1.0',
  truncation: null,
  padding: null,
  normalizer: null,
  pre_tokenizer: null,
  decoder: null,
  post_processor,
  added_tokens: ['<unk>', '<s>', '</s>'].map((content, id) => ({
    id,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  })),
  model: {
    type: 'BPE',
    dropout: null,
    unk_token: '<unk>',
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: false,
    byte_fallback: false,
    vocab: Object.fromEntries(['<unk>', '<s>', '</s>', ...LETTERS].map((t, id) => [t, id])),
    merges: [],
  },
});

/** Puts `<s>` before a text, like Llama's tokenizers. */
export const bosTemplate = {
  type: 'TemplateProcessing',
  single: [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
  pair: [{ Sequence: { id: 'A', type_id: 0 } }, { Sequence: { id: 'B', type_id: 1 } }],
  special_tokens: { '<s>': { id: '<s>', ids: [special.bos], tokens: ['<s>'] } },
};

export const idsOf = (letters: string): number[] =>
  Array.from(letters, (c) => special.a + LETTERS.indexOf(c));

/** Writes the model to a directory. `files` adds or replaces JSON files. */
export function writeTinyModel(folder: string, files: Record<string, object> = {}): string {
  mkdirSync(join(folder, 'onnx'), { recursive: true });
  writeFileSync(join(folder, 'onnx', 'model.onnx'), tinyDecoder());
  const all = {
    'config.json': { model_type: 'llama', vocab_size: tiny.vocab },
    'tokenizer.json': letterTokenizer(bosTemplate),
    ...files,
  };
  for (const [name, content] of Object.entries(all))
    writeFileSync(join(folder, name), JSON.stringify(content));
  return folder;
}
