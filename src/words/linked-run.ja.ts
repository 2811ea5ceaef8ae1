/** Words of the badge that compares a study's result with that of the link, in Japanese. */
import { numbers } from '../language/numbers.ts';
import type { Covered, StudyComparison } from '../studies/digest.ts';
import type { linkedRunEn } from './linked-run.en.ts';

const n = numbers('ja');

const names: Record<Covered | 'model', string> = {
  model: 'モデルファイル',
  ranks: 'ランク',
  zeros: '0の割合',
  removals: '除去した成分',
  tokens: 'トークン',
  losses: '損失',
  accuracy: '正答率',
  correlations: '相関',
  importances: '重要度',
};

const difference = (v: number) => n.fixed(Math.max(v, 0.001), 3);
const agreed = ({ equal, within }: StudyComparison) =>
  [
    ...(equal.length > 0 ? [`${equal.map((what) => names[what]).join('と')}が一致`] : []),
    ...within.map(({ what, largest }) => `${names[what]}の差は ${difference(largest)} 以内`),
  ].join('、');

export const linkedRunJa: typeof linkedRunEn = {
  noResult: (study) => `${study}：リンクに結果なし`,
  notRun: (study) => `${study}：未実行`,
  running: (study) => `${study}：未完了`,
  damaged: (study) => `${study}：リンクの結果が破損`,
  run: 'ここで実行',
  reproduced: (study, found) => `${study}：再現（${agreed(found)}）`,
  close: (study, found) => `${study}：ほぼ一致（${agreed(found)}、順位は相違）`,
  differs: (study, { differing }) =>
    `${study}：不一致（${differing.map((what) => names[what]).join('、')}が相違）`,
};
