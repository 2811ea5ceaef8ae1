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
    about: '逆伝播から求める、AdaRank の一次近似。',
    what: '摂動を加えたときの変化を、逆伝播から一次近似で求めます。',
    pace: '最も速い',
    ranges:
      '信頼区間は、ランダムな符号によるばらつきを表します。ノイズが大きいときの高次の効果は含みません。',
    sure: '一次近似。区間はランダムな符号によるばらつき。',
    reckoned: {
      moves: (value) => `一次近似では、この重みに摂動を加えたときの不一致度は ${value} です。`,
      why: {
        text: 'ランダムな符号を付けたロジットの和の勾配から、ノイズによるロジットの変化の大きさを推定します。実際の摂動は加えません。',
        source: 'docs/jacobian.md; src/methods/importance/jacobian.run.ts',
      },
    },
    fields: {
      repeats: { label: '逆伝播の回数' },
      perToken: {
        label: '符号を付ける範囲',
        why: '1トークンずつの場合、トークン数と同じ回数の逆伝播が必要ですが、トークン間の違いによる誤差がありません。',
        options: { false: '系列全体', true: '1トークンずつ' },
      },
    },
  },
};
