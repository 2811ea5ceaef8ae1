/** The train study's words in Japanese. */
import { numbers } from '../../language/numbers.ts';
import type { trainEn } from './words.en.ts';

const n = numbers('ja');
const nats = (v: number) => n.fixed(v, 3);
const percent = (share: number) => `${n.fixed(100 * share, 1)}\u00a0%`;

export const trainJa = {
  curveTitle: 'ランクごとの損失',
  trainingTitle: '学習中の損失',
  empty: (maxRank: number) => `1回の学習で、ランク1〜${n.whole(maxRank)}のすべてを評価できます。`,
  emptyNote: (steps: number) =>
    `「実行」を押すと、全ランク共用のアダプターを${n.whole(steps)}ステップ学習し、各ランクを評価します。`,
  emptyLora: '1回の学習で LoRA を1つ作成します。',
  emptyNoteLora: (steps: number) =>
    `「実行」を押すと、${n.whole(steps)}ステップ学習し、検証用テキストで評価します。`,
  stepLora: (done: number, of: number) => `ステップ ${n.whole(done)} / ${n.whole(of)}`,
  doing: {
    base: () => '重みを準備中',
    training: (done: number, of: number) =>
      `ステップ ${n.whole(done)} / ${n.whole(of)}（学習するランクはステップごとにランダムに選択）`,
    curve: (done: number, of: number) =>
      `ランクを評価中（${n.whole(done)} / ${n.whole(of)}、追加の学習なし）`,
    separate: (done: number, of: number) =>
      `比較用に単一ランクの LoRA を学習中（ステップ ${n.whole(done)} / ${n.whole(of)}）`,
  },
  training: (loss: number) => `直近のバッチの損失：${nats(loss)} nat/トークン`,
  trained: (loss: number, base: number) =>
    `検証損失は ${nats(loss)}、アダプターなしでは ${nats(base)} です。`,
  hint: 'シード1つ、少ないステップでの結果のため、目安です。',
  judging: '結論は全ランクの評価後に表示されます。',
  finding: (within: number, best: number) =>
    within === best
      ? `ランク${n.whole(best)}より低いランクで、損失の差が 1 % 以内のものはありません。`
      : `ランク${n.whole(within)}の損失は、最良のランク${n.whole(best)}との差が 1 % 以内です。`,
  worse: 'どのランクでも、元のモデルより損失が下がりません。',
  note: (base: number, knee: number) =>
    `アダプターなしでは ${nats(base)}。ランク${n.whole(knee)}で改善幅の 95 % を得られます。シード1つ、少ないステップでの結果のため、目安です。`,
  unit: '検証損失（nat/トークン）',
  trainingUnit: '損失（nat/トークン）',
  rankAxis: 'ランク（対数目盛）',
  stepAxis: '学習ステップ',
  columns: {
    rank: 'ランク',
    loss: '損失',
    above: '最良との差',
    alone: '単一ランクの LoRA',
    step: 'ステップ',
    batch: 'バッチ',
    held: '検証',
  },
  legend: {
    within: '1 % 以内で最小',
    knee: '屈曲点',
    alone: '単一ランクで学習した LoRA',
    batch: '各バッチ',
    held: '検証',
    heldMost: '検証、最大ランク',
  },
  slider: 'ランク',
  sliderName: '使うランク',
  at: (rank: number, loss: number) => `ランク${n.whole(rank)}、損失 ${nats(loss)}`,
  rank: (rank: number) => `ランク${n.whole(rank)}`,
  loss: '検証損失',
  above: '最良との差',
  parameters: 'パラメーター',
  alone: '単一ランクの LoRA',
  nats,
  percent,
  size: (count: number) => n.whole(count),
  memory: (bytes: number, perWeight: number, nf4: boolean) =>
    `線形層のメモリー${nf4 ? '（NF4）' : ''}：${n.fixed(bytes / 1e6, 1)} MB（重み1つあたり ${n.fixed(perWeight, 3)} バイト）`,
  time: (seconds: string, ranks: number) =>
    `${n.whole(ranks)}通りのランクを${seconds}で同時に学習しました。`,
  mapRanks: (maxRank: number) =>
    `ランク${n.whole(maxRank)}は最大ランクのモジュールでの値です。ほかのモジュールでは、同じ割合のランクを使います。`,
  text: {
    title: 'このランクでの生成テキスト',
    write: (rank: number) => `ランク${n.whole(rank)}で生成`,
    base: 'アダプターなし',
  },
  settings: {
    rank: '最大ランク',
    ranks: '最大ランクの決め方',
    base: '重み',
    mean: '最大ランクの平均',
    start: '初期値',
    method: '1ステップで学習する範囲',
    lora: 'アダプター全体（LoRA）',
    full: 'ランク1〜b のすべて',
    frozen: 'ランク b のみ',
    draw: 'b の分布',
    scale: 'スケール',
    fixed: '全ランクで同じ',
    compare: '比較用 LoRA のランク',
    compareHint: 'なし、または1つ以上（例：1, 4, 16）。1つにつき学習が1回増えます。',
  },
  why: {
    method:
      '全ランク共用（QDyLoRA）では、b をステップごとに選び直します。著者のスクリプトはランク b だけを更新しますが、少ないステップではほとんど学習が進まないため、既定ではすべてを更新します。',
    draw: '各ステップでランク1〜b を使います。b はステップごとに選び直します。',
  },
} satisfies typeof trainEn;
