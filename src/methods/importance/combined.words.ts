/** The words for the combined method on the page. */
import type { Language } from '../../language/language.ts';
import type { DrawsWords } from './contract.ts';

export const combinedWords: Record<Language, DrawsWords<'signs' | 'repeats'>> = {
  en: {
    name: 'combined',
    about: 'The Jacobian probe and a few sampled repeats.',
    what: 'Weights backward passes and sampled repeats.',
    pace: 'between',
    ranges: 'Ranges include the error of both parts.',
    sure: null,
    reckoned: {
      moves: (value) => `Passes and sampled repeats together: the logits move by ${value}.`,
      why: {
        text: 'Backward passes have a small error if the noise is strong. A sampled repeat has a random error. Each is weighted by its certainty.',
        source: 'docs/jacobian.md; src/methods/importance/combined.ts',
      },
    },
    fields: { signs: { label: 'Passes' }, repeats: { label: 'Repeats' } },
  },
  ja: {
    name: '併用',
    about: 'Jacobian と少数回の揺らしを合わせたもの。',
    what: '逆伝播と実際の揺らしを、確かさで重みづけます。',
    pace: '中間',
    ranges: '範囲は、どちらの誤差も見込んだ幅です。',
    sure: null,
    reckoned: {
      moves: (value) => `逆伝播と実際の揺らしを合わせると、予測は ${value} 動きます。`,
      why: {
        text: '逆伝播はノイズが強いところで少し外れ、一度の揺らしは偶然に左右されます。確かさに応じて重みづけます。',
        source: 'docs/jacobian.md; src/methods/importance/combined.ts',
      },
    },
    fields: { signs: { label: '逆伝播' }, repeats: { label: '反復' } },
  },
};
