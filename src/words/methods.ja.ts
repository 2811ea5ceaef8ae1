/** 測定法についての言葉、日本語。型は methods.en.ts。 */
import type { Counts } from '../studies/map/draws.ts';
import type { MethodName } from '../spec/spec.ts';
import type { methodsEn, StageKind } from './methods.en.ts';
import { numbers } from '../language/numbers.ts';

const n = numbers('ja');
const counted = (kind: StageKind, count: number) =>
  kind === 'pass' ? `逆伝播${n.whole(count)}回` : `反復${n.whole(count)}回`;

export const methodsJa: typeof methodsEn = {
  names: { adarank: 'AdaRank', jacobian: 'Jacobian', combined: '併用' },
  what: {
    adarank: '各モジュールを揺らし、予測を比べます。',
    jacobian: '揺らした場合の変化を、逆伝播から一次近似で求めます。',
    combined: '逆伝播と実際の揺らしを、確かさで重みづけます。',
  },
  pace: { adarank: '最も遅い', jacobian: '最も速い', combined: '中間' },
  kind: counted,
  counts: (c: Counts) =>
    [
      ...(c.passes > 0 ? [counted('pass', c.passes)] : []),
      ...(c.repeats > 0 || c.passes === 0 ? [counted('repeat', c.repeats)] : []),
    ].join('、'),
  next: (modules: number, c: Counts) =>
    `再生で${[...(c.passes > 0 ? [`逆伝播を${n.whole(c.passes)}回行い`] : []), ...(c.repeats > 0 ? [`${n.whole(modules)}モジュールを${n.whole(c.repeats)}回ずつ揺らし`] : [])].join('、')}ます。`,
  at: (kind: StageKind, at: number, of: number) =>
    `${kind === 'pass' ? '逆伝播' : ''}${of}回中${at}回目`,
  pausedPass: (at: number, of: number) => `逆伝播${of}回中${at}回で停止中`,
  stepPass: 'ステップで次の逆伝播を行います。',
  finishingPasses: '実行中の逆伝播を終えています。',
  passing: 'モデルを逆にたどっています。',
  passes: '逆伝播',
  axis: '逆伝播の回数',
  shakes: '反復',
  over: '符号の範囲',
  whole: '系列全体',
  token: '1トークンずつ',
  why: {
    over: '1トークンずつでは、トークンの数だけ逆伝播が要りますが、トークン間の差による損失がありません。',
  },
  ranges: ({ name }: { name: MethodName }) =>
    ({
      adarank: '',
      jacobian: '範囲は符号の取り方によるもの。強いノイズの一次を超える効果は含みません。',
      combined: '範囲は、どちらの誤差も見込んだ幅です。',
    })[name],
  firstOrder: '一次近似、符号の取り方による区間。',
  predicts: (value: string) => `一次近似では、この重みを揺らすと予測は ${value} 動きます。`,
  both: (value: string) => `逆伝播と実際の揺らしを合わせると、予測は ${value} 動きます。`,
  shaken: (value: string) => `ここで一度揺らすと ${value} 動きます：`,
  all: 'マップ',
  rule: (r: { mean: string; multiple: string; rank: number }) =>
    `重要度は ${r.mean}：平均モジュールの ${r.multiple} 倍、よってランク${r.rank}`,
  allWhy: {
    jacobian: {
      text: '無作為な符号をつけたロジットの勾配の大きさは、平均すると、ノイズがロジットをどれだけ動かすかを決めます。何も揺らしません。',
      source: 'docs/jacobian.md; src/methods/jacobian.ts',
    },
    combined: {
      text: '逆伝播はノイズが強いところで少し外れ、一度の揺らしは偶然に左右されます。確かさに応じて重みづけます。',
      source: 'docs/jacobian.md; src/methods/combined.ts',
    },
  },
};
