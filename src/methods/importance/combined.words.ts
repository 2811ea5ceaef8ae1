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
    about: 'Jacobian プローブと少数回の摂動による測定の併用。',
    what: '逆伝播と実際の摂動の結果を、精度に応じて重み付けします。',
    pace: '中間',
    ranges: '信頼区間には、両方の誤差を含みます。',
    sure: null,
    reckoned: {
      moves: (value) => `逆伝播と実際の摂動を併用した不一致度は ${value} です。`,
      why: {
        text: '逆伝播による推定はノイズが大きいと誤差が生じ、1回の摂動による測定にはばらつきがあります。それぞれの精度に応じて重み付けします。',
        source: 'docs/jacobian.md; src/methods/importance/combined.ts',
      },
    },
    fields: { signs: { label: '逆伝播の回数' }, repeats: { label: '反復回数' } },
  },
};
