/** The train study's words in Japanese. */
import { numbers } from '../../language/numbers.ts';
import type { trainEn } from './words.en.ts';

const n = numbers('ja');
const nats = (v: number) => n.fixed(v, 3);
const percent = (share: number) => `${n.fixed(100 * share, 1)}\u00a0%`;

export const trainJa = {
  curveTitle: 'ランクごとの損失',
  trainingTitle: '学習中の損失',
  empty: (most: number) => `1回の学習でランク 1 から ${n.whole(most)} までが分かります。`,
  emptyNote: (steps: number) =>
    `再生を押すと全ランク用のアダプターを1つ、${n.whole(steps)} ステップ学習し、各ランクを評価します。`,
  emptyLora: '1回の学習で LoRA が1つできます。',
  emptyNoteLora: (steps: number) =>
    `再生を押すと ${n.whole(steps)} ステップ学習し、未学習文で評価します。`,
  stepLora: (done: number, of: number) => `ステップ ${n.whole(done)} / ${n.whole(of)}。`,
  doing: {
    base: () => '重みを準備しています。',
    training: (done: number, of: number) =>
      `ステップ ${n.whole(done)} / ${n.whole(of)}。使うランクはステップごとに選び直します。`,
    curve: (done: number, of: number) =>
      `${n.whole(done)} / ${n.whole(of)} ランクを評価しました。追加の学習はありません。`,
    separate: (done: number, of: number) =>
      `単独ランクの LoRA を学習中、ステップ ${n.whole(done)} / ${n.whole(of)}。`,
  },
  training: (loss: number) => `直近のバッチ：1トークンあたり ${nats(loss)} nat。`,
  trained: (loss: number, base: number) =>
    `未学習文の損失は ${nats(loss)}。アダプターなしでは ${nats(base)}。`,
  hint: 'シード1つ・少ないステップなので、目安です。',
  judging: '全ランクの評価が済むと、分かったことがここに出ます。',
  finding: (within: number, best: number) =>
    within === best
      ? `ランク ${n.whole(best)} の損失に1 %以内まで迫る、より低いランクはありません。`
      : `ランク ${n.whole(within)} は、最良のランク ${n.whole(best)} との差が1 %以内です。`,
  worse: 'どのランクでも、元のモデルより良くなりません。',
  note: (base: number, knee: number) =>
    `アダプターなしでは ${nats(base)}。ランク ${n.whole(knee)} で改善の95 %が残ります。シード1つ・少ないステップなので、目安です。`,
  unit: '未学習文の損失（nat／トークン）',
  trainingUnit: '損失（nat／トークン）',
  rankAxis: 'ランク（2倍ごと）',
  stepAxis: '学習ステップ',
  columns: {
    rank: 'ランク',
    loss: '損失',
    above: '最良との差',
    alone: '単独の LoRA',
    step: 'ステップ',
    batch: 'バッチ',
    held: '未学習文',
  },
  legend: {
    within: '1 %以内で最小',
    knee: '屈曲点',
    alone: '単独で学習した LoRA',
    batch: '各バッチ',
    held: '未学習文',
    heldMost: '未学習文、最大ランク',
  },
  slider: 'ランク',
  sliderName: '使うランク',
  at: (rank: number, loss: number) => `ランク ${n.whole(rank)}、損失 ${nats(loss)}`,
  rank: (rank: number) => `ランク ${n.whole(rank)}`,
  loss: '未学習文の損失',
  above: '最良との差',
  parameters: 'パラメーター',
  alone: '単独の LoRA',
  nats,
  percent,
  size: (count: number) => n.whole(count),
  memory: (bytes: number, perWeight: number, nf4: boolean) =>
    `線形層のメモリ${nf4 ? '（NF4）' : ''}：${n.fixed(bytes / 1e6, 1)} MB、重み1つあたり ${n.fixed(perWeight, 3)} バイト。`,
  time: (seconds: string, ranks: number) =>
    `${n.whole(ranks)}通りのランクを${seconds}で同時に学習しました。`,
  mapRanks: (most: number) =>
    `ランク ${n.whole(most)} は最大のモジュールのもので、ほかは同じ割合を使います。`,
  text: {
    title: 'このランクの文章',
    write: (rank: number) => `ランク ${n.whole(rank)} で書く`,
    base: 'アダプターなし',
  },
  settings: {
    rank: '最大ランク',
    ranks: '最大ランクの決め方',
    base: '重み',
    mean: '最大ランクの平均',
    start: '学習の始め方',
    method: '1ステップで学習するもの',
    lora: 'アダプター全体（LoRA）',
    full: 'ランク 1〜b のすべて',
    frozen: 'ランク 1〜b の最後',
    draw: 'ランクの選び方',
    scale: 'スケール',
    fixed: 'どのランクでも同じ',
    compare: '比べる LoRA のランク',
    compareHint: 'なし、または複数：1, 4, 16。1つごとに学習が1回増えます。',
  },
  why: {
    method:
      '全ランク用（QDyLoRA）では b を毎回選び直します。著者のスクリプトは最後のランクだけを動かします。少ないステップではほとんど学習しないため、ここではすべて動かします。',
    draw: '各ステップで使うランクは 1 から b。b は毎回選び直します。',
  },
} satisfies typeof trainEn;
