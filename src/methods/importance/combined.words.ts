/** The words for the combined method on the page. */
import type { Language } from '../../language/language.ts';
import type { DrawsWords } from './contract.ts';

export const combinedWords: Record<Language, DrawsWords<'signs' | 'repeats'>> = {
  en: {
    name: 'combined',
    about: 'The Jacobian probe and a few shakes in one.',
    what: 'Backward passes and a real shake, weighted.',
    pace: 'between',
    ranges: 'Ranges allow for an error of either part.',
    sure: null,
    reckoned: {
      moves: (value) => `Passes and real shakes together: the prediction moves by ${value}.`,
      why: {
        text: 'The backward passes err a little where noise is strong, a single shake by chance. Each weighs as much as it is sure.',
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
