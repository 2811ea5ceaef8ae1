/** The words for the Jacobian probe on the page. */
import type { Language } from '../../language/language.ts';
import type { DrawsWords } from './contract.ts';

export const jacobianWords: Record<Language, DrawsWords<'repeats' | 'perToken'>> = {
  en: {
    name: 'Jacobian',
    about: 'AdaRank to first order, from backward passes.',
    what: 'Backward passes predict the disagreement, to first order.',
    pace: 'fastest',
    ranges:
      'Ranges are over random signs. They do not include effects of strong noise beyond first order.',
    sure: 'To first order, over random signs.',
    reckoned: {
      moves: (value) => `To first order, perturbing these weights moves the logits by ${value}.`,
      why: {
        text: 'The average size of the gradient of randomly signed logits determines how far noise moves the logits. No weight is perturbed.',
        source: 'docs/jacobian.md; src/methods/importance/jacobian.run.ts',
      },
    },
    fields: {
      repeats: { label: 'Passes' },
      perToken: {
        label: 'Signs over',
        why: 'One token at a time needs a pass per token and has no error from differences between tokens.',
        options: { false: 'Whole sequences', true: 'One token at a time' },
      },
    },
  },
  ja: {
    name: 'Jacobian',
    about: 'AdaRank の一次近似。逆伝播から求めます。',
    what: '揺らした場合の変化を、逆伝播から一次近似で求めます。',
    pace: '最も速い',
    ranges: '範囲は符号の取り方によるもの。強いノイズの一次を超える効果は含みません。',
    sure: '一次近似、符号の取り方による区間。',
    reckoned: {
      moves: (value) => `一次近似では、この重みを揺らすと予測は ${value} 動きます。`,
      why: {
        text: '無作為な符号をつけたロジットの勾配の大きさは、平均すると、ノイズがロジットをどれだけ動かすかを決めます。何も揺らしません。',
        source: 'docs/jacobian.md; src/methods/importance/jacobian.run.ts',
      },
    },
    fields: {
      repeats: { label: '逆伝播' },
      perToken: {
        label: '符号の範囲',
        why: '1トークンずつでは、トークンの数だけ逆伝播が要りますが、トークン間の差による損失がありません。',
        options: { false: '系列全体', true: '1トークンずつ' },
      },
    },
  },
};
