/** 測定法についての言葉、日本語。型は methods.en.ts。 */
import type { Counts } from '../studies/map/draws.ts';
import type { methodsEn, StageKind } from './methods.en.ts';
import { numbers } from '../language/numbers.ts';
import { methodWords } from './method-words.ts';

const n = numbers('ja');
const counted = (kind: StageKind, count: number) =>
  kind === 'pass' ? `逆伝播${n.whole(count)}回` : `反復${n.whole(count)}回`;

export const methodsJa: typeof methodsEn = {
  ...methodWords('ja'),
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
  axis: '逆伝播の回数',
  shaken: (value: string) => `ここで一度揺らすと ${value} 動きます：`,
  all: 'マップ',
  rule: (r: { mean: string; multiple: string; rank: number }) =>
    `重要度は ${r.mean}：平均モジュールの ${r.multiple} 倍、よってランク${r.rank}`,
};
