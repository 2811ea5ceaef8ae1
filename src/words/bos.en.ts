/** The words for the tokens before a text, in English. The command line prints them as well. */
import type { Bos } from '../model/bos.ts';

const otherwise =
  '; add_bos_token in tokenizer_config.json differs, but the tokenizer class ignores it';

export const bosEn = {
  label: 'BOS before each text',
  why: 'The beginning-of-sequence token. Without it, some models predict poorly.',
  names: { tokenizer: 'as the tokenizer specifies', none: 'none', always: 'always' },
  describe: ({ ids, tokens, by, passedOver }: Bos): string => {
    if (by === 'ids') return 'Token ids unchanged, nothing added';
    const rest = passedOver ? otherwise : '';
    if (ids.length === 0)
      return by === 'setting' ? 'No BOS, as set' : `No BOS: ${by} specifies none${rest}`;
    return `${tokens.join(' ')} before each sequence, as ${by === 'setting' ? 'set' : `${by} specifies`}${rest}`;
  },
};

export type BosWords = typeof bosEn;
