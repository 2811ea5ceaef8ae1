/** Words about the methods a map is measured by, in Japanese, typed by `methods.en.ts`. */
import type { Counts } from '../studies/map/draws.ts';
import type { methodsEn, StageKind } from './methods.en.ts';
import { numbers } from '../language/numbers.ts';
import { methodWords } from './method-words.ts';

const n = numbers('ja');
const names: Record<StageKind, string> = { pass: '逆伝播', repeat: '反復' };
const counted = (kind: StageKind, count: number) => `${names[kind]}${n.whole(count)}回`;

export const methodsJa: typeof methodsEn = {
  ...methodWords('ja'),
  kind: counted,
  counts: (c: Counts) =>
    [
      ...(c.passes > 0 ? [counted('pass', c.passes)] : []),
      ...(c.repeats > 0 || c.passes === 0 ? [counted('repeat', c.repeats)] : []),
    ].join('、'),
  next: (modules: number, c: Counts) =>
    `「実行」を押すと、${[...(c.passes > 0 ? [`逆伝播を${n.whole(c.passes)}回計算し`] : []), ...(c.repeats > 0 ? [`${n.whole(modules)}モジュールに摂動を加えて${n.whole(c.repeats)}回ずつ測定し`] : [])].join('、')}ます。`,
  at: (kind: StageKind, at: number, of: number) => `${names[kind]} ${at}/${of}`,
  pausedPass: (at: number, of: number) => `逆伝播 ${at}/${of} の後で一時停止中`,
  stepPass: '「ステップ」で次の逆伝播を計算します。',
  finishingPasses: '実行中の逆伝播が終わるまで待っています。',
  passing: '逆伝播を計算しています。',
  axis: '逆伝播の回数',
  probe: (value: string) => `摂動を1回加えたときの不一致度は ${value} です：`,
  all: 'マップ',
  rule: (r: { mean: string; multiple: string; rank: number }) =>
    `重要度 ${r.mean} はモジュール平均の${r.multiple}倍。ランクは${r.rank}`,
};
