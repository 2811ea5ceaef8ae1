/** English words for the BOS setting. The command line uses them as well. */
import type { Bos } from '../model/bos.ts';

const otherwise =
  '; add_bos_token in tokenizer_config.json says otherwise, but its tokenizer class passes over it';

export const bosEn = {
  label: 'Before each text (BOS)',
  why: 'The beginning-of-sequence token: some models give no sensible prediction without it.',
  names: { tokenizer: 'as the tokenizer says', none: 'none', always: 'always the BOS' },
  said: ({ ids, tokens, by, passedOver }: Bos): string => {
    if (by === 'ids') return 'Token ids as given, nothing added';
    const rest = passedOver ? otherwise : '';
    if (ids.length === 0)
      return by === 'setting' ? 'No BOS, as set' : `No BOS: ${by} asks for none${rest}`;
    return `${tokens.join(' ')} before each sequence, as ${by === 'setting' ? 'set' : `${by} asks`}${rest}`;
  },
};

export type BosWords = typeof bosEn;
